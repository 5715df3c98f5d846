"""The simulated day's site: the example bridge, and two street cameras on streets of their own.

`configs/bridge.yaml` with the street of `configs/storefront.yaml`, whose one camera has become two; rules,
hours and tiers are the example's own, unscaled.
"""

from __future__ import annotations

from typing import Any

from edge_agent.config.document import read_document
from edge_agent.config.settings import SiteConfig
from edge_agent.demo.rendered import repository
from edge_agent.sim.street.zones import ShopZone

Cameras = dict[str, tuple[ShopZone, ...]]

TIERS = ("yellow", "green")  # in turn


def zone_name(camera: str, zone: ShopZone) -> str:
    """A zone's name at the site, where names are unique over all cameras."""
    return f"{zone.name}_{camera}"


def site(cameras: Cameras) -> SiteConfig:
    """The bridge beside these street cameras; none: the bridge alone.

    Paths are as the examples write them: the same day gives the same header anywhere.
    """
    configs = repository() / "configs"
    tree: dict[str, Any] = read_document(configs / "bridge.yaml").data
    if cameras:
        tree["street"] = _street(read_document(configs / "storefront.yaml").data["street"], cameras)
    return SiteConfig.model_validate(tree)


def _street(example: dict[str, Any], cameras: Cameras) -> dict[str, Any]:
    names = [zone_name(camera, zone) for camera, zones in cameras.items() for zone in zones]
    shops = {name: {"name": name, "tier": TIERS[k % len(TIERS)]} for k, name in enumerate(names)}
    video = example["cameras"]["east"]["video"]
    watched = {
        camera: {"video": video, "zones": {zone_name(camera, zone): _zone(camera, zone) for zone in zones}}
        for camera, zones in cameras.items()
    }
    return example | {"shops": shops, "cameras": watched}


def _zone(camera: str, zone: ShopZone) -> dict[str, Any]:
    return {
        "rule": "overflow",
        "shop": zone_name(camera, zone),
        "polygon": zone.polygon,
        "door_line": zone.door_line,
        "metric": {"quad": zone.quad, "sides_mm": zone.sides_mm, "diagonal_mm": zone.diagonal_mm},
    }
