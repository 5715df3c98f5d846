"""A video file looked at afterwards: any instant of it, for imports. Plays nothing, keeps nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from edge_agent.core.units import Ns
from edge_agent.devices.camera.frame import TOLERANCE, Frame, NoFrame
from edge_agent.devices.camera.readers import PLACEHOLDER, stored_packet
from edge_agent.devices.camera.ring import StoredPacket, to_ns
from edge_agent.devices.camera.settings import CameraSettings
from edge_agent.errors import DeviceError


class RecordedVideo:
    """Stands where a `Camera` stands for `CaptureWorker.carry_out`.

    Args:
        id: the camera's id in the configuration.
        settings: its views and its JPEG quality; the address is not used.
        path: the video file.
        epoch: monotonic time of the file's first picture.
    """

    def __init__(
        self,
        id: str,  # noqa: A002 - the word of the configuration
        settings: CameraSettings,
        path: Path,
        epoch: Ns,
    ) -> None:
        self.id = id
        self.settings = settings
        self._path = path
        self._epoch = epoch

    def wait_for(self, _t: Ns, _until: Ns) -> bool:
        """A file has been there all along."""
        return True

    def frames_at(
        self, times: Sequence[Ns], tolerance: int = TOLERANCE, max_width: int = 0
    ) -> list[Frame | None]:
        """The pictures nearest to each of the times, as `Camera.frames_at` gives them.

        Raises:
            DeviceError: the file cannot be read.
        """
        import av  # noqa: PLC0415 - heavy: loads FFmpeg

        try:
            with av.open(str(self._path)) as container:
                return [self._nearest(container, t, tolerance, max_width) for t in times]
        except (av.FFmpegError, IndexError) as error:
            raise DeviceError(f"{self._path}: {error}") from None

    def clip(self, t0: Ns, t1: Ns) -> bytes:
        """An MP4 of what was taken from `t0` to `t1`, not encoded again; begins at the keyframe before.

        Raises:
            NoFrame: the file holds nothing of it.
            DeviceError: the file cannot be read, or its codec does not fit into an MP4.
        """
        import av  # noqa: PLC0415 - heavy: loads FFmpeg

        from edge_agent.devices.camera import decode  # noqa: PLC0415 - heavy: loads FFmpeg

        try:
            with av.open(str(self._path)) as container:
                run = list(self._packets(container, t0, t1))
        except (av.FFmpegError, IndexError) as error:
            raise DeviceError(f"{self._path}: {error}") from None
        last = max((i for i, (_, taken) in enumerate(run) if t0 <= taken <= t1), default=-1)
        if last < 0:
            raise NoFrame(f"{self._path} holds no video of the time asked for")
        return decode.clip(run[: last + 1])

    def packets(self) -> Iterator[tuple[StoredPacket, Ns]]:
        """Every packet and when its picture was taken, in the order of decoding.

        Raises:
            DeviceError: the file cannot be read.
        """
        import av  # noqa: PLC0415 - heavy: loads FFmpeg

        try:
            with av.open(str(self._path)) as container:
                yield from self._packets(container, self._epoch, Ns(2**63))
        except (av.FFmpegError, IndexError) as error:
            raise DeviceError(f"{self._path}: {error}") from None

    def _packets(self, container: Any, t0: Ns, t1: Ns) -> Iterator[tuple[StoredPacket, Ns]]:
        """From the keyframe before `t0` to the end of the group that `t1` falls into."""
        from edge_agent.devices.camera import decode  # noqa: PLC0415 - heavy: loads FFmpeg

        stream = container.streams.video[0]
        info, first = decode.describe(stream), stream.start_time or 0
        begin = first + int((t0 - self._epoch) / 1e9 / stream.time_base)
        container.seek(max(first, begin), stream=stream, backward=True)
        for packet in container.demux(stream):
            if packet.pts is None or packet.size <= PLACEHOLDER:
                continue
            shown = to_ns(packet.pts - first, info.time_base)
            if packet.is_keyframe and shown + self._epoch > t1:
                return
            yield stored_packet(packet, info, shown, packet.pts), Ns(shown + self._epoch)

    def _nearest(self, container: Any, t: Ns, tolerance: int, max_width: int) -> Frame | None:
        from av.video.reformatter import VideoReformatter  # noqa: PLC0415 - heavy: loads FFmpeg

        from edge_agent.devices.camera.decode import to_bgr  # noqa: PLC0415 - heavy: loads FFmpeg

        stream = container.streams.video[0]
        first = stream.start_time or 0
        wanted = t - self._epoch
        container.seek(max(first, first + int(wanted / 1e9 / stream.time_base)), stream=stream, backward=True)
        best: tuple[int, Any] | None = None
        for frame in container.decode(stream):
            shown = to_ns(frame.pts - first, stream.time_base)
            if best is None or abs(shown - wanted) < abs(best[0] - wanted):
                best = (shown, frame)
            if shown > wanted + tolerance:
                break
        if best is None or abs(best[0] - wanted) > tolerance:
            return None
        image = to_bgr(best[1], max_width, VideoReformatter())
        return Frame(image, Ns(best[0] + self._epoch), Ns(0))
