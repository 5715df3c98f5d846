"""Every command that docs/calibration.md shows, run in its order on what its first lines simulate."""

import re
import shlex
from pathlib import Path

import pytest

from edge_agent.cli.main import main
from edge_agent.config.loader import load
from edge_agent.evidence.intray import tray_of

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "calibration.md").read_text("utf-8"), re.DOTALL)
COMMANDS = [shlex.split(line, comments=True)[1:] for block in BLOCKS for line in block.splitlines()]


@pytest.mark.slow
def test_the_page_s_commands_calibrate_a_simulated_box(tmp_path, monkeypatch, capsys):
    for name in ("configs", "models"):
        (tmp_path / name).symlink_to(ROOT / name)
    text = (ROOT / "configs" / "bridge.yaml").read_text("utf-8")
    text = text.replace("../models", "models").replace("/var/lib/edge-agent", str(tmp_path / "box"))
    (tmp_path / "SITE.yaml").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    said = {}
    for command in COMMANDS:
        capsys.readouterr()
        more = ["--yes"] if command[:2] == ["calibrate", "apply"] else []
        assert main([*command, *more]) == 0, command
        said[command[1]] = capsys.readouterr().out

    assert set(said) >= {"zero", "span", "truck", "lane", "apply"}
    assert "Zero tracking holds" in said["zero"]
    assert "15 passes of 沪D00001, 0 left out, 13 other vehicles" in said["truck"]
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {
        "calibration.png",
        "factor.png",
        "trace.png",
        "lane.png",
    }
    site = load(tmp_path / "SITE.yaml")
    notes = [note.record for _, note in tray_of(site.evidence.store.directory).waiting()]
    assert [(one.method, one.outcome, one.by) for one in notes] == [
        ("span", "applied", "Wang Gong"),
        ("test_truck", "applied", "Wang Gong"),
    ]
    assert notes[1].old_calibration_id == notes[0].new_calibration_id
    assert site.lanes["1"].scale.calibration.id == notes[1].new_calibration_id
