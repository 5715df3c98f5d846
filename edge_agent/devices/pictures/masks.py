"""A copy for the shop owner: only the shop's own ground is sharp, and nobody else can be recognised in it.

Three things are done, each to the pixels themselves:

* people: the upper third of every person's box, extended to all sides, becomes a coarse mosaic; all of a
  box that is about as wide as it is high, where nobody can say which end the head is at;
* vehicles: the lower half of every motor vehicle, and all of a two-wheeler, where plates are;
* everything beyond the zone's surroundings becomes a mosaic of the whole picture's coarseness, and what
  lies further out still is cut away.

A mosaic's block is at least a sixth of the masked part's longer side, and is the mean of its pixels: what
was inside it is not in the file any more. A blur can be undone; this cannot.

What can be missed, and people must know it: a person or vehicle that the model does not see at all, even at
its lowest threshold (half hidden, far away, a model trained on other streets); faces in mirrors, on posters
and screens; who is known by clothes, gait or company; lettering on vans above their lower half. That is why
the copy is for one shop's owner and not for the public.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edge_agent.core.records import Detection
from edge_agent.devices.camera.stills import Image
from edge_agent.devices.detector.boxes import iou
from edge_agent.devices.pictures.zone import ZoneDrawing

Mask = npt.NDArray[np.bool_]
Edges = tuple[int, int, int, int]  # x0, y0, x1, y1 in pixels

BLOCKS = 6  # of the mosaic along the longer side of what is masked
LEAST_BLOCK = 8  # pixels
FAR_BLOCKS = 32  # along the picture's longer side, of all that lies beyond the zone's surroundings
HEAD_SHARE = 3  # one part in so many of a person's box, from the top
HEAD_ASIDE, HEAD_ABOVE = 6, 5  # a sixth of the box's width on each side, a fifth of its height above
# A box of a person at least so wide for its height (permille) stands no upright person: all of it is masked.
NOT_UPRIGHT = 800
SAME_THING = 500  # permille of overlap
VEHICLES = frozenset({"motor_vehicle", "car", "bus", "truck", "van"})
TWO_WHEELERS = frozenset({"two_wheeler", "bicycle", "motorbike", "motorcycle"})


def masked(
    image: Image, zone: ZoneDrawing, found: Sequence[Detection], marks: Sequence[Detection], surroundings: int
) -> tuple[Image, Edges]:
    """The masked picture, whole, and the part of it that is to be shown.

    Args:
        image: (h, w, 3) BGR; not changed.
        zone: whose surroundings stay sharp.
        found: every box that the model gave, the unsure ones too.
        marks: what the case is about: it stays visible, and a vehicle's box on the same thing, of which
            the model was less sure, is taken to be that thing.
        surroundings: permille of the picture around zone and marks that stay sharp.
    """
    out = unrecognisable(image, found, marks)
    near = _near(zone, marks, image.shape[1], image.shape[0], surroundings)
    out[~near] = _coarse(out)[~near]
    return out, _around(near)


def unrecognisable(image: Image, found: Sequence[Detection], marks: Sequence[Detection] = ()) -> Image:
    """The whole picture, sharp, with every head and plate in it masked but those of `marks`."""
    out = image.copy()
    for box in found:
        part = _part_to_mask(box, marks, image.shape[1], image.shape[0])
        if part is not None:
            _mosaic(out, part)
    return out


def _part_to_mask(box: Detection, marks: Sequence[Detection], width: int, height: int) -> Edges | None:
    x0, y0, x1, y1 = map(int, (box.x_min, box.y_min, box.x_max, box.y_max))
    wide, high = x1 - x0, y1 - y0
    if box.label == "person":
        upright = wide * width * 1000 < high * height * NOT_UPRIGHT
        x0, x1 = x0 - wide // HEAD_ASIDE, x1 + wide // HEAD_ASIDE
        y0, y1 = y0 - high // HEAD_ABOVE, y0 + -(-high // HEAD_SHARE) if upright else y1
    elif box.label in VEHICLES or box.label in TWO_WHEELERS:
        if any(m.score > box.score and iou(m, box) >= SAME_THING for m in marks):
            return None
        y0 = y0 if box.label in TWO_WHEELERS else y0 + high // 2
    else:
        return None
    return (
        max(0, x0 * width // 1000),
        max(0, y0 * height // 1000),
        min(width, -(-x1 * width // 1000)),
        min(height, -(-y1 * height // 1000)),
    )


def _mosaic(image: Image, part: Edges) -> None:
    x0, y0, x1, y1 = part
    _average(image, part, max(LEAST_BLOCK, -(-max(x1 - x0, y1 - y0) // BLOCKS)))


def _average(image: Image, part: Edges, block: int) -> None:
    """Each block of the part becomes its mean colour, in place."""
    x0, y0, x1, y1 = part
    for y in range(y0, y1, block):
        for x in range(x0, x1, block):
            tile = image[y : min(y + block, y1), x : min(x + block, x1)]
            tile[:] = tile.reshape(-1, 3).mean(axis=0).astype(np.uint8)


def _coarse(image: Image) -> Image:
    out = image.copy()
    height, width = image.shape[:2]
    _average(out, (0, 0, width, height), max(LEAST_BLOCK, max(width, height) // FAR_BLOCKS))
    return out


def _near(zone: ZoneDrawing, marks: Sequence[Detection], width: int, height: int, surroundings: int) -> Mask:
    """Pixels that stay sharp: zone and marks, grown to all sides, (h, w) bool."""
    import cv2  # noqa: PLC0415 heavy: only where pictures are made

    canvas = np.zeros((height, width), np.uint8)
    corners = [(x * width // 1000, y * height // 1000) for x, y in zone.polygon]
    cv2.fillPoly(canvas, [np.array(corners, np.int32)], 1)
    for m in marks:
        canvas[
            m.y_min * height // 1000 : m.y_max * height // 1000,
            m.x_min * width // 1000 : m.x_max * width // 1000,
        ] = 1
    grow = max(width, height) * surroundings // 1000
    kernel = np.ones((2 * grow + 1, 2 * grow + 1), np.uint8)
    return np.asarray(cv2.dilate(canvas, kernel), bool)


def _around(near: Mask) -> Edges:
    """The rectangle around what stays sharp, with a rim of the mosaic so that it is seen to be one."""
    ys, xs = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
    height, width = near.shape
    rim = max(width, height) // FAR_BLOCKS
    return (
        max(0, int(xs[0]) - rim),
        max(0, int(ys[0]) - rim),
        min(width, int(xs[-1]) + 1 + rim),
        min(height, int(ys[-1]) + 1 + rim),
    )
