"""Somebody else's serial captures, plate reads and videos, as a recording that replays.

The core is run over them once, because what it asks for is part of what happened: a `Capture` is
answered from the video, by the detector, and the answer becomes an event of the recording; so is
`ReadPlates`, by the plate reader, where a camera's plates are read on the box.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from edge_agent import __version__, runner
from edge_agent.config import recorded
from edge_agent.config.settings import SiteConfig
from edge_agent.core.decisions import Capture, Decision, ReadPlates
from edge_agent.core.events import ClockSource, ClockStatus, Event, PlateSeen, SerialBytes, Started, Tick
from edge_agent.core.site import Site
from edge_agent.core.units import MS, Ns, S
from edge_agent.devices.camera.capture import CaptureWorker
from edge_agent.devices.camera.recorded import RecordedVideo
from edge_agent.devices.camera.request_queue import answered, failed
from edge_agent.devices.detector.detector import Detector
from edge_agent.devices.plate_reader.opening import open_reader
from edge_agent.devices.plate_reader.worker import PlateWorker, refusal
from edge_agent.errors import UsageError
from edge_agent.journal.writer import RecordingHeader, RecordingWriter

# Decisions may wait for pictures and late reads after the last thing that happened.
TAIL = 30 * S
# Pictures come back this long after the last instant asked for, as they do on the road.
ANSWER_AFTER = 300 * MS


@dataclass(frozen=True, slots=True)
class Video:
    """A video file and the UTC time of its first picture."""

    path: Path
    starts_utc: Ns


class _Merged:
    """Events in order of time, ticks when the core asks, and room for answers that come meanwhile."""

    def __init__(self, events: Sequence[Event], end: Ns) -> None:
        self._count = itertools.count()
        self._heap = [(event.at, next(self._count), event) for event in events]
        heapq.heapify(self._heap)
        self._end = end
        self.now = Ns(0)

    def push(self, event: Event) -> None:
        """An answer to what the core asked for."""
        heapq.heappush(self._heap, (event.at, next(self._count), event))

    def events(self, deadline: Callable[[], Ns | None]) -> Iterator[Event]:
        """Until the end of time, which is `TAIL` after the last event."""
        while True:
            wanted = deadline()
            coming = self._heap[0][0] if self._heap else self._end
            if wanted is not None and max(wanted, self.now) < coming:
                self.now = max(wanted, self.now)
                yield Tick(self.now)
            elif self._heap:
                event = heapq.heappop(self._heap)[2]
                self.now = max(self.now, event.at)
                yield event
            else:
                return


class _Pictures:
    """Answers what is asked of cameras from the files; keeps the pictures in a folder, by digest."""

    def __init__(self, config: SiteConfig, videos: Mapping[str, Video], epoch: Ns, folder: Path) -> None:
        self._folder = folder
        self.taken = 0
        cameras: dict[str, RecordedVideo] = {}
        for name, video in videos.items():
            camera = config.cameras.get(name)
            if camera is None or camera.video is None:
                raise UsageError(f"--video {name}=...: no camera {name!r} with `video` in the configuration")
            cameras[name] = RecordedVideo(name, camera.video, video.path, Ns(video.starts_utc - epoch))
        detector = Detector(config.detector) if config.detector and videos else None
        self._worker = CaptureWorker(
            cameras, self._keep, detector, lambda _event: None, lambda: self._answer_at
        )
        self._plates = self._reader(config, cameras, detector)
        self._answer_at = Ns(0)
        self._cameras = cameras

    def answer(self, asked: Decision, now: Ns) -> Sequence[Event]:
        """What the video shows; nothing where there is no video of that camera."""
        match asked:
            case Capture() if asked.camera in self._cameras:
                self._answer_at = Ns(max(now, *asked.times) + ANSWER_AFTER)
                return (answered(self._worker.carry_out, failed, asked, lambda: self._answer_at),)
            case ReadPlates() if self._plates and asked.camera in self._cameras:
                self._answer_at = Ns(max(now, asked.end) + ANSWER_AFTER)
                return answered(self._plates.carry_out, refusal, asked, lambda: self._answer_at)
            case _:
                return ()

    def _reader(
        self, config: SiteConfig, cameras: Mapping[str, RecordedVideo], detector: Detector | None
    ) -> PlateWorker | None:
        if not config.reads_plates or detector is None:
            return None
        chosen = config.plate_reader
        return PlateWorker(
            cameras,
            open_reader(chosen),
            detector,
            chosen,
            self._keep,
            lambda _event: None,
            lambda: self._answer_at,
        )

    def _keep(self, data: bytes) -> str:
        self.taken += 1
        digest = hashlib.sha256(data).hexdigest()
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / f"{digest}.jpg").write_bytes(data)
        return digest


@dataclass(slots=True)
class _Counted:
    """Writes the recording and counts."""

    writer: RecordingWriter
    events: int = 0
    decisions: int = 0

    def event(self, event: Event) -> None:
        self.events += 1
        self.writer.event(event)

    def decision(self, decision: Decision) -> None:
        self.decisions += 1
        self.writer.decision(decision)


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import."""

    events: int
    decisions: int
    pictures: int


def write_recording(
    out: Path,
    config: SiteConfig,
    serial: Sequence[SerialBytes],
    plates: Sequence[PlateSeen],
    videos: Mapping[str, Video],
    clock_error: Ns | None,
) -> Imported:
    """Make the recording `out`, and `out`.pictures/ beside it where there is video.

    Args:
        out: must not exist.
        config: the site that the things were recorded at.
        serial: bytes; `at` is UTC.
        plates: reads; `at` is UTC.
        videos: by camera.
        clock_error: how wrong the times may be; None = nobody knows, and nothing can be `enforcement`.
    """
    happened: list[SerialBytes | PlateSeen] = [*serial, *plates]
    if not happened:
        raise UsageError("nothing to import: no serial bytes and no plate reads in the files")
    epoch = Ns(min(event.at for event in happened) - S)
    end = Ns(max(event.at for event in happened) - epoch + TAIL)
    source = _Merged(list(_events(config, happened, epoch, clock_error)), end)
    pictures = _Pictures(config, videos, epoch, out.with_name(out.name + ".pictures"))
    header = RecordingHeader(
        software=f"edge-agent {__version__} import",
        config_sha256=config.sha256(),
        config_text=recorded.to_text(config),
        note="imported",
    )
    with out.open("xb") as stream:
        try:
            counted = _run_and_write(stream, header, config, source, pictures)
        except BaseException:
            out.unlink()  # half a recording would look like a whole one
            raise
    return Imported(counted.events, counted.decisions, pictures.taken)


def _run_and_write(
    stream: IO[bytes], header: RecordingHeader, config: SiteConfig, source: _Merged, pictures: _Pictures
) -> _Counted:
    """The core over the events, both written down."""
    writer = RecordingWriter(stream, header)
    counted = _Counted(writer)

    def sink(decision: Decision) -> None:
        for answer in pictures.answer(decision, source.now):
            source.push(answer)

    runner.run(Site(config.core()), source, counted, sink)
    writer.close()
    return counted


def _events(
    config: SiteConfig, happened: Sequence[SerialBytes | PlateSeen], epoch: Ns, clock_error: Ns | None
) -> Iterator[Event]:
    """The same with `at` on a monotonic clock that begins a second before the first of them."""
    digest = hashlib.sha256()
    for event in happened:
        digest.update(repr(event).encode())
    yield Started(Ns(0), f"import-{digest.hexdigest()[:8]}", __version__, config.sha256())
    yield ClockStatus(
        at=Ns(0),
        utc_minus_mono=epoch,
        source=ClockSource.NTP if clock_error is not None else ClockSource.NONE,
        synced=clock_error is not None,
        offset=Ns(0),
        est_error=clock_error,
    )
    for event in happened:
        at = Ns(event.at - epoch)
        if isinstance(event, SerialBytes):
            yield SerialBytes(at, event.port, event.data)
        else:
            yield PlateSeen(
                at=at,
                camera=event.camera,
                lane=event.lane,
                captured_utc=event.captured_utc,
                text=event.text,
                confidence=event.confidence,
                colour=event.colour,
                vehicle=event.vehicle,
                direction=event.direction,
            )
