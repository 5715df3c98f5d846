"""Lines of text by a network of the DB family (Liao et al., AAAI 2020), as PP-OCR exports it.

The network says of each pixel how likely it is the shrunk core of a text line. Cores are outlined, judged by
their mean, and grown back by area x 1.6 / perimeter, which undoes the shrinking it was trained with.
"""

from __future__ import annotations

import numpy as np

from edge_agent.devices.detector.boxes import Floats, Image
from edge_agent.devices.detector.networks import Network
from edge_agent.devices.plate_reader.strips import Region, ordered

# As PP-OCR trains: of 0 to 1, BGR in the order of the picture.
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
SPREAD = np.array([0.229, 0.224, 0.225], np.float32)
CORE = 0.3  # a pixel belongs to a core from here on
SURE = 0.45  # mean over a core
GROWTH = 1.6
STEP = 32  # the network halves five times
MOST = 40
SMALLEST = 4  # px of the input, the short side of a core


class TextLines:
    """A localiser.

    Args:
        network: loaded; several localisers may share it.
        sha256: its digest.
        side: pictures are made no larger than this, px.
    """

    def __init__(self, network: Network, sha256: str, side: int) -> None:
        self._network = network
        self._side = side
        self.sha256 = sha256
        self.name = f"text lines at {side}"

    def find(self, image: Image) -> list[Region]:
        """Lines of text, likeliest first."""
        planes, scale_x, scale_y = _input(image, self._side)
        found = _outlined(self._network.run(planes[None])[0, 0])
        back = np.array([1 / scale_x, 1 / scale_y], np.float32)
        return [Region(np.asarray(r.corners * back, np.float32), r.score) for r in found]


def _input(image: Image, side: int) -> tuple[Floats, float, float]:
    """(3, h, w) with sides that the network can halve, and how much smaller it is, across and down."""
    import cv2  # noqa: PLC0415 heavy: only where pictures are looked at

    tall, wide = image.shape[:2]
    scale = min(1.0, side / max(tall, wide))
    w, h = (max(STEP, round(v * scale / STEP) * STEP) for v in (wide, tall))
    small = cv2.resize(image, (w, h), interpolation=cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR)
    planes = np.empty((3, h, w), np.float32)
    for plane, numbers, mean, spread in zip(planes, cv2.split(small), MEAN, SPREAD, strict=True):
        np.multiply(numbers, np.float32(1 / (255 * spread)), out=plane)
        plane -= mean / spread
    return planes, w / wide, h / tall


def _outlined(core: Floats) -> list[Region]:
    import cv2  # noqa: PLC0415 heavy: only where pictures are looked at

    contours, _ = cv2.findContours((core > CORE).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found: list[Region] = []
    for contour in contours:
        (middle, size, angle) = cv2.minAreaRect(contour)
        if min(size) < SMALLEST:
            continue
        x, y, w, h = cv2.boundingRect(contour)
        inside = np.zeros((h, w), np.uint8)
        cv2.fillPoly(inside, [contour - np.array([x, y])], 1)
        score = float(core[y : y + h, x : x + w][inside > 0].mean())
        if score < SURE:
            continue
        out = size[0] * size[1] * GROWTH / (2 * (size[0] + size[1]))
        grown = (size[0] + 2 * out, size[1] + 2 * out)
        found.append(Region(ordered(cv2.boxPoints((middle, grown, angle))), score))
    return sorted(found, key=lambda r: -r.score)[:MOST]
