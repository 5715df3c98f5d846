"""Recordings one after the other as a source of events, or a part of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from edge_agent.core.decisions import Decision
from edge_agent.core.events import ClockStatus, Event, Started
from edge_agent.core.units import Ns
from edge_agent.journal.reader import Recording
from edge_agent.replaying.window import Bounds


class Elapsed:
    """Recorded time: that of every run, one after the other; between them nobody recorded."""

    def __init__(self) -> None:
        self.total = Ns(0)
        self._last: Ns | None = None

    def add(self, event: Event) -> None:
        """One more event."""
        if self._last is not None and not isinstance(event, Started):
            self.total = Ns(self.total + max(0, event.at - self._last))
        self._last = event.at


@dataclass(slots=True)
class Listener:
    """Who wants to know what comes out of the recordings."""

    event: Callable[[Recording, int, Event], None] = lambda _recording, _number, _event: None
    """Before the core sees it; with its number in its run."""
    decided_live: Callable[[Decision, bool], None] = lambda _decision, _inside: None
    next_event: Callable[[], None] = lambda: None  # nothing more comes of the one before
    recording_ended: Callable[[Recording], None] = lambda _recording: None


class RecordedEvents:
    """The source. `inside` says whether the event that was given last lies in the window."""

    def __init__(
        self,
        recordings: Sequence[Recording],
        bounds: Sequence[Bounds],
        listener: Listener,
        *,
        cold: bool = False,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Args.

        recordings: in their order.
        bounds: of each; what lies before is given all the same, what lies after is not.
        listener: is told of everything.
        cold: what lies before is left out too, and not read where the file's index says where it ends.
        stop: asked before each event.
        """
        self._parts = tuple(zip(recordings, bounds, strict=True))
        self._listener = listener
        self._cold = cold
        self._stop = stop
        self.inside = False
        self.interrupted = False
        self.opened = 0  # recordings that were begun
        self.count = 0  # events that were given
        self.counted_inside = 0
        self.elapsed = Elapsed()
        self.first_at: Ns | None = None
        self.last_at = Ns(0)
        self.utc_minus_mono: Ns | None = None  # as last reported

    def events(self, _deadline: Callable[[], Ns | None]) -> Iterator[Event]:
        """Every event up to the end of the window."""
        for recording, bounds in self._parts:
            self.opened += 1
            since = bounds.start if self._cold else None
            for number, event in recording.numbered(self._decided_live, since):
                self._listener.next_event()
                self.interrupted = self.interrupted or self._stop()
                if self.interrupted or (bounds.end is not None and event.at >= bounds.end):
                    return
                self.inside = bounds.start is None or event.at >= bounds.start
                if self._cold and not self.inside:
                    continue
                self._note(event)
                self._listener.event(recording, number, event)
                yield event
            self._listener.recording_ended(recording)

    def _decided_live(self, decision: Decision) -> None:
        self._listener.decided_live(decision, self.inside)

    def _note(self, event: Event) -> None:
        self.count += 1
        self.counted_inside += self.inside
        self.elapsed.add(event)
        self.first_at = event.at if self.first_at is None else self.first_at
        self.last_at = event.at
        if isinstance(event, ClockStatus):
            self.utc_minus_mono = event.utc_minus_mono
