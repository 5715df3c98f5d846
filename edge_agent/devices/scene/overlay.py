"""Zones drawn over a picture, for the person who draws them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from edge_agent.devices.scene.pixels import Corners, Image, opencv

ZONE, DOOR, MASK = (60, 220, 60), (40, 40, 240), (200, 200, 200)  # BGR


def drawn(
    image: Image, zones: Mapping[str, Corners], door_lines: Mapping[str, Corners], masks: Iterable[Corners]
) -> Image:
    """A copy with the zones green, their door lines red and the masks grey; names beside them."""
    cv2 = opencv()
    copy = image.copy()
    tall, wide = copy.shape[:2]
    thick = max(1, wide // 400)

    def px(corners: Corners) -> npt.NDArray[np.int32]:
        return np.array([(round(x * wide), round(y * tall)) for x, y in corners], np.int32)

    for mask in masks:
        cv2.fillPoly(copy, [px(mask)], MASK)
    for name, zone in zones.items():
        points = px(zone)
        cv2.polylines(copy, [points], isClosed=True, color=ZONE, thickness=thick, lineType=cv2.LINE_AA)
        left, top = points[points[:, 1].argmin()]
        where = (int(left), max(14, int(top) - 4))
        cv2.putText(copy, name, where, cv2.FONT_HERSHEY_SIMPLEX, wide / 1200, ZONE, thick, cv2.LINE_AA)
    for line in door_lines.values():
        cv2.polylines(copy, [px(line)], isClosed=False, color=DOOR, thickness=2 * thick, lineType=cv2.LINE_AA)
    return copy
