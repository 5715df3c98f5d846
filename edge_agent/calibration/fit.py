"""Drive-by runs of a truck whose weight is known -> what the lane's calibration should be.

    true / weighed, run by run  ->  one factor for all speeds, and a correction for each speed bin that
    really differs from it  ->  what is left over, as a 95 % interval

What was weighed carries the calibration of then; it is taken out first, so that the result replaces it.
Nothing here changes a configuration: a person looks at the proposal, and applies it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from edge_agent.calibration.student import quantile
from edge_agent.core.weigh.settings import CalibrationSettings, SpeedBin

LEAST_RUNS = 3  # of a bin, for a correction of its own
# A run further from the others' median than this, and than so many of their robust standard deviations, may
# be another vehicle's.
UNLIKE_PPM = 80_000
UNLIKE_SD = 5.0
MAD = 1.483  # median absolute deviation to standard deviation, normal law
LEAST_RESIDUAL_PERMILLE = 2  # no calibration with a truck is better than that
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Run:
    """One pass of the test truck."""

    speed_mm_s: int
    weighed_g: int  # with the calibration of then
    correction_ppm: int = 0  # of that calibration at that speed, all of it


@dataclass(frozen=True, slots=True)
class BinFit:
    """The runs of one speed bin."""

    up_to_mm_s: int
    runs: int
    factor_ppm: int  # true over weighed, less one
    interval_ppm: int | None  # half width, 95 %; None with fewer than two runs
    sd_ppm: int | None  # repeatability: standard deviation between the runs
    differs: bool  # from the factor of all runs, by more than its own interval


@dataclass(frozen=True, slots=True)
class Fit:
    """The proposal and how good it is."""

    factor_ppm: int
    interval_ppm: int
    bins: tuple[BinFit, ...]
    residual_permille: int  # half width of the 95 % interval of what calibration leaves over
    factors_ppm: tuple[int, ...]  # what each run says, in their order

    def settings(self, base: CalibrationSettings, name: str, date: str) -> CalibrationSettings:
        """The lane's calibration with this in it; its temperature and dynamics stay."""
        corrected = [
            SpeedBin(up_to_mm_s=one.up_to_mm_s, correction_ppm=self._beyond(one)) for one in self.bins
        ]
        return base.model_copy(
            update={
                "id": name,
                "date": date,
                "factor_ppm": self.factor_ppm,
                "speed_bins": tuple(corrected) if any(one.differs for one in self.bins) else (),
                "residual_permille": self.residual_permille,
            }
        )

    def _beyond(self, one: BinFit) -> int:
        """The bin's own correction on top of the factor: they multiply."""
        if not one.differs:
            return 0
        return round(MILLION * ((MILLION + one.factor_ppm) / (MILLION + self.factor_ppm) - 1))


def fit(runs: Sequence[Run], static_g: int, static_interval_g: int, bin_ends_mm_s: Sequence[int]) -> Fit:
    """The factor of all runs and of each speed bin.

    Args:
        runs: at least three.
        static_g: the truck's weight at rest, on a verified scale.
        static_interval_g: half width of the 95 % interval of that.
        bin_ends_mm_s: upper ends of the speed bins, rising; faster runs belong to the last one.
    """
    factors = [_factor(run, static_g) for run in runs]
    mean, sd = _mean_sd(factors)
    interval = _interval(sd, len(runs))
    bins = tuple(
        _bin(end, [f for run, f in zip(runs, factors, strict=True) if _end(run, bin_ends_mm_s) == end], mean)
        for end in bin_ends_mm_s
    )
    left = math.hypot(_widest(bins, mean, interval), MILLION * static_interval_g / static_g)
    return Fit(
        factor_ppm=round(mean),
        interval_ppm=math.ceil(interval),
        bins=bins,
        residual_permille=max(LEAST_RESIDUAL_PERMILLE, math.ceil(left / 1000)),
        factors_ppm=tuple(map(round, factors)),
    )


def unlike_the_others(
    runs: Sequence[Run], static_g: int, bin_ends_mm_s: Sequence[int]
) -> list[tuple[int, int]]:
    """(which run, how much more than the others it weighed, ppm), of those that are no chance.

    A speed bin with enough runs is judged by its own median: speed may well make a difference.
    """
    factors = [_factor(run, static_g) for run in runs]
    ends = [_end(run, bin_ends_mm_s) for run in runs]
    by_end = {end: [f for f, of in zip(factors, ends, strict=True) if of == end] for end in set(ends)}
    middle = {end: median(own if len(own) >= LEAST_RUNS else factors) for end, own in by_end.items()}
    off = [
        MILLION * ((MILLION + middle[end]) / (MILLION + factor) - 1)
        for factor, end in zip(factors, ends, strict=True)
    ]
    limit = max(UNLIKE_PPM, UNLIKE_SD * MAD * median(map(abs, off)))
    return [(k, round(one)) for k, one in enumerate(off) if abs(one) > limit]


def _factor(run: Run, static_g: int) -> float:
    """What the bare weight must be multiplied with, less one, in millionths."""
    bare = run.weighed_g / (1 + run.correction_ppm / MILLION)
    return MILLION * (static_g / bare - 1)


def _bin(end: int, factors: Sequence[float], of_all: float) -> BinFit:
    mean, sd = _mean_sd(factors)
    interval = _interval(sd, len(factors)) if len(factors) > 1 else None
    differs = len(factors) >= LEAST_RUNS and interval is not None and abs(mean - of_all) > interval
    return BinFit(
        up_to_mm_s=end,
        runs=len(factors),
        factor_ppm=round(mean),
        interval_ppm=None if interval is None else math.ceil(interval),
        sd_ppm=round(sd) if len(factors) > 1 else None,
        differs=differs,
    )


def _widest(bins: Sequence[BinFit], of_all: float, interval: float) -> float:
    """Half width of what may be left over in the worst bin.

    One without a correction of its own keeps what it differs by: that may be real though it is not sure.
    """
    own = [float(one.interval_ppm) for one in bins if one.differs and one.interval_ppm is not None]
    kept = [abs(one.factor_ppm - of_all) for one in bins if one.runs and not one.differs]
    return max([interval + max(kept, default=0.0), *own])


def _end(run: Run, ends: Sequence[int]) -> int:
    return next((end for end in ends if run.speed_mm_s <= end), ends[-1])


def _mean_sd(values: Sequence[float]) -> tuple[float, float]:
    if not values:
        return 0.0, 0.0
    mean = math.fsum(values) / len(values)
    square = math.fsum((one - mean) ** 2 for one in values) / max(1, len(values) - 1)
    return mean, math.sqrt(square)


def _interval(sd: float, number: int) -> float:
    return quantile(0.975, number - 1) * sd / math.sqrt(number)
