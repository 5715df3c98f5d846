"""The detector run once more over a recording's own video, its boxes held against those of then.

Only what lies left of the determinism line is looked at: which boxes a picture gave. What follows from
boxes is replayed exactly, and needs no tolerance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edge_agent.config.street import StreetConfig
from edge_agent.core.events import SceneSeen
from edge_agent.core.records import Detection
from edge_agent.core.street.ground import Ground
from edge_agent.core.street.settings import permille
from edge_agent.core.units import Ns
from edge_agent.devices.detector.boxes import Image, iou
from edge_agent.devices.scene.watch import StreetDetector
from edge_agent.errors import UsageError
from edge_agent.journal.reader import Recording
from edge_agent.journal.video import VideoPacket
from edge_agent.street_parts import scene_of

DECODERS = {"h264": "h264", "h265": "hevc"}
# A picture comes out of the decoder after at most so many more packets; H.264 and H.265 allow 16.
LATEST = 32


class NothingToLookAt(UsageError):
    """A recording without video, or in which no detector looked at any."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far two runs may differ and still agree; permille."""

    iou: int = 900  # least overlap of two boxes that are the same thing
    score: int = 20  # largest difference of their scores


@dataclass(slots=True)
class Things:
    """The boxes of one class, in the whole picture or on the ground of one zone."""

    zone: str  # empty: the whole picture
    label: str
    same: int = 0
    moved: int = 0
    added: int = 0  # to the zone: by a box that is new, or that stood outside then
    removed: int = 0

    @property
    def then(self) -> int:
        """Boxes that there were."""
        return self.same + self.moved + self.removed

    @property
    def now(self) -> int:
        """Boxes that there are."""
        return self.same + self.moved + self.added

    @property
    def otherwise(self) -> int:
        """Boxes that are not the same."""
        return self.moved + self.added + self.removed

    def count(self, was: bool, is_now: bool, close: bool) -> None:
        """One box of then, of now or of both."""
        self.same += was and is_now and close
        self.moved += was and is_now and not close
        self.added += is_now and not was
        self.removed += was and not is_now


@dataclass(slots=True)
class Comparison:
    """One camera's pictures, then and now."""

    camera: str
    pictures: int = 0  # looked at then, and decoded again
    not_recorded: int = 0  # looked at then; their video is not in the recording
    other_reference: int = 0  # compared with another accepted picture than then: boxes may lie elsewhere
    same: int = 0  # boxes within the tolerance
    moved: int = 0  # the same thing, outside the tolerance
    added: int = 0  # boxes of now only
    removed: int = 0  # boxes of then only
    things: list[Things] = field(default_factory=list)  # by zone, then class; the whole picture first
    differing: list[Ns] = field(default_factory=list)  # captured_at of the pictures that differ

    @property
    def agrees(self) -> bool:
        """Every box of every picture is within the tolerance."""
        return self.pictures > 0 and not (self.moved or self.added or self.removed)


def redetect(
    recordings: Sequence[Recording],
    street: StreetConfig,
    detector: StreetDetector,
    tolerance: Tolerance,
    progress: Callable[[str, int], None] = lambda _camera, _done: None,
    seen: Callable[[SceneSeen], None] = lambda _now: None,
) -> tuple[Comparison, ...]:
    """Look again at every picture that a detector looked at, camera by camera.

    Args:
        recordings: in the order of their making; a group of pictures may begin in one and end in the next.
        street: cameras, their zones and references.
        detector: what looks now.
        tolerance: what still agrees.
        progress: told (camera, pictures done).
        seen: told what each picture gives now.

    Raises:
        NothingToLookAt: no detector looked at a picture of these cameras, or there is no video.
    """
    looks: dict[str, dict[Ns, SceneSeen]] = {}
    for event in (event for recording in recordings for event in recording.events()):
        if isinstance(event, SceneSeen) and event.model_sha256 and event.camera in street.cameras:
            looks.setdefault(event.camera, {})[event.captured_at] = event
    where = ", ".join(str(recording.path) for recording in recordings)
    if not looks:
        raise NothingToLookAt(f"{where}: no detector looked at a picture of a street camera")
    if not any(True for recording in recordings for _ in recording.video()):
        raise NothingToLookAt(f"{where}: no video; record with journal.video: true to look at it again")
    return tuple(
        _compared(
            (packet for recording in recordings for packet in recording.video() if packet.camera == camera),
            Comparison(camera),
            street,
            then,
            detector,
            tolerance,
            progress,
            seen,
        )
        for camera, then in sorted(looks.items())
    )


def _compared(
    packets: Iterable[VideoPacket],
    out: Comparison,
    street: StreetConfig,
    looks: dict[Ns, SceneSeen],
    detector: StreetDetector,
    tolerance: Tolerance,
    progress: Callable[[str, int], None],
    seen: Callable[[SceneSeen], None],
) -> Comparison:
    scene = scene_of(street, out.camera)
    held = _Held(out, _standing(street, out.camera), tolerance)
    width = scene.crop.picture_width(detector.input_width)
    for at, image in _pictures(packets, frozenset(looks), width):
        found = scene.crop.back(detector.detect([scene.crop.of(image)])[0], image)
        then = looks[at]
        now = scene.look(image, at, then.captured_sd, found, detector.model_sha256, then.at)
        out.pictures += 1
        out.other_reference += now.view.reference != then.view.reference
        held.hold(at, then.detections, now.detections)
        seen(now)
        progress(out.camera, out.pictures)
    out.not_recorded = len(looks) - out.pictures
    out.things = [things for _, things in sorted(held.things.items())]
    return out


def _pictures(
    packets: Iterable[VideoPacket], wanted: frozenset[Ns], max_width: int
) -> Iterator[tuple[Ns, Image]]:
    """Those of the wanted instants, BGR, as wide as they were looked at."""
    from av.video.reformatter import VideoReformatter  # noqa: PLC0415 - heavy: loads FFmpeg

    from edge_agent.devices.camera.decode import to_bgr  # noqa: PLC0415 - same

    reformatter = VideoReformatter()
    for at, frame in _frames(packets):
        if at in wanted:
            yield at, to_bgr(frame, max_width, reformatter)


def _frames(packets: Iterable[VideoPacket]) -> Iterator[tuple[Ns, Any]]:
    """All that decode whole; what comes before the first keyframe cannot."""
    import av  # noqa: PLC0415 - heavy: loads FFmpeg

    from edge_agent.devices.camera.decode import padded  # noqa: PLC0415 - same

    form, decoder = "", None
    taken: dict[int, Ns] = {}
    for number, packet in enumerate(packet for packet in packets if packet.format in DECODERS):
        if packet.format != form:  # the camera was set to another codec
            yield from _decoded(decoder, None, taken)
            form, decoder = packet.format, av.CodecContext.create(DECODERS[packet.format], "r")
        compressed = padded(packet.data)
        compressed.pts = compressed.dts = number
        taken[number] = packet.captured_at
        yield from _decoded(decoder, compressed, taken)
        taken.pop(number - LATEST, None)
    yield from _decoded(decoder, None, taken)


def _decoded(decoder: Any, packet: object, taken: dict[int, Ns]) -> Iterator[tuple[Ns, Any]]:
    import av  # noqa: PLC0415 - heavy: loads FFmpeg

    if decoder is None:
        return
    try:
        frames = decoder.decode(packet)
    except av.FFmpegError:
        return  # damaged on the road, as it was then
    for frame in frames:
        at = taken.pop(frame.pts, None)
        if at is not None and not frame.is_corrupt:
            yield at, frame


Standing = Callable[[Detection], bool]


def _standing(street: StreetConfig, camera: str) -> dict[str, Standing]:
    """Who stands on the ground of which zone of the camera, as its rule has it."""
    zones = street.cameras[camera].zones

    def of(name: str) -> Standing:
        zone = zones[name]
        beside = tuple(permille(other.polygon) for key, other in zones.items() if key != name)
        ground = Ground(permille(zone.polygon), tuple(permille(strip) for strip in zone.permitted), beside)
        containment = street.rules[zone.rule].containment
        return lambda d: ground.stands_on((d.x_min, d.y_min, d.x_max, d.y_max), containment)

    return {name: of(name) for name in zones}


@dataclass(slots=True)
class _Held:
    """One camera's boxes of then held against those of now."""

    out: Comparison
    zones: Mapping[str, Standing]
    allowed: Tolerance
    things: dict[tuple[str, str], Things] = field(default_factory=dict)

    def hold(self, at: Ns, then: Sequence[Detection], now: Sequence[Detection]) -> None:
        """Those of one picture."""
        whole = Things("", "")
        for label, one, other in _paired(then, now):
            close = one is not None and other is not None and self._close(one, other)
            whole.count(one is not None, other is not None, close)
            self._of("", label).count(one is not None, other is not None, close)
            for zone, stands in self.zones.items():
                was, is_now = (side is not None and stands(side) for side in (one, other))
                if was or is_now:
                    self._of(zone, label).count(was, is_now, close)
        self.out.same += whole.same
        self.out.moved += whole.moved
        self.out.added += whole.added
        self.out.removed += whole.removed
        if whole.moved or whole.added or whole.removed:
            self.out.differing.append(at)

    def _of(self, zone: str, label: str) -> Things:
        return self.things.setdefault((zone, label), Things(zone, label))

    def _close(self, one: Detection, other: Detection) -> bool:
        return iou(one, other) >= self.allowed.iou and abs(one.score - other.score) <= self.allowed.score


def _paired(
    then: Sequence[Detection], now: Sequence[Detection]
) -> Iterator[tuple[str, Detection | None, Detection | None]]:
    """Boxes of one picture in pairs: best overlap first, a class only with itself; then those alone."""
    pairs = sorted(
        (-iou(a, b), i, j)
        for i, a in enumerate(then)
        for j, b in enumerate(now)
        if a.label == b.label and iou(a, b)
    )
    left, right = dict(enumerate(then)), dict(enumerate(now))
    for _, i, j in pairs:
        if i in left and j in right:
            yield then[i].label, left.pop(i), right.pop(j)
    yield from ((one.label, one, None) for one in left.values())
    yield from ((other.label, None, other) for other in right.values())
