"""Which accuracy classes of OIML R 134 a set of runs reaches: every single run must be within the limit.

    vehicle mass   0.2 0.5 1 2 5 10: half of that percentage at an initial verification, all of it in service
    axles          A to F: of a two-axle rigid vehicle against the static load, of others against the
                   corrected mean: the mean of that axle, times true vehicle mass over mean vehicle mass

The percentages of vehicle mass are those of the Swiss ordinance SR 941.214 (initial) and their double (in
service); those of axles were not checked against the recommendation's text (`AXLES_CHECKED`). The
recommendation lets a fixed number of scale intervals take the percentage's place where that is larger: this
does not, so that it may say a worse class, and never a better one.
"""

from __future__ import annotations

from collections.abc import Sequence

VEHICLE_CLASSES = ("0.2", "0.5", "1", "2", "5", "10")
# Percent in service: (single axle of a two-axle rigid vehicle, any axle or group of another vehicle).
AXLE_CLASSES = {
    "A": (0.5, 1.0),
    "B": (1.0, 2.0),
    "C": (1.5, 3.0),
    "D": (2.0, 4.0),
    "E": (4.0, 8.0),
    "F": (8.0, 16.0),
}
AXLES_CHECKED = False
INITIAL = 0.5
BEYOND = "none"


def vehicle_class(errors_percent: Sequence[float], *, initial: bool) -> str:
    """The best class that every run's vehicle mass is within; `BEYOND` when there is none."""
    largest = max(map(abs, errors_percent))
    fit = [name for name in VEHICLE_CLASSES if largest <= float(name) * (INITIAL if initial else 1)]
    return fit[0] if fit else BEYOND


def axle_class(errors_percent: Sequence[float], *, initial: bool, two_axle_rigid: bool) -> str:
    """The best class that every run's axle load is within; `BEYOND` when there is none.

    Args:
        errors_percent: from the static load of a two-axle rigid vehicle, from `corrected_means` of others.
        initial: an initial verification.
        two_axle_rigid: which column of the table holds.
    """
    largest = max(map(abs, errors_percent))
    for name, limits in AXLE_CLASSES.items():
        if largest <= limits[0 if two_axle_rigid else 1] * (INITIAL if initial else 1):
            return name
    return BEYOND


def corrected_means(runs: Sequence[Sequence[float]], true_mass: float) -> list[float]:
    """What each axle is compared with: its mean over all runs, so scaled that they add up to the true mass.

    Args:
        runs: loads of the axles, the same count in each run, one unit.
        true_mass: of the vehicle at rest, in that unit.
    """
    means = [sum(loads) / len(runs) for loads in zip(*runs, strict=True)]
    return [mean * true_mass / sum(means) for mean in means]
