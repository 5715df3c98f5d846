"""What differs in one recording, a line each: what it is of, what is said otherwise, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from edge_agent.comparing.compare import EXACT, Comparison, Difference, How, Tolerance, compare
from edge_agent.comparing.describe import KIND, MARK, field_name, place_of, time_of, what_of
from edge_agent.comparing.outcomes import Outcomes
from edge_agent.comparing.reasons import with_reasons
from edge_agent.comparing.sides import Side
from edge_agent.comparing.two import Two
from edge_agent.config import recorded
from edge_agent.config.settings import SiteConfig
from edge_agent.replaying.what_if import Change, differences

MOST = 50  # lines of one recording
FIELDS = 3  # that are named of those that only shifted
CONCLUDED = (How.ADDED, How.REMOVED, How.CHANGED)


@dataclass(frozen=True, slots=True)
class Told:
    """What differs: how much of it, and in words."""

    numbers: dict[str, int]  # added, removed, changed, shifted, same
    lines: tuple[
        tuple[str, str], ...
    ]  # at most `MOST`: what was concluded otherwise, and why if that is known
    more: int  # how many are left out
    shifted: str  # the numbers that moved under the same conclusions; empty where none did

    @property
    def differs(self) -> bool:
        """Something does."""
        return any(self.numbers[how] for how in How)

    @property
    def weight(self) -> tuple[int, int]:
        """How many outcomes were concluded otherwise, and how many only shifted."""
        return sum(self.numbers[how] for how in CONCLUDED), self.numbers[How.SHIFTED]

    def all(self) -> list[str]:
        """Every line, each reason on one of its own."""
        lines = [line for what, why in self.lines for line in (what, f"    {why}") if line.strip()]
        more = [f"... and {self.more} more"] if self.more else []
        return [*lines, *more, *([self.shifted] if self.shifted else [])]

    def short(self, most: int) -> list[str]:
        """The first so many, and how many more there are."""
        left = len(self.lines) - most
        return replace(self, lines=self.lines[:most], more=self.more + max(0, left)).all()


def tell(
    left: Outcomes, right: Outcomes, configs: tuple[str, str] | None = None, allowed: Tolerance = EXACT
) -> Told:
    """Hold two runs of one recording against each other.

    Args:
        left: of then.
        right: of now.
        configs: the configuration of each, as `config.recorded` writes it; None: reasons are not looked for.
        allowed: what may differ.
    """
    comparison = compare(left, right, allowed)
    ours, theirs = map(_config, configs) if configs else (None, None)
    changed = _differences(*configs) if configs else ()
    two = Two(_side(left, ours), _side(right, theirs), changed)
    if configs:
        comparison = with_reasons(comparison, two)
    concluded = comparison.of(*CONCLUDED)
    lines = tuple(_line(one, two) for one in concluded[:MOST])
    return Told(comparison.numbers(), lines, max(0, len(concluded) - MOST), _shifted(comparison))


@lru_cache(maxsize=64)  # a corpus is of a few sites, and reading a configuration takes long
def _config(text: str) -> SiteConfig:
    return recorded.from_text(text)


@lru_cache(maxsize=64)
def _differences(left: str, right: str) -> tuple[Change, ...]:
    return differences(_config(left), _config(right))


def _side(outcomes: Outcomes, config: SiteConfig | None) -> Side:
    return Side(name="", lines=lambda: iter(()), outcomes=outcomes, config=config)


def _line(one: Difference, two: Two) -> tuple[str, str]:
    head = " ".join(word for word in (KIND[one.kind][1], place_of(one)[1], time_of(one, two)) if word)
    why = next((reason.en for reason in one.reasons if reason.known), "")
    return f"{MARK[one.how]} {head}: {what_of(one, two)[1]}", why


def _shifted(comparison: Comparison) -> str:
    found = comparison.of(How.SHIFTED)
    names: Sequence[str] = list(
        dict.fromkeys(field_name(change.field)[1] for one in found for change in one.changes)
    )
    more = f" and {len(names) - FIELDS} more" if len(names) > FIELDS else ""
    return f"{MARK[How.SHIFTED]} {len(found)} shifted: {', '.join(names[:FIELDS])}{more}" if found else ""
