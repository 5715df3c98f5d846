"""What a cluster says of each of its vehicles, now and whatever may still come.

While a vehicle's window is open its read may still be on its way, so "no read" is worth anything
between `miss` (it would have come by now) and 1 (nothing can have come yet). The marginal of a
pair is a ratio of two functions linear in each of these worths, so its least and greatest values
lie at the corners of the box they span. A vehicle is decided early only when even the worst corner
is good enough: then the posterior is good enough however late reads tend to come.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from edge_agent.core.match.assign import Marginals, marginals
from edge_agent.core.match.coverage import Coverage
from edge_agent.core.match.likelihood import Likelihood
from edge_agent.core.match.pool import Cluster, Sighting, blend
from edge_agent.core.match.settings import MatchSettings
from edge_agent.core.units import Ns


@dataclass(frozen=True, slots=True)
class Standing:
    """One vehicle's candidates, best first, then in order of time; and "no read"."""

    candidates: tuple[tuple[int, Sighting], ...]  # (ppm, sighting)
    none_ppm: int

    @property
    def best(self) -> tuple[int, Sighting] | None:
        """The most probable sighting."""
        return self.candidates[0] if self.candidates else None

    @property
    def margin(self) -> int:
        """Best minus runner-up; "no read" is a runner-up too. Negative when it is the best."""
        if not self.candidates:
            return -self.none_ppm
        second = self.candidates[1][0] if len(self.candidates) > 1 else 0
        return self.candidates[0][0] - max(second, self.none_ppm)


class Posterior:
    """Exact posteriors of one cluster at one moment."""

    def __init__(
        self, cluster: Cluster, now: Ns, likelihood: Likelihood, coverage: Coverage, settings: MatchSettings
    ) -> None:
        self._settings = settings
        self._likelihood = likelihood
        self._cluster = cluster
        index = {vehicle.key: i for i, vehicle in enumerate(cluster.vehicles)}
        self._index = index
        self._pairs = [
            {index[key]: cluster.vehicles[index[key]].pairs[s.id] for key in s.vehicles}
            for s in cluster.sightings
        ]
        self._stray = [_stray(s, now, likelihood, coverage) for s in cluster.sightings]
        self._open = [i for i, vehicle in enumerate(cluster.vehicles) if now < vehicle.close]
        self._corners: list[tuple[frozenset[int], Marginals]] | None = None
        self._final = self._solve(frozenset())

    @property
    def overflow(self) -> bool:
        """Too many compete: nothing is known, and nothing may be guessed."""
        return self._final is None

    @property
    def crowd(self) -> bool:
        """More than one crossing competes."""
        return len(self._cluster.vehicles) > 1

    def standing(self, key: tuple[str, int]) -> Standing:
        """As it will be if nothing else comes."""
        assert self._final is not None
        return self._standing(self._index[key], self._final)

    def worst(self, key: tuple[str, int], sighting: Sighting) -> Standing | None:
        """Where the pair stands in the worst case; None when too many windows are open to tell."""
        return self._extreme(key, sighting, worst=True)

    def greatest_ppm(self, key: tuple[str, int], sighting: Sighting) -> int | None:
        """Posterior of the pair in the best case; None when too many windows are open to tell."""
        if not self._open:
            return self.ppm(key, sighting)
        best = self._extreme(key, sighting, worst=False)
        return None if best is None else {s.id: ppm for ppm, s in best.candidates}.get(sighting.id, 0)

    def ppm(self, key: tuple[str, int], sighting: Sighting) -> int:
        """Posterior of one pair if nothing else comes."""
        assert self._final is not None
        return self._final.ppm(self._cluster.sightings.index(sighting), self._index[key])

    def owned_ppm(self, sighting: Sighting) -> int:
        """Posterior that the sighting is one of the vehicles."""
        assert self._final is not None
        row = self._final.pairs[self._cluster.sightings.index(sighting)]
        return sum(row.values()) * 1_000_000 // self._final.total

    def _extreme(self, key: tuple[str, int], sighting: Sighting, *, worst: bool) -> Standing | None:
        assert self._final is not None
        vehicle = self._index[key]
        row = self._cluster.sightings.index(sighting)
        corners = self._all_corners()
        if corners is None:
            return None
        own_open = vehicle in self._open
        # Its own "no read" can only take away from the pair: worth most in the worst case.
        relevant = [m for waiting, m in corners if not own_open or (vehicle in waiting) == worst]
        pick = min if worst else max
        found = pick(relevant, key=lambda m: m.ppm(row, vehicle))
        return self._standing(vehicle, found)

    def _all_corners(self) -> list[tuple[frozenset[int], Marginals]] | None:
        if self._corners is None:
            if len(self._open) > self._settings.max_open:
                return None
            solved = []
            for choice in product((False, True), repeat=len(self._open)):
                waiting = frozenset(i for i, waits in zip(self._open, choice, strict=True) if waits)
                corner = self._solve(waiting)
                if corner is None:
                    return None
                solved.append((waiting, corner))
            self._corners = solved
        return self._corners

    def _solve(self, waiting: frozenset[int]) -> Marginals | None:
        if self._too_big():
            return None
        missed, not_yet = self._likelihood.none, self._likelihood.none_yet
        none = [not_yet if i in waiting else missed for i in range(len(self._cluster.vehicles))]
        return marginals(self._pairs, none, self._stray, self._settings.max_states)

    def _too_big(self) -> bool:
        most = self._settings.max_cluster
        return len(self._cluster.vehicles) > most or len(self._cluster.sightings) > most

    def _standing(self, vehicle: int, found: Marginals) -> Standing:
        ranked = sorted(
            ((found.ppm(row, vehicle), s) for row, s in enumerate(self._cluster.sightings)
             if vehicle in self._pairs[row]),
            key=lambda pair: (-pair[0], pair[1].order),
        )  # fmt: skip
        return Standing(tuple(ranked), found.none_ppm(vehicle))


def _stray(sighting: Sighting, now: Ns, likelihood: Likelihood, coverage: Coverage) -> int:
    return max(1, blend([likelihood.stray(r, coverage.unreported(r.at, now)) for r in sighting.reads]))
