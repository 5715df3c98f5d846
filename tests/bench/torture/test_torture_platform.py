"""The platform's rows of the failure matrix, short."""

import pytest

from edge_agent.bench.torture.platform import ROWS
from edge_agent.bench.torture.row import Effort
from edge_agent.bench.torture.run import missing


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_row_is_as_expected(row, tmp_path):
    if missing(row.needs):
        pytest.skip(f"needs {', '.join(missing(row.needs))}")

    outcome = row.run(Effort(full=False), tmp_path)

    assert outcome.good, outcome
    assert outcome.sealed > 0
