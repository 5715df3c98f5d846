"""Street cases for the page: all records of one case together, its pictures in the order of the story."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from edge_agent.config.settings import SiteConfig
from edge_agent.core.street.settings import ZoneSettings, permille
from edge_agent.devices.pictures.words import LABELS, ROLES, both
from edge_agent.report.line_plot import Axis, Pin, draw_case
from edge_agent.report.names import (
    EVENT,
    FINDING,
    RESULT,
    ROUTE,
    STRENGTH,
    TIER,
)
from edge_agent.report.sealed import Sealed, picture
from edge_agent.report.times import span, to_the_second
from edge_agent.report.zone_line import ZoneLine

KINDS = ("storefront", "recheck", "inspection")
ORDER = (
    "reference",
    "first_seen",
    "middle",
    "confirmed",
    "reopened",
    "ongoing",
    "cleared",
    "recheck",
    "inspection",
)
COPIES = (("_marked", "标注件 marked"), ("_shared", "商户件（已遮挡） for the owner, masked"))
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
    sealed: Iterable[Sealed], lines: Mapping[str, ZoneLine], config: SiteConfig
) -> list[dict[str, Any]]:
    """One entry a case or inspection, in the order of their first records."""
    groups: dict[str, list[Sealed]] = {}
    for one in sealed:
        if one.statement["kind"] in KINDS:
            groups.setdefault(one.statement["storefront"]["case"], []).append(one)
    return [_case(records, lines, config) for records in groups.values()]


def _case(records: Sequence[Sealed], lines: Mapping[str, ZoneLine], config: SiteConfig) -> dict[str, Any]:
    last = records[-1]
    said, legal = last.statement["storefront"], last.statement["legal"]
    told = [record.statement["storefront"] for record in records]
    fullest = max(told, key=lambda s: len(s["items"]))
    shop = config.street.shops.get(said["shop"]) if config.street else None
    zone = _zone(said, config)
    return {
        **last.badges(),
        "verified": all(record.verified for record in records),
        "receipted": all(record.receipted for record in records),
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
        "reasons": legal["reasons"],
        "facts": _facts(told, fullest),
        "records": [_record(record) for record in records],
        "line": _line(records, lines),
        "shots": _shots(records, zone),
        "clips": _clips(records),
        "goods": [_item(item) for item in fullest["items"]],
        "in_force": [(fact["name"], fact["value"]) for fact in said["in_force"]],
        "routes": ", ".join(both(route, ROUTE) for route in said["routes"]),
        "detector": said["detector_sha256"] or "",
    }


def _zone(said: Mapping[str, Any], config: SiteConfig) -> ZoneSettings | None:
    camera = config.street.cameras.get(said["camera"]) if config.street else None
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


# -- pictures -------------------------------------------------------------------------------------


def _attachments(records: Sequence[Sealed]) -> list[tuple[Mapping[str, Any], Sealed]]:
    """Each file once, with the first record that names it."""
    seen: dict[str, tuple[Mapping[str, Any], Sealed]] = {}
    for record in records:
        for attachment in record.statement["attachments"]:
            seen.setdefault(attachment["sha256"], (attachment, record))
    return list(seen.values())


def _shots(records: Sequence[Sealed], zone: ZoneSettings | None) -> list[dict[str, Any]]:
    """Originals, reference first, then as the case went; each with its copies and what was seen in it."""
    files = _attachments(records)
    boxes = {
        seen["sha256"]: seen["boxes"] for r in records for seen in r.statement["storefront"]["detections"]
    }
    shots = []
    for attachment, record in files:
        if attachment["role"] not in ORDER:
            continue
        copies = [
            {"href": owner.files.get(copy["sha256"], ""), "name": name}
            for suffix, name in COPIES
            for copy, owner in files
            if copy["parent"] == attachment["sha256"] and copy["role"].endswith(suffix)
        ]
        shots.append(
            {
                **picture(attachment, record.files),
                "name": both(attachment["role"], ROLES),
                "at": attachment["captured_monotonic_us"] or 0,
                "copies": [copy for copy in copies if copy["href"]],
                "polygon": _points(permille(zone.polygon)) if zone else "",
                "door_line": _points(permille(zone.door_line)) if zone else "",
                "boxes": [_box(box) for box in boxes.get(attachment["sha256"], ())],
            }
        )
    return sorted(
        shots, key=lambda shot: (shot["role"] != "reference", shot["at"], ORDER.index(shot["role"]))
    )


def _points(corners: Sequence[tuple[int, int]]) -> str:
    return " ".join(f"{x},{y}" for x, y in corners)


def _box(box: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "label": f"{LABELS.get(box['label'], box['label'])} {box['score_permille'] // 10}",
        "evidence": box["role"] == "evidence" and box["in_lane"],
        "left": box["x_min"] / 10,
        "top": box["y_min"] / 10,
        "width": (box["x_max"] - box["x_min"]) / 10,
        "height": (box["y_max"] - box["y_min"]) / 10,
    }


def _clips(records: Sequence[Sealed]) -> list[dict[str, Any]]:
    return [
        picture(attachment, record.files)
        for attachment, record in _attachments(records)
        if attachment["role"] == "clip" and attachment["sha256"] in record.files
    ]


# -- the time line --------------------------------------------------------------------------------


def _line(records: Sequence[Sealed], lines: Mapping[str, ZoneLine]) -> Markup:
    """The zone's time from a little before the case to a little after it."""
    first, last = records[0].statement, records[-1].statement
    said = last["storefront"]
    line = lines.get(said["zone"])
    if line is None:
        return Markup('<p class="soft">没有时间线数据 · no time line in the journal</p>')
    begins = min(
        s["first_seen_monotonic_us"] or s["judged_monotonic_us"]
        for s in (r.statement["storefront"] for r in records)
    )
    ends = max(r.statement["storefront"]["judged_monotonic_us"] for r in records)
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


def _pins(records: Sequence[Sealed], start: int, end: int) -> list[Pin]:
    pins = [
        Pin(attachment["captured_monotonic_us"] * 1000, ROLES[attachment["role"]])
        for attachment, _ in _attachments(records)
        if attachment["role"] in ORDER[1:] and attachment["captured_monotonic_us"] is not None
    ]
    pins += [
        Pin(said["judged_monotonic_us"] * 1000, f"记录 {said['revision']}", record=True)
        for said in (record.statement["storefront"] for record in records)
    ]
    return [pin for pin in pins if start <= pin.at <= end]
