"""The vehicle detector: a YOLO model in ONNX Runtime. The same picture gives the same boxes on one machine.

What it says is an event in the journal; a replay reads the boxes and never runs the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge_agent.core.records import Detection
from edge_agent.core.units import Permille
from edge_agent.devices.detector import boxes as geometry
from edge_agent.devices.detector.boxes import Fit, Floats, Image
from edge_agent.devices.detector.contract import (
    ClassMap,
    Contract,
    read_class_map,
    read_contract,
    read_model,
    refused,
)
from edge_agent.devices.detector.settings import DetectorSettings


class Detector:
    """A loaded model with its class map.

    Raises:
        ConfigError: the model or its map is missing, is another one than accepted, or cannot be driven.
    """

    def __init__(self, settings: DetectorSettings) -> None:
        path = Path(settings.model)
        self._settings = settings
        self._map: ClassMap = read_class_map(
            Path(settings.classes) if settings.classes else path.with_suffix(".yaml")
        )
        data, self._sha256 = read_model(path, settings.sha256 or self._map.sha256)
        self._session: Any = _session(path, data, settings.threads)
        self.contract: Contract = read_contract(
            path,
            self._session.get_modelmeta().custom_metadata_map,
            self._session.get_inputs(),
            self._session.get_outputs(),
        )
        unknown = sorted(set(self._map.classes) - set(self.contract.names))
        if unknown:
            raise refused(path, f"its class map names {', '.join(unknown)}, which the model does not know")

    @property
    def model_sha256(self) -> str:
        """Digest of the weights that run."""
        return self._sha256

    def detect(
        self, images: Sequence[Image], lane: Sequence[tuple[int, int]] = ()
    ) -> tuple[tuple[Detection, ...], ...]:
        """What is in each picture, surest first.

        Args:
            images: (h, w, 3) BGR each; sizes may differ.
            lane: polygon in permille of the picture; `in_lane` says whose footprint stands in it.
        """
        fitted = [geometry.letterbox(i, self.contract.width, self.contract.height) for i in images]
        found: list[tuple[Detection, ...]] = []
        step = self.contract.batch or max(1, len(images))
        for start in range(0, len(images), step):
            chunk = fitted[start : start + step]
            outputs = self._infer([planes for planes, _ in chunk])
            for output, (_, fit), image in zip(outputs, chunk, images[start : start + step], strict=False):
                found.append(self._detections(output, fit, image, lane))
        return tuple(found)

    def _infer(self, planes: list[Floats]) -> Any:
        """Network outputs, one a picture; a fixed batch is filled up with the last picture."""
        if not planes:
            return ()
        batch = self.contract.batch or len(planes)
        stack = np.stack([*planes, *[planes[-1]] * (batch - len(planes))])
        if self.contract.half:
            stack = stack.astype(np.float16)
        return np.asarray(self._session.run(None, {self.contract.input_name: stack})[0], np.float32)

    def _detections(
        self, output: Floats, fit: Fit, image: Image, lane: Sequence[tuple[int, int]]
    ) -> tuple[Detection, ...]:
        raw = self.contract.head == "raw"
        decode = geometry.decode_raw if raw else geometry.decode_end2end
        boxes, scores, classes = decode(output, self._settings.min_score)
        kept = geometry.suppress(
            boxes, scores, classes, self._settings.nms_iou, class_agnostic=self._settings.class_agnostic
        )
        out: list[Detection] = []
        height, width = image.shape[:2]
        for index in kept:
            number = int(classes[index])
            edges = geometry.to_permille(boxes[index], fit, width, height)
            if edges is None or not 0 <= number < len(self.contract.names):
                continue
            meaning = self._map.role_of(self.contract.names[number])
            if meaning.role == "ignore":
                continue
            out.append(
                Detection(
                    label=meaning.label,
                    role=meaning.role,
                    score=Permille(min(1000, int(scores[index] * 1000))),
                    x_min=Permille(edges[0]),
                    y_min=Permille(edges[1]),
                    x_max=Permille(edges[2]),
                    y_max=Permille(edges[3]),
                    in_lane=geometry.stands_in(lane, *edges),
                )
            )
        return tuple(out[: self._settings.max_detections])


def _session(path: Path, data: bytes, threads: int) -> Any:
    """An ONNX Runtime session from bytes: a model that refers to files beside it does not load."""
    import onnxruntime  # noqa: PLC0415 heavy: 40 MB, only where a model runs

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that spin between pictures would eat the core that reads the serial line.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as problem:  # the runtime's exceptions share no base class but Exception
        text = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise refused(path, f"not a model that ONNX Runtime can load: {text[:200]}") from problem
