"""What came of a recording, as a person asks: which vehicles and cases there were, and what was said of each.

Decisions are many lines for one thing: a crossing, its case and the case's amendments; a stay's first look,
its record and the record of its end. An outcome is one thing with the last that was said of it. Times are
the box's monotonic clock in nanoseconds, weights grams, as in the records that they are taken from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from edge_agent.core.records import MatchStatus, Outcome, UseClass, Verdict
from edge_agent.core.scene import EvidenceItem, Finding, Phase
from edge_agent.core.units import Grams, MmPerS, Ns, Ppm


@dataclass(frozen=True, slots=True)
class Matched:
    """What the matcher said last of a case's vehicle."""

    status: MatchStatus
    plate: str  # as matched; empty unless `status` is matched
    best: str  # of the likeliest read; empty where there is none
    posterior: Ppm | None  # of that read; None where there is none
    none_posterior: Ppm
    margin: Ppm


@dataclass(frozen=True, slots=True)
class BridgeCase:
    """An overweight crossing's statement, as last amended."""

    case: str
    revision: int
    use_class: UseClass
    reasons: tuple[str, ...]
    match: Matched
    vehicle_confirmed: bool | None


@dataclass(frozen=True, slots=True)
class BridgeCrossing:
    """One vehicle over one lane's scale."""

    run: int  # of the daemon, counted from 0: a recording may hold several, and their clocks may overlap
    lane: str
    number: int
    first_axle_at: Ns
    last_axle_at: Ns
    axles: int
    gross: Grams | None
    gross_interval: Grams | None
    speed: MmPerS | None
    flags: tuple[str, ...]
    verdicts: tuple[Verdict, ...]  # of the statement where there is one: it may know the kind of vehicle
    case: BridgeCase | None

    @property
    def over(self) -> bool:
        """Some limit is exceeded, be it one whose text nobody has read."""
        return any(verdict.outcome is Outcome.OVER for verdict in self.verdicts)


@dataclass(frozen=True, slots=True)
class StreetCase:
    """Goods that stood until their stay was reached, up to when they were gone.

    One a confirmation: what comes back within the cooldown has the same `case`, and is `reopened`.
    """

    run: int
    camera: str
    zone: str
    case: str
    opened: Phase  # confirmed | reopened; ongoing | cleared where its beginning was not recorded
    event_type: str
    rule: str
    shop: str
    first_seen_at: Ns | None
    confirmed_at: Ns | None
    cleared_at: Ns | None  # the record of its end was made; None: it never was
    ended_at: Ns | None  # absence was first seen
    phase: Phase  # of its last record
    dwell: Ns  # that was observed and counted, up to its last record
    stay_ms: int  # that the rule asked for when it was confirmed
    untiered_s: int | None  # the same before tier and light, as the record says; None where it does not
    ongoing: int  # how many records say that it was still there
    use_class: UseClass  # of the record that confirmed it, and why not more
    reasons: tuple[str, ...]
    revision: int  # of its last record
    last_at: Ns  # the look that its last record rests on
    items: tuple[EvidenceItem, ...]  # when it was confirmed, strongest first


@dataclass(frozen=True, slots=True)
class Look:
    """A re-check or an inspection: one look at a zone, and what was there."""

    run: int
    phase: Phase  # recheck | inspection
    camera: str
    zone: str
    case: str
    order: str
    judged_at: Ns
    finding: Finding
    use_class: UseClass
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suspect:
    """Something stood in a zone that no class names; no case."""

    run: int
    camera: str
    zone: str
    at: Ns


@dataclass(frozen=True, slots=True)
class FaultCount:
    """How often something was wrong."""

    source: str
    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class WatchedTime:
    """How long a part was truly watched over the whole recording, and what was wrong for the rest."""

    part: str
    watched_ms: int
    blind: tuple[tuple[str, int], ...]  # (reason, ms), sorted by reason


@dataclass(frozen=True, slots=True)
class ZoneStay:
    """Something stood in a zone, whether or not it became a case: what the zone's time line says of it.

    Nothing is concluded from it; it says how near a case was that there is not.
    """

    run: int
    camera: str
    zone: str
    began_at: Ns  # when the time line first told of it
    until: Ns  # and last
    dwell_ms: int  # the longest that was told: its stay was at least so long
    asked_ms: int | None  # that the rule asked for; None where it never lingered
    confirmed: bool
    details: tuple[str, ...]  # what the time line said against counting it, sorted


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Everything that came of a recording or a replay, each kind in the order in which it was decided."""

    crossings: tuple[BridgeCrossing, ...]
    cases: tuple[StreetCase, ...]
    looks: tuple[Look, ...]
    suspects: tuple[Suspect, ...]
    faults: tuple[FaultCount, ...]  # most first
    watched: tuple[WatchedTime, ...]  # by part
    stays: tuple[ZoneStay, ...]
    utc_minus_mono: tuple[Ns | None, ...]  # of each run; None where no decision of it knew the clock
    decisions: int

    def utc(self, run: int, at: Ns) -> Ns | None:
        """UTC of an instant, nanoseconds since 1970; None where nobody knew."""
        known = self.utc_minus_mono[run] if run < len(self.utc_minus_mono) else None
        return None if known is None else Ns(at + known)


def counts(found: Outcomes) -> dict[str, Any]:
    """What came of it in numbers, for somebody who has not opened the decisions.

    Returns:
        crossings, over_a_limit, cases {match status: n}, street {phase: n, "recheck: <finding>": n, ...},
        suspects, faults {"<source> <kind>": n}.
    """
    matches = Counter(str(one.case.match.status) for one in found.crossings if one.case)
    street = Counter(f"{look.phase}: {look.finding}" for look in found.looks)
    for case in found.cases:
        street.update(_records(case))
    faults = {f"{fault.source} {fault.kind}": fault.count for fault in found.faults}
    over = sum(one.over for one in found.crossings)
    return in_numbers(len(found.crossings), over, matches, street, len(found.suspects), faults)


def in_numbers(
    crossings: int,
    over: int,
    cases: Mapping[str, int],
    street: Mapping[str, int],
    suspects: int,
    faults: dict[str, int],
) -> dict[str, Any]:
    """The form of `counts`; what was counted and then amended away is not in it."""
    return {
        "crossings": crossings,
        "over_a_limit": over,
        "cases": {status: count for status, count in sorted(cases.items()) if count},
        "street": dict(sorted(street.items())),
        "suspects": suspects,
        "faults": faults,
    }


def _records(case: StreetCase) -> Iterable[str]:
    if case.opened in (Phase.CONFIRMED, Phase.REOPENED):
        yield str(case.opened)
    yield from [str(Phase.ONGOING)] * case.ongoing
    if case.cleared_at is not None:
        yield str(Phase.CLEARED)
