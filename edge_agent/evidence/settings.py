"""What a human chose about evidence: who this box is, what it may claim, how long things are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge_agent.core.settings import Settings

MIB = 1024 * 1024
GIB = 1024 * MIB

# A topic level and a file name: no separators, no wildcards, no spaces.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Text = Annotated[str, Field(max_length=200)]


class DeviceSettings(Settings):
    """Who this box is, as the platform knows it."""

    tenant: Name
    """The authority or customer that the box works for; second level of every MQTT topic."""
    device_id: Name
    """Unique within the tenant; third level of every MQTT topic."""
    device_serial: Text = ""
    """Serial number on the box's plate."""
    site_id: Name
    """The place that the box stands at."""
    cert_sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    """Digest of the certificate of the evidence key, where the platform issued one."""


class PlaceSettings(Settings):
    """Where the site is."""

    lat_e7: Annotated[int, Field(ge=-900_000_000, le=900_000_000)] | None = None
    """Latitude in units of 1e-7 degrees."""
    lon_e7: Annotated[int, Field(ge=-1_800_000_000, le=1_800_000_000)] | None = None
    """Longitude in units of 1e-7 degrees."""
    datum: Literal["WGS-84", "CGCS2000"] = "CGCS2000"
    """Datum of the position. GCJ-02 is a distortion of it, not a datum, and is not accepted."""
    road_code: Text = ""
    """Code of the road, for example G4 or S32."""
    stake: Text = ""
    """Stake number along the road, for example K12+300."""

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.lat_e7 is None) != (self.lon_e7 is None):
            raise ValueError("lat_e7 and lon_e7 belong together: give both or neither")
        return self


class CodeSettings(Settings):
    """The platform's own codes, where it wants any."""

    offence_code: Text = ""
    """Of the matter."""
    law_basis_code: Text = ""
    """Of the legal basis."""


class InstrumentSettings(Settings):
    """The scale of one lane, as its plate says. Its certificate is part of the lane's legal standing."""

    make: Text = ""
    model: Text = ""
    serial: Text = ""


class RetentionSettings(Settings):
    """How long a case is kept, and who says so."""

    retention_class: Text = "case"
    """Name of the retention rule, for the platform."""
    days: Annotated[int, Field(ge=1, le=36_500)] = 730
    """Days that the platform keeps a case. Two years: the limitation of 行政处罚法 Art. 36."""


class StoreSettings(Settings):
    """The store of sealed statements on the box's own disk."""

    directory: Path = Path("/var/lib/edge-agent/evidence")
    """On a file system of its own, so that logs cannot starve evidence."""
    quota_bytes: Annotated[int, Field(ge=64 * MIB)] = 8 * GIB
    """Most that pictures may take. Nothing unreceipted is ever deleted to make room."""
    ballast_bytes: Annotated[int, Field(ge=0)] = 64 * MIB
    """Real blocks set aside: a full disk cannot even delete from a database."""
    keep_receipted_hours: Annotated[int, Field(ge=0)] = 72
    """How long pictures stay after their receipt, as the source of a re-send."""
    check_links_at_start: Annotated[int, Field(ge=1)] = 200
    """How many of the newest statements are verified at every start."""


class EvidenceSettings(Settings):
    """Everything that evidence needs to know of the box and its site."""

    device: DeviceSettings
    place: PlaceSettings = PlaceSettings()
    codes: CodeSettings = CodeSettings()
    instruments: dict[str, InstrumentSettings] = Field(default_factory=dict)
    """By lane."""
    retention: RetentionSettings = RetentionSettings()
    key_file: Path = Path("/var/lib/edge-agent/keys/evidence.pem")
    """Private evidence key, mode 0600; made at the first start."""
    store: StoreSettings = StoreSettings()
