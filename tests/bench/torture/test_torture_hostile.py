"""The short form of the hostile rows."""

import pytest

from edge_agent.bench.torture import hostile
from edge_agent.bench.torture.row import Effort, Outcome
from edge_agent.bench.torture.run import missing


@pytest.mark.slow
@pytest.mark.parametrize("row", hostile.ROWS, ids=lambda row: row.id)
def test_the_row_ends_as_the_matrix_says(row, tmp_path):
    if lacking := missing(row.needs):
        pytest.skip(f"needs {', '.join(lacking)}")
    found = row.run(Effort(full=False), tmp_path)
    assert found.good, found


def test_a_verifier_that_sees_nothing_fails_the_row(tmp_path, monkeypatch):
    monkeypatch.setattr(hostile, "_good", lambda bundle: True)
    found = hostile._flipped_bundle(Effort(full=False), tmp_path)
    assert not found.good
    assert found.problems[0].endswith("flipped and not seen")


def test_a_door_that_lets_everything_in_fails_the_row(monkeypatch):
    monkeypatch.setattr(hostile, "_taken", lambda message, ring: True)
    found = Outcome()
    hostile._measure(found, [b"x"], [], hostile.RECEIPT_KEY)
    assert found.problems == ["taken: b'x'"]
