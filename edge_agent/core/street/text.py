"""A record in plain words, English and Chinese: what was observed, never what somebody did."""

from __future__ import annotations

from edge_agent.core.scene import Finding, Phase, StreetReport
from edge_agent.core.street.settings import RuleSettings
from edge_agent.core.units import MS, Ns, S

# A statement's text is bounded; all items are in the record.
MAX_LABELS = 8


def texts(report: StreetReport, rule: RuleSettings, shop_name: str) -> tuple[str, str]:
    """The record's two texts.

    Args:
        report: everything but its texts.
        rule: its titles are used.
        shop_name: as configured; the shop's id where it has none.
    """
    where_en = f"zone {report.zone}" + (f", shop {shop_name or report.shop}" if report.shop else "")
    where_zh = f"区域{report.zone}" + (f"，商铺{shop_name or report.shop}" if report.shop else "")
    what_en, what_zh = _what(report, rule)
    items_en, items_zh = _items(report)
    seen_en, seen_zh = f"{items_en}{_narrow_en(report, rule)}", f"{items_zh}{_narrow_zh(report, rule)}"
    return (
        f"{what_en} ({where_en}).{seen_en} Candidate evidence, for a person to review.",
        f"{what_zh}（{where_zh}）。{seen_zh}本记录为候选证据，须经人工复核。",
    )


def _what(report: StreetReport, rule: RuleSettings) -> tuple[str, str]:
    title, zh = rule.title_en, rule.title_zh
    dwell, dwell_zh = span(report.dwell)
    asked, asked_zh = span(Ns(report.stay_ms * MS))
    match report.phase:
        case Phase.CONFIRMED:
            return (
                f"{title}: observed for {dwell} while the rule held; it asks for {asked}",
                f"疑似{zh}：规则有效期间累计观测{dwell_zh}，规则时限{asked_zh}",
            )
        case Phase.REOPENED:
            return (
                f"{title}: there again after it was cleared, observed for {dwell}; the rule asks for {asked}",
                f"疑似{zh}：清除后再次出现，累计观测{dwell_zh}，规则时限{asked_zh}",
            )
        case Phase.ONGOING:
            return (f"{title}: still there, observed for {dwell}", f"疑似{zh}：仍在持续，累计观测{dwell_zh}")
        case Phase.CLEARED:
            return (
                f"{title}: observed to be gone; had been observed for {dwell}",
                f"疑似{zh}：已观测到清除，此前累计观测{dwell_zh}",
            )
        case Phase.RECHECK:
            said, said_zh = RECHECKED[report.finding]
            return f"Re-check of {title}: {said}", f"复查（疑似{zh}）：{said_zh}"
        case Phase.INSPECTION:
            said, said_zh = INSPECTED[report.finding]
            return f"Inspection as ordered, {title}: {said}", f"按指令检查（{zh}）：{said_zh}"


RECHECKED: dict[Finding, tuple[str, str]] = {
    Finding.PRESENT: ("not corrected, what the rule names is there", "未整改，有规则所列物品"),
    Finding.ABSENT: ("corrected, nothing that the rule counts is there", "已整改，未见规则计入的物品"),
    Finding.SUSPECT: ("could not be determined, something unrecognised is there", "无法判定，有未识别物体"),
    Finding.UNSEEN: ("could not be determined", "无法判定"),
}
INSPECTED: dict[Finding, tuple[str, str]] = {
    Finding.PRESENT: ("what the rule names is there", "有规则所列物品"),
    Finding.ABSENT: ("nothing that the rule counts is there", "未见规则计入的物品"),
    Finding.SUSPECT: ("something unrecognised is there", "有未识别物体"),
    Finding.UNSEEN: ("the zone could not be judged", "区域无法判定"),
}


def _items(report: StreetReport) -> tuple[str, str]:
    labels = sorted({item.label for item in report.items})
    if not labels:
        return "", ""
    more = len(labels) > MAX_LABELS
    labels = labels[:MAX_LABELS]
    return (
        f" Seen: {', '.join(labels)}{' and more' if more else ''}.",
        f"所见：{'、'.join(labels)}{'等' if more else ''}。",
    )


def _is_narrow(report: StreetReport, rule: RuleSettings) -> bool:
    here = report.finding is Finding.PRESENT and report.passable_mm is not None
    return here and (report.passable_mm or 0) < rule.passable_min_mm


def _narrow_en(report: StreetReport, rule: RuleSettings) -> str:
    return f" Only {report.passable_mm} mm are left to pass." if _is_narrow(report, rule) else ""


def _narrow_zh(report: StreetReport, rule: RuleSettings) -> str:
    return f"剩余通行宽度{report.passable_mm}毫米。" if _is_narrow(report, rule) else ""


def span(time: Ns) -> tuple[str, str]:
    """A time in words, whole seconds.

    >>> span(Ns(302 * S))
    ('5 min 2 s', '5分2秒')
    """
    minutes, seconds = divmod(time // S, 60)
    if not minutes:
        return f"{seconds} s", f"{seconds}秒"
    return f"{minutes} min {seconds} s", f"{minutes}分{seconds}秒"
