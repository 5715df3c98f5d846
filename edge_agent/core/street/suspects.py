"""Still objects in one zone that nothing explains: what no class names. Never a case by themselves."""

from __future__ import annotations

from collections.abc import Iterable

from edge_agent.core.scene import StillObject
from edge_agent.core.street.geometry import Box, area, covered
from edge_agent.core.street.ground import Ground
from edge_agent.core.street.places import Place, Places, Sighting
from edge_agent.core.street.settings import RuleSettings
from edge_agent.core.street.surroundings import MOSTLY, Around
from edge_agent.core.units import Ns, Permille, S

STILL_LIMIT = 32
# A box that covers so much of a still object explains it.
EXPLAINED = Permille(300)
UNKNOWN = "unknown"  # the label of what no class names


class Suspects:
    """Memory for the still objects in one zone."""

    def __init__(self, ground: Ground, rule: RuleSettings, places: Places) -> None:
        """Tolerances are those of `places`."""
        self._ground = ground
        self._rule = rule
        self.places = places
        self._gap = Ns(rule.gap_s * S)

    def look(
        self, at: Ns, elapsed: Ns, still: Iterable[StillObject], goods: list[Box], around: Around
    ) -> tuple[list[Place], bool]:
        """The suspects of one picture, and whether one known before is hidden now.

        Args:
            at: the picture's time.
            elapsed: since the last one.
            still: where it differs from the reference.
            goods: boxes of the things that classes name.
            around: who stands before it.
        """
        found = {
            still_box(one): one
            for one in unexplained(still, around.vetoing, EXPLAINED)
            if one.area >= self._rule.suspect_min_ppm
            and self._ground.stands_on(still_box(one), self._rule.containment)
            and covered(still_box(one), goods) < EXPLAINED
        }
        seen = []
        for sighting, known in self.places.match(at, (Sighting(1000, UNKNOWN, box) for box in found)):
            place = self.places.see(at, sighting, known)
            place.first_at = min(place.first_at, found[sighting.box].since)
            seen.append(place)
        hidden = False
        for place in self.places:
            if not any(place is one for one in seen):
                if covered(place.box, around.hiding) >= MOSTLY:
                    hidden = True
                else:
                    self.places.miss(place, elapsed)
        self.places.forget(self._gap)
        return sorted(seen, key=lambda p: (p.first_at, -area(p.box), p.first)), hidden


def unexplained(still: Iterable[StillObject], vetoing: list[Box], most: Permille) -> list[StillObject]:
    """Those that people and vehicles cover by less than `most`; the largest first, `STILL_LIMIT` at most."""
    sound = [one for one in still if area(still_box(one))]
    sound.sort(key=lambda one: (-one.area, still_box(one), one.since))
    return [one for one in sound[:STILL_LIMIT] if covered(still_box(one), vetoing) < most]


def still_box(still: StillObject) -> Box:
    """Its corners."""
    return still.x_min, still.y_min, still.x_max, still.y_max
