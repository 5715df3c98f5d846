"""What a recording does not have: events that the journal lost, written where they would have been."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from edge_agent.core.units import Ns
from edge_agent.errors import JournalError

GAP_TOPIC = "/journal/gap"


@dataclass(frozen=True, slots=True)
class Gap:
    """The core saw and decided these; only the recording lacks them."""

    first_event: int  # number of the first event lost; of the next event where none was
    events: int
    decisions: int
    video: int  # compressed pictures: no decision rests on them
    start: Ns  # monotonic, of the first thing lost
    end: Ns  # and of the last
    reason: str  # queue_full | disk | reserve; not_said: a reader found it

    @property
    def next_event(self) -> int:
        """Number of the first event that is there again."""
        return self.first_event + self.events

    def __str__(self) -> str:
        """For people."""
        lost = [
            f"{count} {what}"
            for count, what in (
                (self.events, "events"),
                (self.decisions, "decisions"),
                (self.video, "pictures of video"),
            )
            if count
        ]
        seconds = (self.end - self.start) / 1e9
        return f"{', '.join(lost)} lost over {seconds:.1f} s from event {self.first_event} on: {self.reason}"


def not_said(first: int, following: int, start: Ns, end: Ns) -> Gap:
    """Events that are missing without a word, from one number to the one before another."""
    return Gap(first, following - first, 0, 0, start, end, "not_said")


_ADAPTER = TypeAdapter(Gap)


def encode(gap: Gap) -> bytes:
    """The message body."""
    return _ADAPTER.dump_json(gap)


def decode(body: bytes) -> Gap:
    """The gap of a message.

    Raises:
        JournalError: it is no such message.
    """
    try:
        return _ADAPTER.validate_json(body)
    except ValidationError as error:
        raise JournalError(f"gap: {error.errors()[0]['msg']}") from None


def json_schema() -> dict[str, Any]:
    """For tools that open recordings."""
    return _ADAPTER.json_schema()


class Tally:
    """Counts what is being lost until it can be written down."""

    def __init__(self) -> None:
        self._first_event = 0
        self._start = self._end = Ns(0)
        self.events = 0
        self._decisions = self._video = 0
        self.reason = ""

    def __bool__(self) -> bool:
        return bool(self.events or self._decisions or self._video)

    def event(self, number: int, at: Ns) -> None:
        """An event was lost."""
        self._begin(number, at)
        if not self.events:  # pictures and decisions may have been lost before it, and events not
            self._first_event = number
        self.events += 1

    def decision(self, number: int, at: Ns) -> None:
        """A decision was lost; `number` is of the event that led to it."""
        self._begin(number + 1, at)
        self._decisions += 1

    def video(self, number: int, at: Ns) -> None:
        """A compressed picture was lost; `number` is of the event before it."""
        self._begin(number + 1, at)
        self._video += 1

    def add(self, later: Gap) -> None:
        """So much was lost after that."""
        self._begin(later.first_event, later.start)
        if later.events and not self.events:
            self._first_event = later.first_event
        self.events += later.events
        self._decisions += later.decisions
        self._video += later.video
        self._end = max(self._end, later.end)

    def gap(self) -> Gap:
        """As it is written."""
        return Gap(
            self._first_event,
            self.events,
            self._decisions,
            self._video,
            self._start,
            self._end,
            self.reason,
        )

    def _begin(self, first_event: int, at: Ns) -> None:
        if not self:
            self._first_event, self._start, self._end = first_event, at, at
        self._start, self._end = min(self._start, at), max(self._end, at)
