"""The rows of edge_agent/bench/torture/lifecycle.py, in their short form."""

import pytest

from edge_agent.bench.torture.lifecycle import LIFECYCLE_ROWS
from edge_agent.bench.torture.row import Effort


@pytest.mark.slow
@pytest.mark.parametrize("row", LIFECYCLE_ROWS, ids=lambda row: row.id)
def test_the_row_is_good(row, tmp_path):
    found = row.run(Effort(full=False), tmp_path)

    assert found.good, found
