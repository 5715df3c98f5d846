"""Plates found by a YOLO that an operator supplies, exported by Ultralytics as ONNX: every class is a plate.

A trained plate detector is what separates 93 from 98 % (facts on plates). None is shipped: it must have seen
real plates.
"""

from __future__ import annotations

import numpy as np

from edge_agent.devices.detector.backend import Backend
from edge_agent.devices.detector.boxes import Image
from edge_agent.devices.plate_reader.strips import Region, ordered

MOST = 8


class PlateBoxes:
    """A localiser.

    Args:
        backend: runs the network.
    """

    name = "plate boxes"

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.sha256 = backend.sha256

    def find(self, image: Image) -> list[Region]:
        """Upright boxes around plates, likeliest first."""
        found = self._backend.find([image])[0]
        return [
            Region(ordered([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]), float(score))
            for (x0, y0, x1, y1), score in zip(found.boxes[:MOST], found.scores[:MOST], strict=True)
            if np.isfinite([x0, y0, x1, y1]).all() and x1 > x0 and y1 > y0
        ]
