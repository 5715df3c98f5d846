"""`--lane` and `--zone`: which decisions are told of. The core sees everything all the same.

A vehicle's plate is found among those of its rivals on the other lanes: a core that saw one lane alone would
decide otherwise. So a part is chosen of what was decided, never of what happened.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edge_agent.config.settings import SiteConfig
from edge_agent.core.decisions import (
    Capture,
    CrossingSeen,
    Decision,
    Fault,
    ReadPlates,
    Seal,
    SealStreet,
    Status,
    TakePictures,
    ZoneChanged,
)
from edge_agent.core.records import Crossing
from edge_agent.core.scene import StreetReport
from edge_agent.errors import UsageError


@dataclass(frozen=True, slots=True)
class Only:
    """Parts of a site as coverage names them: `lane/1`, `zone/corner`. None at all: everything."""

    parts: frozenset[str] = frozenset()

    def takes(self, decision: Decision) -> bool:
        """Whether the decision is about one of them; what is about the whole box is about none."""
        return not self.parts or part_of(decision) in self.parts


EVERYTHING = Only()


def only(config: SiteConfig | Iterable[SiteConfig], lanes: Iterable[str], zones: Iterable[str]) -> Only:
    """These lanes and zones of a site; of several configurations, as it was at one time or another.

    Raises:
        UsageError: the site never had one of that name.
    """
    configs = [config] if isinstance(config, SiteConfig) else list({id(one): one for one in config}.values())
    cameras = [camera for one in configs if one.street for camera in one.street.cameras.values()]
    parts = set()
    for kind, asked, known in (
        ("lane", lanes, {lane for one in configs for lane in one.lanes}),
        ("zone", zones, {zone for camera in cameras for zone in camera.zones}),
    ):
        for name in asked:
            if name not in known:
                there = f"there are {', '.join(sorted(known))}" if known else f"the site has no {kind}s"
                raise UsageError(f"--{kind} {name}: no such {kind}; {there}")
            parts.add(f"{kind}/{name}")
    return Only(frozenset(parts))


def part_of(decision: Decision) -> str:
    """The part that a decision is about; empty where it is about none of its own."""
    match decision:
        case CrossingSeen(crossing=Crossing(lane=lane)) | Seal(crossing=Crossing(lane=lane)):
            return f"lane/{lane}"
        case Capture(lane=lane) | ReadPlates(lane=lane):
            return f"lane/{lane}"
        case ZoneChanged(zone=zone) | TakePictures(zone=zone) | SealStreet(report=StreetReport(zone=zone)):
            return f"zone/{zone}"
        case Fault(source=part) | Status(part=part):
            return part
        case _:
            return ""
