"""From a stream of bytes to frames of one weight each, for every protocol of short frames.

A protocol is one pure function `parse(buffer, start)`: what stands at `start`?

    None           not enough bytes to tell
    Frame          a whole frame: its length, value and status
    Reject         no frame starts here: drop so many bytes, for this reason
    Skip           something legitimate that is not for us, an echo for example

Garbage may come before, inside and after a frame. When a frame fails, the hunt restarts one byte
later, so a good frame inside a bad one is found. The result depends on the bytes, not on how the
reads cut them; only the times depend on the reads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from edge_agent.core.events import RegistersRead
from edge_agent.core.units import MS, Ns
from edge_agent.core.weigh.protocols.faults import FaultLog, Reason
from edge_agent.core.weigh.protocols.settings import TimedSettings
from edge_agent.core.weigh.protocols.timing import RateMeter, SampleClock, gap_after
from edge_agent.core.weigh.samples import (
    BAD_FAULT,
    INFO_GAP,
    Counters,
    ProtocolFault,
    Samples,
    Unit,
    VehicleRecord,
)

Output = tuple[Samples | VehicleRecord | ProtocolFault, ...]


class Decoder(Protocol):
    """What every protocol is to its users. Never raises, whatever comes in."""

    counters: Counters

    def feed(self, at: Ns, data: bytes) -> Output:
        """Bytes of one read; `at` is when the read returned the last of them."""
        ...

    def feed_registers(self, event: RegistersRead) -> Output:
        """One Modbus poll. Protocols of bytes ignore it."""
        ...

    def reset(self) -> None:
        """The line was closed: half a frame of before must not meet half a frame of after."""
        ...


class Frame(NamedTuple):
    """A whole frame. With a `reason`, its status is BAD and a fault is told as well."""

    length: int
    value: int
    status: int = 0
    reason: Reason | None = None


class Reject(NamedTuple):
    """No frame here: drop `drop` bytes."""

    drop: int
    reason: Reason


class Skip(NamedTuple):
    """Not for us, and nothing wrong with it."""

    drop: int


Parsed = Frame | Reject | Skip | None
Parse = Callable[[bytes, int], Parsed]


def unusable(length: int, reason: Reason) -> Frame:
    """A frame that arrived whole but whose value must not be used."""
    return Frame(length, 0, BAD_FAULT, reason)


def hunt(buffer: bytes, start: int, first: bytes) -> Reject:
    """Nothing starts at `start`: go to the next byte that is one of `first`, or to the end."""
    found = [i for i in (buffer.find(byte, start + 1) for byte in first) if i >= 0]
    return Reject(min(found, default=len(buffer)) - start, Reason.NOISE)


def fixed_frames(first: bytes, length: int, read: Callable[[bytes], Frame | Reject]) -> Parse:
    """Frames of one length that begin with one of the bytes `first`; `read` judges a whole one."""

    def parse(buffer: bytes, start: int) -> Parsed:
        if buffer[start] not in first:
            return hunt(buffer, start, first)
        frame = buffer[start : start + length]
        return read(frame) if len(frame) == length else None

    return parse


# Longer than the longest frame here takes at the slowest line (22 bytes at 600 baud: 0.37 s).
CUT_NS = 500 * MS


class FrameDecoder:
    """Runs a `parse` function over a stream, keeps the counters and puts the frames in time."""

    def __init__(
        self,
        parse: Parse,
        frame_length: int,
        settings: TimedSettings,
        *,
        char_ns: int = 0,
        unit: Unit = Unit.GRAMS,
        max_abs: int | None = None,
        longest_wait: int | None = None,
        forget: Callable[[], None] | None = None,
    ) -> None:
        """For parsers that are more than one frame.

        `max_abs` bounds values; `longest_wait` is how many bytes `parse` may ask for (default: a frame);
        `forget` tells a parser with a memory that the line was closed.
        """
        self.counters = Counters()
        self._parse = parse
        self._frame_length = frame_length
        self._char_ns = char_ns
        self._unit = unit
        self._max_abs = max_abs
        self._longest_wait = longest_wait or frame_length
        self._forget = forget
        self._clock = SampleClock(settings.period_ns, gap_after(settings.period_ns, settings.gap_ms))
        self._rate = RateMeter(self.counters)
        self._faults = FaultLog()
        self._before = b""  # the byte before the tail: some protocols ask what precedes a frame
        self._tail = b""
        self._last_at = Ns(0)
        self._skipped = 0  # bytes dropped since the last good frame
        # Bytes whose loss is accounted for: the rest of a rejected frame, or of the one we joined in.
        self._excused = frame_length
        self._gap_before = False  # the line was closed since the last frame

    def feed_registers(self, event: RegistersRead) -> Output:
        """A byte protocol has no registers."""
        del event
        return ()

    def reset(self) -> None:
        """Forget half a frame; what comes next may start in the middle of another."""
        self._before, self._tail = b"", b""
        self._skipped, self._excused = 0, self._frame_length
        self._gap_before = bool(self.counters.frames)
        self._clock.restart()
        if self._forget is not None:
            self._forget()

    def feed(self, at: Ns, data: bytes) -> Output:
        """Samples first, then the faults, at most one a reason."""
        at = max(at, self._last_at)
        if self._tail and at - self._last_at > CUT_NS:
            self._drop_tail()
        self._last_at = at
        frames, starts, lost, size = self._split(data)
        if not frames:
            return self._faults.take(at)
        raw = [at - (size - start) * self._char_ns for start in starts]
        samples = self._samples(frames, raw, lost)
        self._rate.count(at, len(frames))
        return (samples, *self._faults.take(at))

    def _drop_tail(self) -> None:
        self.counters.resync_bytes += len(self._tail)
        self._skipped += len(self._tail)
        self._faults.add(Reason.CUT)
        self._before, self._tail = self._tail[-1:], b""

    def _split(self, data: bytes) -> tuple[list[Frame], list[int], list[int], int]:
        """Frames, where each starts, how many bytes were dropped before each; bytes looked at in all."""
        buffer = self._before + self._tail + data
        position, size = len(self._before), len(buffer)
        frames: list[Frame] = []
        starts: list[int] = []
        lost: list[int] = []
        parse = self._parse
        while position < size:
            found = parse(buffer, position)
            if found is None:
                if size - position < self._longest_wait:
                    break
                found = Reject(1, Reason.SHAPE)  # a parser that never makes up its mind
            if isinstance(found, Frame):
                frames.append(found)
                starts.append(position)
                lost.append(self._skipped)
                self._skipped = self._excused = 0
                position += found.length
            elif isinstance(found, Skip):
                position += found.drop
            else:
                self._reject(found)
                position += found.drop
        self._before = buffer[position - 1 : position] if position else b""
        self._tail = buffer[position:]
        return frames, starts, lost, size

    def _reject(self, found: Reject) -> None:
        self.counters.resync_bytes += found.drop
        self._skipped += found.drop
        if found.reason is Reason.NOISE:
            excused = min(found.drop, self._excused)
            self._excused -= excused
            if found.drop > excused:
                self._faults.add(Reason.NOISE, found.drop - excused)
            return
        if found.reason is Reason.CHECKSUM:
            self.counters.bad_checksum += 1
        else:
            self.counters.bad_frame += 1
        self._faults.add(found.reason)
        self._excused = self._frame_length

    def _samples(self, frames: list[Frame], raw: list[int], skipped: list[int]) -> Samples:
        values = np.zeros(len(frames), dtype=np.int64)
        status = np.zeros(len(frames), dtype=np.uint8)
        for i, frame in enumerate(frames):
            frame = self._within_range(frame)
            values[i], status[i] = frame.value, frame.status
            if frame.reason is not None:
                self._faults.add(frame.reason)
            # Half a frame or more is gone: a sample is missing here. Before the first ever, none is.
            if self._gap_before or (2 * skipped[i] >= self._frame_length and self.counters.frames):
                status[i] |= INFO_GAP
                self.counters.gaps += 1
            self._gap_before = False
            self.counters.frames += 1
        lost = [-(-s // self._frame_length) for s in skipped]
        at, gap = self._clock.place(np.array(raw, dtype=np.int64), self._clock.steps(raw, lost))
        if gap:
            self.counters.gap_ms_max = max(self.counters.gap_ms_max, gap // MS)
            if not status[0] & INFO_GAP:
                status[0] |= INFO_GAP
                self.counters.gaps += 1
        return Samples(
            at, values[:, None], status[:, None], np.zeros(len(frames), dtype=np.int64), self._unit
        )

    def _within_range(self, frame: Frame) -> Frame:
        if self._max_abs is not None and abs(frame.value) > self._max_abs:
            return unusable(frame.length, Reason.OUT_OF_RANGE)
        return frame
