"""The truck's passes as an SVG drawing: how wrong each was weighed before the calibration, by its speed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from edge_agent import plain_yaml
from edge_agent.calibration.proposal import Proposal

WIDTH, HEIGHT = 900, 200
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 22, 30
KMH = 0.0036


@dataclass(frozen=True, slots=True)
class Pass:
    """One."""

    kmh: float
    error_percent: float


def passes(figures: bytes) -> list[Pass]:
    """Of the file that a calibration record has attached; none where it is of another method."""
    try:
        found = Proposal.model_validate(plain_yaml.load(figures.decode())).figures
        true_g = found["truck"]["gross_kg"] * 1000
        return [
            Pass(one["speed_mm_s"] * KMH, (one["gross_g"] / true_g - 1) * 100)
            for one in found["runs"]
            if one["speed_mm_s"] is not None and one["gross_g"] is not None
        ]
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return []


def draw_passes(found: Sequence[Pass], title: str, speed: str, error: str) -> str:
    """An `<svg>` element; empty where there is no pass."""
    if not found:
        return ""
    most_kmh = max(one.kmh for one in found) * 1.1
    most = max(0.5, *(abs(one.error_percent) for one in found)) * 1.2

    def x(kmh: float) -> float:
        return LEFT + kmh / most_kmh * (WIDTH - LEFT - RIGHT)

    def y(percent: float) -> float:
        return TOP + (1 - percent / most) / 2 * (HEIGHT - TOP - BOTTOM)

    rows = [
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(level):.1f}" y2="{y(level):.1f}" class="{kind}"/>'
        f'<text x="{LEFT - 6}" y="{y(level) + 4:.1f}" text-anchor="end">{level:+.1f}</text>'
        for level, kind in ((most * 0.8, "grid"), (0.0, "axle"), (-most * 0.8, "grid"))
    ]
    columns = [
        f'<text x="{x(kmh):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{kmh}</text>'
        for kmh in range(0, int(most_kmh) + 1, 5)
    ]
    points = [
        f'<circle cx="{x(one.kmh):.1f}" cy="{y(one.error_percent):.1f}" r="4" fill="#2f6fb0"/>'
        for one in found
    ]
    return "\n".join(
        [
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" class="trace" xmlns="http://www.w3.org/2000/svg">',
            f"<title>{escape(title)}</title>",
            *rows,
            *columns,
            *points,
            f'<text x="6" y="14">{escape(error)}</text>',
            f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 2}" text-anchor="end">{escape(speed)}</text>',
            "</svg>",
        ]
    )
