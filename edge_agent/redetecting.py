"""The detector run once more over a recording's own video, its boxes held against those of then.

Only what lies left of the determinism line is looked at: which boxes a picture gave. What follows from
boxes is replayed exactly, and needs no tolerance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from edge_agent.config.street import StreetConfig
from edge_agent.core.events import SceneSeen
from edge_agent.core.records import Detection
from edge_agent.core.units import Ns
from edge_agent.devices.detector.boxes import Image
from edge_agent.devices.detector.detector import Detector
from edge_agent.devices.detector.passages import iou
from edge_agent.devices.scene.bank import ReferenceBank
from edge_agent.devices.scene.scene import Scene
from edge_agent.errors import UsageError
from edge_agent.journal.reader import Recording
from edge_agent.journal.video import VideoPacket

DECODERS = {"h264": "h264", "h265": "hevc"}


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
    recording: Recording,
    street: StreetConfig,
    detector: Detector,
    tolerance: Tolerance,
    progress: Callable[[int], None] = lambda _done: None,
) -> tuple[Comparison, ...]:
    """Look again at every picture that was looked at, camera by camera.

    Raises:
        UsageError: the recording holds no video.
    """
    then: dict[str, dict[Ns, SceneSeen]] = {}
    for event in recording.events():
        if isinstance(event, SceneSeen):
            then.setdefault(event.camera, {})[event.captured_at] = event
    if not any(True for _ in recording.video()):
        raise UsageError(
            f"{recording.path}: holds no video; record with journal.video: true to look at it again"
        )
    return tuple(
        _compared(recording, street, camera, looks, detector, tolerance, progress)
        for camera, looks in sorted(then.items())
        if camera in street.cameras
    )


def _compared(
    recording: Recording,
    street: StreetConfig,
    camera: str,
    looks: dict[Ns, SceneSeen],
    detector: Detector,
    tolerance: Tolerance,
    progress: Callable[[int], None],
) -> Comparison:
    chosen = street.cameras[camera]
    bank = ReferenceBank(street.references_dir, camera)
    scene = Scene(camera, chosen.scene, [zone.polygon for zone in chosen.zones.values()], bank)
    out = Comparison(camera)
    for at, image in _pictures((p for p in recording.video() if p.camera == camera), frozenset(looks)):
        found = scene.crop.back(detector.detect([scene.crop.of(image)])[0], image)
        now = scene.look(image, at, Ns(0), found, detector.model_sha256, looks[at].at)
        out.pictures += 1
        _hold(out, at, looks[at].detections, now.detections, tolerance)
        progress(out.pictures)
    out.not_recorded = len(looks) - out.pictures
    return out


def _pictures(packets: Iterator[VideoPacket], wanted: frozenset[Ns]) -> Iterator[tuple[Ns, Image]]:
    """Those of the wanted instants, BGR; what comes before the first keyframe cannot be decoded."""
    import av  # noqa: PLC0415 - heavy: loads FFmpeg

    decoder: object = None
    taken: dict[int, Ns] = {}
    for number, packet in enumerate(packets):
        if decoder is None:
            decoder = av.CodecContext.create(DECODERS[packet.format], "r")
        compressed = av.Packet(packet.data)
        compressed.pts = compressed.dts = number
        taken[number] = packet.captured_at
        yield from _wanted(decoder, compressed, taken, wanted)
    if decoder is not None:
        yield from _wanted(decoder, None, taken, wanted)


def _wanted(
    decoder: object, packet: object, taken: dict[int, Ns], wanted: frozenset[Ns]
) -> Iterator[tuple[Ns, Image]]:
    import av  # noqa: PLC0415 - heavy: loads FFmpeg

    try:
        frames = decoder.decode(packet)  # type: ignore[attr-defined]  # PyAV has no types
    except av.FFmpegError:
        return  # damaged on the road, as it was then
    for frame in frames:
        at = taken.pop(frame.pts, None)
        if at in wanted:
            yield at, frame.to_ndarray(format="bgr24")


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
