"""One thread that looks at all street cameras: whatever pictures are there go through the detector together.

A camera whose pictures cannot be handled is counted and told; the others go on.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from edge_agent.core.decisions import Watch
from edge_agent.core.events import DeviceChanged, SceneSeen
from edge_agent.core.records import Detection
from edge_agent.core.units import Ns, S
from edge_agent.devices.scene.pixels import Image
from edge_agent.devices.scene.renewal import LOOK_S as RENEW_S
from edge_agent.devices.scene.renewal import Renewal
from edge_agent.devices.scene.scene import Scene
from edge_agent.devices.scene.watch import StreetDetector
from edge_agent.errors import EdgeAgentError
from edge_agent.progress import Pulse

log = logging.getLogger(__name__)

# How long a lost wake-up may go unnoticed.
LOOK_S = 0.5
# One picture of each of sixteen cameras through the slowest network.
LONGEST_ROUND_S = 120
# The reference is told to be of no use after so many pictures in a row, and to be good again after so many:
# traffic hides things, and lamps are switched on, now and then.
TROUBLE_AFTER, GOOD_AFTER = 10, 100


class Frame(Protocol):
    """A decoded picture; `edge_agent.devices.camera.camera.Frame` is one."""

    @property
    def image(self) -> Image:
        """(h, w, 3) BGR."""

    @property
    def captured_at(self) -> Ns:
        """When it was taken."""

    @property
    def uncertainty(self) -> Ns:
        """One standard deviation of that."""


class FrameSource(Protocol):
    """What the worker needs of a camera's sampler."""

    def take(self) -> Frame | None:
        """The newest picture not taken yet; None when there is none. Never waits."""

    def pace(self, period_ms: int, /) -> None:
        """One picture so often from now on; 0: as keyframes come."""


@dataclass(frozen=True, slots=True, eq=False)
class SceneCamera:
    """A camera's pictures, and who looks at them."""

    source: FrameSource
    scene: Scene
    renewal: Renewal | None = None  # None: what was accepted at the start holds


@dataclass(slots=True)
class SceneCounts:
    """What happened to one camera's pictures."""

    looked: int = 0
    failed: int = 0
    well: bool = True
    trouble: str = ""  # with the reference, as it was told
    run: int = 0  # pictures in a row that say otherwise

    def reference_is(self, trouble: str) -> bool:
        """Count a picture; True when `trouble` has changed and is to be told."""
        self.run = self.run + 1 if bool(trouble) != bool(self.trouble) else 0
        if self.run < (GOOD_AFTER if self.trouble else TROUBLE_AFTER):
            return False
        self.trouble, self.run = trouble, 0
        return True


class SceneWorker:
    """Turns pictures into `SceneSeen` events.

    Args:
        cameras: by id.
        detector: None: only stationary objects are found, and nobody is vetoed.
        emit: takes each event; called from the worker's thread.
        clock: the box's monotonic clock.
        woken: set it when a picture is there; samplers take its `set` as their `on_frame`.
    """

    def __init__(
        self,
        cameras: Mapping[str, SceneCamera],
        detector: StreetDetector | None,
        emit: Callable[[SceneSeen | DeviceChanged], object],
        clock: Callable[[], Ns],
        woken: threading.Event,
    ) -> None:
        self._cameras = dict(cameras)
        self._detector = detector
        self._emit = emit
        self._clock = clock
        self.counts = {name: SceneCounts() for name in self._cameras}
        self._woken = woken
        self._renewed_at = clock()
        self._stopping = False
        self.pulse = Pulse("scene", LONGEST_ROUND_S)
        self._thread = threading.Thread(target=self._run, name="scene", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self, timeout: float = 5.0) -> None:
        """Stop after the pictures in hand."""
        self._stopping = True
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def pace(self, wanted: Watch) -> None:
        """Pass the core's wish on to the camera's sampler."""
        camera = self._cameras.get(wanted.camera)
        if camera is not None:
            camera.source.pace(wanted.period_ms)

    def reference_picture(self, camera: str) -> tuple[bytes, int, int] | None:
        """The accepted picture that the camera's last picture was compared with: bytes, width, height."""
        known = self._cameras.get(camera)
        return known.scene.reference_picture if known else None

    def _run(self) -> None:
        with self.pulse:
            while not self._stopping:
                self.pulse.beat()
                self._woken.wait(LOOK_S)
                self._woken.clear()
                if self._clock() - self._renewed_at >= RENEW_S * S:
                    self._renewed_at = self._clock()
                    self.renew()
                self.look()

    def renew(self) -> None:
        """Take pictures into use that were accepted since."""
        for name, camera in self._cameras.items():
            try:
                scene = camera.renewal.look() if camera.renewal else None
            except EdgeAgentError as error:  # what was accepted before goes on being compared with
                log.error("reference/%s: %s", name, error)  # noqa: TRY400 - no bug
                self._emit(DeviceChanged(self._clock(), f"reference/{name}", "degraded", str(error)[:300]))
                continue
            if scene is not None:
                self._cameras[name] = replace(camera, scene=scene)
                self.counts[name].trouble, self.counts[name].run = "", 0
                log.info("reference/%s: the list of accepted pictures has changed; it is in use", name)
                detail = "the accepted pictures have changed, and are in use"
                self._emit(DeviceChanged(self._clock(), f"reference/{name}", "up", detail))

    def look(self) -> int:
        """Take what is there, one picture a camera, and tell what it shows; how many there were."""
        taken: dict[str, Frame] = {}
        crops: dict[str, Image] = {}
        for name, camera in self._cameras.items():
            try:
                frame = camera.source.take()
                if frame is not None:
                    crops[name], taken[name] = camera.scene.crop.of(frame.image), frame
            except Exception as problem:  # noqa: BLE001 - one camera's trouble, whatever it is, stops no other
                self._failed(name, problem)
        found = self._detect(crops)
        for name, frame in taken.items():
            self._tell(name, frame, found[name])
        return len(taken)

    def _detect(self, crops: Mapping[str, Image]) -> dict[str, tuple[Detection, ...] | None]:
        """Boxes by camera, all in one batch if it can be; None where the detector failed on the picture."""
        if self._detector is None or not crops:
            return dict.fromkeys(crops, ())
        try:
            return dict(zip(crops, self._detector.detect(list(crops.values())), strict=True))
        except Exception as problem:  # noqa: BLE001 - whose picture it was, each on its own tells
            if len(crops) == 1:
                [name] = crops
                self._failed(name, problem)
                return {name: None}
        alone = [self._detect({name: crop}) for name, crop in crops.items()]
        return {name: boxes for one in alone for name, boxes in one.items()}

    def _tell(self, name: str, frame: Frame, found: tuple[Detection, ...] | None) -> None:
        scene, counts = self._cameras[name].scene, self.counts[name]
        try:
            boxes = scene.crop.back(found or (), frame.image)
            model = self._detector.model_sha256 if self._detector and found is not None else ""
            seen = scene.look(
                frame.image,
                frame.captured_at,
                frame.uncertainty,
                boxes,
                model,
                self._clock(),
                things=found is not None,
            )
        except Exception as problem:  # noqa: BLE001 - one camera's trouble, whatever it is, stops no other
            self._failed(name, problem)
            return
        counts.looked += 1
        if counts.reference_is(scene.trouble):
            self._tell_of_reference(name, counts.trouble)
        if found is not None and not counts.well:
            counts.well = True
            self._emit(DeviceChanged(self._clock(), f"scene/{name}", "up", "pictures are looked at again"))
        self._emit(seen)

    def _tell_of_reference(self, name: str, trouble: str) -> None:
        state, detail = ("degraded", trouble) if trouble else ("up", "the accepted picture is of use again")
        self._emit(DeviceChanged(self._clock(), f"reference/{name}", state, detail))

    def _failed(self, name: str, problem: Exception) -> None:
        counts = self.counts[name]
        counts.failed += 1
        if counts.well:
            counts.well = False
            log.error("scene/%s: a picture could not be looked at", name, exc_info=problem)
            detail = f"a picture could not be looked at: {type(problem).__name__}: {problem}"[:300]
            self._emit(DeviceChanged(self._clock(), f"scene/{name}", "degraded", detail))
