"""Events of other makers' files through the core once, and both into a recording that replays.

The core is run because what it asks for is part of what happened: a `Capture` is answered from the video,
by the detector, and the answer becomes an event of the recording; so is `ReadPlates`, by the plate reader,
where a camera's plates are read on the box. A street camera's video is looked at so often as the core asks.

No box vouches for when any of it happened, so the recording's clock is never synced: whatever is decided of
it, now or in a replay with any configuration, has `clock_unsynced` or `clock_unknown` among its reasons, and
is `reference` or `test`, never `enforcement`.
"""

from __future__ import annotations

import hashlib
import itertools
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Protocol

from edge_agent import __version__, runner
from edge_agent.config import recorded
from edge_agent.config.settings import SiteConfig
from edge_agent.core.decisions import Decision
from edge_agent.core.events import (
    ClockSource,
    ClockStatus,
    Event,
    PlateSeen,
    SerialBytes,
    Started,
)
from edge_agent.core.site import Site
from edge_agent.core.units import Ns, S
from edge_agent.devices.camera.recorded import RecordedVideo
from edge_agent.devices.camera.settings import CameraSettings
from edge_agent.errors import UsageError
from edge_agent.importing.answers import Answers, KeptPictures
from edge_agent.importing.merging import Merged
from edge_agent.importing.street import street_answers
from edge_agent.importing.videos import Video, kept, last_picture, with_index
from edge_agent.journal.opening import pictures_folder
from edge_agent.journal.video import VideoPacket
from edge_agent.journal.writer import RecordingHeader, RecordingWriter

# Decisions may wait for pictures and late reads after the last thing that happened.
TAIL = 30 * S
# After a street's last picture only a case's are waited for: a film that ends is no camera that failed.
STREET_TAIL = 2 * S
# The core ticks as time goes by: one time in the next century would be hours of work and a full disk.
LONGEST = 366 * 86_400 * S
LONG_AGO = 946_684_800 * S  # 2000-01-01

Happened = SerialBytes | PlateSeen
Progress = Callable[[int, Ns, Ns], None]  # events written; where in time, and where it ends


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import."""

    events: int
    decisions: int
    pictures: int
    video_packets: int = 0
    looks: int = 0  # pictures of street cameras that were looked at
    notes: tuple[str, ...] = ()  # what will be unseen, for people


def write_recording(
    out: Path,
    config: SiteConfig,
    happened: Sequence[Happened],
    videos: Mapping[str, Video],
    clock_error: Ns | None,
    *,
    pictures: KeptPictures | None = None,
    keep_video: bool = False,
    progress: Progress = lambda _events, _at, _end: None,
) -> Imported:
    """Make the recording `out`, and `out`.pictures/ beside it where there are pictures.

    Args:
        out: must not exist.
        config: the site that the things were recorded at.
        happened: serial bytes and plate reads; `at` is UTC.
        videos: by camera.
        clock_error: how wrong the times may be; None = nobody knows.
        pictures: where pushed pictures lie already, and those taken now will.
        keep_video: also write the videos' compressed pictures into the recording.
        progress: told how many events are written, and how far in time that is.

    Raises:
        UsageError: nothing is in the files, or more than a year.
        DeviceError: a video cannot be read.
    """
    settings = _settings(config, videos)
    streets = [name for name in videos if _is_street(config, name)]
    starts = [event.at for event in happened] + [videos[name].starts_utc for name in streets]
    if not starts:
        raise UsageError(
            "nothing to import: no serial bytes, no plate reads, no vehicles and no street camera's video; "
            "a bridge camera's video alone makes no recording"
        )
    epoch = Ns(min(starts) - S)
    pictures = pictures or pictures_beside(out)
    with tempfile.TemporaryDirectory(prefix="edge-agent-import-") as folder:
        cameras = {
            name: RecordedVideo(
                name, settings[name], with_index(name, video, Path(folder)), Ns(video.starts_utc - epoch)
            )
            for name, video in videos.items()
        }
        watched = {name: cameras[name] for name in streets}
        ends = [event.at - epoch + TAIL for event in happened]
        ends += [last_picture(camera) + STREET_TAIL for camera in watched.values()]
        end = _checked(Ns(max(ends)))
        begin = _begin(config, happened, {name: videos[name] for name in streets}, epoch, clock_error)
        street = street_answers(config, watched, pictures, begin[1])
        header = RecordingHeader(
            software=f"edge-agent {__version__} import",
            config_sha256=config.sha256(),
            config_text=recorded.to_text(config),
            models=street.models,
            note="imported",
        )
        events = itertools.chain(begin, (replace(event, at=Ns(event.at - epoch)) for event in happened))
        source = Merged(events, end, street.next)
        asked = {name: camera for name, camera in cameras.items() if name not in watched}
        answers = (Answers(config, asked, pictures), street)
        packets = kept(cameras, end) if keep_video else iter(())
        with out.open("xb") as stream:
            try:
                counted = _run_and_write(stream, header, config, source, answers, packets, progress)
            except BaseException:
                out.unlink()  # half a recording would look like a whole one
                raise
    notes = (*_of_long_ago(epoch), *street.notes)
    return Imported(counted.events, counted.decisions, pictures.taken, counted.packets, street.looked, notes)


def _of_long_ago(epoch: Ns) -> Iterator[str]:
    """Seconds since a logger's start, or a spreadsheet's days, are times of 1970."""
    if epoch < LONG_AGO:
        yield f"the first is of {datetime.fromtimestamp(epoch // S, UTC):%Y-%m-%d %H:%M} UTC: is TIME right?"


def _checked(end: Ns) -> Ns:
    if end > LONGEST:
        raise UsageError(
            f"nothing is imported: first and last are {end // (86_400 * S):,} days apart, and a recording "
            "is of a year at most; is a time wrong?"
        )
    return end


def pictures_beside(out: Path) -> KeptPictures:
    """The folder for the pictures of a recording."""
    return KeptPictures(pictures_folder(out))


class CameraAnswers(Protocol):
    """Who carries out what the core asks of cameras."""

    def answer(self, asked: Decision, now: Ns) -> Sequence[Event]:
        """What comes of it; nothing where it is not theirs."""


class _Counted:
    """Writes the recording and counts; video goes in before the event that came after it."""

    def __init__(
        self, writer: RecordingWriter, packets: Iterator[VideoPacket], progress: Callable[[int, Ns], None]
    ) -> None:
        self._writer = writer
        self._packets = packets
        self._waiting = next(packets, None)
        self._progress = progress
        self.events = self.decisions = self.packets = 0

    def event(self, event: Event) -> None:
        self.video_until(event.at)
        self.events += 1
        self._writer.event(event)
        self._progress(self.events, event.at)

    def decision(self, decision: Decision) -> None:
        self.decisions += 1
        self._writer.decision(decision)

    def video_until(self, at: Ns | None) -> None:
        """Write what was taken until then; None: all."""
        while self._waiting is not None and (at is None or self._waiting.captured_at <= at):
            self._writer.video(self._waiting, self._waiting.captured_at)
            self.packets += 1
            self._waiting = next(self._packets, None)


def _is_street(config: SiteConfig, name: str) -> bool:
    """Whether the video of this name is looked at as a street camera's."""
    camera = config.cameras.get(name)
    has = camera is not None and camera.video is not None
    return not has and config.street is not None and name in config.street.cameras


def _settings(config: SiteConfig, videos: Iterable[str]) -> Mapping[str, CameraSettings]:
    """Of every camera that there may be a video of.

    Raises:
        UsageError: there is a video of a camera that the configuration does not have.
    """
    streets = config.street.cameras if config.street else {}
    known = {name: camera.video for name, camera in streets.items()}
    known |= {name: camera.video for name, camera in config.cameras.items() if camera.video}
    for name in videos:
        if name not in known:
            raise UsageError(
                f"--video {name}=...: no camera {name!r} with `video` in the configuration; "
                f"there are {sorted(known)}"
            )
    return known


def _run_and_write(
    stream: IO[bytes],
    header: RecordingHeader,
    config: SiteConfig,
    source: Merged,
    answers: Iterable[CameraAnswers],
    packets: Iterator[VideoPacket],
    progress: Progress,
) -> _Counted:
    """The core over the events, both written down."""
    writer = RecordingWriter(stream, header)
    counted = _Counted(writer, packets, lambda events, at: progress(events, at, source.end))

    def sink(decision: Decision) -> None:
        for one in answers:
            for answer in one.answer(decision, source.now):
                source.push(answer)

    runner.run(Site(config.core()), source, counted, sink)
    counted.video_until(None)
    writer.close()
    return counted


def _begin(
    config: SiteConfig,
    happened: Sequence[Happened],
    watched: Mapping[str, Video],
    epoch: Ns,
    clock_error: Ns | None,
) -> tuple[Started, ClockStatus]:
    """What a run begins with, on a monotonic clock that begins a second before all else."""
    digest = hashlib.sha256()
    for event in happened:
        digest.update(repr(event).encode())
    for name, video in watched.items():
        digest.update(repr((name, video.starts_utc, video.path.stat().st_size)).encode())
    started = Started(Ns(0), f"import-{digest.hexdigest()[:8]}", __version__, config.sha256())
    clock = ClockStatus(
        at=Ns(0),
        utc_minus_mono=epoch,
        source=ClockSource.RTC if clock_error is not None else ClockSource.NONE,  # one that nobody synced
        synced=False,
        offset=Ns(0),
        est_error=clock_error,
    )
    return started, clock
