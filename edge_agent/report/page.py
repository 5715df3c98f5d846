"""One page of evidence: what was seen, what was concluded of it and why, and what was checked.

The bridge's part and the street's stand on it where the site has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from edge_agent.config.settings import SiteConfig
from edge_agent.core.decisions import (
    CrossingSeen,
    Decision,
    Fault,
    Seal,
    SealCoverage,
    SealStreet,
    Status,
)
from edge_agent.core.units import US
from edge_agent.evidence.verify import Report
from edge_agent.report.bridge_cases import bridge_cases
from edge_agent.report.coverage import CameraNews, coverage_rows
from edge_agent.report.crossings import MOST_ROWS, all_crossings, chosen_rows, crossing_rows, gross_drawing
from edge_agent.report.fault_rows import fault_rows
from edge_agent.report.gross_plot import MOST as MOST_DOTS
from edge_agent.report.line_plot import PATTERNS, Axis, draw_zones
from edge_agent.report.saying import Section
from edge_agent.report.sealed import Sealed, read_bundle
from edge_agent.report.street_cases import street_cases
from edge_agent.report.zone_line import ZoneLine, without_changes
from edge_agent.web.templates import environment

# What of a journal the page shows; all else is passed over while it is read.
USED = (CrossingSeen, Seal, SealStreet, SealCoverage, Status, Fault)
MOST_CASES = 50  # of each part, shown in full
MOST_CHECKS = 200  # lines of what was checked, of what was not, of what is bad


@dataclass(frozen=True, slots=True)
class Tile:
    """One number at the top of the page."""

    value: str
    zh: str
    en: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class InWords:
    """The case told in one language."""

    language: str
    sections: Sequence[Section]


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything that a page shows."""

    title: str
    subtitle: str
    sealed: Sequence[Sealed]
    decisions: Iterable[Decision]  # crossings, what happened in zones, what was sealed
    config: SiteConfig | None  # of the box: what its instruments speak; None: it is not at hand
    report: Report  # what was verified
    notice: tuple[str, str] | None = None  # what must be said first, in Chinese and English
    tiles: Sequence[Tile] = ()
    about: Sequence[tuple[str, str, str]] = ()  # label, value, tone
    words: Sequence[InWords] = ()
    lines: dict[str, ZoneLine] | None = None  # zones' time lines, where they were taken in already
    offsets_us: Sequence[int | None] | None = (
        None  # UTC less the box's clock at each decision; None: as sealed
    )
    overview: bool = True  # all crossings and zones; else the cases alone
    plates: bool = False  # show the plates of other people, who only competed
    everything: bool = False  # however many cases there are
    foot: Sequence[str] = ()


def write_page(
    out: Path,
    *,
    title: str,
    subtitle: str,
    notice: tuple[str, str] | None,
    tiles: Sequence[Tile],
    decisions: Iterable[Decision],
    bundle: Path,
    config: SiteConfig,
    report: Report,
) -> None:
    """Write the page of a bundle to `out`; pictures are linked where they lie in it.

    Args:
        out: HTML file, in a folder above the bundle.
        title: what is shown.
        subtitle: where and when.
        notice: what must be said first, in Chinese and English: that it is simulated, say.
        tiles: numbers for the top.
        decisions: of the daemon or a replay: crossings, what happened in zones, and what was sealed.
        bundle: exported evidence.
        config: of the box: what its instruments speak.
        report: what was verified.
    """
    sealed = read_bundle(bundle, report, out.parent)
    shown = Shown(title, subtitle, sealed, decisions, config, report, notice, tiles)
    out.write_text(render(shown), encoding="utf-8")


def render(shown: Shown) -> str:
    """The page's HTML."""
    config = shown.config
    lines: dict[str, ZoneLine] = {} if shown.lines is None else shown.lines
    used = [d for d in without_changes(shown.decisions, lines) if isinstance(d, USED)]
    offset = _utc_offset_us(used)
    most = len(shown.sealed) if shown.everything else MOST_CASES
    weighed = [one for one in shown.sealed if one.statement["measurement"] is not None]
    worst = set(sorted(range(len(weighed)), key=lambda n: -weighed[n].severity)[:most])
    gravest = [one for number, one in enumerate(weighed) if number in worst]
    cases = bridge_cases(gravest, config, plates=shown.plates)
    crossed = all_crossings(
        used, cases, [offset] * len(used) if shown.offsets_us is None else shown.offsets_us
    )
    rows = chosen_rows(crossed, len(crossed) if shown.everything else MOST_ROWS)
    street = street_cases(shown.sealed, lines, config)
    faults, faults_left_out = fault_rows(used if shown.overview else (), offset, plates=shown.plates)
    template = environment("edge_agent.report", ".").get_template("page.html")
    return template.render(
        title=shown.title,
        subtitle=shown.subtitle,
        notice=shown.notice,
        tiles=shown.tiles,
        about=shown.about,
        words=shown.words,
        overview=shown.overview,
        has_bridge=bool(cases or crossed) or (shown.overview and config is not None and bool(config.lanes)),
        gross=gross_drawing(crossed) if shown.overview else Markup(""),
        gross_thinned=len(crossed) > MOST_DOTS,
        rows=crossing_rows(rows),
        rows_left_out=len(crossed) - len(rows),
        cases=cases,
        cases_left_out=len(weighed) - len(cases),
        has_street=bool(street) or (shown.overview and config is not None and config.street is not None),
        patterns=Markup(PATTERNS),  # noqa: S704 - our own drawing
        zones=_zones(lines, street, offset) if shown.overview else Markup(""),
        street=street[-most:] if most else [],
        street_left_out=max(0, len(street) - most),
        coverage=coverage_rows(shown.sealed, used),
        news=_camera_news(used, offset, plates=shown.plates),
        faults=faults,
        faults_left_out=faults_left_out,
        checked=shown.report.checked[:MOST_CHECKS],
        not_checked=shown.report.not_checked[:MOST_CHECKS],
        problems=shown.report.problems[:MOST_CHECKS],
        checks_left_out=sum(max(0, len(lines) - MOST_CHECKS) for lines in _checks(shown.report)),
        foot=shown.foot,
    )


def _checks(report: Report) -> tuple[Sequence[object], ...]:
    return report.checked, report.not_checked, report.problems


def _zones(lines: Mapping[str, ZoneLine], street: Sequence[Mapping[str, Any]], offset: int | None) -> Markup:
    """All zones over the whole time; nothing where none was watched."""
    if not lines:
        return Markup("")
    start = min(line.start for line in lines.values())
    end = max(*(line.end for line in lines.values()), start + 1)
    links = {case["zone"]: case["id"] for case in reversed(street)}
    drawn = draw_zones(lines, Axis(start, end, offset), links, "各区域时间线 all zones")
    return Markup(drawn)  # noqa: S704 - our own drawing; its texts are escaped there


def _camera_news(used: Iterable[Decision], offset: int | None, *, plates: bool) -> CameraNews:
    news = CameraNews(plates)
    for decision in used:
        news.add(decision, offset)
    return news


def _utc_offset_us(used: Iterable[Decision]) -> int | None:
    """UTC minus the box's clock, as the first sealed record that knew it said."""
    for decision in used:
        if isinstance(decision, Seal | SealStreet | SealCoverage) and decision.clock is not None:
            return decision.clock.utc_minus_mono // US
    return None
