"""The street's part of the program: which device goes where.

camera ──> sampler ──> scene worker (detector, still objects, view) ──> SceneSeen ──> core
   └────── ring ─────> picture worker <── TakePictures ──────────────────────────────┘
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping

from edge_agent.config.street import StreetConfig
from edge_agent.core.decisions import TakePictures, Watch
from edge_agent.core.events import Captured, ClockStatus, DeviceChanged, SceneSeen
from edge_agent.core.street.hours import LocalTime
from edge_agent.core.street.settings import permille
from edge_agent.core.units import Ns
from edge_agent.devices import clock
from edge_agent.devices.camera.camera import Camera
from edge_agent.devices.camera.sampler import Sampler
from edge_agent.devices.camera.tap import Keep, VideoTap
from edge_agent.devices.detector.detector import Detector
from edge_agent.devices.pictures import PictureWorker, ReferencePicture, ZoneDrawing
from edge_agent.devices.scene.bank import MANIFEST, ReferenceBank
from edge_agent.devices.scene.renewal import Renewal
from edge_agent.devices.scene.scene import Scene
from edge_agent.devices.scene.worker import SceneCamera, SceneWorker
from edge_agent.devices.staging import Staging
from edge_agent.local_time import local_time
from edge_agent.progress import Part, Pulse

# Masks must miss nobody: boxes that nothing is concluded from are good enough to hide a face.
MASK_SCORE = 0.1


class StreetParts:
    """All devices of the street. Made before anything starts; `parts` says what to start and stop.

    Args:
        street: the configuration.
        emit: takes every event.
        staging: where pictures wait for their statement.
        epochs: for cameras that are files: when the first picture was taken.
        utc_offset_minutes: local time less UTC where no time zone is configured.
        keep_video: takes every compressed picture, for a recording; None: none is kept.
        time: what time it is; while nobody vouches for it no time is drawn into copies.
    """

    def __init__(
        self,
        street: StreetConfig,
        emit: Callable[[SceneSeen | Captured | DeviceChanged], None],
        staging: Staging,
        epochs: Mapping[str, Ns],
        utc_offset_minutes: int,
        keep_video: Keep | None = None,
        time: clock.Clock | None = None,
    ) -> None:
        self._clock = time or clock.Clock(clock.ClockSettings())
        self._local = LocalTime(street.core().utc_offsets, utc_offset_minutes)
        chosen = street.detector
        masking = Detector(chosen.model_copy(update={"min_score": MASK_SCORE})) if chosen else None
        self.detector = masking.surer(chosen.min_score) if masking and chosen else None
        self.cameras = {
            name: Camera(name, chosen.video, emit, clock.monotonic, epochs.get(name))
            for name, chosen in street.cameras.items()
        }
        self._taps = [VideoTap(camera, keep_video) for camera in self.cameras.values()] if keep_video else []
        woken = threading.Event()
        scenes = {name: scene_of(street, name) for name in self.cameras}
        input_width = self.detector.input_width if self.detector else 0
        self.samplers = {
            name: Sampler(camera, woken.set, scenes[name].crop.picture_width(input_width))
            for name, camera in self.cameras.items()
        }
        watched = {
            name: SceneCamera(sampler, scenes[name], _renewal(street, name))
            for name, sampler in self.samplers.items()
        }
        self.scenes = SceneWorker(watched, self.detector, emit, clock.monotonic, woken)
        self._pictures = PictureWorker(
            self.cameras,
            self._reference,
            drawings_of(street),
            staging.put,
            staging.get,
            masking,
            emit,
            clock.monotonic,
            settings=street.pictures,
            said_time=lambda at: said_time(at, self._local, self._clock.status()),
        )

    def parts(self) -> Iterator[Part]:
        """Begin and end of each, in the order of starting: who uses before who is used."""
        yield self._pictures.start, self._pictures.close
        yield self.scenes.start, self.scenes.close
        for tap in self._taps:
            yield tap.start, tap.close
        for sampler in self.samplers.values():
            yield sampler.start, sampler.close
        for camera in self.cameras.values():
            yield camera.start, camera.close

    @property
    def pulses(self) -> Iterator[Pulse]:
        """Of all its threads."""
        yield from (self._pictures.pulse, self.scenes.pulse)
        yield from (tap.pulse for tap in self._taps)
        yield from (sampler.pulse for sampler in self.samplers.values())
        for camera in self.cameras.values():
            yield from camera.pulses

    def watch(self, wanted: Watch) -> None:
        """Look at a camera so often."""
        self.scenes.pace(wanted)

    def take(self, request: TakePictures) -> None:
        """Take pictures; `Captured` answers."""
        self._pictures.submit(request)

    def _reference(self, camera: str) -> ReferencePicture | None:
        found = self.scenes.reference_picture(camera)
        return ReferencePicture(*found) if found else None


def scene_of(street: StreetConfig, camera: str) -> Scene:
    """Who looks at a camera's pictures, fresh, with the references accepted by now."""
    chosen = street.cameras[camera]
    polygons = [zone.polygon for zone in chosen.zones.values()]
    return Scene(camera, chosen.scene, polygons, ReferenceBank(street.references_dir, camera))


def _renewal(street: StreetConfig, camera: str) -> Renewal:
    """Pictures that are accepted later."""
    return Renewal(street.references_dir / camera / MANIFEST, lambda: scene_of(street, camera))


def said_time(at: Ns, local: LocalTime, status: ClockStatus) -> str:
    """A monotonic time as local date and time; empty while nobody can say that the clock is right."""
    if not status.synced:
        return ""
    utc = Ns(at + status.utc_minus_mono)
    return f"{local_time(utc, local.offset_min(utc)):%Y-%m-%d %H:%M:%S}"


def drawings_of(street: StreetConfig) -> dict[str, ZoneDrawing]:
    """Zones as they are drawn into pictures, by name."""
    return {
        name: ZoneDrawing(permille(zone.polygon), permille(zone.door_line), zone.shop or name)
        for camera in street.cameras.values()
        for name, zone in camera.zones.items()
    }
