"""What waits in the evidence store, what was lost, and whether the platform's receipts come."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.config.settings import SiteConfig
from edge_agent.doctor.box import DaemonSeen, StoreSeen, box_of, utc_us
from edge_agent.doctor.finding import Finding, State
from edge_agent.doctor.observed import Eyes
from edge_agent.evidence.peek import Peek

STORE, RECEIPT = "store", "receipt"
WAITS_LONG_S, WAITS_TOO_LONG_S = 3_600, 86_400
# A daemon that just started has not had the time to be answered.
SETTLED_S = 120.0
# Every head is answered: so many of them without a receipt are no accident.
MISSED_HEADS = 3


def check_store(seen: StoreSeen, now_utc_us: int) -> Iterator[Finding]:
    """What is to be said of what the store holds."""
    if seen.problem:
        yield Finding("store.unreadable", STORE, State.UNKNOWN, {"why": seen.problem})
    if seen.holds is None:
        if not seen.problem:
            yield Finding("store.new", STORE, State.OK)
        return
    holds = seen.holds
    oldest_s = _age_s(holds.oldest_pending_utc_us, now_utc_us)
    values = {"pending": holds.pending, "oldest_h": round(oldest_s / 3600, 1), "seq": holds.seq}
    if oldest_s > WAITS_LONG_S:
        state = State.FAULT if oldest_s > WAITS_TOO_LONG_S else State.WARNING
        yield Finding("store.waiting", STORE, state, values)
    else:
        yield Finding("store.ok", STORE, State.OK, values)
    if holds.lost:
        yield Finding("store.lost", STORE, State.WARNING, {"lost": holds.lost})
    if holds.rejected or holds.quarantined:
        values = {"rejected": holds.rejected, "quarantined": holds.quarantined}
        yield Finding("store.set_aside", STORE, State.WARNING, values)


def check_receipts(
    holds: Peek | None, daemon: DaemonSeen | None, now_utc_us: int, head_interval_s: float
) -> Iterator[Finding]:
    """Whether receipts come, as far as the store and a running daemon know."""
    runs_s = daemon.uptime_s if daemon and daemon.answers else 0.0
    receipted = holds.receipted if holds else None
    if receipted is None:
        # A box that was never started has nothing that could have a receipt.
        state = State.FAULT if runs_s > SETTLED_S else State.WARNING if holds else State.UNKNOWN
        yield Finding("receipt.never", RECEIPT, state)
        return
    sealed, came = receipted
    values = {
        "ago_min": round(_age_s(came, now_utc_us) / 60, 1),
        "took_s": round(max(came - sealed, 0) / 1_000_000, 2),
    }
    late = _age_s(came, now_utc_us) > MISSED_HEADS * head_interval_s + SETTLED_S
    if late and runs_s > MISSED_HEADS * head_interval_s + SETTLED_S:
        yield Finding("receipt.stopped", RECEIPT, State.FAULT, values)
    else:
        yield Finding("receipt.ok", RECEIPT, State.OK, values)


def store_findings(config: SiteConfig, eyes: Eyes) -> Iterator[Finding]:
    """Look at the evidence store, and at the receipts in it."""
    box, now = box_of(config, eyes), utc_us(config)
    seen = box.store()
    yield from check_store(seen, now)
    if config.uplink is not None and config.uplink.receipt_keys_file is not None:
        interval_s = config.uplink.head_interval_s
        yield from check_receipts(seen.holds, box.daemon(), now, interval_s)


def _age_s(then_utc_us: int | None, now_utc_us: int) -> float:
    return 0.0 if then_utc_us is None else max(0.0, (now_utc_us - then_utc_us) / 1_000_000)
