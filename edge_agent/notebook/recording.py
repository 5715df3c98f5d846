"""What `edge_agent.open_recording` gives."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, get_args

from edge_agent.config.settings import SiteConfig
from edge_agent.core.decisions import CrossingSeen, Decision, Fault, Seal, SealStreet
from edge_agent.core.events import Event, PlateSeen, RegistersRead, SerialBytes, Started
from edge_agent.core.records import Crossing
from edge_agent.core.units import US, Ns
from edge_agent.errors import UsageError
from edge_agent.journal.lacking import incomplete
from edge_agent.journal.video import VideoPacket
from edge_agent.notebook import frames
from edge_agent.notebook.sources import Decided, Recorded, Source
from edge_agent.notebook.timed import EPOCH, Clock, Timed
from edge_agent.notebook.weights import Drawing, Weights, trace_of, weights_of
from edge_agent.replaying.what_if import changed

if TYPE_CHECKING:
    import pandas as pd

D = TypeVar("D", bound=Decision)


@dataclass(frozen=True, slots=True)
class Info:
    """What a recording says of itself.

    Attributes:
        files: where it lies; empty for a replay's folder.
        software: what wrote it.
        simulated: made by the simulator: no real vehicle is in it.
        note: what its maker wrote beside it.
        decided_by: who made the decisions that are shown.
        messages: how many of each topic.
        torn: what is wrong with its end, a file each.
        lacking: what it does not hold although it happened: events that the black box lost, files that are
            missing, plates that were not kept. A table over it is not of everything.
    """

    files: tuple[Path, ...]
    software: str
    simulated: bool
    note: str
    decided_by: str
    messages: Mapping[str, int]
    torn: tuple[str, ...]
    lacking: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        rows = {
            "files": ", ".join(path.name for path in self.files) or "a replay's folder",
            "software": self.software,
            "simulated": "yes" if self.simulated else "no",
            "note": self.note,
            "decided by": self.decided_by,
            **{topic: f"{count:,}" for topic, count in self.messages.items()},
            "torn": "; ".join(self.torn) or "no",
            "lacking": "; ".join(self.lacking) or "nothing known",
        }
        cells = (
            f'<tr><th style="text-align:left">{escape(name)}</th><td>{escape(text)}</td></tr>'
            for name, text in rows.items()
        )
        return f"<table>{''.join(cells)}</table>"


class OpenRecording:
    """A recording opened for looking at it. Every question reads the files anew; nothing is written.

    Records are the core's own (`edge_agent.core`), each with the UTC of its happening (`Timed`). The
    decisions are those that the box made; where the recording holds none (`edge-agent simulate` writes
    events alone) the core is run over it at the first question and the answer is kept.
    """

    def __init__(self, source: Source) -> None:
        self._source = source

    @property
    def config(self) -> SiteConfig:
        """The site as it was configured, secrets left out; of several recordings the first's.

        Raises:
            UsageError: the recording holds no configuration.
        """
        return self._source.config

    @cached_property
    def info(self) -> Info:
        """What the recording says of itself; the first question reads all of it."""
        files = self._source.files
        messages: dict[str, int] = {}
        for file in files:
            for topic, count in sorted(file.counts().items()):
                messages[topic] = messages.get(topic, 0) + count
            deque(file.numbered(), maxlen=0)  # what is missing is known once every event was read
        header = files[0].metadata if files else {}
        return Info(
            files=tuple(file.path for file in files),
            software=header.get("software", ""),
            simulated=header.get("simulated") == "yes",
            note=header.get("note", ""),
            decided_by=self._source.decided_by,
            messages=messages,
            torn=tuple(f"{file.path.name}: {file.torn}" for file in files if file.torn),
            lacking=tuple(incomplete(files)),
        )

    # -- records ------------------------------------------------------------------------------

    def crossings(self) -> Iterator[Timed[CrossingSeen]]:
        """Every vehicle that was weighed, with what each limit says; UTC is that of its first axle.

        Examples:
            >>> [seen.record.crossing.axles[0].load // 1000 for seen in rec.crossings()]
            [4862, 7289]
        """
        return self._decided(CrossingSeen)

    def reads(self) -> Iterator[Timed[PlateSeen]]:
        """Every plate read, as the camera sent it.

        UTC is that of the picture: by the camera's own clock where it sent a time, else by the box's.

        Examples:
            >>> [seen.record.text for seen in rec.reads()]
            ['京B54321', '沪A12345']
        """
        return (taken for taken, _arrived in self._reads())

    def cases(self) -> Iterator[Timed[Seal]]:
        """Every statement of an overweight crossing, amendments too (`revision`), before it was signed.

        Examples:
            >>> [(seen.record.case, seen.record.match.status.value) for seen in rec.cases()]
            [('sim-demo-1-1-2', 'matched')]
        """
        return self._decided(Seal)

    def street_cases(self) -> Iterator[Timed[SealStreet]]:
        """Every record of a zone of the street; UTC is that of the picture that decided it."""
        return self._decided(SealStreet)

    def faults(self) -> Iterator[Timed[Fault]]:
        """Everything that was wrong with the box or on the road."""
        return self._decided(Fault)

    def decisions(self) -> Iterator[Timed[Decision]]:
        """All decisions, of every kind, in their order."""
        return self._source.decisions(*get_args(Decision))

    def events(self) -> Iterator[Timed[Event]]:
        """All events, of every kind, in their order. UTC is when the box had it.

        Raises:
            UsageError: this is a replay's folder; those hold decisions alone.
        """
        return self._source.events(*get_args(Event))

    def video(self, camera: str) -> Iterator[Timed[VideoPacket]]:
        """The compressed pictures of a camera that were recorded (H.264 or H.265, Annex B)."""
        return (packet for packet in self._source.video() if packet.record.camera == camera)

    # -- tables -------------------------------------------------------------------------------

    def crossings_frame(self) -> pd.DataFrame:
        """`crossings()` as a table.

        Examples:
            >>> rec.crossings_frame()[["lane", "axles", "over"]].to_dict("records")
            [{'lane': '1', 'axles': 2, 'over': False}, {'lane': '1', 'axles': 3, 'over': True}]
        """
        return frames.frame(frames.CROSSINGS, map(frames.crossing_row, self.crossings()))

    def reads_frame(self, *, plates: bool = False) -> pd.DataFrame:
        """`reads()` as a table; plates are masked (`沪A•••45`) unless `plates`.

        Examples:
            >>> list(rec.reads_frame().plate)
            ['京B•••21', '沪A•••45']
        """
        rows = (frames.read_row(taken, arrived, plates=plates) for taken, arrived in self._reads())
        return frames.frame(frames.READS, rows)

    def cases_frame(self, *, plates: bool = False) -> pd.DataFrame:
        """`cases()` as a table; plates are masked unless `plates`.

        Examples:
            >>> rec.cases_frame(plates=True)[["match", "plate"]].to_dict("records")
            [{'match': 'matched', 'plate': '沪A12345'}]
        """
        return frames.frame(frames.CASES, (frames.case_row(seen, plates=plates) for seen in self.cases()))

    def street_cases_frame(self) -> pd.DataFrame:
        """`street_cases()` as a table."""
        return frames.frame(frames.STREET_CASES, map(frames.street_row, self.street_cases()))

    def faults_frame(self, *, plates: bool = False) -> pd.DataFrame:
        """`faults()` as a table; texts that were read and are no plate are hidden unless `plates`."""
        rows = (frames.fault_row(seen, plates=plates) for seen in self.faults())
        return frames.frame(frames.FAULTS, rows)

    # -- the scale ----------------------------------------------------------------------------

    def weights(self, lane: str, start: datetime | None = None, end: datetime | None = None) -> Weights:
        """What the lane's sensors showed, sample by sample.

        A day of four channels at 1 kHz is 86 million samples: give `start` and `end` (with a zone).

        Examples:
            >>> weights = rec.weights("1")
            >>> weights.sensors, weights.kg.shape[1]
            (('pad-1', 'pad-2'), 2)

        Raises:
            UsageError: no such lane, a controller weighs there, or the times have no zone.
        """
        clock = Clock(self.config.health.clock_step_ms)
        events = self._recorded().heard(clock, SerialBytes, RegistersRead)
        return weights_of(events, clock, self.config, lane, _ns(start), _ns(end))

    def plot_trace(self, seen: Timed[CrossingSeen] | Timed[Seal] | Crossing) -> Drawing:
        """The weigh trace of a crossing, as a notebook shows it; `.svg` is its text.

        Examples:
            >>> drawing = rec.plot_trace(next(rec.crossings()))
            >>> drawing.svg.count('class="axle"')
            2

        Raises:
            UsageError: the recording holds no samples of it, or several runs of the box had such a time.
        """
        crossing = seen.record.crossing if isinstance(seen, Timed) else seen
        return trace_of(self._recorded().raw(Started, SerialBytes, RegistersRead), self.config, crossing)

    # -- again --------------------------------------------------------------------------------

    def replay(self, *settings: str) -> OpenRecording:
        """The same recording, decided anew by the core of today, with settings changed.

        Args:
            settings: `key=value`, as `edge-agent replay --set` takes them.

        Returns:
            Something to ask the same questions; the core runs at the first of them.

        Raises:
            UsageError: this is a replay's folder.
            ConfigError: a setting that does not exist or does not fit.

        Examples:
            >>> strict = rec.replay("lanes.1.limits.posted.limit_kg=10000")
            >>> sum(seen.record.verdicts[0].outcome == "over" for seen in strict.crossings())
            2
        """
        recorded, configs = self._recorded(), self._source.configs
        changed_to = {id(config): changed(config, settings) for config in configs}
        return OpenRecording(Decided(recorded, tuple(changed_to[id(config)] for config in configs)))

    def __repr__(self) -> str:
        said = self.info
        files = ", ".join(path.name for path in said.files)
        known = (f"recording {files}".rstrip(), said.note, f"decided by {said.decided_by}")
        return f"<{'; '.join(part for part in known if part)}>"

    def _repr_html_(self) -> str:
        return self.info._repr_html_()

    def _decided(self, kind: type[D]) -> Iterator[Timed[D]]:
        for made in self._source.decisions(kind):
            if isinstance(made.record, kind):
                yield Timed(made.utc_ns, made.record)

    def _reads(self) -> Iterator[tuple[Timed[PlateSeen], Ns | None]]:
        """Each read with the UTC of its picture, and that of its arrival."""
        for event in self._source.events(PlateSeen):
            read, arrived = event.record, event.utc_ns
            assert isinstance(read, PlateSeen)
            taken = arrived
            if read.captured_utc is not None:
                taken = read.captured_utc
            elif read.captured_at is not None and arrived is not None:
                taken = Ns(arrived - read.at + read.captured_at)
            yield Timed(taken, read), arrived

    def _recorded(self) -> Recorded:
        """The recording with its events.

        Raises:
            UsageError: there is only what a replay made of it.
        """
        return self._source.recorded


def _ns(moment: datetime | None) -> Ns | None:
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise UsageError(f"{moment}: say the time zone, datetime(..., tzinfo=UTC)")
    return Ns((moment - EPOCH) // timedelta(microseconds=1) * US)
