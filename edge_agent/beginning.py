"""What a daemon takes up when it begins: a changed configuration, and what earlier runs left open."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from edge_agent.config.settings import SiteConfig
from edge_agent.config.street import StreetConfig
from edge_agent.core.events import CaseRecalled, ClockSource, ClockStatus, OrderAnswered
from edge_agent.core.units import US, Ns
from edge_agent.errors import StoreFull
from edge_agent.evidence.open_cases import OpenCase
from edge_agent.evidence.statement_records import ConfigChange
from edge_agent.evidence.store import EvidenceStore

log = logging.getLogger(__name__)


def tell_of_change(store: EvidenceStore, config: SiteConfig, origin: str) -> None:
    """Every change of the configuration is in the chain.

    Args:
        store: knows which configuration the last run had.
        config: of this run.
        origin: where it comes from, for people.
    """
    before, now = store.configured_before, config.sha256()
    if before in {"", now}:
        return
    try:
        store.record(ConfigChange(old_sha256=before, new_sha256=now, detail=origin))
    except StoreFull as full:
        # The uplink must get to make room; every statement names its configuration.
        log.warning("the change of the configuration is not told: %s", full)


def left_open(
    store: EvidenceStore, street: StreetConfig, status: ClockStatus
) -> Iterator[OrderAnswered | CaseRecalled]:
    """The street's orders that were answered and its cases that were open, as events of this run."""
    now, offset = status.at, status.utc_minus_mono
    for order, zone in store.answered_orders():
        yield OrderAnswered(now, order, zone)
    known = status.source is not ClockSource.NONE
    cooldown_s = max(rule.cooldown_s for rule in street.rules.values())
    for case in store.open_cases((now + offset) // US, cooldown_s * 1_000_000):
        yield recalled(case, now, offset if known else None)


def recalled(case: OpenCase, now: Ns, utc_minus_mono: Ns | None) -> CaseRecalled:
    """A case of an earlier run, its times on this run's clock.

    Without a clock (a box whose battery is empty, before its first answer from the network) it has none: on
    a clock that will be set they would come out as other times.
    """
    if utc_minus_mono is not None and case.recorded_utc_us * US - utc_minus_mono > now:
        utc_minus_mono = None  # recorded in what is now the future: the clock has gone back

    def monotonic(utc_us: int | None) -> Ns | None:
        return None if utc_us is None or utc_minus_mono is None else Ns(utc_us * US - utc_minus_mono)

    recorded_at = min(monotonic(case.recorded_utc_us) or now, now)
    return CaseRecalled(
        at=now,
        case=case.case,
        revision=case.revision,
        zone=case.zone,
        event_type=case.event_type,
        phase=case.phase,
        recorded_at=recorded_at,
        confirmed_at=monotonic(case.confirmed_utc_us),
        first_seen_at=monotonic(case.first_seen_utc_us),
        rechecked=case.rechecked,
        shop=case.shop,
    )
