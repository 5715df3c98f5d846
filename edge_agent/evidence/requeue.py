"""Back into the line: what an operator asks for when the reason of a quarantine is gone.

    quarantined ──an operator asks, recorded in the chain──> sealed

The same bytes go out again under the same place, so the platform sees either the statement that it lacked,
or one that it has and answers `duplicate`: nothing here can make two statements of one.
"""

from __future__ import annotations

import getpass
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_agent.evidence.intray import MAX_REQUEUED, tray_of
from edge_agent.evidence.reading import ReadingStore, is_open
from edge_agent.evidence.statement_operator import OperatorAction

ACTION = "requeue"
# The tray is looked into once a second.
WAIT_S = 15.0
LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a request."""

    seqs: tuple[int, ...]  # that the daemon was asked for
    refused: Mapping[int, str]  # why the others were not even asked for, or are still quarantined
    recorded: tuple[int, ...]  # places of the records that say what was done; empty while it waits


def why_not(state: str | None) -> str:
    """Why a statement in this state cannot be put back; empty when it can. None: there is no such one."""
    match state:
        case "quarantined":
            return ""
        case None:
            return "it is not in this store"
        case "sealed":
            return "it waits for its receipt already"
        case "rejected":
            return "the platform has refused it: that must be mended there, and the platform asks again"
    return "the platform has receipted it"


def told(asked: OperatorAction, back: Sequence[int], refused: Mapping[int, str]) -> OperatorAction:
    """The record of what came of it."""
    lines = [f"back in line: {', '.join(map(str, back))}"] if back else []
    lines += [f"seq {seq}: {why}" for seq, why in refused.items()]
    return asked.model_copy(
        update={"outcome": "done" if back else "refused", "detail": "; ".join(lines)[:1000]}
    )


def ask_for(
    seqs: Sequence[int],
    directory: Path,
    reading: ReadingStore,
    wait: Callable[[float], None] = time.sleep,
) -> Asked:
    """Leave the request in the tray; where a daemon runs, wait until it has done it.

    Args:
        seqs: places of quarantined statements.
        directory: of the store.
        reading: of the same store.
        wait: for so many seconds.
    """
    refused = {seq: why for seq in seqs if (why := why_not(_state(reading, seq)))}
    wanted = tuple(sorted(set(seqs) - refused.keys()))
    running = is_open(directory)
    notes = [
        tray_of(directory).put(_action(part), requeue=part)
        for start in range(0, len(wanted), MAX_REQUEUED)
        for part in [wanted[start : start + MAX_REQUEUED]]
    ]
    recorded = _recorded(reading, notes, wait) if running else ()
    for seq in wanted if recorded else ():
        whole = reading.statement(seq)
        if whole is not None and whole.listed.state == "quarantined":
            refused[seq] = whole.listed.reason
    return Asked(wanted, refused, recorded)


def _recorded(reading: ReadingStore, notes: Sequence[str], wait: Callable[[float], None]) -> tuple[int, ...]:
    until_s = time.monotonic() + WAIT_S
    while True:
        found = [reading.note(note) for note in notes]
        if None not in found or time.monotonic() >= until_s:
            return tuple(seq for seq in found if seq is not None)
        wait(LOOK_S)


def _state(reading: ReadingStore, seq: int) -> str | None:
    whole = reading.statement(seq)
    return whole.listed.state if whole else None


def _action(seqs: Sequence[int]) -> OperatorAction:
    return OperatorAction(
        by=os.environ.get("SUDO_USER") or getpass.getuser(),
        role="technician",
        via="command_line",
        address="",
        action=ACTION,
        subject=f"seq {', '.join(map(str, seqs))}"[:1000],
        outcome="failed",  # until the store says what came of it
        detail="",
    )
