"""A test truck's runs as pictures. Needs the `plots` extra."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl

from edge_agent.calibration.assess import Assessment
from edge_agent.calibration.cost323 import TOLERANCE, Criterion
from edge_agent.calibration.truck import TestTruck
from edge_agent.core.records import Crossing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from edge_agent.calibration.trace import PassTrace

KMH = 0.0036
TONNE_G = 1_000_000


def draw_errors(
    found: Assessment, passes: Sequence[Crossing], truck: TestTruck, ends: Sequence[int], folder: Path
) -> Path:
    """`calibration.png`: the error of every pass by its speed, now and with the proposal.

    Returns:
        the file's path.
    """
    panel = _panel()
    speeds = [(crossing.speed or 0) * KMH for crossing in passes]
    panel.plot(speeds, found.before[Criterion.GROSS], "o", color="tab:gray", label="as calibrated now")
    panel.plot(speeds, found.after[Criterion.GROSS], "o", color="tab:blue", label="with the proposal")
    reached = found.cost323_class
    if reached in TOLERANCE:
        tolerance = found.cost323[Criterion.GROSS].tolerance
        panel.axhspan(-tolerance, tolerance, color="tab:green", alpha=0.1, label=f"COST 323 {reached}")
    _mark_bins(panel, ends)
    panel.axhline(0, color="black", linewidth=0.8)
    panel.set_ylabel("error of the gross weight, %")
    panel.set_title(f"{len(passes)} passes of {truck.gross_kg:,} kg at rest")
    return _saved(panel, folder, "calibration.png")


def draw_factors(found: Assessment, passes: Sequence[Crossing], ends: Sequence[int], folder: Path) -> Path:
    """`factor.png`: what every pass says of the factor, and each bin's with its 95 % interval.

    Returns:
        the file's path.
    """
    panel = _panel()
    fit = found.fit
    speeds = [(crossing.speed or 0) * KMH for crossing in passes]
    panel.plot(speeds, [ppm / 1e4 for ppm in fit.factors_ppm], "o", color="tab:gray", label="each pass")
    low, high = ((fit.factor_ppm + sign * fit.interval_ppm) / 1e4 for sign in (-1, 1))
    panel.axhspan(low, high, color="tab:blue", alpha=0.15)
    panel.axhline(fit.factor_ppm / 1e4, color="tab:blue", label="all speeds, 95 %")
    start, named = 0, False
    for one in fit.bins:
        if one.runs and one.interval_ppm is not None:
            panel.errorbar(
                (start + one.up_to_mm_s) / 2 * KMH,
                one.factor_ppm / 1e4,
                xerr=(one.up_to_mm_s - start) / 2 * KMH,
                yerr=one.interval_ppm / 1e4,
                color="tab:red" if one.differs else "tab:green",
                capsize=4,
                label=None if named else "each speed bin, 95 % (red: a correction of its own)",
            )
            named = True
        start = one.up_to_mm_s
    _mark_bins(panel, ends)
    spread = [ppm / 1e4 for ppm in fit.factors_ppm]
    margin = 0.5 * (max(spread) - min(spread)) + 0.2
    panel.set_ylim(min(spread) - margin, max(spread) + margin)  # an interval of two runs would hide the rest
    panel.set_ylabel("to be added to what is weighed, %")
    panel.set_title("factor by speed")
    return _saved(panel, folder, "factor.png")


def draw_trace(seen: PassTrace, folder: Path) -> Path:
    """`trace.png`: one pass as the sensors saw it, its axles marked.

    Returns:
        the file's path.
    """
    panel = _panel()
    crossing = seen.crossing
    begin = crossing.first_axle_at
    seconds = (seen.at - begin) / 1e9
    for name, load in zip(seen.sensors, seen.load.T, strict=True):
        panel.plot(seconds, load / TONNE_G, linewidth=1, label=name)
    top = float(seen.load.max()) / TONNE_G
    for number, axle in enumerate(crossing.axles, start=1):
        at = (axle.at - begin) / 1e9
        panel.axvline(at, color="black", alpha=0.4, linestyle=":")
        panel.annotate(
            f"axle {number}\n{axle.load / TONNE_G:.2f} t",
            (at, (1.05, 1.22)[number % 2] * top),  # two heights: the axles of a group stand close together
            ha="center",
            fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )
    panel.set_ylim(top=1.4 * top)
    panel.set_xlabel("after the first axle met the first sensor, s")
    panel.set_ylabel("load on the sensor above its zero, t")
    speed = (crossing.speed or 0) * KMH
    gross = (crossing.gross or 0) / TONNE_G
    panel.set_title(f"pass {crossing.number}: {speed:.1f} km/h, {gross:.2f} t weighed (as calibrated now)")
    return _saved(panel, folder, "trace.png")


def _panel() -> Axes:
    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend was chosen

    _, panel = plt.subplots(figsize=(8, 4.5))
    panel.set_xlabel("speed, km/h")
    return panel


def _mark_bins(panel: Axes, ends: Sequence[int]) -> None:
    for end in ends:
        panel.axvline(end * KMH, color="black", alpha=0.2, linestyle=":")
    panel.set_xlim(left=0)


def _saved(panel: Axes, folder: Path, name: str) -> Path:
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend was chosen

    panel.legend(fontsize=9)
    panel.grid(visible=True, alpha=0.3)
    figure = panel.get_figure(root=True)
    assert figure is not None
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    figure.savefig(path, dpi=120, bbox_inches="tight")
    plt.close("all")
    return path
