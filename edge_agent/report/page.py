"""One page of a bundle of evidence: what was seen, what was concluded of it, and what was checked.

The bridge's part and the street's stand on it where the site has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
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
from edge_agent.report.bridge_cases import bridge_cases, crossing_rows
from edge_agent.report.coverage import CameraNews, coverage_rows
from edge_agent.report.line_plot import PATTERNS, Axis, draw_zones
from edge_agent.report.sealed import read_bundle
from edge_agent.report.street_cases import street_cases
from edge_agent.report.zone_line import ZoneLine, without_changes

# What of a journal the page shows; all else is passed over while it is read.

USED = (CrossingSeen, Seal, SealStreet, SealCoverage, Status, Fault)


@dataclass(frozen=True, slots=True)
class Tile:
    """One number at the top of the page."""

    value: str
    zh: str
    en: str
    tone: str = ""


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
    """Write the page to `out`; pictures are linked where they lie in the bundle.

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
    lines: dict[str, ZoneLine] = {}
    used = [d for d in without_changes(decisions, lines) if isinstance(d, USED)]
    cases = bridge_cases(sealed, config, out.parent)
    street = street_cases(sealed, lines, config)
    environment = Environment(
        loader=PackageLoader("edge_agent.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    page = environment.get_template("page.html").render(
        title=title,
        subtitle=subtitle,
        notice=notice,
        tiles=tiles,
        has_bridge=bool(config.lanes),
        rows=crossing_rows(used, cases),
        cases=cases,
        has_street=config.street is not None,
        patterns=Markup(PATTERNS),  # noqa: S704 - our own drawing
        zones=_zones(lines, street, used),
        street=street,
        coverage=coverage_rows(sealed, used),
        news=_camera_news(used),
        checked=report.checked,
        not_checked=report.not_checked,
        problems=report.problems,
    )
    out.write_text(page, encoding="utf-8")


def _zones(
    lines: Mapping[str, ZoneLine], street: Sequence[Mapping[str, Any]], used: Sequence[Decision]
) -> Markup:
    """All zones over the whole time; nothing where none was watched."""
    if not lines:
        return Markup("")
    start = min(line.start for line in lines.values())
    end = max(*(line.end for line in lines.values()), start + 1)
    links = {case["zone"]: case["id"] for case in reversed(street)}
    drawn = draw_zones(lines, Axis(start, end, _utc_offset_us(used)), links, "各区域时间线 all zones")
    return Markup(drawn)  # noqa: S704 - our own drawing; its texts are escaped there


def _camera_news(used: Iterable[Decision]) -> CameraNews:
    news = CameraNews()
    offset = _utc_offset_us(used)
    for decision in used:
        news.add(decision, offset)
    return news


def _utc_offset_us(used: Iterable[Decision]) -> int | None:
    """UTC minus the box's clock, as the first sealed record that knew it said."""
    for decision in used:
        if isinstance(decision, Seal | SealStreet | SealCoverage) and decision.clock is not None:
            return decision.clock.utc_minus_mono // US
    return None
