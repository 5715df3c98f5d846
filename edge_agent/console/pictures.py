"""A camera's picture of now, decoded when somebody looks and no more often than once a second.

One picture is decoded at a time, whatever the number of viewers: the rest of the box comes first.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from starlette.responses import Response

from edge_agent.core.units import Ns
from edge_agent.devices.camera.frame import Frame
from edge_agent.errors import EdgeAgentError
from edge_agent.web.gate import NotHere, Visit

FRESH_S = 1.0
QUALITY = 75
WAIT_S = 3.0
MOST_WAITING = 6  # viewers; of the threads that make pages some are always left for other pages


class NoPicture(EdgeAgentError):
    """There is none of now."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A JPEG and when it was taken."""

    jpeg: bytes
    width: int
    height: int
    captured_at: Ns


class Looking(Protocol):
    """What is needed of a camera; `devices.camera.camera.Camera` is one."""

    def newest(self, max_width: int = 0) -> Frame | None:
        """Its newest picture that costs little to decode."""


class LivePictures:
    """Of all cameras. Any thread.

    Args:
        cameras: by name.
        now_s: seconds of a monotonic clock.
    """

    def __init__(self, cameras: Mapping[str, Looking], now_s: Callable[[], float] = time.monotonic) -> None:
        self._cameras = dict(cameras)
        self._now_s = now_s
        self._made: dict[tuple[str, int], tuple[float, Shot]] = {}
        self._decoding = threading.Lock()
        self._waiting = threading.BoundedSemaphore(MOST_WAITING)

    def shot(self, camera: str, max_width: int) -> Shot:
        """The picture of now, or of a second ago.

        Args:
            camera: its name.
            max_width: px; 0: as it comes. Pages ask for few widths: one picture is kept of each.

        Raises:
            NoPicture: there is no such camera, nothing has come of it, or the box is busy with others.
        """
        source = self._cameras.get(camera)
        if source is None:
            raise NoPicture(f"no camera {camera}")
        if not self._waiting.acquire(blocking=False):
            raise NoPicture("busy")
        try:
            return self._fresh((camera, max_width)) or self._decoded(source, camera, max_width)
        finally:
            self._waiting.release()

    def answer(self, visit: Visit, max_width: int) -> Response:
        """The picture of now of the camera that a page names.

        Raises:
            NotHere: there is none.
        """
        try:
            shot = self.shot(visit.path("camera"), max_width)
        except NoPicture as error:
            raise NotHere(str(error)) from error
        return Response(shot.jpeg, media_type="image/jpeg")

    def _fresh(self, wanted: tuple[str, int]) -> Shot | None:
        held = self._made.get(wanted)
        return held[1] if held is not None and self._now_s() - held[0] < FRESH_S else None

    def _decoded(self, source: Looking, camera: str, max_width: int) -> Shot:
        if not self._decoding.acquire(timeout=WAIT_S):
            raise NoPicture("busy")
        try:
            fresh = self._fresh((camera, max_width))  # another viewer's, meanwhile
            if fresh is not None:
                return fresh
            shot = _taken(source, camera, max_width)
            self._made[camera, max_width] = (self._now_s(), shot)
            return shot
        finally:
            self._decoding.release()


def _taken(source: Looking, camera: str, max_width: int) -> Shot:
    from edge_agent.devices.camera.stills import to_jpeg  # noqa: PLC0415 - OpenCV when somebody looks

    frame = source.newest(max_width)
    if frame is None:
        raise NoPicture(f"nothing has come of camera {camera}")
    height, width = frame.image.shape[:2]
    return Shot(to_jpeg(frame.image, QUALITY), width, height, frame.captured_at)
