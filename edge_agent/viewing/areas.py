"""The zones and lanes of a configuration as lines over a camera's picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from edge_agent.config.settings import SiteConfig
from edge_agent.viewing.things import Area

Points = Iterable[tuple[float, float]]


def areas_of(config: SiteConfig, camera: str, size: tuple[int, int]) -> tuple[Area, ...]:
    """What is drawn into this camera's pictures of `size` pixels; empty where the configuration has none."""
    return tuple(
        Area(name, kind, tuple((x * size[0], y * size[1]) for x, y in points), closed)
        for name, kind, points, closed in (*_zones(config, camera), *_lanes(config, camera))
    )


def _zones(config: SiteConfig, camera: str) -> Iterator[tuple[str, str, Points, bool]]:
    watched = config.street.cameras.get(camera) if config.street else None
    for name, zone in watched.zones.items() if watched else ():
        yield name, "zone", zone.polygon, True
        for strip in zone.permitted:
            yield f"{name}: permitted", "permitted", strip, True
        if zone.door_line:
            yield f"{name}: door line", "door_line", zone.door_line, False


def _lanes(config: SiteConfig, camera: str) -> Iterator[tuple[str, str, Points, bool]]:
    video = config.cameras[camera].video if camera in config.cameras else None
    for lane, view in video.views.items() if video else ():
        yield f"lane {lane}", "lane", view.polygon, True
        if view.line:
            yield f"lane {lane}: reading line", "reading_line", view.line, False
