"""The posted limit of this bridge: the sign's number against the gross weight or the heaviest axle.

Binds whatever the vehicle is. A vehicle may be within the national table and over the sign at once.
"""

from __future__ import annotations

from edge_agent.core.records import Crossing, Verdict
from edge_agent.core.units import Grams
from edge_agent.core.weigh.limits import tables
from edge_agent.core.weigh.limits.facts import Known
from edge_agent.core.weigh.limits.settings import PostedSettings
from edge_agent.core.weigh.limits.verdicts import Rule, Subject, compare, gross_of


class Posted:
    """Evaluator `posted`."""

    def __init__(self, settings: PostedSettings) -> None:
        self._settings = settings
        sha256 = tables.digest(tables.POSTED_VERSION, settings.model_dump(mode="json"))
        gvw = settings.limit_kind == "gvw"
        self._rule = Rule(
            evaluator="posted",
            legal_basis=(
                f"{settings.legal_basis}; {settings.road_class} road; sign {settings.sign_id} "
                f"in force from {settings.valid_from}; {settings.authority}"
            ),
            version=tables.versioned(tables.POSTED_VERSION, sha256),
            name_en=f"the posted {'gross weight' if gvw else 'axle'} limit (sign {settings.sign_id})",
            name_zh=f"限载标志（编号 {settings.sign_id}）{'总质量' if gvw else '轴重'}限值",
            deduction=settings.deduction,
        )

    def evaluate(self, crossing: Crossing, known: Known) -> tuple[Verdict, ...]:
        """One verdict."""
        subject = gross_of(crossing) if self._settings.limit_kind == "gvw" else heaviest_axle(crossing)
        limit = Grams(self._settings.limit_kg * 1000)
        assumptions = known.assumptions("permit", "military_emergency")
        return (compare(self._rule, subject, limit, crossing.flags, assumptions),)


def heaviest_axle(crossing: Crossing) -> Subject:
    """The heaviest axle, on a tie the foremost; no weight where any axle of the vehicle has none."""
    if crossing.gross is None or not crossing.axles:
        return Subject("axles", "axle load", "轴重", None, None)
    index = max(range(len(crossing.axles)), key=lambda i: (crossing.axles[i].load, -i))
    axle = crossing.axles[index]
    return Subject(
        f"axles {index + 1}", f"load of axle {index + 1}", f"第{index + 1}轴轴重", axle.load, axle.interval
    )
