"""The detector run once more over a recording's own video, its boxes held against those of then.

Only what lies left of the determinism line is looked at: which boxes a picture gave. What follows from
boxes is replayed exactly, and needs no tolerance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from edge_agent.config.street import StreetConfig
from edge_agent.core.events import SceneSeen
from edge_agent.core.records import Detection
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
    width = scene.crop.picture_width(detector.input_width)
    for at, image in _pictures(packets, frozenset(looks), width):
        found = scene.crop.back(detector.detect([scene.crop.of(image)])[0], image)
        then = looks[at]
        now = scene.look(image, at, then.captured_sd, found, detector.model_sha256, then.at)
        out.pictures += 1
        out.other_reference += now.view.reference != then.view.reference
        _hold(out, at, then.detections, now.detections, tolerance)
        seen(now)
        progress(out.camera, out.pictures)
    out.not_recorded = len(looks) - out.pictures
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


def _hold(
    out: Comparison, at: Ns, then: Sequence[Detection], now: Sequence[Detection], allowed: Tolerance
) -> None:
    """Hold one picture's boxes against each other: best overlap first, one class only with itself."""
    before = (out.moved, out.added, out.removed)
    pairs = sorted(
        (-iou(a, b), i, j)
        for i, a in enumerate(then)
        for j, b in enumerate(now)
        if a.label == b.label and iou(a, b)
    )
    left, right = set(range(len(then))), set(range(len(now)))
    for minus_iou, i, j in pairs:
        if i in left and j in right:
            left.remove(i)
            right.remove(j)
            close = -minus_iou >= allowed.iou and abs(then[i].score - now[j].score) <= allowed.score
            out.same += close
            out.moved += not close
    out.removed += len(left)
    out.added += len(right)
    if before != (out.moved, out.added, out.removed):
        out.differing.append(at)
