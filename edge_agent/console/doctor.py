"""An examination of the box, asked for by a technician: one at a time, in a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from edge_agent.config.settings import SiteConfig
from edge_agent.console.accounts import TECHNICIAN
from edge_agent.console.audit import Audit
from edge_agent.console.box import Box
from edge_agent.doctor.examine import CHECKS, examine, worst
from edge_agent.doctor.finding import Finding, State
from edge_agent.doctor.observed import Eyes
from edge_agent.doctor.report import in_words
from edge_agent.report.times import to_the_second
from edge_agent.web.gate import Gate, Visit
from edge_agent.web.look import Look

log = logging.getLogger(__name__)

TONE = {State.OK: "good", State.WARNING: "warn", State.FAULT: "bad", State.UNKNOWN: ""}
WORST_FIRST = (State.FAULT, State.WARNING, State.UNKNOWN, State.OK)

Examine = Callable[[SiteConfig, Eyes, Callable[[str], None]], list[Finding]]


@dataclass(frozen=True, slots=True)
class Examined:
    """What an examination found, and when it ended."""

    findings: tuple[Finding, ...]
    ended_s: float  # seconds since 1970
    problem: str = ""


class Examination:
    """The one that runs, and the last one. Any thread.

    Args:
        config: of the site.
        eyes: who looks at its devices.
        examine: makes the findings, told of each check that is over.
    """

    def __init__(self, config: SiteConfig, eyes: Eyes, examine: Examine = examine) -> None:
        self._config = config
        self._eyes = eyes
        self._examine = examine
        self._lock = threading.Lock()
        self._running: threading.Thread | None = None
        self._over: list[str] = []
        self.last: Examined | None = None

    def begin(self) -> bool:
        """Begin one; False: one runs already."""
        with self._lock:
            if self._running is not None:
                return False
            self._over = []
            self._running = threading.Thread(target=self._run, name="console-doctor", daemon=True)
            self._running.start()
            return True

    @property
    def running(self) -> bool:
        """Whether one runs."""
        return self._running is not None

    @property
    def over(self) -> Sequence[str]:
        """Names of the checks that have come to their end."""
        return tuple(self._over)

    def _run(self) -> None:
        try:
            found = tuple(self._examine(self._config, self._eyes, self._over.append))
            self.last = Examined(found, time.time())
        except Exception as error:
            log.exception("the examination broke")
            self.last = Examined((), time.time(), f"{type(error).__name__}: {error}"[:300])
        finally:
            self._running = None


class DoctorPages:
    """The examination as pages."""

    def __init__(self, look: Look, box: Box, audit: Audit, examination: Examination | None = None) -> None:
        self._look = look
        self._audit = audit
        self._examination = examination or Examination(box.config, box.eyes)

    def routes(self, gate: Gate) -> list[Route]:
        """Their addresses."""
        return [
            gate.page("/doctor", self.show),
            gate.page("/doctor", self.begin, method="POST", role=TECHNICIAN),
            gate.page("/doctor/progress", self.progress, quiet=True),
        ]

    def show(self, visit: Visit) -> Response:
        """What was found last."""
        last = self._examination.last
        findings = last.findings if last else ()
        return self._look.page(
            visit,
            "doctor.html",
            {
                "running": self._examination.running,
                "over": len(self._examination.over),
                "checks": len(CHECKS),
                "last": last,
                "ended": to_the_second(round(last.ended_s * 1e6)) if last else "",
                "worst": worst(findings).value if findings else "",
                "tone": TONE[worst(findings)] if findings else "",
                "counts": [(state.value, TONE[state], _count(findings, state)) for state in WORST_FIRST],
                "rows": [_row(finding, visit.language) for finding in _sorted(findings)],
                "may_begin": visit.role == TECHNICIAN,
            },
        )

    def begin(self, visit: Visit) -> Response:
        """Ask for one. That one runs already is as good."""
        if self._examination.begin():
            self._audit.act(visit, "examined", "box")
        return RedirectResponse("/doctor", 303)

    def progress(self, _visit: Visit) -> Response:
        """For the page's script."""
        running, over = self._examination.running, self._examination.over
        return JSONResponse({"running": running, "over": len(over), "last": over[-1] if over else ""})


def _count(findings: Sequence[Finding], state: State) -> int:
    return sum(finding.state is state for finding in findings)


def _sorted(findings: Sequence[Finding]) -> list[Finding]:
    """What must be seen to first; within a state as the doctor says it."""
    return sorted(findings, key=lambda finding: WORST_FIRST.index(finding.state))


def _row(finding: Finding, language: str) -> dict[str, Any]:
    said = in_words(finding, language)
    return {
        "state": finding.state.value,
        "tone": TONE[finding.state],
        "subject": finding.subject,
        "key": finding.key,
        "found": said.found,
        "means": said.means,
        "next": said.next,
    }
