"""Lone vehicles and the line through them, as a picture. Needs the `plots` extra."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

from edge_agent.calibration.reading_line import Learned
from edge_agent.core.units import S


def draw_line(found: Learned, camera: str, folder: Path) -> Path:
    """`lane.png`: when each vehicle was read after its first axle, by how slow it was.

    Returns:
        the file's path.
    """
    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend was chosen

    folder.mkdir(parents=True, exist_ok=True)
    slow = [1000 / one.speed for one in found.observations]  # s/m
    late = [one.travel / S - one.beyond / one.speed for one in found.observations]
    estimate, configured = found.estimate, found.configured
    ends = [0.0, 1.05 * max(slow)]
    figure, panel = plt.subplots(figsize=(8, 4.5))
    panel.plot(slow, late, "o", color="tab:gray", markersize=4, label="lone vehicles")
    for distance, delay, colour, named in (
        (configured.distance_mm, configured.offset_ms, "tab:orange", "configured"),
        (estimate.distance_mm, estimate.delay_ms, "tab:blue", "found"),
    ):
        heights = [distance / 1000 * x + delay / 1000 for x in ends]
        label = f"{named}: {distance / 1000:.2f} m, {delay} ms"
        panel.plot(ends, heights, color=colour, label=label)
    panel.set_xlim(0, ends[1])
    panel.set_xlabel("slowness 1/v, s/m (0.1 is 36 km/h, 0.36 is 10 km/h)")
    panel.set_ylabel("read after the first axle, s")
    panel.set_title(f"lane {configured.lane}, {camera}: the slope is the distance, the height at 0 the delay")
    panel.legend()
    panel.grid(visible=True, alpha=0.3)
    figure.tight_layout()
    path = folder / "lane.png"
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path
