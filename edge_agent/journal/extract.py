"""A slice of the black box as one recording that stands for itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_agent.core.decisions import CrossingSeen
from edge_agent.core.events import PlateSeen
from edge_agent.core.records import JournalSlice
from edge_agent.core.units import Ns
from edge_agent.errors import JournalError
from edge_agent.journal import codec, gaps, video
from edge_agent.journal.gaps import GAP_TOPIC
from edge_agent.journal.reader import Message, Recording
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


def extract(recordings: Sequence[Recording], wanted: JournalSlice, out: Path, session: Session) -> Extracted:
    """Write the slice of these recordings, as `slices.find` gave them, into one.

    Raises:
        JournalError: there is nothing of it, or a recording is damaged.
        OSError: it cannot be written.
    """
    done = Extracted()
    with out.open("xb") as file:
        writer: RecordingWriter | None = None
        for recording, message in _messages(recordings, wanted):
            writer = writer or RecordingWriter(file, _header(recordings, message, session))
            _copy(writer, recording, message, session, done)
        if writer is not None:
            writer.close()
    if writer is None:
        out.unlink()
        raise JournalError("nothing was recorded in that time")
    return done


def _messages(recordings: Sequence[Recording], wanted: JournalSlice) -> Iterator[tuple[Recording, Message]]:
    """From the first event on that lies in it, to the last with what was decided on it."""
    begun = False
    for recording in recordings:
        for message in recording.messages():
            if message.number > wanted.last_event:
                break
            is_event = message.topic.startswith((codec.SERIAL_TOPIC, codec.EVENT_TOPIC))
            is_event = is_event or message.topic == WITHHELD_TOPIC
            begun = begun or (is_event and message.at >= wanted.start)
            if begun:
                yield recording, message


def _header(recordings: Sequence[Recording], first: Message, session: Session) -> RecordingHeader:
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
        first_event=first.number,
        first_at=first.at,
        utc_minus_mono=Ns(int(offset)) if offset else None,
        plates=DROPPED if any(recording.plates == DROPPED for recording in recordings) else KEPT,
        more=(
            ("marked_from_monotonic_ns", str(session.begin)),
            ("marked_from_event", str(session.begin_event + 1)),
            ("marked_to_monotonic_ns", str(session.end)),
        ),
    )


def _copy(
    writer: RecordingWriter, recording: Recording, message: Message, session: Session, done: Extracted
) -> None:
    if message.topic == GAP_TOPIC:
        writer.gap(gaps.decode(message.body))
        done.gaps += 1
    elif message.topic.startswith(VIDEO_TOPIC):
        if session.video:
            writer.video(video.decode(message.body), message.at)
    elif (event := recording.event_of(message)) is not None:
        done.events += 1
        if message.topic == WITHHELD_TOPIC and isinstance(event, PlateSeen) and not event.text:
            writer.withheld(event, message.number)
        else:  # a plate that a statement needed is in its place from now on
            writer.event(event, message.number)
    elif (decision := codec.decode_decision(message.topic, message.body)) is not None:
        writer.decision(decision)
        done.decisions += 1
        done.crossings += isinstance(decision, CrossingSeen) and message.number > session.begin_event
