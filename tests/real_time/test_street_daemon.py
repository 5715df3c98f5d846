"""The real daemon on a street, in real time."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.bench import dwell, memory, street_site

MODELS = Path(__file__).parents[2] / "models"
ANY = MODELS / "bridge-synthetic.onnx"
SHIPPED = MODELS / "street-synthetic.onnx"


@pytest.mark.slow
@pytest.mark.skipif(not SHIPPED.exists(), reason="the shipped street model is not there")
def test_a_stay_is_a_case_once_and_the_same_case_in_replay():
    plan = dwell.Plan(42, 8)

    found = dwell.run(plan, street_site.detector_of(None, None))

    assert found["good"], found
    assert [row["phase"] for row in found["records"]] == ["confirmed", "cleared"]
    assert found["replay"]["identical"]
    assert found["replay"]["took_s"] < plan.length_s / 5


@pytest.mark.slow
def test_the_daemon_lives_through_cut_connections(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(street_site, "CLIP_S", 6)
    monkeypatch.setattr(memory, "SIZE", (320, 180))
    monkeypatch.setattr(memory, "CUT_EVERY_S", 6.0)
    monkeypatch.setattr(memory, "SAMPLE_S", 1.0)

    found = memory.run(0.3, street_site.detector_of(ANY, None), tmp_path / "samples.csv")

    assert found["reconnects"] >= 1
    assert 50 < found["max_mb"] < 1_000
    assert len((tmp_path / "samples.csv").read_text().splitlines()) >= 10
