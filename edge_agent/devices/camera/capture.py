"""Carries out `Capture`: stills of the instants asked for, what the detector sees in them, a crop.

One worker thread for all cameras. A request waits until the camera's ring holds its last instant, or
until it is too late to wait; the runner's thread never waits for anything here.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edge_agent.core.decisions import Capture
from edge_agent.core.events import Captured
from edge_agent.core.records import Detection, Picture
from edge_agent.core.units import MS, Ns, Permille
from edge_agent.devices.camera.camera import Frame
from edge_agent.devices.camera.settings import CameraSettings

Image = npt.NDArray[np.uint8]
Polygon = tuple[tuple[int, int], ...]
# Holds a picture's bytes for a statement that may want them; returns their SHA-256.
Stage = Callable[[bytes], str]

WAIT = 1_500 * MS  # after the last instant: a stream's packets are rarely later than this
QUEUE = 64  # captures that may wait; more overweight vehicles at once than any bridge holds
CROP_MARGIN = 60  # permille of the box's size left around the crop

log = logging.getLogger(__name__)


class VehicleDetector(Protocol):
    """What the worker needs of a detector; `edge_agent.devices.detector.Detector` is one."""

    @property
    def model_sha256(self) -> str:
        """Digest of the weights."""

    def detect(self, images: Sequence[Image], lane: Polygon = ()) -> tuple[tuple[Detection, ...], ...]:
        """What is in each picture, (h, w, 3) BGR; `in_lane` by the polygon, permille."""


class Stills(Protocol):
    """What the worker needs of a camera: `Camera`, or a file looked at afterwards."""

    id: str
    settings: CameraSettings

    def wait_for(self, t: Ns, until: Ns, /) -> bool:
        """Wait until the picture nearest to `t` is there, no longer than to `until`."""

    def frames_at(self, times: Sequence[Ns], /) -> list[Frame | None]:
        """The pictures nearest to each of the times; None where there is none near enough."""


@dataclass(order=True)
class _Waiting:
    due: int
    turn: int
    request: Capture = field(compare=False)


class CaptureWorker:
    """Turns `Capture` decisions into `Captured` events.

    Args:
        cameras: by id; their settings say the JPEG quality and each lane's polygon.
        stage: keeps a picture's bytes until they are sealed or forgotten.
        detector: None = nobody looks; `Captured.model_sha256` is then empty.
        emit: takes each `Captured`; called from the worker's thread.
        clock: the box's monotonic clock.
    """

    def __init__(
        self,
        cameras: Mapping[str, Stills],
        stage: Stage,
        detector: VehicleDetector | None,
        emit: Callable[[Captured], object],
        clock: Callable[[], Ns],
    ) -> None:
        self._cameras = cameras
        self._stage = stage
        self._detector = detector
        self._emit = emit
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._turns = itertools.count()
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def start(self) -> None:
        """Begin to take requests from the queue."""
        self._thread.start()

    def close(self, timeout: float = 5.0) -> None:
        """Stop; requests that still wait are forgotten."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def submit(self, request: Capture) -> None:
        """Take a request. Never blocks; one too many is answered at once with a problem."""
        problem = ""
        with self._changed:
            if request.camera not in self._cameras:
                problem = f"no camera {request.camera!r}"
            elif not request.times:
                problem = "no instants asked for"
            elif len(self._waiting) >= QUEUE:
                problem = f"{QUEUE} captures are waiting already"
            else:
                heapq.heappush(self._waiting, _Waiting(max(request.times), next(self._turns), request))
                self._changed.notify_all()
        if problem:
            self._emit(self._failed(request, problem))

    def _failed(self, request: Capture, problem: str) -> Captured:
        return Captured(self._clock(), request.request, request.camera, (), (), problem=problem)

    # -- the thread --------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._stopping:
                    self._changed.wait()
                if self._stopping:
                    return
                request = heapq.heappop(self._waiting).request
            try:
                answer = self.carry_out(request)
            except Exception as failure:  # one bad picture must not end all capturing
                log.exception("capture %s failed", request.request)
                answer = self._failed(request, f"{type(failure).__name__}: {failure}"[:300])
            self._emit(answer)

    def carry_out(self, request: Capture) -> Captured:
        """Take the pictures now and in this thread; for the worker itself, and for imports."""
        camera = self._cameras[request.camera]
        last = max(request.times)
        camera.wait_for(Ns(last), Ns(last + WAIT))
        frames = [frame for frame in camera.frames_at(request.times) if frame is not None]
        frames = _distinct(frames)
        if not frames:
            return self._failed(request, "the camera holds no picture of that time")
        view = camera.settings.views.get(request.lane)
        seen = self._look(frames, view.permille if view else ())
        pictures = [
            self._picture(f"full_view_{number}", frame.image, frame, camera)
            for number, frame in enumerate(frames, start=1)
        ]
        detections = list(seen)
        crop = _best_in_lane(frames, seen)
        if crop is not None:
            frame, found = crop
            image, inside = _cut(frame.image, found)
            pictures.append(self._picture("front", image, frame, camera))
            detections.append((inside,))
        missing = len(request.times) - len(frames)
        return Captured(
            at=self._clock(),
            request=request.request,
            camera=request.camera,
            pictures=tuple(pictures),
            detections=tuple(detections),
            model_sha256=self._detector.model_sha256 if self._detector else "",
            problem=f"{missing} of {len(request.times)} pictures are missing" if missing else "",
        )

    def _look(self, frames: Sequence[Frame], lane: Polygon) -> tuple[tuple[Detection, ...], ...]:
        if self._detector is None:
            return ((),) * len(frames)
        return self._detector.detect([frame.image for frame in frames], lane)

    def _picture(self, role: str, image: Image, frame: Frame, camera: Stills) -> Picture:
        data = to_jpeg(image, camera.settings.jpeg_quality)
        height, width = image.shape[:2]
        sha256 = self._stage(data)
        return Picture(role, sha256, len(data), "image/jpeg", width, height, frame.captured_at, camera.id)


def _distinct(frames: Sequence[Frame]) -> list[Frame]:
    """Each picture once: two instants may lie nearest to the same one, and one picture is one proof."""
    out: list[Frame] = []
    for frame in frames:
        if all(frame.captured_at != other.captured_at for other in out):
            out.append(frame)
    return out


def _best_in_lane(
    frames: Sequence[Frame], seen: Sequence[Sequence[Detection]]
) -> tuple[Frame, Detection] | None:
    """The vehicle in the lane with the largest box: it shows most. Ties: the earlier picture, then box."""
    found = [
        (frame, d)
        for frame, boxes in zip(frames, seen, strict=True)
        for d in boxes
        if d.in_lane and d.role == "evidence"
    ]
    return max(found, key=lambda f: (f[1].x_max - f[1].x_min) * (f[1].y_max - f[1].y_min), default=None)


def _cut(image: Image, found: Detection) -> tuple[Image, Detection]:
    """The box with a margin, out of the full-resolution picture, and the box as the crop shows it."""
    height, width = image.shape[:2]
    dx, dy = (
        (b - a) * CROP_MARGIN // 1000 for a, b in ((found.x_min, found.x_max), (found.y_min, found.y_max))
    )
    x0, x1 = max(0, found.x_min - dx), min(1000, found.x_max + dx)
    y0, y1 = max(0, found.y_min - dy), min(1000, found.y_max + dy)
    left, top = x0 * width // 1000, y0 * height // 1000
    right, bottom = max(left + 1, x1 * width // 1000), max(top + 1, y1 * height // 1000)

    def inside(value: int, low: int, high: int) -> Permille:
        return Permille((value - low) * 1000 // max(1, high - low))

    box = Detection(
        label=found.label,
        role=found.role,
        score=found.score,
        x_min=inside(found.x_min, x0, x1),
        y_min=inside(found.y_min, y0, y1),
        x_max=inside(found.x_max, x0, x1),
        y_max=inside(found.y_max, y0, y1),
        in_lane=found.in_lane,
    )
    return image[top:bottom, left:right], box


def to_jpeg(image: Image, quality: int) -> bytes:
    """A baseline JPEG, 24-bit colour (GA/T 832), without metadata."""
    import cv2  # noqa: PLC0415 heavy: only where pictures are made

    done, data = cv2.imencode(".jpg", np.ascontiguousarray(image), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError("the picture cannot be encoded")
    return data.tobytes()
