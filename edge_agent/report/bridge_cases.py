"""Vehicles of which a statement was made, for the page: weight, limits, plate, pictures, use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from edge_agent.config.settings import SiteConfig
from edge_agent.core.records import MatchStatus, Outcome
from edge_agent.core.weigh.limits.facts import ASSUMPTIONS
from edge_agent.report.case_match import match_line, matching
from edge_agent.report.case_weight import speed_kmh, tonnes, weighing
from edge_agent.report.crossings import RESULT, STATUS
from edge_agent.report.reasons import reason_in_words
from edge_agent.report.sealed import Sealed, picture
from edge_agent.report.times import stamp

EVALUATOR = {
    "posted": "桥梁限载 posted limit",
    "gvw_art3": "62号令总重 national GVW table",
    "axle_group": "轴组（待核实）axle groups, unverified",
}


def bridge_cases(
    sealed: Iterable[Sealed], config: SiteConfig | None, *, plates: bool = False
) -> list[dict[str, Any]]:
    """One entry a statement of a crossing.

    Args:
        sealed: statements of crossings.
        config: of the box: what its instruments speak; None: it is not at hand.
        plates: show the plates of other people, who only competed.
    """
    return [_case(one, config, plates=plates) for one in sealed]


def _case(sealed: Sealed, config: SiteConfig | None, *, plates: bool) -> dict[str, Any]:
    statement = sealed.statement
    measured, recognised, legal = statement["measurement"], statement["recognition"], statement["legal"]
    plate = recognised["plate"]
    zh, en = STATUS[MatchStatus(recognised["status"])]
    return {
        **sealed.badges(),
        "lane": measured["lane"],
        "crossing": measured["crossing"],
        "first_axle_us": measured["first_axle_monotonic_us"],
        "case": measured["case"],
        "revision": measured["revision"],
        "amends": statement["links"]["amends"],
        "time": stamp(statement["time"]["event_utc_us"]),
        "gross": tonnes(measured["gross_g"]),
        "interval": tonnes(measured["gross_interval95_g"]),
        "speed": speed_kmh(measured),
        "flags": measured["flags"],
        "plate": plate["text"] if plate else "",
        "plate_colour": plate["colour"] if plate else "",
        "status_zh": zh,
        "status_en": en,
        "match_line": match_line(recognised, (zh, en)),
        "match": matching(sealed, plates=plates),
        "use_class": legal["use_class"],
        "wording_zh": legal["wording"]["zh"],
        "wording_en": legal["wording"]["en"],
        "reasons": [reason_in_words(key) for key in legal["reasons"]],
        "assumptions": [_assumed(key) for key in measured["assumptions"]],
        "limits": [_limit(limit) for limit in measured["limits"]],
        "weighing": weighing(sealed, config),
        "calibration": measured["calibration"],
        "temperature": measured["temperature_millicelsius"],
        "pictures": [
            picture(attachment, sealed)
            for attachment in statement["attachments"]
            if attachment["media_type"].startswith("image/")
        ],
    }


def _limit(limit: Mapping[str, Any]) -> dict[str, Any]:
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
        "basis": limit["legal_basis"],
        "deduction_basis": limit["deduction_basis"],
        "version": limit["rule_version"],
        "reference_only": limit["reference_only"],
        "assumptions": [_assumed(key) for key in limit["assumptions"]],
    }


def _assumed(key: str) -> str:
    english, chinese = ASSUMPTIONS.get(key, (key, ""))
    return f"{chinese} {english}".strip()


def _kg(grams: int | None) -> str:
    return "–" if grams is None else f"{grams / 1000:,.1f}"
