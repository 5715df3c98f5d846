"""Why a stay is a case on one side only, or ended otherwise: the ground, the thing, the time.

The other side has no record of a case that it did not make. What it has is the zone's time line, which says
how long something was counted, and its configuration: whether the same box stands on its ground is worked out
with the core's own geometry.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edge_agent.comparing import wording
from edge_agent.comparing.compare import Difference, Reason
from edge_agent.comparing.outcomes import StreetCase, ZoneStay
from edge_agent.comparing.pairing import case_span
from edge_agent.comparing.sides import Side
from edge_agent.comparing.two import Two
from edge_agent.comparing.use_reasons import use_reason
from edge_agent.comparing.wording import Both, listed, reason, said
from edge_agent.config.settings import SiteConfig
from edge_agent.core.scene import EvidenceItem, Phase
from edge_agent.core.street.geometry import footprint
from edge_agent.core.street.ground import Ground
from edge_agent.core.street.settings import RuleSettings, ZoneSettings, permille
from edge_agent.core.units import MS


def case_reasons(difference: Difference, two: Two) -> Iterator[Reason]:
    """Every reason for one stay's difference."""
    left, right = difference.left, difference.right
    if isinstance(left, StreetCase) and isinstance(right, StreetCase):
        yield from _changed(difference, left, right, two)
    elif isinstance(right, StreetCase):
        yield from _alone(right, two.right, two.left, two)
    elif isinstance(left, StreetCase):
        yield from _alone(left, two.left, two.right, two)


def _changed(difference: Difference, left: StreetCase, right: StreetCase, two: Two) -> Iterator[Reason]:
    changed = {change.field: change for change in difference.changes}
    keys = _keys(left, two)
    if "opened" in changed:
        yield _reopened(left, right, two)
    if any(name in changed and changed[name].concluded for name in ("use_class", "reasons")):
        yield use_reason(left, right, (*two.under("site.legal"), *keys))
    if "cleared_at" in changed and changed["cleared_at"].concluded:
        yield reason(said("end_unknown", listed=listed(keys)), known=False, settings=keys)
    if "stay_ms" in changed and left.first_seen_at is not None:
        old, new = left.stay_ms * MS, right.stay_ms * MS
        stay = wording.seconds(max(left.dwell, right.dwell))
        words = said(
            "stay",
            stay=stay,
            old=wording.seconds(old),
            new=wording.seconds(new),
            margin=wording.sooner(new - old),
        )
        yield reason(words, settings=_stay_keys(left, two), by=new - old, unit="ns")


def _reopened(left: StreetCase, right: StreetCase, two: Two) -> Reason:
    """One side has a case that was cleared a short while before; the other begins one here."""
    side, case = (two.left, left) if left.opened is Phase.REOPENED else (two.right, right)
    stays = two.found(side).by_case[case.case]
    before = stays[: stays.index(case)]
    if not before:
        keys = _keys(case, two)
        return reason(said("reopened_unknown", listed=listed(keys)), known=False, settings=keys)
    last = before[-1]
    return reason(said("reopened", time=two.time(side, last.run, last.confirmed_at or last.last_at)))


def _alone(case: StreetCase, here: Side, there: Side, two: Two) -> Iterator[Reason]:
    """A case of one side only.

    Args:
        case: the case.
        here: the side that has it.
        there: the side that does not.
        two: both.
    """
    for asked in (_place, _ground, _things, _time):
        found = asked(case, here, there, two)
        if found is not None:
            yield found
            if asked in (_ground, _things):  # the other side counted nothing; would it have been long enough?
                yield from _too_short_as_well(case, here, there, two)
            return
    keys = _keys(case, two)
    yield reason(said("nothing_counted", listed=listed(keys)), known=False, settings=keys)


# -- each asks for one reason, and says None where it is not that -----------------------------------


def _place(case: StreetCase, here: Side, there: Side, two: Two) -> Reason | None:
    if here.config is None or there.config is None or _zone(there.config, case) is not None:
        return None
    return reason(said("no_zone", place=case.zone), settings=two.under(f"street.cameras.{case.camera}"))


def _ground(case: StreetCase, here: Side, there: Side, two: Two) -> Reason | None:
    """Whether the things of the case stand on the other side's ground."""
    zone, rule = _zone(there.config, case), _rule(there.config, case)
    if zone is None or rule is None or not case.items:
        return None
    ground = _ground_of(there.config, case.camera, zone)
    stand = [item for item in case.items if ground.stands_on(_box(item), rule.containment)]
    if _enough(stand, rule) or not _enough(case.items, rule):
        return None
    lost = next(item for item in case.items if item not in stand)
    share = ground.share(footprint(_box(lost)))
    old, new = (share, lost.share) if here is two.right else (lost.share, share)
    words = said(
        "ground",
        label=_label(lost),
        old=wording.percent(old, 1000),
        new=wording.percent(new, 1000),
        wanted=wording.percent(rule.containment, 1000),
    )
    keys = two.under(
        f"street.cameras.{case.camera}.zones",
        f"street.rules.{case.rule}.containment",
        f"street.rules.{case.rule}.weak_needed",
    )
    return reason(words, settings=keys, by=share - rule.containment, unit="permille")


def _things(case: StreetCase, here: Side, there: Side, two: Two) -> Reason | None:
    """Whether they are evidence by the other side's rule, and sure enough."""
    mine, rule = _rule(here.config, case), _rule(there.config, case)
    if mine is None or rule is None or not case.items:
        return None
    named = [item for item in case.items if item.label in (*rule.strong, *rule.weak)]
    where = f"street.rules.{case.rule}"
    if not _enough(named, rule):
        labels = ", ".join(sorted({item.label for item in case.items if item not in named} or {"–"}))
        keys = two.under(f"{where}.strong", f"{where}.weak", f"{where}.weak_needed")
        return reason(said("labels", label=(labels, labels)), settings=keys)
    more = rule.low_light_score if _low_light(case) else 0
    if _enough([item for item in named if item.score >= rule.enter_score + more], rule):
        return None
    best = max(named, key=lambda item: item.score)
    both = (rule.enter_score, mine.enter_score) if here is two.right else (mine.enter_score, rule.enter_score)
    words = said(
        "score",
        label=_label(best),
        score=wording.percent(best.score, 1000),
        old=wording.percent(both[0], 1000),
        new=wording.percent(both[1], 1000),
    )
    keys = two.under(f"{where}.enter_score", f"{where}.low_light_score")
    return reason(words, settings=keys, by=best.score - rule.enter_score - more, unit="permille")


def _time(case: StreetCase, here: Side, there: Side, two: Two) -> Reason | None:
    """Whether it stood there as long as the other side asks for, by the other side's own time line."""
    span, found = case_span(case), two.found(there)
    other = next(found.cases.meeting(span), None)
    if other is not None:
        time = two.time(there, other.run, other.confirmed_at or other.last_at)
        return reason(said("case_merged", time=time), settings=_keys(case, two))
    stay = max(found.stays.meeting(span), key=lambda stay: stay.dwell_ms, default=None)
    if stay is None or stay.asked_ms is None:
        return None
    # The case's own stay where it has ended; else as long as either side saw it.
    seen = case.dwell if case.cleared_at is not None else max(case.dwell, stay.dwell_ms * MS)
    mine, theirs = case.stay_ms * MS, stay.asked_ms * MS
    if not mine <= seen < theirs:
        return _counted_otherwise(case, stay, two)
    return _stayed(case, seen, (theirs, mine) if here is two.right else (mine, theirs), two)


def _stayed(case: StreetCase, seen: int, wanted: tuple[int, int], two: Two) -> Reason:
    """A stay beside the times that both sides ask for."""
    before, after = (_margin(seen - one) for one in wanted)
    words = said(
        "stay",
        stay=wording.seconds(seen),
        old=wording.seconds(wanted[0]),
        new=wording.seconds(wanted[1]),
        margin=(f"{before[0]} -> {after[0]}", f"{before[1]} -> {after[1]}"),
    )
    return reason(words, settings=_stay_keys(case, two), by=seen - wanted[1], unit="ns")


def _too_short_as_well(case: StreetCase, here: Side, there: Side, two: Two) -> Iterator[Reason]:
    """Whether the other side's stay would not have been reached either, worked out where only it differs."""
    mine, theirs = _rule(here.config, case), _rule(there.config, case)
    if mine is None or theirs is None or set(_stay_keys(case, two)) != {f"street.rules.{case.rule}.stay_s"}:
        return
    windows = (*mine.hours.enforce, *mine.hours.permitted)
    if case.untiered_s != mine.stay_s or any(window.stay_s == mine.stay_s for window in windows):
        return  # a window's own stay held, or may have
    asked = case.stay_ms * MS
    other = asked * theirs.stay_s // mine.stay_s  # tier and light make the same of both
    if asked <= case.dwell < other:
        yield _stayed(case, case.dwell, (other, asked) if here is two.right else (asked, other), two)


def _counted_otherwise(case: StreetCase, stay: ZoneStay, two: Two) -> Reason:
    """The same stay was asked for, and the time line counted less of it."""
    keys = _keys(case, two)
    details = f" ({', '.join(stay.details)})" if stay.details else ""
    words = said(
        "stay_unknown",
        here=wording.seconds(case.dwell),
        there=wording.seconds(stay.dwell_ms * MS),
        wanted=wording.seconds((stay.asked_ms or 0) * MS),
        details=details,
        listed=listed(keys),
    )
    return reason(words, known=False, settings=keys)


# -- settings and geometry ------------------------------------------------------------------------------


def _zone(config: SiteConfig | None, case: StreetCase) -> ZoneSettings | None:
    street = config.street if config is not None else None
    camera = street.cameras.get(case.camera) if street is not None else None
    return camera.zones.get(case.zone) if camera is not None else None


def _rule(config: SiteConfig | None, case: StreetCase) -> RuleSettings | None:
    """The rule that holds in the case's zone."""
    zone = _zone(config, case)
    if config is None or config.street is None or zone is None:
        return None
    return config.street.rules.get(zone.rule)


def _ground_of(config: SiteConfig | None, camera: str, zone: ZoneSettings) -> Ground:
    """As the core lays it out; a foot on another zone's ground is that zone's."""
    zones = config.street.cameras[camera].zones.values() if config is not None and config.street else ()
    beside = tuple(permille(other.polygon) for other in zones if other is not zone)
    return Ground(permille(zone.polygon), tuple(permille(strip) for strip in zone.permitted), beside)


def _enough(items: Sequence[EvidenceItem], rule: RuleSettings) -> bool:
    """As `core/street/goods.py` asks for."""
    return any(item.label in rule.strong for item in items) or len(items) >= rule.weak_needed


def _box(item: EvidenceItem) -> tuple[int, int, int, int]:
    return item.x_min, item.y_min, item.x_max, item.y_max


def _label(item: EvidenceItem) -> Both:
    return item.label, item.label.replace("_", " ")


def _low_light(case: StreetCase) -> bool:
    return "low_light" in case.reasons


def _margin(ns: int) -> Both:
    long = wording.seconds(abs(ns))
    return (f"超 {long}", f"{long} over") if ns >= 0 else (f"差 {long}", f"{long} short")


def _keys(case: StreetCase, two: Two) -> tuple[str, ...]:
    """All that has to do with a zone."""
    return two.under(
        f"street.cameras.{case.camera}",
        f"street.rules.{case.rule}",
        f"street.shops.{case.shop}",
        "street.tiers",
    )


def _stay_keys(case: StreetCase, two: Two) -> tuple[str, ...]:
    rule = f"street.rules.{case.rule}"
    return two.under(
        f"{rule}.stay_s",
        f"{rule}.hours",
        f"{rule}.low_light_stay",
        f"{rule}.candidate_s",
        "street.tiers",
        f"street.shops.{case.shop}.tier",
    )
