"""What a human chose about the detector: which weights, how sure it must be."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from edge_agent.core.settings import Settings


class DetectorSettings(Settings):
    """A YOLO model, exported by Ultralytics."""

    model: Annotated[str, Field(min_length=1)]
    """Path of the .onnx file. Its class map lies beside it: the same name with .yaml."""
    runtime: Literal["auto", "onnxruntime", "openvino", "ultralytics"] = "auto"
    """auto: OpenVINO where it is installed and the processor calculates in bfloat16, else ONNX Runtime.
    ultralytics runs other formats than ONNX (.pt, TensorRT, NCNN, RKNN); it needs the extra `train` and a
    digest."""
    bfloat16: bool = True
    """OpenVINO may calculate in bfloat16: up to 1.7 times less CPU time, and scores move by 0.02 or so."""
    batch: Annotated[int, Field(ge=1, le=32)] = 1
    """Pictures in one run, where the model allows any number. More is hardly faster on a processor; on a GPU
    it is."""
    device: Annotated[str, Field(max_length=20)] = ""
    """Ultralytics only: cpu, 0 (the first GPU); empty: its own choice."""
    classes: str = ""
    """Path of the class map where it lies elsewhere."""
    sha256: str = ""
    """Digest of the model that was accepted; overrides the one in the class map."""
    threads: Annotated[int, Field(ge=1, le=64)] = 1
    """Cores that one picture may use."""
    min_score: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.35
    """Boxes that the model is less sure of are not reported. Where the class map has a `calibration`, sure
    means the share of such boxes that were right."""
    nms_iou: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.55
    """Of two boxes that overlap more than this the less sure one is dropped."""
    class_agnostic: bool = True
    """One thing is one box, even when the model calls it a truck and a bus."""
    max_detections: Annotated[int, Field(ge=1, le=1_000)] = 100
    """The surest so many of a picture are reported."""

    @field_validator("sha256")
    @classmethod
    def _is_a_digest(cls, value: str) -> str:
        if value and (len(value) != 64 or set(value) - set("0123456789abcdef")):
            raise ValueError("a SHA-256 is 64 lower-case hexadecimal digits")
        return value
