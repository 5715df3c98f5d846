"""What pages show of the last minutes: vehicles, their traces, what cameras saw, where zones stand.

Filled by the runner's thread, read by pages. Every list is bounded. Plates are kept only where a statement
is made of them: around an overweight crossing.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edge_agent.core.decisions import CrossingSeen, Decision, Seal, ZoneChanged
from edge_agent.core.events import Event, SceneSeen
from edge_agent.core.units import MS, Ns
from edge_agent.taps import Read

MAX_CROSSINGS = 100
BEFORE_NS, AFTER_NS = 500 * MS, 300 * MS


@dataclass(frozen=True, slots=True)
class Weighed:
    """A vehicle, and what was sealed of it; None: nothing was, or not yet."""

    seen: CrossingSeen
    seal: Seal | None

    @property
    def key(self) -> tuple[str, int]:
        """Lane and number."""
        return self.seen.crossing.lane, self.seen.crossing.number


@dataclass(frozen=True, slots=True)
class Passage:
    """The last vehicle of a lane with the instrument's raw reads."""

    weighed: Weighed
    reads: tuple[Read, ...]


class Recent:
    """One for a daemon. Any thread may ask; `stepped` is the runner's.

    Args:
        reads: the last reads of a port (`Taps.serial`).
        ports: by lane: the port of its instrument.
    """

    def __init__(self, reads: Callable[[str], tuple[Read, ...]], ports: Mapping[str, str]) -> None:
        self._reads = reads
        self._ports = dict(ports)
        self._lock = threading.Lock()
        self._weighed: OrderedDict[tuple[str, int], Weighed] = OrderedDict()
        self._passages: dict[str, Passage] = {}
        self._scenes: dict[str, SceneSeen] = {}
        self._zones: dict[str, ZoneChanged] = {}

    def stepped(self, event: Event, decisions: tuple[Decision, ...]) -> None:
        """The core was given an event, and answered."""
        with self._lock:
            if isinstance(event, SceneSeen):
                self._scenes[event.camera] = event
            for decision in decisions:
                match decision:
                    case CrossingSeen():
                        self._crossed(decision)
                    case Seal():
                        self._sealed(decision)
                    case ZoneChanged():
                        self._zones[decision.zone] = decision

    def weighed(self) -> tuple[Weighed, ...]:
        """The last vehicles, newest first."""
        with self._lock:
            return tuple(reversed(self._weighed.values()))

    def passage(self, lane: str) -> Passage | None:
        """The lane's last vehicle, with its raw reads."""
        with self._lock:
            return self._passages.get(lane)

    def scene(self, camera: str) -> SceneSeen | None:
        """What was seen in the last picture of a street camera that was looked at."""
        with self._lock:
            return self._scenes.get(camera)

    def zones(self) -> Mapping[str, ZoneChanged]:
        """Where each zone's rule moved to last; only those where something has happened."""
        with self._lock:
            return dict(self._zones)

    def _crossed(self, seen: CrossingSeen) -> None:
        crossing = seen.crossing
        weighed = Weighed(seen, None)
        self._weighed[weighed.key] = weighed
        while len(self._weighed) > MAX_CROSSINGS:
            self._weighed.popitem(last=False)
        start, end = Ns(crossing.first_axle_at - BEFORE_NS), Ns(crossing.last_axle_at + AFTER_NS)
        held = self._reads(self._ports.get(crossing.lane, ""))
        reads = tuple(read for read in held if start <= read.at <= end)
        self._passages[crossing.lane] = Passage(weighed, reads)

    def _sealed(self, seal: Seal) -> None:
        key = (seal.crossing.lane, seal.crossing.number)
        known = self._weighed.get(key)
        if known is not None:
            self._weighed[key] = Weighed(known.seen, seal)
