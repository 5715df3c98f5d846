"""What is observed for a check, wherever it comes from: opened by the doctor, or tapped from the daemon.

A check is a pure function of these, so a test plants a fault by making one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Chunk:
    """One read of a serial line."""

    at_ns: int  # monotonic, when the read returned
    data: bytes


@dataclass(frozen=True, slots=True)
class SerialSeen:
    """A stretch of a serial line.

    `problem` is empty when the line could be read: else why not, as the system says it.
    """

    chunks: tuple[Chunk, ...]
    seconds: float
    baud: int  # as configured
    problem: str = ""
    held_by_daemon: bool = False


@dataclass(frozen=True, slots=True)
class CameraSeen:
    """A camera's stream and some of its pictures.

    `problem` is empty when pictures came: else why none did.
    """

    problem: str = ""
    codec: str = ""
    width: int = 0
    height: int = 0
    frames_per_s: float = 0.0
    keyframe_interval_s: float | None = None  # None: only one keyframe was seen
    decode_ms: float = 0.0  # CPU milliseconds a picture, this machine
    pictures: tuple[npt.NDArray[np.uint8], ...] = ()  # BGR, full resolution, over the stretch


class Eyes(Protocol):
    """Who can look at the box's devices."""

    def serial(self, port: str, seconds: float) -> SerialSeen:
        """Listen to a line for so long."""

    def serial_at(self, port: str, baud: int, seconds: float) -> SerialSeen | None:
        """The same at another rate; None where the daemon holds the line and it cannot be tried."""

    def camera(self, camera: str, seconds: float) -> CameraSeen:
        """Watch a camera for so long."""

    def crossings(self) -> Sequence[object]:
        """`core.records.Crossing` of late, newest last, as far as the daemon or its journal has them."""
