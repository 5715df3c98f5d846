"""What a technician may conclude of a box. The person decides; what contradicts the evidence is refused."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from edge_agent.commissioning.proof import Proof
from edge_agent.doctor.finding import Finding, State
from edge_agent.errors import UsageError


class Outcome(StrEnum):
    """As the record has it."""

    ACCEPTED = "accepted"
    ACCEPTED_WITH_REMARKS = "accepted_with_remarks"
    REFUSED = "refused"


def against(findings: Sequence[Finding], proofs: Sequence[Proof]) -> list[str]:
    """Why the box cannot be accepted without remarks; empty when nothing speaks against it."""
    faults = [finding for finding in findings if finding.state is State.FAULT]
    said = [f"the doctor found a fault: {finding.key} {finding.subject}".rstrip() for finding in faults]
    if not findings:
        said.append("nobody looked at the box: the doctor said nothing")
    if not any(proof.receipted for proof in proofs):
        said.append("no test crossing or test case has the platform's receipt")
    return said


def concluded(asked: Outcome | None, remarks: str, reasons: Sequence[str]) -> Outcome:
    """The outcome that is recorded.

    Args:
        asked: what the person said; None: accepted, if nothing speaks against it.
        remarks: theirs.
        reasons: of `against`.

    Raises:
        UsageError: what the person said contradicts what was found.
    """
    if asked is Outcome.REFUSED:
        return asked
    if asked is None and remarks.strip() and not reasons:
        return Outcome.ACCEPTED_WITH_REMARKS
    if asked is Outcome.ACCEPTED_WITH_REMARKS:
        if not remarks.strip():
            raise UsageError("--outcome accepted_with_remarks: say the remarks with --remarks TEXT")
        return asked
    if reasons:
        listed = "\n".join(f"  {reason}" for reason in reasons)
        raise UsageError(
            f"cannot be accepted as it is:\n{listed}\n"
            "Put it right and try again, or decide: --outcome accepted_with_remarks --remarks TEXT, "
            "or --outcome refused"
        )
    return Outcome.ACCEPTED
