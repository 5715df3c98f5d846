"""The only loop. Live and replay differ in what is passed in, in nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from edge_agent.core.decisions import Decision
from edge_agent.core.events import Event
from edge_agent.core.units import Ns

Deadline = Callable[[], Ns | None]


class Steps(Protocol):
    """What the loop needs of the core (`core.site.Site`)."""

    def step(self, event: Event) -> tuple[Decision, ...]:
        """Take in one event; never raises for bad input."""

    @property
    def deadline(self) -> Ns | None:
        """Wake me no later than this, even if nothing happens."""


class Source(Protocol):
    """Where events come from: the devices of a box, or a recording."""

    def events(self, deadline: Deadline) -> Iterator[Event]:
        """Events in their order. A live source asks `deadline` before it waits, and ticks."""


class Recorder(Protocol):
    """Where everything is written down."""

    def event(self, event: Event) -> None:
        """Called before the core sees the event."""

    def decision(self, decision: Decision) -> None:
        """Called before the sink sees the decision."""


class Sink(Protocol):
    """Who carries decisions out. Must not block for long: hand slow work to a worker."""

    def __call__(self, decision: Decision, /) -> None:
        """Carry the decision out."""


class Listening:
    """The core, with somebody who wants to know what it made of an event."""

    def __init__(self, site: Steps, told: Callable[[Event, tuple[Decision, ...]], None]) -> None:
        self._site = site
        self._told = told

    def step(self, event: Event) -> tuple[Decision, ...]:
        """The core's own answer."""
        decisions = self._site.step(event)
        self._told(event, decisions)
        return decisions

    @property
    def deadline(self) -> Ns | None:
        """The core's own."""
        return self._site.deadline


def run(site: Steps, source: Source, recorder: Recorder, sink: Sink) -> None:
    """Event by event until the source ends: write it down, let the core think, carry it out."""
    for event in source.events(lambda: site.deadline):
        recorder.event(event)
        for decision in site.step(event):
            recorder.decision(decision)
            sink(decision)
