"""What really was a case on a simulated day of `bench street`.

Defined before any held-out day was looked at: what is a case, and which report finds which, stands at the top
of `sim/street/should.py`. Of a rendered day besides:

* *Away* (nobody could have watched) is when the camera gives no pictures, or was knocked further than its
  view may be registered (`registered_max_mpx`).
* A *delivery* is a van or hand truck that stands beside the zone as the rule means it (within a box of its
  own size).
* *Everything* is the same with nothing called away: what nobody could have watched is asked for too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_agent.core.street.geometry import Box, grown
from edge_agent.core.street.ground import Ground
from edge_agent.core.street.settings import FitSettings, RuleSettings, permille
from edge_agent.core.units import S
from edge_agent.sim.street.draw import TrueBox
from edge_agent.sim.street.scene import StreetScene
from edge_agent.sim.street.script import StreetDay
from edge_agent.sim.street.should import Around, Stood, should
from edge_agent.sim.street.truth import Interval, merged
from edge_agent.sim.street.zones import ShopZone

FIT = FitSettings()


@dataclass(frozen=True, slots=True)
class TrueEvent(Stood):
    """Goods that stood in one zone, with what the table of errors splits them by."""

    cause: str
    light: str
    weather: str
    tags: tuple[str, ...]


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
    beside = Around(
        away=away,
        unloading=merged([(start, end) for _, start, end in deliveries(day, zone)]),
        dark=lambda t: day.scene_at(t).light in dark,
    )
    stood = should(zone.name, day.true_occupancy(zone, rule.weak_needed), rule, beside)
    return tuple(_event(day, zone, one) for one in stood)


def away_of(day: StreetDay) -> tuple[Interval, ...]:
    """When nobody could have watched: no pictures, or the camera looked so far elsewhere."""
    return merged([*day.outages, *_knocked_away(day)])


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
    here |= {"delivery" for _, start, end in deliveries(day, zone) if _meets(span, (start, end))}
    sky = {f"{day.scene_at(t).light}-{day.scene_at(t).weather}" for t in (span[0], span[1] - 1)}
    return tuple(sorted(here)) + tuple(sorted(sky))


def dark_lights(day: StreetDay, rule: RuleSettings) -> frozenset[str]:
    """The lights in which the rule asks for a longer stay: by the clear pavement's own brightness."""
    return frozenset(
        name.split("-")[0]
        for name, image in day.references()
        if float(np.median(image.mean(axis=2))) < rule.low_light_luma
    )


def _event(day: StreetDay, zone: ShopZone, stood: Stood) -> TrueEvent:
    span = (stood.start, stood.end)
    scene = day.scene_at(stood.due if stood.due is not None else (span[0] + span[1]) // 2)
    tags = around(day, zone, span)
    return TrueEvent(
        zone=stood.zone,
        start=stood.start,
        end=stood.end,
        dwell=stood.dwell,
        due=stood.due,
        kind=stood.kind,
        cause=_cause(day, zone, span, tags),
        light=scene.light,
        weather=scene.weather,
        tags=tags,
    )


def _knocked_away(day: StreetDay) -> list[Interval]:
    """When the camera looked so far elsewhere that somebody must aim it anew."""
    ends = [*(knock.at_ns for knock in day.knocks[1:]), day.length_ns]
    limit = FIT.registered_max_mpx / 1000 * 1000 / 480  # permille of the picture's width
    return [
        (knock.at_ns, end)
        for knock, end in zip(day.knocks, ends, strict=False)
        if float(np.hypot(*knock.turn_permille)) > limit
    ]


def deliveries(day: StreetDay, zone: ShopZone) -> tuple[tuple[str, int, int], ...]:
    """(class, from, until) of each van or hand truck that stood within a box of its own size of the zone."""
    ground = Ground(permille(zone.polygon))
    found = []
    for actor in day.actors:
        if actor.role != "delivery" or actor.thing.kind not in ("motor_vehicle", "hand_truck"):
            continue
        for start, end, _, _ in actor.rests():
            seen = [box for one, box in day.true_boxes((start + end) // 2) if one is actor]
            if any(ground.touches(grown(box_permille(box, day.scene))) for box in seen):
                found.append((actor.thing.kind, start, end))
    return tuple(found)


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
