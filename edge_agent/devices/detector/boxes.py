"""From a network's numbers to boxes: letterbox, decode, non-maximum suppression, footprint.

Boxes are float32 while they are the network's and become integers (permille of the picture) once,
at the end. Ties are broken by the network's own order, so the same numbers give the same boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_agent.core.records import Detection

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
GREY = 114  # the padding that Ultralytics trains with


@dataclass(frozen=True, slots=True)
class Fit:
    """How a picture was laid into the network's input."""

    scale: float
    left: int
    top: int


def letterbox(image: Image, width: int, height: int) -> tuple[Floats, Fit]:
    """The picture (h, w, 3) BGR as the network's input (3, height, width) RGB, 0 to 1, ratio kept."""
    import cv2  # noqa: PLC0415 heavy: only where pictures are looked at

    h, w = image.shape[:2]
    scale = min(width / w, height / h)
    new_w, new_h = max(1, round(w * scale)), max(1, round(h * scale))
    small = (
        image
        if (new_w, new_h) == (w, h)
        else cv2.resize(image, (new_w, new_h), interpolation=cv2.INTER_LINEAR)
    )
    left, top = (width - new_w) // 2, (height - new_h) // 2
    canvas = np.full((height, width, 3), GREY, np.uint8)
    canvas[top : top + new_h, left : left + new_w] = small
    planes = canvas[:, :, ::-1].transpose(2, 0, 1)
    return np.ascontiguousarray(planes, dtype=np.float32) / np.float32(255), Fit(scale, left, top)


def decode_raw(output: Floats, min_score: float) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """Output (4+nc, N) without NMS: boxes (m, 4) x0 y0 x1 y1, scores (m,), classes (m,)."""
    # The best score first, its class only for what stays: a tenth of the time of an argmax over all.
    # A column with a score that is no number has no best score and is left out.
    kept = output[:, output[4:].max(axis=0) >= min_score]
    kept = kept[:, np.isfinite(kept).all(axis=0)]
    cx, cy, w, h = kept[:4]
    boxes = np.stack([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], axis=1)
    return boxes, kept[4:].max(axis=0), kept[4:].argmax(axis=0)


def decode_end2end(output: Floats, min_score: float) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """Output (N, 6) with NMS inside: x0 y0 x1 y1 score class."""
    kept = output[(np.nan_to_num(output[:, 4]) >= min_score) & np.isfinite(output).all(axis=1)]
    return kept[:, :4], kept[:, 4], kept[:, 5].astype(np.int64)


def suppress(
    boxes: Floats, scores: Floats, classes: npt.NDArray[np.int64], iou: float, *, class_agnostic: bool
) -> list[int]:
    """Indices of the boxes that stay, surest first; of equally sure ones the network's first."""
    order = np.lexsort((np.arange(len(scores)), -scores))
    areas = np.clip(boxes[:, 2] - boxes[:, 0], 0, None) * np.clip(boxes[:, 3] - boxes[:, 1], 0, None)
    kept: list[int] = []
    while len(order):
        best = int(order[0])
        kept.append(best)
        rest = order[1:]
        low = np.maximum(boxes[best, :2], boxes[rest, :2])
        high = np.minimum(boxes[best, 2:], boxes[rest, 2:])
        shared = np.prod(np.clip(high - low, 0, None), axis=1)
        overlap = shared / np.maximum(areas[best] + areas[rest] - shared, 1e-9)
        same = np.ones(len(rest), bool) if class_agnostic else classes[rest] == classes[best]
        order = rest[~((overlap > iou) & same)]
    return kept


def to_picture(boxes: Floats, fit: Fit) -> Floats:
    """Boxes (n, 4) of the network's input as pixels of the picture; what is past its edge stays so."""
    moved = boxes - np.array([fit.left, fit.top, fit.left, fit.top], np.float32)
    return np.asarray(moved / np.float32(fit.scale), np.float32)


def to_permille(box: Floats, width: int, height: int) -> tuple[int, int, int, int] | None:
    """A box in pixels as permille of the picture; None when nothing of it is inside."""
    x0, x1 = (float(v) / width * 1000 for v in (box[0], box[2]))
    y0, y1 = (float(v) / height * 1000 for v in (box[1], box[3]))
    edges = tuple(min(1000, max(0, round(v))) for v in (x0, y0, x1, y1))
    return (edges[0], edges[1], edges[2], edges[3]) if edges[0] < edges[2] and edges[1] < edges[3] else None


def iou(a: Detection, b: Detection) -> int:
    """Overlap of two boxes, 0 (apart) to 1000 (equal)."""
    w = min(a.x_max, b.x_max) - max(a.x_min, b.x_min)
    h = min(a.y_max, b.y_max) - max(a.y_min, b.y_min)
    if w <= 0 or h <= 0:
        return 0
    area = (a.x_max - a.x_min) * (a.y_max - a.y_min) + (b.x_max - b.x_min) * (b.y_max - b.y_min)
    return w * h * 1000 // (area - w * h)


def paired(before: Sequence[Detection], now: Sequence[Detection], least: int) -> list[tuple[int, int]]:
    """Which box of one picture is which of the next: (index before, index now), most overlap first.

    Args:
        before: boxes of the picture before.
        now: boxes of this one.
        least: overlap below which two boxes are two things, permille.
    """
    ranked = sorted((-iou(a, b), i, j) for i, a in enumerate(before) for j, b in enumerate(now))
    pairs: list[tuple[int, int]] = []
    for minus_iou, i, j in ranked:
        if -minus_iou >= least and all(i != a and j != b for a, b in pairs):
            pairs.append((i, j))
    return pairs


def contains(polygon: Sequence[tuple[int, int]], x: int, y: int) -> bool:
    """The point lies in the polygon (even-odd rule); integers only."""
    inside = False
    for (x0, y0), (x1, y1) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        if (y0 > y) != (y1 > y):
            # The edge crosses the point's row to its right: (x - x0) * dy < (y - y0) * dx, dy's sign minded.
            left, right = (x - x0) * (y1 - y0), (y - y0) * (x1 - x0)
            if (left < right) == (y1 > y0):
                inside = not inside
    return inside


def stands_in(polygon: Sequence[tuple[int, int]], x_min: int, y_min: int, x_max: int, y_max: int) -> bool:
    """The box's footprint stands in the polygon, all in permille.

    Only where the tyres touch the road says in which lane a vehicle is: the box of a long or high lorry
    covers much of the lanes beside and behind it. So five points are looked at along the box's foot (a
    twentieth of its height above the lower edge, over the middle half of its width): the centre one and
    at least two more must lie in the lane.
    """
    if not polygon:
        return False
    width = x_max - x_min
    y = y_max - (y_max - y_min) // 20
    points = [contains(polygon, x_min + width * share // 8, y) for share in (2, 3, 4, 5, 6)]
    return points[2] and sum(points) >= 3
