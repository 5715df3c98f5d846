"""Two runs' outcomes held against each other: added, removed, changed, shifted, the same.

*Changed*: something else was concluded: within became over, another plate, another use class. *Shifted*: the
same was concluded from other numbers. What lies within the tolerance is the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from edge_agent.comparing.fields import KINDS, AnyOutcome, Field, Value, fields_of
from edge_agent.comparing.outcomes import (
    BridgeCrossing,
    FaultCount,
    Look,
    Outcomes,
    StreetCase,
    Suspect,
    WatchedTime,
)
from edge_agent.comparing.pairing import Span, case_span, crossing_span, pair
from edge_agent.core.scene import Phase
from edge_agent.core.units import MS, Ns, S

# The same suspect is told of at another look; the same re-check is due when its case was confirmed.
SUSPECT_REACH = 60 * S
LOOK_REACH = 86_400 * S


class How(StrEnum):
    """What became of an outcome between the two runs."""

    ADDED = "added"  # only the right run has it
    REMOVED = "removed"  # only the left run has it
    CHANGED = "changed"  # something else was concluded
    SHIFTED = "shifted"  # the same was concluded from other numbers


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What is still the same. Numbers may differ by so much, both ways.

    `ignore` holds shell patterns of `<kind>.<field>` that are not looked at: `watched.*`,
    `crossing.verdict.axle_group.*`, `case.items`; a kind alone leaves out what is added and removed too.
    """

    grams: int = 0
    ms: int = 0
    ppm: int = 0
    mm_s: int = 0
    count: int = 0
    ignore: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a pattern that can never fit.

        Raises:
            ValueError: what it begins with is no kind.
        """
        for pattern in self.ignore:
            kind = pattern.partition(".")[0]
            if not set("*?[") & set(kind) and kind not in KINDS.values():
                raise ValueError(f"{pattern}: no such kind; there are {', '.join(KINDS.values())}")

    def of(self, unit: str) -> int:
        """How much numbers of that unit may differ."""
        allowed = {
            "g": self.grams,
            "ns": self.ms * MS,
            "ms": self.ms,
            "ppm": self.ppm,
            "mm_s": self.mm_s,
            "count": self.count,
        }
        return allowed.get(unit, 0)

    def ignores(self, name: str) -> bool:
        """Whether that kind or field is not looked at."""
        return any(fnmatchcase(name, pattern) for pattern in self.ignore)


EXACT = Tolerance()


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs. None: that side does not have it."""

    field: str
    old: Value
    new: Value
    unit: str  # as `fields.Field`

    @property
    def concluded(self) -> bool:
        """Something else was concluded: numbers only moved where both sides have one."""
        return not self.unit or self.old is None or self.new is None

    @property
    def by(self) -> int | None:
        """How far a number moved; None where it is none."""
        return self.new - self.old if isinstance(self.old, int) and isinstance(self.new, int) else None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a difference is there, from the records and settings of both sides."""

    known: (
        bool  # False: nobody can say from what is recorded; `settings` are those that may have to do with it
    )
    en: str
    zh: str
    settings: tuple[str, ...] = ()  # dotted keys that differ
    by: int | None = None  # by how much it is past what decides, where that is one number
    unit: str = ""  # of `by`


@dataclass(frozen=True, slots=True)
class Difference:
    """One vehicle, stay, look or fault that came out differently."""

    kind: str  # crossing | case | look | suspect | fault | watched
    how: How
    place: str  # lane, zone, part or source
    run: int
    at: Ns | None  # monotonic, of the right side where it has it; None for what is counted over all
    left: AnyOutcome | None
    right: AnyOutcome | None
    changes: tuple[Change, ...]
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences, by time; what is counted over all comes last."""

    differences: tuple[Difference, ...]
    same: dict[str, int]  # by kind: how many came out the same

    def of(self, *how: How) -> tuple[Difference, ...]:
        """The differences of these sorts."""
        return tuple(one for one in self.differences if one.how in how)

    def numbers(self) -> dict[str, int]:
        """How many of each sort, and how many are the same."""
        counted = Counter(one.how for one in self.differences)
        return {**{str(how): counted[how] for how in How}, "same": sum(self.same.values())}


def compare(left: Outcomes, right: Outcomes, tolerance: Tolerance = EXACT) -> Comparison:
    """Hold two runs against each other.

    Args:
        left: outcomes of the old run.
        right: of the new one.
        tolerance: what is still the same.
    """
    differences: list[Difference] = []
    same: Counter[str] = Counter()
    for one, other in _pairs(left, right):
        some = one if one is not None else other
        assert some is not None
        kind = KINDS[type(some)]
        if tolerance.ignores(kind):
            continue
        changes = () if one is None or other is None else tuple(_changes(kind, one, other, tolerance))
        if one is not None and other is not None and not changes:
            same[kind] += 1
            continue
        differences.append(_difference(kind, one, other, changes))
    differences.sort(key=lambda d: (d.at is None, d.run, d.at or 0, d.kind, d.place))
    return Comparison(tuple(differences), dict(same))


def _pairs(left: Outcomes, right: Outcomes) -> Iterator[tuple[AnyOutcome | None, AnyOutcome | None]]:
    yield from pair(left.crossings, right.crossings, crossing_span)
    cases = pair(left.cases, right.cases, case_span)
    yield from cases
    yield from _look_pairs(left.looks, right.looks, cases)
    yield from pair(left.suspects, right.suspects, _suspect_span, SUSPECT_REACH)
    yield from pair(left.faults, right.faults, _fault_span)
    yield from pair(left.watched, right.watched, _watched_span)


def _suspect_span(one: Suspect) -> Span:
    return Span((one.run, one.zone), one.at, one.at)


def _fault_span(one: FaultCount) -> Span:
    return Span((one.source, one.kind), 0, 0)


def _watched_span(one: WatchedTime) -> Span:
    return Span(one.part, 0, 0)


def _look_pairs(
    left: Sequence[Look], right: Sequence[Look], cases: Sequence[tuple[StreetCase | None, StreetCase | None]]
) -> list[tuple[Look | None, Look | None]]:
    """Inspections by their order, re-checks by the case that they are of."""
    left_of = {other.case: one.case for one, other in cases if one is not None and other is not None}
    ours = {id(look) for look in left}

    def span(look: Look) -> Span:
        case = ""
        if look.phase is Phase.RECHECK:
            case = look.case if id(look) in ours else left_of.get(look.case, f"only right: {look.case}")
        return Span((look.run, look.phase, look.zone, look.order, case), look.judged_at, look.judged_at)

    return pair(left, right, span, LOOK_REACH)


def _changes(kind: str, one: AnyOutcome, other: AnyOutcome, tolerance: Tolerance) -> Iterator[Change]:
    old, new = fields_of(one), fields_of(other)
    case_alone = "case" in old and old["case"] != new["case"]
    for name in dict.fromkeys((*old, *new)):
        # What a case says is no difference of its own where only one side has a case.
        if (case_alone and name.startswith("case.")) or tolerance.ignores(f"{kind}.{name}"):
            continue
        was, now = old.get(name), new.get(name)
        unit = (was or now or Field(None)).unit
        before, after = _value(was, name), _value(now, name)
        if not _alike(before, after, tolerance.of(unit)):
            yield Change(name, before, after, "labels" if _by_pictures(name, old, new) else unit)


def _by_pictures(name: str, old: Mapping[str, Field], new: Mapping[str, Field]) -> bool:
    """Whether it differs only because one side has pictures that the other has not."""
    if name.endswith("vehicle_confirmed"):
        return "unchecked" in (old[name].value, new[name].value)
    reasons, pictures = name.replace("use_class", "reasons"), name.replace("use_class", "pictures")
    return name != reasons and old[reasons] == new[reasons] and old[pictures] != new[pictures]


def _value(field: Field | None, name: str) -> Value:
    if field is None:
        return 0 if name.startswith("blind.") else None  # a reason that is not named took no time
    return field.value


def _alike(old: Value, new: Value, within: int) -> bool:
    if isinstance(old, int) and isinstance(new, int):
        return abs(new - old) <= within
    return old == new


def _difference(
    kind: str, one: AnyOutcome | None, other: AnyOutcome | None, changes: tuple[Change, ...]
) -> Difference:
    some = other if other is not None else one
    assert some is not None
    if one is None or other is None:
        how = How.ADDED if one is None else How.REMOVED
    else:
        how = How.CHANGED if any(change.concluded for change in changes) else How.SHIFTED
    place, run, at = _where(some)
    return Difference(kind, how, place, run, at, one, other, changes)


def _where(outcome: AnyOutcome) -> tuple[str, int, Ns | None]:
    match outcome:
        case BridgeCrossing():
            return outcome.lane, outcome.run, outcome.first_axle_at
        case StreetCase():
            return outcome.zone, outcome.run, outcome.confirmed_at or outcome.last_at
        case Look():
            return outcome.zone, outcome.run, outcome.judged_at
        case Suspect():
            return outcome.zone, outcome.run, outcome.at
        case FaultCount():
            return f"{outcome.source} {outcome.kind}", 0, None
        case WatchedTime():
            return outcome.part, 0, None
