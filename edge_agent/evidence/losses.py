"""Cases for which there was no room: counted at once, told in the chain once a period.

A full disk may last for days, and a record for each case would fill what is left of it. The first loss
of a class and reason is told at once, later ones together. The counts lie in the database, so that they
outlive the process; while even that has no room they are in memory alone.
"""

from __future__ import annotations

import sqlite3

from edge_agent.evidence.statement_records import Loss

PERIOD_S = 600.0


class Losses:
    """What no record has told yet. The caller holds the lock and runs the transactions."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        rows = db.execute("SELECT class, reason, count, first_utc_us, last_utc_us FROM untold_loss")
        self._untold = {
            (name, reason): Loss(
                lost_class=name, reason=reason, count=count, first_utc_us=first, last_utc_us=last
            )
            for name, reason, count, first, last in rows.fetchall()
        }
        self._told_s: dict[tuple[str, str], float] = {}

    @property
    def count(self) -> int:
        """How many."""
        return sum(loss.count for loss in self._untold.values())

    def add(self, lost_class: str, reason: str, now_utc_us: int) -> None:
        """One more."""
        new = Loss(
            lost_class=lost_class, reason=reason, count=1, first_utc_us=now_utc_us, last_utc_us=now_utc_us
        )
        known = self._untold.get((lost_class, reason))
        if known is not None:
            new = known.model_copy(update={"count": known.count + 1, "last_utc_us": now_utc_us})
        self._untold[lost_class, reason] = new

    def save(self) -> None:
        """Put the counts into the database."""
        self._db.executemany(
            "INSERT INTO untold_loss VALUES (?, ?, ?, ?, ?) ON CONFLICT (class, reason)"
            " DO UPDATE SET count = excluded.count, last_utc_us = excluded.last_utc_us",
            [
                (loss.lost_class, loss.reason, loss.count, loss.first_utc_us, loss.last_utc_us)
                for loss in self._untold.values()
            ],
        )

    def due(self, now_s: float) -> tuple[Loss, ...]:
        """Those to tell now: none of the kind was told for a period."""
        return tuple(
            loss
            for kind, loss in self._untold.items()
            if kind not in self._told_s or now_s - self._told_s[kind] >= PERIOD_S
        )

    def forget(self, loss: Loss) -> None:
        """It is being told: part of the transaction that seals the record."""
        self._db.execute(
            "DELETE FROM untold_loss WHERE class = ? AND reason = ?", (loss.lost_class, loss.reason)
        )

    def told(self, loss: Loss, now_s: float) -> None:
        """That transaction is committed."""
        self._untold.pop((loss.lost_class, loss.reason), None)
        self._told_s[loss.lost_class, loss.reason] = now_s
