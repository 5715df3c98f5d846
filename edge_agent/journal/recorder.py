"""The black box's recordings in segments, flushed by event time.

It waits for the disk: `black_box` does not.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

from edge_agent.core.decisions import Decision, Seal, SealStreet
from edge_agent.core.events import ClockSource, ClockStatus, Event, PlateSeen, Started
from edge_agent.core.units import MS, Ns, S
from edge_agent.errors import JournalError
from edge_agent.journal.gaps import Gap, Tally
from edge_agent.journal.numbering import EventCount
from edge_agent.journal.plates import WithheldPlates, without_plate
from edge_agent.journal.segments import MB, NoRoom, Segments, WholeWrites, open_new
from edge_agent.journal.settings import JournalSettings, Plates
from edge_agent.journal.video import VideoPacket
from edge_agent.journal.writer import DROPPED, KEPT, RecordingHeader, RecordingWriter

LOOK = 10 * S  # how often the folder is looked through
LONGEST = 6 * 3600 * S  # a segment; nothing is older than `keep_days` and this


class Recorder:
    """Writes every event before the core sees it, and every decision after. One thread at a time.

    What a segment lost when the disk failed is in `lost`, to the event.

    Args:
        folder: of the recordings.
        settings: what a human chose.
        header: of every segment; its place in the run is filled in.
        segments: the folder's keeper; default: one that knows nothing of evidence.
        open_file: makes a segment's file, unbuffered.
    """

    def __init__(
        self,
        folder: Path,
        settings: JournalSettings,
        header: RecordingHeader,
        segments: Segments | None = None,
        open_file: Callable[[Path], IO[bytes]] = open_new,
    ) -> None:
        self._settings = settings
        dropped = settings.plates is Plates.DROP
        self._header = replace(header, plates=DROPPED if dropped else KEPT)
        self._withheld = WithheldPlates() if dropped else None
        self._segments = segments or Segments(folder, settings)
        self._open_file = open_file
        self._stream: WholeWrites | None = None
        self._writer: RecordingWriter | None = None
        self._count = EventCount(header.boot_id)
        self._clock: ClockStatus | None = None
        self._unflushed = Tally()
        self._written = 0  # bytes of the segments before this one
        self._good = 0  # bytes of the segment that hold whatever was flushed
        self._opened_at = self._flushed_at = self._looked_at = Ns(0)
        self.lost = Tally()
        try:
            self._segment = self._segments.next_count()
        except OSError as error:
            raise JournalError(f"{folder}: {error.strerror}") from None

    @property
    def path(self) -> Path:
        """The segment being written."""
        return self._segments.path(self._segment)

    @property
    def written_bytes(self) -> int:
        """Since this recorder was made, as of the last flush."""
        return self._written + (self._good if self._writer else 0)

    @property
    def held_bytes(self) -> int:
        """Of all recordings, as of the last look through the folder."""
        return self._segments.held_bytes

    def event(self, event: Event, number: int | None = None) -> None:
        """Write the event; `number` is its number in its run, by default the one after the last.

        Raises:
            JournalError: the disk, or no room: it is among what was `lost`. So in all that writes.
        """
        if number is not None:
            self._count.go_on(self._count.boot_id, number)
        number = self._count.take(event)
        self._unflushed.event(number, event.at)
        if isinstance(event, ClockStatus):
            self._clock = event
        elif isinstance(event, Started) and self._withheld:
            self._withheld.clear()
        blank = None
        if self._withheld and isinstance(event, PlateSeen):
            blank = self._withheld.withhold(number, event)
        with self._writing(number, event.at) as writer:
            if blank:
                writer.withheld(blank, number)
            else:
                writer.event(event, number)
            if event.at - self._flushed_at >= self._settings.flush_ms * MS:
                self._flush(event.at)

    def decision(self, decision: Decision, number: int = -1) -> None:
        """Write the decision; a statement's journal is with the kernel before this returns.

        Args:
            decision: what was decided.
            number: of the event that led to it, for a recorder that has not seen that; so in `video`.
        """
        self._count.skip_to(number + 1)
        self._unflushed.decision(self._count.number, decision.at)
        with self._writing(self._count.number + 1, decision.at) as writer:
            if self._withheld:
                for read, event in self._withheld.given_back(decision):
                    writer.kept(event, read)
                decision = without_plate(decision)
            writer.decision(decision)
            if isinstance(decision, Seal | SealStreet):
                self._flush(decision.at)

    def video(self, packet: VideoPacket, at: Ns, number: int = -1) -> None:
        """Write a compressed picture that arrived at `at`."""
        self._count.skip_to(number + 1)
        self._unflushed.video(self._count.number, at)
        with self._writing(self._count.number + 1, at) as writer:
            writer.video(packet, at)

    def gap(self, gap: Gap) -> None:
        """Write what is missing here; it is with the kernel before this returns."""
        with self._writing(gap.first_event, gap.end) as writer:
            writer.gap(gap)
            self._count.skip_to(gap.next_event)
            self._hand_over(gap.end)  # whether there is room for more is asked with the next event

    def flush(self, at: Ns) -> None:
        """Hand what there is to the kernel; `at` is now."""
        if self._unflushed:
            with self._writing(self._count.number + 1, at):
                self._flush(at)

    def close(self) -> None:
        """Write the index of the segment."""
        if self._writer is not None:
            with self._writing(0, Ns(0)):
                self._close()

    def take_lost(self) -> Tally:
        """What was lost since it was last asked for."""
        lost, self.lost = self.lost, Tally()
        return lost

    def give_up(self) -> None:
        """The segment ends with what was flushed; all since then is lost, and counted."""
        if self._unflushed:
            self.lost.add(self._unflushed.gap())
        self._unflushed = Tally()
        self._written += self._good if self._writer else 0
        stream, self._writer, self._stream = self._stream, None, None
        if stream is None:
            return
        with contextlib.suppress(OSError, ValueError):  # it may be what closing it said: then it is closed
            if self._good:
                stream.truncate(self._good)
            else:
                self.path.unlink()
        with contextlib.suppress(OSError):
            stream.close()
        self._segment += 1

    @contextlib.contextmanager
    def _writing(self, first_event: int, at: Ns) -> Iterator[RecordingWriter]:
        try:
            yield self._writer or self._open(first_event, at)
        except (OSError, NoRoom) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            told = f"{self.path}: {why}"
            self.give_up()
            raise (NoRoom if isinstance(error, NoRoom) else JournalError)(told) from error

    def _open(self, first_event: int, at: Ns) -> RecordingWriter:
        self._segment = max(self._segment, self._segments.next_count())
        self._make_room(None, at)
        stream = WholeWrites(self._open_file(self.path))
        self._stream, self._good = stream, 0
        clock = self._clock if self._clock and self._clock.source is not ClockSource.NONE else None
        header = replace(
            self._header,
            boot_id=self._count.boot_id,
            segment=self._segment,
            first_event=first_event,
            first_at=at,
            utc_minus_mono=clock.utc_minus_mono if clock else None,
        )
        self._opened_at = self._flushed_at = at
        self._writer = RecordingWriter(stream, header)  # type: ignore[arg-type] # all that it uses of one
        return self._writer

    def _hand_over(self, at: Ns) -> None:
        """To the kernel."""
        assert self._writer is not None
        assert self._stream is not None
        self._writer.flush()
        self._good = self._stream.tell()
        self._unflushed = Tally()
        self._flushed_at = at

    def _flush(self, at: Ns) -> None:
        self._hand_over(at)
        full = self._good >= self._settings.segment_mb * MB or at - self._opened_at >= LONGEST
        if full:
            self._close()
        elif at - self._looked_at >= LOOK or self._segments.is_short():
            try:
                self._make_room(self.path, at)
            except NoRoom:
                self._close()
                raise

    def _make_room(self, writing: Path | None, at: Ns) -> None:
        self._looked_at = at
        known = self._clock is not None and self._clock.source is not ClockSource.NONE
        self._segments.make_room(writing, time_known=known)

    def _close(self) -> None:
        assert self._writer is not None
        assert self._stream is not None
        self._writer.close()
        self._written += self._stream.tell()
        self._stream.close()
        self._writer = self._stream = None
        self._segment += 1


class NoRecorder:
    """Keeps nothing: for replay, and for a box configured without a black box."""

    def event(self, event: Event) -> None:
        """Nothing."""

    def decision(self, decision: Decision) -> None:
        """Nothing."""
