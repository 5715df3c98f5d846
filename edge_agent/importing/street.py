"""What the core asks of street cameras, answered from video files: looks, and the pictures of cases.

Pictures are held in memory, as on a box: what no statement wants is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edge_agent.config.settings import SiteConfig
from edge_agent.config.street import StreetConfig
from edge_agent.core.decisions import Decision, SealStreet, TakePictures, Watch
from edge_agent.core.events import ClockStatus, Event, SceneSeen
from edge_agent.core.street.hours import LocalTime
from edge_agent.core.units import Ns
from edge_agent.devices.camera.recorded import RecordedVideo
from edge_agent.devices.camera.request_queue import answered, failed
from edge_agent.devices.detector.detector import Detector
from edge_agent.devices.pictures import PictureWorker
from edge_agent.devices.scene.bank import ReferenceBank
from edge_agent.devices.staging import Staging
from edge_agent.importing.answers import ANSWER_AFTER, KeptPictures
from edge_agent.importing.looks import Looks
from edge_agent.street_parts import MASK_SCORE, drawings_of, said_time

SUFFIXES = {"video/mp4": ".mp4", "image/png": ".png"}


class StreetAnswers:
    """Carries out what was asked of the street cameras that there is video of.

    Args:
        site: the configuration.
        street: its street.
        videos: by camera, all of the street's.
        pictures: takes those that a statement names.
        clock: what is known of the time.
    """

    def __init__(
        self,
        site: SiteConfig,
        street: StreetConfig,
        videos: Mapping[str, RecordedVideo],
        pictures: KeptPictures,
        clock: ClockStatus,
    ) -> None:
        self._cameras = dict(videos)
        self._now = Ns(0)
        self._answer_at = Ns(0)
        self._pictures = pictures
        self._staging = Staging(lambda: self._now)
        chosen = street.detector
        masking = Detector(chosen.model_copy(update={"min_score": MASK_SCORE})) if chosen else None
        detector = masking.surer(chosen.min_score) if masking and chosen else None
        self._looks = Looks(street, videos, detector, clock.est_error or Ns(0))
        local = LocalTime(street.core().utc_offsets, site.site.legal.utc_offset_minutes)
        self._worker = PictureWorker(
            self._cameras,
            self._looks.reference,
            drawings_of(street),
            self._staging.put,
            self._staging.get,
            masking,
            lambda _event: None,
            lambda: self._answer_at,
            settings=street.pictures,
            said_time=lambda at: said_time(at, local, clock),
        )
        self.models = (("street", detector.model_sha256),) if detector else ()
        self.notes = tuple(_notes(street, videos))
        self.looked = 0

    def next(self, now: Ns, until: Ns) -> SceneSeen | None:
        """What the next picture shows that was taken until then."""
        seen = self._looks.next(now, until)
        self.looked += seen is not None
        return seen

    def answer(self, asked: Decision, now: Ns) -> Sequence[Event]:
        """What the video shows; nothing where there is no video of that camera."""
        self._now = now
        match asked:
            case Watch():
                self._looks.pace(asked)
            case TakePictures() if asked.camera in self._cameras:
                instants = [*(shot.time for shot in asked.shots), *(asked.clip or ())]
                self._answer_at = Ns(max(now, *instants) + ANSWER_AFTER)
                return (answered(self._worker.carry_out, failed, asked, lambda: self._answer_at),)
            case SealStreet():
                self._keep(asked)
        return ()

    def _keep(self, sealed: SealStreet) -> None:
        """What a statement names is written down; the rest is forgotten in its time."""
        for picture in sealed.pictures:
            data = self._staging.get(picture.sha256)
            if data is not None:
                self._pictures.keep(data, SUFFIXES.get(picture.media_type, ".jpg"))


class NoStreet:
    """There is no video of a street camera."""

    notes: tuple[str, ...] = ()
    models: tuple[tuple[str, str], ...] = ()
    looked = 0

    def next(self, _now: Ns, _until: Ns) -> None:
        """Nothing to look at."""

    def answer(self, _asked: Decision, _now: Ns) -> Sequence[Event]:
        """Nothing to answer with."""
        return ()


def street_answers(
    site: SiteConfig, videos: Mapping[str, RecordedVideo], pictures: KeptPictures, clock: ClockStatus
) -> StreetAnswers | NoStreet:
    """Who answers for the street; no model is loaded where there is no video of it.

    Raises:
        ConfigError: the model, or the list of accepted pictures, cannot be read.
        DeviceError: a video cannot be read.
    """
    if site.street is None or not videos:
        return NoStreet()
    return StreetAnswers(site, site.street, videos, pictures, clock)


def _notes(street: StreetConfig, videos: Mapping[str, RecordedVideo]) -> list[str]:
    """What nobody will see in these videos, and why."""
    nothing_named = "the street has no detector: nothing is named, so there are suspects and no cases"
    return [
        *([] if street.detector else [nothing_named]),
        *(
            f"{name}: no picture of its clear pavement is accepted in {street.references_dir}: its zones "
            f"are unseen; edge-agent reference accept --camera {name} ... first"
            for name in videos
            if not ReferenceBank(street.references_dir, name).active
        ),
    ]
