"""The slice of the journal that made a statement: where it begins and ends, and what is in it.

    what it rests on begins          the event that led to it
    ├── MARGIN ──┤───────────────────────┤
    start                               end, last_event

`MARGIN` is there so that a replay of the slice alone comes to the same case: the scale has its zero after
a second without a vehicle, plates are read up to 100 m before the scale, the clock reports every few
seconds, and a zone must be seen clear before goods come. What was learned over hours before it (a camera's
offset, a drifting zero, a case that was open already) is not in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from edge_agent.core.decisions import Decision, Seal, SealCoverage, SealStreet, SealTimeStep
from edge_agent.core.events import Event
from edge_agent.core.records import JournalSlice
from edge_agent.core.units import Ns, S
from edge_agent.errors import JournalError
from edge_agent.journal import codec
from edge_agent.journal.numbering import EventCount
from edge_agent.journal.opening import share_plates
from edge_agent.journal.reader import Recording

MARGIN = 120 * S

Sealable = Seal | SealStreet | SealCoverage | SealTimeStep


def slice_of(decision: Sealable, led_to_it: EventCount) -> JournalSlice:
    """The slice that made a decision; `led_to_it` stands at the event that it followed."""
    start = Ns(max(0, _rests_on(decision) - MARGIN))
    return JournalSlice(led_to_it.boot_id, start, Ns(max(led_to_it.at, start)), led_to_it.number)


def _rests_on(decision: Sealable) -> Ns:
    """When what it rests on began."""
    match decision:
        case Seal():
            first = decision.crossing.first_axle_at
            return min(first, decision.match.predicted_at, decision.raw.start if decision.raw else first)
        case SealStreet():
            report = decision.report
            moments = (report.judged_at, report.first_seen_at, report.candidate_at)
            return min(moment for moment in moments if moment is not None)
        case SealCoverage():
            return decision.start
        case SealTimeStep():
            return decision.since


def find(folder: Path, wanted: JournalSlice) -> list[Recording]:
    """The black box's recordings that hold the slice, in order; empty where they are no longer there."""
    mine = []
    for path in sorted(folder.glob("*.mcap")):
        try:
            recording = Recording.open(path)
        except JournalError:  # made room for just now, just begun, cut off as it began, or of a newer program
            continue
        if recording.boot_id == wanted.boot_id and recording.first_event is not None:
            mine.append(recording)
    mine.sort(key=lambda recording: recording.first_event or 0)
    ends = [*(after.first_at for after in mine), None][1:]
    found = [
        recording
        for recording, end in zip(mine, ends, strict=True)
        if (recording.first_event or 0) <= wanted.last_event and (end is None or end >= wanted.start)
    ]
    share_plates(found)
    return found


def events(recordings: Sequence[Recording], wanted: JournalSlice) -> Iterator[tuple[int, Event]]:
    """The events of the slice with their numbers, out of what `find` gave."""
    begun = False
    for recording in recordings:
        for number, event in recording.numbered():
            if number > wanted.last_event:
                return
            begun = begun or event.at >= wanted.start
            if begun:
                yield number, event


def decisions(recordings: Sequence[Recording], wanted: JournalSlice) -> Iterator[Decision]:
    """The decisions that were made live in the slice."""
    for recording in recordings:
        for message in recording.messages():
            if message.number > wanted.last_event:
                return
            decision = codec.decode_decision(message.topic, message.body)
            if decision is not None and decision.at >= wanted.start:
                yield decision


def begins_late(recordings: Sequence[Recording], wanted: JournalSlice) -> bool:
    """Its beginning is gone: the quota took it, or nobody recorded then."""
    if not recordings:
        return True
    first = recordings[0]
    return bool(first.first_event) and first.first_at is not None and first.first_at > wanted.start
