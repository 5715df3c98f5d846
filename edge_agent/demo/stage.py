"""What the demo plays: the road, its traffic and the camera's video, and the site that watches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.config.settings import SiteConfig
from edge_agent.core.units import S
from edge_agent.demo.street import StreetPlay
from edge_agent.sim.scenario import Scenario
from edge_agent.sim.world import Passage

Progress = Callable[[str, int, int], None]  # what, done, of

# After the last vehicle: the longest that a match, its pictures and a receipt may take.
SETTLE_S = 12.0
SETTLE_NS = round(SETTLE_S * S)


@dataclass(frozen=True, slots=True)
class Stage:
    """One play. `site` is complete but for the places and the addresses of the run."""

    title: str
    notice: tuple[str, str]  # what is simulated, in Chinese and English
    scenario: Scenario
    site: SiteConfig
    port: str  # the instrument that is simulated
    camera: str
    video: Callable[[Path, int, Progress], Path]  # folder, seed -> what the camera plays
    video_at_ns: int  # scenario time of the video's first picture
    picture: Callable[[Passage], bytes]  # what the plate camera pushes along
    street: StreetPlay | None = None  # beside the road
    pushes: bool = True  # the camera reads plates itself and pushes them


def moved(site: SiteConfig, changes: dict[tuple[str, ...], Any]) -> SiteConfig:
    """The site with some settings replaced, checked again as a whole."""
    tree = site.model_dump(mode="json", by_alias=True)
    if tree["street"]:
        del tree["street"]["utc_offsets"]  # worked out anew from the time zone
    for path, value in changes.items():
        node = tree
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = value
    return SiteConfig.model_validate(tree)
