"""Recordings as a stream of things to show, in one pass and in bounded memory: what both writers read.

recording ──> pieces (events, decisions, video) ──> UTC ──> things
                    └── no decisions recorded: the core makes them, as a replay does
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from edge_agent.config.settings import SiteConfig
from edge_agent.core import decisions as decided
from edge_agent.core import events as happened
from edge_agent.core.records import Picture
from edge_agent.core.site import Site
from edge_agent.core.units import Ns
from edge_agent.journal.gaps import Gap
from edge_agent.journal.moments import Moment
from edge_agent.journal.opening import pictures_folder
from edge_agent.journal.reader import Recording
from edge_agent.journal.video import VideoPacket
from edge_agent.viewing import bridge, health, street
from edge_agent.viewing.cameras import Cameras
from edge_agent.viewing.loads import Loads
from edge_agent.viewing.plates import PlateWords
from edge_agent.viewing.things import Shown, Thing
from edge_agent.viewing.times import Piece, timed
from edge_agent.viewing.window import Window

STEP_MS = 100  # of a recording without a configuration
MAX_PICTURE_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be shown, and how."""

    full: bool = False  # every sample of every sensor
    plates: bool = False  # plate texts, and the pictures of vehicles
    decoded: bool = False  # video as single pictures
    start: Moment | None = None
    end: Moment | None = None


def signals(
    recordings: Sequence[Recording],
    config: SiteConfig | None,
    choice: Choice,
    progress: Callable[[Piece], None] = lambda _piece: None,
) -> Iterator[Shown]:
    """Everything that there is to show of the recordings, roughly in order of time.

    Args:
        recordings: one after the other.
        config: the site's; None: loads, zones and lanes are left out.
        choice: what is to be shown.
        progress: told every event, decision and compressed picture that was read.
    """
    signaller = _Signals(recordings, config, choice)
    step_ms = config.health.clock_step_ms if config else STEP_MS
    window = Window(choice.start, choice.end)
    offset: Ns | None = None
    for piece, offset in timed(_pieces(recordings, config), step_ms):
        progress(piece)
        window.begin(piece, offset)
        for thing in signaller.of(piece):
            yield from window.part(Shown(offset, thing))
        if window.over(piece, offset):
            break
    for thing in signaller.close():
        yield from window.part(Shown(offset, thing))


def _pieces(recordings: Sequence[Recording], config: SiteConfig | None) -> Iterator[Piece]:
    """What was recorded, with the core's decisions where none were."""
    everything = (piece for recording in recordings for piece in recording.everything())
    if config is None or any(recording.has_decisions for recording in recordings):
        return everything
    return _with_decisions(everything, Site(config.core()))


def _with_decisions(pieces: Iterable[Piece], site: Site) -> Iterator[Piece]:
    for piece in pieces:
        yield piece
        if isinstance(piece, happened.Event):
            yield from site.step(piece)


class _Signals:
    """One piece in, the things that it shows out."""

    def __init__(self, recordings: Sequence[Recording], config: SiteConfig | None, choice: Choice) -> None:
        self._choice = choice
        self._core = config.core() if config else None
        self._plates = PlateWords(shown=choice.plates)
        self._folders = [pictures_folder(r.path) for r in recordings]
        self._cameras = Cameras(config, self._bytes_of, decoded=choice.decoded)
        self._loads = self._fresh_loads()

    def of(self, piece: Piece) -> Iterable[Thing]:  # noqa: C901, PLR0911, PLR0912 - a table of kinds
        match piece:
            case VideoPacket():
                return self._cameras.video(piece)
            case Gap():
                return health.gap(piece)
            case happened.SerialBytes() | happened.RegistersRead():
                return self._loads.feed(piece) if self._loads else ()
            case happened.Started() | happened.Stopped():
                return self._run(piece)
            case happened.DeviceChanged():
                return self._device(piece)
            case happened.SceneSeen():
                return (*self._cameras.scene(piece), *street.view(piece))
            case happened.Captured():
                return self._cameras.captured(piece)
            case happened.PlateSeen():
                return bridge.plate(piece, self._plates)
            case happened.ClockStatus():
                return health.clock(piece)
            case happened.TemperatureRead():
                return health.temperature(piece)
            case decided.CrossingSeen():
                return bridge.crossing(piece)
            case decided.Seal():
                return bridge.case(piece, self._plates)
            case decided.ZoneChanged():
                return street.zone(piece)
            case decided.SealStreet():
                return street.case(piece)
            case decided.SealCoverage():
                return street.coverage(piece)
            case decided.SealTimeStep():
                return health.time_step(piece)
            case decided.Fault():
                return health.fault(piece, self._plates)
            case decided.Status():
                return health.part(piece)
            case (
                happened.PlatesDone()
                | happened.TierSet()
                | happened.InspectionOrdered()
                | happened.NoticeGiven()
                | happened.CaseRecalled()
                | happened.OrderAnswered()
                | happened.Tick()
                | decided.ReadPlates()
                | decided.Capture()
                | decided.TakePictures()
                | decided.Watch()
            ):
                return ()  # asked for or said between the parts: what comes of it is shown
            case _:
                assert_never(piece)

    def close(self) -> Iterator[Thing]:
        """What has been held back."""
        if self._loads:
            yield from self._loads.close()
        yield from self._cameras.close()

    def _run(self, event: happened.Started | happened.Stopped) -> Iterator[Thing]:
        if self._loads:
            yield from self._loads.close()
        self._loads = self._fresh_loads()
        yield from health.run(event)

    def _device(self, event: happened.DeviceChanged) -> Iterator[Thing]:
        if self._loads and event.state == "down":
            self._loads.reset(event.device.removeprefix("port/"))
        return health.device(event)

    def _fresh_loads(self) -> Loads | None:
        return Loads(self._core, full=self._choice.full) if self._core else None

    def _bytes_of(self, picture: Picture) -> bytes | None:
        """A picture that lies beside the recording; vehicles' plates can be read in it."""
        if not self._choice.plates:
            return None
        for folder in self._folders:
            file: Path = folder / f"{picture.sha256}.jpg"
            if file.is_file() and file.stat().st_size <= MAX_PICTURE_BYTES:
                data = file.read_bytes()
                if hashlib.sha256(data).hexdigest() == picture.sha256:
                    return data
        return None
