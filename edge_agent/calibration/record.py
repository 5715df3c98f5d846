"""The signed record of a calibration, left in the box's tray; the daemon seals it into the chain."""

from __future__ import annotations

import hashlib
from typing import Literal

from edge_agent.calibration.proposal import Proposal
from edge_agent.evidence.intray import Intray, NoteFile
from edge_agent.evidence.statement_operator import Calibration, OperatorAction, SpeedFactor

Outcome = Literal["applied", "measured"]


def leave_record(tray: Intray, proposal: Proposal, text: bytes, outcome: Outcome, by: str) -> str:
    """Leave the record with the proposal attached; returns the note's id.

    Args:
        tray: the box's.
        proposal: what was measured.
        text: the proposal's file, byte for byte.
        outcome: `applied` where the configuration is about to be changed by it.
        by: who did it, as they said.

    Raises:
        UsageError: the tray takes nothing.
        OSError: the disk did not take it.
    """
    return tray.put(record_of(proposal, text, outcome, by), [NoteFile.of("application/yaml", text)])


def leave_failure(tray: Intray, proposal: Proposal, by: str, reason: str) -> None:
    """The record says `applied`, and the configuration could not be written after all."""
    tray.put(
        OperatorAction(
            by=by,
            role="technician",
            via="command_line",
            address="",
            action="calibration_applied",
            subject=f"lane/{proposal.lane}",
            outcome="failed",
            detail=reason[:1000],
        )
    )


def record_of(proposal: Proposal, text: bytes, outcome: Outcome, by: str) -> Calibration | OperatorAction:
    """A scale's calibration; where a camera reads is no scale's, and an operator's action."""
    said = proposal.record
    if proposal.method == "reading_line":
        return OperatorAction(
            by=by,
            role="technician",
            via="command_line",
            address="",
            action=f"reading_line_{outcome}",
            subject=f"lane/{proposal.lane}",
            outcome="done",
            detail=said.detail,
        )
    return Calibration(
        lane=proposal.lane,
        method=proposal.method,
        outcome=outcome,
        by=by,
        reference=said.reference,
        old_calibration_id=proposal.measured_with,
        new_calibration_id=proposal.calibration.id if proposal.calibration else "",
        factor_ppm=said.factor_ppm,
        interval_ppm=said.interval_ppm,
        factors=[SpeedFactor(**one.model_dump()) for one in said.factors],
        runs=said.runs,
        runs_left_out=said.runs_left_out,
        cost323_class=said.cost323_class,
        r134_class=said.r134_class,
        detail=said.detail,
        report_sha256=hashlib.sha256(text).hexdigest(),
    )
