"""What is around a zone's goods: people and vehicles that hide, explain or deliver them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edge_agent.core.records import Detection
from edge_agent.core.street.geometry import Box, footprint, grown
from edge_agent.core.street.ground import Ground
from edge_agent.core.street.places import Place, Places, Sighting
from edge_agent.core.street.settings import RuleSettings
from edge_agent.core.units import Ns, Permille, S

CONTEXT_LIMIT = 64
PERSON = "person"
# A zone or a thing of which so much is covered was not seen; a still object is then the one that covers it.
MOSTLY = Permille(500)
# So long the still layer is blind where somebody was: its memory for people (2 s) and a picture more.
PASSED_NS = Ns(3 * S)


@dataclass(frozen=True, slots=True)
class Around:
    """One picture's surroundings of one zone."""

    people: list[Box]
    hiding: list[Box]  # they hide what stands behind them
    vetoing: list[Box]  # they explain a still object: there now, or stood there within the gap
    passed: list[Box]  # where they were a moment ago: the still layer is blind there for a while
    unloading: bool
    complete: bool  # a class that the rule `requires` is near, or was within the gap


class Surroundings:
    """Vehicles and people of one zone, remembered as long as the rule's gap.

    What the rule names as evidence is never its own excuse: it neither hides, explains nor delivers.
    A delivery stands beside the zone (within a box of its own size) or is in it; what drives past is none.
    """

    def __init__(self, ground: Ground, rule: RuleSettings, places: Places) -> None:
        """Settle time and tolerances are those of `places`."""
        evidence = {*rule.strong, *rule.weak}
        self._ground = ground
        self._rule = rule
        self._hiding = {*rule.hiding} - evidence
        self._veto = {*rule.veto} - evidence
        self._unloading = {*rule.unloading} - evidence
        self._gap = Ns(rule.gap_s * S)
        self.places = places
        self._complete_at: Ns | None = None

    def look(self, at: Ns, elapsed: Ns, boxes: Iterable[Detection], enter: int) -> Around:
        """`elapsed`: since the last picture; `enter`: the score that a required class must have."""
        seen = {(box.label, to_box(box)): box.score for box in boxes}
        every = sorted(seen)
        near = [key for key in every if self._ground.touches(grown(key[1]))]
        if any(key[0] in self._rule.requires and seen[key] >= enter for key in near):
            self._complete_at = at
        self._remember(at, elapsed, [Sighting(1000 - seen[key], *key) for key in near])
        standing = [place for place in self.places if place.stands]
        return Around(
            people=[box for label, box in every if label == PERSON],
            hiding=[box for label, box in every if label in self._hiding],
            vetoing=[
                *(box for label, box in every if label in self._veto),
                *(place.box for place in standing if not self._veto.isdisjoint(place.calls)),
            ],
            passed=[
                place.box
                for place in self.places
                if at - place.last_at <= PASSED_NS and not self._veto.isdisjoint(place.calls)
            ],
            unloading=any(_mostly(place, self._unloading) for place in standing)
            or any(label in self._unloading and self._ground.touches(footprint(box)) for label, box in near),
            complete=not self._rule.requires
            or (self._complete_at is not None and at - self._complete_at <= self._gap),
        )

    def _remember(self, at: Ns, elapsed: Ns, sightings: list[Sighting]) -> None:
        known = self._veto | self._unloading
        pairs = self.places.match(at, (sighting for sighting in sightings if sighting.label in known))
        seen = [self.places.see(at, sighting, place) for sighting, place in pairs]
        for place in self.places:
            if not any(place is one for one in seen):
                self.places.miss(place, elapsed)
        self.places.forget(self._gap)


def _mostly(place: Place, labels: set[str]) -> bool:
    """It was called so in half of its pictures: a bin that a car once drove past is no delivery."""
    return 2 * sum(count for label, count in place.calls.items() if label in labels) >= place.samples


def to_box(detection: Detection) -> Box:
    """Its corners."""
    return detection.x_min, detection.y_min, detection.x_max, detection.y_max
