"""One page of a bundle of evidence: what crossed, what was over a limit, and what was checked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from edge_agent.config.settings import SiteConfig
from edge_agent.core.decisions import CrossingSeen, Decision, Seal
from edge_agent.core.records import Crossing, Match, MatchStatus, Outcome, Verdict
from edge_agent.core.units import TONNE, US, Ns
from edge_agent.evidence import dsse
from edge_agent.evidence.bundle import MANIFEST
from edge_agent.evidence.verify import Report
from edge_agent.report.trace_data import sensor_lines
from edge_agent.report.trace_plot import Mark, draw_trace

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
EVALUATOR = {
    "posted": "桥梁限载 posted limit",
    "gvw_art3": "62号令总重 national GVW table",
    "axle_group": "轴组（待核实）axle groups, unverified",
}
CHINA = timezone(timedelta(hours=8))


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
        decisions: of the daemon or a replay: crossings and what was sealed.
        bundle: exported evidence.
        config: of the box: what its instruments speak.
        report: what was verified.
    """
    template = files("edge_agent.report").joinpath("page.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    cases = [case for case in _cases(bundle, config, report, out.parent) if case is not None]
    page = environment.from_string(template).render(
        title=title,
        subtitle=subtitle,
        notice=notice,
        tiles=tiles,
        rows=_rows(decisions, cases),
        cases=cases,
        checked=report.checked,
        not_checked=report.not_checked,
        problems=report.problems,
    )
    out.write_text(page, encoding="utf-8")


# -- crossings ------------------------------------------------------------------------------------


def _rows(decisions: Iterable[Decision], cases: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    crossings: dict[tuple[str, int], tuple[Crossing, tuple[Verdict, ...]]] = {}
    matches: dict[tuple[str, int], Match] = {}
    for decision in decisions:
        if isinstance(decision, CrossingSeen | Seal):
            key = (decision.crossing.lane, decision.crossing.number)
            crossings[key] = (decision.crossing, decision.verdicts)
            if isinstance(decision, Seal):
                matches[key] = decision.match
    links = {(case["lane"], case["crossing"]): case["packet_id"] for case in cases}
    start = min((crossing.first_axle_at for crossing, _ in crossings.values()), default=Ns(0))
    ordered = sorted(crossings.items(), key=lambda item: (item[1][0].first_axle_at, item[0]))
    return [
        _row(crossing, verdicts, matches.get(key), start, links.get(key, ""))
        for key, (crossing, verdicts) in ordered
    ]


def _row(
    crossing: Crossing, verdicts: tuple[Verdict, ...], match: Match | None, start: Ns, link: str
) -> dict[str, str]:
    posted = next((v.outcome for v in verdicts if v.evaluator == "posted"), None)
    tone, result = RESULT[posted] if posted else ("soft", "–")
    plate = ""
    if match is not None:
        plate = match.read.text if match.read else STATUS[match.status][0]
    return {
        "time": f"{(crossing.first_axle_at - start) / 1e9:.1f} s",
        "lane": crossing.lane,
        "axles": str(len(crossing.axles)),
        "gross": _tonnes(crossing.gross),
        "interval": _tonnes(crossing.gross_interval),
        "speed": "–" if crossing.speed is None else f"{crossing.speed * 0.0036:.1f}",
        "result": result,
        "tone": tone,
        "plate": plate,
        "flags": " ".join(crossing.flags),
        "link": link,
    }


def _tonnes(grams: int | None) -> str:
    return "–" if grams is None else f"{grams / TONNE:.2f}"


# -- cases ----------------------------------------------------------------------------------------


def _cases(bundle: Path, config: SiteConfig, report: Report, base: Path) -> list[dict[str, Any] | None]:
    manifest = json.loads((bundle / MANIFEST).read_text(encoding="utf-8"))
    bad = {where for where, _ in report.problems}
    out = []
    for entry in manifest["statements"]:
        _, payload, _ = dsse.decode((bundle / entry["file"]).read_bytes())
        found = {Path(name).stem: bundle / name for name in entry["attachments"]}
        out.append(_case(json.loads(payload), entry, found, config, base, verified=entry["file"] not in bad))
    return out


def _case(
    statement: dict[str, Any],
    entry: Mapping[str, Any],
    found: Mapping[str, Path],
    config: SiteConfig,
    base: Path,
    *,
    verified: bool,
) -> dict[str, Any] | None:
    measured, recognised = statement["measurement"], statement["recognition"]
    if measured is None:
        return None  # genesis, heartbeat, incident: the box about itself
    plate = recognised["plate"]
    zh, en = STATUS[MatchStatus(recognised["status"])]
    return {
        "packet_id": statement["packet_id"],
        "seq": statement["chain"]["seq"],
        "sha256": entry["payload_sha256"],
        "verified": verified,
        "receipted": entry["receipt"] is not None,
        "lane": measured["lane"],
        "crossing": measured["crossing"],
        "time": _time(statement["time"]["event_utc_us"]),
        "gross": _tonnes(measured["gross_g"]),
        "interval": _tonnes(measured["gross_interval95_g"]),
        "speed": "–" if measured["speed_mm_s"] is None else f"{measured['speed_mm_s'] * 0.0036:.1f}",
        "flags": measured["flags"],
        "plate": plate["text"] if plate else "",
        "plate_colour": plate["colour"] if plate else "",
        "status_zh": zh,
        "status_en": en,
        "match_line": _match_line(recognised, zh, en),
        "use_class": statement["legal"]["use_class"],
        "wording_zh": statement["legal"]["wording"]["zh"],
        "wording_en": statement["legal"]["wording"]["en"],
        "reasons": statement["legal"]["reasons"],
        "assumptions": measured["assumptions"],
        "limits": [_limit(limit) for limit in measured["limits"]],
        "trace": _trace(measured, found, config),
        "pictures": [
            _picture(picture, found, base)
            for picture in statement["attachments"]
            if picture["media_type"].startswith("image/") and picture["sha256"] in found
        ],
    }


def _match_line(recognised: Mapping[str, Any], zh: str, en: str) -> str:
    vehicle = {True: "车道内有车 vehicle in lane", False: "车道内未见车 no vehicle seen in lane", None: ""}
    parts = [
        f"{zh} {en}",
        f"后验概率 posterior {recognised['posterior_ppm'] / 10_000:.3f} %",
        f"次优 runner-up {recognised['runner_up_ppm'] / 10_000:.3f} %",
        vehicle[recognised["vehicle_confirmed"]],
    ]
    return " · ".join(part for part in parts if part)


def _limit(limit: Mapping[str, Any]) -> dict[str, str]:
    tone, result = RESULT[Outcome(limit["outcome"])]
    excess = f" +{_kg(limit['excess_g'])} kg" if limit["excess_g"] is not None else ""
    return {
        "name": EVALUATOR.get(limit["evaluator"], limit["evaluator"]),
        "subject": limit["subject"],
        "result": result + excess,
        "measured": _kg(limit["measured_g"]),
        "deduction": _kg(limit["deduction_g"]),
        "deducted": _kg(limit["deducted_g"]),
        "limit": _kg(limit["limit_g"]),
        "tone": tone,
        "zh": limit["text"]["zh"],
        "en": limit["text"]["en"],
    }


def _kg(grams: int | None) -> str:
    return "–" if grams is None else f"{grams / 1000:,.1f}"


def _trace(measured: Mapping[str, Any], found: Mapping[str, Path], config: SiteConfig) -> Markup:
    raw, lane = measured["raw"], config.lanes.get(measured["lane"])
    path = found.get(raw["sha256"] or "") if raw else None
    if path is None or lane is None:
        return Markup('<p class="soft">没有原始数据 · no raw data</p>')
    first = measured["first_axle_monotonic_us"]
    lines = sensor_lines(path, config.ports[lane.port].protocol, lane.scale, Ns(first * US))
    marks = [
        Mark((axle["at_monotonic_us"] - first) / 1e6, f"{axle['load_g'] / TONNE:.2f}")
        for axle in measured["axles"]
    ]
    drawn = draw_trace(
        lines, marks, "称重波形 weigh trace", "秒 s", "吨 t；虚线为各轴及其轴重 axles and their loads"
    )
    return Markup(drawn)  # noqa: S704 - our own drawing; its texts are escaped there


def _picture(picture: Mapping[str, Any], found: Mapping[str, Path], base: Path) -> dict[str, Any]:
    return {
        "href": found[picture["sha256"]].relative_to(base).as_posix(),
        "role": picture["role"],
        "width": picture["width"],
        "height": picture["height"],
        "sha256": picture["sha256"],
        "time": _time(picture["capture_utc_us"]) if picture["capture_utc_us"] else "",
    }


def _time(utc_us: int | None) -> str:
    """China time to the millisecond."""
    if utc_us is None:
        return "时间未知 time unknown"
    moment = datetime.fromtimestamp(utc_us // 1_000_000, UTC).astimezone(CHINA)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{utc_us // 1000 % 1000:03d}"
