"""What a box owes its platform, as numbers: for the command line and for pages."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from edge_agent.evidence import dsse, strict_json
from edge_agent.evidence.packets import Head
from edge_agent.evidence.reading import Listed, ReadingStore, Whole

LAST_RECEIPTS = 20
SHOWN_ASIDE = 50


@dataclass(frozen=True, slots=True)
class Owed:
    """As it was a moment ago."""

    head: Head | None
    pending: int
    pending_bytes: int
    oldest: Listed | None
    receipted: int
    purged: int  # of them, those whose pictures are gone from the box
    quarantined: int
    rejected: int
    aside: tuple[Listed, ...]  # the newest of these two, with why
    lost: int
    held_bytes: int
    last_receipts: tuple[Listed, ...]  # newest statements first

    @property
    def median_s(self) -> float | None:
        """From seal to receipt, of the last receipts."""
        waits = sorted(one.receipted_after_s or 0.0 for one in self.last_receipts)
        return waits[len(waits) // 2] if waits else None


def owed(reading: ReadingStore) -> Owed:
    """Ask for all of it."""
    states = reading.states()
    aside = [
        one
        for state in ("quarantined", "rejected")
        for one, _ in zip(reading.statements(state=state), range(SHOWN_ASIDE), strict=False)
    ]
    return Owed(
        head=reading.head(),
        pending=states.get("sealed", 0),
        pending_bytes=reading.waiting_bytes(),
        oldest=reading.oldest_waiting(),
        receipted=states.get("receipted", 0) + states.get("purged", 0),
        purged=states.get("purged", 0),
        quarantined=states.get("quarantined", 0),
        rejected=states.get("rejected", 0),
        aside=tuple(aside),
        lost=reading.lost(),
        held_bytes=reading.held_bytes(),
        last_receipts=tuple(reading.last_receipted(LAST_RECEIPTS)),
    )


def as_object(found: Owed) -> dict[str, Any]:
    """For scripts."""
    return {**asdict(found), "median_receipt_s": found.median_s}


def whole_object(whole: Whole) -> dict[str, Any]:
    """One statement for scripts: payload and receipt as the JSON that they are. Nothing is checked."""
    return {
        **asdict(whole.listed),
        "receipted_after_s": whole.listed.receipted_after_s,
        "files": [asdict(file) for file in whole.files],
        "statement": strict_json.loads(whole.payload),
        "receipt": None if whole.receipt is None else strict_json.loads(dsse.decode(whole.receipt)[1]),
    }
