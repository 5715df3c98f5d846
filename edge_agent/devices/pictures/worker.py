"""Carries out `TakePictures`: full-resolution stills out of a street camera's ring, copies of them, a clip.

One thread for all cameras, apart from the one that detects: what is looked at a second from now does not
wait for a picture of a case. A request waits for its last instant or until it is too late to wait; the
runner's thread never waits for anything here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

from edge_agent.core.decisions import TakePictures
from edge_agent.core.events import Captured
from edge_agent.core.records import Detection, Picture
from edge_agent.core.units import Ns, S
from edge_agent.devices.camera.camera import Frame
from edge_agent.devices.camera.request_queue import RequestQueue, Serving, failed
from edge_agent.devices.camera.stills import (
    WAIT,
    Image,
    decoded,
    picture_record,
    to_jpeg,
)
from edge_agent.devices.pictures.clips import StreetCamera, cut
from edge_agent.devices.pictures.copies import marked_copy, nearby, no_wider, shared_copy
from edge_agent.devices.pictures.looking import Look, Onlooker, References, SceneDetector
from edge_agent.devices.pictures.settings import PictureSettings
from edge_agent.devices.pictures.words import ROLES, both
from edge_agent.devices.pictures.zone import ZoneDrawing
from edge_agent.devices.scene.pixels import moved
from edge_agent.devices.staging import SHORT
from edge_agent.errors import DeviceError

# Holds bytes for so many nanoseconds, for a statement that may want them, as the newest of a slot or of
# none (""); returns their SHA-256.
StageFor = Callable[[bytes, int, str], str]
# Bytes that are held, by their SHA-256; None where they are not any more.
Staged = Callable[[str], bytes | None]

QUEUE = 64  # requests that may wait: one for each zone that a box may have
REFERENCE = "reference"
# A zone has one stay at a time: the next one's picture says that the one before came to nothing.
OF_A_STAY = frozenset({"first_seen", "middle"})

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Taken:
    """A still of the camera's, kept as it came, and what is in it."""

    role: str
    frame: Frame
    original: Picture
    look: Look
    earlier: bool = False  # taken for an earlier request of the same stay


@dataclass(slots=True)
class _Answer:
    """What has been made so far, and what could not be."""

    pictures: list[Picture] = field(default_factory=list)
    detections: list[tuple[Detection, ...]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add(self, picture: Picture, seen: tuple[Detection, ...] = ()) -> None:
        self.pictures.append(picture)
        self.detections.append(seen)


class PictureWorker(Serving[TakePictures, Captured]):
    """Turns `TakePictures` decisions into `Captured` events.

    `Captured.pictures` has the originals first, in the order of the shots, then copies, then the clip.

    Args:
        cameras: by id; their settings say the JPEG quality of the originals.
        references: the accepted picture of a camera's clear ground, or None.
        zones: by name; drawn into the copies.
        stage: keeps bytes in memory until they are sealed or their time is over.
        staged: gives them back.
        detector: what is in the pictures; best with a low threshold of its own (see `report_score`).
            None = nobody looks, and `Captured.model_sha256` is empty. Without one that knows people no copy
            is made for the shop owner.
        emit: takes each `Captured`; called from the worker's thread.
        clock: the box's monotonic clock.
        settings: of the copies and the clip.
        said_time: a monotonic time as local date and time, for the strip of the copies; empty: not known.
    """

    def __init__(
        self,
        cameras: Mapping[str, StreetCamera],
        references: References,
        zones: Mapping[str, ZoneDrawing],
        stage: StageFor,
        staged: Staged,
        detector: SceneDetector | None,
        emit: Callable[[Captured], object],
        clock: Callable[[], Ns],
        *,
        settings: PictureSettings | None = None,
        said_time: Callable[[Ns], str] = lambda _: "",
    ) -> None:
        self._cameras = cameras
        self._references = references
        self._zones = zones
        self._stage = stage
        self._staged = staged
        self._detector = detector
        self._clock = clock
        self._settings = settings or PictureSettings()
        self._said_time = said_time
        self._onlooker = Onlooker(detector, references)
        super().__init__(RequestQueue("pictures", self.carry_out, failed, emit, clock, QUEUE))

    def submit(self, request: TakePictures) -> None:
        """Take a request. Never blocks; one too many is answered at once with a problem."""
        if request.camera not in self._cameras:
            self._queue.refuse(request, f"no camera {request.camera!r}")
        else:
            self._queue.submit(request, _last(request))

    def carry_out(self, request: TakePictures) -> Captured:
        """Take the pictures now and in this thread; for the worker itself, and for imports."""
        camera = self._cameras[request.camera]
        last = _last(request)
        if last:
            camera.wait_for(Ns(last), Ns(last + WAIT))
        answer = _Answer()
        taken = self._originals(request, camera, answer)
        if request.copies:
            self._all_copies(request, chain(self._earlier(request, answer), taken), answer)
        if request.clip:
            self._clip(request, camera, request.clip, answer)
        looked = any(still.look.found is not None for still in taken)
        return Captured(
            at=self._clock(),
            request=request.request,
            camera=request.camera,
            pictures=tuple(answer.pictures),
            detections=tuple(answer.detections),
            model_sha256=self._onlooker.model_sha256 if looked else "",
            problem="; ".join(dict.fromkeys(answer.problems)),
        )

    # -- originals ---------------------------------------------------------------------------------

    def _originals(self, request: TakePictures, camera: StreetCamera, answer: _Answer) -> list[_Taken]:
        """Reference and stills, each instant's picture once; those that were taken by the camera now."""
        shots = [shot for shot in request.shots if shot.role != REFERENCE]
        frames = dict(zip(shots, camera.frames_at([shot.time for shot in shots]), strict=True))
        zone = self._zones.get(request.zone)
        taken: list[_Taken] = []
        for shot in request.shots:
            if shot.role == REFERENCE:
                self._reference(request, answer)
                continue
            frame = frames[shot]
            if frame is None:
                answer.problems.append(f"{shot.role}: the camera holds no picture of that time")
                continue
            same = next((t.role for t in taken if t.frame.captured_at == frame.captured_at), "")
            if same:  # one picture is one proof
                answer.problems.append(f"{shot.role}: the same picture as {same}")
                continue
            quality = camera.settings.jpeg_quality
            original = self._keep(shot.role, frame.image, quality, frame, request)
            look = self._onlooker.look(request.camera, frame.image)
            answer.problems += look.problems
            polygon = zone.moved(*look.shift).polygon if zone else ()
            answer.add(original, look.reported(self._settings.report_score, polygon))
            taken.append(_Taken(shot.role, frame, original, look))
        return taken

    def _reference(self, request: TakePictures, answer: _Answer) -> None:
        """The accepted picture itself, byte for byte."""
        found = self._references(request.camera)
        if found is None:
            answer.problems.append(f"{REFERENCE}: none is accepted")
            return
        sha256 = self._stage(found.data, request.hold_s * S, "")
        answer.add(
            Picture(
                role=REFERENCE,
                sha256=sha256,
                size=len(found.data),
                media_type=found.media_type,
                width=found.width,
                height=found.height,
                captured_at=found.captured_at,
                camera=request.camera,
            )
        )

    def _keep(self, role: str, image: Image, quality: int, frame: Frame, request: TakePictures) -> Picture:
        data = to_jpeg(image, quality)
        # What is asked for a short time belongs to a record that is being made, whatever its role.
        of_a_stay = role in OF_A_STAY and request.hold_s * S > SHORT
        slot = f"{request.zone}/{role}" if of_a_stay else ""
        sha256 = self._stage(data, request.hold_s * S, slot)
        return picture_record(role, data, sha256, frame, image, request.camera)

    # -- copies ------------------------------------------------------------------------------------

    def _earlier(self, request: TakePictures, answer: _Answer) -> Iterator[_Taken]:
        """Stills of the same stay that were taken before; one after the other, for each is large."""
        for original in request.taken:
            data = self._staged(original.sha256)
            if data is None:
                answer.problems.append(f"{original.role}: no copies: it is not held any more")
                continue
            try:
                image = decoded(data)
            except ValueError as problem:
                answer.problems.append(f"{original.role}: no copies: {problem}")
                continue
            frame = Frame(image, original.captured_at or request.at, Ns(0))
            look = self._onlooker.look(request.camera, image)
            yield _Taken(original.role, frame, original, look, earlier=True)

    def _all_copies(self, request: TakePictures, taken: Iterable[_Taken], answer: _Answer) -> None:
        """What cannot be copied costs the copy and never the original."""
        zone = self._zones.get(request.zone)
        if zone is None:
            answer.problems.append(f"no copies: no zone {request.zone!r}")
            return
        for still in taken:
            try:
                copies = self._copies(request, still, zone)
            except Exception as failure:  # the original is worth more than its copy
                log.exception("copies of %s", still.original.sha256)
                answer.problems.append(f"{still.role}: no copies: {type(failure).__name__}: {failure}"[:200])
                continue
            for picture in copies:
                answer.add(picture)
            if not self._masks(still):
                answer.problems.append("no copy for the shop owner where nobody looked for people to mask")

    def _copies(self, request: TakePictures, still: _Taken, zone: ZoneDrawing) -> list[Picture]:
        image = no_wider(still.frame.image, self._settings.copy_width_px)
        zone = zone.moved(*still.look.shift)
        marks = self._marks(request, still, zone)
        when = self._said_time(still.frame.captured_at) or "时间见证据声明 time: see the statement"
        title = f"{both(still.role, ROLES)} · {request.camera} · {zone.name or request.zone} · {when}"
        copy = marked_copy(image, zone, marks, title, still.original.sha256)
        out = [self._copy(f"{still.role}_marked", copy, still, request)]
        if self._detector and self._masks(still):
            found = (*(still.look.found or ()), *nearby(image, zone, self._detector))
            copy = shared_copy(image, zone, marks, found, title, self._settings.surroundings)
            out.append(replace(self._copy(f"{still.role}_shared", copy, still, request), masked=True))
        return out

    def _marks(self, request: TakePictures, still: _Taken, zone: ZoneDrawing) -> tuple[Detection, ...]:
        """What the case is about; in an earlier picture what stood there by then, for the rest came later."""
        if not still.earlier:
            return moved(request.marks, *still.look.shift)
        seen = still.look.reported(self._settings.report_score, zone.polygon)
        return tuple(d for d in seen if d.role == "evidence" and d.in_lane)

    def _masks(self, still: _Taken) -> bool:
        return still.look.found is not None and self._onlooker.knows_people

    def _copy(self, role: str, image: Image, still: _Taken, request: TakePictures) -> Picture:
        made = self._keep(role, image, self._settings.copy_quality, still.frame, request)
        return replace(made, parent=still.original.sha256)

    # -- the clip ----------------------------------------------------------------------------------

    def _clip(
        self, request: TakePictures, camera: StreetCamera, span: tuple[Ns, Ns], answer: _Answer
    ) -> None:
        try:
            data, start = cut(camera, *span, self._settings.clip_mb * 1_000_000)
        except DeviceError as problem:
            answer.problems.append(f"clip: {problem}")
            return
        shown = next((p for p in answer.pictures if p.role != REFERENCE), None)
        answer.add(
            Picture(
                role="clip",
                sha256=self._stage(data, request.hold_s * S, ""),
                size=len(data),
                media_type="video/mp4",
                width=shown.width if shown else 0,
                height=shown.height if shown else 0,
                captured_at=start,
                camera=request.camera,
            )
        )


def _last(request: TakePictures) -> int:
    """The last instant that must be in the ring; 0 when no picture of the camera's is wanted."""
    times = [shot.time for shot in request.shots if shot.role != REFERENCE]
    return max((*times, request.clip[1] if request.clip else 0), default=0)
