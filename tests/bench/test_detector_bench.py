"""The detector's bench measures what it says, on a model of the repository."""

from __future__ import annotations

from pathlib import Path

from edge_agent.bench import detector as bench

MODEL = Path(__file__).parents[2] / "models" / "bridge-synthetic.onnx"


def test_a_picture_costs_time_and_memory(monkeypatch):
    monkeypatch.setattr(bench, "AT_LEAST_S", 0.3)
    found = bench.measure(MODEL, bench.Way("onnxruntime", bfloat16=False, batch=1))
    assert found["name"].startswith("onnxruntime")
    assert min(found["net_ms"], found["net_cpu_ms"], found["all_ms"], found["all_cpu_ms"]) > 0.1
    assert found["net_rss_mb"] > 30


def test_a_model_of_one_picture_a_run_is_not_measured_with_more():
    only_ort = [w for w in bench.ways((1,)) if w.runtime == "onnxruntime"]
    assert bench.count([MODEL], 2, (1, 4)) == 2 * len(bench.ways((1,)))
    assert only_ort == [bench.Way("onnxruntime", bfloat16=False, batch=1)]
