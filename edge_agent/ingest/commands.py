"""The platform's commands: made, signed, counted, sent until the box's own chain says what came of them.

    send ──> open ──publish, and again whenever the box's head comes in──> answered | expired

Only a `command_result` in the box's chain answers a command; a PUBACK says nothing. A refusal that time
itself mends (the box's clock was not set yet) leaves it open.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    func,
    select,
    update,
)

from edge_agent.errors import UsageError
from edge_agent.evidence import dsse, strict_json
from edge_agent.evidence.commands import DAY_US, NOT_FINAL, ROLE_OF, Action, Command, encode, sign
from edge_agent.evidence.keys import load_or_generate
from edge_agent.evidence.statement import parse
from edge_agent.evidence.statement_records import CommandResult
from edge_agent.ingest.db import metadata
from edge_agent.ingest.settings import IngestSettings
from edge_agent.ingest.store import NewStatement, PlatformStore

# Clocks of platform and box may differ by this much.
SLACK_US: Final = 5 * 60_000_000
LOOK_S: Final = 1.0
AT_ONCE: Final = 16

command = Table(
    "command",
    metadata,
    Column("cmd_id", Text, primary_key=True),
    Column("device", Text, nullable=False),
    Column("counter", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("payload_sha256", Text, nullable=False, unique=True),
    Column("envelope", LargeBinary, nullable=False),
    Column("made_utc_us", BigInteger, nullable=False),
    Column("expires_utc_us", BigInteger, nullable=False),
    Column("state", Text, nullable=False),  # open | answered | expired
    Column("tries", Integer, nullable=False),
    Column("sent_utc_us", BigInteger, nullable=False),  # last; 0: never
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("result_packet_id", Text, nullable=False),
)
Index("command_by_device", command.c.device, command.c.counter, unique=True)
Index("command_open", command.c.state, command.c.sent_utc_us)


@dataclass(frozen=True, slots=True)
class Due:
    """A command to publish now."""

    device: str
    envelope: bytes
    expiry_s: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A command, and what is known of it."""

    cmd_id: str
    device: str
    counter: int
    name: str
    made_utc_us: int
    expires_utc_us: int
    state: str
    tries: int
    outcome: str
    reason: str
    detail: str
    result_packet_id: str


LISTED = [command.c[name] for name in Sent.__dataclass_fields__]


def utc_us() -> int:
    """Microseconds of UTC."""
    return time.time_ns() // 1000


class Commands:
    """Of one platform. The serving process sends; any process may make."""

    def __init__(
        self, settings: IngestSettings, store: PlatformStore, now_us: Callable[[], int] = utc_us
    ) -> None:
        if settings.commands is None:
            raise UsageError("the platform's configuration has no section `commands`: no key to command with")
        self._tenant = settings.tenant
        self._issuer = settings.commands.issuer
        self._key = load_or_generate(settings.commands.key_file)
        self._store = store
        self._now_us = now_us
        self._heard: set[str] = set()  # boxes whose head has come since the last look
        self._look_s = 0.0

    def make(
        self, device: str, action: Action, valid_us: int = DAY_US, expected_config_sha256: str | None = None
    ) -> str:
        """Sign a command and put it in line.

        Returns:
            its id.

        Raises:
            UsageError: it does not fit.
            StoreFault: it does not count.
        """
        now = self._now_us()
        cmd_id = str(uuid.uuid4())
        with self._store.database.transaction() as connection:
            newest = select(func.max(command.c.counter)).where(command.c.device == device)
            last = connection.execute(newest).scalar() or 0
            # Goes by time, so that a platform that lost its database still counts on.
            counter = max(int(last) + 1, now // 1000)
            made = Command.model_validate(
                {
                    "schema": "command.v1",
                    "tenant": self._tenant,
                    "device_id": device,
                    "cmd_id": cmd_id,
                    "issuer": self._issuer,
                    "role": ROLE_OF[type(action)],
                    "issued_utc_us": now,
                    "not_before_utc_us": now - SLACK_US,
                    "expires_utc_us": now + valid_us,
                    "counter": counter,
                    "action": action,
                    "expected_config_sha256": expected_config_sha256,
                }
            )
            payload = encode(made)
            if len(payload) > strict_json.MAX_BYTES:
                raise UsageError(f"{action.name} of {len(payload)} bytes; {strict_json.MAX_BYTES} fit")
            row = {
                "cmd_id": cmd_id,
                "device": device,
                "counter": counter,
                "name": action.name,
                "payload_sha256": hashlib.sha256(payload).hexdigest(),
                "envelope": sign(made, [self._key]),
                "made_utc_us": now,
                "expires_utc_us": made.expires_utc_us,
                "state": "open",
                "tries": 0,
                "sent_utc_us": 0,
                **dict.fromkeys(("outcome", "reason", "detail", "result_packet_id"), ""),
            }
            connection.execute(command.insert().values(row))
        return cmd_id

    def heard(self, device: str) -> None:
        """The box's head came in: it is there."""
        self._heard.add(device)

    def due(self, now_s: float) -> list[Due]:
        """What to publish now, each counted as a try; looks once a second at most."""
        if now_s < self._look_s:
            return []
        self._look_s = now_s + LOOK_S
        now = self._now_us()
        there, self._heard = self._heard, set()
        reachable = (command.c.sent_utc_us == 0) | command.c.device.in_(there)
        wanted = (command.c.state == "open") & reachable
        columns = (command.c.cmd_id, command.c.device, command.c.envelope)
        times = (command.c.sent_utc_us, command.c.expires_utc_us)
        query = select(*columns, *times).where(wanted).order_by(command.c.counter).limit(AT_ONCE)
        rows = self._store.rows(query)
        found = []
        for cmd_id, device, envelope, sent, expires in rows:
            if self._claim(cmd_id, sent, now, expired=expires <= now):
                found.append(Due(device, bytes(envelope), max(1, (expires - now) // 1_000_000)))
        return found

    def answered(self, new: NewStatement) -> None:
        """A `command_result` was taken in; inside of the commit that keeps it."""
        result = parse(dsse.decode(new.envelope)[1]).record
        assert isinstance(result, CommandResult)
        said: dict[str, Any] = {
            "outcome": result.outcome,
            "reason": result.reason,
            "detail": result.detail,
            "result_packet_id": new.packet_id,
        }
        if result.reason not in NOT_FINAL:
            said["state"] = "answered"
        this = (command.c.payload_sha256 == result.payload_sha256) & (command.c.device == new.place.device)
        # The first answer holds: a copy that somebody replays later is refused, and changes nothing. What was
        # carried out holds always: newer answers come first, so that refusal may be here before it.
        still_open = command.c.state != "answered"
        if result.outcome != "refused":
            still_open |= command.c.outcome == "refused"
        self._store.write(update(command).where(this & still_open).values(said))

    def listed(self, device: str = "", limit: int = 100) -> list[Sent]:
        """The newest, of one box where it is named; newest first."""
        query = select(*LISTED).order_by(command.c.made_utc_us.desc()).limit(limit)
        if device:
            query = query.where(command.c.device == device)
        return [Sent(*row) for row in self._store.rows(query)]

    def _claim(self, cmd_id: str, sent: int, now: int, *, expired: bool) -> bool:
        """Note the try, unless another process has; an expired one is only put aside."""
        this = (command.c.cmd_id == cmd_id) & (command.c.sent_utc_us == sent) & (command.c.state == "open")
        tried = {"sent_utc_us": now, "tries": command.c.tries + 1}
        change = update(command).where(this).values({"state": "expired"} if expired else tried)
        return self._store.write(change) == 1 and not expired
