"""A recording through the core again, for a page: decisions, statements (unsigned), who competed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from edge_agent.config.settings import SiteConfig
from edge_agent.core.decisions import Decision, Seal, ZoneChanged
from edge_agent.core.events import ClockSource, ClockStatus, Event, Started
from edge_agent.core.units import US, Ns, S
from edge_agent.errors import SealRefused
from edge_agent.evidence.sealable import Sealable
from edge_agent.journal.codec import decision_line
from edge_agent.journal.compare import Difference
from edge_agent.journal.reader import Recording
from edge_agent.replaying.again import WHOLE, Again, Part
from edge_agent.report.page import USED
from edge_agent.report.sealed import Data, Sealed, only_file
from edge_agent.report.zone_line import ZoneLine
from edge_agent.sinks import raw_of

ZERO = Ns(0)
INCOMPLETE = "未比较：录制不全 not compared: the recording lacks what was seen live"
OTHER_CONFIGURATION = "未比较：配置不同 not compared: of another configuration"
GAP = 60 * S  # without any event: nobody recorded, or everything was silent


@dataclass(slots=True)
class Found:
    """What a recording gave."""

    decisions: list[Decision] = field(default_factory=list)  # those that a page uses
    offsets_us: list[int | None] = field(default_factory=list)  # UTC less the box's clock at each of them
    lines: dict[str, ZoneLine] = field(default_factory=dict)  # by zone
    sealed: list[Sealed] = field(default_factory=list)  # the last statement of each crossing, all of a street
    refused: int = 0  # cases of which no statement could be made
    events: int = 0
    software: set[str] = field(default_factory=set)  # of the runs that were recorded
    runs: int = 0
    gaps: list[Ns] = field(default_factory=list)  # longer than `GAP`, within a run
    elapsed: Ns = ZERO
    utc_minus_mono: Ns | None = None  # as last reported
    first_at: Ns | None = None
    last_at: Ns = ZERO
    torn: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()  # why it need not give what was decided live
    compared: bool = False  # the recordings say what was decided live
    difference: Difference | None = None
    not_comparable: str = ""  # why live and replayed decisions need not be the same

    @property
    def wrong(self) -> Difference | None:
        """The first decision that should have been the same as live and is not."""
        return None if self.not_comparable else self.difference


def gather(
    recordings: Sequence[Recording],
    configs: Sequence[SiteConfig],
    progress: Callable[[Event], None] = lambda _event: None,
    part: Part = WHOLE,
) -> Found:
    """Replay recordings and keep what a page shows of the part that is asked for.

    Args:
        recordings: in their order.
        configs: of each (`configurations`).
        progress: told of every event that the core is given, before it is.
        part: what is asked for.

    Raises:
        UsageError: there is no such part.
    """

    def happened(event: Event) -> None:
        progress(event)
        collector.happened(event)

    def decided(decision: Decision) -> None:
        again.beside.replayed(decision_line(decision))
        collector.decided(decision)

    again = Again(recordings, configs, part, happened, decided)
    collector = _Collector(again)
    again.run()
    found, source, beside = collector.found, again.source, again.beside
    found.events, found.elapsed, found.utc_minus_mono = (
        source.count,
        source.elapsed.total,
        source.utc_minus_mono,
    )
    found.first_at, found.last_at = source.first_at, source.last_at
    found.torn = tuple(f"{r.path.name}: {r.torn}" for r in recordings if r.torn)
    found.lacking = again.lacking
    found.compared, found.difference = beside.present, beside.difference
    found.not_comparable = INCOMPLETE if found.lacking else ""
    return collector.conclude()


class _Collector:
    """Keeps what a page shows, as it goes by."""

    def __init__(self, again: Again) -> None:
        self._again = again
        self.found = Found()
        self._cases: dict[str, Sealed] = {}  # of a bridge: an amendment takes the place of what it amends
        self._last: Ns | None = None
        self._offset_us: int | None = None

    def happened(self, event: Event) -> None:
        """An event, before the core sees it."""
        found = self.found
        if isinstance(event, Started):
            found.runs += 1
            found.software.add(event.software)
            self._offset_us = None  # after a reboot the clock begins anew
        elif self._last is not None and event.at - self._last > GAP:
            found.gaps.append(Ns(event.at - self._last))
        elif isinstance(event, ClockStatus) and event.source is not ClockSource.NONE:
            self._offset_us = event.utc_minus_mono // US
        self._last = event.at

    def decided(self, decision: Decision) -> None:
        """A decision of the part that is asked for."""
        if isinstance(decision, ZoneChanged):
            line = ZoneLine(decision.camera, decision.zone)
            self.found.lines.setdefault(decision.zone, line).add(decision)
        elif isinstance(decision, USED):
            self.found.decisions.append(decision)
            self.found.offsets_us.append(self._offset_us)
        if isinstance(decision, Sealable):
            self._seal(decision)

    def conclude(self) -> Found:
        """All of it, statements in their order."""
        self.found.sealed += self._cases.values()
        self.found.sealed.sort(key=lambda one: int(one.statement["chain"]["seq"]))
        return self.found

    def _seal(self, decision: Sealable) -> None:
        raw = raw_of(decision, self._again.ring)
        try:
            built = self._again.chain.statement(decision, raw, self._again.slice_of(decision))
        except SealRefused:
            self.found.refused += 1
            return
        one = Sealed(
            json.loads(built.payload), built.sha256, None, None, {}, data=only_file(raw), linked=False
        )
        if isinstance(decision, Seal):
            crossing = decision.crossing
            one = replace(one, rivals=self._again.core.rivals(crossing.lane, crossing.number))
            self._cases[f"{self.found.runs} {decision.case}"] = one
        else:
            self.found.sealed.append(one)


def with_files(sealed: Sequence[Sealed], data: Data) -> list[Sealed]:
    """The same statements with the files of a bundle at hand; the recording's own bytes come first."""
    return [replace(one, data=_either(one, data)) for one in sealed]


def _either(one: Sealed, data: Data) -> Data:
    def read(sha256: str) -> bytes | None:
        own = one.data(sha256)
        return own if own is not None else data(sha256)

    return read
