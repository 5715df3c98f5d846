"""What is observed for a check, wherever it comes from: opened by the doctor, or tapped from the daemon.

A check is a pure function of these, so a test plants a fault by making one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edge_agent.core.events import RegistersRead
from edge_agent.core.records import Crossing
from edge_agent.taps import Matched

# How long a line is listened to and a camera is watched: every check asks for the same stretch, so that a
# device is opened once.
LISTEN_S = 10.0
WATCH_S = 6.0


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
    registers: tuple[RegistersRead, ...] = ()  # polls of a Modbus line, which has no bytes of its own


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
    decoded_by: str = "cpu"  # or the device that decodes, as the sampler names it
    sender_time: bool | None = None  # its sender reports state its clock; None: nobody looked
    sub: CameraSeen | None = None  # the sub-stream, where one is configured: pictures are analysed in it


class Eyes(Protocol):
    """Who can look at the box's devices."""

    def serial(self, port: str, seconds: float) -> SerialSeen:
        """Listen to a line for so long."""

    def serial_at(self, port: str, baud: int, seconds: float) -> SerialSeen | None:
        """The same at another rate; None where the daemon holds the line and it cannot be tried."""

    def camera(self, camera: str, seconds: float) -> CameraSeen:
        """Watch a camera for so long."""

    def crossings(self) -> Sequence[Crossing]:
        """Of late, newest last, as far as the daemon or its journal has them."""

    def matched(self) -> Sequence[Matched]:
        """Of late, newest last; empty where nobody knows."""
