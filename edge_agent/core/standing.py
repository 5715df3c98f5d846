"""What every statement's use class rests on, whatever it is about: the site's standing and the clock.

Each check may only add a reason, and any reason keeps a record out of `enforcement`. Reasons are
stable keys for machines:

    site_test site_reference                          the site is not meant for more
    approval_number_missing published_location_missing sign_id_missing
    enforcement_from_missing before_enforcement       the site is not ready
    clock_unknown clock_unsynced clock_error_unknown clock_error clock_stale
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from edge_agent.core.civil import days_of_iso, local_day
from edge_agent.core.events import ClockSource, ClockStatus
from edge_agent.core.records import UseClass
from edge_agent.core.units import MS, Ns, S
from edge_agent.core.use_class_settings import LegalSettings


def conclude(legal: LegalSettings, reasons: Iterable[str]) -> tuple[UseClass, tuple[str, ...]]:
    """The use class that these reasons leave, and the reasons. A `test` site gives `test` always."""
    said = tuple(reasons)
    if legal.use_class is UseClass.TEST:
        return UseClass.TEST, said
    return (UseClass.REFERENCE if said else UseClass.ENFORCEMENT), said


def site_reasons(legal: LegalSettings, at: Ns, clock: ClockStatus | None) -> Iterator[str]:
    """What is missing of the site's approvals at the instant `at`."""
    if legal.use_class is not UseClass.ENFORCEMENT:
        yield f"site_{legal.use_class}"
    for name in ("approval_number", "published_location", "sign_id"):
        if not getattr(legal, name).strip():
            yield f"{name}_missing"
    if legal.enforcement_from is None:
        yield "enforcement_from_missing"
        return
    today, first = local_today(legal, at, clock), days_of_iso(legal.enforcement_from)
    # An unknown day is `clock_unknown`, said by the clock's own check.
    if today is not None and (first is None or today < first):
        yield "before_enforcement"


def clock_reasons(legal: LegalSettings, at: Ns, clock: ClockStatus | None) -> Iterator[str]:
    """Why the time of the instant `at` cannot be relied on."""
    if clock is None or clock.source is ClockSource.NONE:
        yield "clock_unknown"
        return
    if not clock.synced:
        yield "clock_unsynced"
    if clock.est_error is None:
        yield "clock_error_unknown"
    elif abs(clock.offset) + clock.est_error > legal.clock_error_max_ms * MS:
        yield "clock_error"
    if abs(at - clock.at) > legal.clock_age_max_s * S:
        yield "clock_stale"


def utc_of(at: Ns, clock: ClockStatus | None) -> Ns | None:
    """UTC of the instant `at`; None when the clock says nothing."""
    if clock is None or clock.source is ClockSource.NONE:
        return None
    return Ns(at + clock.utc_minus_mono)


def local_today(legal: LegalSettings, at: Ns, clock: ClockStatus | None) -> int | None:
    """Local day of the instant `at`, counted from 1970-01-01; None when the clock says nothing."""
    utc = utc_of(at, clock)
    return None if utc is None else local_day(utc, legal.utc_offset_minutes)
