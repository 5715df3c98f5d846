"""A network camera that never ends: one clip over and over, and another once, when it is told to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.core.units import Ns, S
from edge_agent.demo.stream import StreamServer
from edge_agent.devices.camera.ring import to_ns


@dataclass(frozen=True, slots=True)
class Reel:
    """A clip that is repeated from a monotonic time on, until the next reel's turn."""

    clip: Path
    begin: Ns
    length: Ns

    def begin_at(self, at: Ns) -> Ns:
        """When the repetition began that is on at a time."""
        return Ns(at - (at - self.begin) % self.length)


class Projector(StreamServer):
    """All clips must come out of the same encoder with the same settings: one stream goes on over the cuts.

    Args:
        idle: what is shown as long as nothing else is.
        clock: the box's monotonic clock.
        port: where it listens; 0: a free one.
    """

    def __init__(self, idle: Path, clock: Callable[[], Ns], port: int = 0) -> None:
        self._idle = idle
        self._reels = [Reel(idle, clock(), length_of(idle))]
        super().__init__(idle, clock, port)

    def show(self, clip: Path, origin: Ns) -> Ns:
        """From `origin` on, once; returns when it is over."""
        special = Reel(clip, origin, length_of(clip))
        over = Ns(origin + special.length)
        self._reels = [*self._reels, special, Reel(self._idle, over, length_of(self._idle))]
        return over

    def _on_at(self, at: Ns) -> Reel:
        return next(reel for reel in reversed(self._reels) if reel.begin <= at)

    def _play(self, target: Any) -> None:
        import av  # noqa: PLC0415 - heavy: loads FFmpeg

        at = self._clock()
        zero = self._on_at(at).begin_at(at)
        try:
            with av.open(target, "w", format="mpegts", options={"flush_packets": "1"}) as sink:
                while not self._stop.is_set():
                    reel = self._on_at(at)
                    with av.open(str(reel.clip)) as source:
                        at = self._run(reel, at, source, sink, zero)
        except (OSError, av.FFmpegError):
            return  # whoever watched has gone

    def _run(self, reel: Reel, at: Ns, source: Any, sink: Any, zero: Ns) -> Ns:
        """One repetition, from the last keyframe before `at` on; returns when what comes next begins."""
        stream, begin = source.streams.video[0], reel.begin_at(at)
        out = sink.streams.video[0] if sink.streams.video else sink.add_stream_from_template(stream)
        if at > begin:
            source.seek(int((at - begin) / S / stream.time_base), stream=stream)
        for packet in source.demux(stream):
            if packet.pts is None or not packet.size:
                continue
            due = Ns(begin + to_ns(packet.pts, stream.time_base))
            if self._on_at(due) is not reel:
                return due
            if self._stop.wait(max(0, due - self._clock()) / S):
                return due
            packet.pts = packet.dts = round((due - zero) / S / stream.time_base)
            packet.stream = out
            sink.mux(packet)
        return Ns(begin + reel.length)


def length_of(clip: Path) -> Ns:
    """How long a clip lasts."""
    import av  # noqa: PLC0415 - heavy: loads FFmpeg

    with av.open(str(clip)) as source:
        stream: Any = source.streams.video[0]
        return to_ns(stream.duration, stream.time_base)
