"""Carries out `ReadPlates`: the plate of one vehicle, out of the pictures that the camera's ring still holds.

    ReadPlates ──> small pictures of its window ──> detector ──> vehicles over the reading line, and when
               ──> the one expected then ──> its best pictures at full size ──> its plate in each
               ──> PlateSeen a picture, PlateSeen without text for every other vehicle, PlatesDone

Only inside the box of the vehicle that was asked for is anything read: the others are counted, so that the
matcher knows that they were there, and stay nobody's. One worker thread for all cameras.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isqrt
from typing import Protocol

import numpy as np

from edge_agent.core.decisions import ReadPlates
from edge_agent.core.events import PlatesDone, PlateSeen
from edge_agent.core.records import Detection, Picture, ReadingMeans
from edge_agent.core.units import MS, Ns, Permille
from edge_agent.devices.camera.frame import TOLERANCE, Frame
from edge_agent.devices.camera.request_queue import RequestQueue, Serving
from edge_agent.devices.camera.settings import CameraSettings
from edge_agent.devices.camera.stills import WAIT, Image, VehicleDetector, picture_record, to_jpeg
from edge_agent.devices.plate_reader.agreement import Agreement
from edge_agent.devices.plate_reader.approach import CUT_OFF, Approach, AtLine, approaches, at_line
from edge_agent.devices.plate_reader.reader import PlateReader, Reading, permille
from edge_agent.devices.plate_reader.settings import PlateReaderSettings

QUEUE = 64  # as many as captures may wait
SMALL = 640  # px: pictures for the detector are made no wider; networks take less
MOST_LOOKED = 40  # pictures in which vehicles are looked for
MARGIN = 20  # permille of the picture around a vehicle's box: bumpers reach out of it
LOWER = 650  # permille of a vehicle's height: plates hang below
MOSTLY = 600  # permille of a box
LEAST_SEEN = 2  # pictures in which another vehicle was seen; fewer is a flicker of the detector
PAINT = 114  # grey, as networks are trained to take for nothing
# Read is only who was on the line within the middle half of the window: two standard deviations either way.
NEAR = 4
WAY = {"front": "approaching", "rear": "leaving"}
SAME_PICTURE = 15 * MS
SHARP_WIDTH = 480  # px
APART = 80 * MS  # two pictures nearer to each other say the same
PLATE_MARGIN = 0.6  # of its height, around the crop that is evidence

Answer = Sequence[PlateSeen | PlatesDone]


class PlateCamera(Protocol):
    """What is needed of a camera: `Camera`, or a file looked at afterwards."""

    id: str
    settings: CameraSettings

    def wait_for(self, t: Ns, until: Ns, /) -> bool:
        """Wait until the picture nearest to `t` is there, no longer than to `until`."""

    def frames_at(
        self, times: Sequence[Ns], tolerance: int = TOLERANCE, max_width: int = 0
    ) -> list[Frame | None]:
        """The pictures nearest to each of the times; None where there is none near enough."""


@dataclass(frozen=True, slots=True)
class _Passing:
    """A vehicle and when it was on the line."""

    vehicle: Approach
    line: AtLine


@dataclass(frozen=True, slots=True)
class _Read:
    """One picture of the vehicle, and what its plate says there."""

    frame: Frame
    crop: Image
    reading: Reading | None


class PlateWorker(Serving[ReadPlates, Answer]):
    """Turns `ReadPlates` decisions into `PlateSeen` and `PlatesDone` events.

    Args:
        cameras: by id; their settings say each lane's polygon and reading line.
        reader: reads a picture.
        detector: finds the vehicles.
        settings: how many pictures, and how long.
        stage: keeps a picture's bytes until they are sealed or forgotten.
        emit: takes each event, in order; called from the worker's thread.
        clock: the box's monotonic clock.
    """

    def __init__(
        self,
        cameras: Mapping[str, PlateCamera],
        reader: PlateReader,
        detector: VehicleDetector,
        settings: PlateReaderSettings,
        stage: Callable[[bytes], str],
        emit: Callable[[PlateSeen | PlatesDone], object],
        clock: Callable[[], Ns],
    ) -> None:
        self._cameras = cameras
        self._reader = reader
        self._detector = detector
        self._settings = settings
        self._stage = stage
        self._clock = clock

        def all_of(answer: Answer) -> None:
            for event in answer:
                emit(event)

        super().__init__(RequestQueue("plates", self.carry_out, refusal, all_of, clock, QUEUE))

    @property
    def models(self) -> tuple[tuple[str, str], ...]:
        """(name, SHA-256) of every network that reads."""
        return self._reader.models

    def submit(self, request: ReadPlates) -> None:
        """Take a request. Never blocks; one too many is answered at once with a problem."""
        camera = self._cameras.get(request.camera)
        if camera is None:
            self._queue.refuse(request, f"camera {request.camera!r} has no video to read plates in")
        elif request.lane not in camera.settings.views or not camera.settings.views[request.lane].line:
            self._queue.refuse(
                request, f"camera {request.camera!r} has no reading line for lane {request.lane!r}"
            )
        else:
            self._queue.submit(request, request.end)

    def carry_out(self, request: ReadPlates) -> Answer:
        """Read now and in this thread; for the worker itself, and for imports."""
        camera = self._cameras[request.camera]
        camera.wait_for(request.end, Ns(request.end + WAIT))
        until = Ns(self._clock() + self._settings.budget_ms * MS)
        times = _instants(request, self._settings.look_every_ms * MS)
        looked = _distinct(camera.frames_at(times, TOLERANCE, SMALL))
        if not looked:
            return refusal(request, "the camera holds no picture of that time", self._clock())
        vehicles = self._vehicles(request, camera, looked, until)
        passing = _passing(request, camera, vehicles, max(frame.uncertainty for frame in looked))
        if not passing:
            return refusal(request, "no vehicle was seen at the reading line", self._clock())
        wanted = min(passing, key=lambda p: abs(p.line.at - request.predicted))
        if abs(wanted.line.at - request.predicted) > (request.end - request.start) // NEAR:
            return (*self._unread(request, passing), _missed(request, self._clock()))
        others = [v for v in vehicles if v is not wanted.vehicle and len(v.seen) >= LEAST_SEEN]
        pictures = self._crops(camera, wanted.vehicle, others)
        reads = list(self._reads(pictures, until))
        means = ReadingMeans(
            models=(("vehicle detector", self._detector.model_sha256), *self._reader.models),
            thresholds=tuple(sorted((k, int(v)) for k, v in self._settings.model_dump(include=TOLD).items())),
            decoded=len(looked) + len(pictures),
            read=len(reads),
        )
        return (
            *self._seen(request, camera, wanted, reads),
            *self._unread(request, [p for p in passing if p is not wanted]),
            PlatesDone(self._clock(), request.request, means=means),
        )

    def _vehicles(
        self, request: ReadPlates, camera: PlateCamera, looked: Sequence[Frame], until: Ns
    ) -> list[Approach]:
        """Every vehicle in the pictures around the likeliest instant, as many as half of the time allows."""
        lane = camera.settings.views[request.lane].permille
        half = Ns((self._clock() + until) // 2)
        seen: list[tuple[Ns, tuple[Detection, ...]]] = []
        for frame in sorted(looked, key=lambda f: abs(f.captured_at - request.predicted)):
            if self._clock() > half:
                break
            seen.append((frame.captured_at, self._detector.detect([frame.image], lane)[0]))
        return approaches(sorted(seen, key=lambda one: one[0]))

    def _reads(self, pictures: Sequence[tuple[Frame, Image]], until: Ns) -> Iterator[_Read]:
        """Its pictures, best first, until enough of them agree or time is up."""
        agreement = Agreement(self._settings.enough)
        for number, (frame, crop) in enumerate(pictures):
            if number >= self._settings.enough and self._clock() > until:
                return
            reading = self._reader.read(crop)
            if reading is not None and reading.confidence * 1000 < self._settings.least_permille:
                reading = None
            yield _Read(frame, crop, reading)
            if reading is not None and agreement.add(reading.text, reading.confidence):
                return

    def _crops(
        self, camera: PlateCamera, vehicle: Approach, others: Sequence[Approach]
    ) -> list[tuple[Frame, Image]]:
        """The vehicle out of its best pictures at full size, the largest and sharpest first."""
        chosen = _best(vehicle, self._settings.pictures)
        found: list[tuple[float, Frame, Image]] = []
        for frame, (at, box) in zip(camera.frames_at([at for at, _ in chosen]), chosen, strict=True):
            if frame is None or abs(frame.captured_at - at) > SAME_PICTURE:
                continue  # the ring no longer holds the picture that the box is of
            crop = _own_part(frame.image, box, [b for other in others for t, b in other.seen if t == at])
            found.append(((box.x_max - box.x_min) * _sharpness(crop), frame, crop))
        return [(frame, crop) for _, frame, crop in sorted(found, key=lambda one: -one[0])]

    def _seen(
        self, request: ReadPlates, camera: PlateCamera, wanted: _Passing, reads: Sequence[_Read]
    ) -> Iterator[PlateSeen]:
        """An event a picture; the one that shows best what was read has the pictures with it."""
        at = self._clock()
        legible = [(read, read.reading) for read in reads if read.reading is not None]
        if not legible:
            pictures = self._pictures(camera, reads[0]) if reads else ()
            yield _event(request, 1, wanted, None, pictures, at)
            return
        sums: Counter[str] = Counter()
        for _, reading in legible:
            sums[reading.text] += permille(reading.confidence)
        shown, _ = max(legible, key=lambda one: (sums[one[1].text], one[1].confidence))
        for read, reading in legible:
            yield _event(
                request, 1, wanted, reading, self._pictures(camera, read) if read is shown else (), at
            )

    def _unread(self, request: ReadPlates, others: Sequence[_Passing]) -> Iterator[PlateSeen]:
        """Other vehicles: they were there, and their plates are nobody's business."""
        at = self._clock()
        for number, other in enumerate(others, start=2):
            yield _event(request, number, other, None, (), at)

    def _pictures(self, camera: PlateCamera, read: _Read) -> tuple[Picture, ...]:
        """The plate cut out, where one was found, and the whole picture that it is in."""
        shown = [("plate_view", read.frame.image)]
        if read.reading is not None:
            shown.insert(0, ("plate", _plate_of(read.crop, read.reading)))
        out: list[Picture] = []
        for role, image in shown:
            data = to_jpeg(image, camera.settings.jpeg_quality)
            out.append(picture_record(role, data, self._stage(data), read.frame, image, camera.id))
        return tuple(out)


# What a statement says of the settings that a read depended on.
TOLD = {"look_every_ms", "pictures", "enough", "least_permille", "first_side", "text_side", "by_colour"}


def refusal(request: ReadPlates, problem: str, at: Ns) -> Answer:
    """The answer that only has a problem."""
    return (PlatesDone(at, request.request, problem),)


def _missed(request: ReadPlates, at: Ns) -> PlatesDone:
    return PlatesDone(at, request.request, "nobody was at the reading line when the vehicle was expected")


def _passing(
    request: ReadPlates, camera: PlateCamera, vehicles: Sequence[Approach], uncertainty: Ns
) -> list[_Passing]:
    """Those that went over the line in the lane, the right way, within the window."""
    line = camera.settings.views[request.lane].line_permille
    assert line is not None  # checked in `submit`
    found: list[_Passing] = []
    for vehicle in vehicles:
        crossed = at_line(vehicle, line)
        if crossed is None or not crossed.in_lane or crossed.direction != WAY[request.side]:
            continue
        sd = Ns(isqrt(crossed.sd**2 + uncertainty**2))
        if request.start - sd <= crossed.at <= request.end + sd:
            found.append(_Passing(vehicle, replace(crossed, sd=sd)))
    return found


def _instants(request: ReadPlates, step: int) -> list[Ns]:
    """Instants of the window in order; of too many those around the likeliest one."""
    around = [Ns(t) for t in range(request.start - step, request.end + step + 1, step)]
    nearest = sorted(around, key=lambda t: (abs(t - request.predicted), t))[:MOST_LOOKED]
    return sorted(nearest)


def _distinct(frames: Sequence[Frame | None]) -> list[Frame]:
    """Each picture once, in order of time."""
    by_time = {frame.captured_at: frame for frame in frames if frame is not None}
    return [by_time[at] for at in sorted(by_time)]


def _best(vehicle: Approach, count: int) -> list[tuple[Ns, Detection]]:
    """Pictures in which its end is wholly seen in the lane and largest, none too near to another."""
    whole = [(at, box) for at, box in vehicle.seen if box.y_max < CUT_OFF and box.in_lane]
    ranked = sorted(whole, key=lambda sight: (sight[1].x_min - sight[1].x_max, -sight[1].y_max))
    chosen: list[tuple[Ns, Detection]] = []
    for at, box in ranked:
        if len(chosen) < count and all(abs(at - other) >= APART for other, _ in chosen):
            chosen.append((at, box))
    return chosen


def _own_part(image: Image, box: Detection, others: Sequence[Detection]) -> Image:
    """The lower part of the vehicle's end with a margin, out of the full picture, others painted over.

    A plate hangs in the lower part. A box that lies around this one and ends no lower is this vehicle's
    again, or of one behind it, whose plate this one hides.
    """
    height, width = image.shape[:2]
    top = box.y_max - (box.y_max - box.y_min) * LOWER // 1000
    left, upper, right, lower = _px(
        (box.x_min - MARGIN, top, box.x_max + MARGIN, box.y_max + MARGIN), width, height
    )
    crop = np.ascontiguousarray(image[upper : max(upper + 1, lower), left : max(left + 1, right)])
    for other in others:
        if other.y_max <= box.y_max + MARGIN and _covered(box, other) >= MOSTLY:
            continue
        x0, y0, x1, y1 = _px((other.x_min, other.y_min, other.x_max, other.y_max), width, height)
        crop[max(0, y0 - upper) : max(0, y1 - upper), max(0, x0 - left) : max(0, x1 - left)] = PAINT
    return crop


def _sharpness(image: Image) -> float:
    """Mean steepness of what is in it, at one size for all."""
    import cv2  # noqa: PLC0415 heavy: only where pictures are looked at

    tall, wide = image.shape[:2]
    small = cv2.resize(image, (SHARP_WIDTH, max(1, SHARP_WIDTH * tall // wide)), interpolation=cv2.INTER_AREA)
    return float(np.abs(cv2.Laplacian(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), cv2.CV_32F)).mean())


def _px(edges: tuple[int, int, int, int], width: int, height: int) -> tuple[int, int, int, int]:
    """Edges in permille as pixels, within the picture."""
    x0, y0, x1, y1 = (min(1000, max(0, edge)) for edge in edges)
    return x0 * width // 1000, y0 * height // 1000, x1 * width // 1000, y1 * height // 1000


def _covered(box: Detection, other: Detection) -> int:
    """How much of the first box lies in the other, permille."""
    w = min(box.x_max, other.x_max) - max(box.x_min, other.x_min)
    h = min(box.y_max, other.y_max) - max(box.y_min, other.y_min)
    return max(0, w) * max(0, h) * 1000 // max(1, (box.x_max - box.x_min) * (box.y_max - box.y_min))


def _plate_of(crop: Image, reading: Reading) -> Image:
    """The plate with a margin, as it is in the picture."""
    height, width = crop.shape[:2]
    (x0, y0), (x1, y1) = reading.region.corners.min(axis=0), reading.region.corners.max(axis=0)
    by = PLATE_MARGIN * (y1 - y0)
    left, top = max(0, int(x0 - by)), max(0, int(y0 - by))
    right, bottom = min(width, int(x1 + by) + 1), min(height, int(y1 + by) + 1)
    return np.ascontiguousarray(crop[top : max(top + 1, bottom), left : max(left + 1, right)])


def _event(
    request: ReadPlates,
    number: int,
    passing: _Passing,
    reading: Reading | None,
    pictures: tuple[Picture, ...],
    at: Ns,
) -> PlateSeen:
    """What one picture of the `number`-th vehicle says; the first is the one that was asked for."""
    texts = [(text, permille(sure)) for text, sure in reading.candidates] if reading else []
    return PlateSeen(
        at=at,
        camera=request.camera,
        lane=request.lane,
        captured_utc=None,
        text=texts[0][0] if texts else "",
        confidence=texts[0][1] if texts else Permille(0),
        colour=reading.colour if reading else "",
        vehicle=passing.vehicle.label,
        direction=passing.line.direction,
        alternatives=tuple(texts[1:]),
        pictures=pictures,
        event_id=f"{request.request}/{number}",
        request=request.request,
        captured_at=passing.line.at,
        captured_sd=passing.line.sd,
        side=request.side,
    )
