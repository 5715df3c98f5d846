"""Our own binary stream of a multi-channel converter. Byte by byte in docs/protocols/adc-stream.md.

    [A5 5A] [version] [channels] [samples: u16] [inputs: u16] [sequence: u32] [period: u32, ns]
    [saturated: u16] [flags: u16] [int32 × samples × channels] [CRC-32 of all before]

Little endian. Channels, samples and period must be as configured, so every frame has the same
known length: a damaged length can never make the decoder wait for bytes that will not come.
The sequence number drives the clock, so a lost frame leaves a hole of the right size.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

import numpy as np

from edge_agent.core.events import RegistersRead
from edge_agent.core.units import MS, Ns
from edge_agent.core.weigh.protocols.faults import FaultLog, Reason
from edge_agent.core.weigh.protocols.framing import Output
from edge_agent.core.weigh.protocols.settings import AdcSettings
from edge_agent.core.weigh.protocols.timing import RateMeter, SampleClock, gap_after
from edge_agent.core.weigh.samples import BAD_OVERLOAD, INFO_GAP, Counters, Int64, Samples, UInt8, Unit

SYNC = b"\xa5\x5a"
VERSION = 1
HEADER = struct.Struct("<2sBBHHIIHH")
CRC_BYTES = 4
CRC_OF_WHOLE = 0x2144DF1C  # CRC-32 of anything with its own CRC-32, little endian, behind it
FLAG_OVERRUN = 1  # the device dropped samples of its own before this frame

# A sequence that jumps further is a device that started afresh, not one that lost frames.
MOST_LOST_NS = 10_000 * MS


class _Head(NamedTuple):
    """What varies from frame to frame; all integers, so that many of them make an array."""

    start: int  # in the buffer
    steps: int  # frame periods since the frame before
    inputs: int
    gap: bool
    saturated: int


class AdcDecoder:
    """Frames of a known length, decoded a read at a time with NumPy."""

    def __init__(self, settings: AdcSettings, *, char_ns: int = 0) -> None:
        self.counters = Counters()
        self._channels = settings.channels
        self._samples = settings.samples_per_frame
        self._period = settings.period_ns
        self._frame_ns = self._samples * self._period
        self._length = HEADER.size + 4 * self._samples * self._channels + CRC_BYTES
        self._prefix = SYNC + struct.pack("<BBH", VERSION, self._channels, self._samples)
        self._char_ns = char_ns
        self._unit = Unit(settings.unit)
        self._clock = SampleClock(self._frame_ns, gap_after(self._frame_ns, settings.gap_ms))
        self._rate = RateMeter(self.counters)
        self._faults = FaultLog()
        self._tail = b""
        self._last_at = Ns(0)
        self._sequence: int | None = None
        self._excused = self._length  # bytes whose loss is accounted for, or of the frame we joined in
        # Age of each sample when its frame began to be sent: the last was just taken.
        self._ages = np.arange(self._samples - 1, -1, -1, dtype=np.int64) * self._period
        self._given = 0  # last time handed out
        self._channel_bits = 1 << np.arange(self._channels, dtype=np.int64)

    def feed_registers(self, event: RegistersRead) -> Output:
        """A byte protocol has no registers."""
        del event
        return ()

    def reset(self) -> None:
        """The line was closed; the sequence number will tell what is missing."""
        self._tail = b""
        self._excused = self._length
        self._clock.restart()

    def feed(self, at: Ns, data: bytes) -> Output:
        """Samples first, then the faults, at most one a reason."""
        at = self._last_at = max(at, self._last_at)
        buffer = self._tail + data
        heads, end = self._find(buffer)
        self._tail = buffer[end:]
        if not heads:
            return self._faults.take(at)
        samples = self._decode(at, buffer, heads)
        self._rate.count(at, len(heads))
        return (samples, *self._faults.take(at))

    def _find(self, buffer: bytes) -> tuple[list[_Head], int]:
        """Every good frame, and where the first unfinished one begins."""
        heads: list[_Head] = []
        start, last = 0, len(buffer) - self._length
        while start <= last:
            if not buffer.startswith(self._prefix, start):
                if buffer.startswith(SYNC + bytes([VERSION]), start):
                    self._reject(Reason.LAYOUT)
                start = self._hunt(buffer, start)
                continue
            end = start + self._length
            if zlib.crc32(buffer[start:end]) != CRC_OF_WHOLE:
                self._reject(Reason.CHECKSUM)
                start = self._hunt(buffer, start)
                continue
            head = self._head(buffer, start)
            if head is not None:
                heads.append(head)
            self._excused = 0
            start = end
        return heads, start

    def _head(self, buffer: bytes, start: int) -> _Head | None:
        """The header of a frame whose CRC is right; None when the frame is not to be used."""
        _, _, _, _, inputs, sequence, period, saturated, flags = HEADER.unpack_from(buffer, start)
        if period != self._period:
            self._reject(Reason.LAYOUT)
            return None
        steps, gap = 1, bool(flags & FLAG_OVERRUN)
        if gap:
            self._faults.add(Reason.OVERRUN)
        if self._sequence is not None:
            steps = (sequence - self._sequence) & 0xFFFF_FFFF
            if steps == 0:
                self._reject(Reason.REPEATED)
                return None
            if steps * self._frame_ns > MOST_LOST_NS:
                self._faults.add(Reason.RESTARTED)
                steps, gap = 1, True
        self._sequence = sequence
        if steps > 1:
            gap = True
            self.counters.gap_ms_max = max(self.counters.gap_ms_max, (steps - 1) * self._frame_ns // MS)
        self.counters.frames += 1
        self.counters.gaps += gap
        return _Head(start, steps, inputs, gap, saturated)

    def _hunt(self, buffer: bytes, start: int) -> int:
        """To the next sync, or to the end but for a last byte that may begin one."""
        found = buffer.find(SYNC, start + 1)
        if found < 0:
            found = len(buffer) - buffer.endswith(SYNC[:1])
        dropped = max(found, start + 1) - start
        self.counters.resync_bytes += dropped
        excused = min(dropped, self._excused)
        self._excused -= excused
        if dropped > excused:
            self._faults.add(Reason.NOISE, dropped - excused)
        return start + dropped

    def _reject(self, reason: Reason) -> None:
        if reason is Reason.CHECKSUM:
            self.counters.bad_checksum += 1
        else:
            self.counters.bad_frame += 1
        self._faults.add(reason)
        self._excused = self._length

    def _decode(self, at: Ns, buffer: bytes, heads: list[_Head]) -> Samples:
        """Frames to one block."""
        rows = len(heads) * self._samples
        body, crc = HEADER.size, self._length - CRC_BYTES
        data = b"".join([buffer[head.start + body : head.start + crc] for head in heads])
        start, steps, inputs, gap, saturated = np.array(heads, dtype=np.int64).T
        times, _ = self._clock.place(at - (len(buffer) - start) * self._char_ns, steps)
        return Samples(
            at=self._never_back((times[:, None] - self._ages).reshape(rows)),
            values=np.frombuffer(data, dtype="<i4").astype(np.int64).reshape(rows, self._channels),
            status=self._status(gap, saturated).reshape(rows, self._channels),
            inputs=inputs.repeat(self._samples),
            unit=self._unit,
        )

    def _status(self, gap: Int64, saturated: Int64) -> UInt8:
        """(frames, samples, channels). Saturation is told for a frame; a gap is before its first sample."""
        status = np.zeros((gap.size, self._samples, self._channels), dtype=np.uint8)
        if saturated.any():
            hit = (saturated[:, None] & self._channel_bits) != 0
            status |= (hit * np.uint8(BAD_OVERLOAD))[:, None, :]
        if gap.any():
            status[gap != 0, 0, :] |= np.uint8(INFO_GAP)
        return status

    def _never_back(self, times: Int64) -> Int64:
        """A clock that moved back may make two frames overlap: squeeze them."""
        times = np.maximum(np.maximum.accumulate(times), self._given)
        self._given = int(times[-1])
        return times
