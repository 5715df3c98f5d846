"""From a raw weight and a limit to a verdict with its words.

The words matter: a crossing is *suspected* over a limit (疑似超限) and the record is *candidate
evidence* (候选证据). Whether a rule was broken is for the authority to say after its review.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edge_agent.core.records import Crossing, Flag, Outcome, Verdict
from edge_agent.core.units import Grams
from edge_agent.core.weigh.limits.deduction import deduct
from edge_agent.core.weigh.limits.facts import ASSUMPTIONS
from edge_agent.core.weigh.limits.settings import DeductionSettings

# Why an evaluator gives no answer -> (English, 简体中文).
REASONS: Final[dict[str, tuple[str, str]]] = {
    "no_weight": ("no complete weight was measured", "未取得完整重量"),
    "flagged": ("the weighing was flagged, so it is not counted as within", "称重数据存疑，不作为未超限认定"),
    "axles_unsure": ("the number of axles is not certain", "轴数不确定"),
    "too_few_axles": ("fewer than two axles were seen", "检测到的轴数少于两轴"),
    "spacing_unknown": ("the axle spacings are unknown", "轴距未知"),
    "licence_mass": ("the limit is the mass on the licence, not seen here", "以行驶证核定质量为准，无法核查"),
    "not_goods": ("the rule is for goods vehicles", "本规则适用于货车"),
    "no_row": ("the table has no row for this vehicle", "限值表中无此车型"),
    "exempt": ("stated to be exempt under GB 1589", "经认定属于GB 1589豁免情形"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One evaluator's identity, the same for all of its verdicts."""

    evaluator: str
    legal_basis: str
    version: str
    name_en: str  # "the posted limit"
    name_zh: str
    deduction: DeductionSettings
    reference_only: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """What is judged: the whole vehicle or some of its axles."""

    key: str  # Verdict.subject
    name_en: str
    name_zh: str
    raw: Grams | None
    interval: Grams | None  # stated, never used to turn `within` into `over`


def gross_of(crossing: Crossing) -> Subject:
    """The whole vehicle."""
    return Subject("gross", "gross weight", "车货总质量", crossing.gross, crossing.gross_interval)


def compare(
    rule: Rule,
    subject: Subject,
    limit: Grams,
    flags: tuple[Flag, ...],
    assumptions: tuple[str, ...],
) -> Verdict:
    """Deduct, compare strictly, and say it. A flagged weight may be `over` but never `within`."""
    if subject.raw is None:
        return no_answer(rule, subject, Outcome.NOT_ASSESSED, "no_weight", flags, assumptions)
    deduction, deducted = deduct(subject.raw, rule.deduction)
    if deducted > limit:
        outcome, reason = Outcome.OVER, ""
    elif flags:
        outcome, reason = Outcome.NOT_ASSESSED, "flagged"
    else:
        outcome, reason = Outcome.WITHIN, ""
    excess = Grams(deducted - limit) if outcome is Outcome.OVER else None
    numbers = (f"{kg(subject.raw)} kg", f"{kg(deducted)} kg", f"{kg(limit)} kg")
    return _verdict(
        rule,
        subject,
        outcome,
        assumptions,
        text_en=_weighed_en(rule, subject, numbers, excess, reason) + _tail_en(subject, flags, assumptions),
        text_zh=_weighed_zh(rule, subject, numbers, excess, reason) + _tail_zh(subject, flags, assumptions),
        deduction=deduction,
        deducted=deducted,
        limit=limit,
        excess=excess,
    )


def no_answer(
    rule: Rule,
    subject: Subject,
    outcome: Outcome,
    reason: str,
    flags: tuple[Flag, ...],
    assumptions: tuple[str, ...],
) -> Verdict:
    """`not_covered` or `not_assessed`, with the reason; the raw weight is kept where there is one."""
    why_en, why_zh = REASONS[reason]
    head_en = "Not covered" if outcome is Outcome.NOT_COVERED else "Not assessed"
    head_zh = "不适用" if outcome is Outcome.NOT_COVERED else "未评定"
    return _verdict(
        rule,
        subject,
        outcome,
        assumptions,
        text_en=f"{head_en} by {rule.name_en}, {subject.name_en}: {why_en}."
        + _tail_en(subject, flags, assumptions),
        text_zh=f"{rule.name_zh}（{subject.name_zh}）{head_zh}：{why_zh}。"
        + _tail_zh(subject, flags, assumptions),
    )


def _verdict(
    rule: Rule,
    subject: Subject,
    outcome: Outcome,
    assumptions: tuple[str, ...],
    *,
    text_en: str,
    text_zh: str,
    deduction: Grams | None = None,
    deducted: Grams | None = None,
    limit: Grams | None = None,
    excess: Grams | None = None,
) -> Verdict:
    return Verdict(
        evaluator=rule.evaluator,
        subject=subject.key,
        outcome=outcome,
        raw=subject.raw,
        deduction=deduction,
        deducted=deducted,
        limit=limit,
        excess=excess,
        legal_basis=rule.legal_basis,
        rule_version=rule.version,
        assumptions=assumptions,
        text_en=text_en,
        text_zh=text_zh,
        deduction_ref=rule.deduction.legal_ref,
        reference_only=rule.reference_only,
    )


def kg(grams: int) -> str:
    """Grams as kilograms with three decimals, exactly.

    >>> kg(19_999_400), kg(-5)
    ('19999.400', '-0.005')
    """
    sign = "-" if grams < 0 else ""
    return f"{sign}{abs(grams) // 1000}.{abs(grams) % 1000:03d}"


def _weighed_en(
    rule: Rule, subject: Subject, numbers: tuple[str, str, str], excess: Grams | None, reason: str
) -> str:
    raw, deducted, limit = numbers
    measured = f"{subject.name_en} measured {raw}, deducted {deducted}"
    if excess is not None:
        return (
            f"Suspected over-limit, candidate evidence awaiting review: {measured}, "
            f"exceeds {rule.name_en} of {limit} by {kg(excess)} kg."
        )
    if reason:
        return f"Not assessed by {rule.name_en} of {limit}: {measured}; {REASONS[reason][0]}."
    return f"Within {rule.name_en} of {limit}: {measured}."


def _weighed_zh(
    rule: Rule, subject: Subject, numbers: tuple[str, str, str], excess: Grams | None, reason: str
) -> str:
    raw, deducted, limit = numbers
    measured = f"{subject.name_zh}测量值 {raw}，扣减后 {deducted}"
    if excess is not None:
        return f"疑似超限，候选证据（待审核）：{measured}，超过{rule.name_zh} {limit}，超出 {kg(excess)} kg。"
    if reason:
        return f"{rule.name_zh} {limit} 未评定：{measured}；{REASONS[reason][1]}。"
    return f"未超过{rule.name_zh} {limit}：{measured}。"


def _tail_en(subject: Subject, flags: tuple[Flag, ...], assumptions: tuple[str, ...]) -> str:
    parts = []
    if subject.interval is not None:
        parts.append(f" Stated 95 % interval ±{kg(subject.interval)} kg, not used to decide.")
    if flags:
        parts.append(f" Flags of the weighing: {', '.join(flags)}.")
    words = [ASSUMPTIONS[key][0] if key in ASSUMPTIONS else key for key in assumptions]
    parts.append(f" Under the assumption: {'; '.join(words)}.")
    return "".join(parts)


def _tail_zh(subject: Subject, flags: tuple[Flag, ...], assumptions: tuple[str, ...]) -> str:
    parts = []
    if subject.interval is not None:
        parts.append(f"95%置信区间 ±{kg(subject.interval)} kg，不用于判定。")
    if flags:
        parts.append(f"称重标记：{'、'.join(flags)}。")
    words = [ASSUMPTIONS[key][1] if key in ASSUMPTIONS else key for key in assumptions]
    parts.append(f"前提：{'；'.join(words)}。")
    return "".join(parts)
