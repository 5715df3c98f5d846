"""Street cameras' video files looked at as the daemon would: its pace, its detector, its still objects.

What the core asks is carried out at once and in one thread: a picture is decoded when its time has come, so
the core's last word on the pace holds for it. Nothing is kept but the group of pictures in hand.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from edge_agent.config.street import StreetConfig
from edge_agent.core.decisions import Watch
from edge_agent.core.events import SceneSeen
from edge_agent.core.records import Detection
from edge_agent.core.units import MS, Ns
from edge_agent.devices.camera.cadence import Cadence
from edge_agent.devices.camera.feed import Arrived
from edge_agent.devices.camera.group import GroupDecoder
from edge_agent.devices.camera.recorded import RecordedVideo
from edge_agent.devices.pictures import ReferencePicture
from edge_agent.devices.scene.pixels import Image
from edge_agent.devices.scene.scene import Scene
from edge_agent.devices.scene.watch import StreetDetector
from edge_agent.street_parts import scene_of


class Sampled:
    """The pictures of a file that a camera's sampler would give out, decoded as far as they are needed.

    Args:
        video: the file.
        hwaccel: what decodes, as in the camera's settings.
        max_width: pictures are made no wider; 0 = as they are.
        captured_sd: one standard deviation of when they were taken.
    """

    def __init__(self, video: RecordedVideo, hwaccel: str, max_width: int, captured_sd: Ns) -> None:
        self._packets = video.packets()
        self._waiting = next(self._packets, None)
        self._cadence = Cadence()
        self._decoder = GroupDecoder(hwaccel, max_width)
        self._captured_sd = captured_sd
        self._ready: deque[tuple[Arrived, Image]] = deque()

    def pace(self, period_ms: int) -> None:
        """One picture so often from now on; 0 = every keyframe and nothing else."""
        self._cadence.pace(period_ms * MS)

    def ready(self, until: Ns) -> Ns | None:
        """When the next picture was taken; None where the file has none to look at until then.

        Raises:
            DeviceError: the file cannot be read.
        """
        while not self._ready and self._waiting is not None and self._waiting[1] <= until:
            packet, taken = self._waiting
            wanted = self._cadence.wants(taken, keyframe=packet.keyframe)
            more = self._cadence.more_before_next_keyframe
            arrived = Arrived(packet, taken, self._captured_sd)
            self._ready += self._decoder.add(arrived, wanted=wanted, more=more)
            self._waiting = next(self._packets, None)
            if self._waiting is None:
                self._ready += self._decoder.finish()
        if not self._ready or self._ready[0][0].captured_at > until:
            return None
        return self._ready[0][0].captured_at

    def take(self) -> tuple[Arrived, Image]:
        """The picture that is ready."""
        return self._ready.popleft()


@dataclass(frozen=True, slots=True)
class _Camera:
    pictures: Sampled
    scene: Scene


class Looks:
    """What the street cameras' videos show, in order of time.

    Args:
        street: cameras, zones, accepted references.
        videos: by camera, all of the street's.
        detector: None: nothing is named and nobody vetoed, as on a box without one.
        captured_sd: one standard deviation of the pictures' times.
    """

    def __init__(
        self,
        street: StreetConfig,
        videos: Mapping[str, RecordedVideo],
        detector: StreetDetector | None,
        captured_sd: Ns,
    ) -> None:
        self._detector = detector
        self._cameras: dict[str, _Camera] = {}
        for name, video in videos.items():
            scene = scene_of(street, name)
            width = scene.crop.picture_width(detector.input_width if detector else 0)
            sampled = Sampled(video, street.cameras[name].video.hwaccel, width, captured_sd)
            self._cameras[name] = _Camera(sampled, scene)

    def pace(self, wanted: Watch) -> None:
        """Look at a camera so often."""
        if wanted.camera in self._cameras:
            self._cameras[wanted.camera].pictures.pace(wanted.period_ms)

    def reference(self, camera: str) -> ReferencePicture | None:
        """The accepted picture that the camera's last picture was compared with."""
        known = self._cameras.get(camera)
        found = known.scene.reference_picture if known else None
        return ReferencePicture(*found) if found else None

    def next(self, now: Ns, until: Ns) -> SceneSeen | None:
        """What the next picture shows that was taken until then; None where there is none.

        Raises:
            DeviceError: a file cannot be read.
        """
        first: _Camera | None = None
        for camera in self._cameras.values():
            taken = camera.pictures.ready(until)
            if taken is not None and (first is None or taken < until):
                first, until = camera, taken
        return self._look(first, now) if first else None

    def _look(self, camera: _Camera, now: Ns) -> SceneSeen:
        arrived, image = camera.pictures.take()
        found: tuple[Detection, ...] = ()
        if self._detector is not None:
            found = camera.scene.crop.back(self._detector.detect([camera.scene.crop.of(image)])[0], image)
        model = self._detector.model_sha256 if self._detector else ""
        at = Ns(max(now, arrived.captured_at))
        return camera.scene.look(image, arrived.captured_at, arrived.uncertainty, found, model, at)
