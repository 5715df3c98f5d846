import shutil
from pathlib import Path

import pytest
import yaml

from edge_agent.cli.main import run_command

ROOT = Path(__file__).parents[2]


@pytest.fixture
def shipped_bridge(tmp_path):
    """A copy of configs/bridge.yaml; the models that it names, and the box's own files, lie beside it."""
    folder = tmp_path / "configs"
    folder.mkdir()
    (tmp_path / "models").symlink_to(ROOT / "models")
    path = Path(shutil.copy(ROOT / "configs" / "bridge.yaml", folder))
    path.write_text(path.read_text("utf-8").replace("/var/lib/edge-agent", str(tmp_path / "box")), "utf-8")
    return path


@pytest.fixture(scope="session")
def short_runs(tmp_path_factory):
    """Eight simulated passes of a 20 t truck over a scale that reads 2.4 % too much; no other traffic."""
    folder = tmp_path_factory.mktemp("short")
    scenario = yaml.safe_load((ROOT / "configs" / "scenarios" / "test-truck.yaml").read_text("utf-8"))
    scenario["passages"] = [
        {**one, "at_s": 12 + 12 * number} for number, one in enumerate(scenario["passages"][2:10])
    ]
    scenario["lanes"][0].pop("traffic")
    scenario |= {"duration_s": 106, "site": str(ROOT / "configs" / "bridge.yaml")}
    (folder / "short.yaml").write_text(yaml.safe_dump(scenario), "utf-8")
    out = folder / "rec.mcap"
    assert run_command("simulate", [str(folder / "short.yaml"), "--out", str(out), "--seed", "1"]) == 0
    return out
