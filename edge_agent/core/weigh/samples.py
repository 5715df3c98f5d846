"""What a protocol hands to the scale: blocks of samples, or a whole vehicle record.

NumPy lives in `core/weigh` only, on whole blocks of int64. No float decides anything here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from edge_agent.core.decisions import FaultKind
from edge_agent.core.records import Flag
from edge_agent.core.units import Grams, Mm, MmPerS, Ns

Int64 = npt.NDArray[np.int64]
UInt8 = npt.NDArray[np.uint8]


class Unit(StrEnum):
    """What the numbers in a block count."""

    GRAMS = "grams"  # an indicator already applied its calibration
    COUNTS = "counts"  # raw converter counts; the lane's calibration turns them into grams


# Bits of `Samples.status`, per sample and channel. A sample with any BAD bit has no value.
BAD_OVERLOAD = 1
BAD_UNDERLOAD = 2
BAD_FAULT = 4
INFO_STABLE = 16
INFO_MOTION = 32
INFO_NET = 64
INFO_GAP = 128  # samples are missing just before this one
BAD = BAD_OVERLOAD | BAD_UNDERLOAD | BAD_FAULT


@dataclass(frozen=True, slots=True)
class Samples:
    """A block of `n` samples of `c` channels, in order of time.

    at:     int64 (n,), monotonic ns of each sample, never decreasing within a port
    values: int64 (n, c), in `unit`; meaningless where `status & BAD`
    status: uint8 (n, c), bits above
    inputs: int64 (n,), digital inputs of the converter as a bit field, 0 where it has none
    """

    at: Int64
    values: Int64
    status: UInt8
    inputs: Int64
    unit: Unit

    def __post_init__(self) -> None:
        n, c = self.values.shape
        if self.at.shape != (n,) or self.status.shape != (n, c) or self.inputs.shape != (n,):
            raise ValueError(
                f"shapes differ: at {self.at.shape}, values {self.values.shape}, "
                f"status {self.status.shape}, inputs {self.inputs.shape}"
            )


@dataclass(frozen=True, slots=True)
class VehicleRecord:
    """One vehicle as a third party's weighing controller reported it."""

    at: Ns
    lane: str
    first_axle_at: Ns
    last_axle_at: Ns
    axle_loads: tuple[Grams, ...]
    axle_offsets: tuple[Mm, ...]  # distance behind the first axle, first is 0; empty when not sent
    gross: Grams
    speed: MmPerS | None
    flags: tuple[Flag, ...]
    record_id: str


@dataclass(frozen=True, slots=True)
class ProtocolFault:
    """Bytes that are not a frame, or a frame that must not be believed."""

    at: Ns
    kind: FaultKind
    detail: str
    count: int = 1


@dataclass(slots=True)
class Counters:
    """What a driver counts for `doctor` and the metrics."""

    frames: int = 0
    bad_checksum: int = 0
    bad_frame: int = 0
    resync_bytes: int = 0
    gaps: int = 0
    gap_ms_max: int = 0
    rate_mhz: int = 0  # effective frame rate, millihertz
