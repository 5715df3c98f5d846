"""Carries out `Capture`: stills of the instants asked for, what the detector sees in them, a crop.

One worker thread for all cameras. A request waits until the camera's ring holds its last instant, or
until it is too late to wait; the runner's thread never waits for anything here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from edge_agent.core.decisions import Capture
from edge_agent.core.events import Captured
from edge_agent.core.records import Detection, Picture
from edge_agent.core.units import Ns, Permille
from edge_agent.devices.camera.camera import Frame
from edge_agent.devices.camera.request_queue import RequestQueue, Serving, failed
from edge_agent.devices.camera.stills import (
    WAIT,
    Image,
    Polygon,
    Stills,
    VehicleDetector,
    picture_record,
    to_jpeg,
)

# Holds a picture's bytes for a statement that may want them; returns their SHA-256.
Stage = Callable[[bytes], str]

QUEUE = 64  # captures that may wait; more overweight vehicles at once than any bridge holds
CROP_MARGIN = 60  # permille of the box's size left around the crop


class CaptureWorker(Serving[Capture, Captured]):
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
        self._clock = clock
        super().__init__(RequestQueue("capture", self.carry_out, failed, emit, clock, QUEUE))

    def submit(self, request: Capture) -> None:
        """Take a request. Never blocks; one too many is answered at once with a problem."""
        if request.camera not in self._cameras:
            self._queue.refuse(request, f"no camera {request.camera!r}")
        elif not request.times:
            self._queue.refuse(request, "no instants asked for")
        else:
            self._queue.submit(request, max(request.times))

    def carry_out(self, request: Capture) -> Captured:
        """Take the pictures now and in this thread; for the worker itself, and for imports."""
        camera = self._cameras[request.camera]
        last = max(request.times)
        camera.wait_for(Ns(last), Ns(last + WAIT))
        frames = [frame for frame in camera.frames_at(request.times) if frame is not None]
        frames = _distinct(frames)
        if not frames:
            return failed(request, "the camera holds no picture of that time", self._clock())
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
        return picture_record(role, data, self._stage(data), frame, image, camera.id)


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
