"""Two vehicles over the shipped bridge, as `edge-agent simulate` writes them down."""

import pytest
import yaml

from edge_agent.cli.main import main
from tests.road import ROOT

LIGHT = {"at_s": 3, "kind": "truck2", "gross_kg": 12_000, "speed_kmh": 24, "plate": "京B54321"}
HEAVY = {"at_s": 9, "kind": "truck3", "gross_kg": 27_500, "speed_kmh": 20, "plate": "沪A12345"}


@pytest.fixture(scope="session")
def recording(tmp_path_factory):
    """A file `bridge.mcap`; no decision is in it."""
    folder = tmp_path_factory.mktemp("notebook")
    demo = yaml.safe_load((ROOT / "configs" / "scenarios" / "demo.yaml").read_text("utf-8"))
    demo["lanes"][0].pop("traffic")
    demo |= {"passages": [LIGHT, HEAVY], "duration_s": 22, "site": str(ROOT / "configs" / "bridge.yaml")}
    scenario = folder / "two.yaml"
    scenario.write_text(yaml.safe_dump(demo, allow_unicode=True), "utf-8")
    assert main(["simulate", str(scenario), "--seed", "1", "--out", str(folder / "bridge.mcap")]) == 0
    return folder / "bridge.mcap"
