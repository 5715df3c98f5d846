"""`calibrate zero` and `calibrate span` as a technician runs them."""

import os
import pty
import shutil
import threading
import tty
from pathlib import Path

import numpy as np
import pytest

from edge_agent.calibration.proposal import read_proposal
from edge_agent.cli import calibrate_span
from edge_agent.cli.main import run_command
from edge_agent.config.loader import load
from edge_agent.core.weigh.protocols.settings import YaohuaA9Settings
from edge_agent.evidence.intray import tray_of
from edge_agent.sim.encoders import make_encoder

ROOT = Path(__file__).parents[2]
STEPS = str(ROOT / "configs" / "span-steps.yaml")
# True errors of configs/scenarios/static-weights.yaml.
GAINS = (24, 18, 30, -12)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Test weights on every half of both pads."""
    out = tmp_path_factory.mktemp("weights") / "rec.mcap"
    assert run_command("simulate", ["configs/scenarios/static-weights.yaml", "--out", str(out)]) == 0
    return str(out)


def test_weights_on_the_pads_become_each_channel_s_gain_and_a_new_calibration_id(
    weights, shipped_bridge, tmp_path, capsys
):
    out, config = tmp_path / "span.yaml", ["--config", str(shipped_bridge)]
    measure = ["span", weights, *config, "--lane", "1", "--steps", STEPS]
    capsys.readouterr()
    assert run_command("calibrate", [*measure, "--name", "span-1", "--out", str(out), "--lang", "en"]) == 0
    assert "corner ‰ now -> then" in capsys.readouterr().out
    figures = read_proposal(out).figures
    channels = [channel for sensor in figures["sensors"] for channel in sensor["channels"]]
    for channel, permille in zip(channels, GAINS, strict=True):
        assert abs(channel["factor_ppm"] - 1e6 * (1 / (1 + permille / 1000) - 1)) <= channel["interval_ppm"]
    assert run_command("calibrate", ["apply", str(out), *config, "--yes", "--by", "王工"]) == 0
    site = load(shipped_bridge)
    scale = site.lanes["1"].scale
    assert scale.calibration.id == "span-1"
    gains = [channel.grams_num / channel.grams_den for sensor in scale.sensors for channel in sensor.channels]
    assert gains == pytest.approx([5 / (1 + permille / 1000) for permille in GAINS], rel=2e-3)
    [(_, note)] = tray_of(site.evidence.store.directory).waiting()
    assert (note.record.method, note.record.outcome, note.record.runs) == ("span", "applied", 20)


def test_an_empty_stretch_is_measured_and_kept_on_record_and_is_nothing_to_apply(
    weights, shipped_bridge, tmp_path, capsys
):
    out, config = tmp_path / "zero.yaml", ["--config", str(shipped_bridge)]
    zero = ["zero", weights, *config, "--lane", "1", "--out", str(out)]
    capsys.readouterr()
    assert run_command("calibrate", [*zero, "--record", "--by", "王工"]) == 0
    assert "零点跟踪正常" in capsys.readouterr().out
    assert run_command("calibrate", ["apply", str(out), *config, "--yes", "--by", "w"]) == 2
    assert "changes nothing" in capsys.readouterr().err
    [(_, note)] = tray_of(load(shipped_bridge).evidence.store.directory).waiting()
    assert (note.record.method, note.record.outcome, note.record.by) == ("zero", "measured", "王工")
    assert note.record.new_calibration_id == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["zero", "none.mcap", "--record"], "--by NAME"),
        (["span"], "--steps STEPS.yaml or --loads"),
        (["span", "--loads", "0,x"], "kg with commas"),
        (["span", "--loads", "0,500,1000,1500"], "--out PROPOSAL.yaml"),
        (["span", "none.mcap", "--loads", "0,500,1000,1500"], "need from_s and to_s"),
        (["zero", "none.mcap"], "no such file"),
        (["zero"], "no such file"),
    ],
)
def test_what_makes_no_sense_is_said_plainly(shipped_bridge, arguments, said, capsys):
    assert run_command("calibrate", [*arguments, "--config", str(shipped_bridge), "--lane", "1"]) == 2
    assert said in capsys.readouterr().err


class Indicator:
    """A Yaohua A9 on a terminal line that shows what stands on it, 1.5 % too little."""

    def __init__(self):
        self._ours, self._theirs = pty.openpty()
        tty.setraw(self._theirs)
        self.device = os.ttyname(self._theirs)
        self.load_kg = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def _send(self):
        encoder = make_encoder(YaohuaA9Settings())
        while not self._ended.wait(0.04):  # its own pace, 25 frames a second
            shown = round((40 + self.load_kg * 0.985) * 1000)
            frame = np.array([[shown]]), np.zeros((1, 1), np.uint8), np.zeros(1, np.int64)
            os.write(self._ours, encoder.encode(0, *frame))

    def close(self):
        self._ended.set()
        self._thread.join()
        os.close(self._ours)
        os.close(self._theirs)


@pytest.fixture
def indicator():
    one = Indicator()
    yield one
    one.close()


@pytest.fixture
def a9_site(tmp_path, indicator):
    (tmp_path / "configs").mkdir()
    path = Path(shutil.copy(ROOT / "configs" / "bridge-a9.yaml", tmp_path / "configs"))
    path.write_text(path.read_text("utf-8").replace("/dev/ttyUSB0", indicator.device), "utf-8")
    return path


def test_on_the_line_the_wizard_asks_for_each_load_and_proposes_the_lane_s_factor(
    indicator, a9_site, tmp_path, monkeypatch, capsys
):
    asked = []

    def put(text):
        asked.append(text)
        indicator.load_kg = float(text.split()[1]) if text.startswith("Put") else 0.0

    monkeypatch.setattr(calibrate_span, "_ask", put)
    out = tmp_path / "span.yaml"
    span = [
        "span",
        "--config",
        str(a9_site),
        "--lane",
        "1",
        "--loads",
        "0,1000,3000,8000,0",
        "--seconds",
        "0.4",
    ]
    assert run_command("calibrate", [*span, "--lang", "en", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert asked[0] == "Clear pad-1, then press Enter"
    assert asked[1] == "Put 1000 kg on pad-1 middle, then press Enter"
    assert "The indicator sends mass" in said
    assert "+1.52" in said
    assert "factor_ppm: 152" in out.read_text()


def test_a_line_that_cannot_be_opened_says_to_stop_the_daemon(a9_site, capsys, indicator):
    a9_site.write_text(a9_site.read_text("utf-8").replace(indicator.device, "/dev/no-such-line"), "utf-8")
    zero = ["zero", "--config", str(a9_site), "--lane", "1", "--listen", "30"]
    assert run_command("calibrate", zero) == 2
    assert "systemctl stop edge-agent" in capsys.readouterr().err
