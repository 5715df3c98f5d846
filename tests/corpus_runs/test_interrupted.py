"""The whole run killed with -9: the same command goes on."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.corpus_runs.recordings import a_recording

LAST = "last.mcap"  # a pipe, the smallest of all: the process that comes to it waits for us


def command(corpus, run, *more):
    options = ("--out", str(run), "--workers", "1", *more)
    return [sys.executable, "-m", "edge_agent", "corpus", "run", str(corpus), *options]


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()]


@pytest.mark.slow
def test_a_run_that_was_killed_with_all_its_processes_goes_on_where_it_was(tmp_path):
    corpus, run, temporary = tmp_path / "corpus", tmp_path / "run", tmp_path / "tmp"
    temporary.mkdir()
    for n in range(5):
        a_recording(corpus / f"{n}.mcap", 9_000 + 5_000 * n)
    os.mkfifo(corpus / LAST)
    surroundings = os.environ | {"TMPDIR": str(temporary)}
    running = subprocess.Popen(command(corpus, run), env=surroundings)
    with (corpus / LAST).open("wb"):  # blocks until it is read: by the process, which is at work then
        for pid in [*children(running.pid), running.pid]:
            os.kill(pid, signal.SIGKILL)
        assert running.wait(timeout=60) == -signal.SIGKILL
    left = list((run / "work").glob("*/edge-agent-corpus-*"))
    (corpus / LAST).unlink()
    a_recording(corpus / LAST, 27_000)
    again = subprocess.run(
        command(corpus, run, "--json"), capture_output=True, check=False, timeout=120, env=surroundings
    )

    said = json.loads(again.stdout)
    assert again.returncode == 0, again.stderr
    assert said["taken_over"] >= 3  # of five, one may have been worked at and one not yet be written
    assert (said["done"], said["left"]) == (6, 0)
    assert [row["recording"] for row in said["rows"]] == [*(f"{n}.mcap" for n in range(5)), LAST]
    assert len(left) == 1  # in the run's own folder, and cleared when it goes on
    assert sorted(path.name for path in run.iterdir()) == ["lock", "recordings", "run.json", "summary.json"]
    assert list(temporary.iterdir()) == []
