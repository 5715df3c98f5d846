"""The things in one zone that the rule names as evidence: which are seen, and which of them count.

A thing counts once it stands (`places`) and differs from the accepted reference: a bench that the operator
accepted with the reference is boxed by the detector every second of the day, and is nobody's case.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from edge_agent.core.records import Detection
from edge_agent.core.street.geometry import Box, area, covered, footprint, iou, shared
from edge_agent.core.street.ground import Ground
from edge_agent.core.street.places import Place, Places, Sighting
from edge_agent.core.street.settings import RuleSettings
from edge_agent.core.street.surroundings import MOSTLY, Around, to_box
from edge_agent.core.units import Ns, Permille, S

ITEM_LIMIT = 32
# Of two boxes of one class, one lies in the other: a part of it, boxed again.
NESTED = Permille(900)
# So much of a thing's footprint must differ from the reference, of what is in sight of it.
CHANGED = Permille(300)
# Once seen to differ, it is believed to for as long again, a minute at most: lights change and people walk
# before it; and a reference that was accepted anew, with the thing in it, ends the case all the same.
CHANGE_MEMORY_NS = Ns(60 * S)


@dataclass(frozen=True, slots=True)
class Standing:
    """The things of one picture."""

    counted: list[Place] = field(default_factory=list)  # strong ones first
    moving: list[Place] = field(default_factory=list)  # seen, but do not stand (yet)
    unchanged: list[Place] = field(default_factory=list)  # stand, but are not known to differ
    hidden: list[Place] = field(default_factory=list)  # counted before, and their place is hidden now


class Goods:
    """Memory for the evidence in one zone."""

    def __init__(self, ground: Ground, rule: RuleSettings, places: Places) -> None:
        """Settle time and tolerances are those of `places`."""
        self._ground = ground
        self._rule = rule
        self.places = places
        self._gap = Ns(rule.gap_s * S)

    def look(
        self,
        at: Ns,
        elapsed: Ns,
        boxes: Iterable[Detection],
        around: Around,
        changed: list[Box] | None,
        enter: int,
    ) -> Standing:
        """One picture.

        Args:
            at: its time.
            elapsed: since the last one.
            boxes: what the detector saw, sure enough to keep.
            around: who stands before it.
            changed: where the picture differs from the reference; None where this is not asked.
            enter: score that a thing must have to begin to count, permille.
        """
        seen = self._see(at, boxes, around, enter)
        now = Standing()
        for place in seen:
            if changed is not None:
                _note_change(place, elapsed, changed, around)
            if self._rule.stationary and not place.stands:
                now.moving.append(place)
            elif changed is not None and not place.changed:
                now.unchanged.append(place)
            else:
                place.held = True
                now.counted.append(place)
        for place in self.places:
            if any(place is one for one in seen):
                continue
            if covered(place.box, around.hiding) < MOSTLY:
                self.places.miss(place, elapsed)
            elif place.held:
                now.hidden.append(place)
        self.places.forget(self._gap)
        now.counted.sort(key=lambda p: (not self.strong(p), -p.best, p.first_at, p.first))
        return now

    def enough(self, counted: list[Place]) -> bool:
        """Whether these are the rule's minimum of evidence."""
        strong = sum(self.strong(place) for place in counted)
        return strong > 0 or len(counted) >= self._rule.weak_needed

    def label(self, place: Place) -> str:
        """What it was called in most pictures; on a tie a weak class, then the first by name."""
        calls = place.calls
        return min(calls, key=lambda name: (-calls[name], name in self._rule.strong, name))

    def strong(self, place: Place) -> bool:
        """Whether it is enough by itself."""
        return self.label(place) in self._rule.strong

    def _see(self, at: Ns, boxes: Iterable[Detection], around: Around, enter: int) -> list[Place]:
        known = {*self._rule.strong, *self._rule.weak}
        inside = [
            Sighting(1000 - box.score, box.label, to_box(box))
            for box in boxes
            if box.label in known and self._ground.stands_on(to_box(box), self._rule.containment)
        ]
        seen = []
        for sighting, place in self.places.match(at, _single(inside, self._rule.same_iou)):
            if place is None and sighting.score < enter:
                continue
            # An umbrella over somebody's head is not a parasol; one that stood there before they came is.
            carried = sighting.label in self._rule.under_umbrella and (place is None or not place.stands)
            if carried and any(area(shared(sighting.box, person)) for person in around.people):
                continue
            seen.append(self.places.see(at, sighting, place))
        return seen


def _note_change(place: Place, elapsed: Ns, changed: list[Box], around: Around) -> None:
    """Whether the thing's footprint differs from the reference, as far as nobody stands on or before it.

    Where it does not differ that says something only when most of it was in sight lately: the still layer
    tells nothing where people are or have just been.
    """
    foot = footprint(place.box)
    before = covered(foot, around.vetoing)
    differs = covered(foot, [*changed, *around.vetoing]) - before
    if 1000 * differs >= CHANGED * max(1000 - before, 1):
        place.changed = Ns(min(place.changed + max(elapsed, 1), CHANGE_MEMORY_NS))
    elif covered(foot, [*around.vetoing, *around.passed]) < MOSTLY:
        place.changed = Ns(max(place.changed - elapsed, 0))


def _single(sightings: list[Sighting], same_iou: int) -> list[Sighting]:
    """One thing is one piece of evidence, however many boxes and classes it was given."""
    kept: list[Sighting] = []
    for one in sorted(sightings):
        if not any(iou(one.box, other.box) >= same_iou or _part_of(one, other) for other in kept):
            kept.append(one)
    return kept


def _part_of(one: Sighting, other: Sighting) -> bool:
    smaller = min(area(one.box), area(other.box))
    return one.label == other.label and 1000 * area(shared(one.box, other.box)) >= NESTED * smaller
