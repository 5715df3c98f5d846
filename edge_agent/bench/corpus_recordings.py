"""Short simulated recordings for the corpus' bench: a bridge's seconds, a street's minutes, and broken ones.

The street's boxes are simulated as such (goods that stand in a zone for a while): nothing is rendered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from edge_agent import __version__
from edge_agent.config.document import read_document
from edge_agent.config.recorded import to_text
from edge_agent.config.settings import SiteConfig
from edge_agent.core.events import ClockSource, ClockStatus, Event, SceneSeen, Started, Stopped
from edge_agent.core.records import Detection
from edge_agent.core.scene import StillObject, View
from edge_agent.core.units import MS, Ns, Permille, Ppm, S
from edge_agent.journal.writer import RecordingHeader, RecordingWriter
from edge_agent.sim.events import events
from edge_agent.sim.rng import stream
from edge_agent.sim.scenario import Scenario, load_scenario

BRIDGE = "bridge.yaml"
STREET = "storefront.yaml"
SCENARIO = "scenarios/demo.yaml"

STREET_EVERY = 10  # one in so many is of a street
FLUSH = 1 * S
TORN_EVERY = 25  # one in so many ends inside a record
FIT = View(
    "e" * 64, luma=120, contrast=50, sharpness=Permille(1000), shift_mpx=0, registered=True, frozen_ms=0
)
FRONT = (60, 600, 260, 900)  # permille: within `fruit_front` of configs/storefront.yaml
AFTERNOON_UTC = 1_781_510_400 * S  # 2026-06-15 16:00 in Beijing


def make(folder: Path, configs: Path, count: int, seed: int, told: Callable[[int], object]) -> dict[str, int]:
    """Write `count` recordings, in a folder a hundred; the same seed gives the same bytes.

    Args:
        folder: for them.
        configs: where the example sites lie.
        count: of recordings; the last one is none.
        seed: of the traffic.
        told: how many there are so far.

    Returns:
        how many of each kind.
    """
    made = {"bridge": 0, "street": 0, "torn": 0, "no recording": 0}
    bridge, street = (_site(configs / name) for name in (BRIDGE, STREET))
    scenario = load_scenario(configs / SCENARIO)
    for number in range(count):
        path = folder / f"{number // 100:02d}" / f"{number:04d}.mcap"
        path.parent.mkdir(parents=True, exist_ok=True)
        if number == count - 1:
            path.write_bytes(b"not a recording\n" * 64)
            made["no recording"] += 1
        elif number % STREET_EVERY == STREET_EVERY - 1:
            _write(path, street, _street(seed + number), f"street, seed {seed + number}")
            made["street"] += 1
        else:
            _write(path, bridge, _bridge(scenario, seed + number), f"bridge, seed {seed + number}")
            made["bridge"] += 1
        if number % TORN_EVERY == 1:
            data = path.read_bytes()
            path.write_bytes(data[: len(data) * 2 // 3])
            made["torn"] += 1
        told(number + 1)
    return made


def _site(path: Path) -> SiteConfig:
    """With paths as they are written: the same bytes anywhere."""
    return SiteConfig.model_validate(read_document(path).data)


def _write(path: Path, site: SiteConfig, happened: Iterable[Event], note: str) -> None:
    header = RecordingHeader(
        f"edge-agent {__version__} bench", site.sha256(), to_text(site), simulated=True, note=note
    )
    with path.open("wb") as file:
        writer = RecordingWriter(file, header)
        flushed = 0
        for event in happened:
            writer.event(event)
            if event.at - flushed >= FLUSH:  # as a box does: what is torn off is no more than that
                flushed = event.at
                writer.flush()
        writer.close()


def _bridge(scenario: Scenario, seed: int) -> Iterator[Event]:
    """Eight to sixteen seconds of dense traffic."""
    draw = stream(seed, "bench", "corpus")
    hourly = float(draw.uniform(600, 1200))
    lanes = [
        lane.model_dump(mode="json")
        | {"traffic": {"from_s": 1, "vehicles_per_hour": hourly, "overweight_share": 0.4}}
        for lane in scenario.lanes
    ]
    plan = scenario.model_dump(mode="json") | {
        "lanes": lanes,
        "passages": [],
        "duration_s": float(draw.uniform(8, 16)),
    }
    planned = Scenario.model_validate(plan)
    yield from events(planned, seed)
    yield Stopped(Ns(planned.mono_start_ns + planned.duration_ns + 5 * S))


def _street(seed: int) -> Iterator[Event]:
    """A picture a second for some minutes; goods stand past the door line for a part of them."""
    draw = stream(seed, "bench", "corpus")
    began = Ns(100 * S)
    yield Started(began, f"sim-street-{seed}", "bench", "")
    put, stays = int(draw.integers(20, 60)), int(draw.integers(120, 420))
    for second in range(put + stays + 200):
        at = Ns(began + second * S)
        if second % 60 == 0:
            yield ClockStatus(
                at, Ns(AFTERNOON_UTC), ClockSource.NTP, synced=True, offset=Ns(0), est_error=Ns(10 * MS)
            )
        there = put <= second < put + stays
        x1, y1, x2, y2 = (Permille(edge + int(draw.integers(-5, 6))) for edge in FRONT)
        score = Permille(int(draw.integers(600, 950)))
        box = Detection("goods_pile", "evidence", score, x1, y1, x2, y2)
        stands = StillObject(x1, y1, x2, y2, Ppm(30_000), Ns(began + put * S))
        boxes, still = ((box,), (stands,)) if there else ((), ())
        yield SceneSeen(Ns(at + 80 * MS), "east", at, Ns(30 * MS), boxes, still, FIT, "5" * 64)
    yield Stopped(Ns(at + 10 * S))
