"""What competes for the plate of one crossing, laid open for people who ask why it was decided so.

Nothing is concluded from it: the answers are the matcher's.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.core.match.pool import Cluster, Key, Sighting
from edge_agent.core.match.posterior import Posterior
from edge_agent.core.records import Crossing, PlateRead
from edge_agent.core.units import Ns, Ppm


@dataclass(frozen=True, slots=True)
class RivalCrossing:
    """A crossing that competes: when its read was expected, and in which window one is looked for."""

    crossing: Crossing
    expected: Ns
    sd: Ns
    start: Ns
    end: Ns
    none: Ppm | None  # that no read of these is its; None: too many compete to tell


@dataclass(frozen=True, slots=True)
class RivalReads:
    """One vehicle as the camera saw it, and how probably it is which crossing."""

    reads: tuple[PlateRead, ...]  # in order of time; several of nearly one text are one vehicle
    posteriors: tuple[tuple[Key, Ppm], ...]  # best first; empty: too many compete to tell


@dataclass(frozen=True, slots=True)
class Rivals:
    """One cluster at one moment, both sides in order of time."""

    at: Ns
    crossings: tuple[RivalCrossing, ...]
    seen: tuple[RivalReads, ...]


def rivals_of(cluster: Cluster, posterior: Posterior, at: Ns) -> Rivals:
    """The cluster with its posteriors as they are if nothing else comes."""
    known = not posterior.overflow
    return Rivals(
        at,
        tuple(
            RivalCrossing(
                vehicle.crossing,
                vehicle.expected.at,
                vehicle.sd,
                vehicle.start,
                vehicle.end,
                Ppm(posterior.standing(vehicle.key).none_ppm) if known else None,
            )
            for vehicle in cluster.vehicles
        ),
        tuple(
            RivalReads(tuple(sighting.reads), _shares(sighting, posterior) if known else ())
            for sighting in cluster.sightings
        ),
    )


def _shares(sighting: Sighting, posterior: Posterior) -> tuple[tuple[Key, Ppm], ...]:
    shares = [(key, Ppm(posterior.ppm(key, sighting))) for key in sighting.vehicles]
    return tuple(sorted(shares, key=lambda share: (-share[1], share[0])))
