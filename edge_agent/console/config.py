"""The technician's configuration: looked at, changed, checked by line, compared, written; then the restart.

edit ── check ──> problems by line, back to the edit
            └──> what differs ── confirm ──> the file ── restart ──> it runs
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from edge_agent.commanded import ConfigKeeper, protected_changes
from edge_agent.config.loader import load_text
from edge_agent.config.notes import notes
from edge_agent.config.saving import Draft, Overtaken
from edge_agent.config.settings import SiteConfig
from edge_agent.console.accounts import TECHNICIAN
from edge_agent.console.audit import Audit
from edge_agent.console.box import Box
from edge_agent.console.changes import Changes
from edge_agent.console.config_diff import diff_lines
from edge_agent.errors import ConfigError, Problem
from edge_agent.web.gate import Gate, Visit
from edge_agent.web.look import Look
from edge_agent.web.words import CHINESE

SUBJECT = "the whole file"


class ConfigPages:
    """A technician's alone: addresses in the file may hold passwords."""

    def __init__(self, look: Look, box: Box, changes: Changes, audit: Audit) -> None:
        self._look = look
        self._box = box
        self._changes = changes
        self._audit = audit

    def routes(self, gate: Gate) -> list[Route]:
        """Their addresses."""
        return [
            gate.page("/config", self.show, role=TECHNICIAN),
            gate.page("/config/check", self.check, method="POST", role=TECHNICIAN),
            gate.page("/config/save", self.save, method="POST", role=TECHNICIAN),
            gate.page("/restart", self.restart, method="POST", role=TECHNICIAN),
            gate.page("/alive", self.alive, quiet=True),
        ]

    def show(self, visit: Visit) -> Response:
        """The file as it is."""
        draft = self._changes.draft()
        return self._edit(visit, draft, draft.text, _problems(draft, draft.text))

    def check(self, visit: Visit) -> Response:
        """The text that was sent: its problems, or what it changes."""
        draft, text = self._changes.draft(), _text(visit)
        problems, moved = _problems(draft, text), draft.sha256 != visit.form.get("sha256")
        if moved or problems or visit.form.get("again"):
            return self._edit(visit, draft, text, problems, moved=moved, status=422 if problems else 200)
        after = load_text(text, draft.path)
        return self._look.page(
            visit,
            "config_review.html",
            {
                "draft": draft,
                "text": text,
                "lines": diff_lines(draft.text, text),
                "weighty": _weighty(draft, after),
                "notes": [
                    f"{note.key} {note.chinese if visit.language == CHINESE else note.english}"
                    for note in notes(after)
                ],
            },
        )

    def save(self, visit: Visit) -> Response:
        """The text that was confirmed becomes the file."""
        draft, text = self._changes.draft(), _text(visit)
        if draft.sha256 != visit.form.get("sha256"):
            return self._edit(visit, draft, text, _problems(draft, text), moved=True)
        try:
            saved = self._changes.save(visit, draft, text, SUBJECT)
        except ConfigError as error:
            return self._edit(visit, draft, text, error.problems, status=422)
        except Overtaken:
            draft = self._changes.draft()
            return self._edit(visit, draft, text, _problems(draft, text), moved=True)
        return self._look.page(visit, "config_saved.html", {"saved": saved})

    def restart(self, visit: Visit) -> Response:
        """Begin anew with the file. The page waits until the box answers again."""
        self._audit.act(visit, "restarted", "daemon")
        self._box.restart()
        return self._look.page(visit, "restarting.html", {"boot": self._box.boot_id})

    def alive(self, _visit: Visit) -> Response:
        """Which run of the daemon answers."""
        return Response(self._box.boot_id, media_type="text/plain")

    def _edit(
        self,
        visit: Visit,
        draft: Draft,
        text: str,
        problems: tuple[Problem, ...],
        *,
        moved: bool = False,
        status: int = 200,
    ) -> Response:
        said = text.splitlines()
        shown = [
            {
                "line": one.line,
                "key": one.key,
                "reason": one.reason,
                "suggestion": one.suggestion,
                "text": said[one.line - 1].strip() if 0 < one.line <= len(said) else "",
            }
            for one in problems
        ]
        values: dict[str, Any] = {
            "draft": draft,
            "text": text,
            "problems": shown,
            "moved": moved,
            "differs": self._differs(draft),
            "in_force": _in_force(draft, commanded=self._box.config.commands is not None),
            "running": self._box.config.sha256(),
        }
        return self._look.page(visit, "config.html", values, 409 if moved else status)

    def _differs(self, draft: Draft) -> bool:
        """Whether the daemon runs something else than the file says."""
        try:
            return self._changes.running_differs(load_text(draft.text, draft.path))
        except ConfigError:
            return True


def _text(visit: Visit) -> str:
    """As it was in the field: a browser sends CR LF."""
    text = visit.form.get("text", "").replace("\r\n", "\n")
    return text if text.endswith("\n") or not text else f"{text}\n"


def _problems(draft: Draft, text: str) -> tuple[Problem, ...]:
    try:
        load_text(text, draft.path)
    except ConfigError as error:
        return error.problems
    return ()


def _in_force(draft: Draft, *, commanded: bool) -> str:
    """What runs instead of the file; empty: the file does."""
    try:
        return ConfigKeeper(draft.path).in_force() if commanded else ""
    except ConfigError:
        return ""


def _weighty(draft: Draft, after: SiteConfig) -> list[str]:
    """What the change touches that no command may."""
    try:
        return protected_changes(load_text(draft.text, draft.path), after)
    except ConfigError:
        return []
