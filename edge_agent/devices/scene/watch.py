"""A video file looked at as a street camera would, without threads: tests, reference checks, `redetect`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from edge_agent.core.events import SceneSeen
from edge_agent.core.records import Detection
from edge_agent.core.units import MS, Ns, S
from edge_agent.devices.scene.pixels import Image
from edge_agent.devices.scene.scene import Scene
from edge_agent.errors import DeviceError, UsageError

START = Ns(0)
LIVE_TIMEOUT_S = 15.0


class StreetDetector(Protocol):
    """What a scene needs of a detector; `edge_agent.devices.detector.Detector` is one."""

    @property
    def model_sha256(self) -> str:
        """Digest of the weights."""

    @property
    def input_width(self) -> int:
        """Of its input, px; 0: not known."""

    def detect(self, images: Sequence[Image], /) -> tuple[tuple[Detection, ...], ...]:
        """What is in each picture, (h, w, 3) BGR, surest first."""


def pictures(path: Path, period_ms: int, first_s: float = 0.0) -> Iterator[tuple[Ns, Image]]:
    """The file's pictures, one a period: (time from the file's first picture, BGR).

    Raises:
        DeviceError: the file cannot be read as video.
    """
    import av  # noqa: PLC0415 heavy: loads FFmpeg

    try:
        with av.open(str(path)) as container:
            stream: Any = container.streams.video[0]
            first: int | None = None
            due = round(first_s * S)
            for frame in container.decode(stream):
                if frame.pts is None:
                    continue
                first = frame.pts if first is None else first
                shown = round((frame.pts - first) * stream.time_base * S)
                if shown >= due:
                    due = max(due + period_ms * MS, shown - period_ms * MS)
                    yield Ns(shown), frame.to_ndarray(format="bgr24")
    except (av.FFmpegError, IndexError) as error:
        raise DeviceError(f"{path}: {error}") from error


def picture_at(path: Path, seconds: float) -> Image:
    """The file's first picture at that time or after it.

    Raises:
        UsageError: the file ends before.
        DeviceError: the file cannot be read as video.
    """
    for _, image in pictures(path, 1, seconds):
        return image
    raise UsageError(f"{path}: ends before {seconds:g} s")


def live_picture(url: str, transport: str = "tcp") -> Image:
    """The camera's next whole picture, or a file's first.

    Raises:
        DeviceError: nothing comes.
    """
    import av  # noqa: PLC0415 heavy: loads FFmpeg

    options = {"rtsp_transport": transport} if url.startswith("rtsp") else {}
    try:
        with av.open(url, options=options, timeout=LIVE_TIMEOUT_S) as container:
            for frame in container.decode(container.streams.video[0]):
                if frame.key_frame and not frame.is_corrupt:
                    picture: Image = frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False)
                    return picture
    except (av.FFmpegError, IndexError) as error:
        raise DeviceError(f"no picture from the camera: {type(error).__name__}") from error
    raise DeviceError("no picture from the camera: the stream ended")


def median(path: Path, most: int) -> Image:
    """The median of up to `most` pictures from all over the file; never one moment's picture."""
    kept: list[Image] = []
    period_ms = 500
    for shown, image in pictures(path, period_ms):
        kept.append(image)
        if len(kept) == 2 * most:
            kept, period_ms = kept[::2], max(period_ms, shown // MS // most)
    if not kept:
        raise DeviceError(f"{path}: there is no picture in it")
    middle: Image = np.median(np.stack(kept[:: max(1, len(kept) // most)]), axis=0).astype(np.uint8)
    return middle


def watch_file(
    path: Path,
    scene: Scene,
    detector: StreetDetector | None,
    period_ms: int = 1_000,
    epoch: Ns = START,
) -> Iterator[SceneSeen]:
    """Look at one picture a period; the same file gives the same answers.

    Args:
        path: the video.
        scene: fresh, of the camera that took it.
        detector: None: nobody is vetoed, nothing is named.
        period_ms: one picture so often, in the file's own time.
        epoch: event time of the file's first picture.
    """
    for shown, image in pictures(path, period_ms):
        at = Ns(epoch + shown)
        found: tuple[Detection, ...] = ()
        if detector is not None:
            found = scene.crop.back(detector.detect([scene.crop.of(image)])[0], image)
        model = detector.model_sha256 if detector else ""
        yield scene.look(image, at, Ns(0), found, model, at)
