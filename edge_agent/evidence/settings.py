"""What a human chose about evidence: who this box is, what it may claim, how long things are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge_agent.core.settings import Settings
from edge_agent.evidence.pruning import LEAST_DAYS

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
    keep_statements_days: Annotated[int, Field(ge=LEAST_DAYS)] = 180
    """How long statements stay after their receipt, pictures long gone. From the oldest end of the chain, and
    never past one without a receipt."""
    check_links_at_start: Annotated[int, Field(ge=1)] = 200
    """How many of the newest statements are verified at every start. So many are always kept."""


class Pkcs11Settings(Settings):
    """A token or security chip that makes the evidence key and never lets it out (ECDSA P-256)."""

    module: Path
    """The maker's PKCS#11 library, for example /usr/lib/softhsm/libsofthsm2.so."""
    token: Annotated[str, Field(min_length=1, max_length=32)]
    """The token's label."""
    label: Name = "edge-agent-evidence"
    """The key's label in the token; its successor's while it is prepared ends in `-next`."""
    pin_file: Path | None = None
    """File of mode 0600 that holds the user PIN alone."""
    pin_credential: Name | None = None
    """systemd credential that holds it."""

    @model_validator(mode="after")
    def _one_pin(self) -> Self:
        if (self.pin_file is None) == (self.pin_credential is None):
            raise ValueError("give pin_file or pin_credential: one of them")
        return self


class KeySettings(Settings):
    """Where the evidence key is: in a file, in a systemd credential, or in a token."""

    key_file: Path = Path("/var/lib/edge-agent/keys/evidence.pem")
    """Private evidence key, mode 0600; made at the first start. The key's certificates lie beside it,
    wherever the key itself is."""
    key_credential: Name | None = None
    """Name of a systemd credential that holds the private key, instead of `key_file`."""
    pkcs11: Pkcs11Settings | None = None
    """A token that holds it, instead of `key_file`."""
    sm2_key_file: Path | None = None
    """Private SM2 key, mode 0600, for a second signature made in software: for trials with a platform that
    checks SM2. It is no certified module, whatever it signs."""

    @property
    def certificates_dir(self) -> Path:
        """Where installed certificates of evidence keys lie."""
        return self.key_file.parent

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if self.key_credential is not None and self.pkcs11 is not None:
            raise ValueError("key_credential and pkcs11: the evidence key is in one place")
        return self


class EvidenceSettings(KeySettings):
    """Everything that evidence needs to know of the box and its site."""

    device: DeviceSettings
    place: PlaceSettings = PlaceSettings()
    codes: CodeSettings = CodeSettings()
    instruments: dict[str, InstrumentSettings] = Field(default_factory=dict)
    """By lane."""
    retention: RetentionSettings = RetentionSettings()
    store: StoreSettings = StoreSettings()
