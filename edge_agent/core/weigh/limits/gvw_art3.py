"""The national table of gross weights by number of axles: 62号令 (2016) Art. 3.

Axles are counted, not groups. What the scale cannot see takes the higher limit, as an assumption.
"""

from __future__ import annotations

from dataclasses import replace

from edge_agent.core.records import Crossing, Flag, Outcome, Verdict
from edge_agent.core.units import Grams
from edge_agent.core.weigh.limits import tables
from edge_agent.core.weigh.limits.facts import LICENCE_MASS, NOT_GOODS, Known
from edge_agent.core.weigh.limits.settings import GvwArt3Settings
from edge_agent.core.weigh.limits.verdicts import Rule, compare, gross_of, no_answer

# With these flags the number of axles, and so the limit itself, is not known.
AXLES_UNSURE = frozenset({Flag.AXLE_COUNT, Flag.TANDEM_OVERLAP})


class GvwArt3:
    """Evaluator `gvw_art3`."""

    def __init__(self, settings: GvwArt3Settings) -> None:
        self._rule = Rule(
            evaluator="gvw_art3",
            legal_basis=settings.legal_basis,
            version=tables.versioned(tables.ART3_VERSION, tables.ART3_SHA256),
            name_en="the gross weight limit of 62号令 Art. 3",
            name_zh="62号令第三条总质量限值",
            deduction=settings.deduction,
        )

    def evaluate(self, crossing: Crossing, known: Known) -> tuple[Verdict, ...]:
        """One verdict."""
        limit_kg, assumptions = art3_limit_kg(len(crossing.axles), known)
        subject = gross_of(crossing)
        outside = _outside(crossing, limit_kg, known)
        if outside is not None or limit_kg is None:
            outcome, reason = outside or (Outcome.NOT_COVERED, "no_row")
            return (no_answer(self._rule, subject, outcome, reason, crossing.flags, assumptions),)
        return (
            _with_band(compare(self._rule, subject, Grams(limit_kg * 1000), crossing.flags, assumptions)),
        )


def _with_band(verdict: Verdict) -> Verdict:
    """Say so when the excess is in the band of Art. 43 for which the law knows a warning only."""
    if verdict.excess is None or verdict.excess > tables.ART43_WARNING_BAND_KG * 1000:
        return verdict
    return replace(
        verdict,
        text_en=verdict.text_en + " The excess is not above 1000 kg (62号令 Art. 43).",
        text_zh=verdict.text_zh + "超出未超过1000 kg（62号令第四十三条）。",
    )


def _outside(crossing: Crossing, limit_kg: int | None, known: Known) -> tuple[Outcome, str] | None:
    """Why the table gives no answer for this vehicle, first that holds; None when it does."""
    reasons = (
        (known.vehicle in NOT_GOODS, Outcome.NOT_COVERED, "not_goods"),
        (known.vehicle in LICENCE_MASS, Outcome.NOT_ASSESSED, "licence_mass"),
        (known.get("gb1589_exempt") == "yes", Outcome.NOT_COVERED, "exempt"),
        (len(crossing.axles) < 2, Outcome.NOT_ASSESSED, "too_few_axles"),
        (not AXLES_UNSURE.isdisjoint(crossing.flags), Outcome.NOT_ASSESSED, "axles_unsure"),
        (limit_kg is None, Outcome.NOT_COVERED, "no_row"),
    )
    return next(((outcome, reason) for holds, outcome, reason in reasons if holds), None)


def art3_limit_kg(axles: int, known: Known) -> tuple[int | None, tuple[str, ...]]:
    """The limit and what was assumed for it; None when the table has no row.

    An unknown body takes the higher of the two columns.
    """
    single, combination = tables.ART3_KG.get(min(axles, 6), (None, None))
    body = known.get("body")
    asked = ["tyres", "vehicle_class", "gb1589_exempt", "permit", "military_emergency"]
    if body == "rigid":
        limit = single
    elif body == "combination":
        limit = combination
    else:
        limit = max((kg for kg in (single, combination) if kg is not None), default=None)
        if combination is not None:
            asked.insert(0, "combination")
    if axles >= 6 and limit is not None:
        asked.insert(0, "drive_axle")
        if known.get("drive_axle") == "single":
            limit = tables.ART3_SIX_AXLES_SINGLE_DRIVE_KG
    # Two axles have neither a trailer nor grouped non-drive axles.
    if limit is not None and axles > 2 and known.get("tyres") == "single":
        limit -= tables.ART3_SINGLE_TYRES_LESS_KG
    return limit, known.assumptions(*asked)
