"""A camera's analysed stream as it comes, for a recording: Annex B, every keyframe with its headers."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any

from edge_agent.core.units import Ns
from edge_agent.devices.camera.camera import Camera
from edge_agent.devices.camera.feed import Arrived
from edge_agent.devices.camera.headers import sequence_header
from edge_agent.devices.camera.ring import StoredPacket, StreamInfo
from edge_agent.errors import DeviceError
from edge_agent.progress import Pulse

log = logging.getLogger(__name__)

FORMATS = {"h264": "h264", "hevc": "h265"}  # FFmpeg's word -> Foxglove's
LONGEST_ROUND_S = 60  # one packet written to the recording
START_CODE = b"\x00\x00\x01"

Keep = Callable[[str, Ns, str, bytes], None]  # camera, captured at, format, data


class UnsupportedCodec(DeviceError):
    """Not one of `FORMATS`."""


class VideoTap:
    """Gives every packet of a camera to a recording, from `start` to `close`.

    Args:
        camera: whose `analysis` stream is recorded.
        keep: takes each packet, from the tap's thread.
    """

    def __init__(self, camera: Camera, keep: Keep) -> None:
        self._camera = camera
        self._keep = keep
        self._source = camera.analysis
        self._feed = self._source.open_feed()
        self._stream: StreamInfo | None = None
        self._filter: Any = None
        self.failed = 0  # packets that could not be written in this form
        self.pulse = Pulse(f"tap/{camera.id}", LONGEST_ROUND_S)
        self._thread = threading.Thread(target=self._run, name=f"tap-{camera.id}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self, timeout: float = 5.0) -> None:
        """Stop; what still waits is not recorded."""
        self._source.close_feed(self._feed)
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        with self.pulse:
            self._record()

    def _record(self) -> None:
        while (arrived := self._feed.get(self.pulse.beat)) is not None:
            self.pulse.beat()
            try:
                self._take(arrived)
            except UnsupportedCodec as codec:
                self.failed += 1
                if self.failed == 1:
                    log.warning("camera/%s: %s", self._camera.id, codec)
            except Exception:  # one packet, or one camera's codec, ends no recording
                self.failed += 1
                if self.failed == 1:
                    log.exception("camera/%s: its video cannot be recorded", self._camera.id)

    def _take(self, arrived: Arrived) -> None:
        packet = arrived.packet
        form = FORMATS.get(packet.stream.codec)
        if form is None:
            raise UnsupportedCodec(f"video in {packet.stream.codec} is not recorded; H.264 and H.265 are")
        for data in self._annex_b(packet):
            self._keep(self._camera.id, arrived.captured_at, form, data)

    def _annex_b(self, packet: StoredPacket) -> Iterable[bytes]:
        if not _has_lengths(packet.stream):
            return (_with_headers(packet),)
        from edge_agent.devices.camera import decode  # noqa: PLC0415 - heavy: loads FFmpeg

        if self._stream is not packet.stream:
            self._stream, self._filter = packet.stream, _to_annex_b(packet.stream)
        return map(bytes, self._filter.filter(decode.as_packet(packet)))


def _has_lengths(info: StreamInfo) -> bool:
    """Whether packets are as files hold them, with lengths in the place of start codes.

    The stream's own header says it. A packet does not: a length of 256 to 511 is 00 00 01 xx too.
    """
    return bool(info.extradata) and not _is_annex_b(info.extradata or b"")


def _is_annex_b(data: bytes) -> bool:
    return data.startswith((START_CODE, b"\x00" + START_CODE))


def _with_headers(packet: StoredPacket) -> bytes:
    """A keyframe that comes without its parameter sets (they were in the SDP) gets them back."""
    if not packet.keyframe or sequence_header(packet.stream.codec, packet.data):
        return packet.data
    return (packet.stream.extradata or b"") + packet.data


def _to_annex_b(info: StreamInfo) -> Any:
    """Start codes for lengths, and the parameter sets before every keyframe, whatever its kind."""
    import av  # noqa: PLC0415 - heavy: loads FFmpeg

    with av.open(io.BytesIO(info.header)) as container:
        return av.BitStreamFilterContext(
            f"{info.codec}_mp4toannexb,dump_extra=freq=keyframe", in_stream=container.streams.video[0]
        )
