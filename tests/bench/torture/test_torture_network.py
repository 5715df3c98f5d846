"""The rows about network, broker and receipts, in their short form."""

import pytest

from edge_agent.bench.torture import (
    network,
    network_faults,
    network_hostile,
    network_limits,
    network_lines,
    receipts,
    stopping,
)
from edge_agent.bench.torture.row import Effort
from edge_agent.bench.torture.run import missing

# N1 holds the drain to the line's rate, so it runs where nothing else does: tests/real_time.
IN_REAL_TIME = {"N1"}
SLOW = {"N4a", "N4b", "N5a", "N5b", "N6a", "N6b", "N7b", "N10", "L1a"}
MODULES = (network, network_lines, network_faults, network_limits, network_hostile, receipts, stopping)
ROWS = [row for module in MODULES for row in module.ROWS if row.id not in IN_REAL_TIME]


@pytest.mark.parametrize(
    "row", [pytest.param(row, marks=[pytest.mark.slow] * (row.id in SLOW), id=row.id) for row in ROWS]
)
def test_the_fault_costs_nothing(row, tmp_path):
    lacking = missing(row.needs)
    if lacking:
        pytest.skip(f"needs {', '.join(lacking)}")

    outcome = row.run(Effort(full=False), tmp_path)

    assert outcome.good, outcome
