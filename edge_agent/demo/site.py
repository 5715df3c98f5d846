"""The demo's site: `configs/bridge.yaml` as it is in the repository, moved onto simulated hardware."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from edge_agent.config.loader import load
from edge_agent.config.settings import SiteConfig
from edge_agent.errors import UsageError
from edge_agent.evidence.keys import load_or_generate
from edge_agent.evidence.uplink.settings import BrokerSettings
from edge_agent.ingest.settings import IngestSettings
from edge_agent.sim.render.scene import Scene, SceneLane, lane_polygon
from edge_agent.sim.scenario import Scenario, load_scenario

INGEST_ID = "ea-platform"


def repository() -> Path:
    """The checkout that this program runs from: configurations and the model lie there."""
    return Path(str(files("edge_agent"))).parent


@dataclass(frozen=True, slots=True)
class Places:
    """The demo's folder."""

    root: Path

    @property
    def clip(self) -> Path:
        """What the camera plays."""
        return self.root / "bridge.mp4"

    @property
    def devices(self) -> Path:
        """Enrolled boxes, on the platform's side."""
        return self.root / "platform" / "devices"

    @property
    def receipt_key(self) -> Path:
        """The platform's receipt key; its public half is `receipt.pub.pem` beside it."""
        return self.root / "platform" / "receipt.pem"

    @property
    def receipt_public(self) -> Path:
        """What the box believes."""
        return self.root / "platform" / "receipt.pub.pem"


def demo_scenario(seconds: float | None) -> Scenario:
    """The demo's traffic, for its own length or for longer."""
    scenario = load_scenario(repository() / "configs" / "scenarios" / "demo.yaml")
    if seconds is None:
        return scenario
    return scenario.model_copy(update={"duration_s": seconds})


def demo_scene(scenario: Scenario, camera: str) -> Scene:
    """The camera's view: it reads plates where the scenario's camera does."""
    lanes = tuple(SceneLane(lane.id, lane.centre_mm) for lane in scenario.lanes)
    return Scene(lanes=lanes, x_cam_mm=scenario.cameras[camera].distance_mm)


def demo_config(
    scenario: Scenario, scene: Scene, places: Places, device: str, broker: BrokerSettings
) -> SiteConfig:
    """`configs/bridge.yaml` with the simulated port, camera, broker and folders."""
    tree = load(repository() / "configs" / "bridge.yaml").model_dump(mode="json", by_alias=True)
    tree["ports"]["wim"]["device"] = device
    tree["anpr"]["port"] = 0
    for lane in tree["lanes"].values():
        lane["scale"]["zero"]["warm_up_s"] = 0  # the simulated cells are warm
    for name, camera in tree["cameras"].items():
        camera["video"]["url"] = str(places.clip)
        for lane, view in camera["video"]["views"].items():
            view["polygon"] = [(x / 1000, y / 1000) for x, y in lane_polygon(scene, lane)]
        for lane in camera["match"]["lanes"]:
            lane["distance_mm"] = scenario.cameras[name].distance_mm
    tree["evidence"]["key_file"] = str(places.root / "box" / "evidence.pem")
    tree["evidence"]["store"]["directory"] = str(places.root / "box" / "evidence")
    tree["uplink"]["mqtt"] = broker.model_dump(mode="json")
    tree["uplink"]["receipt_keys_file"] = str(places.receipt_public)
    tree["journal"]["dir"] = str(places.root / "journal")
    return SiteConfig.model_validate(tree)


def ingest_settings(config: SiteConfig, places: Places, broker: BrokerSettings) -> IngestSettings:
    """The platform's side of the demo."""
    return IngestSettings(
        mqtt=broker,
        tenant=config.site.tenant,
        data_dir=places.root / "platform" / "data",
        devices_dir=places.devices,
        receipt_key_file=places.receipt_key,
    )


def introduce(config: SiteConfig, places: Places) -> None:
    """Make both keys and give each side the other's public half, as an enrolment does."""
    for folder in (places.devices, config.evidence_settings().key_file.parent):
        folder.mkdir(parents=True, exist_ok=True)
    box = load_or_generate(config.evidence_settings().key_file)
    (places.devices / f"{config.site.device_id}.pem").write_bytes(box.public.pem)
    platform = load_or_generate(places.receipt_key)
    places.receipt_public.write_bytes(platform.public.pem)


def prepare_folder(root: Path) -> Places:
    """An empty folder for the demo; a folder with somebody else's files in it is refused."""
    marker = root / ".edge-agent-demo"
    if root.exists() and any(root.iterdir()) and not marker.exists():
        raise UsageError(f"{root} is not empty and not an earlier demo's: give another --out")
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True, exist_ok=True)
    marker.touch()
    return Places(root.resolve())
