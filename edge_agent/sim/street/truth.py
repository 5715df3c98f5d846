"""What was really on the ground of a zone, and from when until when: for scoring, never for concluding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from edge_agent.sim.street.actors import Actor
from edge_agent.sim.street.things import STRONG, WEAK, Thing
from edge_agent.sim.street.zones import ShopZone

Interval = tuple[int, int]  # from, until; nanoseconds

GRID = 6  # points each way over a footprint
LEAST_SHARE = 500  # permille of its footprint on the zone's ground: then it stands past the line


@dataclass(frozen=True, slots=True)
class Standing:
    """One thing that stood still in a zone."""

    actor: str
    label: str
    role: str
    from_ns: int
    until_ns: int
    share_permille: int  # of its footprint, inside the zone
    area_cm2: int  # of its footprint inside the zone


def share_in(zone: ShopZone, thing: Thing) -> int:
    """Permille of the thing's footprint that lies in the zone."""
    (ax, ay), (bx, by), _, (dx, dy) = thing.footprint_mm
    inside = 0
    for i in range(GRID):
        for j in range(GRID):
            u, v = (i + 0.5) / GRID, (j + 0.5) / GRID
            inside += zone.holds_mm(ax + (bx - ax) * u + (dx - ax) * v, ay + (by - ay) * u + (dy - ay) * v)
    return 1000 * inside // (GRID * GRID)


def standing_in(zone: ShopZone, actors: Sequence[Actor], kinds: Sequence[str]) -> tuple[Standing, ...]:
    """What stood still with some of its footprint in the zone; by start, then name."""
    found: list[Standing] = []
    for actor in actors:
        if actor.thing.kind not in kinds:
            continue
        for start, end, x, y in actor.rests():
            share = share_in(zone, actor.thing.at(x, y))
            if share:
                area = actor.thing.length_mm * actor.thing.width_mm * share // 1000 // 100
                found.append(Standing(actor.name, actor.thing.kind, actor.role, start, end, share, area))
    return tuple(sorted(found, key=lambda s: (s.from_ns, s.actor)))


def occupied(
    zone: ShopZone,
    actors: Sequence[Actor],
    strong: Sequence[str] = STRONG,
    weak: Sequence[str] = WEAK,
    weak_needed: int = 2,
) -> tuple[Interval, ...]:
    """When enough evidence really stood past the line: one strong thing, or `weak_needed` weak ones."""
    past = [s for s in standing_in(zone, actors, (*strong, *weak)) if s.share_permille >= LEAST_SHARE]
    edges = sorted({t for s in past for t in (s.from_ns, s.until_ns)})
    spans: list[Interval] = []
    for start, end in pairwise(edges):
        now = [s.label for s in past if s.from_ns <= start < s.until_ns]
        if any(k in strong for k in now) or sum(k in weak for k in now) >= weak_needed:
            spans.append((start, end))
    return merged(spans)


def merged(spans: Sequence[Interval], gap_ns: int = 0) -> tuple[Interval, ...]:
    """Intervals in order, those that touch or lie no more than `gap_ns` apart made one."""
    out: list[Interval] = []
    for start, end in sorted(spans):
        if out and start - out[-1][1] <= gap_ns:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return tuple(out)
