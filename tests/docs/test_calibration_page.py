"""Every command that docs/calibration.md shows, run in its order on what its first lines simulate."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml

from edge_agent.cli.main import main
from edge_agent.config.loader import load
from edge_agent.evidence.intray import tray_of

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "calibration.md").read_text("utf-8"), re.DOTALL)
COMMANDS = [shlex.split(line, comments=True)[1:] for block in BLOCKS for line in block.splitlines()]


def hurry(scenario):
    """The same passes one close behind the other, on a scale that is warm."""
    made = yaml.safe_load(scenario.read_text("utf-8"))
    made["passages"] = [one | {"at_s": 20 + 14 * n} for n, one in enumerate(made["passages"])]
    made["lanes"][0]["traffic"] |= {"from_s": 0, "vehicles_per_hour": 120}
    made["duration_s"] = 235
    scenario.write_text(yaml.safe_dump(made), "utf-8")


@pytest.mark.slow
def test_the_page_s_commands_calibrate_a_simulated_box(tmp_path, monkeypatch, capsys):
    (tmp_path / "models").symlink_to(ROOT / "models")
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    hurry(tmp_path / "configs" / "scenarios" / "test-truck.yaml")
    text = (ROOT / "configs" / "bridge.yaml").read_text("utf-8").replace("warm_up_s: 300", "warm_up_s: 0")
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
    assert re.search(r"15 passes of 沪D00001, 0 left out, [1-9]\d* other vehicles", said["truck"])
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
