"""What a technician may conclude of a box. The person decides; what contradicts the evidence is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from edge_agent.commissioning.proof import Proof
from edge_agent.commissioning.words import BOTH, Tongue
from edge_agent.doctor.finding import Finding, State
from edge_agent.errors import UsageError, both
from edge_agent.web.words import ENGLISH


class Outcome(StrEnum):
    """As the record has it."""

    ACCEPTED = "accepted"
    ACCEPTED_WITH_REMARKS = "accepted_with_remarks"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Reason:
    """Something against acceptance without remarks: which text of the report it is, and of what."""

    key: str
    what: str = ""


def against(findings: Sequence[Finding], proofs: Sequence[Proof]) -> list[Reason]:
    """Why the box cannot be accepted without remarks; empty when nothing speaks against it."""
    faults = [finding for finding in findings if finding.state is State.FAULT]
    said = [Reason("against_fault", f"{finding.key} {finding.subject}".rstrip()) for finding in faults]
    if not findings:
        said.append(Reason("against_no_doctor"))
    if not any(proof.receipted for proof in proofs):
        said.append(Reason("against_no_test"))
    return said


def concluded(asked: Outcome | None, remarks: str, reasons: Sequence[Reason]) -> Outcome:
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
            raise UsageError(
                both(
                    "--outcome accepted_with_remarks：请用 --remarks 写明遗留事项",
                    "--outcome accepted_with_remarks: say the remarks with --remarks TEXT",
                )
            )
        return asked
    if reasons:
        listed = "\n".join(f"  {in_words(reason, BOTH)}" for reason in reasons)
        raise UsageError(
            f"不能就此验收 / cannot be accepted as it is:\n{listed}\n"
            + both(
                "请排除后再试，或由您决定：--outcome accepted_with_remarks --remarks 内容，"
                "或 --outcome refused",
                "Put it right and try again, or decide: --outcome accepted_with_remarks --remarks TEXT, "
                "or --outcome refused",
            )
        )
    return Outcome.ACCEPTED


def in_words(reason: Reason, language: str = ENGLISH) -> str:
    """For a terminal."""
    return Tongue(language).lines(reason.key, what=reason.what)
