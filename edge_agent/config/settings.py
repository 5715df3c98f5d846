"""The whole of a site's configuration, joined from the parts that each part of the program states.

Nothing is decided here: a part's settings stand beside its code. What the core needs, and what
evidence needs, are cut out of the tree by `core()` and `evidence_settings()`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, field_validator, model_validator

from edge_agent.config.street import StreetConfig
from edge_agent.core.plates.settings import PlatesSettings
from edge_agent.core.records import UseClass
from edge_agent.core.settings import Settings
from edge_agent.core.site_settings import (
    CameraLinkSettings,
    HealthSettings,
    LaneSettings,
    PortLinkSettings,
    SiteSettings,
)
from edge_agent.core.use_class_settings import LegalSettings
from edge_agent.devices.anpr_push.settings import AnprSettings
from edge_agent.devices.camera.settings import CameraSettings
from edge_agent.devices.clock import ClockSettings
from edge_agent.devices.detector.settings import DetectorSettings
from edge_agent.devices.plate_reader.settings import PlateReaderSettings
from edge_agent.devices.settings_ports import SerialPortSettings
from edge_agent.evidence.commands import Role
from edge_agent.evidence.settings import (
    CodeSettings,
    DeviceSettings,
    EvidenceSettings,
    InstrumentSettings,
    KeySettings,
    PlaceSettings,
    RetentionSettings,
    StoreSettings,
)
from edge_agent.evidence.uplink.settings import UplinkSettings
from edge_agent.journal.settings import JournalSettings
from edge_agent.web.settings import ConsoleSettings, MetricsSettings

T = TypeVar("T", bound=Settings)

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


class SiteInfo(Settings):
    """Which box this is, where it stands, and its legal standing."""

    id: Id
    """The place that the box stands at."""
    name: Annotated[str, Field(max_length=200)] = ""
    """The place's name, for people."""
    tenant: Id
    """The authority or customer that the box works for."""
    device_id: Id
    """The box; unique within the tenant."""
    device_serial: Annotated[str, Field(max_length=200)] = ""
    """Serial number on the box's plate."""
    place: PlaceSettings = PlaceSettings()
    codes: CodeSettings = CodeSettings()
    legal: LegalSettings = LegalSettings()


class LaneConfig(LaneSettings):
    """One lane: its scale, the limits that hold on it, the camera that sees its vehicles."""

    instrument: InstrumentSettings = InstrumentSettings()


class CameraConfig(CameraLinkSettings):
    """One camera: what the core asks of it, and its video."""

    video: CameraSettings | None = None
    """Where its video comes from; left out: no pictures are taken, plates can still be pushed."""

    @model_validator(mode="after")
    def _plates_can_be_read(self) -> Self:
        if self.plates == "push" or self.video is None:  # the loader says where video is missing
            return self
        for lane in (seen.lane for seen in self.match.lanes):
            view = self.video.views.get(lane)
            if view is None or view.line is None:
                raise ValueError(
                    f"video.views.{lane}.line: plates: {self.plates} needs every lane's reading line"
                )
        return self


class EvidenceConfig(KeySettings):
    """How evidence is kept on the box."""

    retention: RetentionSettings = RetentionSettings()
    store: StoreSettings = StoreSettings()


class IssuerSettings(Settings):
    """Somebody who may sign commands for this box."""

    name: Id
    """As commands name their issuer."""
    public_key_file: Path
    """The issuer's public command keys (PEM, oldest first)."""
    roles: tuple[Role, ...]
    """What it may order. Empty: a key that was taken back; what it signs is refused by name, while the
    messages of a key that is in no file are only counted."""


class CommandSettings(Settings):
    """Signed commands of the platform."""

    issuers: Annotated[tuple[IssuerSettings, ...], Field(min_length=1, max_length=16)]
    trial_s: Annotated[int, Field(ge=1, le=86_400)] = 600
    """How long a commanded configuration must run well before it is kept; until then a crash, or no
    connection to the platform, takes the box back to the one before."""

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [issuer.name for issuer in self.issuers]
        if len(set(names)) != len(names):
            raise ValueError("issuers: two have the same name")
        return self


class SimulateSettings(Settings):
    """Weights and plates simulated for the vehicles that are really in a camera's video file.

    For trying the box on recorded footage. Everything that comes of it is of use class `test`.
    """

    camera: Id
    """The camera whose `video.url` is a file; its vehicles are found by the detector."""
    seed: Annotated[int, Field(ge=0)] = 1
    """Of the weights, plates and speeds."""
    speed_kmh: tuple[Annotated[int, Field(gt=0)], Annotated[int, Field(gt=0)]] = (45, 60)
    """Range of the speeds that are taken for the vehicles."""
    lorry_kg: tuple[Annotated[int, Field(gt=0)], Annotated[int, Field(gt=0)]] = (9_000, 42_000)
    """Range of the lorries' gross weights."""


class SiteConfig(Settings):
    """One site's configuration file."""

    schema_: Literal[1] = Field(alias="schema")
    """Version of this form."""
    site: SiteInfo
    ports: dict[Id, SerialPortSettings] = Field(default_factory=dict)
    """By name; the instruments' lines."""
    lanes: dict[Id, LaneConfig] = Field(default_factory=dict)
    cameras: dict[Id, CameraConfig] = Field(default_factory=dict)
    """Cameras of the lanes; those of the street are under `street`."""
    street: StreetConfig | None = None
    """Shops, rules and cameras of the street; left out: the box watches none."""
    detector: DetectorSettings | None = None
    """The model that confirms that a vehicle stood in the lane; left out: nobody looks."""
    anpr: AnprSettings | None = None
    """The server for reads that cameras push; left out: none is run."""
    plates: PlatesSettings = PlatesSettings()
    plate_reader: PlateReaderSettings = PlateReaderSettings()
    """The networks and limits of reading plates on the box, where a camera has `plates: box` or `both`."""
    health: HealthSettings = HealthSettings()
    evidence: EvidenceConfig = EvidenceConfig()
    uplink: UplinkSettings | None = None
    """The way to the platform; left out: statements are sealed and kept, nothing is sent."""
    commands: CommandSettings | None = None
    """Who may command the box; left out: nobody, whatever arrives."""
    journal: JournalSettings = JournalSettings()
    clock: ClockSettings = ClockSettings()
    metrics: MetricsSettings | None = None
    """The page for Prometheus; left out: there is none."""
    console: ConsoleSettings | None = None
    """The technician's pages; left out: there are none."""
    simulate: SimulateSettings | None = None

    @model_validator(mode="after")
    def _watches_something(self) -> Self:
        if not self.lanes and self.street is None:
            raise ValueError("nothing to watch: give lanes (a bridge), street, or both")
        return self

    @property
    def reads_plates(self) -> bool:
        """Some camera's plates are read on the box."""
        return any(camera.plates != "push" for camera in self.cameras.values())

    @model_validator(mode="after")
    def _plates_are_read_inside_vehicles(self) -> Self:
        if self.reads_plates and self.plates.box_agreeing > self.plate_reader.pictures:
            raise ValueError(
                f"plates.box_agreeing ({self.plates.box_agreeing}) is more than plate_reader.pictures "
                f"({self.plate_reader.pictures}): nobody would ever be named"
            )
        if self.reads_plates and self.detector is None:
            raise ValueError(
                "detector: plates are read on the box only inside the vehicle that was weighed; give a model "
                "that finds it"
            )
        return self

    @model_validator(mode="after")
    def _simulated_is_a_test(self) -> Self:
        if self.simulate is None:
            return self
        if self.site.legal.use_class is not UseClass.TEST:
            raise ValueError("simulate: only for a site whose legal.use_class is test")
        camera = self.cameras.get(self.simulate.camera)
        if camera is None or camera.video is None or not camera.video.is_file or self.detector is None:
            raise ValueError(
                f"simulate.camera: {self.simulate.camera!r} must be a camera whose video.url is a file, "
                "and a detector must be configured to find its vehicles"
            )
        return self

    @field_validator("ports", mode="before")
    @classmethod
    def _named_by_key(cls, ports: Any) -> Any:
        """A port's `id` is its key."""
        if not isinstance(ports, dict):
            return ports
        return {
            name: {"id": name, **port} if isinstance(port, dict) else port for name, port in ports.items()
        }

    def core(self) -> SiteSettings:
        """What the core knows of the site."""
        return SiteSettings(
            id=self.site.id,
            ports={
                name: PortLinkSettings(protocol=port.protocol, char_ns=port.char_ns)
                for name, port in self.ports.items()
            },
            lanes=_narrowed(self.lanes, LaneSettings),
            cameras=_narrowed(self.cameras, CameraLinkSettings),
            plates=self.plates,
            legal=self.site.legal,
            health=self.health,
            street=self.street.core() if self.street else None,
        )

    def evidence_settings(self) -> EvidenceSettings:
        """What evidence knows of the box and its site."""
        site = self.site
        return EvidenceSettings(
            device=DeviceSettings(
                tenant=site.tenant,
                device_id=site.device_id,
                device_serial=site.device_serial,
                site_id=site.id,
            ),
            place=site.place,
            codes=site.codes,
            instruments={name: lane.instrument for name, lane in self.lanes.items()},
            retention=self.evidence.retention,
            store=self.evidence.store,
            **{name: getattr(self.evidence, name) for name in KeySettings.model_fields},
        )

    def sha256(self) -> str:
        """Digest of everything that was chosen, defaults included."""
        chosen = self.model_dump(mode="json", by_alias=True)
        return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()


def _narrowed(items: Mapping[str, Settings], kind: type[T]) -> dict[str, T]:
    """Each item as the plainer model that it extends."""
    return {
        name: kind.model_construct(**{field: getattr(item, field) for field in kind.model_fields})
        for name, item in items.items()
    }
