"""All rows, in the order of the matrix. A new module of rows adds one line."""

from __future__ import annotations

from edge_agent.bench.torture import (
    clock,
    commands,
    hostile,
    identity,
    lifecycle,
    platform,
    storage,
    storage_copies,
    storage_harm,
    storage_space,
)
from edge_agent.bench.torture.row import Row


def all_rows() -> tuple[Row, ...]:
    """Every row once."""
    modules: tuple[tuple[Row, ...], ...] = (
        storage.ROWS,
        storage_space.ROWS,
        storage_harm.ROWS,
        storage_copies.ROWS,
        identity.ROWS,
        commands.ROWS,
        platform.ROWS,
        clock.CLOCK_ROWS,
        lifecycle.LIFECYCLE_ROWS,
        hostile.ROWS,
    )
    return tuple(row for rows in modules for row in rows)
