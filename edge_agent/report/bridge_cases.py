"""The bridge's part of the page: crossings, and those of which a statement was made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from edge_agent.config.settings import SiteConfig
from edge_agent.core.decisions import CrossingSeen, Decision, Seal
from edge_agent.core.records import Crossing, Match, MatchStatus, Outcome, Verdict
from edge_agent.core.units import TONNE, US, Ns
from edge_agent.report.sealed import Sealed, picture
from edge_agent.report.times import stamp
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

# -- crossings ------------------------------------------------------------------------------------


def crossing_rows(decisions: Iterable[Decision], cases: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """One row a crossing, in order of time; those of which a statement was made lead to it."""
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


def bridge_cases(sealed: Iterable[Sealed], config: SiteConfig, base: Path) -> list[dict[str, Any]]:
    """One entry a statement of a crossing."""
    return [_case(one, config, base) for one in sealed if one.statement["measurement"] is not None]


def _case(sealed: Sealed, config: SiteConfig, base: Path) -> dict[str, Any]:
    statement = sealed.statement
    measured, recognised = statement["measurement"], statement["recognition"]
    plate = recognised["plate"]
    zh, en = STATUS[MatchStatus(recognised["status"])]
    return {
        **sealed.badges(),
        "lane": measured["lane"],
        "crossing": measured["crossing"],
        "time": stamp(statement["time"]["event_utc_us"]),
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
        "trace": _trace(measured, sealed.files, base, config),
        "pictures": [
            picture(attachment, sealed.files)
            for attachment in statement["attachments"]
            if attachment["media_type"].startswith("image/") and attachment["sha256"] in sealed.files
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


def _trace(measured: Mapping[str, Any], files: Mapping[str, str], base: Path, config: SiteConfig) -> Markup:
    raw, lane = measured["raw"], config.lanes.get(measured["lane"])
    name = files.get(raw["sha256"] or "") if raw else None
    if name is None or lane is None:
        return Markup('<p class="soft">没有原始数据 · no raw data</p>')
    first = measured["first_axle_monotonic_us"]
    lines = sensor_lines(base / name, config.ports[lane.port].protocol, lane.scale, Ns(first * US))
    marks = [
        Mark((axle["at_monotonic_us"] - first) / 1e6, f"{axle['load_g'] / TONNE:.2f}")
        for axle in measured["axles"]
    ]
    drawn = draw_trace(
        lines, marks, "称重波形 weigh trace", "秒 s", "吨 t；虚线为各轴及其轴重 axles and their loads"
    )
    return Markup(drawn)  # noqa: S704 - our own drawing; its texts are escaped there
