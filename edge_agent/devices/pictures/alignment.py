"""How far a still's view lies from the accepted reference, so that the zone is drawn where it lies now.

Zones and marks are in the reference's coordinates; a pole that bent in the wind moves the picture by some
pixels. The same measure that the stationary-object layer uses takes that out (`devices/scene/view.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from edge_agent.core.records import Detection
from edge_agent.devices.camera.stills import Image
from edge_agent.devices.pictures.zone import ReferencePicture
from edge_agent.devices.scene import pixels, view

MOVING = frozenset({"person", "motor_vehicle", "two_wheeler", "hand_truck"})
MARGIN = 100  # permille of a box, around who and what moves
LIMIT_PX = 40  # at the working width; a view further off is another view, and nothing can be said


class Alignment:
    """Remembers each camera's last reference, made ready for comparison."""

    def __init__(self) -> None:
        self._ready: dict[str, tuple[str, view.Registration]] = {}

    def shift(
        self, camera: str, reference: ReferencePicture, image: Image, found: Sequence[Detection]
    ) -> tuple[int, int]:
        """Where the reference's origin lies in the picture, permille; (0, 0) where it cannot be told.

        Args:
            camera: whose reference it is.
            reference: what the zones were drawn on.
            image: (h, w, 3) BGR.
            found: who and what moves does not count.
        """
        registration = self._registration(camera, reference)
        tall = registration.reference.grey.shape[0]
        hidden = pixels.boxes((d for d in found if d.label in MOVING), MARGIN, tall)
        shift = registration.shift(view.features(pixels.shrink(image, tall)), hidden)
        if shift is None or shift.length > LIMIT_PX:
            return 0, 0
        return round(shift.dx * 1000 / pixels.WIDTH), round(shift.dy * 1000 / tall)

    def _registration(self, camera: str, reference: ReferencePicture) -> view.Registration:
        digest = hashlib.sha256(reference.data).hexdigest()
        known = self._ready.get(camera)
        if known is None or known[0] != digest:
            known = (digest, _prepare(reference))
            self._ready[camera] = known
        return known[1]


def _prepare(reference: ReferencePicture) -> view.Registration:
    import cv2  # noqa: PLC0415 heavy: only where pictures are compared

    image: Any = cv2.imdecode(np.frombuffer(reference.data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError("the accepted reference cannot be decoded")
    small = pixels.shrink(image)
    return view.Registration(view.features(small), np.zeros(small.shape[:2], bool))
