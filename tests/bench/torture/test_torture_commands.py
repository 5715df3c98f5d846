"""The failure matrix's rows about commands, in their short form."""

import pytest

from edge_agent.bench.torture.commands import ROWS
from edge_agent.bench.torture.row import Effort
from edge_agent.bench.torture.run import missing

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_row_is_as_the_matrix_expects(row, tmp_path):
    if lacking := missing(row.needs):
        pytest.skip(f"needs {', '.join(lacking)}")
    outcome = row.run(Effort(full=False), tmp_path)
    assert outcome.problems == []
    assert outcome.good
