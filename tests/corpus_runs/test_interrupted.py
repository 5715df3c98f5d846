"""The whole run killed with -9: the same command goes on."""

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.corpus_runs.recordings import a_recording

LAST = "last.mcap"  # a pipe, the smallest of all: whoever comes to it waits for us


def command(corpus, run, *more):
    options = ("--out", str(run), "--workers", "1", *more)
    return [sys.executable, "-m", "edge_agent", "corpus", "run", str(corpus), *options]


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on_where_it_was(tmp_path):
    corpus, run = tmp_path / "corpus", tmp_path / "run"
    for n in range(5):
        a_recording(corpus / f"{n}.mcap", 9_000 + 5_000 * n)
    os.mkfifo(corpus / LAST)
    running = subprocess.Popen(command(corpus, run))
    with (corpus / LAST).open("wb"):  # blocks until it is read
        running.kill()
        assert running.wait(timeout=60) == -signal.SIGKILL
    (corpus / LAST).unlink()
    a_recording(corpus / LAST, 27_000)
    again = subprocess.run(command(corpus, run, "--json"), capture_output=True, check=False, timeout=120)

    said = json.loads(again.stdout)
    assert again.returncode == 0, again.stderr
    assert said["taken_over"] >= 3  # of five, one may have been worked at and one not yet be written
    assert (said["done"], said["left"]) == (6, 0)
    assert [row["recording"] for row in said["rows"]] == [*(f"{n}.mcap" for n in range(5)), LAST]
