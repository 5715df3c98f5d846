"""What is drawn over a camera's picture: zones, door lines, lanes. Permille of the picture, as configured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edge_agent.config.settings import SiteConfig
from edge_agent.core.street.settings import permille

Drawn = dict[str, Any]


def overlays(config: SiteConfig) -> dict[str, list[Drawn]]:
    """By camera: shapes with `kind` (zone, door, permitted, lane, line), `name` and `points`."""
    found = {name: list(_of_lanes(config, name)) for name, camera in config.cameras.items() if camera.video}
    street = config.street.cameras if config.street else {}
    return found | {name: list(_of_zones(config, name)) for name in street}


def _of_lanes(config: SiteConfig, camera: str) -> Iterator[Drawn]:
    video = config.cameras[camera].video
    assert video is not None
    for lane, view in video.views.items():
        yield _shape("lane", lane, view.permille)
        if view.line_permille is not None:
            yield _shape("line", lane, view.line_permille)


def _of_zones(config: SiteConfig, camera: str) -> Iterator[Drawn]:
    assert config.street is not None
    for name, zone in config.street.cameras[camera].zones.items():
        yield _shape("zone", name, permille(zone.polygon))
        if zone.door_line:
            yield _shape("door", name, permille(zone.door_line))
        for strip in zone.permitted:
            yield _shape("permitted", name, permille(strip))


def _shape(kind: str, name: str, points: tuple[tuple[int, int], ...]) -> Drawn:
    return {"kind": kind, "name": name, "points": [list(point) for point in points]}
