"""The converter's side of docs/protocols/adc-stream.md."""

from __future__ import annotations

import struct
import zlib

import numpy as np

from edge_agent.core.weigh.protocols.settings import AdcSettings
from edge_agent.core.weigh.samples import BAD_OVERLOAD, Int64, UInt8

INT32 = np.iinfo(np.int32)


class AdcEncoder:
    """Gathers samples into frames; a frame leaves when it is full."""

    def __init__(self, settings: AdcSettings, *, sequence: int = 0) -> None:
        self._settings = settings
        self._sequence = sequence
        self._values: Int64 = np.zeros((0, settings.channels), dtype=np.int64)
        self._status: UInt8 = np.zeros((0, settings.channels), dtype=np.uint8)
        self._inputs: Int64 = np.zeros(0, dtype=np.int64)

    def encode(self, at_ns: int, values: Int64, status: UInt8, inputs: Int64) -> bytes:
        """Frames that became full; `at_ns` does not matter, the sequence number tells the time.

        Values beyond 32 bits are clipped and flagged as saturated. A frame's inputs are the OR over its
        samples, so a short pulse of a loop is not lost.
        """
        del at_ns
        self._values = np.concatenate([self._values, values])
        self._status = np.concatenate([self._status, status])
        self._inputs = np.concatenate([self._inputs, inputs])
        size = self._settings.samples_per_frame
        count = len(self._values) // size
        frames = [self._frame(slice(i * size, (i + 1) * size)) for i in range(count)]
        self._values = self._values[count * size :]
        self._status = self._status[count * size :]
        self._inputs = self._inputs[count * size :]
        return b"".join(frames)

    def skip_frame(self) -> None:
        """Lose a frame: the next one's sequence number is one further."""
        self._sequence = (self._sequence + 1) & 0xFFFF_FFFF

    def _frame(self, rows: slice) -> bytes:
        values = self._values[rows]
        over = (values < INT32.min) | (values > INT32.max) | ((self._status[rows] & BAD_OVERLOAD) != 0)
        saturated = 0
        if over.any():
            saturated = int((over.any(axis=0) * (1 << np.arange(values.shape[1]))).sum())
            values = values.clip(INT32.min, INT32.max)
        head = struct.pack(
            "<2sBBHHIIHH",
            b"\xa5\x5a",
            1,
            self._settings.channels,
            self._settings.samples_per_frame,
            int(np.bitwise_or.reduce(self._inputs[rows])) & 0xFFFF,
            self._sequence,
            self._settings.period_ns,
            saturated,
            0,
        )
        body = head + values.astype("<i4").tobytes()
        self.skip_frame()
        return body + struct.pack("<I", zlib.crc32(body))
