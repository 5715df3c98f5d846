"""The row about webhooks, short."""

import pytest

from edge_agent.bench.torture.row import Effort
from edge_agent.bench.torture.run import missing
from edge_agent.bench.torture.webhooks import ROWS

[W1] = ROWS
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(missing(W1.needs)), reason="mosquitto is not installed (Debian package mosquitto)"
    ),
]


def test_every_statement_reaches_its_routes_and_no_other(tmp_path):
    outcome = W1.run(Effort(full=False), tmp_path)

    assert outcome.good, outcome
    assert outcome.sealed > 0
