"""What differs in one recording, a line each: what it is of, what is said otherwise, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType

from edge_agent.comparing.compare import EXACT, Comparison, Difference, How, Tolerance, compare
from edge_agent.comparing.describe import KIND, MARK, field_name, place_of, time_of, what_of
from edge_agent.comparing.outcomes import Outcomes
from edge_agent.comparing.reasons import with_reasons
from edge_agent.comparing.sides import Side
from edge_agent.comparing.two import Two
from edge_agent.comparing.wording import Both
from edge_agent.config import recorded
from edge_agent.config.settings import SiteConfig
from edge_agent.replaying.what_if import Change, differences
from edge_agent.web.words import ENGLISH, LANGUAGES

MOST = 50  # lines of one recording
FIELDS = 3  # that are named of those that only shifted
IN_ZONES = ("case", "look", "suspect")
CONCLUDED = (How.ADDED, How.REMOVED, How.CHANGED)


@dataclass(frozen=True, slots=True)
class Told:
    """What differs: how much of it, and in words."""

    numbers: dict[str, int]  # added, removed, changed, shifted, same
    # At most `MOST`: what was concluded otherwise, and why if that is known.
    lines: tuple[tuple[Both, Both], ...]
    more: int  # how many are left out
    shifted: Both  # the numbers that moved under the same conclusions; empty where none did

    @property
    def differs(self) -> bool:
        """Something does."""
        return any(self.numbers[how] for how in How)

    @property
    def weight(self) -> tuple[int, int]:
        """How many outcomes were concluded otherwise, and how many only shifted."""
        return sum(self.numbers[how] for how in CONCLUDED), self.numbers[How.SHIFTED]

    def all(self, language: str = ENGLISH) -> list[str]:
        """Every line, each reason on one of its own."""
        pick = LANGUAGES.index(language)
        lines = [
            line for what, why in self.lines for line in (what[pick], f"    {why[pick]}") if line.strip()
        ]
        more = [(f"… 另有 {self.more} 项", f"... and {self.more} more")[pick]] if self.more else []
        return [*lines, *more, *([self.shifted[pick]] if self.shifted[pick] else [])]

    def short(self, most: int, language: str) -> list[str]:
        """The first so many, and how many more there are."""
        left = len(self.lines) - most
        return replace(self, lines=self.lines[:most], more=self.more + max(0, left)).all(language)


def tell(
    left: Outcomes,
    right: Outcomes,
    configs: tuple[str, str] | None = None,
    allowed: Tolerance = EXACT,
    seen: Mapping[str, Both] = MappingProxyType({}),
) -> Told:
    """Hold two runs of one recording against each other.

    Args:
        left: of then.
        right: of now.
        configs: the configuration of each, as `config.recorded` writes it; None: reasons are not looked for.
        allowed: what may differ.
        seen: what another model sees otherwise, by zone: why, where no other reason is known.
    """
    comparison = compare(left, right, allowed)
    ours, theirs = map(_config, configs) if configs else (None, None)
    changed = _differences(*configs) if configs else ()
    two = Two(_side(left, ours), _side(right, theirs), changed)
    if configs:
        comparison = with_reasons(comparison, two)
    concluded = comparison.of(*CONCLUDED)
    lines = tuple(_line(one, two, seen) for one in concluded[:MOST])
    return Told(comparison.numbers(), lines, max(0, len(concluded) - MOST), _shifted(comparison))


@lru_cache(maxsize=64)  # a corpus is of a few sites, and reading a configuration takes long
def _config(text: str) -> SiteConfig:
    return recorded.from_text(text)


@lru_cache(maxsize=64)
def _differences(left: str, right: str) -> tuple[Change, ...]:
    return differences(_config(left), _config(right))


def _side(outcomes: Outcomes, config: SiteConfig | None) -> Side:
    return Side(name="", lines=lambda: iter(()), outcomes=outcomes, config=config)


def _line(one: Difference, two: Two, seen: Mapping[str, Both]) -> tuple[Both, Both]:
    when, mark = time_of(one, two), MARK[one.how]
    heads = (
        " ".join(word for word in (kind, place, when) if word)
        for kind, place in zip(KIND[one.kind], place_of(one), strict=True)
    )
    zh, en = (f"{mark} {head}: {what}" for head, what in zip(heads, what_of(one, two), strict=True))
    boxes = seen.get(one.place, ("", "")) if one.kind in IN_ZONES else ("", "")
    why = next(((reason.zh, reason.en) for reason in one.reasons if reason.known), boxes)
    return (zh, en), why


def _shifted(comparison: Comparison) -> Both:
    found = comparison.of(How.SHIFTED)
    if not found:
        return "", ""
    names: Sequence[Both] = list(
        dict.fromkeys(field_name(change.field) for one in found for change in one.changes)
    )
    left, mark = len(names) - FIELDS, MARK[How.SHIFTED]
    zh, en = (", ".join(name[k] for name in names[:FIELDS]) for k in range(2))
    return (
        f"{mark} 仅数值变动 {len(found)}：{zh}" + (f" 等 {len(names)} 项" if left > 0 else ""),
        f"{mark} {len(found)} shifted: {en}" + (f" and {left} more" if left > 0 else ""),
    )
