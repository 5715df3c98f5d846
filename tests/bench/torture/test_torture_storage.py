"""The short form of every row about disk and power."""

import pytest

from edge_agent.bench.torture import storage, storage_copies, storage_harm, storage_space
from edge_agent.bench.torture.row import Effort
from edge_agent.bench.torture.run import missing

ROWS = (*storage.ROWS, *storage_space.ROWS, *storage_harm.ROWS, *storage_copies.ROWS)


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_row(row, tmp_path):
    lacking = missing(row.needs)
    if lacking:
        pytest.skip(f"needs {', '.join(lacking)}")
    found = row.run(Effort(full=False), tmp_path)
    assert found.tried > 0
    assert found.problems == []
    assert (found.lost, found.gaps, found.differing) == (0, 0, 0)
    assert found.sealed > 0
    assert found.good
