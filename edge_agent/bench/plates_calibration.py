"""What likelihoods of plates are worth: fitted on reads whose truth is known, judged on others.

    reads (raw likelihood, right or not) ──> offset and slope by maximum likelihood ──> `Calibration`
            other reads ──> log loss, stated against true, share right from a confidence on

The pictures are degraded too, because there likelihoods are wrong: sharp ones are read rightly anyway.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import numpy as np

from edge_agent.bench.street import wilson
from edge_agent.devices.detector.boxes import Image
from edge_agent.devices.plate_reader.calibration import Calibration, logit

BINS = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 1.0)
# No shape of its own: what comes out of a reader with it is the share that the network gives a string.
RAW = Calibration(offset=0.0, slope=1.0, most=1 - 1e-9)
OFFSETS = np.linspace(-4, 4, 81)
SLOPES = np.exp(np.linspace(math.log(0.1), math.log(3), 69))


@dataclass(frozen=True, slots=True)
class Judged:
    """A read whose truth is known."""

    raw: float  # likelihood of the string, colour minded, 0 to 1
    right: bool


def fitted(reads: Sequence[Judged], recogniser_sha256: str) -> Calibration:
    """The calibration under which these reads are likeliest, by a grid over offset and slope.

    The whole of `Calibration.confidence` is fitted, not the line alone: where that may take nothing away, the
    reads have no say. A pull of one unit on offset and on the slope's logarithm towards 0 keeps few reads
    from running away. `most` is what the surest tenth is worth, by the rule of succession.

    Raises:
        ValueError: there are fewer than 20 reads.
    """
    if len(reads) < 20:
        raise ValueError(f"{len(reads)} reads; two numbers cannot be fitted on fewer than 20")
    x = np.array([logit(one.raw) for one in reads])
    right = np.array([one.right for one in reads])
    surest = right[np.argsort(-x, kind="stable")][: max(20, len(reads) // 10)]
    most = min(0.99, float(surest.sum() + 1) / (len(surest) + 2))
    ceiling = np.minimum(x, logit(most))
    best = (-math.inf, 0.0, 1.0)
    for offset, slope in product(OFFSETS.tolist(), SLOPES.tolist()):
        odds = np.minimum(ceiling, offset + slope * x)
        likely = -float(np.logaddexp(0, np.where(right, -odds, odds)).sum())
        best = max(best, (likely - (offset * offset + math.log(slope) ** 2) / 2, offset, slope))
    return Calibration(round(best[1], 4), round(best[2], 4), round(most, 4), recogniser_sha256)


def judged(reads: Sequence[Judged], calibration: Calibration) -> dict[str, Any]:
    """How true the confidences are.

    Returns:
        log_loss (nats a read), error (mean distance of stated and true over the bins, weighted), bins, and
        of the reads from 0.9 on how many are right.
    """
    stated = [calibration.confidence(one.raw) for one in reads]
    bins = []
    for low, high in pairwise(BINS):
        inside = [
            (s, r.right) for s, r in zip(stated, reads, strict=True) if low <= s < high or s == high == 1
        ]
        if inside:
            share = wilson(sum(right for _, right in inside), len(inside))
            bins.append({"from": low, "to": high, "stated": sum(s for s, _ in inside) / len(inside), **share})
    losses = [-math.log(max(1e-9, s if r.right else 1 - s)) for s, r in zip(stated, reads, strict=True)]
    sure = [r.right for s, r in zip(stated, reads, strict=True) if s >= 0.9]
    return {
        "reads": len(reads),
        "right": sum(one.right for one in reads),
        "log_loss": sum(losses) / max(1, len(losses)),
        "error": sum(b["of"] * abs(b["stated"] - b["share"]) for b in bins) / max(1, len(reads)),
        "from_0_9": wilson(sum(sure), len(sure)),
        "bins": bins,
    }


def for_check(name: str) -> bool:
    """Whether a picture is one of those that nothing is fitted on: by its name alone, for ever."""
    return hashlib.sha256(name.encode()).digest()[0] % 2 == 1


def degraded(image: Image, seed: int, name: str) -> Image:
    """A picture (h, w, 3) as it would be from farther away, out of focus, by a poorer camera."""
    import cv2  # noqa: PLC0415 heavy: only where pictures are looked at

    numbers = np.random.default_rng([seed, int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")])
    scale = numbers.uniform(0.3, 0.9)
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), numbers.uniform(0.3, 1.2))
    noisy = np.clip(
        soft * numbers.uniform(0.4, 1.1) + numbers.normal(0, numbers.uniform(0, 8), soft.shape), 0, 255
    )
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(numbers.integers(20, 85))]
    _, data = cv2.imencode(".jpg", noisy.astype(np.uint8), quality)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
