"""The record of an examination, left for the chain with its report; and what became of it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge_agent.commissioning.chain import Chain, Read
from edge_agent.commissioning.report import Examined, Signed
from edge_agent.doctor.finding import State
from edge_agent.errors import UsageError
from edge_agent.evidence.intray import NoteFile, tray_of
from edge_agent.evidence.statement_operator import Commissioning

POLL_S = 1.0
MEDIA_TYPE = "text/html"

Told = Callable[[Read], None]  # it is in the chain


@dataclass(frozen=True, slots=True)
class Left:
    """A note in the tray."""

    id: str
    record: Commissioning
    directory: Path  # of the store


def leave(examined: Examined, signed: Signed, page: bytes) -> Left:
    """Put the record and its report into the tray; it is on the disk when this returns.

    Raises:
        UsageError: the report is too large, or nobody empties the tray.
    """
    record = Commissioning(
        outcome=signed.outcome.value,
        by=signed.by,
        organisation=signed.organisation,
        remarks=signed.remarks,
        config_sha256=examined.config.sha256(),
        calibration_ids=[lane.in_use for lane in examined.lanes],
        checks_ok=examined.count(State.OK),
        checks_warning=examined.count(State.WARNING),
        checks_fault=examined.count(State.FAULT),
        checks_unknown=examined.count(State.UNKNOWN),
        test_crossings=len(examined.proofs),
        test_receipted=sum(proof.receipted for proof in examined.proofs),
        report_sha256=hashlib.sha256(page).hexdigest(),
    )
    directory = examined.config.evidence.store.directory
    note = tray_of(directory).put(record, [NoteFile.of(MEDIA_TYPE, page)])
    return Left(note, record, directory)


def wait(left: Left, seconds: float, *, for_receipt: bool, told: Told) -> Read | None:
    """Until it is sealed, and receipted where that is asked for; what is known of it when the time is over.

    Returns:
        None: nobody has sealed it yet. The daemon does when it runs.
    """
    until, seen = time.monotonic() + seconds, None
    while True:
        found = _found(left)
        if found is not None and seen is None:
            told(found)
        seen = found or seen
        settled = seen is not None and (seen.receipted or seen.listed.state == "rejected" or not for_receipt)
        if settled or time.monotonic() >= until:
            return seen
        time.sleep(POLL_S)


def _found(left: Left) -> Read | None:
    try:
        with Chain.of(left.directory) as chain:
            return chain.of_note(left.id)
    except UsageError:  # the daemon starts or ends just now
        return None
