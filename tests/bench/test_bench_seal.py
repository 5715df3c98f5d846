import pytest

from edge_agent.bench import seal
from edge_agent.bench.broker import find_mosquitto


def test_a_short_run_measures_both_sides_of_both_ratios(tmp_path):
    result = seal.run(rounds=2, picture_bytes=20_000, folder=tmp_path)
    parts = ["seal"] + (["puback"] if find_mosquitto() else [])
    for part in parts:
        row = result[part]
        assert row["ours_ms"]["median"] > 0
        assert row["floor_ms"]["median"] > 0
        assert row["ratio"] == pytest.approx(row["ours_ms"]["median"] / row["floor_ms"]["median"], rel=0.01)
    assert "ratio of medians" in seal.text(result)
    assert list(tmp_path.iterdir()) == []


def test_without_a_broker_the_run_says_so_and_still_measures_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(seal, "find_mosquitto", lambda: None)
    result = seal.run(rounds=1, picture_bytes=1_000, folder=tmp_path)
    assert result["puback"] == {"skipped": "mosquitto is not installed"}
    assert "skipped" in seal.text(result)
