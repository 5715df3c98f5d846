"""The detector: pictures in, boxes with a meaning out.

What it says is an event in the journal; a replay reads the boxes and never runs the network.
"""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from edge_agent.core.records import Detection
from edge_agent.core.units import Permille
from edge_agent.devices.detector import boxes as geometry
from edge_agent.devices.detector.backend import Backend, Found
from edge_agent.devices.detector.boxes import Image
from edge_agent.devices.detector.class_map import ClassMap, read_class_map
from edge_agent.devices.detector.model_files import refused
from edge_agent.devices.detector.onnx_backend import OnnxBackend
from edge_agent.devices.detector.settings import DetectorSettings
from edge_agent.durations import Durations

BOUNDS_S = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12)


class Detector:
    """A loaded model with its class map.

    Raises:
        ConfigError: the model or its map is missing, is another one than accepted, or cannot be driven.
    """

    def __init__(self, settings: DetectorSettings) -> None:
        path = Path(settings.model)
        map_path = Path(settings.classes) if settings.classes else path.with_suffix(".yaml")
        self._map: ClassMap = read_class_map(map_path)
        self._most = settings.max_detections
        # The backend's scores are the network's own; what is said from here on is calibrated.
        own = settings.model_copy(update={"min_score": self._map.calibration.score(settings.min_score)})
        self._backend: Backend = _open(path, own, settings.sha256 or self._map.sha256)
        self.speed = Durations(BOUNDS_S)  # of one call, whatever the number of its pictures
        self._turn = threading.Lock()  # not every library lets two threads run one network at once
        self._least = Permille(0)  # beyond the settings' own threshold
        self._map.must_fit(map_path, self._backend.names)

    def surer(self, min_score: float) -> Self:
        """The same network in the same memory; boxes that it is less sure of are left out."""
        other = copy.copy(self)
        other._least = Permille(round(min_score * 1000))  # noqa: SLF001 - of its own kind
        return other

    @property
    def model_sha256(self) -> str:
        """Digest of the weights that run."""
        return self._backend.sha256

    @property
    def runtime(self) -> str:
        """What runs them, its version and the numbers it calculates in: "onnxruntime 1.32.0 f32"."""
        return self._backend.name

    @property
    def input_width(self) -> int:
        """Of the network's input, px; 0 where only its library knows: a picture need not show more."""
        return self._backend.width

    @property
    def names(self) -> tuple[str, ...]:
        """The model's own class names."""
        return self._backend.names

    @property
    def labels(self) -> frozenset[str]:
        """Project classes that it can report."""
        meanings = (self._map.role_of(name) for name in self.names)
        return frozenset(meaning.label for meaning in meanings if meaning.role != "ignore")

    def detect(
        self, images: Sequence[Image], lane: Sequence[tuple[int, int]] = ()
    ) -> tuple[tuple[Detection, ...], ...]:
        """What is in each picture, surest first.

        Args:
            images: (h, w, 3) BGR each; sizes may differ.
            lane: polygon in permille of the picture; `in_lane` says whose footprint stands in it.
        """
        with self._turn:
            began_s = time.perf_counter()
            found = self._backend.find(images)
            self.speed.add(time.perf_counter() - began_s)
        return tuple(self._meaning(f, image, lane) for f, image in zip(found, images, strict=True))

    def _meaning(self, found: Found, image: Image, lane: Sequence[tuple[int, int]]) -> tuple[Detection, ...]:
        out: list[Detection] = []
        height, width = image.shape[:2]
        for box, score, number in zip(found.boxes, found.scores, found.classes, strict=True):
            edges = geometry.to_permille(box, width, height)
            if edges is None or not 0 <= number < len(self.names):
                continue
            meaning = self._map.role_of(self.names[int(number)])
            share = int(self._map.calibration.share(score) * 1000)
            if meaning.role == "ignore" or share < self._least:
                continue
            out.append(
                Detection(
                    label=meaning.label,
                    role=meaning.role,
                    score=Permille(min(1000, share)),
                    x_min=Permille(edges[0]),
                    y_min=Permille(edges[1]),
                    x_max=Permille(edges[2]),
                    y_max=Permille(edges[3]),
                    in_lane=geometry.stands_in(lane, *edges),
                )
            )
        return tuple(out[: self._most])


def _open(path: Path, settings: DetectorSettings, expected_sha256: str) -> Backend:
    if settings.runtime == "ultralytics":
        from edge_agent.devices.detector.ultralytics_backend import (  # noqa: PLC0415 brings torch
            UltralyticsBackend,
        )

        return UltralyticsBackend(settings, expected_sha256)
    if path.suffix.lower() != ".onnx" and path.exists():
        raise refused(
            path,
            f"`runtime: {settings.runtime}` runs ONNX files only",
            "`edge-agent model export` makes one; or `runtime: ultralytics`, which needs the extra `train`",
        )
    return OnnxBackend(settings, expected_sha256)
