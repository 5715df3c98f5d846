"""The last seconds of a stream, still compressed: packets in the order in which they decode.

Nothing is decoded while the ring fills: a still is wanted around one vehicle in many, and decoding
all of a 4-megapixel stream costs about a core. What is dropped is dropped by whole groups of
pictures, so that the first packet is always a keyframe and everything in the ring can be decoded.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise

from edge_agent.core.units import MS, Ns, S

_REORDER = 16  # no codec in use reorders pictures further than this
OVERHEAD = 400  # bytes that Python keeps for one packet beside its payload; measured, rounded up


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What a decoder must know before the first packet."""

    codec: str
    extradata: bytes | None
    width: int
    height: int
    time_base: Fraction
    header: bytes  # an MP4 with this stream and no packets: what a clip is cut into; empty when impossible
    tag: str = ""  # the container's name for the codec: MPEG-4's decoder tells its encoder's ways by it


@dataclass(frozen=True, slots=True)
class StoredPacket:
    """One compressed picture. `shown` is its place on the stream's own time line, nanoseconds."""

    shown: int
    pts: int
    dts: int
    keyframe: bool
    data: bytes
    stream: StreamInfo


class Ring:
    """Packets of one stream, bounded in seconds and in bytes. Not locked: the camera's lock guards it."""

    def __init__(self, seconds: int, max_bytes: int) -> None:
        self._span = seconds * S
        self._max_bytes = max_bytes
        self._packets: deque[StoredPacket] = deque()
        self._keyframes: deque[int] = deque()  # `shown` of each keyframe held, oldest first
        self.bytes = 0
        self.dropped_for_size = 0  # groups that had to go before their time

    def __len__(self) -> int:
        return len(self._packets)

    def add(self, packet: StoredPacket) -> bool:
        """Take a packet in and drop what is too old or too much; False when it cannot be decoded."""
        if not self._packets and not packet.keyframe:
            return False  # nothing before the first keyframe can be decoded
        self._packets.append(packet)
        self.bytes += len(packet.data) + OVERHEAD
        if packet.keyframe:
            self._keyframes.append(packet.shown)
        while len(self._keyframes) > 1 and packet.shown - self._keyframes[1] >= self._span:
            self.drop_group()
        while self.bytes > self._max_bytes and self._packets:
            self.dropped_for_size += 1
            self.drop_group()
        return bool(self._packets)

    def drop_group(self) -> None:
        """Drop the oldest keyframe and all that decodes from it: up to the next keyframe."""
        self._keyframes.popleft()
        first = True
        while self._packets and (first or not self._packets[0].keyframe):
            self.bytes -= len(self._packets.popleft().data) + OVERHEAD
            first = False

    @property
    def newest(self) -> int | None:
        """The latest `shown` that is certain to have no earlier picture still on its way."""
        if not self._packets:
            return None
        recent = self._last(4 * _REORDER)
        high, behind = recent[0].shown, 0
        for packet in recent:
            behind = max(behind, high - packet.shown)  # it came after a picture that is shown later
            high = max(high, packet.shown)
        return high - behind

    def _last(self, count: int) -> list[StoredPacket]:
        return list(islice(reversed(self._packets), count))[::-1]

    @property
    def oldest_end(self) -> int | None:
        """`shown` up to which the oldest group of pictures reaches."""
        return self._keyframes[1] if len(self._keyframes) > 1 else self.newest

    @property
    def oldest(self) -> int | None:
        """`shown` of the first keyframe."""
        return self._packets[0].shown if self._packets else None

    @property
    def newest_keyframe(self) -> StoredPacket | None:
        """The last packet that can be decoded alone."""
        return next((packet for packet in reversed(self._packets) if packet.keyframe), None)

    def interval(self) -> int:
        """The usual time between two pictures: the median over the last ones."""
        shown = sorted(p.shown for p in self._last(32))
        gaps = sorted(b - a for a, b in pairwise(shown) if b > a)
        return gaps[len(gaps) // 2] if gaps else 40 * MS

    def nearest(self, shown: int) -> StoredPacket | None:
        """The packet whose picture is nearest in time; of two equally near the earlier."""
        return min(self._packets, key=lambda p: (abs(p.shown - shown), p.shown), default=None)

    def run_up_to(self, target: StoredPacket) -> tuple[StoredPacket, ...]:
        """All packets that must be decoded to see `target`, from a keyframe on, in decoding order.

        A picture that is shown before the keyframe it follows in the stream (the leading pictures of
        an open group) also needs the group before.
        """
        packets = list(self._packets)
        end = next(i for i, p in enumerate(packets) if p is target)
        start = end
        while start > 0 and not (packets[start].keyframe and packets[start].shown <= target.shown):
            start -= 1
        return tuple(packets[start : end + 1])

    def between(self, start: int, end: int) -> tuple[StoredPacket, ...]:
        """Packets from the last keyframe at or before `start` to the last picture at or before `end`."""
        packets = list(self._packets)
        first = max((i for i, p in enumerate(packets) if p.keyframe and p.shown <= start), default=0)
        last = max((i for i, p in enumerate(packets) if p.shown <= end), default=-1)
        return tuple(packets[first : last + 1])


def to_ns(ticks: int, time_base: Fraction) -> Ns:
    """Ticks of a stream's time base as nanoseconds, to the nearest.

    >>> to_ns(90_000, Fraction(1, 90_000))
    1000000000
    """
    return Ns(round(ticks * S * time_base))
