"""The street's part of a site's configuration: what the core knows, and the cameras' video beside it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from edge_agent.core.settings import Settings
from edge_agent.core.street.settings import Name, StreetCameraSettings, StreetSettings
from edge_agent.devices.camera.settings import CameraSettings
from edge_agent.devices.detector.settings import DetectorSettings
from edge_agent.devices.pictures.settings import PictureSettings
from edge_agent.devices.scene.settings import SceneSettings

# Offsets are worked out from this day on, for so many years: longer than a box is in the field.
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
YEARS = 20


class StreetCameraConfig(StreetCameraSettings):
    """One street camera: its video, what clear pavement looks like there, and its zones."""

    video: CameraSettings
    """Where its video comes from."""
    scene: SceneSettings = SceneSettings()
    """How its pictures are compared with the accepted references."""


class StreetConfig(StreetSettings):
    """The street side of a site."""

    cameras: Annotated[  # type: ignore[assignment]  # the core's own field, with what the devices need
        dict[Name, StreetCameraConfig], Field(min_length=1, max_length=64)
    ]
    references_dir: Path = Path("/var/lib/edge-agent/references")
    """Accepted pictures of clear pavement, a folder for each camera (`edge-agent reference`)."""
    detector: DetectorSettings | None = None
    """The model that names what stands there; left out: there are suspects only, and no cases."""
    pictures: PictureSettings = PictureSettings()
    """Copies and clips of a case."""
    time_zone: str = ""
    """Name in the IANA database, as Asia/Shanghai; empty: site.legal.utc_offset_minutes all the year."""

    @model_validator(mode="after")
    def _zone_exists(self) -> Self:
        if self.utc_offsets:
            raise ValueError("utc_offsets is worked out from time_zone; set that")
        if self.time_zone:
            try:
                ZoneInfo(self.time_zone)
            except (KeyError, OSError, ValueError) as error:
                raise ValueError(
                    f"no time zone {self.time_zone!r} on this machine; for China: Asia/Shanghai"
                ) from error
        return self

    @model_validator(mode="after")
    def _detector_tells_what_the_rules_ask(self) -> Self:
        least = min(rule.keep_score for rule in self.rules.values())
        if self.detector is not None and self.detector.min_score * 1000 > least:
            raise ValueError(
                f"detector.min_score {self.detector.min_score} hides what a rule goes on counting from "
                f"keep_score {least} on: set it to {least / 1000} or less"
            )
        return self

    def core(self) -> StreetSettings:
        """What the core knows of it."""
        chosen = {name: getattr(self, name) for name in StreetSettings.model_fields}
        chosen["cameras"] = {name: _narrowed(camera) for name, camera in self.cameras.items()}
        chosen["utc_offsets"] = utc_offsets(self.time_zone) if self.time_zone else ()
        return StreetSettings.model_construct(**chosen)


def _narrowed(camera: StreetCameraConfig) -> Settings:
    fields = StreetCameraSettings.model_fields
    return StreetCameraSettings.model_construct(**{name: getattr(camera, name) for name in fields})


def utc_offsets(time_zone: str) -> tuple[tuple[int, int], ...]:
    """(UTC second, minutes ahead of UTC from then on) of every change of a zone's clocks.

    >>> utc_offsets("Asia/Shanghai")
    ((1767225600, 480),)
    """
    zone = ZoneInfo(time_zone)
    changes = [(int(FIRST_DAY.timestamp()), _minutes(FIRST_DAY, zone))]
    for day in range(YEARS * 366):
        start = FIRST_DAY + timedelta(days=day)
        if _minutes(start + timedelta(days=1), zone) == changes[-1][1]:
            continue
        hours = (start + timedelta(hours=hour) for hour in range(1, 25))
        at = next(hour for hour in hours if _minutes(hour, zone) != changes[-1][1])
        changes.append((int(at.timestamp()), _minutes(at, zone)))
    return tuple(changes)


def _minutes(at: datetime, zone: ZoneInfo) -> int:
    offset = at.astimezone(zone).utcoffset()
    return int(offset.total_seconds()) // 60 if offset is not None else 0
