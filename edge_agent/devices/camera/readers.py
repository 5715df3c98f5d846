"""Reading packets: out of a network stream as they come, out of a file pass by pass."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from edge_agent.core.units import US, Ns
from edge_agent.devices.camera import limits
from edge_agent.devices.camera.files import UNSAID_STEP
from edge_agent.devices.camera.headers import sequence_header
from edge_agent.devices.camera.ring import StoredPacket, StreamInfo, to_ns
from edge_agent.devices.camera.settings import CameraSettings
from edge_agent.errors import DeviceError

# AVI files hold a place for a picture that there is not: a byte, marked as a keyframe.
PLACEHOLDER = 4
# Packets held back until it is known when they were taken: 5 s at 50 pictures a second.
MOST_EARLY, MOST_EARLY_BYTES = 256, 16_000_000


def connect(settings: CameraSettings) -> AbstractContextManager[Any]:
    """The open container; every later read is given up after `stall_ms`."""
    import av  # noqa: PLC0415 heavy: loads FFmpeg

    limits.allow_pictures_of(settings.max_pixels)
    options = {"max_pixels": str(settings.max_pixels)}  # FFmpeg looks into a stream before we do
    if settings.url.startswith("rtsp"):
        options |= {"rtsp_transport": settings.transport, "allowed_media_types": "video"}
    if settings.tls_ca is not None:
        options |= {"ca_file": str(settings.tls_ca), "tls_verify": "1"}
    if settings.tls_name:
        options["verifyhost"] = settings.tls_name
    limit = settings.stall_ms / 1000
    container: AbstractContextManager[Any] = av.open(settings.url, options=options, timeout=(limit, limit))
    return container


def describe(stream: Any, settings: CameraSettings) -> StreamInfo:
    """What the stream is.

    Raises:
        DeviceError: its pictures are larger than anybody wants to decode.
    """
    from edge_agent.devices.camera import decode  # noqa: PLC0415 heavy: loads FFmpeg

    return _not_too_large(decode.describe(stream), settings)


def _not_too_large(info: StreamInfo, settings: CameraSettings) -> StreamInfo:
    if info.width * info.height > settings.max_pixels:
        raise DeviceError(f"pictures of {info.width}x{info.height} are larger than max_pixels")
    return info


@dataclass(frozen=True, slots=True)
class Arrival:
    """A packet of a network stream."""

    packet: StoredPacket
    came_at: Ns
    taken_utc: int | None  # by the camera's clock, nanoseconds since 1970; None where it does not say


class StreamReader:
    """Follows a network stream, through changes of its sequence header."""

    def __init__(self, stream: Any, info: StreamInfo, settings: CameraSettings) -> None:
        self.info = info
        self._settings = settings
        self._header = sequence_header(info.codec, info.extradata or b"")
        # When each of the last packets was given to us; the first of them is when the newest one came.
        self._stamps: deque[Ns] = deque(maxlen=_held_back(stream, info) + 1)
        self._time_base = stream.time_base
        self._last_pts: int | None = None
        self._step = 0
        # FFmpeg reads about a second before it hands over the first packet: the first ones come all at
        # once, and say nothing of when they were taken. The first that had to be waited for does.
        self.live = False
        self._early: list[StoredPacket] = []
        self._early_bytes = 0

    def read(self, packet: Any, at: Ns) -> Arrival | None:
        """What FFmpeg gave us at `at`, as it is kept; None for what holds no picture.

        Raises:
            DeviceError: the stream changed into one that is refused or not understood.
        """
        before = self._stamps[-1] if self._stamps else None
        self._stamps.append(at)
        pts = packet.pts
        if pts is None and self._last_pts is not None:
            # Seen from RTSP where FFmpeg's probing ends. Later pictures refer to it: it must be kept.
            pts = self._last_pts + self._step
        if pts is None or not packet.size:
            return None
        if self._last_pts is not None and pts > self._last_pts:
            self._step = pts - self._last_pts
        self._last_pts = pts
        waited = before is not None and at - before >= to_ns(self._step, self._time_base) // 2 > 0
        if waited or len(self._early) >= MOST_EARLY or self._early_bytes >= MOST_EARLY_BYTES:
            self.live = True
        data = bytes(packet)
        if packet.is_keyframe:
            self._look_for_change(data)
        stored = stored_packet(packet, self.info, to_ns(pts, self._time_base), pts, data)
        self._early.append(stored)
        self._early_bytes += len(stored.data)
        return Arrival(stored, self._stamps[0], taken_utc(packet))

    def early(self) -> list[StoredPacket]:
        """The packet read last; the first time also all that came before the stream was `live`."""
        early, self._early = self._early, []
        return early

    def _look_for_change(self, data: bytes) -> None:
        header = sequence_header(self.info.codec, data)
        if not header or header == self._header:
            return
        if self._header:
            from edge_agent.devices.camera import decode  # noqa: PLC0415 heavy: loads FFmpeg

            self.info = _not_too_large(
                decode.describe_keyframe(data, self.info, self._settings.max_pixels), self._settings
            )
        self._header = header


def _held_back(stream: Any, info: StreamInfo) -> int:
    """How many pictures later FFmpeg gives a picture out (measured).

    An H.264 or H.265 picture from RTSP has ended when the next one begins to arrive: its packet comes one
    interval late. In an MPEG transport stream, the packet around it too: two.
    """
    if info.codec not in ("h264", "hevc"):
        return 0
    return {"rtsp": 1, "mpegts": 2}.get(stream.container.format.name, 0)


def taken_utc(packet: Any) -> int | None:
    """AVProducerReferenceTime of a packet: FFmpeg makes it of the last RTCP sender report."""
    if not packet.has_sidedata("prft"):
        return None
    (wallclock_us,) = struct.unpack_from("=q", bytes(packet.get_sidedata("prft")))
    return int(wallclock_us) * US


class FileReader:
    """One pass after the other over a file, on one time line that goes on."""

    def __init__(self) -> None:
        self.passed = 0  # how much time earlier passes took

    def one_pass(self, container: Any, stream: Any, info: StreamInfo) -> Iterator[StoredPacket]:
        """The file's packets from where it stands to its end."""
        base = to_ns(stream.start_time or 0, info.time_base)
        last = step = 0
        try:
            for packet in container.demux(stream):
                if packet.pts is None or packet.size <= PLACEHOLDER:
                    continue
                shown = to_ns(packet.pts, info.time_base) - base
                step = step or to_ns(packet.duration or 0, info.time_base)
                last = max(last, shown)
                yield stored_packet(packet, info, self.passed + shown, packet.pts)
        finally:
            self.passed += last + (step or UNSAID_STEP)


def stored_packet(
    packet: Any, info: StreamInfo, shown: int, pts: int, data: bytes | None = None
) -> StoredPacket:
    """A packet of FFmpeg's as the ring keeps it."""
    dts = packet.dts if packet.dts is not None else pts
    return StoredPacket(
        shown, pts, dts, bool(packet.is_keyframe), bytes(packet) if data is None else data, info
    )
