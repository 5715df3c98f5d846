"""What people do at the box is in its chain: one note for each, left in the tray (`evidence/intray.py`)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Literal

from edge_agent.errors import EdgeAgentError
from edge_agent.evidence.statement_operator import OperatorAction
from edge_agent.loopback import is_loopback
from edge_agent.web.gate import Visit

log = logging.getLogger(__name__)

LeaveNote = Callable[[OperatorAction], object]
Outcome = Literal["done", "refused", "failed"]
MAX_TEXT = 1000

# A flood of logins must not fill the chain: so many of each outcome in so long, the rest is counted.
MOST_LOGINS, LOGINS_S = 10, 3600.0


class Audit:
    """Leaves the notes. Any thread."""

    def __init__(self, leave: LeaveNote, now_s: Callable[[], float] = time.monotonic) -> None:
        self._leave = leave
        self._logins = {outcome: _Bound(now_s) for outcome in ("done", "refused", "failed")}

    def act(
        self, visit: Visit, action: str, subject: str, detail: str = "", outcome: Outcome = "done"
    ) -> None:
        """Somebody did something, or tried to.

        Raises:
            EdgeAgentError: there is no room for the note.
        """
        address = "" if is_loopback(visit.address) else visit.address
        self._put(visit.user, visit.role, address, action, subject, outcome, detail)

    def login(self, user: str, role: str, address: str, outcome: Outcome) -> None:
        """Somebody wanted in. What cannot be noted is in the log: a full disk locks no technician out."""
        uncounted = self._logins[outcome].take()
        if uncounted is None:
            return
        detail = f"and {uncounted} more since the last that was noted" if uncounted else ""
        try:
            self._put(user, role, address, "login", user, outcome, detail)
        except EdgeAgentError as error:
            log.warning("a login is not noted: %s", error)

    def _put(
        self, by: str, role: str, address: str, action: str, subject: str, outcome: Outcome, detail: str
    ) -> None:
        record = OperatorAction(
            by=by[:MAX_TEXT],
            role=role,
            via="console",
            address=address[:MAX_TEXT],
            action=action,
            subject=subject[:MAX_TEXT],
            outcome=outcome,
            detail=detail[:MAX_TEXT],
        )
        try:
            self._leave(record)
        except OSError as error:
            raise EdgeAgentError(f"the tray for notes: {error}") from error


class _Bound:
    """So many in a window; those beyond it are counted, and told with the next that is let through."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._at: list[float] = []
        self._passed_over = 0

    def take(self) -> int | None:
        """How many were passed over before this one; None: this one is too."""
        now = self._now_s()
        self._at = [at for at in self._at if at > now - LOGINS_S]
        if len(self._at) >= MOST_LOGINS:
            self._passed_over += 1
            return None
        self._at.append(now)
        passed_over, self._passed_over = self._passed_over, 0
        return passed_over
