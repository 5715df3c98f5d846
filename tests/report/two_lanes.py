"""A lorry over the limit, and a light one beside it on the other lane: their reads may be each other's."""

from edge_agent.config.loader import load
from edge_agent.sim.events import events
from edge_agent.sim.scenario import Scenario, load_scenario
from tests.road import ROOT

HEAVY, LIGHT = "沪A12345", "粤B98711"


def the_site():
    return load(ROOT / "configs" / "bridge-two-lanes.yaml")


def the_road(seed=1):
    """Every event of 20 seconds."""
    scenario = load_scenario(ROOT / "configs" / "scenarios" / "dense.yaml").model_dump(mode="json")
    for lane in scenario["lanes"]:
        lane["traffic"] = None
    both = [
        {"at_s": 4.0, "lane": "1", "kind": "truck3", "gross_kg": 31_000, "speed_kmh": 25, "plate": HEAVY},
        {"at_s": 4.3, "lane": "2", "kind": "truck2", "gross_kg": 12_000, "speed_kmh": 25, "plate": LIGHT},
    ]
    return list(events(Scenario.model_validate({**scenario, "duration_s": 20, "passages": both}), seed))
