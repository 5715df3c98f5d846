"""What a doctor sees of simulated devices: lines from the simulator's road, cameras from drawn pictures."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from edge_agent.config.loader import load
from edge_agent.config.settings import SiteConfig
from edge_agent.core.records import Crossing
from edge_agent.core.units import S
from edge_agent.demo.street import street_config, street_play
from edge_agent.doctor import camera_checks, cell_checks, lane_checks, serial_checks
from edge_agent.doctor.adapter import Adapter
from edge_agent.doctor.finding import State, say
from edge_agent.doctor.observed import CameraSeen, Chunk, Matched, SerialSeen
from edge_agent.sim.encoders import make_encoder
from edge_agent.sim.line import port_reads
from edge_agent.sim.matching_traffic import CAMERA, Traffic, make
from edge_agent.sim.render.draw import render_frame
from edge_agent.sim.render.scene import Scene
from edge_agent.sim.scenario import Scenario
from edge_agent.sim.traffic import generate
from edge_agent.web.words import CHINESE, ENGLISH
from tests.road import a_scenario

ROOT = Path(__file__).parents[2]
SECONDS = 10.0
# Three vehicles while the doctor listens, as light and as heavy as they come.
PASSING = (
    {"at_s": 2.5, "kind": "car", "speed_kmh": 30},
    {"at_s": 5, "kind": "truck2", "gross_kg": 12_400, "speed_kmh": 26},
    {"at_s": 8, "kind": "truck3", "gross_kg": 18_900, "speed_kmh": 28},
)
THERE = Adapter(group="dialout", latency_ms=1)


@functools.cache
def shipped_bridge() -> SiteConfig:
    """Read once."""
    return load(ROOT / "configs" / "bridge.yaml")


def a_bridge(**port: object) -> SiteConfig:
    """The shipped bridge's configuration; `port` changes its line."""
    config = shipped_bridge()
    changed = config.ports["wim"].model_copy(update=port)
    return config.model_copy(update={"ports": {"wim": changed}})


def with_scale(config: SiteConfig, **scale: object) -> SiteConfig:
    """The same with another scale on lane 1."""
    lane = config.lanes["1"]
    changed = lane.model_copy(update={"scale": lane.scale.model_copy(update=scale)})
    return config.model_copy(update={"lanes": {"1": changed}})


def a_road(*passages: dict[str, object], **errors: object) -> Scenario:
    """The demo's bridge with these vehicles; `errors` are its instrument's, beside its own noise and zero."""
    plain = a_scenario(*passages, duration_s=SECONDS)
    wim = plain.instruments["wim"]
    wrong = wim.errors.model_copy(update=errors)
    return plain.model_copy(update={"instruments": {"wim": wim.model_copy(update={"errors": wrong})}})


def heard(road: Scenario, seed: int = 1, baud: int = 921_600) -> SerialSeen:
    """What is read of its line."""
    reads = port_reads(road, "wim", generate(road, seed), seed)
    return SerialSeen(tuple(Chunk(at, data) for at, data in reads), road.duration_s, baud)


def frames_of(protocol, grams, seed=1, noise_g=5_000):
    """Frames of one weight each, as the simulator's indicator sends them."""
    encoder, chance = make_encoder(protocol), np.random.default_rng(seed)
    none, zero = np.zeros((1, 1), dtype=np.uint8), np.zeros(1, dtype=np.int64)
    values = [np.array([[round(g + chance.normal(0, noise_g))]], dtype=np.int64) for g in grams]
    return [encoder.encode(k, value, none, zero) for k, value in enumerate(values)]


def read_off(frames, baud: int, rate_hz: float = 25) -> SerialSeen:
    """Frames as a port reads them: one a read, evenly."""
    step = round(S / rate_hz)
    chunks = tuple(Chunk(S + k * step, frame) for k, frame in enumerate(frames) if frame)
    return SerialSeen(chunks, len(frames) / rate_hz, baud)


@dataclass
class Seen:
    """Eyes that see what a test prepared."""

    lines: dict[str, SerialSeen] = field(default_factory=dict)
    at_rates: dict[int, SerialSeen] | None = None  # None: the line cannot be tried
    cameras: dict[str, CameraSeen] = field(default_factory=dict)
    passed: tuple = ()
    pairs: tuple = ()

    def serial(self, port, seconds):
        return self.lines[port]

    def serial_at(self, port, baud, seconds):
        return None if self.at_rates is None else self.at_rates.get(baud, SerialSeen((), seconds, baud))

    def camera(self, camera, seconds):
        return self.cameras[camera]

    def crossings(self):
        return self.passed

    def matched(self):
        return self.pairs


def there(_device: str) -> Adapter:
    """A good adapter."""
    return THERE


def missing(_device: str) -> Adapter:
    """None."""
    return replace(THERE, exists=False)


# -- cameras -----------------------------------------------------------------------------------------


SMALL = (640, 360)  # of what is drawn; the cameras say that they send 720p


@functools.cache
def the_street():
    """The demo's street, and six seconds of its pictures."""
    play = street_play(20, 10)
    play = replace(play, day=replace(play.day, scene=play.day.scene.sized(*SMALL)))
    return play, tuple(play.day.render(t * S) for t in range(0, 6, 2))


@functools.cache
def the_bridge():
    """Three pictures of the demo's bridge, nobody on it."""
    scene = replace(Scene(), width=SMALL[0], height=SMALL[1])
    return tuple(render_frame(scene, (), t * S) for t in range(3))


def a_box(folder: Path) -> SiteConfig:
    """A bridge and a street on one box, with the accepted picture of its pavement in `folder`."""
    play, _ = the_street()
    play.accept_reference(folder, "2026-06-15T00:00:00Z")
    street = street_config(ROOT / "configs" / "storefront.yaml", play.day.scene)
    return a_bridge().model_copy(update={"street": street.model_copy(update={"references_dir": folder})})


def a_camera(pictures, **changed) -> CameraSeen:
    """A good 720p camera that took these."""
    seen = CameraSeen("", "h264", 1280, 720, 25.0, 1.0, 6.0, tuple(pictures))
    return replace(seen, **changed)


def a_healthy_look() -> Seen:
    """A box on which nothing is wrong."""
    _, street = the_street()
    return Seen(
        lines={"wim": heard(a_road(*PASSING))},
        cameras={"cam1": a_camera(the_bridge()), "east": a_camera(street)},
        pairs=matched_traffic(),
    )


# -- vehicles that were weighed and read -----------------------------------------------------------------

CALM = Traffic("calm", 100, 25, lanes=("1",), distance_mm=5_000, tailgating=0, stray_per_hour=0, late_push=0)


@functools.cache
def matched_traffic(distance_mm: int = 5_000, clock_error_s: float = 0.0, vehicles: int = 80) -> tuple:
    """Each crossing with the first read of the same vehicle."""
    traffic = replace(CALM, distance_mm=distance_mm, clock_error_s=clock_error_s)
    arrivals, truth = make(traffic, vehicles, seed=1)
    items = [a.item for a in arrivals]
    reads = {}
    for read in (i for i in items if not isinstance(i, Crossing)):
        reads.setdefault(truth.vehicle_of_read[read.id], read)
    crossings = [i for i in items if isinstance(i, Crossing)]
    pairs = [(c, reads.get(truth.vehicle_of_crossing[c.lane, c.number])) for c in crossings]
    return tuple(Matched(c, CAMERA, r.at, r.at_sd) for c, r in pairs if r is not None)


# -- what is said ------------------------------------------------------------------------------------

ALL_TEXTS = {**serial_checks.TEXTS, **cell_checks.TEXTS, **camera_checks.TEXTS, **lane_checks.TEXTS}


def findings(config, eyes, adapter_of=there, reach=lambda _: ""):
    """Every finding of the sensors; each can be said in both languages."""
    found = [
        *serial_checks.serial_findings(config, eyes, adapter_of),
        *cell_checks.cell_findings(config, eyes),
        *camera_checks.camera_findings(config, eyes, reach),
        *lane_checks.lane_findings(config, eyes),
    ]
    for one in found:
        for language in (CHINESE, ENGLISH):
            said = say(one, ALL_TEXTS, language)
            assert said.found
            assert bool(said.next) == (one.state is not State.OK), one.key
        json.dumps(dict(one.values))
    return found


def wrong(found):
    """Keys of what is a warning or a fault."""
    return {one.key for one in found if one.state in (State.WARNING, State.FAULT)}
