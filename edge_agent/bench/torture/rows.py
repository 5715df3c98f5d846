"""All rows, in the order of the matrix. A new module of rows adds one line."""

from __future__ import annotations

from edge_agent.bench.torture import hostile
from edge_agent.bench.torture.row import Row


def all_rows() -> tuple[Row, ...]:
    """Every row once."""
    modules: tuple[tuple[Row, ...], ...] = (hostile.ROWS,)
    return tuple(row for rows in modules for row in rows)
