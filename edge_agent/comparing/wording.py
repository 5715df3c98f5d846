"""Numbers, times and reasons in words, Chinese and English beside each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from edge_agent.comparing.compare import Reason
from edge_agent.core.units import MS, Ns, S
from edge_agent.local_time import local_time
from edge_agent.web.words import Texts

Both = tuple[str, str]  # Chinese, English: the order of `Texts`


REASONS: Texts = {
    # a verdict
    "verdict": ("{limit}：{old} -> {new}。{parts}", "{limit}: {old} -> {new}. {parts}"),
    "no_evaluator": ("{limit}：只有一方配置了此限值", "{limit}: configured on one side only"),
    "no_subject": (
        "{limit}：轴组划分不同，只有一方判定",
        "{limit}: judged on one side only, the axles differ",
    ),
    "measured": ("实测 {old} -> {new}（{by}）", "measured {old} -> {new} ({by})"),
    "deduction": ("扣减 {old} -> {new}", "deduction {old} -> {new}"),
    "limit": ("限值 {old} -> {new}", "limit {old} -> {new}"),
    "after": (
        "扣减后 {left}，限值 {limit}（{margins}）",
        "after deduction {left} against {limit} ({margins})",
    ),
    "judged_flags": ("称重标记 {old} -> {new}", "flags {old} -> {new}"),
    "alone": ("仅{what}即足以改变结论", "the {what} alone does it"),
    "together": ("几项共同所致", "no one of them alone does it"),
    "weight_unknown": (
        "实测重量为何不同未知：{listed}",
        "why the measured weight differs is not known: {listed}",
    ),
    "limit_shift": ("{limit}：扣减 {old} -> {new}，扣减后 {by}", "{limit}: deduction {old} -> {new}: {by}"),
    # a bridge case
    "case_opened": ("超限，因此立案", "over, so a case was opened"),
    "case_gone": ("不再超限，因此未立案", "no longer over, so there is no case"),
    "basis_verified": (
        "现按文本已核对的规则超限，因此立案",
        "over now by a rule whose text has been read, so a case was opened",
    ),
    "basis_unverified": (
        "仍超限，但所依据的文本未核对，因此不立案",
        "still over, but by a rule whose text nobody has read: it opens no case",
    ),
    "case_unknown": (
        "双方均判超限，但只有一方成案，原因未知：{listed}",
        "over on both sides, sealed on one; why is not known: {listed}",
    ),
    "match": (
        "号牌匹配：{old} -> {new}。{parts}",
        "match: {old} -> {new}. {parts}",
    ),
    "posterior": (
        "后验概率 {old}（要求 {asked_old}）-> {new}（要求 {asked_new}）",
        "posterior {old} (wanted {asked_old}) -> {new} (wanted {asked_new})",
    ),
    "margin": (
        "领先 {old}（要求 {asked_old}）-> {new}（要求 {asked_new}）",
        "margin {old} (wanted {asked_old}) -> {new} (wanted {asked_new})",
    ),
    "match_unknown": (
        "号牌匹配：{old} -> {new}。{parts}；原因未知：{listed}",
        "match: {old} -> {new}. {parts}; why is not known: {listed}",
    ),
    "use": ("用途：{old} -> {new}。{parts}", "use class: {old} -> {new}. {parts}"),
    "use_same": ("用途仍为{old}。{parts}", "use class still {old}. {parts}"),
    "came": ("新增原因 {what}", "came: {what}"),
    "went": ("消除原因 {what}", "went: {what}"),
    "another_part": (
        "另一方只是录制的一部分（{part}），可能不在其中",
        "the other side is a part of its recording alone ({part}), and this may lie outside",
    ),
    # a crossing
    "no_lane": ("只有一方配置了车道 {place}", "lane {place} is configured on one side only"),
    "crossing_merged": (
        "另一方在此时间把它算作 {time} 的一辆车（{axles} 轴）",
        "the other side took it for a part of the vehicle at {time} ({axles} axles)",
    ),
    "crossing_unknown": (
        "另一方此时没有车辆，原因未知：{listed}",
        "the other side has no vehicle then; why is not known: {listed}",
    ),
    "flags_unknown": (
        "称重标记 {old} -> {new}，原因未知：{listed}",
        "flags {old} -> {new}; why is not known: {listed}",
    ),
    # a street case
    "no_zone": ("只有一方配置了区域 {place}", "zone {place} is configured on one side only"),
    "ground": (
        "区域已改：同一 {label} 落地部分在区域内 {old} -> {new}（需 {wanted}，或落地点在内）",
        "zone moved: the same {label}'s footprint overlaps {old} -> {new} ({wanted} or its foot wanted)",
    ),
    "labels": (
        "{label}：规则列为证据的类别已改",
        "{label}: no evidence by the other side's rule",
    ),
    "score": (
        "{label}：最高得分 {score}，要求 {old} -> {new}",
        "{label}: best score {score}, {old} -> {new} wanted",
    ),
    "stay": (
        "停留 {stay}，规则要求 {old} -> {new}（{margin}）",
        "stay {stay}, wanted {old} -> {new} ({margin})",
    ),
    "stay_unknown": (
        "一方停留 {here}，另一方只计 {there}（要求 {wanted}）{details}，原因未知：{listed}",
        "one side counted {here}, the other {there} of {wanted}{details}; why is not known: {listed}",
    ),
    "case_merged": (
        "另一方把它算作 {time} 确认的案件的一部分",
        "the other side has it as part of the case confirmed at {time}",
    ),
    "nothing_counted": (
        "另一方在此时间没有计入任何物品，原因未知：{listed}",
        "the other side counted nothing there then; why is not known: {listed}",
    ),
    "reopened": (
        "{time} 的前一次停留只有一方成案，因此这次是重开",
        "the stay before it, confirmed at {time}, is a case on one side only: there this one reopens it",
    ),
    "reopened_unknown": (
        "只有一方是重开，此前的停留不在其中，原因未知：{listed}",
        "one side reopens a case whose stay before is not in it; why is not known: {listed}",
    ),
    "end_unknown": (
        "只有一方记录了结束，原因未知：{listed}",
        "its end was recorded on one side only; why is not known: {listed}",
    ),
    # looks and the rest
    "follows": ("随 {time} 确认的案件", "follows the case confirmed at {time}"),
    "looks_after": ("案件后复查 {old} -> {new}", "looks again after a case: {old} -> {new}"),
    "looked": ("复查时间 {old} -> {new}（{by}）", "looked at {old} -> {new} ({by})"),
    "look_unknown": ("原因未知：{listed}", "why is not known: {listed}"),
    "listed": ("有关的不同设置：{keys}", "settings that differ and may matter: {keys}"),
    "nothing_listed": ("没有有关的不同设置", "no setting of it differs"),
}

OUTCOME: Texts = {
    "over": ("超限", "over"),
    "within": ("未超", "within"),
    "not_covered": ("不适用", "not covered"),
    "not_assessed": ("未判定", "not assessed"),
    "enforcement": ("执法候选", "enforcement"),
    "reference": ("仅供参考", "reference"),
    "test": ("测试", "test"),
    "matched": ("已匹配", "matched"),
    "ambiguous": ("多个候选", "ambiguous"),
    "unmatched": ("未匹配", "unmatched"),
    "sealed": ("已成案", "sealed"),
    "confirmed": ("确认", "confirmed"),
    "reopened": ("重开", "reopened"),
    "ongoing": ("持续", "ongoing"),
    "cleared": ("结束", "cleared"),
    "present": ("有物品", "present"),
    "absent": ("未见物品", "absent"),
    "suspect": ("未识别物体", "suspect"),
    "unseen": ("未能观察", "unseen"),
    "yes": ("是", "yes"),
    "no": ("否", "no"),
    "unchecked": ("未查", "unchecked"),
}


def said(key: str, **values: str | int | Both) -> Both:
    """One text of the table in both languages; a value may be one in each."""
    zh, en = REASONS[key]
    chinese = {name: value[0] if isinstance(value, tuple) else value for name, value in values.items()}
    english = {name: value[1] if isinstance(value, tuple) else value for name, value in values.items()}
    return zh.format(**chinese), en.format(**english)


def reason(
    words: Both,
    *,
    known: bool = True,
    settings: Iterable[str] = (),
    by: int | None = None,
    unit: str = "",
) -> Reason:
    """A reason out of its words."""
    return Reason(known, words[1], words[0], tuple(settings), by, unit)


def joined(parts: Sequence[Both]) -> Both:
    """Several texts as one."""
    return "；".join(zh for zh, _ in parts), "; ".join(en for _, en in parts)


def outcome(word: str) -> Both:
    """A conclusion by name."""
    return OUTCOME.get(word, (word, word.replace("_", " ")))


def listed(keys: Sequence[str]) -> Both:
    """Settings that differ and may have to do with it."""
    if not keys:
        return REASONS["nothing_listed"]
    more = f" … (+{len(keys) - 4})" if len(keys) > 4 else ""
    return said("listed", keys=", ".join(keys[:4]) + more)


def tonnes(grams: int | None) -> str:
    """Grams as tonnes to the kilogram.

    >>> tonnes(21_040_400), tonnes(None)
    ('21.040 t', '–')
    """
    return "–" if grams is None else f"{grams / 1_000_000:.3f} t"


def kilograms(grams: int) -> str:
    """A difference in grams.

    >>> kilograms(412_000), kilograms(-300)
    ('+412 kg', '-0.3 kg')
    """
    kg = grams / 1000
    return f"{kg:+.0f} kg" if abs(kg) >= 10 else f"{kg:+.1f} kg"


def beyond(grams: int) -> Both:
    """How far a weight is past its limit.

    >>> beyond(412_000)[1], beyond(-10_000)[1]
    ('412 kg over', '10 kg under')
    """
    amount = kilograms(abs(grams)).removeprefix("+")
    return (f"超 {amount}", f"{amount} over") if grams > 0 else (f"低 {amount}", f"{amount} under")


def seconds(ns: int) -> str:
    """A length of time.

    >>> seconds(262 * S), seconds(2_500 * MS), seconds(3 * MS)
    ('262 s', '2.5 s', '3 ms')
    """
    if abs(ns) < S:
        return f"{ns / MS:.0f} ms"
    return f"{ns // S} s" if ns % S == 0 else f"{ns / S:.1f} s"


def percent(share: int, whole: int = 1_000_000) -> str:
    """A share of a whole, no zeros at its end.

    >>> percent(999_300), percent(620, 1000)
    ('99.93 %', '62 %')
    """
    text = f"{100 * share / whole:.4f}".rstrip("0").rstrip(".")
    return f"{text} %"


def sooner(ns: int) -> Both:
    """A shift in time.

    >>> sooner(-60 * S)[1]
    '60 s earlier'
    """
    long = seconds(abs(ns))
    return (f"提前 {long}", f"{long} earlier") if ns < 0 else (f"推后 {long}", f"{long} later")


def clock_time(utc: Ns | None, at: Ns, utc_offset_minutes: int = 480) -> str:
    """The local time of day; the box's own seconds where nobody knew UTC."""
    if utc is None:
        return f"+{at / S:.1f} s"
    return f"{local_time(utc, utc_offset_minutes):%m-%d %H:%M:%S}"
