"""One simulated day of a box, a bridge and two street cameras: recorded as it is lived, then replayed.

Recorded live: the real loop (`runner.run`), core and black box, event by event with the core's own deadlines,
answers to what it asks, segments on the disk; only time is simulated, and devices are replaced by what they
would have said. The bridge's load cells send at 1 kHz all day, whether or not anybody crosses.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent import __version__
from edge_agent.bench.day_bridge import Bridge
from edge_agent.bench.day_live import LiveDay, live_through
from edge_agent.bench.day_site import site
from edge_agent.bench.day_street import StreetCamera
from edge_agent.config.recorded import from_text
from edge_agent.config.settings import SiteConfig
from edge_agent.core.units import Ns, S
from edge_agent.journal.compare import first_difference
from edge_agent.journal.opening import open_all
from edge_agent.journal.reader import recorded_lines
from edge_agent.replaying.replay import replay
from edge_agent.sim.events import utc_minus_mono
from edge_agent.sim.street.day_truth import FORMAT, StreetTruth, write_street_truth
from edge_agent.sim.truth import truth_lines
from edge_agent.sim.world import Passage

Progress = Callable[[str, int, int], None]  # what, done, of

CAMERAS = ("east", "west")
WHOLE_H = 24.0
BUSY_HOUR = 9  # where a shorter day begins
TOLD_S = 60
GOALS = {"sensors": 200, "with_detections": 100}  # times real time


@dataclass(frozen=True, slots=True)
class DayTruth:
    """What was really there."""

    passages: tuple[Passage, ...]
    lines: tuple[str, ...]  # of the passages, as `simulate` writes them
    street: StreetTruth


def record_day(
    folder: Path,
    seed: int,
    hours: float = WHOLE_H,
    *,
    street: bool = True,
    progress: Progress = lambda _what, _done, _of: None,
) -> DayTruth:
    """Live through a day and leave its black box in `folder`; the same seed gives the same bytes.

    Args:
        folder: for the segments; made where it is missing.
        seed: of traffic and streets.
        hours: 24 begin at midnight of a Monday, fewer at 09:00.
        street: False leaves the street cameras out: bytes and plate reads alone.
        progress: told now and then.
    """
    first_hour = 0 if hours >= WHOLE_H else BUSY_HOUR
    bridge = Bridge(seed, first_hour, hours * 3_600)
    base, length = Ns(bridge.scenario.mono_start_ns), Ns(bridge.scenario.duration_ns)
    names = CAMERAS if street else ()
    cameras = [StreetCamera(name, seed * 10 + k, first_hour, length, base) for k, name in enumerate(names)]
    config = site({camera.name: camera.zones for camera in cameras})
    last_told = 0

    def told(at: Ns) -> None:
        nonlocal last_told
        second = (at - base) // S
        if second - last_told >= TOLD_S:
            last_told = second
            progress("recording the day", second, length // S)

    live = LiveDay(bridge.events(__version__), cameras, told)
    live_through(live, config, folder, "bench day", f"a simulated day of {hours:g} h, seed {seed}")
    return _truth(bridge, cameras)


def _truth(bridge: Bridge, cameras: Sequence[StreetCamera]) -> DayTruth:
    return DayTruth(
        passages=bridge.passages,
        lines=tuple(truth_lines(bridge.passages, bridge.scenario)),
        street=StreetTruth(
            FORMAT, utc_minus_mono(bridge.scenario), {camera.name: camera.truth() for camera in cameras}
        ),
    )


def run(
    hours: float,
    seed: int,
    out: Path | None = None,
    progress: Progress = lambda _what, _done, _of: None,
) -> dict[str, Any]:
    """Record the day twice, with the street and without, and replay both.

    Args:
        hours: simulated.
        seed: of traffic and streets.
        out: the recording with the street stays here, its truth beside it; None: it is removed.
        progress: told now and then.
    """
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        kept = out if out is not None else root / "day"
        began = time.perf_counter()
        truth = record_day(kept, seed, hours, progress=progress)
        recording_s = time.perf_counter() - began
        if out is not None:
            (out / "truth.jsonl").write_text("".join(truth.lines), encoding="utf-8")
            write_street_truth(out / "truth.street.json", truth.street)
        whole = _replayed(kept, root / "replay", progress)
        record_day(root / "sensors", seed, hours, street=False, progress=progress)
        sensors = _replayed(root / "sensors", root / "replay-sensors", progress)
    return {
        "simulated_h": hours,
        "recorded_in_s": round(recording_s, 1),
        "passages": len(truth.passages),
        "with_detections": whole,
        "sensors": sensors,
        "good": whole["identical"] and sensors["identical"],
    }


def _replayed(folder: Path, out: Path, progress: Progress) -> dict[str, Any]:
    """One replay of a recording: how fast, and whether it decided what was decided live."""
    recordings = open_all(folder)
    config: SiteConfig = from_text(recordings[0].config_text)
    out.mkdir()
    kinds: Counter[str] = Counter()

    def told(event: object) -> None:
        kinds[type(event).__name__] += 1

    progress(f"replaying {folder.name}", 0, 1)
    wall, cpu = time.perf_counter(), time.process_time()
    done = replay(recordings, config, out, told)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    difference = first_difference(recorded_lines(recordings), done.decisions)
    span = (done.last_at - done.first_at) / 1e9
    seals = Counter(kind for line in done.decisions if (kind := json.loads(line)["type"]).startswith("Seal"))
    return {
        "segments": len(recordings),
        "recording_mb": round(sum(r.path.stat().st_size for r in recordings) / 1e6, 1),
        "events": dict(kinds.most_common()),
        "decisions": len(done.decisions),
        "sealed": dict(sorted(seals.items())),
        "refused": done.refused,
        "replay_s": round(wall, 2),
        "replay_cpu_s": round(cpu, 2),
        "times_real_time": round(span / wall, 1),
        "times_real_time_of_cpu": round(span / cpu, 1),
        "us_per_event": round(wall / done.events * 1e6, 1),
        "identical": difference is None,
        "first_difference": None if difference is None else difference.number,
    }


def text(result: dict[str, Any]) -> str:
    """For a person."""
    what = f"a simulated day of {result['simulated_h']:g} h, {result['passages']} vehicles"
    lines = [f"{what}, recorded live in {result['recorded_in_s']} s"]
    for side, name in (("sensors", "the bridge alone"), ("with_detections", "with two street cameras")):
        one = result[side]
        count, sealed = sum(one["events"].values()), sum(one["sealed"].values())
        goal = f"(goal {GOALS[side]}; by CPU time {one['times_real_time_of_cpu']})"
        same = "identical to" if one["identical"] else f"at {one['first_difference']} OTHER than"
        lines += [
            f"{name}: {count} events, {one['recording_mb']} MB, {one['decisions']} decisions",
            f"  {one['times_real_time']:>12} x real time   {goal}",
            f"  {one['us_per_event']:>12} µs an event",
            f"  {sealed:>12} statements, and {one['refused']} that could not be made",
            f"  {same:>12} the decisions recorded live",
        ]
    return "\n".join(lines)
