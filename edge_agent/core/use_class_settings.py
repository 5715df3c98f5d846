"""What makes a site's records usable: approvals, sign, verification certificate, first day.

Chinese administrative-penalty law wants a monitoring device legally and technically reviewed, placed
at a published location and marked, and its instrument verified. What is missing or expired makes a
record `reference`; nothing here can lift one.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from edge_agent.core.civil import IsoDate
from edge_agent.core.records import UseClass
from edge_agent.core.settings import Settings


class CertificateSettings(Settings):
    """The verification certificate (检定证书) of one lane's scale."""

    number: Annotated[str, Field(min_length=1)]
    """检定证书编号."""
    issuer: Annotated[str, Field(min_length=1)]
    """The body that verified the instrument."""
    valid_until: IsoDate
    """Last day on which it is valid, local date."""
    accuracy_class: str = ""
    """As on the certificate: "5", "10", "5/E", ..."""
    calibration_id: str = ""
    """Id of the calibration that was verified; with another one in use nothing is `enforcement`. Empty: not
    stated; `calibrate apply` fills it in with the one that it replaces."""
    speed_min_kmh: Annotated[int, Field(ge=0)] | None = None
    """Lower end of the verified speed range, when the certificate states one."""
    speed_max_kmh: Annotated[int, Field(gt=0)] | None = None
    """Upper end of the verified speed range, when the certificate states one."""

    @model_validator(mode="after")
    def _range(self) -> Self:
        low, high = self.speed_min_kmh, self.speed_max_kmh
        if low is not None and high is not None and low >= high:
            raise ValueError(f"need speed_min_kmh < speed_max_kmh, got {low} and {high}")
        return self


class PictureRules(Settings):
    """GA/T 832-2014: at least two full views at different times, 1280 × 720 or more."""

    full_views_min: Annotated[int, Field(ge=2)] = 2
    """Pictures of the whole vehicle, each at its own instant."""
    width_min_px: Annotated[int, Field(ge=1280)] = 1280
    """Smallest width that counts."""
    height_min_px: Annotated[int, Field(ge=720)] = 720
    """Smallest height that counts."""


class PlateRules(Settings):
    """How well a plate must have been read. The matcher says whose it is, not that it was read rightly."""

    confidence_min_permille: Annotated[int, Field(ge=500, le=1000)] = 800
    """Least confidence of the plate over all reads of it; reads that said another count as none."""


class LegalSettings(Settings):
    """The site's standing. `use_class` is the most that any of its records can be."""

    use_class: UseClass = UseClass.REFERENCE
    """test: never anything else; reference: screening; enforcement: when everything else is in order."""
    operator: str = ""
    """The authority on whose behalf the site runs."""
    approval_number: str = ""
    """Of the legal and technical review."""
    published_location: str = ""
    """Number or address of the publication of the site's location."""
    sign_id: str = ""
    """The sign that announces the monitoring."""
    enforcement_from: IsoDate | None = None
    """First local day of enforcement, after the notice period."""
    utc_offset_minutes: Annotated[int, Field(ge=-720, le=840)] = 480
    """Local time less UTC: the dates above are local dates."""
    clock_error_max_ms: Annotated[int, Field(ge=1, le=1000)] = 1000
    """Largest error of the clock, GA/T 832-2014: 1.0 s."""
    clock_age_max_s: Annotated[int, Field(ge=1, le=86_400)] = 900
    """Oldest clock report that still says something about now."""
    pictures: PictureRules = PictureRules()
    plate: PlateRules = PlateRules()
