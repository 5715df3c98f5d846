"""What is seen in a still: boxes, and how far its view lies from the accepted reference."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from edge_agent.core.records import Detection
from edge_agent.devices.camera.stills import Image, VehicleDetector
from edge_agent.devices.detector.boxes import stands_in
from edge_agent.devices.pictures.alignment import Alignment
from edge_agent.devices.pictures.zone import Points, ReferencePicture

PERSON = "person"

log = logging.getLogger(__name__)

References = Callable[[str], ReferencePicture | None]


class SceneDetector(VehicleDetector, Protocol):
    """A detector that says which classes it knows; `edge_agent.devices.detector.Detector` is one."""

    @property
    def labels(self) -> frozenset[str]:
        """Project classes that it can report."""


@dataclass(frozen=True, slots=True)
class Look:
    """One still, looked at."""

    found: tuple[Detection, ...] | None  # every box that the model gave; None: nobody looked
    shift: tuple[int, int]  # of the view from the reference, permille
    problems: tuple[str, ...]

    def reported(self, least_score: int, zone: Points) -> tuple[Detection, ...]:
        """Boxes of which the model is sure enough; `in_lane`: its foot stands in the zone as given."""
        return tuple(
            replace(d, in_lane=stands_in(zone, d.x_min, d.y_min, d.x_max, d.y_max))
            for d in self.found or ()
            if d.score >= least_score
        )


class Onlooker:
    """Looks at stills. What fails costs what it would have said, never the picture.

    Args:
        detector: None = nobody looks.
        references: the accepted picture of a camera, or None.
    """

    def __init__(self, detector: SceneDetector | None, references: References) -> None:
        self._detector = detector
        self._references = references
        self._alignment = Alignment()

    @property
    def model_sha256(self) -> str:
        """Digest of the weights; empty where there is no detector."""
        return self._detector.model_sha256 if self._detector else ""

    @property
    def knows_people(self) -> bool:
        """Whether people would be found at all."""
        return self._detector is not None and PERSON in self._detector.labels

    def look(self, camera: str, image: Image) -> Look:
        """See what is in a still, (h, w, 3) BGR, of this camera."""
        problems: list[str] = []
        found = self._detect(image, problems)
        return Look(found, self._shift(camera, image, found or (), problems), tuple(problems))

    def _detect(self, image: Image, problems: list[str]) -> tuple[Detection, ...] | None:
        if self._detector is None:
            return None
        try:
            return self._detector.detect([image])[0]
        except Exception as failure:  # nobody looked, but the picture is there
            log.exception("detector")
            problems.append(f"detector: {type(failure).__name__}: {failure}"[:200])
            return None

    def _shift(
        self, camera: str, image: Image, found: tuple[Detection, ...], problems: list[str]
    ) -> tuple[int, int]:
        reference = self._references(camera)
        if reference is None:
            return 0, 0
        try:
            return self._alignment.shift(camera, reference, image, found)
        except Exception as failure:  # the zone is drawn where it lay, and the picture is there
            log.exception("alignment")
            problems.append(f"alignment: {type(failure).__name__}: {failure}"[:200])
            return 0, 0
