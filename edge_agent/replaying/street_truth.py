"""The street cases that were decided, beside what truly stood there, by the rule that they were decided with.

What is a case depends on the rule, so the truth is worked out anew for each configuration: its stay,
grades, hours, gap, deliveries, light, classes and permitted strips (`sim/street/should.py`). How the box
looks (scores, containment, the settling time) is none of it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Self

from edge_agent.comparing.outcomes import Outcomes, StreetCase
from edge_agent.config.settings import SiteConfig
from edge_agent.core.events import ClockSource, ClockStatus
from edge_agent.core.scene import Phase
from edge_agent.core.street.hours import Calendar, Hours, InForce, LocalTime
from edge_agent.core.street.settings import RuleSettings, ZoneSettings
from edge_agent.core.street.shops import Shops
from edge_agent.core.units import Ns, S
from edge_agent.sim.street.day_truth import CameraTruth, StreetTruth, ZoneTruth
from edge_agent.sim.street.should import Around, Said, Stood, match, should
from edge_agent.sim.street.truth import Interval, merged

MINUTE = 60 * S
PERMILLE = 1000


@dataclass(frozen=True, slots=True)
class StreetScore:
    """Counts that add up over recordings."""

    cases: int = 0  # stays that truly are one by the rule
    right: int = 0  # of them, those that were reported
    wrong: int = 0  # reports of what is none, or of the same once more
    either: int = 0  # stays of which either answer is right
    zones: int = 0  # that could be judged
    unjudged: int = 0  # zones of which the truth does not say what this configuration asks

    def __add__(self, other: Self) -> StreetScore:
        return StreetScore(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def precision(self) -> float | None:
        """Of the reports, the share that was right; None of nothing."""
        said = self.right + self.wrong
        return self.right / said if said else None

    @property
    def recall(self) -> float | None:
        """Of the true cases, the share that was reported; None where the rule has none in truth."""
        return self.right / self.cases if self.cases else None


def street_score(outcomes: Outcomes, truth: StreetTruth, config: SiteConfig, end: Ns) -> StreetScore:
    """How right it was.

    Args:
        outcomes: of one run with this configuration.
        truth: of the recording.
        config: says the rules.
        end: of the recording; what stands there then is known no further.
    """
    core = config.core()
    street = core.street
    if street is None:
        return StreetScore()
    local = LocalTime(street.utc_offsets, core.legal.utc_offset_minutes)
    total = StreetScore()
    for name, watched in truth.cameras.items():
        chosen = street.cameras.get(name)
        for zone_name, zone in watched.zones.items():
            configured = chosen.zones.get(zone_name) if chosen is not None else None
            if configured is None:
                continue  # nobody watches it: there is no rule that it could be held to
            rule = street.rules[configured.rule]
            if not _can_be_judged(zone, configured, rule):
                total += StreetScore(unjudged=1)
                continue
            tier_stay = Shops(street).tier(configured.shop).stay
            hours = Hours(rule.hours, Calendar(street.calendar), local)
            around = _around(watched, zone, rule, hours, truth.utc_minus_mono, tier_stay)
            spans = zone.occupied(rule.strong, rule.weak, rule.weak_needed, configured.permitted)
            stood = should(zone_name, _until(spans, end), rule, around)
            said = _said(outcomes.cases, zone_name)
            total += _scored(stood, said, Ns(rule.stay_s * S * tier_stay // PERMILLE))
    return total


def not_judged(truth: StreetTruth) -> StreetScore:
    """Of recordings that were made with several configurations: by which rule, nobody can say."""
    return StreetScore(unjudged=sum(len(camera.zones) for camera in truth.cameras.values()))


def _can_be_judged(zone: ZoneTruth, configured: ZoneSettings, rule: RuleSettings) -> bool:
    """Whether the truth says everything that the rule asks: where things stood still on this very ground."""
    return configured.polygon == zone.polygon and rule.stationary and not rule.requires


def _around(
    watched: CameraTruth,
    zone: ZoneTruth,
    rule: RuleSettings,
    hours: Hours,
    utc_minus_mono: int,
    tier_stay: int,
) -> Around:
    begins = [at for at, _ in watched.light]

    def dark(at: int) -> bool:
        place = bisect_right(begins, at) - 1
        return place >= 0 and watched.light[place][1] < rule.low_light_luma

    @cache  # a day has 1,440
    def in_minute(minute: int) -> InForce:
        clock = ClockStatus(
            Ns(0), Ns(utc_minus_mono), ClockSource.NTP, synced=True, offset=Ns(0), est_error=Ns(0)
        )
        return hours.at(Ns(minute * MINUTE - utc_minus_mono), clock)

    return Around(
        away=watched.away,
        unloading=merged([(d.start, d.end) for d in zone.deliveries if d.label in rule.unloading]),
        dark=dark,
        in_force=lambda at: in_minute((at + utc_minus_mono) // MINUTE),
        tier_stay=tier_stay,
    )


def _until(spans: Sequence[Interval], end: Ns) -> list[Interval]:
    return [(start, min(stop, end)) for start, stop in spans if start < end]


def _said(cases: Sequence[StreetCase], zone: str) -> list[Said]:
    """The zone's reports, each until its case was cleared."""
    out = []
    for case in cases:
        at = case.confirmed_at
        if case.zone != zone or case.opened not in (Phase.CONFIRMED, Phase.REOPENED) or at is None:
            continue
        first = case.first_seen_at if case.first_seen_at is not None else at
        end = case.ended_at or case.cleared_at
        labels = tuple(item.label for item in case.items)
        out.append(Said(zone, str(case.opened), first, at, None if end is None else Ns(max(end, at)), labels))
    return out


def _scored(stood: Sequence[Stood], said: Sequence[Said], stay: Ns) -> StreetScore:
    kinds = [one.kind for one in stood]
    found = [kinds[k] for k in match(stood, said, stay).values()]
    return StreetScore(
        cases=kinds.count("case"),
        right=found.count("case"),
        wrong=len(said) - len(found) + found.count("none"),
        either=kinds.count("open"),
        zones=1,
    )
