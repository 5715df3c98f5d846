"""What a model says of itself, and what our files say of the model; both are checked before use.

An Ultralytics export carries its class names, picture size, stride and task as ONNX metadata, written
as Python literals. A model file is somebody else's file: nothing in it is believed unchecked, and its
text is parsed as a literal, never run.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from edge_agent.errors import ConfigError, Problem

MAX_CLASSES = 1_000
MAX_TEXT = 100_000  # of one metadata value; 1,000 class names fit many times
MAX_SIDE = 4_096
MAX_MODEL_BYTES = 500_000_000
ROLES = ("evidence", "context", "ignore")


@dataclass(frozen=True, slots=True)
class ClassRole:
    """What one of the model's classes is called here and what it counts for."""

    label: str
    role: str


@dataclass(frozen=True, slots=True)
class ClassMap:
    """The file beside a model: its digest and what its classes mean."""

    sha256: str
    classes: Mapping[str, ClassRole]

    def role_of(self, name: str) -> ClassRole:
        """A class that the map does not name is ignored."""
        return self.classes.get(name, ClassRole(name, "ignore"))


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


def refused(path: Path, reason: str, suggestion: str = "") -> ConfigError:
    """The model or its map cannot be used; who wrote the configuration must act."""
    return ConfigError((Problem(str(path), 0, "", reason, suggestion),))


def read_model(path: Path, expected_sha256: str) -> tuple[bytes, str]:
    """The file's bytes and digest. The bytes that were hashed are the bytes that will run.

    Raises:
        ConfigError: it is missing, too large, or not the file that was accepted.
    """
    try:
        size = path.stat().st_size
        if size > MAX_MODEL_BYTES:
            raise refused(path, f"{size} bytes; models over {MAX_MODEL_BYTES} are not loaded")
        data = path.read_bytes()
    except OSError as problem:
        raise refused(path, f"the model cannot be read: {problem.strerror}") from problem
    digest = hashlib.sha256(data).hexdigest()
    if expected_sha256 and digest != expected_sha256:
        raise refused(
            path,
            f"SHA-256 is {digest}, accepted was {expected_sha256}: this is another model",
            "put the accepted file back, or accept this one by writing its digest into the class map",
        )
    return data, digest


def read_class_map(path: Path) -> ClassMap:
    """The YAML file beside a model.

    Raises:
        ConfigError: with every problem in the file.
    """
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise refused(
            path, f"no class map: {problem.strerror}", "every model needs one; see docs/cameras.md"
        ) from problem
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise refused(path, f"not YAML: {problem}") from problem
    problems: list[Problem] = []

    def wrong(key: str, reason: str) -> None:
        problems.append(Problem(str(path), 0, key, reason))

    if not isinstance(tree, dict) or not isinstance(tree.get("classes"), dict):
        raise refused(path, "needs a mapping `classes` of the model's class names")
    classes: dict[str, ClassRole] = {}
    for name, entry in tree["classes"].items():
        if not isinstance(entry, dict) or not isinstance(entry.get("label"), str):
            wrong(f"classes.{name}", "needs a `label` and a `role`")
        elif entry.get("role") not in ROLES:
            wrong(f"classes.{name}.role", f"is {entry.get('role')!r}; must be one of {', '.join(ROLES)}")
        else:
            classes[str(name)] = ClassRole(entry["label"], entry["role"])
    sha256 = tree.get("sha256", "")
    if not isinstance(sha256, str) or (sha256 and len(sha256) != 64):
        wrong("sha256", "must be 64 hexadecimal digits")
    if problems:
        raise ConfigError(tuple(problems))
    return ClassMap(sha256, classes)


def read_contract(path: Path, metadata: Mapping[str, str], inputs: Any, outputs: Any) -> Contract:
    """Check a loaded model against what this program can drive.

    Args:
        path: for messages.
        metadata: the model's own key-value pairs.
        inputs: ONNX Runtime's descriptions of the inputs (name, shape, type).
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
    if columns == 6 and metadata.get("end2end", "").lower() in ("true", "1", ""):
        head: Literal["raw", "end2end"] = "end2end"
    elif rows == 4 + len(names):
        head = "raw"
    else:
        raise refused(
            path, f"output is {outputs[0].shape}, which does not fit {len(names)} class names",
            f"expected 1x{4 + len(names)}xN, or 1xNx6 with NMS inside",
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
