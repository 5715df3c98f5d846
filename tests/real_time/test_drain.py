"""The row of the failure matrix that is held to a rate, in its short form."""

import pytest

from edge_agent.bench.torture import network
from edge_agent.bench.torture.row import Effort
from edge_agent.bench.torture.run import missing

[DRAIN] = [row for row in network.ROWS if row.id == "N1"]


@pytest.mark.slow
def test_a_backlog_drains_at_the_rate_of_the_line_and_alarms_overtake_it(tmp_path):
    lacking = missing(DRAIN.needs)
    if lacking:
        pytest.skip(f"needs {', '.join(lacking)}")

    outcome = DRAIN.run(Effort(full=False), tmp_path)

    assert outcome.good, outcome
