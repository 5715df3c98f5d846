"""Builders of two runs of one site: vehicles judged by the core's own limits, stays as their records say."""

from dataclasses import replace
from functools import cache

from edge_agent.comparing.compare import EXACT, compare
from edge_agent.comparing.gather import outcomes_of
from edge_agent.comparing.reasons import with_reasons
from edge_agent.comparing.sides import Side
from edge_agent.comparing.two import Two
from edge_agent.core.cases import is_over
from edge_agent.core.decisions import CrossingSeen, ZoneChanged
from edge_agent.core.records import Axle, AxleGroup
from edge_agent.core.scene import Finding, Phase, ZoneState
from edge_agent.core.units import MS, S
from edge_agent.core.weigh.limits import Limits
from edge_agent.evidence.examples import a_case, a_crossing, a_match
from edge_agent.evidence.examples_street import HOUR, a_report, a_zone_case, an_item
from edge_agent.journal.codec import decision_line
from edge_agent.replaying.what_if import changed, differences
from tests.report.street_day import a_config

FIVE_PERCENT = "lanes.1.limits.posted.deduction={mode: percent, value: 5, legal_ref: example}"
THREE_PERCENT = "lanes.1.limits.posted.deduction.value=3"
STAY = "street.rules.overflow.stay_s=240"
ZONE = "street.cameras.street1.zones.door_s1"
MOVED = f"{ZONE}.polygon=[[0.60, 0.55], [0.80, 0.55], [0.86, 0.85], [0.66, 0.85]]"


@cache
def site(*settings):
    """The example's bridge and fruit shop, 5 % taken off, and these settings on top."""
    return changed(a_config(), [FIVE_PERCENT, *settings])


def a_vehicle(config, gross_kg, number=1, *, match=None, **other):
    """One three-axle vehicle's decisions; it has a statement where the core would open a case."""
    fields = {key: other.pop(key) for key in ("use_class", "reasons", "vehicle_confirmed") if key in other}
    start, load = number * 60 * S, gross_kg * 1000 // 3
    axles = tuple(
        Axle(start + n * 300 * MS, load, 250_000, load // 2, load // 2, n * 4_000, 40) for n in range(3)
    )
    groups = tuple(AxleGroup(n, 1, axle.load, axle.interval, ()) for n, axle in enumerate(axles))
    measured = {"axles": axles, "groups": groups, "gross": gross_kg * 1000}
    crossing = a_crossing(number, **measured, **other)
    verdicts = Limits(config.lanes["1"].limits).evaluate(crossing)
    seen = CrossingSeen(crossing.closed_at, crossing, verdicts)
    if not is_over(verdicts):
        return [seen]
    said = {"match": match or a_match(number), "crossing": crossing, "verdicts": verdicts, **fields}
    return [seen, a_case(number, **said)[0]]


def a_stay(dwell_s, *, stay_s=300, cleared=True, case="boot-door_s1-1", began=HOUR, items=None, **other):
    """One stay's time line, and its records where it was long enough."""
    line = [
        _change(began, "clear", "present", 0),
        _change(began + 60 * S, "candidate", "present", 60, f"lingered 60000 of {stay_s * 1000} ms"),
    ]
    confirmed_at = began + stay_s * S
    common = {
        "first_seen_at": began,
        "candidate_at": began + 60 * S,
        "confirmed_at": confirmed_at,
        "stay_ms": stay_s * 1000,
        "in_force": (("stay_s", str(stay_s)),),
    }
    gone = _change(began + dwell_s * S, "candidate", "absent", dwell_s)
    if dwell_s < stay_s:
        return [
            *line,
            gone,
            _change(began + dwell_s * S + 40 * S, "clear", "absent", 0, "left 0 of 300000 ms"),
        ]
    opened = other.pop("opened", Phase.CONFIRMED)
    things = {"items": items or (an_item(),)}
    first = a_report(opened, judged_at=confirmed_at, dwell=stay_s * S, **common, **things)
    out = [
        *line,
        _sealed(first, case, other.pop("revision", 0), **other),
        _change(
            confirmed_at,
            "confirmed",
            "present",
            stay_s,
            f"stayed {stay_s * 1000} of {stay_s * 1000} ms",
            case,
        ),
    ]
    if cleared:
        ended = began + dwell_s * S
        last = a_report(Phase.CLEARED, judged_at=ended + 120 * S, ended_at=ended, dwell=dwell_s * S, **common)
        out.append(_sealed(last, case, 1, **other))
    return out


def a_look(at, finding=Finding.PRESENT, case="boot-door_s1-1", **other):
    """A re-check of a case."""
    report = a_report(Phase.RECHECK, judged_at=at, finding=finding, order="", **other)
    return _sealed(report, case, 2)


def a_side(config, decisions, name="run"):
    """One run."""
    made = list(decisions)
    return Side(name, lambda: iter([decision_line(d) for d in made]), outcomes_of(made), config)


def explained(left, right, tolerance=EXACT):
    """Two (configuration, decisions), held against each other, with reasons."""
    one, other = a_side(*left, "left"), a_side(*right, "right")
    known = left[0] is not None and right[0] is not None
    two = Two(one, other, differences(left[0], right[0]) if known else ())
    return with_reasons(compare(one.outcomes, other.outcomes, tolerance), two), two


def told(left, right):
    """Each difference as (kind, how) and the English of its reasons."""
    comparison, _ = explained(left, right)
    return [
        ((one.kind, str(one.how)), [reason.en for reason in one.reasons]) for one in comparison.differences
    ]


def _change(at, state, finding, dwell_s, detail="", case=""):
    return ZoneChanged(
        at, "street1", "door_s1", ZoneState(state), Finding(finding), dwell_s * S // MS, detail, case
    )


def _sealed(report, case, revision, **other):
    seal, _ = a_zone_case(phase=report.phase, report=report)

    return replace(seal, at=report.judged_at, case=case, revision=revision, **other)
