"""Pictures of the weighing bench. Needs the `plots` extra."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl


def draw(result: dict[str, Any], folder: Path) -> None:
    """`weigh-error.png`: P95 by speed with the suspension's bound, a panel a layout."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415  after the backend was chosen

    folder.mkdir(parents=True, exist_ok=True)
    rows = result["accuracy"]
    layouts = list(dict.fromkeys(row["layout"] for row in rows))
    figure, panels = plt.subplots(1, len(layouts), figsize=(5 * len(layouts), 4), sharey=True)
    for panel, layout in zip(panels, layouts, strict=True):
        for phases, colour in (("in_phase", "tab:blue"), ("independent", "tab:orange")):
            mine = [row for row in rows if row["layout"] == layout and row["phases"] == phases]
            speeds = [row["kmh"] for row in mine]
            panel.plot(speeds, [100 * r["p95"] for r in mine], "o-", color=colour, label=f"{phases}: scale")
            bound = [100 * r["bound_p95"] for r in mine]
            panel.plot(speeds, bound, "--", color=colour, label=f"{phases}: suspension bound")
        panel.set_title(layout)
        panel.set_xlabel("km/h")
        panel.set_yscale("log")
        panel.grid(visible=True, which="both", alpha=0.3)
    panels[0].set_ylabel("P95 of |GVW error|, %")
    panels[0].legend()
    figure.suptitle(f"Simulated, {result['seeds']} seeds a cell")
    figure.tight_layout()
    figure.savefig(folder / "weigh-error.png", dpi=120)
    plt.close(figure)
