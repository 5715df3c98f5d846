"""A bridge for tests: the demo's road as settings of the core, short scenarios over it, decisions."""

from pathlib import Path

from edge_agent.core.decisions import CrossingSeen, Decision, Seal
from edge_agent.core.events import Captured, Event
from edge_agent.core.records import Detection, Picture
from edge_agent.core.site import Site
from edge_agent.core.site_settings import SiteSettings
from edge_agent.sim.events import events
from edge_agent.sim.scenario import Scenario, load_scenario

ROOT = Path(__file__).parents[1]
POSTED = {
    "road_class": "highway",
    "limit_kind": "gvw",
    "limit_kg": 20_000,
    "sign_id": "sign-1",
    "legal_basis": "test",
    "authority": "test",
    "valid_from": "2026-01-01",
}


def a_scenario(*passages: dict[str, object], duration_s: float = 20, **changes: object) -> Scenario:
    """The demo's bridge with these planned passages and no other traffic."""
    demo = load_scenario(ROOT / "configs" / "scenarios" / "demo.yaml").model_dump(mode="json")
    for lane in demo["lanes"]:
        lane["traffic"] = None
    return Scenario.model_validate({**demo, "passages": passages, "duration_s": duration_s, **changes})


def site_settings(scenario: Scenario, **changes: object) -> SiteSettings:
    """The core's settings for a scenario's road: perfectly calibrated, warmed up."""
    lanes = {}
    for lane in scenario.lanes:
        sensors = [sensor.model_dump() for sensor in lane.sensors]
        for sensor in sensors:
            for channel in sensor["channels"]:
                per_kg = int(scenario.instruments[lane.port].errors.counts_per_kg)
                channel.update(grams_num=1000, grams_den=per_kg)
        lanes[lane.id] = {
            "port": lane.port,
            "camera": "cam1",
            "scale": {
                "sensors": sensors,
                "separator": {"bit": lane.loop.bit} if lane.loop else None,
                "zero": {"warm_up_s": 0},
                "calibration": {"id": "test"},
            },
            "limits": {"posted": POSTED, "gvw_art3": {}, "axle_group": {}},
        }
    distance = scenario.cameras["cam1"].distance_mm
    match_lanes = [{"lane": lane.id, "distance_mm": distance} for lane in scenario.lanes]
    chosen = {
        "id": "bridge-test",
        "ports": {
            port: {"protocol": sim.protocol.model_dump()} for port, sim in scenario.instruments.items()
        },
        "lanes": lanes,
        "cameras": {"cam1": {"match": {"lanes": match_lanes}}},
        "legal": {"use_class": "test"},
    }
    return SiteSettings.model_validate(chosen | changes)


def decide(site: Site, stream: list[Event]) -> list[Decision]:
    """Everything that the site decides on the stream."""
    return [decision for event in stream for decision in site.step(event)]


def drive(scenario: Scenario, seed: int = 1, **changes: object) -> tuple[list[CrossingSeen], list[Seal]]:
    """The crossings and the seals of a scenario without a video camera."""
    cameras = {"cam1": {**site_settings(scenario).cameras["cam1"].model_dump(), "pictures": False}}
    site = Site(site_settings(scenario, **({"cameras": cameras} | changes)))
    decided = decide(site, list(events(scenario, seed)))
    return (
        [d for d in decided if isinstance(d, CrossingSeen)],
        [d for d in decided if isinstance(d, Seal)],
    )


def a_picture(role: str, at: int | None, sha256: str = "") -> Picture:
    """A full-size picture."""
    return Picture(role, sha256 or f"{role:0<64}", 1000, "image/jpeg", 1920, 1080, at, "cam1")


def taken(request: str, at: int, label: str = "truck", *, in_lane: bool = True) -> Captured:
    """Two pictures with a vehicle of this label in the lane."""
    boxes = (Detection(label, "evidence", 900, 100, 100, 600, 900, in_lane=in_lane),)
    pictures = (a_picture("full_view_1", at - 600_000_000), a_picture("full_view_2", at))
    return Captured(at, request, "cam1", pictures, (boxes, boxes), "m" * 64)
