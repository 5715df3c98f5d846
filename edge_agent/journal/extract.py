"""A slice of the black box as one recording that stands for itself."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from edge_agent.core.decisions import CrossingSeen
from edge_agent.core.events import PlateSeen
from edge_agent.core.records import JournalSlice
from edge_agent.core.units import Ns
from edge_agent.errors import JournalError
from edge_agent.journal import codec, gaps, video
from edge_agent.journal.gaps import GAP_TOPIC, Gap
from edge_agent.journal.reader import Gone, Message, Recording
from edge_agent.journal.video import VIDEO_TOPIC
from edge_agent.journal.writer import DROPPED, KEPT, WITHHELD_TOPIC, RecordingHeader, RecordingWriter


@dataclass(frozen=True, slots=True)
class Session:
    """What is said of a marked session in the recording of it."""

    begin: Ns  # monotonic; what lies before it lets a replay find its feet
    begin_event: int  # the last one before it
    end: Ns
    note: str
    video: bool  # compressed pictures too


@dataclass(slots=True)
class Extracted:
    """What went into the recording."""

    events: int = 0
    decisions: int = 0
    crossings: int = 0  # within the session
    gaps: int = 0
    missing: int = 0  # events of the gaps


def extract(recordings: Sequence[Recording], wanted: JournalSlice, out: Path, session: Session) -> Extracted:
    """Write the slice of these recordings, as `slices.find` gave them, into one.

    What is missing in it is a gap there, whether the recordings say so or not.

    Raises:
        JournalError: there is nothing of it, or a recording has what is none of its.
        OSError: it cannot be written.
    """
    with out.open("xb") as file:
        try:
            return _extract(recordings, wanted, file, session)
        except BaseException:
            out.unlink()
            raise


def _extract(
    recordings: Sequence[Recording], wanted: JournalSlice, file: IO[bytes], session: Session
) -> Extracted:
    messages = _messages(recordings, wanted)
    first = next(messages, None)
    if first is None:
        raise JournalError("nothing was recorded in that time")
    begins = min(first[1].number, session.begin_event + 1)
    header = _header(recordings, begins, first[1].at, session)
    copy = _Copy(RecordingWriter(file, header), session, begins)
    for recording, message in itertools.chain([first], messages):
        copy.message(recording, message)
    copy.end(wanted)
    return copy.done


def _messages(recordings: Sequence[Recording], wanted: JournalSlice) -> Iterator[tuple[Recording, Message]]:
    """From the first event on that lies in it, to the last with what was decided on it."""
    begun = False
    for recording in recordings:
        with contextlib.suppress(Gone):  # the quota took it just now: what it had is a gap
            for message in recording.messages():
                if message.number > wanted.last_event:
                    break
                is_event = message.topic.startswith((codec.SERIAL_TOPIC, codec.EVENT_TOPIC))
                is_event = is_event or message.topic == WITHHELD_TOPIC
                begun = begun or (is_event and message.at >= wanted.start)
                if begun:
                    yield recording, message


def _header(recordings: Sequence[Recording], first_event: int, at: Ns, session: Session) -> RecordingHeader:
    said = recordings[0].metadata
    offset = said.get("utc_minus_monotonic_ns", "")
    return RecordingHeader(
        software=said.get("software", ""),
        config_sha256=said.get("config_sha256", ""),
        config_text=recordings[0].config_text,
        models=tuple(recordings[0].models.items()),
        simulated=said.get("simulated") == "yes",
        note=session.note,
        boot_id=recordings[0].boot_id,
        first_event=first_event,
        first_at=at,
        utc_minus_mono=Ns(int(offset)) if offset else None,
        plates=DROPPED if any(recording.plates == DROPPED for recording in recordings) else KEPT,
        more=(
            ("marked_from_monotonic_ns", str(session.begin)),
            ("marked_from_event", str(session.begin_event + 1)),
            ("marked_to_monotonic_ns", str(session.end)),
        ),
    )


class _Copy:
    """The recording being written. `begins`: the number of its first event, should it be there."""

    def __init__(self, writer: RecordingWriter, session: Session, begins: int) -> None:
        self._writer = writer
        self._session = session
        self._expected = begins
        self._at = Ns(0)
        self.done = Extracted()

    def message(self, recording: Recording, message: Message) -> None:
        """As it was, or not at all."""
        done, writer, session = self.done, self._writer, self._session
        if message.topic == GAP_TOPIC:
            self._gap(gaps.decode(message.body))
        elif message.topic.startswith(VIDEO_TOPIC):
            if session.video:
                writer.video(video.decode(message.body), message.at)
        elif (event := recording.event_of(message)) is not None:
            self._expect(message.number, message.at)
            self._expected, self._at = message.number + 1, message.at
            done.events += 1
            if message.topic == WITHHELD_TOPIC and isinstance(event, PlateSeen) and not event.text:
                writer.withheld(event, message.number)
            else:  # a plate that a statement needed is in its place from now on
                writer.event(event, message.number)
        elif (decision := codec.decode_decision(message.topic, message.body)) is not None:
            writer.decision(decision)
            done.decisions += 1
            done.crossings += isinstance(decision, CrossingSeen) and message.number > session.begin_event

    def end(self, wanted: JournalSlice) -> None:
        """All was copied that is there."""
        self._expect(wanted.last_event + 1, wanted.end)
        self._writer.close()

    def _expect(self, number: int, at: Ns) -> None:
        """What is missing before it without a word."""
        if number > self._expected:
            self._gap(gaps.not_said(self._expected, number, min(self._at or at, at), at))

    def _gap(self, gap: Gap) -> None:
        if gap.events:
            self._expect(gap.first_event, gap.start)
        self._writer.gap(gap)
        self.done.gaps += 1
        self.done.missing += gap.events
        self._expected = max(self._expected, gap.next_event)
