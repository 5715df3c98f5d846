"""Tiers of shops, and what each shop's zones have counted lately.

The platform grades; the box obeys, counts, and says which grade its counts would mean:

    red      not corrected at a re-check, or three cases confirmed in seven days, or too little width left
    yellow   a case confirmed
    green    none
"""

from __future__ import annotations

from collections import deque

from edge_agent.core.scene import Finding, Phase, StreetReport
from edge_agent.core.street.settings import StreetSettings, Tier, TierSettings
from edge_agent.core.units import Ns, S

DAYS = 7
WEEK = DAYS * 86_400 * S
RED_CONFIRMED = 3

# Of one shop, in seven days: one every ten minutes would be 1,008.
MAX_COUNTED = 1_024

DEFAULT_TIER: Tier = "yellow"  # of a zone that belongs to no shop
TIERS: dict[str, Tier] = {"red": "red", "yellow": "yellow", "green": "green"}


class Shops:
    """All shops of the site."""

    def __init__(self, settings: StreetSettings) -> None:
        self._tiers = settings.tiers
        self._tier: dict[str, Tier] = {shop: chosen.tier for shop, chosen in settings.shops.items()}
        self._counted: dict[str, deque[tuple[Ns, str, int]]] = {
            shop: deque(maxlen=MAX_COUNTED) for shop in settings.shops
        }
        self._narrow_mm = {
            zone: settings.rules[chosen.rule].passable_min_mm
            for camera in settings.cameras.values()
            for zone, chosen in camera.zones.items()
        }

    def set(self, shop: str, tier: str) -> str:
        """Grade a shop anew; says what is wrong with the order, empty when it was carried out."""
        if shop not in self._tier:
            return "a tier for a shop that is not configured"
        if tier not in TIERS:
            return f"no tier {tier!r}"
        self._tier[shop] = TIERS[tier]
        return ""

    def name(self, shop: str) -> str:
        """The shop's tier; empty for no shop."""
        return self._tier.get(shop, "")

    def tier(self, shop: str) -> TierSettings:
        """What the shop's tier asks for."""
        held = self._tier.get(shop, DEFAULT_TIER)
        return {"red": self._tiers.red, "yellow": self._tiers.yellow, "green": self._tiers.green}[held]

    def count(self, report: StreetReport) -> None:
        """Take a record into the shop's counts."""
        counted = self._counted.get(report.shop)
        if counted is None:
            return
        minutes = report.dwell // (60 * S)
        limit = self._narrow_mm.get(report.zone, 0)
        if (
            report.passable_mm is not None
            and report.passable_mm < limit
            and report.finding is Finding.PRESENT
        ):
            counted.append((report.judged_at, "narrow", 0))
        if report.phase in (Phase.CONFIRMED, Phase.REOPENED):
            counted.append((report.judged_at, "confirmed", 0))
        elif report.phase is Phase.CLEARED:
            counted.append((report.judged_at, "cleared", minutes))
        elif report.phase is Phase.RECHECK and report.finding is Finding.PRESENT:
            counted.append((report.judged_at, "not_corrected", 0))

    def counts(self, shop: str, at: Ns) -> tuple[tuple[str, str], ...]:
        """What is told of the shop in a record: since the start, of the last seven days."""
        counted = self._counted.get(shop)
        if counted is None:
            return ()
        while counted and counted[0][0] < at - WEEK:
            counted.popleft()
        kinds = [kind for _, kind, _ in counted]
        confirmed, uncorrected = kinds.count("confirmed"), kinds.count("not_corrected")
        if uncorrected or confirmed >= RED_CONFIRMED or "narrow" in kinds:
            suggested = "red"
        else:
            suggested = "yellow" if confirmed else "green"
        return (
            ("shop_confirmed_7d", str(confirmed)),
            ("shop_minutes_7d", str(sum(minutes for _, _, minutes in counted))),
            ("shop_not_corrected_7d", str(uncorrected)),
            ("shop_tier_suggested", suggested),
        )
