"""The whole job in one process: real pty, real HTTP, real broker, real video file, the platform's side."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.core.decisions import Seal
from edge_agent.core.events import PlatesDone, PlateSeen
from edge_agent.demo import broker as brokers
from edge_agent.demo.job import Demo
from edge_agent.demo.pages import write_report
from edge_agent.demo.rendered import rendered_stage
from edge_agent.demo.site import prepare_folder
from edge_agent.errors import UsageError
from edge_agent.journal.opening import open_all

ROOT = Path(__file__).parents[1]


def payloads(bundle):
    for path in sorted((bundle / "statements").iterdir()):
        yield json.loads(base64.b64decode(json.loads(path.read_text())["payload"]))


@pytest.mark.slow
def test_an_overweight_lorry_becomes_receipted_evidence_and_the_journal_replays_the_same(tmp_path):
    if brokers.find_mosquitto() is None:
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")

    demo = Demo(prepare_folder(tmp_path / "demo"), rendered_stage(15), seed=1)
    demo.prepare(lambda what, done, of: None)
    demo.run(lambda: None)
    outcome = demo.conclude()

    summary = outcome.summary
    assert outcome.good, (summary, outcome.report.problems)
    assert summary["overweight"] == {"true": 1, "decided": 1, "falsely": 0}
    assert summary["matches"] == {"matched": 1, "ambiguous": 0, "unmatched": 0, "wrong": 0}
    assert summary["statements"]["sealed"] == summary["statements"]["verified"] >= 2
    assert summary["replay_identical"] is True
    assert json.loads((tmp_path / "demo" / "summary.json").read_text()) == summary
    page = write_report(demo, outcome).read_text()
    assert "<svg" in page
    assert page.count("<img") >= 3

    # The same journal through the command, in other processes with other hash seeds.
    decided = set()
    for seed in ("0", "4711"):
        out = tmp_path / f"replay-{seed}"
        done = subprocess.run(
            [sys.executable, "-m", "edge_agent", "replay", tmp_path / "demo" / "journal", "--out", out],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "byte for byte" in done.stdout
        decided.add((out / "decisions.jsonl").read_bytes())
    assert len(decided) == 1


@pytest.mark.slow
def test_without_mosquitto_the_box_reads_the_overweight_lorry_s_plate_and_nobody_else_s(tmp_path):
    out = tmp_path / "demo"
    options = ["--seconds", "20", "--anpr", "box", "--broker", "python", "--json", "--out", out]

    done = subprocess.run(
        [sys.executable, "-m", "edge_agent", "demo", *options], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads(done.stdout)
    assert "amqtt" in summary["broker"]
    assert summary["statements"]["receipted"] == summary["statements"]["sealed"] >= 2
    assert summary["matches"] == {"matched": 1, "ambiguous": 0, "unmatched": 0, "wrong": 0}
    recordings = open_all(out / "journal")
    events = [event for recording in recordings for event in recording.events()]
    decisions = [decision for recording in recordings for decision in recording.decisions()]
    [asked] = {event.request for event in events if isinstance(event, PlatesDone)}
    reads = [event for event in events if isinstance(event, PlateSeen)]
    [seal] = [decision for decision in decisions if isinstance(decision, Seal)]
    assert asked == seal.case
    assert len(reads) >= 2
    assert {read.request for read in reads} == {asked}  # nothing was read for the four within limits
    assert {read.text for read in reads} == {seal.match.read.text}
    [statement] = [payload for payload in payloads(out / "evidence") if payload["measurement"]]
    on_box = statement["recognition"]["plate"]["on_box"]
    assert [network["name"] for network in on_box["networks"]][-1] == "recogniser"
    assert {"plate", "plate_view"} <= {file["role"] for file in statement["attachments"]}


def test_the_demo_never_empties_a_folder_that_is_not_its_own(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")

    with pytest.raises(UsageError, match="not empty"):
        prepare_folder(tmp_path)

    assert (tmp_path / "thesis.txt").exists()
