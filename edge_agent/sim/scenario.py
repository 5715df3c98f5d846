"""A scenario: everything about a simulated stretch of road that is not chance. Read from YAML."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from edge_agent.core.settings import Settings
from edge_agent.core.weigh.protocols.settings import (
    AdcSettings,
    ProtocolSettings,
    WimJsonSettings,
)
from edge_agent.core.weigh.settings import SensorSettings
from edge_agent.errors import ConfigError, Problem
from edge_agent.sim.behaviours import BEHAVIOURS
from edge_agent.sim.dynamics import Phases
from edge_agent.sim.errors import InstrumentErrors
from edge_agent.sim.loadcells import Loop, channel_count
from edge_agent.sim.vehicles import MODELS

Share = Annotated[float, Field(ge=0, le=1)]
NonNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Range = tuple[float, float]
COMMON_MIX: dict[str, float] = {
    "car": 40, "bus": 4, "truck2": 22, "truck3": 12, "truck4": 8, "semi5": 4, "semi6": 8, "tractor": 2,
}  # fmt: skip
LONGEST_S = 7 * 24 * 3600


class SpeedSettings(Settings):
    """Speeds of calm traffic: normal, cut off at both ends."""

    mean_kmh: Positive = 25
    sd_kmh: NonNegative = 5
    low_kmh: Positive = 15
    high_kmh: Positive = 35


class TrafficSettings(Settings):
    """Random traffic of one lane."""

    vehicles_per_hour: Positive = 300
    from_s: NonNegative = 0
    """None before this: leaves room for planned passages."""
    min_gap_s: NonNegative = 2.0
    """Least time from one vehicle's rear to the next one's front, close followers apart."""
    mix: dict[str, NonNegative] = Field(default_factory=COMMON_MIX.copy)
    """Weight of each kind of vehicle."""
    speeds: SpeedSettings = SpeedSettings()
    wander_mm_s2: NonNegative = 50
    """Standard deviation of a driver's steady acceleration near the scale."""
    overweight_share: Share = 0.1
    """Share, among kinds that can be, of vehicles above the posted limit."""
    overweight_kg: Range = (22_000, 49_000)
    """Their gross weights; no more than 1.3 times what the kind may weigh by its axles."""
    tailgate_share: Share = 0
    """Share of vehicles that follow the one before closely, at its speed."""
    tailgate_gap_s: Range = (0.5, 2.0)
    behaviours: dict[str, Share] = Field(default_factory=dict)
    """Share of vehicles with each behaviour; see docs/simulator.md for their names."""

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        for kind in self.mix:
            if kind not in MODELS:
                raise ValueError(f"mix: no kind {kind!r}; there are {sorted(MODELS)}")
        for name in self.behaviours:
            _check_behaviour(name)
        if not any(self.mix.values()):
            raise ValueError("mix: every weight is 0")
        if sum(self.behaviours.values()) > 1:
            raise ValueError("behaviours: the shares sum to more than 1")
        return self


class PlannedPassage(Settings):
    """One vehicle that the scenario wants at a certain moment; what is not said is drawn."""

    at_s: NonNegative
    """When its first axle is at the first sensor (if it drove on steadily)."""
    kind: str
    lane: str = ""
    """Empty: the first lane."""
    gross_kg: Annotated[int, Field(gt=0)] | None = None
    speed_kmh: Positive | None = None
    plate: str | None = None
    behaviours: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        if self.kind not in MODELS:
            raise ValueError(f"kind: no {self.kind!r}; there are {sorted(MODELS)}")
        for name in self.behaviours:
            _check_behaviour(name)
        return self


class LaneSim(Settings):
    """One lane: where it lies, its scale, its traffic."""

    id: str = "1"
    centre_mm: int = 0
    """Its middle, to the right of the road's x axis."""
    port: str = "wim"
    """Instrument that its sensors are wired to."""
    sensors: Annotated[tuple[SensorSettings, ...], Field(min_length=1)]
    loop: Loop | None = None
    traffic: TrafficSettings | None = None


class LineErrors(Settings):
    """What goes wrong between the instrument and the box."""

    lost_permille: Annotated[float, Field(ge=0, le=1000)] = 0
    """Frames that never arrive."""
    flipped_permille: Annotated[float, Field(ge=0, le=1000)] = 0
    """Frames with one bit flipped."""
    garbage: bool = False
    """Wrong baud rate: noise instead of frames."""
    parity_7e1: bool = False
    """The instrument sends 7E1 and the port reads 8N1: bit 7 is even parity."""


class InstrumentSim(Settings):
    """An instrument on a serial port."""

    protocol: ProtocolSettings = AdcSettings(channels=4)
    rate_hz: Annotated[float, Field(gt=0, le=20_000)] = 1000
    """Frames per second; samples per second where a frame carries many."""
    baud: Annotated[int, Field(ge=600)] = 921_600
    """Delays every byte by its time on the line; frames that do not fit are never sent."""
    decimals: Annotated[int, Field(ge=0, le=5)] = 0
    """Digits behind the point on an indicator's display."""
    read_ms: Annotated[float, Field(gt=0, le=1000)] = 20
    """The box's reads return this far apart."""
    errors: InstrumentErrors = InstrumentErrors()
    line: LineErrors = LineErrors()

    @model_validator(mode="after")
    def _rates_agree(self) -> Self:
        protocol = self.protocol
        if isinstance(protocol, AdcSettings) and abs(1e9 / self.rate_hz - protocol.period_ns) > 1:
            raise ValueError(
                f"rate_hz {self.rate_hz:g} and the protocol's period_ns {protocol.period_ns} disagree"
            )
        return self


class CameraSim(Settings):
    """A camera that pushes plate reads. Shares are of vehicles that pass it."""

    distance_mm: int = 5000
    """From the first sensor to the line where it reads."""
    side: Literal["front", "rear"] = "front"
    """Which plate it sees; a trailer's rear plate is another number than its tractor's front plate."""
    lanes: tuple[str, ...] = ()
    """Lanes that it sees; empty: all."""
    place_sd_mm: NonNegative = 300
    """Standard deviation of where on the road the read happens."""
    miss_share: Share = 0.05
    misread_share: Share = 0.02
    """One character taken for a similar one."""
    duplicate_share: Share = 0.1
    """Sends the same vehicle again shortly after."""
    alternative_share: Share = 0.3
    """Reads that name a second candidate."""
    lane_error_share: Share = 0.01
    """Names a wrong lane (where there is more than one)."""
    stray_per_hour: NonNegative = 0
    """Reads of vehicles that never cross the scale."""
    empty_reads: bool = True
    """Reports a vehicle with a covered plate as a read without text, instead of nothing."""
    clock_offset_ms: float = 0
    """The camera's clock minus true time, from the start on."""
    clock_offset_range_ms: NonNegative = 0
    """Further constant offset, drawn once within this on either side."""
    clock_jitter_ms: NonNegative = 30
    """Error of each read's time, drawn within this on either side."""
    clock_drift_ppm: float = 0
    send_time: bool = True
    """False: the camera states no time."""
    push_delay_ms: Range = (150, 450)
    """From capture to arrival."""
    late_share: Share = 0
    """Reads that arrive `late_s` later than the others."""
    late_s: NonNegative = 8


class ClockSim(Settings):
    """What the box knows of its own clock."""

    source: Literal["gnss", "ptp", "nts", "ntp", "rtc", "none"] = "gnss"
    synced: bool = True
    est_error_ms: NonNegative | None = 2
    every_s: Positive = 10


class Scenario(Settings):
    """A stretch of simulated road for a while. With a seed it determines everything."""

    name: str
    site: str = ""
    """Configuration of the site that it plays at, relative to this file. Its recording holds it."""
    duration_s: Annotated[float, Field(gt=0, le=LONGEST_S)] = 60
    start_utc: str = "2026-05-12T08:00:00Z"
    """UTC when it begins."""
    mono_start_s: Annotated[float, Field(ge=0)] = 100
    """The box's monotonic clock when it begins."""
    posted_limit_kg: Annotated[int, Field(gt=0)] = 20_000
    """The bridge's posted limit: what the truth calls overweight."""
    phases: Phases = "independent"
    """Do all axles of a vehicle bounce in phase, or each for itself?"""
    roughness: NonNegative = 1.0
    """Scales bounce and hop; 0 = a perfect road."""
    lanes: Annotated[tuple[LaneSim, ...], Field(min_length=1)]
    instruments: dict[str, InstrumentSim] = Field(default_factory=lambda: {"wim": InstrumentSim()})
    cameras: dict[str, CameraSim] = Field(default_factory=lambda: {"cam1": CameraSim()})
    clock: ClockSim = ClockSim()
    passages: tuple[PlannedPassage, ...] = ()
    """Vehicles at planned moments; random traffic keeps clear of them."""

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        lanes = [lane.id for lane in self.lanes]
        if len(set(lanes)) != len(lanes):
            raise ValueError(f"lanes: an id is used twice: {lanes}")
        for lane in self.lanes:
            if lane.port not in self.instruments:
                raise ValueError(
                    f"lane {lane.id!r}: no instrument {lane.port!r}; there are {sorted(self.instruments)}"
                )
        for planned in self.passages:
            if planned.lane and planned.lane not in lanes:
                raise ValueError(f"passages: no lane {planned.lane!r}; there are {lanes}")
        for name, camera in self.cameras.items():
            for lane_id in camera.lanes:
                if lane_id not in lanes:
                    raise ValueError(f"camera {name!r}: no lane {lane_id!r}; there are {lanes}")
        return self

    @model_validator(mode="after")
    def _channels_fit(self) -> Self:
        for name, instrument in self.instruments.items():
            protocol = instrument.protocol
            lanes = [lane for lane in self.lanes if lane.port == name]
            needed = max((channel_count(lane.sensors) for lane in lanes), default=0)
            if isinstance(protocol, WimJsonSettings):
                continue  # it reports vehicles, its channels are its own
            if isinstance(protocol, AdcSettings) and needed > protocol.channels:
                raise ValueError(
                    f"instrument {name!r}: sensors need {needed} channels, it has {protocol.channels}"
                )
            if not isinstance(protocol, AdcSettings) and needed > 1:
                raise ValueError(
                    f"instrument {name!r}: {protocol.kind} carries one channel, sensors need {needed}"
                )
        return self

    def lane(self, name: str) -> LaneSim:
        """The lane of this id."""
        return next(lane for lane in self.lanes if lane.id == name)

    @property
    def duration_ns(self) -> int:
        """Length of the scenario."""
        return round(self.duration_s * 1e9)

    @property
    def mono_start_ns(self) -> int:
        """Monotonic time of scenario time 0."""
        return round(self.mono_start_s * 1e9)


def _check_behaviour(name: str) -> None:
    if name not in BEHAVIOURS:
        raise ValueError(f"behaviours: no {name!r}; there are {sorted(BEHAVIOURS)}")


def load_scenario(path: Path) -> Scenario:
    """Read a scenario file; every problem in it is listed at once."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError((Problem(str(path), 0, "", f"cannot be read: {error.strerror}"),)) from None
    except UnicodeDecodeError:
        raise ConfigError((Problem(str(path), 0, "", "is not UTF-8 text"),)) from None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that does not exist
        mark = getattr(error, "problem_mark", None)
        reason = str(getattr(error, "problem", None) or error)
        raise ConfigError((Problem(str(path), mark.line + 1 if mark else 0, "", reason),)) from None
    try:
        return Scenario.model_validate(data)
    except ValidationError as error:
        raise ConfigError(tuple(_problems(path, node, error))) from None


def _problems(path: Path, node: yaml.Node | None, error: ValidationError) -> Iterator[Problem]:
    found = error.errors(include_url=False, include_input=False)
    places = [entry["loc"] for entry in found]
    for entry in found:
        loc = entry["loc"]
        if any(len(other) > len(loc) and other[: len(loc)] == loc for other in places):
            continue  # a list is "too short" because an entry in it is bad: the entry is said
        key = ".".join(str(part) for part in loc)
        yield Problem(str(path), _line_of(node, loc), key, entry["msg"].removeprefix("Value error, "))


def _line_of(node: yaml.Node | None, loc: tuple[Any, ...]) -> int:
    """Line of the deepest part of `loc` that the file has."""
    line = 1
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(part)]
            if not found:
                continue  # a union's tag is part of `loc` and not of the file
            line, node = found[0][0].start_mark.line + 1, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line
