"""What a box has to say of itself without being asked: how it started, who signs, what it stumbled over.

The caller holds the store's lock.
"""

from __future__ import annotations

import base64
import logging
from dataclasses import dataclass, field

from edge_agent.evidence.chain import Chain
from edge_agent.evidence.chain_keys import was_recorded
from edge_agent.evidence.disk import NoRoom
from edge_agent.evidence.dsse import EvidenceSigner
from edge_agent.evidence.quarantine import Quarantine
from edge_agent.evidence.recovery import Start
from edge_agent.evidence.statement import Kind
from edge_agent.evidence.statement_records import Certificate, Incident

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OwnWords:
    """Of one open store."""

    chain: Chain
    _told: set[str] = field(default_factory=set)  # since the start

    def begin(
        self, start: Start, quarantine: Quarantine, in_force: str, successor: EvidenceSigner | None
    ) -> None:
        """What a start has to say, before anything else goes into the chain.

        Args:
            start: what it found.
            quarantine: of the same store.
            in_force: id of the key that the chain leaves in force; empty in a new one.
            successor: the key that takes over now, if one does.
        """
        rows = self.chain.rows
        if start.genesis is not None:
            self.chain.begin(start.genesis)
        rows.outbox.waiting = rows.packets.waiting()
        for what, subject, detail in start.incidents:
            self.chain.record(Incident(what=what, subject=subject, detail=detail[:1000]))
        for sha256, detail in start.damaged:
            quarantine.damaged(sha256, detail)
        if in_force not in {"", self.chain.signer.keyid}:
            detail = "another key signs from here on, and the old one did not say so: enrol it by hand"
            self.chain.record(Incident(what="key_replaced", subject=in_force, detail=detail))
        if successor is not None:
            self.chain.rotate(successor)
        self._tell_certificate()

    def _tell_certificate(self) -> None:
        """Once an epoch: the platform and every verifier find the certificate in the chain itself."""
        held = self.chain.identity.certificate
        if held and not was_recorded(self.chain.rows.db, Kind.CERTIFICATE, cert_sha256=held.sha256):
            chain = [base64.b64encode(der).decode("ascii") for der in held.ders]
            self.chain.record(Certificate(cert_sha256=held.sha256, chain=chain))

    def watch_certificate(self) -> None:
        """Say once that statements are sealed outside the validity of the key's certificate."""
        held = self.chain.identity.certificate
        problem = held.problem_at(self.chain.utc_us()) if held else ""
        if held and problem:
            valid = f"{held.leaf.not_valid_before_utc:%Y-%m-%d} to {held.leaf.not_valid_after_utc:%Y-%m-%d}"
            self._once(f"evidence_certificate_{problem}", held.sha256, f"valid {valid}")

    def lost_by_the_platform(self, first: int, last: int, gone_up_to: int, days: int) -> None:
        """The platform has lost what it signed for, and here it is gone as well: people must know. Once."""
        detail = (
            "the platform asks for statements that it had receipted; the box has let go of those up to "
            f"seq {gone_up_to}, {days} days after the receipt"
        )
        subject = f"seq {first} to {last}"
        if self._once("asked_for_what_was_let_go", subject, detail):
            log.warning("%s: %s", subject, detail)

    def _once(self, what: str, subject: str, detail: str) -> bool:
        """An incident that the chain holds once, however often it is found; True: it was said just now."""
        if what in self._told:
            return False
        said = not was_recorded(self.chain.rows.db, Kind.INCIDENT, what=what, subject=subject)
        if said:
            try:
                self.chain.record(Incident(what=what, subject=subject, detail=detail))
            except NoRoom:  # it must cost nothing else; the next time tries again
                return False
        self._told.add(what)
        return said
