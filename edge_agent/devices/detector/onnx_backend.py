"""An Ultralytics export in ONNX: letterbox, network, boxes.

The same picture gives the same boxes on one machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edge_agent.devices.detector import boxes as geometry
from edge_agent.devices.detector.backend import Found
from edge_agent.devices.detector.boxes import Fit, Floats, Image
from edge_agent.devices.detector.contract import Contract, read_contract
from edge_agent.devices.detector.model_files import read_model
from edge_agent.devices.detector.networks import open_network
from edge_agent.devices.detector.settings import DetectorSettings


class OnnxBackend:
    """A network with its pre- and postprocessing.

    Raises:
        ConfigError: the model is missing, another one than accepted, or cannot be driven.
    """

    def __init__(self, settings: DetectorSettings, expected_sha256: str) -> None:
        path = Path(settings.model)
        data, self.sha256 = read_model(path, expected_sha256)
        self._settings = settings
        self._network = open_network(
            path, data, settings.runtime, settings.threads, bfloat16=settings.bfloat16
        )
        self.contract: Contract = read_contract(
            path, self._network.metadata, self._network.inputs, self._network.outputs
        )

    @property
    def name(self) -> str:
        """Library, version, numbers."""
        return self._network.name

    @property
    def names(self) -> tuple[str, ...]:
        """The model's class names."""
        return self.contract.names

    @property
    def width(self) -> int:
        """Of the network's input, px."""
        return self.contract.width

    def find(self, images: Sequence[Image]) -> list[Found]:
        """What is in each picture; see `Backend`."""
        found: list[Found] = []
        step = self.contract.batch or self._settings.batch
        for start in range(0, len(images), step):
            fitted = [
                geometry.letterbox(image, self.contract.width, self.contract.height)
                for image in images[start : start + step]
            ]
            outputs = self._infer([planes for planes, _ in fitted])
            found.extend(self._found(output, fit) for output, (_, fit) in zip(outputs, fitted, strict=False))
        return found

    def _infer(self, planes: list[Floats]) -> Floats:
        """Network outputs, one a picture; a fixed batch is filled up with the last picture."""
        missing = (self.contract.batch or len(planes)) - len(planes)
        stack = np.stack([*planes, *[planes[-1]] * missing])
        return self._network.run(stack.astype(np.float16) if self.contract.half else stack)

    def _found(self, output: Floats, fit: Fit) -> Found:
        decode = geometry.decode_raw if self.contract.head == "raw" else geometry.decode_end2end
        boxes, scores, classes = decode(output, self._settings.min_score)
        kept = geometry.suppress(
            boxes, scores, classes, self._settings.nms_iou, class_agnostic=self._settings.class_agnostic
        )
        return Found(geometry.to_picture(boxes[kept], fit), scores[kept], classes[kept])
