"""What everybody needs who takes stills: a camera to take them of, a detector to look at them, a JPEG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edge_agent.core.records import Detection, Picture
from edge_agent.core.units import MS, Ns
from edge_agent.devices.camera.camera import Frame
from edge_agent.devices.camera.settings import CameraSettings

Image = npt.NDArray[np.uint8]
Polygon = tuple[tuple[int, int], ...]

WAIT = 1_500 * MS  # after the last instant: a stream's packets are rarely later than this


class VehicleDetector(Protocol):
    """What is needed of a detector; `edge_agent.devices.detector.Detector` is one."""

    @property
    def model_sha256(self) -> str:
        """Digest of the weights."""

    def detect(self, images: Sequence[Image], lane: Polygon = ()) -> tuple[tuple[Detection, ...], ...]:
        """What is in each picture, (h, w, 3) BGR; `in_lane` by the polygon, permille."""


class Stills(Protocol):
    """What is needed of a camera: `Camera`, or a file looked at afterwards."""

    id: str
    settings: CameraSettings

    def wait_for(self, t: Ns, until: Ns, /) -> bool:
        """Wait until the picture nearest to `t` is there, no longer than to `until`."""

    def frames_at(self, times: Sequence[Ns], /) -> list[Frame | None]:
        """The pictures nearest to each of the times; None where there is none near enough."""


def to_jpeg(image: Image, quality: int) -> bytes:
    """A baseline JPEG, 24-bit colour (GA/T 832), without metadata."""
    import cv2  # noqa: PLC0415 heavy: only where pictures are made

    done, data = cv2.imencode(".jpg", np.ascontiguousarray(image), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError("the picture cannot be encoded")
    return data.tobytes()


def decoded(data: bytes) -> Image:
    """The picture of a file's bytes, (h, w, 3) BGR.

    Raises:
        ValueError: it is none, or damaged.
    """
    import cv2  # noqa: PLC0415 heavy: only where pictures are made

    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    except cv2.error as problem:
        raise ValueError(f"not a picture: {problem.err}") from problem
    if image is None:
        raise ValueError("not a picture that can be read")
    return np.asarray(image, np.uint8)


def picture_record(role: str, data: bytes, sha256: str, frame: Frame, image: Image, camera: str) -> Picture:
    """The record of a JPEG made of `frame`: the whole of it, or what was made of it in `image`."""
    height, width = image.shape[:2]
    return Picture(role, sha256, len(data), "image/jpeg", width, height, frame.captured_at, camera)
