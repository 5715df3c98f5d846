"""The picture of the plates' calibration. Needs the `plots` extra."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl


def draw(sets: Mapping[str, Mapping[str, Any]], folder: Path) -> Path:
    """`reliability.png`: confidence stated against share right, with 95 % intervals.

    Args:
        sets: by name, what `plates_calibration.judged` says of them.
        folder: made where it is not there.
    """
    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415  after the backend was chosen

    folder.mkdir(parents=True, exist_ok=True)
    figure, axes = plt.subplots(figsize=(6, 6))
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1, label="as stated")
    for name, result in sets.items():
        bins = result["bins"]
        stated, share = [b["stated"] for b in bins], [b["share"] for b in bins]
        # At 0 and 1 rounding may put the bound on the wrong side by the last digit.
        spread = [
            [max(0.0, b["share"] - b["low"]) for b in bins],
            [max(0.0, b["high"] - b["share"]) for b in bins],
        ]
        axes.errorbar(stated, share, yerr=spread, fmt="o-", capsize=3, label=f"{name} ({result['reads']})")
    axes.set_xlabel("confidence, mean of bin")
    axes.set_ylabel("share that is right")
    axes.set_title("Plates: confidence against truth")
    axes.legend(loc="upper left")
    axes.grid(visible=True, alpha=0.3)
    path = folder / "reliability.png"
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path
