"""The detector over a recording's video again, and the recording as it would have been with its boxes.

Only the boxes change: what else was measured of a picture (its view, what stands still) is as it was then, so
that whatever is decided otherwise is the model's doing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache

from edge_agent.config.settings import SiteConfig
from edge_agent.core.events import Event, SceneSeen
from edge_agent.core.units import Ns
from edge_agent.corpus.plan import Boxes, Redetection
from edge_agent.devices.detector.detector import Detector
from edge_agent.devices.detector.settings import DetectorSettings
from edge_agent.journal.reader import Message, Recording
from edge_agent.redetecting import Comparison, NothingToLookAt, redetect

Seen = Mapping[tuple[str, Ns], SceneSeen]  # by camera and captured_at


@dataclass(frozen=True, slots=True)
class Looked:
    """What another look gave."""

    recordings: Sequence[Recording]  # with the boxes of now
    boxes: tuple[Boxes, ...] = ()  # by camera
    why_not: str = ""  # there was nothing to look at


@dataclass(slots=True)
class _LookedAgain(Recording):
    """A recording with the boxes of now where there are any."""

    now: Seen = field(default_factory=dict)

    def event_of(self, message: Message) -> Event | None:
        """As it was recorded, but for the boxes."""
        event = Recording.event_of(self, message)  # `super` does not know a class that has slots
        if not isinstance(event, SceneSeen):
            return event
        now = self.now.get((event.camera, event.captured_at))
        return replace(event, detections=now.detections, model_sha256=now.model_sha256) if now else event


def look_again(
    recordings: Sequence[Recording],
    site: SiteConfig,
    asked: Redetection | None,
    in_time: Callable[[], None],
) -> Looked:
    """Look again where that is asked for and there is something to look at.

    Args:
        recordings: of one box, in their order.
        site: cameras, zones, and the detector where no other is asked for.
        asked: which model; None: nobody looks.
        in_time: called after each picture; may raise.

    Raises:
        ConfigError: the model or its class map is missing or cannot be driven.
    """
    if asked is None:
        return Looked(recordings)
    if site.street is None or site.street.detector is None:
        return Looked(recordings, why_not="no street with a detector in its configuration")
    settings = site.street.detector
    if asked.model:
        settings = settings.model_copy(
            update={"model": asked.model, "classes": asked.classes, "sha256": asked.model_sha256}
        )
    now: dict[tuple[str, Ns], SceneSeen] = {}

    def keep(seen: SceneSeen) -> None:
        now[seen.camera, seen.captured_at] = seen

    try:
        compared = redetect(
            recordings,
            site.street,
            _detector(settings),
            asked.tolerance,
            lambda _camera, _done: in_time(),
            keep,
        )
    except NothingToLookAt as nothing:
        return Looked(recordings, why_not=str(nothing))
    anew = [
        _LookedAgain(**{part.name: getattr(one, part.name) for part in fields(one)}, now=now)
        for one in recordings
    ]
    return Looked(anew, tuple(_boxes(one, site.site.id) for one in compared))


def _boxes(one: Comparison, site: str) -> Boxes:
    names = [part.name for part in fields(Boxes) if part.name not in ("site", "things")]
    return Boxes(**{name: getattr(one, name) for name in names}, site=site, things=tuple(one.things))


@lru_cache(maxsize=2)  # to load a network takes longer than to look at a short recording
def _detector(settings: DetectorSettings) -> Detector:
    return Detector(settings)
