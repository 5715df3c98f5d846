"""The part of a picture that the detector is shown: small input loses people, so the street is cut out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from edge_agent.core.records import Detection
from edge_agent.core.units import Permille
from edge_agent.devices.scene.pixels import WIDTH, Corners, Image

MARGIN = 0.3  # of the zones' size, on every side: people beside them, lorries that unload
LEAST_MARGIN = 0.08  # of the picture
# A cut that leaves more than this of the picture's longer side is not worth it.
WORTH = 0.75


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of the picture, 0 to 1."""

    x_min: float
    y_min: float
    x_max: float
    y_max: float

    def of(self, image: Image) -> Image:
        """That part, not copied."""
        tall, wide = image.shape[:2]
        left, top, right, bottom = self._px(wide, tall)
        return image[top:bottom, left:right]

    def _px(self, wide: int, tall: int) -> tuple[int, int, int, int]:
        return (
            int(self.x_min * wide),
            int(self.y_min * tall),
            max(int(self.x_min * wide) + 1, round(self.x_max * wide)),
            max(int(self.y_min * tall) + 1, round(self.y_max * tall)),
        )

    def back(self, found: Iterable[Detection], image: Image) -> tuple[Detection, ...]:
        """Boxes of the cut-out part as permille of the whole picture."""
        tall, wide = image.shape[:2]
        left, top, right, bottom = self._px(wide, tall)

        def x(value: int) -> Permille:
            return Permille(min(1000, round((left * 1000 + value * (right - left)) / wide)))

        def y(value: int) -> Permille:
            return Permille(min(1000, round((top * 1000 + value * (bottom - top)) / tall)))

        placed = (
            replace(d, x_min=x(d.x_min), y_min=y(d.y_min), x_max=x(d.x_max), y_max=y(d.y_max)) for d in found
        )
        return tuple(d for d in placed if d.x_min < d.x_max and d.y_min < d.y_max)

    def picture_width(self, input_width: int) -> int:
        """How wide the whole picture must be, px: no wider than the network and the still layer make use of.

        0 where nobody knows how wide the network's input is: as wide as it is.
        """
        if not input_width:
            return 0
        return max(2 * WIDTH, math.ceil(input_width / (self.x_max - self.x_min)))


WHOLE = Crop(0.0, 0.0, 1.0, 1.0)


def around(zones: Sequence[Corners]) -> Crop:
    """The zones with a margin; the whole picture where that is not much smaller."""
    points = [point for zone in zones for point in zone]
    if not points:
        return WHOLE
    x0, x1 = min(x for x, _ in points), max(x for x, _ in points)
    y0, y1 = min(y for _, y in points), max(y for _, y in points)
    dx, dy = max(LEAST_MARGIN, MARGIN * (x1 - x0)), max(LEAST_MARGIN, MARGIN * (y1 - y0))
    crop = Crop(max(0.0, x0 - dx), max(0.0, y0 - dy), min(1.0, x1 + dx), min(1.0, y1 + dy))
    if max(crop.x_max - crop.x_min, crop.y_max - crop.y_min) > WORTH:
        return WHOLE
    return crop
