"""Metadata of an ONNX file without a library: OpenVINO runs the network but does not hand its metadata on.

    ModelProto: ... field 14, once for each pair: StringStringEntryProto { 1: key, 2: value }

Protocol Buffers: every field is a varint `number << 3 | wire type`, then its value; fields of no interest
(the weights among them) are skipped by their length.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge_agent.devices.detector.model_files import refused

_METADATA_PROPS = 14
_KEY, _VALUE = 1, 2
_FIXED = {1: 8, 5: 4}  # wire type: bytes


class _Torn(ValueError):
    """The bytes end in the middle of a field, or are no fields."""


def read_metadata(path: Path, data: bytes) -> dict[str, str]:
    """The model's key-value pairs; of a key that comes twice, the last.

    Raises:
        ConfigError: the bytes are no ONNX file.
    """
    out: dict[str, str] = {}
    try:
        for number, value in _fields(memoryview(data)):
            if number == _METADATA_PROPS and isinstance(value, memoryview):
                pair = {n: bytes(v) for n, v in _fields(value) if isinstance(v, memoryview)}
                out[pair.get(_KEY, b"").decode()] = pair.get(_VALUE, b"").decode()
    except ValueError as problem:
        raise refused(path, f"not an ONNX file: {problem}", "install it again") from problem
    return out


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        value: int | memoryview
        if wire == 0:
            value, at = _varint(data, at)
        elif wire == 2:
            length, at = _varint(data, at)
            value, at = _take(data, at, length)
        elif wire in _FIXED:
            value, at = _take(data, at, _FIXED[wire])
        else:
            raise _Torn(f"wire type {wire} at byte {at}")
        yield number, value


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise _Torn("it ends in the middle of a number")
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise _Torn(f"a number without an end at byte {at}")


def _take(data: memoryview, at: int, length: int) -> tuple[memoryview, int]:
    if length > len(data) - at:
        raise _Torn("it ends in the middle of a field")
    return data[at : at + length], at + length
