"""What of the street a restart must not forget, read from the chain itself: open cases, answered orders.

A zone has one case of a type at a time, and its newest `storefront` statement says where that stands; an
older one that was never closed (on a box that lost its clock, say) is of the past. A statement's text is
never purged, so the answer does not depend on which pictures are still here.
"""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import dataclass

from edge_agent.core.scene import Phase
from edge_agent.errors import VerificationError
from edge_agent.evidence.statement import parse

log = logging.getLogger(__name__)

# Read from the index alone. SQLite takes the bare columns from the row that has the maximum.
NEWEST_OF_EACH = """
SELECT max(seq), case_id, phase, sealed_utc_us FROM packet WHERE kind = 'storefront'
GROUP BY zone, event_type HAVING phase <> 'cleared' OR sealed_utc_us >= ?
ORDER BY max(seq) DESC LIMIT ?
"""

# Whether its newest re-check is newer than the record that it was to follow.
RECHECKED = """
SELECT max(CASE WHEN kind = 'recheck' THEN seq END) >
       max(CASE WHEN phase IN ('confirmed', 'reopened') THEN seq END) FROM packet WHERE case_id = ?
"""

NEWEST_INSPECTIONS = "SELECT payload FROM packet WHERE kind = 'inspection' ORDER BY seq DESC LIMIT ?"

# An order's window is a day at most: more than a box could make in several.
MAX_ANSWERED = 1000

# As many as all zones of a large site could have open, several times over.
MAX_OPEN_CASES = 1000


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case as its newest `storefront` statement left it. Times are UTC: monotonic time has restarted."""

    case: str
    revision: int  # of its newest statement of any kind, re-checks included
    camera: str
    zone: str
    shop: str
    event_type: str
    phase: Phase  # confirmed | ongoing | reopened | cleared
    recorded_utc_us: int  # capture time of the picture that decided it; sealing time if the clock was unknown
    confirmed_utc_us: int | None
    first_seen_utc_us: int | None
    rechecked: bool  # a re-check was sealed since it was last confirmed or reopened


def open_cases(db: sqlite3.Connection, now_utc_us: int, cooldown_us: int, limit: int) -> tuple[OpenCase, ...]:
    """The newest case of each zone and type, where it is open or was cleared no longer than the cooldown ago.

    A case that was cleared after `now_utc_us` counts as open: that clock cannot tell how long ago it was.
    """
    rows = db.execute(NEWEST_OF_EACH, (now_utc_us - cooldown_us, limit)).fetchall()
    found = (_open_case(db, seq, case) for seq, case, *_ in reversed(rows))
    return tuple(case for case in found if case is not None)


def answered_orders(db: sqlite3.Connection, limit: int) -> tuple[tuple[str, str], ...]:
    """(order, zone) of the newest `limit` inspections, oldest first."""
    found: list[tuple[str, str]] = []
    for (payload,) in reversed(db.execute(NEWEST_INSPECTIONS, (limit,)).fetchall()):
        try:
            said = parse(payload).storefront
        except VerificationError as error:  # as below
            log.warning("an inspection is not recalled: %s", error)
            continue
        assert said is not None, "kind inspection has one"
        found.append((said.order, said.zone))
    return tuple(found)


def _open_case(db: sqlite3.Connection, seq: int, case: str) -> OpenCase | None:
    (payload,) = db.execute("SELECT payload FROM packet WHERE seq = ?", (seq,)).fetchone()
    (revision,) = db.execute("SELECT max(revision) FROM packet WHERE case_id = ?", (case,)).fetchone()
    (rechecked,) = db.execute(RECHECKED, (case,)).fetchone()
    try:
        statement = parse(payload)
    except VerificationError as error:  # a later version's; the chain's own check is not ours to do
        log.warning("case %s is not recalled: statement %d: %s", case, seq, error)
        return None
    said, time = statement.storefront, statement.time
    assert said is not None, "kind storefront has one"
    recorded = time.event_utc_us if time.event_utc_us is not None else time.sealed_utc_us

    def utc_us(monotonic_us: int | None) -> int | None:
        return None if monotonic_us is None else recorded - (said.judged_monotonic_us - monotonic_us)

    return OpenCase(
        case=case,
        revision=revision,
        camera=said.camera,
        zone=said.zone,
        shop=said.shop,
        event_type=said.event_type,
        phase=said.phase,
        recorded_utc_us=recorded,
        confirmed_utc_us=utc_us(said.confirmed_monotonic_us),
        first_seen_utc_us=utc_us(said.first_seen_monotonic_us),
        rechecked=bool(rechecked),
    )
