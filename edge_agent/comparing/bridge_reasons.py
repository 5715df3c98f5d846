"""Why a vehicle came out differently: its verdicts, its case, its match, what it may be used for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from edge_agent.comparing import wording
from edge_agent.comparing.compare import Change, Difference, How, Reason
from edge_agent.comparing.outcomes import BridgeCase, BridgeCrossing
from edge_agent.comparing.pairing import crossing_span
from edge_agent.comparing.two import Two
from edge_agent.comparing.use_reasons import use_reason
from edge_agent.comparing.verdict_reasons import (
    deduction_name,
    deduction_of,
    flags,
    limit_name,
    verdict_reason,
)
from edge_agent.comparing.wording import Both, joined, listed, outcome, reason, said
from edge_agent.config.settings import SiteConfig
from edge_agent.core.match.settings import MatchSettings
from edge_agent.core.records import MatchStatus, Outcome

VERDICT, OUTCOME, DEDUCTED = "verdict.", ".outcome", ".deducted"
USED = ("case.use_class", "case.reasons")
WEIGHED = ("gross", "flags", "axles", "speed")


def crossing_reasons(difference: Difference, two: Two) -> Iterator[Reason]:
    """Every reason for one vehicle's difference."""
    left, right = difference.left, difference.right
    if not isinstance(left, BridgeCrossing) or not isinstance(right, BridgeCrossing):
        yield _alone(difference, two)
        return
    changed = {change.field: change for change in difference.changes}
    if difference.how is How.SHIFTED:
        yield from _shifted(changed, left, two)
        return
    for name in changed:
        if name.startswith(VERDICT) and name.endswith(OUTCOME):
            key = name.removeprefix(VERDICT).removesuffix(OUTCOME)
            yield verdict_reason(key, left, right, two)
    if any(name in changed for name in WEIGHED):
        yield _weight(left, right, two)
    if "case" in changed:
        yield _case(left, right, two)
    if left.case is not None and right.case is not None:
        if "case.match.status" in changed or "case.match.plate" in changed:
            yield _match(left.lane, left.case, right.case, two)
        if any(name in changed and changed[name].concluded for name in USED):
            yield use_reason(left.case, right.case, two.under("site.legal", f"lanes.{left.lane}.certificate"))


def _alone(difference: Difference, two: Two) -> Reason:
    """Only one side has the vehicle."""
    seen = difference.right if difference.how is How.ADDED else difference.left
    side = two.left if difference.how is How.ADDED else two.right  # the one that does not have it
    assert isinstance(seen, BridgeCrossing)
    configs = [one.config for one in (two.left, two.right) if one.config is not None]
    if any(seen.lane not in config.lanes for config in configs):
        return reason(said("no_lane", place=seen.lane), settings=two.under(f"lanes.{seen.lane}"))
    around = next(two.found(side).crossings.meeting(crossing_span(seen)), None)
    keys = _scale(seen.lane, two)
    if around is not None:
        time = two.time(side, around.run, around.first_axle_at)
        return reason(said("crossing_merged", time=time, axles=around.axles), settings=keys)
    return reason(said("crossing_unknown", listed=listed(keys)), known=False, settings=keys)


def _scale(lane: str, two: Two) -> tuple[str, ...]:
    return two.under(f"lanes.{lane}.scale", f"lanes.{lane}.port", "ports")


def _weight(left: BridgeCrossing, right: BridgeCrossing, two: Two) -> Reason:
    """It was weighed differently: by which setting of the scale nobody can say from the outcome."""
    keys = _scale(left.lane, two)
    if left.flags != right.flags:
        words = said("flags_unknown", old=flags(left), new=flags(right), listed=listed(keys))
    else:
        words = said("weight_unknown", listed=listed(keys))
    return reason(words, known=False, settings=keys)


def _case(left: BridgeCrossing, right: BridgeCrossing, two: Two) -> Reason:
    """Only one side sealed a statement. An unverified rule never opens a case."""
    before, after = (
        any(v.outcome is Outcome.OVER and not v.reference_only for v in seen.verdicts)
        for seen in (left, right)
    )
    still_over = left.over and right.over
    if before != after and still_over:  # by another limit alone, or by one whose text nobody has read
        keys = two.under(f"lanes.{left.lane}.limits")
        return reason(said("basis_verified" if after else "basis_unverified"), settings=keys)
    if before != after:
        return reason(said("case_opened" if after else "case_gone"))
    keys = two.under("cameras", "detector", f"lanes.{left.lane}.camera")
    return reason(said("case_unknown", listed=listed(keys)), known=False, settings=keys)


def _match(lane: str, left: BridgeCase, right: BridgeCase, two: Two) -> Reason:
    """The answer is `matched` where posterior and margin both reach what is asked for."""
    asked = _asked(two.left.config, lane), _asked(two.right.config, lane)
    parts = joined(
        [
            _of_asked("posterior", [one.match.posterior or 0 for one in (left, right)], asked),
            _of_asked("margin", [one.match.margin for one in (left, right)], asked),
        ]
    )
    old, new = _answer(left), _answer(right)
    camera = _camera(two.right.config, lane)
    keys = two.under(f"cameras.{camera}", "plates", "plate_reader", f"lanes.{lane}.camera")
    over = [_beyond_asked(one, settings) for one, settings in zip((left, right), asked, strict=True)]
    matched = [one.match.status is MatchStatus.MATCHED for one in (left, right)]
    explained = [by is not None and by >= 0 for by in over] == matched and matched[0] != matched[1]
    if not explained or None in over:
        words = said("match_unknown", old=old, new=new, parts=parts, listed=listed(keys))
        return reason(words, known=False, settings=keys)
    return reason(said("match", old=old, new=new, parts=parts), settings=keys, by=over[1], unit="ppm")


def _answer(case: BridgeCase) -> Both:
    zh, en = outcome(case.match.status)
    return f"{zh} {case.match.plate}".rstrip(), f"{en} {case.match.plate}".rstrip()


def _of_asked(
    name: str, values: Sequence[int], asked: tuple[MatchSettings | None, MatchSettings | None]
) -> Both:
    """Posterior or margin of both sides, beside what each side asks for."""
    wanted = [
        "?" if one is None else wording.percent(one.decide_ppm if name == "posterior" else one.margin_ppm)
        for one in asked
    ]
    old, new = (wording.percent(value) for value in values)
    return said(name, old=old, new=new, asked_old=wanted[0], asked_new=wanted[1])


def _beyond_asked(case: BridgeCase, asked: MatchSettings | None) -> int | None:
    """By how much the nearer of posterior and margin is past what is asked for, ppm."""
    if asked is None:
        return None
    return min((case.match.posterior or 0) - asked.decide_ppm, case.match.margin - asked.margin_ppm)


def _camera(config: SiteConfig | None, lane: str) -> str:
    chosen = config.lanes.get(lane) if config is not None else None
    return chosen.camera if chosen is not None else ""


def _asked(config: SiteConfig | None, lane: str) -> MatchSettings | None:
    camera = config.cameras.get(_camera(config, lane)) if config is not None else None
    return camera.match if camera is not None else None


def _shifted(changed: Mapping[str, Change], left: BridgeCrossing, two: Two) -> Iterator[Reason]:
    """The same was concluded: what is known of why the numbers moved."""
    for name, change in changed.items():
        evaluator, _, subject = name.removeprefix(VERDICT).removesuffix(DEDUCTED).partition(".")
        if not (name.startswith(VERDICT) and name.endswith(DEDUCTED)) or change.by is None:
            continue
        before = deduction_of(two.left.config, left.lane, evaluator)
        after = deduction_of(two.right.config, left.lane, evaluator)
        if before is None or after is None or before == after:
            continue
        words = said(
            "limit_shift",
            limit=limit_name(evaluator, subject),
            old=deduction_name(before),
            new=deduction_name(after),
            by=wording.kilograms(change.by),
        )
        keys = two.under(f"lanes.{left.lane}.limits.{evaluator}.deduction")
        yield reason(words, settings=keys, by=change.by, unit="g")
