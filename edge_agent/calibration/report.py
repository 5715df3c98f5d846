"""What a technician reads after the runs, and the proposal that `calibrate apply` takes."""

from __future__ import annotations

import yaml

from edge_agent.calibration.assess import Assessment, as_dict
from edge_agent.calibration.cost323 import Criterion, Errors, Reached
from edge_agent.calibration.truck import Passes, TestTruck

SAID = {
    Criterion.GROSS: "gross weight",
    Criterion.GROUP: "axle group",
    Criterion.SINGLE: "single axle",
    Criterion.OF_GROUP: "axle of a group",
}


def text(lane: str, found: Assessment, truck: TestTruck, passes: Passes) -> str:
    """Tables for a terminal."""
    lines = [
        (
            f"lane {lane}: {len(passes.used)} passes of {truck.name}, {len(passes.left_out)} left out, "
            f"{passes.others} other vehicles"
        ),
        f"at rest it weighs {truck.gross_kg:,} ± {truck.gross_interval_kg} kg",
        *(f"  pass {c.number} left out: {reason}" for c, reason in passes.left_out),
        "",
        f"factor for all speeds  {_signed(found.fit.factor_ppm)} ± {_percent(found.fit.interval_ppm)} %",
        "",
        f"{'speed':>12} {'runs':>5} {'factor %':>9} {'± %':>6} {'SD %':>6}  correction of its own",
    ]
    start = 0
    for one in found.fit.bins:
        end = one.up_to_mm_s
        half = "-" if one.interval_ppm is None else _percent(one.interval_ppm)
        sd = "-" if one.sd_ppm is None else _percent(one.sd_ppm)
        factor = _signed(one.factor_ppm) if one.runs else "-"
        own = "yes" if one.differs else "no" if one.runs else "no runs: not covered"
        speeds = f"{start * 0.0036:.0f}-{end * 0.0036:.0f} km/h"
        lines.append(f"{speeds:>12} {one.runs:>5} {factor:>9} {half:>6} {sd:>6}  {own}")
        start = end
    lines += [
        "",
        (
            f"{'errors, %':<16} {'n':>4} {'mean now':>9} {'SD now':>7} {'mean then':>10} {'SD then':>8}"
            f" {'needs ±':>8}  COST 323 now -> then"
        ),
        *(_criterion(which, found) for which in found.after),
        "",
        (
            f"COST 323: {found.cost323_class_before or 'too few'} now, "
            f"{found.cost323_class or 'too few'} with the proposal"
        ),
        f"OIML R 134, vehicle mass: class {found.r134_vehicle} (every pass within its limit)",
    ]
    if found.r134_axle:
        lines.append(f"OIML R 134, axles: class {found.r134_axle} (limits not checked against the text)")
    lines += [
        "",
        "A class here is what these passes show. It is no verification: that is the institute's.",
        "Proposed:",
        *(f"  {line}" for line in _block(found).splitlines()),
    ]
    return "\n".join(lines)


def proposal_text(lane: str, found: Assessment, truck: TestTruck, passes: Passes) -> str:
    """YAML: the block for the configuration, and the figures that it rests on."""
    runs = [
        {"number": c.number, "gross_g": c.gross, "speed_mm_s": c.speed, "at_ns": c.first_axle_at}
        for c in passes.used
    ]
    content = {
        "lane": lane,
        "calibration": _values(found),
        "truck": truck.model_dump(mode="json"),
        "runs": runs,
        "left_out": [{"number": c.number, "reason": reason} for c, reason in passes.left_out],
        "assessment": as_dict(found),
    }
    return (
        "# Made by `edge-agent calibrate truck`; `edge-agent calibrate apply` puts it into a configuration.\n"
        + (yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
    )


def _criterion(which: Criterion, found: Assessment) -> str:
    now, then = Errors.of(found.before[which]), Errors.of(found.after[which])
    before, after = found.cost323_before[which], found.cost323[which]
    return (
        f"{SAID[which]:<16} {now.number:>4} {now.mean:>9.2f} {now.sd:>7.2f} {then.mean:>10.2f} "
        f"{then.sd:>8.2f} {after.smallest:>8.2f}  {_name(before)} -> {_name(after)}"
    )


def _name(reached: Reached) -> str:
    return reached.name or "too few"


def _values(found: Assessment) -> dict[str, object]:
    return found.proposed.model_dump(mode="json", exclude_defaults=True)


def _block(found: Assessment) -> str:
    return yaml.safe_dump({"calibration": _values(found)}, allow_unicode=True, sort_keys=False)


def _percent(ppm: int) -> str:
    return f"{ppm / 10_000:.2f}"


def _signed(ppm: int) -> str:
    return f"{ppm / 10_000:+.2f}"
