"""All rows, in the order of the matrix. A new module of rows adds one line."""

from __future__ import annotations

from edge_agent.bench.torture import (
    network,
    network_faults,
    network_hostile,
    network_limits,
    network_lines,
    receipts,
    stopping,
)
from edge_agent.bench.torture.row import Row


def all_rows() -> tuple[Row, ...]:
    """Every row once."""
    modules: tuple[tuple[Row, ...], ...] = (
        network.ROWS,
        network_limits.ROWS,
        network_lines.ROWS,
        network_faults.ROWS,
        network_hostile.ROWS,
        receipts.ROWS,
        stopping.ROWS,
    )
    return tuple(row for rows in modules for row in rows)
