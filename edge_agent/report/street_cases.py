"""Street cases for the page: all records of one case together, its pictures in the order of the story."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from edge_agent.config.settings import SiteConfig
from edge_agent.core.street.settings import ZoneSettings
from edge_agent.devices.pictures.words import LABELS, ROLES, both
from edge_agent.report.case_line import draw_moments
from edge_agent.report.line_plot import Axis, Pin, draw_case
from edge_agent.report.names import (
    EVENT,
    FINDING,
    RESULT,
    ROUTE,
    STRENGTH,
    TIER,
)
from edge_agent.report.reasons import reason_in_words
from edge_agent.report.sealed import Sealed
from edge_agent.report.street_shots import ORDER, attachments, clips, shots
from edge_agent.report.times import span, to_the_second
from edge_agent.report.words import FACT
from edge_agent.report.zone_line import ZoneLine

KINDS = ("storefront", "recheck", "inspection")
TIMES = (
    ("首次发现 first seen", "first_seen_utc_us"),
    ("确认 confirmed", "confirmed_utc_us"),
    ("结束 ended", "ended_utc_us"),
)
# Around a case's own time, so that what came before and after is seen.
MARGIN_SHARE = 12
MARGIN_LEAST = 20 * 10**9
MARGIN_OF_A_LOOK = 300 * 10**9


def street_cases(
    sealed: Iterable[Sealed], lines: Mapping[str, ZoneLine], config: SiteConfig | None
) -> list[dict[str, Any]]:
    """One entry a case or inspection, in the order of their first records."""
    groups: dict[str, list[Sealed]] = {}
    for one in sealed:
        if one.statement["kind"] in KINDS:
            groups.setdefault(one.statement["storefront"]["case"], []).append(one)
    return [_case(records, lines, config) for records in groups.values()]


def _case(
    records: Sequence[Sealed], lines: Mapping[str, ZoneLine], config: SiteConfig | None
) -> dict[str, Any]:
    last = records[-1]
    said, legal = last.statement["storefront"], last.statement["legal"]
    told = [record.statement["storefront"] for record in records]
    fullest = max(told, key=lambda s: len(s["items"]))
    shop = config.street.shops.get(said["shop"]) if config and config.street else None
    zone = _zone(said, config)
    return {
        **last.badges(),
        "verified": _all([record.verified for record in records]),
        "receipted": _all([record.receipted for record in records]),
        "id": records[0].packet_id,
        "case": said["case"],
        "event": both(said["event_type"], EVENT),
        "where": (shop.name if shop and shop.name else said["shop"]) or said["zone"],
        "zone": said["zone"],
        "camera": said["camera"],
        "tier": said["tier"],
        "tier_said": both(said["tier"], TIER),
        "phase": both(said["phase"], ROLES),
        "text_zh": said["text"]["zh"],
        "text_en": said["text"]["en"],
        "wording_zh": legal["wording"]["zh"],
        "wording_en": legal["wording"]["en"],
        "use_class": legal["use_class"],
        "reasons": [reason_in_words(key) for key in legal["reasons"]],
        "facts": _facts(told, fullest),
        "records": [_record(record) for record in records],
        "line": _line(records, lines),
        "shots": shots(records, zone),
        "clips": clips(records),
        "goods": [_item(item) for item in fullest["items"]],
        "in_force": [(_fact(fact["name"]), fact["value"]) for fact in said["in_force"]],
        "routes": ", ".join(both(route, ROUTE) for route in said["routes"]),
        "detector": said["detector_sha256"] or "",
    }


def _all(known: Sequence[bool | None]) -> bool | None:
    """Of several: one that is not good is enough; else one of which nothing is known."""
    return False if False in known else None if None in known else True


def _fact(name: str) -> str:
    return f"{FACT[name]} {name}" if name in FACT else name


def _zone(said: Mapping[str, Any], config: SiteConfig | None) -> ZoneSettings | None:
    camera = config.street.cameras.get(said["camera"]) if config and config.street else None
    return camera.zones.get(said["zone"]) if camera else None


def _facts(told: Sequence[Mapping[str, Any]], fullest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The case in numbers: label and value; what was not measured, or did not happen, is not said."""
    counted = [said for said in told if said["phase"] != "recheck"][-1:] or [told[-1]]
    said = counted[0]
    out = [
        (name, to_the_second(known[-1]))
        for name, key in TIMES
        if (known := [s[key] for s in told if s[key] is not None])
    ]
    if said["phase"] != "inspection":
        out.append(
            ("计入停留 / 规则时限 dwell / asked", f"{span(said['dwell_ms'])} / {span(said['stay_ms'])}")
        )
        out.append(("未计入 not counted", span(said["paused_ms"])))
    looks = f"{said['samples_present']} / {said['samples']}"
    out.append(("观察画面：有物品 / 共 looks: present / all", looks))
    out.append(("占用区域 share of the zone", f"{fullest['share_permille'] / 10:.1f} %"))
    if fullest["area_cm2"] is not None:
        out.append(("占地面积 area", f"{fullest['area_cm2'] / 10_000:.2f} m²"))
    if fullest["passable_mm"] is not None:
        out.append(("剩余通行宽度 width left", f"{fullest['passable_mm'] / 1000:.2f} m"))
    if fullest.get("protrusion_mm") is not None:
        out.append(("越线距离 past the line by", f"{fullest['protrusion_mm'] / 1000:.2f} m"))
    return out


def _record(record: Sealed) -> dict[str, Any]:
    said = record.statement["storefront"]
    looked_again = said["phase"] == "recheck"
    return {
        **record.badges(),
        "revision": said["revision"],
        "phase": both(said["phase"], ROLES),
        "finding": RESULT[said["finding"]] if looked_again else both(said["finding"], FINDING),
        "time": to_the_second(record.statement["time"]["event_utc_us"]),
        "order": said["order"],
    }


def _item(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "label": both(item["label"], LABELS),
        "strength": both(item["strength"], STRENGTH),
        "score": f"{item['score_permille'] / 10:.0f} %",
        "samples": item["samples"],
        "stood": span((item["last_seen_monotonic_us"] - item["first_seen_monotonic_us"]) // 1000),
        "share": f"{item['share_permille'] / 10:.0f} %",
    }


# -- the time line --------------------------------------------------------------------------------


def _line(records: Sequence[Sealed], lines: Mapping[str, ZoneLine]) -> Markup:
    """The zone's time from a little before the case to a little after it."""
    first, last = records[0].statement, records[-1].statement
    said = last["storefront"]
    line = lines.get(said["zone"])
    begins = min(
        s["first_seen_monotonic_us"] or s["judged_monotonic_us"]
        for s in (r.statement["storefront"] for r in records)
    )
    ends = max(r.statement["storefront"]["judged_monotonic_us"] for r in records)
    if line is None or line.end < begins * 1000 or line.start > ends * 1000:  # none, or of another time
        return _moments(records)
    margin = max((ends - begins) * 1000 // MARGIN_SHARE, MARGIN_LEAST) if ends > begins else MARGIN_OF_A_LOOK
    start, end = max(begins * 1000 - margin, line.start), ends * 1000 + margin
    end = max(min(end, line.end), ends * 1000, start + 1)
    moment = first["time"]
    known = moment["event_utc_us"] is not None and moment["event_monotonic_us"] is not None
    offset = moment["event_utc_us"] - moment["event_monotonic_us"] if known else None
    drawn = draw_case(
        line, Axis(start, end, offset), said["stay_ms"], _pins(records, start, end), "时间线 time line"
    )
    return Markup(drawn)  # noqa: S704 - our own drawing; its texts are escaped there


def _moments(records: Sequence[Sealed]) -> Markup:
    """Where no journal tells of the looks between, the moments that the records name."""
    drawn = draw_moments(
        [record.parsed() for record in records],
        labels=("状态 state", "记录", "时间线 time line", "北京时间 China time"),
        roles={role: ROLES[role] for role in ORDER[1:]},
        chinese=True,
    )
    note = (
        '<p class="soft">没有时间线数据，只画记录所载的时刻 · no time line in the journal: only the moments '
        "that the records name</p>"
    )
    return Markup(drawn + note)  # noqa: S704 - our own drawing; its texts are escaped there


def _pins(records: Sequence[Sealed], start: int, end: int) -> list[Pin]:
    pins = [
        Pin(attachment["captured_monotonic_us"] * 1000, ROLES[attachment["role"]])
        for attachment, _ in attachments(records)
        if attachment["role"] in ORDER[1:] and attachment["captured_monotonic_us"] is not None
    ]
    pins += [
        Pin(said["judged_monotonic_us"] * 1000, f"记录 {said['revision']}", record=True)
        for said in (record.statement["storefront"] for record in records)
    ]
    return [pin for pin in pins if start <= pin.at <= end]
