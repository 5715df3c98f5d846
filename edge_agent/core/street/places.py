"""Memory for what stands where: a thing is the place it was first seen at, not a track id.

A box is the thing that stood there before when it overlaps the thing's *first* box by `same_iou`, or when
its middle moved by less than `same_centre` of that box's width (sideways) and height (up and down). What
creeps on becomes another thing; what is nudged does not.

A thing *stands* once it was seen for `settle`, in two pictures at least and in `share` of those in which
its place could be seen: carts that pass the same place now and then do not make a standing cart.

Forgotten is what was not seen for `gap` although its place could be seen; pictures in which it is hidden,
or in which the camera is blind, do not count against it. After an hour nobody can say that it is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from edge_agent.core.street.geometry import Box, iou
from edge_agent.core.units import Ns, Permille, S

OUT_OF_SIGHT_NS = Ns(3_600 * S)
# The share of pictures is taken over about so many: what the light was like an hour ago says nothing.
LOOKS = 32
ZERO_PM, ZERO_NS = Permille(0), Ns(0)


@dataclass(frozen=True, slots=True, order=True)
class Sighting:
    """One box of one picture. Ordered: the surest first, ties by class and place."""

    doubt: int  # 1000 - score
    label: str
    box: Box

    @property
    def score(self) -> Permille:
        """As the detector gave it."""
        return Permille(1000 - self.doubt)


@dataclass(slots=True)
class Place:
    """Where something was seen, and what is known of it."""

    first: Box
    box: Box  # latest
    first_at: Ns
    last_at: Ns
    calls: dict[str, int] = field(default_factory=dict)  # class: in how many pictures
    best: Permille = ZERO_PM  # score
    samples: int = 0
    looks: int = 0  # pictures in which the place could be seen; both halved beyond LOOKS
    hits: int = 0  # of them, those in which the thing was
    missing: Ns = ZERO_NS  # observed absence
    stands: bool = False
    changed: Ns = ZERO_NS  # for how long it is still taken to differ from the reference
    held: bool = False  # it has counted once


class Places:
    """What is remembered of one kind of thing in one zone; `limit` of them at most."""

    def __init__(
        self, same_iou: Permille, same_centre: Permille, settle: Ns, share: Permille, limit: int
    ) -> None:
        """Tolerances as the rule has them."""
        self._same_iou = same_iou
        self._same_centre = same_centre
        self._settle = settle
        self._share = share
        self._limit = limit
        self._known: list[Place] = []

    def __iter__(self) -> Iterator[Place]:
        return iter(tuple(self._known))

    def __len__(self) -> int:
        return len(self._known)

    def match(self, at: Ns, sightings: Iterable[Sighting]) -> list[tuple[Sighting, Place | None]]:
        """Which sighting is which thing, one to one; None: not seen before.

        The surest chooses first: a thing of its own class, then the one it overlaps most, then the one
        known longest.
        """
        self._known = [place for place in self._known if at - place.last_at <= OUT_OF_SIGHT_NS]
        free = list(self._known)
        pairs: list[tuple[Sighting, Place | None]] = []
        for sighting in sorted(sightings):
            near = [
                (sighting.label not in place.calls, -iou(place.first, sighting.box), place.first_at, n)
                for n, place in enumerate(free)
                if self._same(place.first, sighting.box)
            ]
            pairs.append((sighting, free.pop(min(near)[3]) if near else None))
        return pairs

    def _same(self, first: Box, box: Box) -> bool:
        if box[0] >= first[2] or first[0] >= box[2] or box[1] >= first[3] or first[1] >= box[3]:
            return False
        aside = abs(first[0] + first[2] - box[0] - box[2])  # doubled
        along = abs(first[1] + first[3] - box[1] - box[3])
        reach = 2 * self._same_centre
        if 1000 * aside < reach * (first[2] - first[0]) and 1000 * along < reach * (first[3] - first[1]):
            return True
        return iou(first, box) >= self._same_iou

    def see(self, at: Ns, sighting: Sighting, place: Place | None) -> Place:
        """The thing was seen: at its place, or (None) for the first time."""
        if place is None:
            place = Place(sighting.box, sighting.box, at, at)
            self._known.append(place)
        place.box, place.last_at, place.missing = sighting.box, max(place.last_at, at), Ns(0)
        place.samples += 1
        place.best = max(place.best, sighting.score)
        place.calls[sighting.label] = place.calls.get(sighting.label, 0) + 1
        place.hits += 1
        self._look(place)
        lasted = place.samples > 1 and place.last_at - place.first_at >= self._settle
        place.stands |= lasted and 1000 * place.hits >= self._share * place.looks
        return place

    def miss(self, place: Place, elapsed: Ns) -> None:
        """Its place could be seen and it was not there."""
        place.missing = Ns(place.missing + elapsed)
        self._look(place)

    def forget(self, gap: Ns) -> None:
        """Drop what has been gone for longer than `gap`, and what is too much."""
        kept = [place for place in self._known if place.missing <= gap]
        # Beyond the limit those go that never counted, then those unseen for longest, then the latest come.
        kept.sort(key=lambda p: (not p.held, -p.last_at, p.first_at, p.first))
        self._known = sorted(kept[: self._limit], key=lambda p: (p.first_at, p.first))

    def _look(self, place: Place) -> None:
        place.looks += 1
        if place.looks > LOOKS:
            place.looks, place.hits = place.looks // 2, place.hits // 2
