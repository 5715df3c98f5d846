"""All crossings of a time: one row each, and their gross weights against the limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from edge_agent.core.decisions import CrossingSeen, Decision, Seal
from edge_agent.core.records import Crossing, Match, MatchStatus, Outcome, Verdict
from edge_agent.core.units import TONNE, US
from edge_agent.report.case_weight import tonnes
from edge_agent.report.gross_plot import Dot, draw_gross
from edge_agent.report.line_plot import Axis
from edge_agent.report.times import local

STATUS = {
    MatchStatus.MATCHED: ("已匹配", "matched"),
    MatchStatus.AMBIGUOUS: ("多个候选，未指认", "ambiguous: several candidates, none named"),
    MatchStatus.UNMATCHED: ("未匹配到号牌", "no plate matched"),
}
RESULT = {
    Outcome.OVER: ("bad", "疑似超限 over"),
    Outcome.WITHIN: ("good", "未超 within"),
    Outcome.NOT_COVERED: ("soft", "不适用 not covered"),
    Outcome.NOT_ASSESSED: ("warn", "未判定 not assessed"),
}
NO_RESULT = ("soft", "–")
MOST_ROWS = 1_000

Key = tuple[str, int, int]  # lane, number, first axle: numbers begin anew with each run of the daemon


@dataclass(frozen=True, slots=True)
class Crossed:
    """One crossing with what was made of it."""

    crossing: Crossing
    verdicts: tuple[Verdict, ...]
    match: Match | None
    link: str  # packet id of its statement; empty: none was made
    offset_us: int | None  # UTC less the box's clock then; None: not known

    @property
    def when(self) -> int:
        """Nanoseconds: UTC where it is known, else the box's own clock, which begins anew with each boot."""
        return self.crossing.first_axle_at + (self.offset_us or 0) * US

    @property
    def posted(self) -> Verdict | None:
        """What the bridge's own limit says."""
        return next((v for v in self.verdicts if v.evaluator == "posted"), None)


def all_crossings(
    decisions: Sequence[Decision], cases: Sequence[Mapping[str, Any]], offsets_us: Sequence[int | None]
) -> list[Crossed]:
    """In order of time; those of which a statement was made lead to it.

    Args:
        decisions: others are passed over.
        cases: statements that are shown.
        offsets_us: UTC less the box's clock when each decision was made.
    """
    crossings: dict[Key, tuple[Crossing, tuple[Verdict, ...]]] = {}
    offsets: dict[Key, int | None] = {}
    matches: dict[Key, Match] = {}
    for decision, offset_us in zip(decisions, offsets_us, strict=True):
        if isinstance(decision, CrossingSeen | Seal):
            key = (decision.crossing.lane, decision.crossing.number, decision.crossing.first_axle_at // US)
            crossings[key] = (decision.crossing, decision.verdicts)
            offsets[key] = offset_us
            if isinstance(decision, Seal):
                matches[key] = decision.match
    links = {(case["lane"], case["crossing"], case["first_axle_us"]): case["packet_id"] for case in cases}
    found = [
        Crossed(crossing, verdicts, matches.get(key), links.get(key, ""), offsets[key])
        for key, (crossing, verdicts) in crossings.items()
    ]
    return sorted(found, key=lambda one: (one.when, one.crossing.lane, one.crossing.number))


def chosen_rows(crossed: Sequence[Crossed], most: int) -> list[Crossed]:
    """At most so many of them: those with a case first, then the latest; in order of time."""
    if len(crossed) <= most:
        return list(crossed)
    ranked = sorted(range(len(crossed)), key=lambda n: (bool(crossed[n].link), n), reverse=True)[:most]
    return [crossed[n] for n in sorted(ranked)]


def crossing_rows(crossed: Sequence[Crossed]) -> list[dict[str, str]]:
    """One row each; clock time where the offset to UTC is known, else seconds from the first."""
    start = crossed[0].when if crossed else 0
    return [_row(one, start) for one in crossed]


def _row(one: Crossed, start: int) -> dict[str, str]:
    crossing, match, posted = one.crossing, one.match, one.posted
    tone, result = RESULT[posted.outcome] if posted else NO_RESULT
    plate = ""
    if match is not None:
        plate = match.read.text if match.read else STATUS[match.status][0]
    return {
        "time": _when(one, start),
        "lane": crossing.lane,
        "axles": str(len(crossing.axles)),
        "gross": tonnes(crossing.gross),
        "interval": tonnes(crossing.gross_interval),
        "speed": "–" if crossing.speed is None else f"{crossing.speed * 0.0036:.1f}",
        "result": result,
        "tone": tone,
        "plate": plate,
        "flags": " ".join(crossing.flags),
        "link": one.link,
    }


def _when(one: Crossed, start: int) -> str:
    if one.offset_us is None:
        return f"{(one.when - start) / 1e9:.1f} s"
    utc_us = one.when // US
    return f"{local(utc_us):%m-%d %H:%M:%S}.{utc_us // 100_000 % 10}"


def gross_drawing(crossed: Sequence[Crossed]) -> Markup:
    """All gross weights over time; nothing where fewer than two have one."""
    heavy = [one for one in crossed if one.crossing.gross is not None]
    if len(heavy) < 2:
        return Markup("")
    limits = {
        posted.limit / TONNE
        for one in heavy
        if (posted := one.posted) is not None and posted.limit is not None and posted.subject == "gross"
    }
    dots = []
    for one in heavy:
        crossing = one.crossing
        tone, result = RESULT[one.posted.outcome] if one.posted else NO_RESULT
        half = (crossing.gross_interval or 0) / TONNE
        weight = (crossing.gross or 0) / TONNE
        words = f"{crossing.lane}/{crossing.number}: {weight:.2f} t ± {half:.2f} t · {result}"
        dots.append(Dot(one.when, weight, half, tone, words, one.link))
    start, end = dots[0].at, max(dots[-1].at, dots[0].at + 1)
    margin = max((end - start) // 40, 10**9)
    utc = 0 if all(one.offset_us is not None for one in heavy) else None
    axis = Axis(start - margin, end + margin, utc)
    drawn = draw_gross(
        dots, sorted(limits), axis, "总重与限值 gross weights and the limit", "总重，吨 gross, t"
    )
    return Markup(drawn)  # noqa: S704 - our own drawing; its texts are escaped there
