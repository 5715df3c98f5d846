"""What a camera saw and what was made of it: video, pictures, boxes, and the areas drawn into them.

A camera has up to two screens: `video` (what is analysed, all the time) and `stills` (pictures taken for
cases). Boxes are recorded in permille of the picture and drawn in pixels of their screen. Those of a street
camera are in the coordinates of its accepted reference: where the view had moved, they lie beside the things
in the video by as much as it had.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from edge_agent.config.settings import SiteConfig
from edge_agent.core.events import Captured, SceneSeen
from edge_agent.core.records import Detection, Picture
from edge_agent.core.scene import StillObject
from edge_agent.core.units import Ns, S
from edge_agent.devices.camera.headers import sequence_header
from edge_agent.journal.video import VideoPacket
from edge_agent.viewing.areas import areas_of
from edge_agent.viewing.decoding import CODECS, Decoding, Look, look
from edge_agent.viewing.things import Areas, Box, Boxes, Image, Line, Place, Thing, Video

UNKNOWN_SIZE = (1280, 720)  # of a screen of which no picture was recorded
HELD_SCENES = 30  # looks without a picture of the video: there will be none
CANVAS_GREY = 64

PictureBytes = Callable[[Picture], bytes | None]


@dataclass(slots=True)
class _Screen:
    size: tuple[int, int]
    since: Ns
    pictured: bool = False


class Cameras:
    """All cameras of a recording.

    Args:
        config: whose zones and lanes are drawn; None: none are.
        bytes_of: a picture's bytes where they are at hand.
        decoded: video as single pictures.
    """

    def __init__(self, config: SiteConfig | None, bytes_of: PictureBytes, *, decoded: bool) -> None:
        self._config = config
        self._bytes_of = bytes_of
        self._decoded = decoded
        self._screens: dict[Place, _Screen] = {}
        self._streams: dict[str, _Stream] = {}
        self._held: dict[str, list[SceneSeen]] = {}  # what was seen before a picture said its size

    def video(self, packet: VideoPacket) -> Iterator[Thing]:
        """A compressed picture; what comes before the first keyframe cannot be shown."""
        if packet.format not in CODECS:
            return
        stream = self._streams.get(packet.camera)
        if stream is None or stream.format != packet.format:
            if stream is not None:
                yield from self._pictures(packet.camera, stream.close())
            stream = self._streams[packet.camera] = _Stream(packet.format, decoded=self._decoded)
        left, news = stream.enter(packet)
        yield from self._pictures(packet.camera, left)
        screen = ("cameras", packet.camera, "video")
        if stream.look is None:
            return
        if news:
            size = (stream.look.width, stream.look.height)
            yield from self._sized(screen, packet.captured_at, size, pictured=True)
            yield from self._release(packet.camera)
            if stream.look.reordered and not self._decoded:
                text = "its pictures are reordered (B-frames), which no viewer shows: decoded, five a second"
                yield Line(packet.captured_at, "info", f"camera/{packet.camera}", text)
        if stream.decoding is None:
            yield Video(packet.captured_at, screen, packet.format, packet.data)
        else:
            yield from self._pictures(packet.camera, stream.decoding.feed(packet))

    def scene(self, seen: SceneSeen) -> Iterator[Thing]:
        """What was seen in a picture of the street."""
        if ("cameras", seen.camera, "video") in self._screens:
            yield from self._boxes(seen)
            return
        held = self._held.setdefault(seen.camera, [])
        held.append(seen)
        if len(held) == HELD_SCENES:
            yield from self._release(seen.camera)

    def _release(self, camera: str) -> Iterator[Thing]:
        """What was held back; without video nobody knows the size."""
        for seen in self._held.pop(camera, ()):
            yield from self._boxes(seen)

    def _boxes(self, seen: SceneSeen) -> Iterator[Thing]:
        screen = ("cameras", seen.camera, "video")
        known = self._screens.get(screen)
        size = known.size if known else UNKNOWN_SIZE
        yield from self._sized(screen, seen.captured_at, size, pictured=False)
        yield Boxes(seen.captured_at, screen, size[0], "detections", _detections(seen.detections, size))
        still = tuple(_still(thing, seen.captured_at, size) for thing in seen.still)
        yield Boxes(seen.captured_at, screen, size[0], "still", still)

    def captured(self, event: Captured) -> Iterator[Thing]:
        """Pictures that were taken for a case; copies and clips of them are not shown."""
        screen = ("cameras", event.camera, "stills")
        for number, picture in enumerate(event.pictures):
            if picture.parent or not picture.media_type.startswith("image/"):
                continue
            at = event.at if picture.captured_at is None else picture.captured_at
            size = (picture.width, picture.height) if picture.width and picture.height else UNKNOWN_SIZE
            data = self._bytes_of(picture)
            yield from self._sized(screen, at, size, pictured=data is not None)
            if data is not None:
                yield Image(at, screen, picture.media_type, data)
            found = event.detections[number] if number < len(event.detections) else ()
            yield Boxes(at, screen, size[0], "detections", _detections(found, size))
        roles = ", ".join(picture.role for picture in event.pictures) or event.problem or "none"
        yield Line(event.at, "info", f"camera/{event.camera}", f"pictures taken: {roles}")

    def close(self) -> Iterator[Thing]:
        """What is still to come, and something to draw on where no picture was recorded."""
        for camera in list(self._held):
            yield from self._release(camera)
        for camera, stream in self._streams.items():
            yield from self._pictures(camera, stream.close())
        for path, screen in self._screens.items():
            if not screen.pictured:
                yield Image(screen.since, path, "image/png", _canvas(*screen.size))

    def _sized(self, path: Place, at: Ns, size: tuple[int, int], *, pictured: bool) -> Iterator[Areas]:
        screen = self._screens.get(path)
        if screen is None:
            screen = self._screens[path] = _Screen((0, 0), at)
        screen.pictured |= pictured
        if screen.size != size:
            screen.size = size
            areas = areas_of(self._config, path[1], size) if self._config else ()
            if areas:
                yield Areas(at, path, *size, areas)

    def _pictures(self, camera: str, decoded: Iterator[tuple[Ns, bytes]]) -> Iterator[Image]:
        for at, data in decoded:
            yield Image(at, ("cameras", camera, "video"), "image/jpeg", data)


class _Stream:
    """One camera's packets of one codec, from a keyframe on."""

    def __init__(self, form: str, *, decoded: bool) -> None:
        self.format = form
        self.look: Look | None = None
        self.decoding: Decoding | None = None
        self._decoded = decoded
        self._header = b""

    def enter(self, packet: VideoPacket) -> tuple[Iterator[tuple[Ns, bytes]], bool]:
        """Take note of a new header: pictures left of the stream before it, and whether there is one."""
        header = sequence_header(CODECS[self.format], packet.data)
        if not header or header == self._header:
            return iter(()), False
        found = look(packet.data, CODECS[self.format])
        if found is None:
            return iter(()), False
        left = list(self.close())
        self._header, self.look = header, found
        shown_whole = not (self._decoded or found.reordered)
        self.decoding = None if shown_whole else Decoding(CODECS[self.format], found)
        return iter(left), True

    def close(self) -> Iterator[tuple[Ns, bytes]]:
        """Pictures that the decoder still holds."""
        if self.decoding is not None:
            yield from self.decoding.close()
            self.decoding = None


def _detections(found: Sequence[Detection], size: tuple[int, int]) -> tuple[Box, ...]:
    return tuple(
        Box(
            *_pixels(box, size),
            label=f"{box.label} {box.score / 10:.0f} %{' in lane' if box.in_lane else ''}",
            kind=box.role,
        )
        for box in found
    )


def _still(thing: StillObject, at: Ns, size: tuple[int, int]) -> Box:
    return Box(*_pixels(thing, size), label=f"still {(at - thing.since) / S:.0f} s", kind="still")


def _pixels(box: Detection | StillObject, size: tuple[int, int]) -> tuple[float, float, float, float]:
    x, y = size[0] / 1000, size[1] / 1000
    return box.x_min * x, box.y_min * y, box.x_max * x, box.y_max * y


def _canvas(width: int, height: int) -> bytes:
    """A grey picture to draw boxes on, PNG."""
    import cv2  # noqa: PLC0415 - heavy
    import numpy as np  # noqa: PLC0415 - with cv2

    done, data = cv2.imencode(".png", np.full((height, width), CANVAS_GREY, np.uint8))
    assert done, "a plain grey picture can be written"
    return data.tobytes()
