"""`edge-agent simulate`: a recording and its truth, the same for the same seed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from edge_agent.core.events import PlateSeen, SerialBytes
from edge_agent.journal.reader import Recording

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "configs" / "scenarios" / "demo.yaml"
RUN = "import sys; from edge_agent.cli.main import main; sys.exit(main(sys.argv[1:]))"


def simulate(out: Path, *more: str, seed: int = 7, hash_seed: str = "0") -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-c",
        RUN,
        "simulate",
        str(DEMO),
        "--seed",
        str(seed),
        "--out",
        str(out),
        *more,
    ]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_the_same_seed_writes_the_same_bytes_on_any_hash_seed(tmp_path):
    for name, seed, hash_seed in (("a", 7, "1"), ("b", 7, "2"), ("c", 8, "1")):
        done = simulate(tmp_path / f"{name}.mcap", seed=seed, hash_seed=hash_seed)
        assert done.returncode == 0, done.stderr
    recordings = [(tmp_path / f"{name}.mcap").read_bytes() for name in "abc"]
    truths = [(tmp_path / f"{name}.truth.jsonl").read_bytes() for name in "abc"]
    assert recordings[0] == recordings[1] != recordings[2]
    assert truths[0] == truths[1] != truths[2]


def test_the_recording_holds_the_events_and_says_that_it_is_simulated(tmp_path):
    done = simulate(tmp_path / "r.mcap", "--seconds", "20", "--json")
    summary = json.loads(done.stdout)
    recording = Recording.open(tmp_path / "r.mcap")
    found = list(recording.events())
    assert len(found) == summary["events"]
    assert recording.metadata["simulated"] == "yes"
    assert sum(isinstance(e, SerialBytes) for e in found) > 900
    assert any(isinstance(e, PlateSeen) for e in found)
    assert summary["seconds"] == 20
    assert len((tmp_path / "r.truth.jsonl").read_text("utf-8").splitlines()) == summary["passages"]


def test_an_existing_recording_is_not_overwritten(tmp_path):
    out = tmp_path / "r.mcap"
    out.write_text("mine")
    done = simulate(out)
    assert done.returncode == 2
    assert "exists" in done.stderr
    assert out.read_text() == "mine"


def test_a_bad_scenario_is_a_usage_error_without_a_traceback(tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: bad\n")
    command = [sys.executable, "-c", RUN, "simulate", str(bad), "--out", str(tmp_path / "r.mcap")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"{bad}:1: lanes: Field required" in done.stderr
    assert "Traceback" not in done.stderr
