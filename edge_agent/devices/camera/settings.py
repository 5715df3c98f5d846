"""What a human chose about one camera: where its video comes from, how long it is kept, its lanes."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge_agent.core.settings import Settings

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class ViewSettings(Settings):
    """Where one lane lies in the camera's picture."""

    polygon: Annotated[tuple[tuple[Share, Share], ...], Field(min_length=3, max_length=32)]
    """Corners (x, y) over the picture's width and height, origin top-left: the stretch of road on
    which the lane's vehicles touch the ground when their pictures are taken."""

    @property
    def permille(self) -> tuple[tuple[int, int], ...]:
        """The corners as integers, 0 to 1000."""
        return tuple((round(x * 1000), round(y * 1000)) for x, y in self.polygon)

    @model_validator(mode="after")
    def _has_an_area(self) -> Self:
        corners = self.permille
        pairs = zip(corners, (*corners[1:], corners[0]), strict=True)
        if abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs)) < 2 * 1000:
            raise ValueError(
                "polygon covers less than 0.1 % of the picture; its corners must go around an area"
            )
        return self


class CameraSettings(Settings):
    """A camera as a stream of compressed video."""

    url: Annotated[str, Field(min_length=1)]
    """rtsp://user:password@host/path of the main stream, or the path of a video file."""
    transport: Literal["tcp", "udp"] = "tcp"
    """How RTSP carries the video. tcp loses nothing on a good network."""
    realtime: bool = True
    """A file is played at the speed of its own timestamps; false reads it as fast as possible."""
    loop: bool = False
    """A file begins again when it ends; the time between two passes is one frame."""
    ring_s: Annotated[int, Field(ge=2, le=600)] = 30
    """Seconds of compressed video kept in memory; must cover the wait from a crossing to its capture."""
    ring_mb: Annotated[int, Field(ge=1, le=2_000)] = 64
    """Bytes kept never exceed this, whatever the camera's bitrate."""
    stall_ms: Annotated[int, Field(ge=500, le=120_000)] = 8_000
    """A stream that sends nothing for so long is closed and opened anew."""
    delay_ms: Annotated[int, Field(ge=0, le=5_000)] = 0
    """Known delay from light to the least delayed packet at the box: exposure, encoder, network."""
    delay_uncertainty_ms: Annotated[int, Field(ge=0, le=5_000)] = 60
    """One standard deviation of that delay."""
    jpeg_quality: Annotated[int, Field(ge=60, le=100)] = 90
    """Quality of the stills."""
    views: dict[str, ViewSettings] = Field(default_factory=dict)
    """Lanes that the camera sees, by lane id."""

    @property
    def is_file(self) -> bool:
        """The video comes from a file, not from a network."""
        return "://" not in self.url or self.url.startswith("file://")

    @model_validator(mode="after")
    def _file_options_are_for_files(self) -> Self:
        if self.loop and not self.is_file:
            raise ValueError(f"loop is for video files; {self.safe_url} is a stream")
        return self

    @property
    def safe_url(self) -> str:
        """The address without user and password, for logs and events."""
        scheme, mark, rest = self.url.partition("://")
        if not mark:
            return self.url
        host, slash, path = rest.partition("/")
        return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path.partition('?')[0]}"
