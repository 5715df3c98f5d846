"""What a human chose about one site, as far as the core needs to know."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge_agent.core.match.settings import MatchSettings
from edge_agent.core.plates.settings import PlatesSettings
from edge_agent.core.settings import Settings
from edge_agent.core.street.settings import StreetSettings
from edge_agent.core.use_class_settings import CertificateSettings, LegalSettings
from edge_agent.core.weigh.limits.settings import LimitsSettings
from edge_agent.core.weigh.protocols.settings import ProtocolSettings
from edge_agent.core.weigh.settings import ScaleSettings

# Shorter than what `journal.raw_ring`, `devices.staging` and `core.cases` remember.
LONGEST_WAIT_MS = 80_000


class PortLinkSettings(Settings):
    """What the core knows of a port: the protocol spoken there, and how long a character takes."""

    protocol: ProtocolSettings
    char_ns: Annotated[int, Field(ge=0)] = 0
    """Time of one character on the line, by which bytes are dated back; 0 where they take none."""


class LaneSettings(Settings):
    """One lane: its scale, the limits that hold on it, the camera that sees its vehicles."""

    port: str
    """Port that the scale's instrument is on."""
    scale: ScaleSettings
    limits: LimitsSettings
    certificate: CertificateSettings | None = None
    """Verification certificate of the scale; none: nothing weighed here can be `enforcement`."""
    camera: str = ""
    """Camera of pictures and plates; empty: overweight crossings are recorded without either."""


class CameraLinkSettings(Settings):
    """What the core asks of one camera."""

    match: MatchSettings
    plates: Literal["push", "box", "both"] = "push"
    """push: the camera sends reads itself; box: the box reads an overweight vehicle's plate, and no other,
    from the camera's video; both: it does, beside what the camera sends."""
    read_wait_ms: Annotated[int, Field(ge=0, le=60_000)] = 4_000
    """box, both: how long an answer waits for the plate to be read, from the report of the crossing or from
    the end of its window, whichever is later."""
    pictures: bool = True
    """Ask for full views of an overweight vehicle."""
    offsets_ms: Annotated[tuple[int, ...], Field(min_length=1, max_length=8)] = (-300, 300)
    """When, around the predicted arrival, the full views are taken. Two, at different times: GA/T 832."""
    picture_wait_ms: Annotated[int, Field(ge=0, le=60_000)] = 4_000
    """How long after the last of those instants a statement waits for its pictures."""
    unstamped_sd_ms: Annotated[int, Field(ge=1)] = 1_000
    """One standard deviation of a read's time when the camera sent none."""
    clock_limit_ms: Annotated[int, Field(ge=1)] = 10_000
    """A camera time further than this from its arrival is not believed."""

    @model_validator(mode="after")
    def _fits_in_memory(self) -> Self:
        """Raw bytes, pictures and cases are remembered for 90 s; no answer may come later."""
        match = self.match
        waits = (
            match.report_delay_ms,
            match.push_delay_ms,
            match.hold_ms,
            match.late_ms,
            self.picture_wait_ms,
            self.read_wait_ms if self.plates != "push" else 0,
        )
        if sum(waits) > LONGEST_WAIT_MS:
            raise ValueError(
                "report_delay_ms + push_delay_ms + hold_ms + late_ms + picture_wait_ms, and read_wait_ms "
                f"where plates are read on the box, is {sum(waits)}; "
                f"a case is remembered for {LONGEST_WAIT_MS} ms"
            )
        return self


class HealthSettings(Settings):
    """When silence is a fault."""

    silence_ms: Annotated[int, Field(ge=100)] = 3_000
    """A port that sends nothing for so long is silent; its lanes are blind."""
    clock_step_ms: Annotated[int, Field(ge=1)] = 100
    """A jump of UTC against the monotonic clock that is recorded as a step."""


class SiteSettings(Settings):
    """Everything the core knows of the site before the first event."""

    id: str
    ports: dict[str, PortLinkSettings] = Field(default_factory=dict)
    lanes: dict[str, LaneSettings] = Field(default_factory=dict)
    cameras: dict[str, CameraLinkSettings] = Field(default_factory=dict)
    plates: PlatesSettings = PlatesSettings()
    legal: LegalSettings
    health: HealthSettings = HealthSettings()
    street: StreetSettings | None = None

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        for name, lane in self.lanes.items():
            if lane.port not in self.ports:
                raise ValueError(f"lanes.{name}.port: no port {lane.port!r}; there are {sorted(self.ports)}")
            if lane.camera and lane.camera not in self.cameras:
                raise ValueError(
                    f"lanes.{name}.camera: no camera {lane.camera!r}; there are {sorted(self.cameras)}"
                )
            if lane.camera and name not in {seen.lane for seen in self.cameras[lane.camera].match.lanes}:
                raise ValueError(f"lanes.{name}.camera: camera {lane.camera!r} does not know this lane")
        zones = (
            (zone for camera in self.street.cameras.values() for zone in camera.zones) if self.street else ()
        )
        for zone in zones:
            if zone in self.lanes:
                raise ValueError(f"street zone {zone!r}: a lane has this name; cases are named by it")
        for problem in self.street.unknown_names() if self.street else ():
            raise ValueError(problem)
        return self
