"""Where commands arrive: each is judged, and what is accepted is on the disk before anything is done.

    message ──> no command key signed it ─────────> counted; one incident an hour
            ──> refused ──────────────────────────> one `command_result` for each message and reason
            ──> came before, and is still valid ──> counted: its result is on its way
            ──> accepted: counter and message committed ──> whoever carries it out ──> `finish`

Whoever sends things over and over must not fill the chain: what is remembered is bounded, and so is the
number of refusals an hour; those beyond it are in the hour's incident.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial

from edge_agent.core.events import ClockStatus
from edge_agent.core.records import Picture
from edge_agent.core.units import US
from edge_agent.errors import StoreFull, VerificationError
from edge_agent.evidence.command_log import CommandLog, Logged
from edge_agent.evidence.commands import (
    Command,
    Issuers,
    Refusal,
    Signed,
    open_signed,
    parse,
    unauthorised,
    untimely,
)
from edge_agent.evidence.statement_records import CommandResult, Incident
from edge_agent.evidence.store import EvidenceStore

HOUR_S = 3600.0
REFUSALS_AN_HOUR = 20
DETAIL_CHARS = 1000

WORDS = {
    Refusal.KEY_REVOKED: "this key may command nothing any more",
    Refusal.WRONG_ISSUER: "the issuer is not the one whose key signed",
    Refusal.WRONG_ROLE: "the issuer has not this role, or the role does not allow this",
    Refusal.WRONG_AUDIENCE: "meant for another box",
    Refusal.REPLAYED: (
        "its counter or its id was used before, or it came again after its time, or it is older than the "
        "store that remembers commands"
    ),
    Refusal.EXPIRED: "it came after its time",
    Refusal.NOT_YET_VALID: "it came before its time",
    Refusal.CLOCK_NOT_SYNCED: "nobody knows what time it is",
    Refusal.CONFIG_DIFFERS: "the box runs another configuration than expected",
}


@dataclass(slots=True)
class CommandCounters:
    """Counted since the start."""

    messages: int = 0
    unsigned: int = 0  # no command key signed it
    repeated: int = 0  # the very message again, while it is valid
    refused: int = 0
    accepted: int = 0

    def as_dict(self) -> dict[str, int]:
        """By name."""
        return asdict(self)


class CommandDesk:
    """One thread takes; `finish` may be called from it alone as well.

    Args:
        store: the box's evidence store.
        issuers: who may command.
        tenant: of the box.
        device_id: of the box.
        config_sha256: of the configuration that the box runs.
        clock: what is known of the time now.
        monotonic_s: for the hour's bounds.
    """

    def __init__(
        self,
        store: EvidenceStore,
        issuers: Issuers,
        *,
        tenant: str,
        device_id: str,
        config_sha256: str,
        clock: Callable[[], ClockStatus],
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._forgot_before_us = store.forgot_before_utc_us
        self._issuers = issuers
        self._tenant = tenant
        self._device_id = device_id
        self._config_sha256 = config_sha256
        self._clock = clock
        self._monotonic_s = monotonic_s
        self._said_s: list[float] = []  # when refusals were sealed, this hour
        self._noise: dict[str, int] = {}  # since the last incident, by what it was
        self._incident_s: float | None = None
        self._unsaid: list[Callable[[], None]] = []  # results for which there was no room
        self.counters = CommandCounters()

    def take(self, envelope: bytes) -> Logged | None:
        """Judge one message; when this returns it may be acknowledged.

        Returns:
            a command that is to be carried out, durably accepted; None otherwise.

        Raises:
            StoreFault: the disk failed; nothing was accepted.
        """
        self.counters.messages += 1
        try:
            signed = open_signed(envelope, self._issuers)
        except VerificationError:
            self.counters.unsigned += 1
            self._noted("that no command key signed")
            return None
        clock = self._clock()
        command: Command | None = None
        try:
            command = parse(signed.payload)
        except VerificationError as error:
            refusal, detail = Refusal.MALFORMED, str(error)
        else:
            found = self._judge(command, signed, clock)
            if not isinstance(found, Refusal):
                return found
            refusal, detail = found, WORDS[found]
        self._refuse(signed, command, refusal, detail, clock)
        return None

    def tick(self) -> None:
        """Time has passed: seal the incident that is due, and the results for which there was no room."""
        waiting, self._unsaid = self._unsaid, []
        for say in waiting:
            say()
        now_s = self._monotonic_s()
        if not self._noise or (self._incident_s is not None and now_s - self._incident_s < HOUR_S):
            return
        detail = ", ".join(f"{count} {what}" for what, count in self._noise.items())
        self._store.record(Incident(what="commands_ignored", subject="messages", detail=detail))
        self._incident_s = now_s
        self._noise.clear()

    def finish(
        self,
        done: Logged,
        outcome: str,
        detail: str,
        *,
        reason: Refusal | None = None,
        files: Sequence[Picture] = (),
        blobs: Mapping[str, bytes] | None = None,
    ) -> None:
        """Seal what came of an accepted command; without room for its files, that it failed.

        Without room even for that it is sealed at a later `tick`, or answered at the next start.

        Raises:
            StoreFull: no room, not even for the words. The next start answers it.
            StoreFault: the disk failed.
        """
        command = done.command

        def note(log: CommandLog) -> None:
            log.settle(command, done.payload_sha256, outcome)

        result = self._result(command, done.payload_sha256, command.issuer, outcome, reason, detail)
        try:
            self._store.answer_command(result, self._clock(), note, files, blobs)
        except StoreFull as error:
            if files:
                self.finish(done, "failed", str(error))
            else:
                self._unsaid.append(partial(self.finish, done, outcome, detail, reason=reason))

    def _judge(self, command: Command, signed: Signed, clock: ClockStatus) -> Logged | Refusal | None:
        """Accepted and noted, refused, or nothing to be said."""
        refusal = unauthorised(command, signed.issuer, self._tenant, self._device_id)
        if refusal is not None:
            return refusal
        late = untimely(command, clock)
        with self._store.commands() as log:
            if log.known(signed.sha256):
                self.counters.repeated += late is not Refusal.EXPIRED
                return Refusal.REPLAYED if late is Refusal.EXPIRED else None
            # An older one than the store may have been done: its note would be gone.
            older = command.issued_utc_us <= self._forgot_before_us
            if older or command.counter <= log.counter(command.issuer) or log.used(command.cmd_id):
                return Refusal.REPLAYED
            if late is not None:
                return late
            if command.expected_config_sha256 not in (None, self._config_sha256):
                return Refusal.CONFIG_DIFFERS
            at_utc_us = (clock.at + clock.utc_minus_mono) // US
            log.begin(command, signed.payload, signed.sha256, at_utc_us)
        self.counters.accepted += 1
        return Logged(command, signed.sha256, at_utc_us, stands=True)

    def _refuse(
        self, signed: Signed, command: Command | None, refusal: Refusal, detail: str, clock: ClockStatus
    ) -> None:
        """Once for each message and reason, and not too often an hour."""
        self.counters.refused += 1
        with self._store.commands() as log:
            if log.was_refused(signed.sha256, refusal):
                return
        now_s = self._monotonic_s()
        self._said_s = [at for at in self._said_s if now_s - at < HOUR_S]
        if len(self._said_s) >= REFUSALS_AN_HOUR:
            self._noted(f"of {signed.issuer.name}, refused as {refusal}")
            return
        self._said_s.append(now_s)
        result = self._result(command, signed.sha256, signed.issuer.name, "refused", refusal, detail)
        self._store.answer_command(result, clock, lambda log: log.refused(signed.sha256, refusal))

    def _noted(self, what: str) -> None:
        self._noise[what] = self._noise.get(what, 0) + 1
        self.tick()

    @staticmethod
    def _result(
        command: Command | None,
        payload_sha256: str,
        issuer: str,
        outcome: str,
        reason: Refusal | None,
        detail: str,
    ) -> CommandResult:
        return CommandResult.model_validate(
            {
                "command_id": command.cmd_id if command else "",
                "payload_sha256": payload_sha256,
                "issuer": issuer,
                "counter": command.counter if command else None,
                "name": command.action.name if command else "",
                "outcome": outcome,
                "reason": reason or "",
                "detail": detail[:DETAIL_CHARS],
            }
        )
