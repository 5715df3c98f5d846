"""All rows, in the order of the matrix. A new module of rows adds one line."""

from __future__ import annotations

from edge_agent.bench.torture import (
    clock,
    commands,
    hostile,
    identity,
    journal,
    lifecycle,
    network,
    network_faults,
    network_hostile,
    network_limits,
    network_lines,
    platform,
    receipts,
    stopping,
    storage,
    storage_copies,
    storage_harm,
    storage_space,
    webhooks,
)
from edge_agent.bench.torture.row import Row


def all_rows() -> tuple[Row, ...]:
    """Every row once."""
    modules: tuple[tuple[Row, ...], ...] = (
        storage.ROWS,
        storage_space.ROWS,
        storage_harm.ROWS,
        journal.ROWS,
        network.ROWS,
        network_limits.ROWS,
        network_lines.ROWS,
        network_faults.ROWS,
        network_hostile.ROWS,
        receipts.ROWS,
        platform.ROWS,
        commands.ROWS,
        clock.CLOCK_ROWS,
        identity.ROWS,
        storage_copies.ROWS,
        stopping.ROWS,
        lifecycle.LIFECYCLE_ROWS,
        hostile.ROWS,
        webhooks.ROWS,
    )
    return tuple(row for rows in modules for row in rows)
