"""One camera out of eight that misbehaves: do the others keep their cadence?

The real daemon watches eight RTSP cameras, one picture a second each. Twice a round: with eight good ones,
and with one that resets its connections, sends garbage, changes its resolution, falls silent and begins
pictures that never end, at random. What counts is how often the other seven were looked at, by the
daemon's own journal.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from edge_agent.bench import memory, street_site
from edge_agent.bench.kill_daemon import Daemon
from edge_agent.bench.rtsp_camera import Clip, RtspCamera
from edge_agent.config.recorded import to_text
from edge_agent.config.settings import SiteConfig
from edge_agent.core.events import DeviceChanged
from edge_agent.core.units import Ns, S
from edge_agent.demo.stage import moved
from edge_agent.devices import clock
from edge_agent.devices.detector.settings import DetectorSettings
from edge_agent.errors import DeviceError
from edge_agent.journal.opening import open_all

SIZE = (1280, 720)
OTHER_SIZES = ((640, 360), (1920, 1080))
OTHER_S = 10
CAMERAS = tuple(f"c{number}" for number in range(1, 9))
HOSTILE = CAMERAS[-1]
PERIOD_MS = 1_000
UP_S = 60.0
WARM_UP_S = 10.0
TOLERANCE = 0.1
# How long each of its moods lasts, at most.
MOOD_S = 2.0


class Hostility(threading.Thread):
    """Makes a camera misbehave until `stop`; what it does when depends on the seed alone."""

    def __init__(self, camera: RtspCamera, seed: int) -> None:
        super().__init__(name="hostility", daemon=True)
        self.done: Counter[str] = Counter()
        self._camera = camera
        self._rng = random.Random(seed)  # noqa: S311 - chooses moods
        self._stop_it = threading.Event()

    def run(self) -> None:
        """Mood after mood, with short moments of good behaviour between them."""
        moods = {
            "reset": self._reset,
            "size": self._size,
            "damage": lambda: self._spoil(self._damaged),
            "noise": lambda: self._spoil(lambda data: self._rng.randbytes(len(data))),
            "endless": lambda: self._spoil(_endless),
            "silence": self._silence,
        }
        while not self._stop_it.wait(self._rng.uniform(0.2, MOOD_S)):
            name = self._rng.choice(list(moods))
            self.done[name] += 1
            moods[name]()

    def stop(self) -> None:
        """Behave."""
        self._stop_it.set()
        self.join(10)

    def _reset(self) -> None:
        self._camera.cut(reset=True)

    def _size(self) -> None:
        self._camera.show(self._rng.randrange(len(self._camera.clips)))

    def _silence(self) -> None:
        self._camera.sending = False
        self._stop_it.wait(self._rng.uniform(0.2, MOOD_S))
        self._camera.sending = True

    def _spoil(self, spoil: Any) -> None:
        self._camera.spoil = spoil
        self._stop_it.wait(self._rng.uniform(0.2, MOOD_S))
        self._camera.spoil = None

    def _damaged(self, data: bytes) -> bytes:
        """One byte in a hundred another one, past the first headers."""
        spoilt = bytearray(data)
        for _ in range(len(data) // 100):
            spoilt[self._rng.randrange(min(20, len(data) - 1), len(data))] = self._rng.randrange(256)
        return bytes(spoilt)


def _endless(data: bytes) -> bytes:
    """A picture that begins and does not end: no last packet has its mark."""
    spoilt, place = bytearray(data), 0
    while place + 5 < len(spoilt):
        spoilt[place + 5] &= 0x7F  # the marker bit
        place += 4 + int.from_bytes(spoilt[place + 2 : place + 4], "big")
    return bytes(spoilt)


@dataclass(frozen=True, slots=True)
class Clips:
    """What the cameras show."""

    main: Clip
    others: tuple[Clip, ...]

    @classmethod
    def of(cls, progress: street_site.Progress) -> Clips:
        """Made once."""
        day = street_site.a_minute().day
        main = Clip.read(street_site.clip_of(day, SIZE, street_site.CLIP_S, progress))
        others = tuple(Clip.read(street_site.clip_of(day, size, OTHER_S, progress)) for size in OTHER_SIZES)
        return cls(main, others)


def run(
    detector: DetectorSettings,
    seconds: float = 60,
    rounds: int = 2,
    seed: int = 1,
    progress: street_site.Progress = lambda _what, _done, _of: None,
) -> dict[str, Any]:
    """Rounds of calm and hostile, in turn.

    Args:
        detector: the model.
        seconds: that count, of each.
        rounds: of both.
        seed: of what the hostile camera does.
        progress: told what is done.
    """
    clips = Clips.of(progress)
    calm: list[dict[str, Any]] = []
    hostile: list[dict[str, Any]] = []
    for number in range(rounds):
        progress("eight good cameras", number, rounds)
        calm.append(_live(clips, detector, seconds, None))
        progress("one of them hostile", number, rounds)
        hostile.append(_live(clips, detector, seconds, seed + number))
    rows = {}
    for name in CAMERAS:
        before = statistics.median(r["looks"].get(name, 0) for r in calm) / seconds
        beside = statistics.median(r["looks"].get(name, 0) for r in hostile) / seconds
        rows[name] = {
            "calm_hz": round(before, 3),
            "hostile_hz": round(beside, 3),
            "ratio": round(beside / before, 3) if before else None,
            "calm_gap_s": max(r["gaps"].get(name, seconds) for r in calm),
            "hostile_gap_s": max(r["gaps"].get(name, seconds) for r in hostile),
        }
    others = [rows[name]["ratio"] or 0.0 for name in CAMERAS if name != HOSTILE]
    return {
        "simulated": True,
        "seconds": seconds,
        "rounds": rounds,
        "seed": seed,
        "model": Path(detector.model).name,
        "rows": rows,
        "moods": dict(sum((r["moods"] for r in hostile), Counter())),
        "reconnects": sum(r["connections"] - 1 for r in hostile),
        "told_of": sum(r["told"] for r in hostile),
        "rss_mb": {"calm": max(r["rss_mb"] for r in calm), "hostile": max(r["rss_mb"] for r in hostile)},
        "worst_of_the_others": min(others),
        "good": all(abs(1 - ratio) <= TOLERANCE for ratio in others),
    }


def _live(clips: Clips, detector: DetectorSettings, seconds: float, seed: int | None) -> dict[str, Any]:
    """One life of the daemon."""
    cameras = {name: RtspCamera(clips.main, *clips.others) for name in CAMERAS}
    hostility = Hostility(cameras[HOSTILE], seed) if seed is not None else None
    with tempfile.TemporaryDirectory(prefix="edge-agent-hostile-") as folder:
        root = Path(folder)
        site = _site(root, detector, {name: camera.url for name, camera in cameras.items()})
        (root / "site.yaml").write_text(to_text(site), encoding="utf-8")
        daemon = Daemon(root / "site.yaml", root / "daemon.log")
        for camera in cameras.values():
            camera.begin()
        try:
            daemon.start()
            _wait_until_up(daemon, cameras)
            if hostility:
                hostility.start()
            time.sleep(WARM_UP_S)
            start = clock.monotonic()
            rss_mb = _wait(daemon, seconds)
            if hostility:
                hostility.stop()
            daemon.finish()
        finally:
            daemon.kill()
            for camera in cameras.values():
                camera.stop()
        end = Ns(start + round(seconds * S))
        seen = {look.camera: look.taken_at for look in street_site.looks(root / "journal", start, end)}
        told = _told(root / "journal", start, end)
    return {
        "looks": {name: len(taken) for name, taken in seen.items()},
        "gaps": {name: round(_longest_gap(taken, start, end) / S, 1) for name, taken in seen.items()},
        "moods": hostility.done if hostility else Counter(),
        "connections": cameras[HOSTILE].connections,
        "told": told,
        "rss_mb": round(rss_mb, 1),
    }


def _longest_gap(taken: Sequence[Ns], start: Ns, end: Ns) -> int:
    """Between two pictures; of fewer than two, all of the time."""
    return max((b - a for a, b in pairwise(taken)), default=end - start)


def _site(root: Path, detector: DetectorSettings, urls: Mapping[str, str]) -> SiteConfig:
    """All zones looked at equally often, whatever stands there: the scene must not set the pace."""
    site = street_site.street_site(
        root, street_site.a_minute().day, urls, detector, video={"stall_ms": 3_000}
    )
    tier = {"period_ms": PERIOD_MS}
    return moved(site, {("street", "tiers"): {"red": tier, "yellow": tier, "green": tier}})


def _wait_until_up(daemon: Daemon, cameras: Mapping[str, RtspCamera]) -> None:
    until = time.monotonic() + UP_S
    while not all(camera.connections for camera in cameras.values()):
        daemon.check()
        if time.monotonic() > until:
            raise DeviceError(f"bench hostile: the cameras were not opened within {UP_S:.0f} s")
        time.sleep(0.1)


def _wait(daemon: Daemon, seconds: float) -> float:
    """Let it live; the most memory that it had, MB."""
    most, until = 0.0, time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        daemon.check()
        most = max(most, memory.resident(daemon.pid)["rss_mb"])
        time.sleep(min(1.0, left))
    return most


def _told(journal: Path, start: Ns, end: Ns) -> int:
    """How often the hostile camera's state was told."""
    return sum(
        isinstance(event, DeviceChanged) and event.device == f"camera/{HOSTILE}" and start <= event.at < end
        for recording in open_all(journal)
        for event in recording.events()
    )


def text(result: Mapping[str, Any]) -> str:
    """For a person."""
    rounds = f"{result['rounds']} rounds of {result['seconds']:g} s, rendered; {result['model']}"
    lines = [
        f"eight cameras at {SIZE[0]}x{SIZE[1]}, a picture a second each, {rounds}",
        "camera     calm Hz   beside  ratio   longest gap, s",
    ]
    for name, row in result["rows"].items():
        ratio = "-" if row["ratio"] is None else f"{row['ratio']:.3f}"
        note = "  the hostile one" if name == HOSTILE else ""
        lines.append(
            f"{name:8} {row['calm_hz']:9.3f} {row['hostile_hz']:8.3f} {ratio:>6}   "
            f"{row['calm_gap_s']} / {row['hostile_gap_s']}{note}"
        )
    moods = ", ".join(f"{name} {count}" for name, count in sorted(result["moods"].items()))
    lines.append(
        f"it did: {moods}; {result['reconnects']} reconnects, its state told {result['told_of']} times"
    )
    rss = result["rss_mb"]
    lines.append(f"memory at most: calm {rss['calm']} MB, hostile {rss['hostile']} MB")
    lines.append(
        f"{'GOOD' if result['good'] else 'BAD'}: the others keep {result['worst_of_the_others']:.3f} or more "
        f"of their cadence"
    )
    return "\n".join(lines)
