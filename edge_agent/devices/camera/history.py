"""What a camera sent lately, over reconnects and changes of resolution: one segment after the other.

A segment is one stream of one connection: its packets (a ring), and where its time line lies on the
box's clock. A camera that was away has not lost the seconds before: they stay until they are too old
or the bytes are needed. Packets of different segments never meet in one decoder.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from edge_agent.core.units import Ns, S
from edge_agent.devices.camera.ring import Ring, StoredPacket, StreamInfo
from edge_agent.devices.camera.timeline import Timeline

# A camera that changes its resolution with every keyframe must not fill the memory with headers.
MOST_SEGMENTS = 32


@dataclass(frozen=True, slots=True)
class Segment:
    """Packets that decode together and share a time line."""

    info: StreamInfo
    timeline: Timeline
    ring: Ring

    def captured(self, shown: int) -> Ns:
        """When the picture at this place of the time line was taken."""
        return Ns(shown + (self.timeline.offset or 0))

    @property
    def oldest(self) -> Ns | None:
        """When the first picture held was taken."""
        return None if self.ring.oldest is None else self.captured(self.ring.oldest)

    @property
    def newest(self) -> Ns | None:
        """When the last picture was taken that is certain to have no earlier one on its way."""
        return None if self.ring.newest is None else self.captured(self.ring.newest)


@dataclass(frozen=True, slots=True)
class Found:
    """The picture nearest to an instant, and all packets that must be decoded to see it."""

    packet: StoredPacket
    run: tuple[StoredPacket, ...]
    captured_at: Ns
    uncertainty: Ns


class History:
    """Segments, oldest first, bounded in seconds and bytes together. Not locked."""

    def __init__(self, seconds: int, max_bytes: int) -> None:
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._segments: deque[Segment] = deque()

    def begin(self, info: StreamInfo, timeline: Timeline) -> None:
        """From now on packets are of this stream."""
        if self._segments and not len(self._segments[-1].ring):
            self._segments.pop()
        self._segments.append(Segment(info, timeline, Ring(self._seconds, self._max_bytes)))
        while len(self._segments) > MOST_SEGMENTS:
            self._segments.popleft()

    def add(self, packet: StoredPacket) -> bool:
        """Take in a packet of the segment begun last; False when nothing before it lets it be decoded."""
        current = self._segments[-1]
        taken = current.ring.add(packet)
        now = current.captured(packet.shown)
        while len(self._segments) > 1 and (self.bytes > self._max_bytes or self._too_old(now)):
            self._segments[0].ring.drop_group()
            if not len(self._segments[0].ring):
                self._segments.popleft()
        return taken

    def _too_old(self, now: Ns) -> bool:
        first = self._segments[0]
        end = first.ring.oldest_end
        return end is None or now - first.captured(end) >= self._seconds * S

    @property
    def current(self) -> Segment | None:
        """The segment that packets go into."""
        return self._segments[-1] if self._segments else None

    @property
    def bytes(self) -> int:
        """All that is held."""
        return sum(segment.ring.bytes for segment in self._segments)

    @property
    def oldest(self) -> Ns | None:
        """When the first picture held was taken."""
        return min((s.oldest for s in self._segments if s.oldest is not None), default=None)

    @property
    def newest(self) -> Ns | None:
        """When the last picture was taken that is certain to have no earlier one on its way."""
        return max((s.newest for s in self._segments if s.newest is not None), default=None)

    def nearest(self, t: Ns, tolerance: int) -> Found | None:
        """The picture taken nearest to `t`; of two equally near the earlier, then the older segment."""
        best: tuple[int, Ns, Segment, StoredPacket] | None = None
        for segment in self._segments:
            offset = segment.timeline.offset
            packet = None if offset is None else segment.ring.nearest(t - offset)
            if packet is None:
                continue
            taken = segment.captured(packet.shown)
            if best is None or (abs(taken - t), taken) < best[:2]:
                best = (abs(taken - t), taken, segment, packet)
        if best is None or best[0] > tolerance:
            return None
        _, taken, segment, packet = best
        return Found(packet, segment.ring.run_up_to(packet), taken, segment.timeline.uncertainty)

    def newest_keyframe(self) -> Found | None:
        """Of the newest segment that has one."""
        for segment in reversed(self._segments):
            packet = segment.ring.newest_keyframe
            if packet is not None and segment.timeline.offset is not None:
                return Found(packet, (packet,), segment.captured(packet.shown), segment.timeline.uncertainty)
        return None

    def between(self, t0: Ns, t1: Ns) -> list[tuple[StoredPacket, Ns]]:
        """Packets of what was taken from `t0` to `t1`, from the keyframe before, with times of capture.

        Connections of one and the same stream are joined, the time between them kept; of different
        streams the one is given that holds most of the time asked for, of equals the earlier.
        """
        best: list[tuple[StoredPacket, Ns]] = []
        run: list[tuple[StoredPacket, Ns]] = []
        for segment in self._segments:
            found = self._part(segment, t0, t1)
            if run and found and run[-1][0].stream == segment.info:
                run = run + found
            elif found:
                run = found
            if _within(run, t0, t1) > _within(best, t0, t1) or not best:
                best = run
        return best

    @staticmethod
    def _part(segment: Segment, t0: Ns, t1: Ns) -> list[tuple[StoredPacket, Ns]]:
        offset, oldest, newest = segment.timeline.offset, segment.oldest, segment.newest
        if offset is None or oldest is None or newest is None or oldest > t1 or newest < t0:
            return []
        return [(p, segment.captured(p.shown)) for p in segment.ring.between(t0 - offset, t1 - offset)]


def _within(run: list[tuple[StoredPacket, Ns]], t0: Ns, t1: Ns) -> int:
    """How many pictures of the time asked for are in it."""
    return sum(t0 <= taken <= t1 for _, taken in run)
