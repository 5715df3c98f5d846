"""Who looks at the rendered pictures: the network, or the truth with noise, which sets the rule apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edge_agent.bench.street_site import detector_of
from edge_agent.core.records import Detection
from edge_agent.core.units import Ns, Permille, S
from edge_agent.devices.detector import Detector
from edge_agent.devices.detector.class_map import STREET_LABELS
from edge_agent.devices.scene.crop import Crop
from edge_agent.devices.scene.pixels import Image
from edge_agent.sim.rng import stream
from edge_agent.sim.street.draw import TrueBox
from edge_agent.sim.street.script import StreetDay

# What the noisy truth sees: as a decent detector would.
LEAST_PX = 10  # at 640 px width
LEAST_VISIBLE = 350  # permille
MISSED = 0.05  # of the pictures, each thing by itself
JITTER = 0.03  # of a box's size, each side
SCORE, SCORE_SD = 0.8, 0.12


class Eyes(Protocol):
    """What a day needs of a detector."""

    @property
    def model_sha256(self) -> str:
        """Of the weights; something that is not empty."""

    def see(self, day: StreetDay, at: Ns, image: Image, crop: Crop) -> Sequence[Detection]:
        """What is in the picture of this instant, permille of the whole picture."""


class NetworkEyes:
    """The shipped way: the model on the cut-out."""

    def __init__(self, model: Path) -> None:
        """One thread, as on a box."""
        self._detector = Detector(detector_of(model, None))

    @property
    def model_sha256(self) -> str:
        """Of the model."""
        return self._detector.model_sha256

    def see(self, day: StreetDay, at: Ns, image: Image, crop: Crop) -> Sequence[Detection]:  # noqa: ARG002 - the network needs no truth
        """As `devices.scene` does."""
        return crop.back(self._detector.detect([crop.of(image)])[0], image)


class TrueEyes:
    """The renderer's own boxes: shaken, now and then missed, never seen where too little shows."""

    model_sha256 = "the truth, with noise"

    def see(self, day: StreetDay, at: Ns, image: Image, crop: Crop) -> Sequence[Detection]:  # noqa: ARG002 - the truth needs no picture
        """Same seed, same instant, same boxes."""
        return seen_of(day, at, [box for _, box in day.true_boxes(at)])


def seen_of(day: StreetDay, at: Ns, boxes: Iterable[TrueBox]) -> list[Detection]:
    """What a decent detector makes of an instant's true boxes, permille of the picture, surest first."""
    rng = stream(day.seed, "bench", "eyes", str(at // S))
    found = []
    for box in boxes:
        noise = rng.normal(0, 1, 5)
        missed = rng.random() < MISSED
        small = min(box.x_max - box.x_min, box.y_max - box.y_min) < LEAST_PX * day.scene.width / 640
        if not (missed or small or box.visible_permille < LEAST_VISIBLE):
            found.append(_shaken(box, day, noise))
    found.sort(key=lambda d: -d.score)
    return [d for d in found if d.x_min < d.x_max and d.y_min < d.y_max]


def _shaken(box: TrueBox, day: StreetDay, noise: npt.NDArray[np.float64]) -> Detection:
    wide, tall = box.x_max - box.x_min, box.y_max - box.y_min
    sides = np.array([box.x_min, box.y_min, box.x_max, box.y_max]) + noise[:4] * JITTER * np.array(
        [wide, tall, wide, tall]
    )
    sides *= 1000 / np.array([day.scene.width, day.scene.height] * 2)
    x0, y0, x1, y1 = (Permille(min(1000, max(0, round(side)))) for side in sides.tolist())
    score = min(0.99, max(0.2, SCORE + SCORE_SD * float(noise[4])))
    role = STREET_LABELS.get(box.label, "context" if box.label == "muck_truck_covered" else "evidence")
    return Detection(box.label, role, Permille(round(1000 * score)), x0, y0, x1, y1)
