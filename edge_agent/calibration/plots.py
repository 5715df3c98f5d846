"""The runs as a picture. Needs the `plots` extra."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

from edge_agent.calibration.assess import Assessment
from edge_agent.calibration.cost323 import TOLERANCE, Criterion
from edge_agent.calibration.truck import TestTruck
from edge_agent.core.records import Crossing

KMH = 0.0036


def draw(
    found: Assessment, passes: Sequence[Crossing], truck: TestTruck, ends: Sequence[int], folder: Path
) -> Path:
    """`calibration.png`: the error of every pass by its speed, now and with the proposal.

    Returns:
        the file's path.
    """
    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend was chosen

    folder.mkdir(parents=True, exist_ok=True)
    speeds = [(crossing.speed or 0) * KMH for crossing in passes]
    figure, panel = plt.subplots(figsize=(8, 4.5))
    panel.plot(speeds, found.before[Criterion.GROSS], "o", color="tab:gray", label="as calibrated now")
    panel.plot(speeds, found.after[Criterion.GROSS], "o", color="tab:blue", label="with the proposal")
    reached = found.cost323_class
    if reached in TOLERANCE:
        tolerance = found.cost323[Criterion.GROSS].tolerance
        panel.axhspan(-tolerance, tolerance, color="tab:green", alpha=0.1, label=f"COST 323 {reached}")
    for end in ends:
        panel.axvline(end * KMH, color="black", alpha=0.2, linestyle=":")
    panel.axhline(0, color="black", linewidth=0.8)
    panel.set_xlabel("speed, km/h")
    panel.set_ylabel("error of the gross weight, %")
    panel.set_title(f"{len(passes)} passes, {truck.gross_kg:,} kg at rest")
    panel.legend()
    panel.grid(visible=True, alpha=0.3)
    figure.tight_layout()
    path = folder / "calibration.png"
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path
