"""The rows of one open store, by what they are about. All of them lie behind the one connection."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Self

from edge_agent.evidence.command_log import CommandLog
from edge_agent.evidence.losses import Losses
from edge_agent.evidence.outbox import Outbox
from edge_agent.evidence.packets import Packets


@dataclass(frozen=True, slots=True)
class Rows:
    """Whoever uses them has the turn (`turns`)."""

    db: sqlite3.Connection
    packets: Packets
    outbox: Outbox
    commands: CommandLog
    losses: Losses

    @classmethod
    def of(cls, db: sqlite3.Connection) -> Self:
        """Of an open database."""
        return cls(db, Packets(db), Outbox(db), CommandLog(db), Losses(db))
