"""How much faster than real time a recording replays, against merely reading the file.

Sensor-only: raw bytes of a quiet bridge at 4 channels of 1 kHz, plate reads, no video.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge_agent.config.loader import load
from edge_agent.config.settings import SiteConfig
from edge_agent.core.site import Site
from edge_agent.journal.reader import Recording
from edge_agent.journal.writer import RecordingHeader, RecordingWriter
from edge_agent.sim.events import events
from edge_agent.sim.scenario import Scenario, load_scenario

RUNS = 5


def run(config: Path, scenario: Path, seconds: float = 600, runs: int = RUNS) -> dict[str, Any]:
    """Medians of `runs` interleaved runs.

    Args:
        config: the site, for example configs/bridge.yaml.
        scenario: traffic on a road of the same shape.
        seconds: simulated length of the recording.
        runs: how often each side is timed.
    """
    site = load(config)
    planned = load_scenario(scenario).model_copy(update={"duration_s": seconds})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.mcap"
        count = _record(planned, path)
        replayed, read = [], []
        for _ in range(runs):
            replayed.append(_time(lambda: _replay(path, site)))
            read.append(_time(lambda: _read(path)))
        size = path.stat().st_size
    replay_s, read_s = statistics.median(replayed), statistics.median(read)
    return {
        "simulated_s": seconds,
        "events": count,
        "recording_mb": round(size / 1e6, 2),
        "replay_s": round(replay_s, 3),
        "read_only_s": round(read_s, 3),
        "times_real_time": round(seconds / replay_s, 1),
        "replay_over_read": round(replay_s / read_s, 2),
        "us_per_event": round(replay_s / count * 1e6, 1),
    }


def text(result: dict[str, Any]) -> str:
    """For a person."""
    size = f"{result['events']} events, {result['recording_mb']} MB"
    return "\n".join(
        [
            f"replay of {result['simulated_s']:g} simulated s, {size}, sensors only",
            f"  {result['times_real_time']:>8} x real time   (goal 200)",
            f"  {result['us_per_event']:>8} µs an event",
            f"  {result['replay_over_read']:>8} x the time of only reading the recording",
        ]
    )


def _record(scenario: Scenario, path: Path) -> int:
    count = 0
    with path.open("xb") as stream:
        writer = RecordingWriter(stream, RecordingHeader("bench", "", simulated=True))
        for event in events(scenario, 1):
            writer.event(event)
            count += 1
        writer.close()
    return count


def _replay(path: Path, config: SiteConfig) -> None:
    site = Site(config.core())
    for event in Recording.open(path).events():
        site.step(event)


def _read(path: Path) -> None:
    for _ in Recording.open(path).events():
        pass


def _time(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
