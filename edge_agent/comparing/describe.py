"""One difference in a few words: what it is of, and what was said of it on either side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from edge_agent.comparing import wording
from edge_agent.comparing.compare import Change, Difference, How
from edge_agent.comparing.fields import AnyOutcome, Value, fields_of
from edge_agent.comparing.outcomes import (
    BridgeCrossing,
    FaultCount,
    Look,
    StreetCase,
    WatchedTime,
)
from edge_agent.comparing.sides import Side
from edge_agent.comparing.two import Two
from edge_agent.comparing.wording import Both, outcome
from edge_agent.core.scene import Phase
from edge_agent.core.units import MS, Ns
from edge_agent.report.plates import masked
from edge_agent.report.words import EVALUATOR, EVALUATOR_EN
from edge_agent.web.words import Texts

KIND: Texts = {
    "crossing": ("过车", "crossing"),
    "case": ("街面案件", "street case"),
    "look": ("复查抽查", "re-check"),
    "suspect": ("未识别物体", "suspect"),
    "fault": ("故障", "fault"),
    "watched": ("观察时间", "watched"),
}
HOW: Texts = {
    "added": ("新增", "added"),
    "removed": ("消失", "removed"),
    "changed": ("改变", "changed"),
    "shifted": ("仅数值变动", "shifted"),
    "same": ("相同", "same"),
}
MARK = {How.ADDED: "+", How.REMOVED: "-", How.CHANGED: "~", How.SHIFTED: "."}
LIKELIEST = "case.match.best"  # a plate that was seen then
FIELD: Texts = {
    "axles": ("轴数", "axles"),
    "case": ("案件", "statement"),
    LIKELIEST: ("最可能号牌", "likeliest plate"),
    "case.match.margin": ("匹配领先", "match margin"),
    "case.match.none_posterior": ("无号牌概率", "posterior of no plate"),
    "case.match.plate": ("号牌", "plate"),
    "case.match.posterior": ("匹配概率", "match posterior"),
    "case.match.status": ("号牌匹配", "match"),
    "case.reasons": ("降级原因", "reasons"),
    "case.revision": ("修订", "revision"),
    "case.use_class": ("用途", "use class"),
    "case.vehicle_confirmed": ("车道内有车", "vehicle in the lane"),
    "cleared_at": ("结束记录", "cleared"),
    "confirmed_at": ("确认", "confirmed"),
    "count": ("次数", "count"),
    "dwell": ("停留", "stay"),
    "event_type": ("事件类型", "event type"),
    "finding": ("所见", "finding"),
    "first_axle_at": ("首轴", "first axle"),
    "first_seen_at": ("首次看到", "first seen"),
    "flags": ("称重标记", "flags"),
    "gross": ("总重", "gross"),
    "gross_interval": ("95 % 半宽", "95 % interval"),
    "items": ("物品", "things"),
    "judged_at": ("判定", "looked at"),
    "last_axle_at": ("末轴", "last axle"),
    "ongoing": ("持续记录", "ongoing records"),
    "opened": ("立案", "opened"),
    "case.pictures": ("照片", "pictures"),
    "pictures": ("照片", "pictures"),
    "reasons": ("降级原因", "reasons"),
    "revision": ("修订", "revision"),
    "rule": ("规则", "rule"),
    "shop": ("商户", "shop"),
    "speed": ("车速", "speed"),
    "stay_ms": ("要求停留", "stay wanted"),
    "use_class": ("用途", "use class"),
    "watched_ms": ("有效观察", "watched"),
}
PART: Texts = {
    "outcome": ("结论", "verdict"),
    "deducted": ("扣减后", "after deduction"),
    "limit": ("数值", "itself"),
    "measured": ("实测", "measured"),
    "basis": ("法律依据", "legal basis"),
}
UNIT: Mapping[str, Callable[[int], str]] = {
    "": str,
    "count": str,
    "g": wording.tonnes,
    "ns": wording.seconds,
    "ms": lambda ms: wording.seconds(ms * MS),
    "ppm": wording.percent,
    "mm_s": lambda mm_s: f"{mm_s * 3.6 / 1000:.1f} km/h",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One field on both sides, as people read it."""

    name: Both
    old: Both
    new: Both
    by: str  # how far a number moved; empty where it is none
    concluded: bool


def time_of(difference: Difference, two: Two) -> str:
    """When it was; empty for what is counted over all."""
    side = two.left if difference.how is How.REMOVED else two.right
    return "" if difference.at is None else two.time(side, difference.run, difference.at)


def place_of(difference: Difference) -> Both:
    """Where it was."""
    match difference.kind:
        case "crossing":
            return f"车道 {difference.place}", f"lane {difference.place}"
        case "case" | "look" | "suspect":
            return f"区域 {difference.place}", f"zone {difference.place}"
        case _:
            return difference.place, difference.place


def rows_of(difference: Difference, two: Two) -> list[Row]:
    """Everything that differs, conclusions first; all that is said where only one side has it."""
    changes = sorted(difference.changes or _all(difference), key=lambda change: not change.concluded)
    return [
        Row(
            field_name(change.field),
            _shown(change, change.old, two.left, difference.run, two),
            _shown(change, change.new, two.right, difference.run, two),
            moved(change),
            change.concluded,
        )
        for change in changes
    ]


def what_of(difference: Difference, two: Two) -> Both:
    """What it is: the vehicle and its verdicts, the stay, the look."""
    side = two.left if difference.how is How.REMOVED else two.right
    some = difference.left if difference.how is How.REMOVED else difference.right
    assert some is not None
    zh, en = _what(some, side, two)
    # What came and went of the reasons is said by the difference's own reasons.
    told = replace(
        difference, changes=tuple(c for c in difference.changes if not c.field.endswith("reasons"))
    )
    concluded = [row for row in rows_of(told, two) if row.concluded and told.changes]
    if not concluded:
        return zh, en
    return (
        f"{zh}：" + "，".join(f"{row.name[0]} {row.old[0]} -> {row.new[0]}" for row in concluded),
        f"{en}: " + ", ".join(f"{row.name[1]} {row.old[1]} -> {row.new[1]}" for row in concluded),
    )


def field_name(field: str) -> Both:
    """A field for people."""
    if field.startswith("verdict."):
        _, evaluator, rest = field.split(".", 2)
        subject, _, part = rest.rpartition(".")
        axles = subject.removeprefix("axles ")
        zh = EVALUATOR.get(evaluator, evaluator) + ("" if subject == "gross" else f"第 {axles} 轴")
        one = "axle" if axles.isdigit() else "axles"
        en = EVALUATOR_EN.get(evaluator, evaluator) + ("" if subject == "gross" else f" {one} {axles}")
        return (zh, en) if part == "outcome" else (f"{zh}{PART[part][0]}", f"{en} {PART[part][1]}")
    if field.startswith("blind."):
        reason = field.removeprefix("blind.")
        return f"无法观察 {reason}", f"blind {reason}"
    return FIELD.get(field, (field, field))


def moved(change: Change) -> str:
    """How far a number moved; empty where it is none."""
    if change.by is None or not change.unit:
        return ""
    if change.unit == "g":
        return wording.kilograms(change.by)
    return ("-" if change.by < 0 else "+") + UNIT[change.unit](abs(change.by))


def _all(difference: Difference) -> Iterator[Change]:
    """What only one side has, as changes from or to nothing."""
    old, new = (fields_of(one) if one is not None else {} for one in (difference.left, difference.right))
    for name, field in (old or new).items():
        before, after = (field.value, None) if old else (None, field.value)
        yield Change(name, before, after, field.unit)


def _what(some: AnyOutcome, side: Side, two: Two) -> Both:
    match some:
        case BridgeCrossing():
            weight = wording.tonnes(some.gross)
            plate = f" {some.case.match.plate}" if some.case and some.case.match.plate else ""
            return f"{weight} {some.axles} 轴{plate}", f"{weight}, {some.axles} axles{plate}"
        case StreetCase():
            cleared = "–" if some.cleared_at is None else two.time(side, some.run, some.cleared_at)[6:]
            stay = wording.seconds(some.dwell)
            return (
                f"{outcome(some.opened)[0]}，停留 {stay}，结束 {cleared}",
                f"{some.opened}, stay {stay}, cleared {cleared}",
            )
        case Look():
            zh = "复查" if some.phase is Phase.RECHECK else "抽查"
            return f"{zh}：{outcome(some.finding)[0]}", f"{some.phase}: {some.finding}"
        case FaultCount():
            return f"{some.count} 次", f"{some.count} times"
        case WatchedTime():
            return wording.seconds(some.watched_ms * MS), wording.seconds(some.watched_ms * MS)
        case _:
            return "没有类别", "nothing that a class names"


def _shown(change: Change, value: Value, side: Side, run: int, two: Two) -> Both:
    """A value with its unit."""
    if isinstance(change.old, tuple) and isinstance(change.new, tuple) and isinstance(value, tuple):
        both = {*change.old} & {*change.new}
        value = tuple(word for word in value if word not in both)
    text = _text(change, value, side, run, two)
    return (text, text) if text is not None else outcome(str(value))


def _text(change: Change, value: Value, side: Side, run: int, two: Two) -> str | None:
    if value is None or value in ("", ()):
        return "–"
    if isinstance(value, tuple):
        # It need not be the vehicle's own; where it is, its plate stands beside it.
        return " ".join(map(masked, value) if change.field == LIKELIEST else value)
    if not isinstance(value, int):
        return None
    if change.unit == "ns" and change.field.endswith("at"):
        return two.time(side, run, Ns(value))
    return UNIT[change.unit](value)
