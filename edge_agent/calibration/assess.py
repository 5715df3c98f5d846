"""A truck's passes -> proposal, errors before and after, and the classes that are reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edge_agent.calibration import r134
from edge_agent.calibration.cost323 import Criterion, Environment, Errors, Plan, Reached, accuracy, worst
from edge_agent.calibration.fit import Fit, Run, fit, unlike_the_others
from edge_agent.calibration.truck import TestTruck
from edge_agent.core.records import Crossing
from edge_agent.core.weigh.calibration import MILLION, calibrated
from edge_agent.core.weigh.settings import CalibrationSettings
from edge_agent.errors import UsageError, both

LEAST_PASSES = 5


@dataclass(frozen=True, slots=True)
class Assessment:
    """Everything that the report shows."""

    fit: Fit
    proposed: CalibrationSettings
    before: dict[Criterion, list[float]]  # percent, run by run
    after: dict[Criterion, list[float]]  # as the proposal would have weighed them
    cost323: dict[Criterion, Reached]  # of `after`
    cost323_before: dict[Criterion, Reached]
    r134_vehicle: str  # class of `after`
    r134_axle: str  # empty where two axles' static loads are not known

    @property
    def cost323_class(self) -> str:
        """Of the site, with the proposal."""
        return worst(self.cost323)

    @property
    def cost323_class_before(self) -> str:
        """Of the site, as it is calibrated now."""
        return worst(self.cost323_before)


@dataclass(frozen=True, slots=True)
class Test:
    """How the runs were made."""

    __test__ = False  # a test's class by name only

    plan: Plan = Plan.R1
    environment: Environment = Environment.I
    initial: bool = True


def assess(
    crossings: Sequence[Crossing],
    truck: TestTruck,
    used: CalibrationSettings,
    bin_ends_mm_s: Sequence[int],
    name: str,
    date: str,
    test: Test,
) -> Assessment:
    """What these passes say.

    Args:
        crossings: the truck's passes, weighed with `used`.
        truck: what is known of it at rest.
        used: the lane's calibration when they were weighed.
        bin_ends_mm_s: upper ends of the speed bins, rising.
        name: id of the new calibration.
        date: ISO date of the runs.
        test: how they were made.

    Raises:
        UsageError: too few passes to say anything, or one is so unlike the others that it may be another's.
    """
    if len(crossings) < LEAST_PASSES:
        raise UsageError(
            both(
                f"检验车有效通过只有 {len(crossings)} 次，至少需要 {LEAST_PASSES} 次",
                f"{len(crossings)} good passes of the truck; at least {LEAST_PASSES} are needed",
            )
        )
    runs = [_run(crossing, used) for crossing in crossings]
    _is_one_vehicle(crossings, runs, truck, bin_ends_mm_s)
    found = fit(runs, truck.gross_kg * 1000, truck.gross_interval_kg * 1000, bin_ends_mm_s)
    proposed = found.settings(used, name, date)
    before = errors(crossings, truck, [1.0] * len(crossings))
    scale = [_rescale(crossing, used, proposed) for crossing in crossings]
    after = errors(crossings, truck, scale)
    return Assessment(
        fit=found,
        proposed=proposed,
        before=before,
        after=after,
        cost323=accuracy(_summed(after), test.plan, test.environment, initial=test.initial),
        cost323_before=accuracy(_summed(before), test.plan, test.environment, initial=test.initial),
        r134_vehicle=r134.vehicle_class(after[Criterion.GROSS], initial=test.initial),
        r134_axle=_axle_class(crossings, truck, scale, initial=test.initial),
    )


def errors(
    crossings: Sequence[Crossing], truck: TestTruck, scale: Sequence[float]
) -> dict[Criterion, list[float]]:
    """Errors against the static loads in percent, by criterion; `scale` multiplies each pass's weights."""
    found: dict[Criterion, list[float]] = {Criterion.GROSS: []}
    for crossing, factor in zip(crossings, scale, strict=True):
        assert crossing.gross is not None
        found[Criterion.GROSS].append(_percent(crossing.gross * factor, truck.gross_kg * 1000))
        if not truck.axles_kg:
            continue
        for group in crossing.groups:
            members = range(group.first, group.first + group.count)
            static = [truck.axles_kg[k] * 1000 for k in members]
            single = Criterion.SINGLE if group.count == 1 else Criterion.OF_GROUP
            for k, true in zip(members, static, strict=True):
                found.setdefault(single, []).append(_percent(crossing.axles[k].load * factor, true))
            if group.count > 1:
                found.setdefault(Criterion.GROUP, []).append(_percent(group.load * factor, sum(static)))
    return found


def as_dict(found: Assessment) -> dict[str, Any]:
    """For `--json` and the record."""
    return {
        "proposed": found.proposed.model_dump(mode="json"),
        "bins": [
            {
                "up_to_mm_s": b.up_to_mm_s,
                "runs": b.runs,
                "factor_ppm": b.factor_ppm,
                "interval_ppm": b.interval_ppm,
                "sd_ppm": b.sd_ppm,
                "differs": b.differs,
            }
            for b in found.fit.bins
        ],
        "factor_interval_ppm": found.fit.interval_ppm,
        "cost323": {
            "class": found.cost323_class,
            "class_before": found.cost323_class_before,
            "criteria": {
                which.value: {
                    "class": one.name,
                    "number": len(found.after[which]),
                    "mean_percent": round(Errors.of(found.after[which]).mean, 3),
                    "sd_percent": round(Errors.of(found.after[which]).sd, 3),
                    "required_percent": round(one.required, 2),
                    "level_percent": round(one.level, 2),
                    "smallest_tolerance_percent": round(one.smallest, 2),
                }
                for which, one in found.cost323.items()
            },
        },
        "r134": {
            "vehicle": found.r134_vehicle,
            "axle": found.r134_axle,
            "axle_table_checked": r134.AXLES_CHECKED,
        },
    }


def _run(crossing: Crossing, used: CalibrationSettings) -> Run:
    assert crossing.gross is not None
    assert crossing.speed is not None
    return Run(crossing.speed, crossing.gross, _correction_ppm(crossing, used))


def _is_one_vehicle(
    crossings: Sequence[Crossing], runs: Sequence[Run], truck: TestTruck, bin_ends_mm_s: Sequence[int]
) -> None:
    """A lorry of the traffic with the truck's axles would put its own weight into everybody's."""
    unlike = unlike_the_others(runs, truck.gross_kg * 1000, bin_ends_mm_s)
    if not unlike:
        return
    passes = ", ".join(f"{crossings[k].number} ({off / 10_000:+.1f} %)" for k, off in unlike)
    raise UsageError(
        both(
            f"第 {passes} 次与其他通过相差太大：是别的车，还是没开好？确认后用 --without 编号 去掉",
            f"passes unlike the others: {passes}. Another vehicle, or driven badly? Leave them "
            "out: --without NUMBER",
        )
    )


def _correction_ppm(crossing: Crossing, settings: CalibrationSettings) -> int:
    """All that a calibration did to this pass but for temperature, which the proposal leaves alone."""
    bare = settings.model_copy(update={"temperature_ppm_per_c": 0})
    return calibrated(MILLION * 1000, bare, crossing.speed, None) // 1000 - MILLION


def _rescale(crossing: Crossing, used: CalibrationSettings, proposed: CalibrationSettings) -> float:
    return (MILLION + _correction_ppm(crossing, proposed)) / (MILLION + _correction_ppm(crossing, used))


def _summed(percents: dict[Criterion, list[float]]) -> dict[Criterion, Errors]:
    return {which: Errors.of(values) for which, values in percents.items()}


def _axle_class(
    crossings: Sequence[Crossing], truck: TestTruck, scale: Sequence[float], *, initial: bool
) -> str:
    """Two axles are compared with the static loads, more with the corrected means."""
    runs = [[axle.load * k for axle in one.axles] for one, k in zip(crossings, scale, strict=True)]
    rigid = len(truck.spacings_mm) == 1
    if rigid and not truck.axles_kg:
        return ""
    true = (
        [kg * 1000.0 for kg in truck.axles_kg] if rigid else r134.corrected_means(runs, truck.gross_kg * 1000)
    )
    off = [_percent(load, one) for loads in runs for load, one in zip(loads, true, strict=True)]
    return r134.axle_class(off, initial=initial, two_axle_rigid=rigid)


def _percent(weighed: float, true: float) -> float:
    return 100 * (weighed / true - 1)
