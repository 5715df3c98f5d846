"""The number of an event: how many came before it in its run of the daemon. `Started` is 0."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.core.events import Event, Started
from edge_agent.core.units import Ns
from edge_agent.journal import codec

NEVER = Ns(0)
SEQUENCE = 0xFFFFFFFF  # a message's sequence has 32 bits
HALF = 1 << 31


@dataclass(slots=True)
class EventCount:
    """Counts events as they pass. Live and replay count alike, whoever keeps a journal or none."""

    boot_id: str = ""
    number: int = -1  # of the last event
    at: Ns = NEVER  # of the last event

    def take(self, event: Event) -> int:
        """The number of this event."""
        if isinstance(event, Started):
            self.boot_id, self.number = event.boot_id, -1
        self.number += 1
        self.at = event.at
        return self.number

    def go_on(self, boot_id: str, number: int) -> None:
        """The next event has this number: a recording may begin in the middle of a run, or have a gap."""
        self.boot_id, self.number = boot_id, number - 1

    def skip_to(self, number: int) -> None:
        """The next event has at least this number: some were lost, or nothing but pictures a while ago."""
        self.number = max(self.number, number - 1)


class Numbers:
    """The number of each message's event: as it is written, or counted where an older program wrote none."""

    def __init__(self, first_event: int, *, counted: bool) -> None:
        self._base = first_event
        self._counted = counted
        self._last = -1

    def of(self, topic: str, sequence: int) -> int:
        """Of the next message."""
        started = topic == codec.EVENT_TOPIC + Started.__name__
        if self._counted:
            if started:
                self._last = -1
            self._last += topic.startswith((codec.EVENT_TOPIC, codec.SERIAL_TOPIC))
            return self._last
        if started:
            self._base = 0
        # The nearest with these 32 bits. What comes before the first event of the recording has the number
        # before it; a plate that is given back, and a gap that is told late, may be of one long before.
        return self._base + ((sequence - self._base + HALF) & SEQUENCE) - HALF
