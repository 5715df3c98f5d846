"""What a doctor sees of simulated devices: lines from the simulator's road, cameras from drawn pictures."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from edge_agent.config.loader import load
from edge_agent.config.settings import SiteConfig
from edge_agent.core.units import S
from edge_agent.doctor.adapter import Adapter
from edge_agent.doctor.observed import CameraSeen, Chunk, SerialSeen
from edge_agent.sim.encoders import make_encoder
from edge_agent.sim.line import port_reads
from edge_agent.sim.scenario import Scenario
from edge_agent.sim.traffic import generate
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


def a_bridge(**port: object) -> SiteConfig:
    """The shipped bridge's configuration; `port` changes its line."""
    config = load(ROOT / "configs" / "bridge.yaml")
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
