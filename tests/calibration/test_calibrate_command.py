import json

import pytest
import typer

from edge_agent.cli import calibrate_common
from edge_agent.cli.calibrate_common import events_of, new_file, new_id, who
from edge_agent.cli.main import run_command
from edge_agent.errors import UsageError

TRUCK = "name: 沪D00001\ngross_kg: 20000\nspacings_mm: [3800, 1350]\naxles_kg: [6000, 7000, 7000]\n"


def test_a_planted_span_error_is_found_within_its_interval_and_put_right(
    short_runs, shipped_bridge, tmp_path, capsys
):
    cold = shipped_bridge.read_text("utf-8")
    shipped_bridge.write_text(cold.replace("warm_up_s: 300", "warm_up_s: 0"), "utf-8")
    truck, proposal = tmp_path / "truck.yaml", tmp_path / "proposal.yaml"
    truck.write_text(TRUCK, "utf-8")
    arguments = [
        "truck",
        str(short_runs),
        "--config",
        str(shipped_bridge),
        "--truck",
        str(truck),
        "--lane",
        "1",
    ]
    capsys.readouterr()
    assert (
        run_command("calibrate", [*arguments, "--out", str(proposal), "--date", "2026-11-30", "--json"]) == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert (found["passes"], found["others"]) == (8, 0)
    off_ppm = found["proposed"]["factor_ppm"] - round(1e6 * (1 / 1.024 - 1))
    assert abs(off_ppm) <= found["factor_interval_ppm"]
    apply = ["apply", str(proposal), "--config", str(shipped_bridge), "--yes"]
    assert run_command("calibrate", apply) == 2
    assert "--by NAME" in capsys.readouterr().err
    assert run_command("calibrate", [*apply, "--by", "王工"]) == 0
    assert "id: lane-1-2026-11-30" in capsys.readouterr().out
    assert run_command("calibrate", [*arguments, "--date", "2026-12-01", "--lang", "en"]) == 0
    said = capsys.readouterr().out
    percent = found["proposed"]["factor_ppm"] / 10_000  # of the whole scale, not on top of what is applied
    assert f"factor for all speeds  {percent:.2f}" in said
    assert "gross weight" in said
    assert "OIML R 134" in said


def test_what_makes_no_sense_is_said_plainly(shipped_bridge, tmp_path, capsys):
    truck = tmp_path / "truck.yaml"
    truck.write_text(TRUCK.replace("7000, 7000", "7000, 9000"), "utf-8")
    rest = ["--config", str(shipped_bridge), "--truck", str(truck), "--lane", "1"]
    assert run_command("calibrate", ["truck", "none.mcap", *rest]) == 2
    assert "add up to 22000" in capsys.readouterr().err
    truck.write_text(TRUCK, "utf-8")
    assert run_command("calibrate", ["truck", "none.mcap", *rest[:-1], "9"]) == 2
    assert "no lane '9'" in capsys.readouterr().err
    assert run_command("calibrate", ["truck", "none.mcap", *rest, "--bins", "30,20"]) == 2
    assert "must rise" in capsys.readouterr().err


def test_a_recording_that_is_named_twice_counts_once(short_runs):
    assert len(list(events_of([short_runs, short_runs.parent, short_runs]))) == 1


def test_where_nothing_can_be_written_is_said_before_the_weights_are_carried(tmp_path):
    new_file(tmp_path / "proposal.yaml")
    with pytest.raises(UsageError, match="nothing can be written there"):
        new_file(tmp_path / "not-there" / "proposal.yaml")


def test_nobody_signs_with_no_name(monkeypatch):
    answers = iter(["", "  ", " 王工 "])
    monkeypatch.setattr(calibrate_common.sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(typer, "prompt", lambda _text: next(answers))
    assert who(" ", "zh") == "王工"


def test_an_id_says_the_lane_and_the_day_and_is_one_calibration_s():
    assert new_id("lane-1", "2026-11-30").startswith("lane-1-2026-11-30-")
