"""One working size for everything that compares pictures, and the ways into it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_agent.core.records import Detection
from edge_agent.core.units import Permille

Image = npt.NDArray[np.uint8]  # (h, w, 3) BGR
Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Box = tuple[int, int, int, int]  # x_min, y_min, x_max, y_max, px, the last two not inside
Corners = Sequence[tuple[float, float]]  # of a polygon, 0 to 1

WIDTH = 480  # px; shifts and areas are stated at this width


def opencv() -> Any:
    """OpenCV, loaded where pictures are first compared: it is heavy."""
    import cv2  # noqa: PLC0415

    return cv2


def shrink(image: Image, height: int | None = None) -> Image:
    """The picture at working size: `WIDTH` wide, as high as its shape asks for or as told."""
    cv2 = opencv()
    tall, wide = image.shape[:2]
    height = height or max(16, round(WIDTH * tall / wide))
    while wide >= 4 * WIDTH:  # halving is four times as quick as one large step, and comes to the same
        tall, wide = tall // 2, wide // 2
        image = cv2.resize(image, (wide, tall), interpolation=cv2.INTER_AREA)
    area = wide >= 2 * WIDTH  # below, nothing is lost between the points of a linear one, which is quicker
    small: Image = cv2.resize(
        image, (WIDTH, height), interpolation=cv2.INTER_AREA if area else cv2.INTER_LINEAR
    )
    return small


def polygons(corners: Iterable[Corners], height: int) -> Mask:
    """True inside any of the polygons, (height, WIDTH)."""
    cv2 = opencv()
    drawn = np.zeros((height, WIDTH), np.uint8)
    for polygon in corners:
        points = np.array([(round(x * WIDTH), round(y * height)) for x, y in polygon], np.int32)
        cv2.fillPoly(drawn, [points], 1)
    return drawn.astype(bool)


def boxes(found: Iterable[Detection], margin: int, height: int) -> Mask:
    """True inside the boxes, each widened by `margin` permille of its size on every side."""
    drawn = np.zeros((height, WIDTH), bool)
    for one in found:
        dx, dy = (one.x_max - one.x_min) * margin / 1000, (one.y_max - one.y_min) * margin / 1000
        x0, x1 = ((one.x_min - dx) * WIDTH / 1000, (one.x_max + dx) * WIDTH / 1000)
        y0, y1 = ((one.y_min - dy) * height / 1000, (one.y_max + dy) * height / 1000)
        drawn[max(0, int(y0)) : max(0, int(y1) + 1), max(0, int(x0)) : max(0, int(x1) + 1)] = True
    return drawn


def moved(found: Iterable[Detection], dx: float, dy: float) -> tuple[Detection, ...]:
    """The boxes moved by permille of the picture; what leaves it is dropped."""
    out: list[Detection] = []
    for one in found:
        x0, x1 = (min(1000, max(0, round(x + dx))) for x in (one.x_min, one.x_max))
        y0, y1 = (min(1000, max(0, round(y + dy))) for y in (one.y_min, one.y_max))
        if x0 < x1 and y0 < y1:
            out.append(
                replace(one, x_min=Permille(x0), y_min=Permille(y0), x_max=Permille(x1), y_max=Permille(y1))
            )
    return tuple(out)


NEGLIGIBLE = 0.25  # px, less than a shake; not worth interpolating for


def translated(image: Any, dx: float, dy: float) -> Any:
    """The picture with its content moved by (-dx, -dy) px: a shift taken out. Edges are repeated."""
    if max(abs(dx), abs(dy)) < NEGLIGIBLE:
        return image
    cv2 = opencv()
    tall, wide = image.shape[:2]
    matrix = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    return cv2.warpAffine(
        image,
        matrix,
        (wide, tall),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
