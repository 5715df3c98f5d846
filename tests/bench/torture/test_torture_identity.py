"""K1: the short form of each row is run, and is good."""

import pytest

from edge_agent.bench.torture.identity import ROWS
from edge_agent.bench.torture.row import Effort
from edge_agent.bench.torture.run import missing


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_row(row, tmp_path):
    if missing(row.needs):
        pytest.skip(f"needs {', '.join(missing(row.needs))}")
    outcome = row.run(Effort(full=False), tmp_path)
    assert outcome.problems == []
    assert outcome.good, outcome
    assert outcome.sealed > 0
