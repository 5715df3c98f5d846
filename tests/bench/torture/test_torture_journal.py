"""The short form of every row about the journal's disk."""

import pytest

from edge_agent.bench.torture import journal
from edge_agent.bench.torture.row import Effort
from edge_agent.bench.torture.run import missing


@pytest.mark.slow
@pytest.mark.parametrize("row", journal.ROWS, ids=[row.id for row in journal.ROWS])
def test_row(row, tmp_path):
    lacking = missing(row.needs)
    if lacking:
        pytest.skip(f"needs {', '.join(lacking)}")
    found = row.run(Effort(full=False), tmp_path)
    assert found.problems == []
    assert (found.lost, found.gaps, found.differing) == (0, 0, 0)
    assert found.sealed > 0
    assert found.good
