"""What really was a case on a simulated day, and what was said of it.

Defined before any held-out day was looked at:

* Truth is what stood on a zone's ground (`StreetDay.true_occupancy`: half a footprint past the door line; one
  strong thing or `weak_needed` weak ones), two stretches no further apart than the rule's gap made one.
* *Away* is when nobody could have watched: the camera gives no pictures, or was knocked further than its view
  may be registered (`registered_max_mpx`).
* Its *dwell* is its time without (a) what is away; (b) a delivery within its grace, a van or hand truck that
  stands beside the zone as the rule means it (within a box of its own size).
* It is a **case** when its dwell reaches `SURELY` times the stay that the rule asks for, low light included;
  **none** when it never reaches that stay; **open** between the two (a day's end, an outage or a delivery cut
  it short), when either answer is right; open is also what came after a case when less than `SURELY` times
  `clear_s` of the time between could be watched: for all that anybody saw, it is the same case. An open one
  counts nowhere.
* A report (a record that confirms or reopens) finds an event of its zone when it comes within `NEAR` of a
  stay of when it was due, or when the two overlap in time by `LEAST_IOU`; what was never cleared (the day
  ended, or the camera saw no more) claims nothing beyond the picture that confirmed it, and is compared up to
  there. One report an event: a second one of the same goods is false, and so is one of an event that is none.
* *Everything* is the same with nothing called away: what nobody could have watched is asked for too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edge_agent.core.street.geometry import Box, grown
from edge_agent.core.street.ground import Ground
from edge_agent.core.street.settings import FitSettings, RuleSettings, permille
from edge_agent.core.units import MS, Ns, S
from edge_agent.sim.street.draw import TrueBox
from edge_agent.sim.street.scene import StreetScene
from edge_agent.sim.street.script import StreetDay
from edge_agent.sim.street.truth import Interval, merged
from edge_agent.sim.street.zones import ShopZone

SURELY = 1.5
NEAR = 0.2  # 60 s of a stay of 300 s, scaled
LEAST_IOU = 0.3
KINDS = ("case", "open", "none")
STEP = 100 * MS
FIT = FitSettings()


@dataclass(frozen=True, slots=True)
class TrueEvent:
    """Goods that stood in one zone."""

    zone: str
    start: Ns
    end: Ns
    dwell: Ns  # that counts
    due: Ns | None  # when the stay was reached
    kind: str  # case | open | none
    cause: str
    light: str
    weather: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """One report: a record that confirmed or reopened a case."""

    zone: str
    phase: str
    first: Ns  # seen
    at: Ns  # judged
    end: Ns | None  # cleared; None where it never was
    labels: tuple[str, ...]


def truth_of(
    day: StreetDay,
    zone: ShopZone,
    rule: RuleSettings,
    dark: frozenset[str],
    away: Sequence[Interval],
) -> tuple[TrueEvent, ...]:
    """Everything that stood past the zone's door line, with what the rule should make of it.

    Args:
        day: with its truth.
        zone: one of its zones.
        rule: that holds there.
        dark: `dark_lights` of the day.
        away: when nobody could have watched; empty: everything is asked for.
    """
    unloading = _deliveries(day, zone)
    events: list[TrueEvent] = []
    for span in merged(day.true_occupancy(zone, rule.weak_needed), rule.gap_s * S):
        event = _event(day, zone, rule, span, away, unloading, dark)
        before = events[-1] if events else None
        follows = before is not None and before.kind != "none" and event.kind == "case"
        if before and follows and _seen(before.end, event.start, away) < SURELY * rule.clear_s * S:
            event = replace(event, kind="open")
        events.append(event)
    return tuple(events)


def away_of(day: StreetDay) -> tuple[Interval, ...]:
    """When nobody could have watched: no pictures, or the camera looked so far elsewhere."""
    return merged([*day.outages, *_knocked_away(day)])


def _seen(start: int, end: int, away: Sequence[Interval]) -> int:
    """How much of a time could be watched."""
    return end - start - sum(max(0, min(end, b) - max(start, a)) for a, b in away)


def match(events: Sequence[TrueEvent], said: Sequence[Said], stay: Ns) -> dict[int, int]:
    """Which report (index) found which event (index): cases first, then by overlap, one to one."""
    pairs = []
    for i, report in enumerate(said):
        for k, event in enumerate(events):
            overlap = _overlap(report, event)
            late = abs(report.at - event.due) if event.due is not None else None
            if report.zone == event.zone and (
                overlap >= LEAST_IOU or (late is not None and late <= NEAR * stay)
            ):
                pairs.append((KINDS.index(event.kind), -overlap, i, k))
    found: dict[int, int] = {}
    for _, _, i, k in sorted(pairs):
        if i not in found and k not in found.values():
            found[i] = k
    return found


def _overlap(report: Said, event: TrueEvent) -> float:
    if report.end is None:
        return _iou((report.first, report.at), (event.start, min(event.end, report.at)))
    return _iou((report.first, report.end), (event.start, event.end))


def _iou(a: Interval, b: Interval) -> float:
    both = min(a[1], b[1]) - max(a[0], b[0])
    return both / (max(a[1], b[1]) - min(a[0], b[0])) if both > 0 else 0.0


def around(day: StreetDay, zone: ShopZone, span: Interval) -> tuple[str, ...]:
    """What was in the zone, or happened to the camera, in that time: for the list of errors."""
    here = {
        actor.role if actor.role not in ("goods", "vendor") else actor.name.split("-")[0]
        for actor in day.actors
        if actor.role not in ("fixture", "traffic")
        for start, end, x, y in actor.rests()
        if start < span[1] and end > span[0] and zone.holds_mm(x, y)
    }
    here |= {"awning" for a in day.actors if a.role == "decoy" and _meets(span, (a.from_ns, a.until_ns))}
    here |= {"outage" for outage in day.outages if _meets(span, outage)}
    here |= {"knock" for knock in day.knocks if knock.at_ns < span[1] and knock.turn_permille != (0, 0)}
    here |= {"delivery" for delivery in _deliveries(day, zone) if _meets(span, delivery)}
    sky = {f"{day.scene_at(t).light}-{day.scene_at(t).weather}" for t in (span[0], span[1] - 1)}
    return tuple(sorted(here)) + tuple(sorted(sky))


def dark_lights(day: StreetDay, rule: RuleSettings) -> frozenset[str]:
    """The lights in which the rule asks for a longer stay: by the clear pavement's own brightness."""
    return frozenset(
        name.split("-")[0]
        for name, image in day.references()
        if float(np.median(image.mean(axis=2))) < rule.low_light_luma
    )


def _event(
    day: StreetDay,
    zone: ShopZone,
    rule: RuleSettings,
    span: Interval,
    away: Sequence[Interval],
    unloading: Sequence[Interval],
    dark: frozenset[str],
) -> TrueEvent:
    kind, dwell, due = _judged(day, rule, span, away, unloading, dark)
    scene = day.scene_at(due if due is not None else (span[0] + span[1]) // 2)
    tags = around(day, zone, span)
    return TrueEvent(
        zone=zone.name,
        start=Ns(span[0]),
        end=Ns(span[1]),
        dwell=dwell,
        due=due,
        kind=kind,
        cause=_cause(day, zone, span, tags),
        light=scene.light,
        weather=scene.weather,
        tags=tags,
    )


def _judged(
    day: StreetDay,
    rule: RuleSettings,
    span: Interval,
    away: Sequence[Interval],
    unloading: Sequence[Interval],
    dark: frozenset[str],
) -> tuple[str, Ns, Ns | None]:
    """Case, open or none; the dwell that counts; when it reached the stay."""
    dwell, excused, due, surely = 0, 0, None, False
    dark_at: int | None = None
    for t in range(span[0], span[1], STEP):
        if any(start <= t < end for start, end in away):
            continue
        if day.scene_at(t).light in dark:
            dark_at = t
        if excused < rule.unloading_grace_s * S and any(start <= t < end for start, end in unloading):
            excused += STEP
            continue
        dwell += STEP
        need = rule.stay_s * S
        if dark_at is not None and t - dark_at <= rule.gap_s * S:
            need = need * rule.low_light_stay // 1000
        if due is None and dwell >= need:
            due = Ns(t)
        surely = surely or dwell >= SURELY * need
    return ("case" if surely else "open" if due is not None else "none"), Ns(dwell), due


def _knocked_away(day: StreetDay) -> list[Interval]:
    """When the camera looked so far elsewhere that somebody must aim it anew."""
    ends = [*(knock.at_ns for knock in day.knocks[1:]), day.length_ns]
    limit = FIT.registered_max_mpx / 1000 * 1000 / 480  # permille of the picture's width
    return [
        (knock.at_ns, end)
        for knock, end in zip(day.knocks, ends, strict=False)
        if float(np.hypot(*knock.turn_permille)) > limit
    ]


def _deliveries(day: StreetDay, zone: ShopZone) -> tuple[Interval, ...]:
    """When a van or hand truck stood within a box of its own size of the zone."""
    ground = Ground(permille(zone.polygon))
    spans = []
    for actor in day.actors:
        if actor.role != "delivery" or actor.thing.kind not in ("motor_vehicle", "hand_truck"):
            continue
        for start, end, _, _ in actor.rests():
            seen = [box for one, box in day.true_boxes((start + end) // 2) if one is actor]
            if any(ground.touches(grown(box_permille(box, day.scene))) for box in seen):
                spans.append((start, end))
    return merged(spans)


def box_permille(box: TrueBox, scene: StreetScene) -> Box:
    """A true box over the picture's size."""
    wide, tall = 1000 / scene.width, 1000 / scene.height
    return (
        round(box.x_min * wide),
        round(box.y_min * tall),
        round(box.x_max * wide),
        round(box.y_max * tall),
    )


def _cause(day: StreetDay, zone: ShopZone, span: Interval, tags: Iterable[str]) -> str:
    """Which kind of incident it was."""
    things = [s for s in day.standing(zone) if _meets(span, (s.from_ns, s.until_ns))]
    goods = [s for s in things if s.role == "goods"]
    tags = set(tags)
    if any(start < span[1] <= end for start, end in day.outages):
        return "taken in unseen"
    if any(s.role == "delivery" and s.label == "goods_pile" for s in things) and not goods:
        return "delivery"
    if any(s.actor.startswith("vendor-") for s in goods):
        return "vendor"
    if "crowd" in tags:
        return "in a crowd"
    strong = [s for s in goods if s.label in ("stall", "vendor_cart", "vendor_tricycle", "goods_pile")]
    if not strong:
        return "tables and seats"
    return "piece by piece" if len({s.from_ns for s in goods}) > 1 else "at once"


def _meets(a: Interval, b: Interval) -> bool:
    return a[0] < b[1] and b[0] < a[1]


def as_row(event: TrueEvent) -> dict[str, Any]:
    """For JSON: seconds of the day."""
    return {
        "zone": event.zone,
        "start_s": event.start / S,
        "end_s": event.end / S,
        "dwell_s": event.dwell / S,
        "due_s": None if event.due is None else event.due / S,
        "kind": event.kind,
        "cause": event.cause,
        "light": event.light,
        "weather": event.weather,
        "tags": list(event.tags),
    }
