"""What was decided, beside what truly drove over the bridge: the file that `simulate` writes.

A crossing is the passage of its lane whose first axle was at the first sensor within `SAME`. Overweight is
what the scenario calls so: heavier than its posted limit, whatever limit the core was given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

from pydantic import TypeAdapter, ValidationError

from edge_agent.comparing.outcomes import BridgeCrossing, Outcomes
from edge_agent.comparing.pairing import Span, pair
from edge_agent.core.foreign_json import first_fault
from edge_agent.core.records import MatchStatus, Outcome
from edge_agent.core.units import MS, Ns, S
from edge_agent.errors import UsageError

SAME = 400 * MS
# A vehicle whose last axle left the scale later than this before the end need not be told of any more.
CLOSING = 5 * S
POSTED = "posted"


@dataclass(frozen=True, slots=True)
class Passage:
    """A vehicle, as far as it is asked for here. Times are the box's monotonic clock."""

    lane: str
    plate: str
    plate_rear: str
    overweight: bool
    first_axle_at: Ns | None
    last_axle_at: Ns | None


@dataclass(frozen=True, slots=True)
class Score:
    """Counts that add up over recordings."""

    overweight: int = 0  # vehicles that truly were
    over_right: int = 0  # of them, called over the posted limit
    over_wrong: int = 0  # crossings called so that were not, or that were no vehicle
    cases: int = 0  # of vehicles that truly drove there
    plates_right: int = 0  # of them, matched with their own plate
    plates_wrong: int = 0  # matched with another

    def __add__(self, other: Self) -> Score:
        return Score(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def over_precision(self) -> float | None:
        """Of what was called over, the share that was; None of nothing."""
        return _share(self.over_right, self.over_right + self.over_wrong)

    @property
    def over_recall(self) -> float | None:
        """Of what was overweight, the share that was called over."""
        return _share(self.over_right, self.overweight)

    @property
    def plate_precision(self) -> float | None:
        """Of the plates that were matched, the share that was the vehicle's own."""
        return _share(self.plates_right, self.plates_right + self.plates_wrong)

    @property
    def plate_recall(self) -> float | None:
        """Of the cases, the share that was matched with the vehicle's own plate."""
        return _share(self.plates_right, self.cases)


_PASSAGE = TypeAdapter(Passage)


def read_truth(path: Path) -> tuple[Passage, ...]:
    """The passages of a truth file.

    Raises:
        UsageError: it cannot be read, or a line is no passage.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8") from None
    return tuple(_passage(line, f"{path}:{number}") for number, line in enumerate(lines, start=1))


def _passage(line: str, where: str) -> Passage:
    try:
        return _PASSAGE.validate_json(line)
    except ValidationError as error:
        key, what = first_fault(error)
        raise UsageError(f"{where}: no passage as `simulate` writes it: {key} {what}") from None


def score(outcomes: Outcomes, truth: Iterable[Passage], end: Ns) -> Score:
    """How right it was.

    Args:
        outcomes: of one run.
        truth: everything that drove there.
        end: of the recording; what left the scale just before it is not missed.
    """
    drove = [passage for passage in truth if passage.first_axle_at is not None]
    total = Score()
    for crossing, passage in _pairs(outcomes.crossings, drove):
        over = crossing is not None and _over_posted(crossing)
        truly = passage is not None and passage.overweight
        asked = passage is not None and _had_left(passage, end)
        total += Score(
            overweight=truly and (asked or over),
            over_right=truly and over,
            over_wrong=over and not truly,
        )
        if crossing is not None and passage is not None and crossing.case is not None:
            named = crossing.case.match.status is MatchStatus.MATCHED
            own = crossing.case.match.plate in {passage.plate, passage.plate_rear}
            total += Score(cases=1, plates_right=named and own, plates_wrong=named and not own)
    return total


def _pairs(
    crossings: Sequence[BridgeCrossing], passages: Sequence[Passage]
) -> list[tuple[BridgeCrossing | None, Passage | None]]:
    """Each crossing and each passage once, with its other half where it has one."""
    left: list[BridgeCrossing | Passage] = [*crossings]
    right: list[BridgeCrossing | Passage] = [*passages]
    return [
        (one if isinstance(one, BridgeCrossing) else None, other if isinstance(other, Passage) else None)
        for one, other in pair(left, right, _span, SAME)
    ]


def _span(one: BridgeCrossing | Passage) -> Span:
    at = one.first_axle_at
    assert at is not None
    return Span(one.lane, at, at)


def _had_left(passage: Passage, end: Ns) -> bool:
    return passage.last_axle_at is not None and passage.last_axle_at < end - CLOSING


def _over_posted(crossing: BridgeCrossing) -> bool:
    """By the posted limit, which is what the truth means; by any where the lane has none."""
    posted = [verdict for verdict in crossing.verdicts if verdict.evaluator == POSTED]
    return any(verdict.outcome is Outcome.OVER for verdict in posted or crossing.verdicts)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
