"""What a human chose about one camera: where its video comes from, how long it is kept, its lanes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge_agent.core.settings import Settings

# Stills and clips never come from the sub-stream.
SUB_RING_S, SUB_RING_MB = 4, 8

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class ViewSettings(Settings):
    """Where one lane lies in the camera's picture."""

    polygon: Annotated[tuple[tuple[Share, Share], ...], Field(min_length=3, max_length=32)]
    """Corners (x, y) over the picture's width and height, origin top-left: the stretch of road on
    which the lane's vehicles touch the ground when their pictures are taken."""
    line: tuple[tuple[Share, Share], tuple[Share, Share]] | None = None
    """The reading line: two points of the line across the lane that lies `distance_mm` behind the first
    sensor. A vehicle read on the box is there when the foot of the end that is seen is on it. Needed where
    plates are read on the box."""

    @property
    def permille(self) -> tuple[tuple[int, int], ...]:
        """The corners as integers, 0 to 1000."""
        return tuple((round(x * 1000), round(y * 1000)) for x, y in self.polygon)

    @property
    def line_permille(self) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """The reading line's points as integers, from left to right."""
        if self.line is None:
            return None
        (x0, y0), (x1, y1) = sorted(self.line)
        return (round(x0 * 1000), round(y0 * 1000)), (round(x1 * 1000), round(y1 * 1000))

    @model_validator(mode="after")
    def _line_goes_across(self) -> Self:
        line = self.line_permille
        if line is not None and line[1][0] - line[0][0] < 20:
            raise ValueError(
                "line: its two points must lie apart, across the lane (2 % of the width at least)"
            )
        return self

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
    """rtsp:// or rtsps://user:password@host/path of the main stream, or the path of a video file."""
    sub_url: str = ""
    """A second, smaller stream of the same camera: pictures are analysed in it, stills and clips come from
    the main stream. Empty: the main stream is analysed."""
    transport: Literal["tcp", "udp"] = "tcp"
    """How RTSP carries the video. tcp loses nothing on a good network."""
    tls_ca: Path | None = None
    """For rtsps: PEM of the authority that signed the camera's certificate, or that certificate itself."""
    tls_name: str = ""
    """For rtsps: the name in the camera's certificate where it is not the host of the address."""
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
    clock: Literal["arrival", "sender"] = "arrival"
    """What tells when a picture was taken: its arrival, or the camera's own clock as its RTCP sender
    reports say it (the camera must be kept on time by NTP or PTP, as the box is)."""
    sender_bound_ms: Annotated[int, Field(ge=10, le=5_000)] = 500
    """The camera's clock is believed only while it is no further than this from the arrivals."""
    sender_uncertainty_ms: Annotated[int, Field(ge=1, le=5_000)] = 30
    """One standard deviation of the camera's clock against the box's."""
    max_pixels: Annotated[int, Field(ge=10_000, le=67_108_864)] = 16_777_216
    """A stream with larger pictures is refused. 4096 x 4096. It also bounds the memory that a stream which
    never ends a picture can take: three bytes a pixel."""
    hwaccel: Annotated[str, Field(pattern=r"^[a-z0-9]+$")] = "none"
    """Where analysed pictures are decoded: none (CPU), auto (the first device of FFmpeg's that works), or
    its name for one, such as vaapi or cuda. What does not work falls back to the CPU and says so."""
    jpeg_quality: Annotated[int, Field(ge=60, le=100)] = 90
    """Quality of the stills."""
    views: dict[str, ViewSettings] = Field(default_factory=dict)
    """Lanes that the camera sees, by lane id."""

    @property
    def is_file(self) -> bool:
        """The video comes from a file, not from a network."""
        return "://" not in self.url or self.url.startswith("file://")

    @property
    def lossless(self) -> bool:
        """A file read as fast as every picture that is wanted can be looked at: none is passed over."""
        return self.is_file and not self.realtime

    @property
    def for_sub(self) -> Self:
        """The same camera with its sub-stream as the only one; its ring only bridges the decoder's pauses."""
        few = {"ring_s": min(self.ring_s, SUB_RING_S), "ring_mb": min(self.ring_mb, SUB_RING_MB)}
        return self.model_copy(update={"url": self.sub_url, "sub_url": "", **few})

    @model_validator(mode="after")
    def _encryption_means_knowing_with_whom(self) -> Self:
        if self.tls_ca is None and any(u.startswith("rtsps://") for u in (self.url, self.sub_url)):
            raise ValueError("rtsps needs tls_ca: without it nobody knows whose pictures these are")
        return self

    @model_validator(mode="after")
    def _both_streams_are_of_a_kind(self) -> Self:
        if self.sub_url and self.for_sub.is_file != self.is_file:
            raise ValueError("url and sub_url must both be streams or both be files: they share one clock")
        return self

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
        # The last @: a password may hold one, or a slash, though it should not.
        host, slash, path = rest.rpartition("@")[2].partition("/")
        path = path.partition("?")[0]
        if any(word in path.lower() for word in ("pass", "pwd", "token", "user=")):
            path = "..."  # rtsp://10.0.0.8/user=admin_password=secret_channel=1 is an address too
        return f"{scheme}{mark}{host}{slash}{path}"
