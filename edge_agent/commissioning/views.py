"""What each camera sees now, with what was drawn into it; heads and plates of whoever passes are masked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edge_agent.config.settings import SiteConfig
from edge_agent.core.street.settings import permille
from edge_agent.devices.camera.stills import Image, VehicleDetector, to_jpeg
from edge_agent.devices.pictures.copies import no_wider
from edge_agent.devices.pictures.masks import unrecognisable
from edge_agent.doctor.observed import CameraSeen, Eyes

LOOK_S = 4.0
WIDTH = 960  # pixels of a picture in the report
QUALITY = 80
# Where no model can say who is in the picture, it is too coarse for a face or a plate.
COARSE_WIDTH = 240

Corners = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """A line or an area over the picture; permille, origin top-left."""

    kind: str  # lane | reading_line | zone | door_line
    name: str
    corners: Corners

    @property
    def closed(self) -> bool:
        """An area."""
        return self.kind in {"lane", "zone"}


@dataclass(frozen=True, slots=True)
class View:
    """One camera."""

    camera: str
    seen: CameraSeen
    shapes: tuple[Shape, ...]
    jpeg: bytes  # masked and scaled; empty where no picture came
    width: int
    height: int
    masked: bool  # by the model; else the picture is coarse


def views(
    config: SiteConfig, eyes: Eyes, bridge: VehicleDetector | None, street: VehicleDetector | None
) -> Iterator[View]:
    """Every camera with video, in the configuration's order.

    Args:
        config: of the site.
        eyes: who looks.
        bridge: the model that finds people and vehicles in the lanes' cameras; None: none is configured.
        street: the same of the street's cameras.
    """
    for name, camera in config.cameras.items():
        if camera.video is not None:
            shapes: list[Shape] = []
            for lane, view in camera.video.views.items():
                shapes.append(Shape("lane", lane, view.permille))
                if view.line_permille is not None:
                    shapes.append(Shape("reading_line", lane, view.line_permille))
            yield _view(name, eyes.camera(name, LOOK_S), shapes, bridge)
    for name, watched in config.street.cameras.items() if config.street else ():
        shapes = []
        for zone, drawn in watched.zones.items():
            shapes.append(Shape("zone", zone, permille(drawn.polygon)))
            if drawn.door_line:
                shapes.append(Shape("door_line", zone, permille(drawn.door_line)))
        yield _view(name, eyes.camera(name, LOOK_S), shapes, street)


def _view(name: str, seen: CameraSeen, shapes: Sequence[Shape], detector: VehicleDetector | None) -> View:
    if not seen.pictures:
        return View(name, seen, tuple(shapes), b"", seen.width, seen.height, masked=False)
    shown = _nobody_in(seen.pictures[-1], detector)
    height, width = shown.shape[:2]
    jpeg = to_jpeg(shown, QUALITY)
    return View(name, seen, tuple(shapes), jpeg, width, height, masked=detector is not None)


def _nobody_in(picture: Image, detector: VehicleDetector | None) -> Image:
    if detector is None:
        return no_wider(picture, COARSE_WIDTH)
    return no_wider(unrecognisable(picture, detector.detect([picture])[0]), WIDTH)


def sha256(view: View) -> str:
    """Of the picture that is shown."""
    return hashlib.sha256(view.jpeg).hexdigest() if view.jpeg else ""
