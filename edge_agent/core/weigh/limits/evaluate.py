"""All evaluators of a lane over one crossing. None fills in for another."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.core.records import Crossing, Verdict
from edge_agent.core.weigh.limits import tables
from edge_agent.core.weigh.limits.axle_group import AxleGroups
from edge_agent.core.weigh.limits.facts import known
from edge_agent.core.weigh.limits.gvw_art3 import GvwArt3
from edge_agent.core.weigh.limits.posted import Posted
from edge_agent.core.weigh.limits.settings import LimitsSettings

_NO_FACTS: Mapping[str, str] = {}


class Limits:
    """The limits that hold on a lane.

    `digest` names rules and settings together: the rule-set digest of every statement.
    """

    def __init__(self, settings: LimitsSettings) -> None:
        self._evaluators: list[Posted | GvwArt3 | AxleGroups] = []
        if settings.posted is not None:
            self._evaluators.append(Posted(settings.posted))
        if settings.gvw_art3 is not None:
            self._evaluators.append(GvwArt3(settings.gvw_art3))
        if settings.axle_group is not None:
            self._evaluators.append(AxleGroups(settings.axle_group))
        self.digest = tables.digest(
            tables.POSTED_VERSION,
            tables.ART3_SHA256,
            tables.AXLE_GROUP_SHA256,
            settings.model_dump(mode="json"),
        )

    def evaluate(
        self, crossing: Crossing, vehicle: str = "", facts: Mapping[str, str] = _NO_FACTS
    ) -> tuple[Verdict, ...]:
        """Judge a crossing: posted, then the national table, then axle groups.

        Args:
            crossing: as measured; flags are stated, and a flagged weight is never `within`.
            vehicle: class by a camera ("truck", "bus", ...), empty when unknown.
            facts: what a reviewer states (`facts.STATEABLE`); gives a new verdict, the old one stays.
        """
        what_is_known = known(vehicle, facts)
        return tuple(v for e in self._evaluators for v in e.evaluate(crossing, what_is_known))
