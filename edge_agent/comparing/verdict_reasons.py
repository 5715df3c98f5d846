"""Why a limit says something else of a vehicle: weight, deduction, limit, flags, and by how much."""

from __future__ import annotations

from edge_agent.comparing import wording
from edge_agent.comparing.compare import Reason
from edge_agent.comparing.outcomes import BridgeCrossing
from edge_agent.comparing.two import Two
from edge_agent.comparing.wording import Both, joined, outcome, reason, said
from edge_agent.config.settings import SiteConfig
from edge_agent.core.records import Outcome, Verdict
from edge_agent.core.units import Grams
from edge_agent.core.weigh.limits.deduction import deduct
from edge_agent.core.weigh.limits.settings import DeductionSettings
from edge_agent.report.words import EVALUATOR, EVALUATOR_EN

WEIGHT, DEDUCTION, LIMIT = ("重量", "weight"), ("扣减", "deduction"), ("限值", "limit")


def verdict_reason(key: str, left: BridgeCrossing, right: BridgeCrossing, two: Two) -> Reason:
    """The reason of one verdict that differs.

    Args:
        key: `<evaluator>.<subject>`.
        left: the vehicle as the left side judged it.
        right: as the right side did.
        two: both sides.
    """
    evaluator, _, subject = key.partition(".")
    name = limit_name(evaluator, subject)
    old, new = _of(left, evaluator, subject), _of(right, evaluator, subject)
    where = f"lanes.{left.lane}.limits.{evaluator}"
    if old is None or new is None:
        judged = all(any(v.evaluator == evaluator for v in seen.verdicts) for seen in (left, right))
        return reason(said("no_subject" if judged else "no_evaluator", limit=name), settings=two.under(where))
    deductions = (
        deduction_of(two.left.config, left.lane, evaluator),
        deduction_of(two.right.config, left.lane, evaluator),
    )
    parts = list(_numbers(old, new, deductions))
    if left.flags != right.flags:
        parts.append(said("judged_flags", old=flags(left), new=flags(right)))
    parts += _after(old, new)
    parts += _enough(old, new, deductions)
    words = said(
        "verdict",
        limit=name,
        old=outcome(old.outcome),
        new=outcome(new.outcome),
        parts=joined(parts or [(new.text_zh, new.text_en)]),
    )
    by = None if new.deducted is None or new.limit is None else new.deducted - new.limit
    return reason(words, settings=two.under(where), by=by, unit="" if by is None else "g")


def deduction_of(config: SiteConfig | None, lane: str, evaluator: str) -> DeductionSettings | None:
    """What that side takes off; None where nobody can say."""
    chosen = config.lanes.get(lane) if config is not None else None
    judging = getattr(chosen.limits, evaluator, None) if chosen is not None else None
    return judging.deduction if judging is not None else None


def deduction_name(chosen: DeductionSettings) -> str:
    """A deduction as people say it.

    >>> deduction_name(DeductionSettings(mode="percent", value=5, legal_ref="x"))
    '5 %'
    """
    value = f"{chosen.value.normalize():f}"
    return {"percent": f"{value} %", "mpe_class": f"class {value}", "kg": f"{value} kg"}.get(
        chosen.mode, "none"
    )


def limit_name(evaluator: str, subject: str) -> Both:
    """A limit as people say it, with what it judges where that is not the whole vehicle."""
    what = "" if subject == "gross" else f" {subject}"
    return EVALUATOR.get(evaluator, evaluator) + what, EVALUATOR_EN.get(evaluator, evaluator) + what


def flags(seen: BridgeCrossing) -> str:
    """The flags of a weighing."""
    return " ".join(seen.flags) or "–"


def _of(seen: BridgeCrossing, evaluator: str, subject: str) -> Verdict | None:
    return next((v for v in seen.verdicts if (v.evaluator, v.subject) == (evaluator, subject)), None)


def _numbers(
    old: Verdict, new: Verdict, deductions: tuple[DeductionSettings | None, DeductionSettings | None]
) -> list[Both]:
    """What differs of weight, deduction and limit."""
    parts = []
    if old.raw is not None and new.raw is not None and old.raw != new.raw:
        by = wording.kilograms(new.raw - old.raw)
        parts.append(said("measured", old=wording.tonnes(old.raw), new=wording.tonnes(new.raw), by=by))
    before, after = deductions
    if before is not None and after is not None and before != after:
        parts.append(said("deduction", old=deduction_name(before), new=deduction_name(after)))
    if old.limit is not None and new.limit is not None and old.limit != new.limit:
        parts.append(said("limit", old=wording.tonnes(old.limit), new=wording.tonnes(new.limit)))
    return parts


def _after(old: Verdict, new: Verdict) -> list[Both]:
    """What was left after the deduction, beside the limit."""
    if old.deducted is None or new.deducted is None or old.limit is None or new.limit is None:
        return []
    before, after = wording.beyond(old.deducted - old.limit), wording.beyond(new.deducted - new.limit)
    limit = wording.tonnes(new.limit)
    if old.limit != new.limit:
        limit = f"{wording.tonnes(old.limit)} -> {limit}"
    left = wording.tonnes(new.deducted)
    if old.deducted != new.deducted:
        left = f"{wording.tonnes(old.deducted)} -> {left}"
    return [
        said(
            "after",
            left=left,
            limit=limit,
            margins=(f"{before[0]} -> {after[0]}", f"{before[1]} -> {after[1]}"),
        )
    ]


def _enough(
    old: Verdict, new: Verdict, deductions: tuple[DeductionSettings | None, DeductionSettings | None]
) -> list[Both]:
    """Where several things differ: which of them would have done it alone, worked out anew."""
    before, after = deductions
    if before is None or after is None or Outcome.OVER not in (old.outcome, new.outcome):
        return []
    tries = [
        (WEIGHT, old.raw != new.raw, _over(new.raw, before, old.limit)),
        (DEDUCTION, before != after, _over(old.raw, after, old.limit)),
        (LIMIT, old.limit != new.limit, _over(old.raw, before, new.limit)),
    ]
    differing = [(what, over) for what, differs, over in tries if differs]
    if len(differing) < 2:
        return []
    alone = [what for what, over in differing if over is (new.outcome is Outcome.OVER)]
    return [said("alone", what=what) for what in alone] or [said("together")]


def _over(raw: Grams | None, deduction: DeductionSettings, limit: Grams | None) -> bool | None:
    """Whether that weight is over that limit with that deduction; None where there is no number."""
    return None if raw is None or limit is None else deduct(raw, deduction)[1] > limit
