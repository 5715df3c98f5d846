"""Every scenario that is shipped names its site: simulate and replay work one after the other, as printed."""

import json
from pathlib import Path

import pytest

from edge_agent.cli.main import main
from edge_agent.errors import SealRefused
from edge_agent.evidence.unsigned import UnsignedChain
from edge_agent.journal.reader import Recording

CONFIGS = Path(__file__).parents[2] / "configs"
SCENARIOS = sorted((CONFIGS / "scenarios").glob("*.yaml"))
SITES = sorted(CONFIGS.glob("bridge*.yaml"))
DEMO = str(CONFIGS / "scenarios" / "demo.yaml")


def said(capsys, *args):
    status = main([*map(str, args)])
    out, err = capsys.readouterr()
    assert status == 0, out + err
    return out


@pytest.mark.parametrize("site", SITES, ids=lambda path: path.stem)
def test_every_shipped_site_passes_its_check(site, capsys):
    assert "good; " in said(capsys, "config", "check", site)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
def test_a_simulated_recording_is_replayed_without_naming_its_site_again(scenario, tmp_path, capsys):
    recording = tmp_path / "r.mcap"
    out = said(capsys, "simulate", scenario, "--seconds", 90, "--out", recording)
    assert f"next: edge-agent replay {recording} --out DIR\n" in out

    result = json.loads(said(capsys, "replay", recording, "--out", tmp_path / "d", "--json"))

    assert (result["crossings"] > 0) == (scenario.stem != "static-weights")  # there nothing moves
    assert "port/wim wrong_unit" not in result["faults"]
    assert sum(result["cases"].values()) <= result["crossings"]


def test_a_replay_says_what_it_found(tmp_path, capsys):
    said(capsys, "simulate", DEMO, "--out", tmp_path / "r.mcap")
    out = said(capsys, "replay", tmp_path / "r.mcap", "--out", tmp_path / "d")
    assert "16 crossings, 5 over a limit; cases: 4 matched, 1 unmatched" in out


def test_a_case_of_which_no_statement_can_be_made_is_told(tmp_path, capsys, monkeypatch):
    def refuse(*_):
        raise SealRefused("statement of 70000 bytes is over the limit")

    monkeypatch.setattr(UnsignedChain, "statement", refuse)
    said(capsys, "simulate", DEMO, "--seconds", 20, "--out", tmp_path / "r.mcap")
    out = said(capsys, "replay", tmp_path / "r.mcap", "--out", tmp_path / "d")
    assert "REFUSED: no statement could be made of 1 case(s)" in out


def test_a_replay_with_the_wrong_site_asks_whether_it_is_the_right_one(tmp_path, capsys):
    said(capsys, "simulate", DEMO, "--seconds", 20, "--out", tmp_path / "r.mcap")
    wrong = CONFIGS / "bridge-a9.yaml"
    out = said(capsys, "replay", tmp_path / "r.mcap", "--config", wrong, "--out", tmp_path / "d")
    assert "0 crossings" in out
    assert "is this the configuration of the site" in out
    assert "fault: port/wim bad_frame" in out


def test_a_window_without_a_vehicle_does_not_put_the_site_in_doubt(tmp_path, capsys):
    said(capsys, "simulate", DEMO, "--seconds", 20, "--out", tmp_path / "r.mcap")
    out = said(capsys, "replay", tmp_path / "r.mcap", "--out", tmp_path / "d", "--to", "+1s")
    assert "0 crossings" in out
    assert "is this the configuration of the site" not in out


def test_a_scenario_and_a_site_that_speak_different_protocols_are_told_apart(tmp_path, capsys):
    site = str(CONFIGS / "bridge-a9.yaml")
    assert main(["simulate", DEMO, "--config", site, "--out", str(tmp_path / "r.mcap")]) == 2
    assert "speaks adc" in capsys.readouterr().err


def test_what_is_recorded_does_not_depend_on_where_the_checkout_lies(tmp_path, capsys):
    said(capsys, "simulate", DEMO, "--seconds", 2, "--out", tmp_path / "r.mcap")
    config = Recording.open(tmp_path / "r.mcap").config_text
    assert "model: ../models/bridge-synthetic.onnx" in config
    assert str(CONFIGS.parent) not in config
