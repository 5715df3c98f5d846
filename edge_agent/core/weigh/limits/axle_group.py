"""Axle and axle-group limits of GB 1589-2016, and their sum against the gross weight.

The table was written from memory: every verdict is `reference_only` until the standard was read.
"""

from __future__ import annotations

from edge_agent.core.records import AxleGroup, Crossing, Outcome, Verdict
from edge_agent.core.units import Grams
from edge_agent.core.weigh.limits import tables
from edge_agent.core.weigh.limits.facts import NOT_GOODS, Known
from edge_agent.core.weigh.limits.settings import AxleGroupSettings
from edge_agent.core.weigh.limits.verdicts import Rule, Subject, compare, gross_of, no_answer

_ASKED = ("tyres", "suspension", "spacing", "vehicle_class", "gb1589_exempt", "permit", "military_emergency")


class AxleGroups:
    """Evaluator `axle_group`: one verdict a group, then one for the sum of the axle limits."""

    def __init__(self, settings: AxleGroupSettings) -> None:
        self._settings = settings
        self._rule = Rule(
            evaluator="axle_group",
            legal_basis=settings.legal_basis,
            version=tables.versioned(tables.AXLE_GROUP_VERSION, tables.AXLE_GROUP_SHA256),
            name_en="the axle group limit of GB 1589 (unverified table)",
            name_zh="GB 1589轴荷限值（限值表待核实）",
            deduction=settings.deduction,
            reference_only=True,
        )

    def evaluate(self, crossing: Crossing, known: Known) -> tuple[Verdict, ...]:
        """A verdict for each group, front to rear, then "gross" against the sum of their limits."""
        if crossing.gross is None or not crossing.groups:
            return (self._no_answer(crossing, gross_of(crossing), Outcome.NOT_ASSESSED, "no_weight", known),)
        if known.vehicle in NOT_GOODS:
            return (self._no_answer(crossing, gross_of(crossing), Outcome.NOT_COVERED, "not_goods", known),)
        verdicts = [self._group(crossing, group, known) for group in crossing.groups]
        missing = next((v for v in verdicts if v.limit is None), None)
        if missing is None:
            total = Grams(sum(v.limit for v in verdicts if v.limit is not None))
            assumptions = known.assumptions("first_axle", *_ASKED)
            return (*verdicts, compare(self._rule, gross_of(crossing), total, crossing.flags, assumptions))
        reason = "spacing_unknown" if missing.outcome is Outcome.NOT_ASSESSED else "no_row"
        return (*verdicts, self._no_answer(crossing, gross_of(crossing), missing.outcome, reason, known))

    def _group(self, crossing: Crossing, group: AxleGroup, known: Known) -> Verdict:
        subject = _subject(group)
        if len(group.spacings) != group.count - 1:
            return self._no_answer(crossing, subject, Outcome.NOT_ASSESSED, "spacing_unknown", known)
        limit_kg = group_limit_kg(group, known, self._settings.spacing_tolerance_mm)
        if limit_kg is None:
            return self._no_answer(crossing, subject, Outcome.NOT_COVERED, "no_row", known)
        asked = ("first_axle", *_ASKED) if group.first == 0 else _ASKED
        return compare(self._rule, subject, Grams(limit_kg * 1000), crossing.flags, known.assumptions(*asked))

    def _no_answer(
        self, crossing: Crossing, subject: Subject, outcome: Outcome, reason: str, known: Known
    ) -> Verdict:
        return no_answer(self._rule, subject, outcome, reason, crossing.flags, known.assumptions(*_ASKED))


def _subject(group: AxleGroup) -> Subject:
    first, last = group.first + 1, group.first + group.count
    axles = f"{first}" if group.count == 1 else f"{first}-{last}"
    return Subject(f"axles {axles}", f"load of axles {axles}", f"第{axles}轴轴荷", group.load, group.interval)


def group_limit_kg(group: AxleGroup, known: Known, tolerance_mm: int) -> int | None:
    """The group's limit, in the driver's favour where a fact or a spacing is in doubt; None: no row."""
    if group.count == 1:
        return _single_kg(known, first=group.first == 0)
    widest = max(group.spacings, default=0) + tolerance_mm
    if group.count == 2:
        for below_mm, leaf_kg, air_kg in tables.TANDEM_KG:
            if widest < below_mm:
                return leaf_kg if known.get("suspension") == "leaf" else air_kg
        # 1.8 m apart and more is no tandem: two single axles, each with its own limit.
        return _single_kg(known, first=group.first == 0) + _single_kg(known, first=False)
    if group.count == 3:
        # The tolerance may only lift the limit: it must not push a tridem out of the table.
        rows = [kg for up_to_mm, kg in tables.TRIDEM_KG if widest <= up_to_mm]
        if rows:
            return rows[0]
        return tables.TRIDEM_KG[-1][1] if max(group.spacings) <= tables.TRIDEM_KG[-1][0] else None
    return None


def _single_kg(known: Known, *, first: bool) -> int:
    """A single axle: drive with dual tyres unless a reviewer states otherwise."""
    tyres = known.get("first_axle_tyres") if first else known.get("tyres")
    return tables.SINGLE_AXLE_KG["single_tyres" if tyres == "single" else "drive"]
