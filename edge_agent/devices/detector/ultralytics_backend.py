"""Any format that Ultralytics runs: `.pt`, OpenVINO, TensorRT, NCNN, RKNN folders and files.

It brings torch (several GB on the disk, 800 MB and more of memory), so it is only for what ONNX cannot do.
Some of these formats are programs: a `.pt` is a pickle, a TensorRT plan is machine code. So nothing is
loaded that was not accepted by its digest, and what is loaded is the copy that was hashed. Ultralytics is
kept from the network: no telemetry, no downloads, no packages installed on the way.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge_agent.devices.detector.backend import Found
from edge_agent.devices.detector.boxes import Image
from edge_agent.devices.detector.model_files import PrivateCopy, model_sha256, refused
from edge_agent.devices.detector.settings import DetectorSettings

# Read by Ultralytics when it is imported.
QUIET = {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false"}


class UltralyticsBackend:
    """A model in Ultralytics' own hands: its letterbox, its decoding, its non-maximum suppression.

    Raises:
        ConfigError: not installed, not pinned, another model than accepted, or not loadable.
    """

    def __init__(self, settings: DetectorSettings, expected_sha256: str) -> None:
        path = Path(settings.model)
        if not expected_sha256:
            raise refused(
                path,
                "a model that Ultralytics loads may be a program, so it runs only by its digest",
                f"if you trust where it is from: `sha256: {model_sha256(path)}` in its class map",
            )
        self._copy = PrivateCopy(path, expected_sha256)
        self._settings = settings
        self._one_at_a_time = threading.Lock()
        ultralytics = _quiet_ultralytics(path, self._copy.path.parent)
        try:
            self._model: Any = ultralytics.YOLO(str(self._copy.path), task="detect", verbose=False)
            # One run on grey makes it load now: a mistake is found at the start, not at the first picture.
            self.find([np.full((64, 64, 3), 114, np.uint8)])
            _set_threads(settings.threads)  # that first run set them to all cores
            names = self._model.predictor.model.names
            self.names: tuple[str, ...] = tuple(str(names[k]) for k in sorted(names))
        except Exception as problem:  # whatever the format's own library raises
            text = " ".join(str(problem).split()) or type(problem).__name__
            raise refused(
                path,
                f"Ultralytics cannot run it: {text[:200]}",
                "is the format's own library installed?",
            ) from problem
        self.name = f"ultralytics {ultralytics.__version__}"

    @property
    def width(self) -> int:
        """Not known: the library fits pictures by itself."""
        return 0

    @property
    def sha256(self) -> str:
        """Digest of the model that runs."""
        return self._copy.sha256

    def find(self, images: Sequence[Image]) -> list[Found]:
        """What is in each picture; see `Backend`."""
        s = self._settings
        found: list[Found] = []
        for start in range(0, len(images), s.batch):
            with self._one_at_a_time:
                results = self._model.predict(
                    list(images[start : start + s.batch]),
                    conf=s.min_score,
                    iou=s.nms_iou,
                    agnostic_nms=s.class_agnostic,
                    max_det=s.max_detections,
                    rect=False,
                    device=s.device or None,
                    verbose=False,
                    save=False,
                )
            found.extend(_found(result) for result in results)
        return found


def _found(result: Any) -> Found:
    boxes = result.boxes.cpu().numpy()
    return Found(
        np.asarray(boxes.xyxy, np.float32),
        np.asarray(boxes.conf, np.float32),
        np.asarray(boxes.cls, np.int64),
    )


def _set_threads(threads: int) -> None:
    import torch  # noqa: PLC0415 it is loaded by now

    torch.set_num_threads(threads)


def _quiet_ultralytics(path: Path, folder: Path) -> Any:
    os.environ.update(QUIET)
    os.environ.pop("ULTRALYTICS_API_KEY", None)
    os.environ.setdefault("YOLO_CONFIG_DIR", str(folder))
    try:
        import ultralytics  # noqa: PLC0415 heavy, and only where it is chosen
    except ImportError as problem:
        raise refused(
            path,
            "`runtime: ultralytics`, and Ultralytics is not installed",
            "pip install 'edge-agent[train]', or export the model to ONNX with `edge-agent model export`",
        ) from problem
    ultralytics.settings.update({"sync": False})
    return ultralytics
