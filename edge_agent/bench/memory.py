"""Memory of the real daemon over time: one storefront camera and the bridge, reconnects every minute.

`edge-agent run` is a child with the demo's site: load cells on a terminal (simulated), plates pushed over
HTTP, the bridge's camera out of a file, the street's camera over RTSP at 1080p25, a broker and a platform
that receipts. The street's minute is played again and again; at its end the connection is cut. Rules are
scaled as in the demo, so that something is sealed every minute: more than a street ever asks for.
"""

from __future__ import annotations

import os
import pty
import statistics
import subprocess
import sys
import tempfile
import time
import tty
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_agent.bench import street_site
from edge_agent.bench.kill_daemon import Daemon
from edge_agent.bench.rtsp_camera import ADDRESS, Clip, RtspCamera
from edge_agent.config.recorded import to_text
from edge_agent.config.settings import SiteConfig
from edge_agent.demo.broker import Broker, Choice, free_port, start_broker
from edge_agent.demo.rendered import rendered_stage
from edge_agent.demo.site import INGEST_ID, Places, ingest_settings, introduce, site_of
from edge_agent.demo.stage import Stage, moved
from edge_agent.devices import clock
from edge_agent.devices.detector.settings import DetectorSettings
from edge_agent.ingest.service import Ingest
from edge_agent.sim.live import LiveTraffic
from edge_agent.sim.push import HttpPush

SIZE = (1920, 1080)
SAMPLE_S = 5.0
CUT_EVERY_S = 60.0
LEAST_WARM_UP_S, WARM_UP_SHARE = 60.0, 1 / 6
TICKS = os.sysconf("SC_CLK_TCK")

Row = dict[str, float]


def run(
    minutes: float,
    detector: DetectorSettings,
    samples: Path | None = None,
    progress: street_site.Progress = lambda _what, _done, _of: None,
) -> dict[str, Any]:
    """Let it live so long; memory and CPU time.

    Args:
        minutes: of traffic.
        detector: of the street; the bridge has its own.
        samples: where every sample goes, a line of CSV each.
        progress: told what is done.
    """
    clip = Clip.read(street_site.clip_of(street_site.a_minute().day, SIZE, street_site.CLIP_S, progress))
    with tempfile.TemporaryDirectory(prefix="edge-agent-memory-") as name:
        road = _Road(Places(Path(name)), minutes * 60, clip, detector, progress)
        try:
            road.start()
            rows = _watch(road, minutes * 60, samples, progress)
            sealed = len(road.daemon.claims())
        finally:
            road.end()
    return summary(rows) | {
        "simulated": True,
        "minutes": minutes,
        "model": Path(detector.model).name,
        "broker": road.broker_name,
        "reconnects": road.camera.connections - 1,
        "sealed": sealed,
        "libraries_mb": libraries(),
    }


def libraries() -> float:
    """The floor: resident MB of an interpreter that has loaded what the daemon cannot do without."""
    loads = "import av, cv2, numpy, onnxruntime, os; from edge_agent.bench.memory import resident"
    asked = [sys.executable, "-c", f"{loads}; print(resident(os.getpid())['rss_mb'])"]
    done = subprocess.run(asked, check=True, capture_output=True, text=True)  # noqa: S603 - ours
    return round(float(done.stdout), 1)


def summary(rows: list[Row]) -> dict[str, Any]:
    """What the samples say. Flat: no minute's median is further than this from the median of them all."""
    end_s = rows[-1]["s"]
    warm_s = max(min(LEAST_WARM_UP_S, end_s / 2), end_s * WARM_UP_SHARE)
    warm = [row for row in rows if row["s"] >= warm_s]
    minutes: dict[int, list[float]] = {}
    for row in warm:
        minutes.setdefault(int(row["s"] // 60), []).append(row["rss_mb"])
    medians = [statistics.median(values) for values in minutes.values()]
    middle = statistics.median(medians)
    slope = statistics.linear_regression([r["s"] / 3600 for r in warm], [r["rss_mb"] for r in warm]).slope
    return {
        "warm_up_s": round(warm_s),
        "max_mb": round(max(row["rss_mb"] for row in rows), 1),
        "anonymous_max_mb": round(max(row["anonymous_mb"] for row in rows), 1),
        "median_mb": round(middle, 1),
        "deviation_percent": round(100 * max(abs(m - middle) for m in medians) / middle, 2),
        "slope_mb_per_hour": round(slope, 2),
        "threads": int(max(row["threads"] for row in rows)),
        "cpu_s_per_minute": round(60 * (rows[-1]["cpu_s"] - rows[0]["cpu_s"]) / (end_s - rows[0]["s"]), 2),
    }


def text(result: Mapping[str, Any]) -> str:
    """For a person."""
    head = (
        f"one storefront camera (1080p25) and the bridge, {result['minutes']:g} minutes, simulated; "
        f"{result['reconnects']} reconnects, {result['sealed']} sealed; {result['model']}"
    )
    return "\n".join(
        (
            head,
            f"  {result['max_mb']:8.1f} MB resident at most ({result['anonymous_max_mb']:.1f} its own)",
            f"  {result['median_mb']:8.1f} MB median after {result['warm_up_s']} s",
            f"  {result['deviation_percent']:8.2f} % the minute furthest from it",
            f"  {result['slope_mb_per_hour']:8.2f} MB an hour, by a line through it",
            f"  {result['cpu_s_per_minute']:8.2f} CPU seconds a minute, {result['threads']} threads at most",
            f"  {result['libraries_mb']:8.1f} MB of an interpreter that has loaded the same libraries",
        )
    )


class _Road:
    """Everything around the daemon."""

    def __init__(
        self,
        places: Places,
        seconds: float,
        clip: Clip,
        detector: DetectorSettings,
        progress: street_site.Progress,
    ) -> None:
        self._places = places
        self._stage: Stage = rendered_stage(seconds)
        self._terminal = pty.openpty()
        tty.setraw(self._terminal[1])
        self.camera = RtspCamera(clip)
        self._http_port = free_port()
        device_id = self._stage.site.site.device_id
        (places.root / "broker").mkdir()
        self._broker: Broker = start_broker(places.root / "broker", device_id, INGEST_ID, Choice.AUTO)
        self.broker_name = self._broker.name
        self._config = self._configure(device_id, detector, progress)
        self._ingest = Ingest(ingest_settings(self._config, places, self._broker.settings(INGEST_ID)))
        self.daemon = Daemon(places.root / "site.yaml", places.root / "daemon.log")
        self._traffic = LiveTraffic(
            self._stage.scenario,
            1,
            {self._stage.port: self._terminal[0]},
            HttpPush(ADDRESS, self._http_port),
            self._stage.picture,
            clock.monotonic,
            clock.utc_minus_mono(),
        )

    def _configure(
        self, device_id: str, detector: DetectorSettings, progress: street_site.Progress
    ) -> SiteConfig:
        stage, places = self._stage, self._places
        assert stage.street is not None
        stage.street.accept_reference(places.references, street_site.ACCEPTED_AT)
        # The scenario's own length, again and again; not all of it where less is played.
        shorter = min(stage, rendered_stage(None), key=lambda play: play.scenario.duration_s)
        bridge = shorter.video(places.root, 1, progress)
        site = site_of(
            stage,
            places,
            os.ttyname(self._terminal[1]),
            bridge,
            self._broker.settings(device_id),
            self.camera.url,
        )
        config = moved(
            site,
            {
                ("cameras", stage.camera, "video", "loop"): True,
                ("street", "detector"): detector.model_dump(mode="json"),
                ("anpr", "port"): self._http_port,
            },
        )
        introduce(config, places)
        (places.root / "site.yaml").write_text(to_text(config), encoding="utf-8")
        return config

    def start(self) -> None:
        """All of it."""
        self._ingest.start()
        self._traffic.start()
        self.camera.begin()
        self.daemon.start()

    def end(self) -> None:
        """All of it."""
        self._traffic.stop()
        self.daemon.kill()
        self._ingest.stop()
        self._broker.stop()
        self.camera.stop()
        self._traffic.join(10)
        for descriptor in self._terminal:
            os.close(descriptor)


def _watch(road: _Road, seconds: float, samples: Path | None, progress: street_site.Progress) -> list[Row]:
    rows: list[Row] = []
    begun, cut_at = time.monotonic(), CUT_EVERY_S
    while (now := time.monotonic() - begun) < seconds:
        road.daemon.check()
        rows.append({"s": round(now, 1)} | resident(road.daemon.pid))
        if samples is not None:
            _write(samples, rows[-1], head=len(rows) == 1)
        if now >= cut_at:
            road.camera.cut(reset=True)
            cut_at += CUT_EVERY_S
        progress("the daemon lives, seconds", round(now), round(seconds))
        time.sleep(min(SAMPLE_S, max(0.1, seconds - now)))
    return rows


def resident(pid: int) -> Row:
    """Memory (MB), threads and CPU seconds of a process, now."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    status = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    fields = (
        Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(") ")[2].split()
    )
    return {
        "rss_mb": int(status["VmRSS"][0]) / 1024,
        "anonymous_mb": int(status["RssAnon"][0]) / 1024,
        "threads": int(status["Threads"][0]),
        "cpu_s": (int(fields[11]) + int(fields[12])) / TICKS,
    }


def _write(path: Path, row: Row, *, head: bool) -> None:
    with path.open("w" if head else "a", encoding="utf-8") as file:
        if head:
            file.write(",".join(row) + "\n")
        file.write(",".join(f"{value:.2f}" for value in row.values()) + "\n")
