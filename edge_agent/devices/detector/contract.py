"""What an ONNX model says of itself, checked before use.

An Ultralytics export carries its class names, picture size, stride and task as ONNX metadata, written
as Python literals. A model file is somebody else's file: nothing in it is believed unchecked, and its
text is parsed as a literal, never run.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from edge_agent.devices.detector.model_files import refused

MAX_CLASSES = 1_000
MAX_TEXT = 100_000  # of one metadata value; 1,000 class names fit many times
MAX_SIDE = 4_096
END2END_COLUMNS = 6  # x0 y0 x1 y1 score class


@dataclass(frozen=True, slots=True)
class Contract:
    """A model's input and output, as its metadata and its shapes agree."""

    names: tuple[str, ...]
    width: int
    height: int
    head: Literal["raw", "end2end"]  # raw: 1x(4+nc)xN without NMS; end2end: 1xNx6 with NMS inside
    batch: int  # 0 = any
    input_name: str
    half: bool  # 16-bit input


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output as the file declares it; ONNX Runtime's own descriptions have the same fields."""

    name: str
    shape: tuple[int | str | None, ...]  # what is no number is free
    type: str  # tensor(float), tensor(float16), ...


def read_contract(path: Path, metadata: Mapping[str, str], inputs: Any, outputs: Any) -> Contract:
    """Check a loaded model against what this program can drive.

    Args:
        path: for messages.
        metadata: the model's own key-value pairs.
        inputs: descriptions of the inputs, see `Port`.
        outputs: of the outputs.

    Raises:
        ConfigError: it is no detection model of a supported form.
    """
    task = metadata.get("task", "detect")
    if task != "detect":
        raise refused(
            path, f"task is {task[:40]!r}; only detection models are supported", "export a detect model"
        )
    names = _names(path, metadata)
    if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].shape[1] != 3:
        raise refused(path, f"input is {[i.shape for i in inputs]}; one of Nx3xHxW is expected")
    if inputs[0].type not in ("tensor(float)", "tensor(float16)"):
        raise refused(path, f"input type {inputs[0].type} is not supported", "export with 32-bit input")
    batch, _, in_height, in_width = inputs[0].shape
    height, width = _size(path, metadata, in_height, in_width)
    if len(outputs) != 1 or len(outputs[0].shape) != 3:
        raise refused(path, f"outputs are {[o.shape for o in outputs]}; one of three dimensions is expected")
    rows, columns = outputs[0].shape[1:]
    # Boxes after NMS come as rows of six. Without it every column is a place in the picture, and even the
    # smallest picture has more places. (Metadata `end2end` says how it was done, not what comes out.)
    if columns == END2END_COLUMNS:
        head: Literal["raw", "end2end"] = "end2end"
    elif rows == 4 + len(names):
        head = "raw"
    else:
        raise refused(
            path, f"output is {outputs[0].shape}, which does not fit {len(names)} class names",
            f"expected 1x{4 + len(names)}xN, or 1xNx6 with NMS inside; try `edge-agent model export`",
        )  # fmt: skip
    return Contract(
        names=names,
        width=width,
        height=height,
        head=head,
        batch=batch if isinstance(batch, int) else 0,
        input_name=inputs[0].name,
        half=inputs[0].type == "tensor(float16)",
    )


def _literal(path: Path, metadata: Mapping[str, str], key: str) -> Any:
    text = metadata.get(key)
    if text is None:
        raise refused(path, f"its metadata has no {key!r}", "export it with Ultralytics, which writes it")
    if len(text) > MAX_TEXT:
        raise refused(path, f"its metadata {key!r} has {len(text)} characters")
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError) as problem:
        raise refused(path, f"its metadata {key!r} is no literal: {text[:60]!r}") from problem


def _names(path: Path, metadata: Mapping[str, str]) -> tuple[str, ...]:
    names = _literal(path, metadata, "names")
    if not isinstance(names, dict) or not 1 <= len(names) <= MAX_CLASSES:
        raise refused(path, f"its metadata 'names' must map 1 to {MAX_CLASSES} numbers to names")
    if set(names) != set(range(len(names))) or not all(
        isinstance(n, str) and len(n) <= 100 for n in names.values()
    ):
        raise refused(path, "its metadata 'names' must count from 0 without a gap, each a short text")
    return tuple(names[k] for k in range(len(names)))


def _size(path: Path, metadata: Mapping[str, str], in_height: object, in_width: object) -> tuple[int, int]:
    """The input's size: what its shape says, else what its metadata says; they must agree."""
    stated = _literal(path, metadata, "imgsz") if "imgsz" in metadata else None
    if stated is not None and not (
        isinstance(stated, list | tuple) and len(stated) == 2 and all(isinstance(v, int) for v in stated)
    ):
        raise refused(path, f"its metadata 'imgsz' is {str(stated)[:60]}; two numbers are expected")
    shape = (in_height, in_width)
    fixed = isinstance(in_height, int) and isinstance(in_width, int)
    size: tuple[int, int] | None = shape if fixed else stated  # type: ignore[assignment]  # just checked
    if size is None:
        raise refused(path, "neither its input nor its metadata says the picture size")
    if stated is not None and tuple(stated) != tuple(size):
        raise refused(path, f"its input is {shape}, its metadata says {stated}")
    height, width = size
    if not (32 <= height <= MAX_SIDE and 32 <= width <= MAX_SIDE):
        raise refused(path, f"picture size {height}x{width} is out of range")
    return height, width
