"""A copy with marks: zone, door line, boxes, and a strip below that says what it is. The original stays bare.

The strip is added below the picture, so that it covers nothing of it. OpenCV brings its own Chinese font.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edge_agent.core.records import Detection
from edge_agent.devices.camera.stills import Image
from edge_agent.devices.pictures.words import LABELS, both
from edge_agent.devices.pictures.zone import Points, ZoneDrawing

# Blue, green, red. Distinct for colour-blind readers too: the zone is blue, the door line yellow.
ZONE = (214, 120, 20)
DOOR_LINE = (20, 205, 250)
EVIDENCE = (50, 60, 220)
OTHER = (150, 150, 150)
PAPER = (34, 28, 24)
INK = (245, 245, 245)
TINT = 0.16  # of the zone's colour over the ground: what stands there must stay visible


def drawn(image: Image, zone: ZoneDrawing, boxes: Sequence[Detection]) -> Image:
    """The picture with zone, door line and boxes, the same size."""
    import cv2  # noqa: PLC0415 heavy: only where pictures are made

    height, width = image.shape[:2]
    line = max(2, width // 640)
    out = image.copy()
    corners = _pixels(zone.polygon, width, height)
    tint = out.copy()
    cv2.fillPoly(tint, [corners], ZONE)
    out = np.asarray(cv2.addWeighted(tint, TINT, out, 1 - TINT, 0), np.uint8)
    cv2.polylines(out, [corners], True, ZONE, line, cv2.LINE_AA)
    if zone.door_line:
        door = _pixels(zone.door_line, width, height)
        cv2.polylines(out, [door], False, DOOR_LINE, 2 * line, cv2.LINE_AA)
    for box in boxes:
        _box(out, box, line)
    return out


def strip(lines: Sequence[str], width: int) -> Image:
    """Text lines on a dark ground, (h, width, 3); smaller letters where a line would not fit."""
    import cv2  # noqa: PLC0415 heavy: only where pictures are made

    size, pad = max(12, width // 80), max(6, width // 160)
    font = cv2.FontFace("uni")
    widest = max((_wide(text, font, size) for text in lines), default=0)
    if widest > width - 2 * pad:
        size = max(8, size * (width - 2 * pad) // widest)
    row = size * 3 // 2
    out = np.full((row * len(lines) + 2 * pad, width, 3), PAPER, np.uint8)
    for number, text in enumerate(lines):
        cv2.putText(out, text, (pad, pad + number * row + size * 11 // 10), INK, font, size)
    return out


def _pixels(points: Points, width: int, height: int) -> Any:
    return np.array([(x * width // 1000, y * height // 1000) for x, y in points], np.int32)


def _box(out: Image, box: Detection, line: int) -> None:
    import cv2  # noqa: PLC0415 heavy: only where pictures are made

    height, width = out.shape[:2]
    colour = EVIDENCE if box.role == "evidence" else OTHER
    (x0, y0), (x1, y1) = _pixels(((box.x_min, box.y_min), (box.x_max, box.y_max)), width, height).tolist()
    cv2.rectangle(out, (x0, y0), (x1, y1), colour, line, cv2.LINE_AA)
    text, size = f"{both(box.label, LABELS)} {box.score / 10:.0f}%", max(11, width // 96)
    font = cv2.FontFace("uni")
    wide, tall = _wide(text, font, size), size * 14 // 10
    left = max(0, min(x0, width - wide - size // 2))
    top = y0 - tall if y0 >= tall else min(y0, height - tall)
    cv2.rectangle(out, (left, top), (left + wide + size // 2, top + tall), colour, cv2.FILLED)
    cv2.putText(out, text, (left + size // 4, top + size * 11 // 10), INK, font, size)


def _wide(text: str, font: Any, size: int) -> int:
    import cv2  # noqa: PLC0415 heavy: only where pictures are made

    _, _, wide, _ = cv2.getTextSize((10_000, 100), text, (0, 0), font, size)
    return int(wide)
