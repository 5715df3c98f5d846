"""`--speed`, what is told as it happens, an interrupt; `--set` on the way through the command."""

import json
import os
import signal
import subprocess
import sys

import pytest

from edge_agent.cli.main import main
from edge_agent.core.decisions import CrossingSeen, Seal
from edge_agent.core.events import Started, Tick
from edge_agent.core.site import Site
from edge_agent.core.units import S
from edge_agent.replaying.pace import Pace
from edge_agent.replaying.told import told
from tests.replaying.recorded import NOON, a_run, a_site, recording


class FakeTime:
    """A clock that goes on only while somebody waits."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def wait(self, seconds):
        self.now += seconds


def held(speed, *events):
    """When each event was let go, seconds after the first."""
    time = FakeTime()
    pace = Pace(speed, time.wait, time)
    times = []
    for event in events:
        pace.hold(event)
        times.append(round(time.now - 100.0, 6))
    return times


@pytest.mark.parametrize(("speed", "expected"), [(1, [0, 20, 50]), (10, [0, 2, 5])])
def test_events_come_so_many_times_faster_than_they_happened(speed, expected):
    assert held(speed, Tick(7 * S), Tick(27 * S), Tick(57 * S)) == expected


def test_a_new_run_follows_at_once_whatever_its_clock_says():
    assert held(1, Tick(7 * S), Tick(9 * S), Started(0, "b", "", ""), Tick(3 * S)) == [0, 2, 2, 5]


def test_a_replay_that_is_late_does_not_wait():
    time = FakeTime()
    pace = Pace(1, time.wait, time)
    pace.hold(Tick(0))
    time.now += 30
    pace.hold(Tick(20 * S))

    assert time.now == 130


def test_what_is_decided_is_told_in_a_line_with_its_local_time(tmp_path):
    site = Site(a_site(tmp_path).core())
    decisions = [decision for event in a_run() for decision in site.step(event)]
    crossing = next(d for d in decisions if isinstance(d, CrossingSeen) and d.crossing.gross > 20_000_000)
    seal = next(d for d in decisions if isinstance(d, Seal))

    assert told(crossing, NOON - 1 * S, 480) == (
        "2026-06-15 12:00:50.000  lane 1  #2: 2 axles, 26,000 kg, 29 km/h; OVER posted gross by 6,000 kg"
    )
    assert told(seal, None, 480).endswith("lane 1  case of #2: unmatched")
    assert told(decisions[0], None, 480) == ""  # a port is well: no news


def test_an_interrupt_ends_a_paced_replay_with_what_was_done(tmp_path):
    recording(tmp_path / "rec.mcap", a_run(), a_site(tmp_path))
    command = [sys.executable, "-m", "edge_agent", "replay", "rec.mcap", "--out", "out", "--speed", "20"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    ) as running:
        first = running.stdout.readline()
        running.send_signal(signal.SIGINT)
        rest = running.stdout.read()

    assert "lane 1  #1: 2 axles, 9,000 kg" in first
    assert running.returncode == 130
    assert "INTERRUPTED" in rest
    assert "identical to the decisions recorded live" in rest
    assert (tmp_path / "out" / "decisions.jsonl").read_text("utf-8").count("CrossingSeen") < 6


def run(folder, capsys, *options, out="out"):
    status = main(["replay", str(folder / "rec.mcap"), "--out", str(folder / out), "--json", *options])
    printed = capsys.readouterr()
    return status, json.loads(printed.out) if status < 2 else printed.err


def test_a_what_if_says_what_it_changed_and_what_came_of_it(tmp_path, capsys):
    recording(tmp_path / "rec.mcap", a_run(), a_site(tmp_path))
    key = "lanes.1.limits.posted.limit_kg"

    status, said = run(tmp_path, capsys, "--set", f"{key}=8000")
    same, unchanged = run(tmp_path, capsys, "--set", f"{key}=20000", out="same")

    assert status == same == 0
    assert said["changes"] == [{"key": key, "old": 20_000, "new": 8_000}]
    assert (said["over_a_limit"], unchanged["over_a_limit"]) == (4, 2)
    assert (said["compared_with_live"], unchanged["compared_with_live"]) == (False, True)
    assert "limit_kg: 8000" in (tmp_path / "out" / "config.yaml").read_text("utf-8")


def test_a_what_if_that_is_none_is_refused_before_anything_is_written(tmp_path, capsys):
    recording(tmp_path / "rec.mcap", a_run(), a_site(tmp_path))

    status, why = run(tmp_path, capsys, "--set", "lanes.1.limts.posted.limit_kg=8000")

    assert status == 2
    assert "did you mean limits?" in why
    assert not (tmp_path / "out").exists()
