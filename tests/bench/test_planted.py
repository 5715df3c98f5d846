"""Settings changed on a recorded quarter of an hour: the comparison lists exactly what the truth says."""

import pytest

from edge_agent.bench import planted


@pytest.mark.slow
def test_exactly_the_decisions_that_change_by_the_truth_are_listed_each_with_its_reason(tmp_path):
    told = planted.record(tmp_path / "recording")
    (tmp_path / "replay").mkdir()

    comparison, _ = planted.compared(told, tmp_path / "replay")

    found = planted.listed(comparison)
    assert len(told.expected) == len(found) == 8
    for expected in told.expected:
        assert [expected.is_of(one) for one in found].count(True) == 1, expected
    reasons = {(one.kind, one.place, str(one.how)): [r.en for r in one.reasons if r.known] for one in found}
    assert "deduction 5 % -> 3 %" in reasons[("crossing", "1", "changed")][0]
    assert "wanted 300 s -> 240 s" in reasons[("case", "shop_2_west", "added")][0]
    assert "zone moved: the same stall's footprint overlaps" in reasons[("case", "shop_2_east", "added")][0]
    assert "zone moved: the same stall's footprint overlaps" in reasons[("case", "shop_2_east", "removed")][0]
    assert "reopens it" in reasons[("case", "shop_1_east", "changed")][0]
