"""The crossings and sightings that still matter, and which of them compete with which.

A sighting is one vehicle as the camera saw it: one read, or several of nearly the same text
shortly after one another. A cluster is everything connected by "this sighting may be that vehicle".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_agent.core.match.expect import Expected, read_sd
from edge_agent.core.match.likelihood import Likelihood, Size
from edge_agent.core.match.settings import MatchSettings
from edge_agent.core.records import Crossing, Match, PlateRead
from edge_agent.core.units import MS, Ns

Key = tuple[str, int]  # lane, number of the crossing

# A plate seen more often than this while it stands before the camera adds nothing.
MOST_READS_OF_ONE = 8


@dataclass(slots=True, eq=False)
class Vehicle:
    """A crossing that is waiting for its plate, or may still have its answer amended."""

    crossing: Crossing
    size: Size
    expected: Expected
    sd: Ns  # of an ordinary read around `expected.at`
    start: Ns  # window in which its read is looked for
    end: Ns
    close: Ns  # from here on its read, if there is one, has arrived
    due: Ns  # when it is answered at the latest
    wake: Ns | None  # when to look at it again even if nothing happens
    pairs: dict[str, int] = field(default_factory=dict)  # sighting -> weight
    answer: Match | None = None
    settled: bool = False  # `due` has come and gone
    tainted: bool = False  # a contradiction was seen: never matched again
    asked: bool = False  # its plate was to be read on the box

    @property
    def key(self) -> Key:
        """Which crossing."""
        return (self.crossing.lane, self.crossing.number)

    @property
    def order(self) -> tuple[Ns, str, int]:
        """Total order: expected read, then lane, then number."""
        return (self.expected.at, self.crossing.lane, self.crossing.number)


@dataclass(slots=True, eq=False)
class Sighting:
    """One vehicle before the camera; `reads` in order of (at, id), never empty."""

    id: str
    reads: list[PlateRead]
    vehicles: dict[Key, None] = field(default_factory=dict)  # those it may be
    owned: bool = False  # more likely than not one of them

    @property
    def order(self) -> tuple[Ns, str]:
        """Total order: first read, then id."""
        return (self.reads[0].at, self.id)

    @property
    def text(self) -> str:
        """The plate; empty when unreadable, or when its reads do not agree."""
        first = self.reads[0].text
        return first if all(read.text == first for read in self.reads) else ""

    @property
    def legible(self) -> bool:
        """At least one read of it has a text."""
        return any(read.text for read in self.reads)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Everything that competes, both in their total order."""

    vehicles: tuple[Vehicle, ...]
    sightings: tuple[Sighting, ...]


class Pool:
    """Vehicles, sightings and the links between them."""

    def __init__(self, settings: MatchSettings, likelihood: Likelihood) -> None:
        self._settings = settings
        self._likelihood = likelihood
        self.vehicles: dict[Key, Vehicle] = {}
        self.sightings: dict[str, Sighting] = {}
        self._sighting_of: dict[str, str] = {}  # read -> sighting

    @property
    def reads(self) -> int:
        """How many reads are held."""
        return len(self._sighting_of)

    def add_vehicle(self, vehicle: Vehicle) -> None:
        """Take in a crossing and link it to the sightings it may be."""
        self.vehicles[vehicle.key] = vehicle
        for sighting in self.sightings.values():
            self._link(vehicle, sighting)

    def put_read(self, read: PlateRead) -> tuple[Key, ...]:
        """Take in a read, or what a read with this id has become.

        Returns:
            The vehicles that it might have been before, when it replaces one.
        """
        before = self._forget(read.id)
        sighting = self._seen_already(read)
        if sighting is None:
            sighting = Sighting(read.id, [read])
            self.sightings[read.id] = sighting
        else:
            sighting.reads.append(read)
            sighting.reads.sort(key=lambda r: (r.at, r.id))
        self._sighting_of[read.id] = sighting.id
        self._relink(sighting)
        return before

    def sighting_of(self, read_id: str) -> Sighting | None:
        """The sighting that a read belongs to."""
        found = self._sighting_of.get(read_id)
        return None if found is None else self.sightings[found]

    def cluster(self, vehicle: Vehicle) -> Cluster:
        """Everything connected with this vehicle."""
        vehicles = {vehicle.key: vehicle}
        sightings: dict[str, Sighting] = {}
        frontier = [vehicle]
        while frontier:
            for sighting_id in frontier.pop().pairs:
                if sighting_id in sightings:
                    continue
                sighting = sightings[sighting_id] = self.sightings[sighting_id]
                for key in sighting.vehicles:
                    if key not in vehicles:
                        vehicles[key] = self.vehicles[key]
                        frontier.append(self.vehicles[key])
        return Cluster(
            tuple(sorted(vehicles.values(), key=lambda v: v.order)),
            tuple(sorted(sightings.values(), key=lambda s: s.order)),
        )

    def drop_vehicle(self, vehicle: Vehicle) -> None:
        """Forget a vehicle."""
        del self.vehicles[vehicle.key]
        for sighting_id in vehicle.pairs:
            del self.sightings[sighting_id].vehicles[vehicle.key]

    def drop_sighting(self, sighting: Sighting) -> None:
        """Forget a sighting and its reads."""
        del self.sightings[sighting.id]
        for read in sighting.reads:
            del self._sighting_of[read.id]
        for key in sighting.vehicles:
            del self.vehicles[key].pairs[sighting.id]

    def _forget(self, read_id: str) -> tuple[Key, ...]:
        sighting = self.sighting_of(read_id)
        if sighting is None:
            return ()
        before = tuple(sighting.vehicles)
        rest = [read for read in sighting.reads if read.id != read_id]
        self.drop_sighting(sighting)
        if rest:
            # Named anew: its first read may be the one that went.
            renamed = Sighting(rest[0].id, rest)
            self.sightings[renamed.id] = renamed
            for read in rest:
                self._sighting_of[read.id] = renamed.id
            self._relink(renamed)
        return before

    def _seen_already(self, read: PlateRead) -> Sighting | None:
        """The earliest sighting with nearly this text, close enough in time.

        Two texts that differ in one character are far more often one plate misread than two vehicles
        in convoy with neighbouring numbers; and where it is a convoy, nothing is decided.
        """
        if not read.text:
            return None
        reach = self._settings.same_plate_ms * MS
        same = [
            sighting
            for sighting in self.sightings.values()
            if alike(sighting.reads[0].text, read.text)
            and abs(sighting.reads[0].at - read.at) <= reach
            and len(sighting.reads) < MOST_READS_OF_ONE
        ]
        return min(same, key=lambda s: s.order, default=None)

    def _relink(self, sighting: Sighting) -> None:
        for vehicle in self.vehicles.values():
            self._link(vehicle, sighting)

    def _link(self, vehicle: Vehicle, sighting: Sighting) -> None:
        weigh = self._likelihood.pair
        weight = blend([weigh(vehicle.crossing, vehicle.size, vehicle.expected, r) for r in sighting.reads])
        if weight > 0:
            vehicle.pairs[sighting.id] = weight
            sighting.vehicles[vehicle.key] = None
        else:
            vehicle.pairs.pop(sighting.id, None)
            sighting.vehicles.pop(vehicle.key, None)


def blend(weights: list[int]) -> int:
    """Weight of a sighting from those of its reads, in order of time.

    A camera that reads a vehicle twice reads it again as it moves on: the first read counts nine
    tenths, the others share the rest.

    >>> blend([100]), blend([100, 0]), blend([0, 100, 100])
    (100, 90, 10)
    """
    first, *others = weights
    return (9 * first + sum(others) // len(others)) // 10 if others else first


def alike(one: str, other: str) -> bool:
    """Readable, of one length, and at most one character apart."""
    return bool(one) and len(one) == len(other) and sum(a != b for a, b in zip(one, other, strict=True)) <= 1


def best_read(vehicle: Vehicle, sighting: Sighting, settings: MatchSettings) -> PlateRead:
    """The read of a sighting that fits the vehicle's time best; on a tie the earlier, then lower id."""

    def misfit(read: PlateRead) -> tuple[int, Ns, str]:
        sd = read_sd(vehicle.expected, read.at_sd, settings)
        return (abs(read.at - vehicle.expected.at) * 1_000 // sd, read.at, read.id)

    return min(sighting.reads, key=misfit)
