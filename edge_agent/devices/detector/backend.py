"""What runs a network: one contract, several libraries behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edge_agent.devices.detector.boxes import Floats, Image


@dataclass(frozen=True, slots=True)
class Found:
    """Boxes of one picture after non-maximum suppression, surest first."""

    boxes: Floats  # (n, 4) x0 y0 x1 y1, pixels of the picture
    scores: Floats  # (n,)
    classes: npt.NDArray[np.int64]  # (n,) index into the model's names


class Backend(Protocol):
    """A loaded model."""

    @property
    def name(self) -> str:
        """The library, its version and the numbers it calculates in: "onnxruntime 1.32.0 f32"."""

    @property
    def names(self) -> tuple[str, ...]:
        """The model's class names, in its own order."""

    @property
    def width(self) -> int:
        """Of the network's input, px; 0 where only the library knows."""

    @property
    def sha256(self) -> str:
        """Digest of the weights that run."""

    def find(self, images: Sequence[Image]) -> list[Found]:
        """What is in each picture, (h, w, 3) BGR; sizes may differ. Safe to call from several threads."""
