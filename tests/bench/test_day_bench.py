"""A short simulated day: lived through with the real loop and black box, then replayed."""

import json

import pytest
from typer.testing import CliRunner

from edge_agent.bench.day import record_day
from edge_agent.bench.day_bridge import PER_HOUR, Bridge
from edge_agent.bench.day_street import StreetCamera
from edge_agent.cli.bench import app
from edge_agent.core.events import Captured, SceneSeen, Stopped
from edge_agent.core.units import Ns, S
from edge_agent.journal.opening import open_all

HOURS = 0.12  # of seed 5: an overweight vehicle comes, and goods stand past the door line long enough


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """Seven minutes of a morning, through the command."""
    out = tmp_path_factory.mktemp("day") / "rec"
    done = CliRunner().invoke(app, ["day", "--hours", str(HOURS), "--out", str(out), "--seed", "5", "--json"])
    assert done.exit_code == 0, done.output
    return out, json.loads(done.stdout)


@pytest.mark.slow  # simulated minutes of bytes at 1 kHz, twice recorded and replayed
def test_a_morning_recorded_live_is_decided_again_to_the_byte(busy):
    _, result = busy

    assert result["with_detections"]["identical"]
    assert result["sensors"]["identical"]
    assert result["with_detections"]["refused"] == 0
    assert result["with_detections"]["sealed"]["Seal"] >= 1
    assert result["with_detections"]["sealed"]["SealStreet"] >= 1


@pytest.mark.slow  # as above
def test_a_recorded_morning_says_what_was_there_and_who_answered(busy):
    out, result = busy

    events = [event for recording in open_all(out) for event in recording.events()]
    truth = [json.loads(line) for line in (out / "truth.jsonl").read_text().splitlines()]
    stood = json.loads((out / "truth.street.json").read_text())
    assert len(truth) == result["passages"] > 0
    assert any(stood.values())
    assert {event.camera for event in events if isinstance(event, SceneSeen)} == {"east", "west"}
    assert any(isinstance(event, Captured) for event in events)
    assert isinstance(events[-1], Stopped)
    times = [event.at for event in events]
    assert times == sorted(times)


def test_the_same_seed_gives_the_same_recording(tmp_path):
    for name in ("a", "b"):
        record_day(tmp_path / name, 7, hours=0.02)

    first, second = ((tmp_path / name / "journal-00000001.mcap").read_bytes() for name in ("a", "b"))
    assert first == second


def test_a_whole_day_of_the_quiet_road_has_its_hours_of_traffic():
    passages = Bridge(1, 0, 86_400).passages

    by_hour = [0] * 24
    for passage in passages:
        by_hour[passage.motion.legs[0].t_ns // (3_600 * S)] += 1
    assert [passage.id for passage in passages] == list(range(1, len(passages) + 1))
    assert sum(by_hour) == pytest.approx(sum(PER_HOUR), rel=0.1)
    assert max(by_hour[:5]) < min(by_hour[7:19])


def test_a_street_sleeps_at_night_and_is_dark():
    camera = StreetCamera("east", 1, 0, Ns(24 * 3_600 * S), Ns(0))

    comers = [actor.from_ns // (3_600 * S) for actor in camera.day.actors if actor.role == "passer"]
    night, noon = camera.look(Ns(2 * 3_600 * S)), camera.look(Ns(12 * 3_600 * S))
    assert sum(hour < 5 for hour in comers) < sum(10 <= hour < 15 for hour in comers) / 4
    assert night.view.luma < 40 < noon.view.luma
