"""The picture of `bench soak`: memory and disk over the week. Needs the `plots` extra."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl

CURVES = (
    ("rss_mb", "resident memory of the box, MB"),
    ("pictures_mb", "pictures kept, MB"),
    ("journal_mb", "journal, MB"),
    ("database_mb", "statements, MB"),
)


def plot(rows: Sequence[Mapping[str, float]], folder: Path) -> Path:
    """`soak.png`: one curve a thing, over simulated days."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415  after the backend was chosen

    figure, axes = plt.subplots(len(CURVES), 1, figsize=(9, 10), sharex=True)
    for axis, (name, title) in zip(axes, CURVES, strict=True):
        axis.plot([row["hour"] / 24 for row in rows], [row[name] for row in rows], linewidth=1)
        axis.set_ylabel(title)
        axis.set_ylim(bottom=0)
        axis.grid(visible=True, alpha=0.3)
    axes[-1].set_xlabel("simulated days")
    path = folder / "soak.png"
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path
