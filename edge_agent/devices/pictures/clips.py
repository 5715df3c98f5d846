"""A clip out of a camera's ring, no larger than it may be."""

from __future__ import annotations

from typing import Protocol

from edge_agent.core.units import MS, Ns
from edge_agent.devices.camera.stills import Stills
from edge_agent.errors import DeviceError

PAST = 20 * MS  # so that rounding does not cost the picture at which it is to end; half of one at 25 a second
TRIES = 3  # a clip begins at a keyframe, so its size is met by trying


class StreetCamera(Stills, Protocol):
    """A camera that can cut a clip as well; `Camera` is one, and `RecordedVideo`."""

    def clip(self, t0: Ns, t1: Ns, /) -> bytes:
        """An MP4 from the keyframe before `t0` to `t1`, not encoded again; DeviceError when there is none."""


def cut(camera: StreetCamera, start: Ns, end: Ns, limit: int) -> tuple[bytes, Ns]:
    """The clip and when it begins. One that is too large loses its beginning and never its end.

    Raises:
        DeviceError: there is no video of that time, or its last group of pictures alone is too large.
    """
    end = Ns(end + PAST)
    data = camera.clip(start, end)
    for _ in range(TRIES):
        if len(data) <= limit:
            return data, start
        start = Ns(end - (end - start) * limit // len(data) * 8 // 10)
        data = camera.clip(start, end)
    if len(data) > limit:
        raise DeviceError(f"{len(data)} bytes, more than {limit}")
    return data, start
