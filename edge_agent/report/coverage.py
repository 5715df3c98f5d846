"""What was truly watched, and what each camera said of itself: "nothing found" is not "nobody looked"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from markupsafe import Markup

from edge_agent.core.decisions import Decision, Fault, SealCoverage, Status
from edge_agent.core.units import MS, US
from edge_agent.report.names import reason
from edge_agent.report.plates import detail_of
from edge_agent.report.sealed import Sealed
from edge_agent.report.times import local, span, to_the_second

BARS = 48  # of a part at most: two days of hours; more are drawn together
BAR_WIDTH, BAR_HEIGHT = 9, 30
MOST_ROWS = 60  # of camera health; the rest is counted


@dataclass(slots=True)
class Bar:
    """One period of one part."""

    start_us: int | None  # UTC
    watched: int = 0  # ms
    blind: Counter[str] = field(default_factory=Counter)  # ms by reason

    @property
    def total(self) -> int:
        """The period's length, ms."""
        return self.watched + self.blind.total()


def coverage_rows(sealed: Iterable[Sealed], decisions: Iterable[Decision]) -> list[dict[str, Any]]:
    """One row a zone or lane. From the signed records; from the journal where the bundle has none."""
    bars = bars_of(one.statement["record"] for one in sealed)
    return [bar_row(name, part) for name, part in sorted((bars or _from_journal(decisions)).items())]


def bars_of(records: Iterable[Mapping[str, Any] | None]) -> dict[str, list[Bar]]:
    """By zone or lane, a bar a record; of other records than coverage nothing."""
    bars: dict[str, list[Bar]] = {}
    for record in records:
        if record is None or record["type"] != "coverage":
            continue
        for part in record["parts"]:
            blind = Counter({b["reason"]: b["blind_ms"] for b in part["blind"]})
            bars.setdefault(part["part"], []).append(Bar(record["start_utc_us"], part["watched_ms"], blind))
    return bars


def _from_journal(decisions: Iterable[Decision]) -> dict[str, list[Bar]]:
    bars: dict[str, list[Bar]] = {}
    for decision in decisions:
        if isinstance(decision, SealCoverage):
            offset = decision.clock.utc_minus_mono if decision.clock else None
            start = None if offset is None else (decision.start + offset) // US
            for part in decision.parts:
                bars.setdefault(part.part, []).append(Bar(start, part.watched_ms, Counter(dict(part.blind))))
    return bars


def bar_row(name: str, bars: Sequence[Bar]) -> dict[str, Any]:
    """A part's bars and what they come to."""
    whole = together(bars)
    share = 100 * whole.watched / whole.total if whole.total else 0.0
    return {
        "part": name,
        "watched": span(whole.watched),
        "total": span(whole.total),
        "share": f"{share:.1f} %",
        "tone": tone(share),
        "blind": [(reason(word), span(ms)) for word, ms in whole.blind.most_common()],
        "bars": Markup(_bars(bars)),  # noqa: S704 - our own drawing; its texts are escaped there
    }


def tone(share: float) -> str:
    """How a share of watched time, in percent, is to be taken."""
    return "good" if share >= 99 else "warn" if share >= 90 else "bad"


def together(bars: Sequence[Bar]) -> Bar:
    """One bar of several."""
    out = Bar(bars[0].start_us)
    for bar in bars:
        out.watched += bar.watched
        out.blind.update(bar.blind)
    return out


def _bars(bars: Sequence[Bar]) -> str:
    """One bar a period: green from the foot for what was watched, grey above for what was not."""
    step = -(-len(bars) // BARS)
    drawn = [together(bars[n : n + step]) for n in range(0, len(bars), step)]
    width = len(drawn) * BAR_WIDTH
    size = f'width="{width}" height="{BAR_HEIGHT}" viewBox="0 0 {width} {BAR_HEIGHT}"'
    parts = [f'<svg class="bars" {size} role="img">']
    for number, bar in enumerate(drawn):
        watched = BAR_HEIGHT * bar.watched / bar.total if bar.total else 0.0
        when = f"{local(bar.start_us):%m-%d %H:%M}" if bar.start_us is not None else f"#{number + 1}"
        why = ", ".join(f"{reason(word)} {span(ms)}" for word, ms in bar.blind.most_common())
        x = number * BAR_WIDTH
        parts.append(
            f"<g><title>{escape(f'{when} · {span(bar.watched)} / {span(bar.total)} {why}')}</title>"
            f'<rect x="{x}" y="0" width="{BAR_WIDTH - 1}" height="{BAR_HEIGHT}" fill="url(#unseen)"/>'
            f'<rect x="{x}" y="{BAR_HEIGHT - watched:.1f}" width="{BAR_WIDTH - 1}" height="{watched:.1f}" '
            'fill="#5fa777"/></g>'
        )
    return "".join([*parts, "</svg>"])


# -- what cameras said of themselves --------------------------------------------------------------


@dataclass(slots=True)
class CameraNews:
    """Collects what is said of cameras, as the decisions go by."""

    plates: bool = False  # show what was read of others too
    rows: list[dict[str, str]] = field(default_factory=list)
    left_out: int = 0

    def add(self, decision: Decision, offset_us: int | None) -> None:
        """One decision; others than of cameras are passed over."""
        if isinstance(decision, Status) and decision.part.startswith("camera/"):
            self._row(decision.at, decision.part, decision.state, decision.detail, offset_us)
        elif isinstance(decision, Fault) and decision.source.startswith("camera/"):
            said = detail_of(decision, plates=self.plates)
            said = f"{said} ×{decision.count}" if decision.count > 1 else said
            self._row(decision.at, decision.source, "fault", said, offset_us)

    def _row(self, at: int, part: str, state: str, detail: str, offset_us: int | None) -> None:
        if len(self.rows) >= MOST_ROWS:
            self.left_out += 1
            return
        when = to_the_second(at // US + offset_us) if offset_us is not None else span(at // MS)
        tone = "good" if state == "ok" else "warn"
        row = {"time": when, "camera": part.removeprefix("camera/"), "state": state, "tone": tone}
        self.rows.append({**row, "detail": reason(detail)})
