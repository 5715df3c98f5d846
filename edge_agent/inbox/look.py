"""How pages are made: the frame around each, in the visitor's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.responses import HTMLResponse, Response

from edge_agent.inbox.texts import TEXTS
from edge_agent.web.files import OwnFiles
from edge_agent.web.gate import Visit
from edge_agent.web.templates import environment
from edge_agent.web.words import LANGUAGES, Words

STYLES = (("edge_agent.web", "base.css"), ("edge_agent.inbox", "inbox.css"))
SCRIPTS = (("edge_agent.inbox", "inbox.js"),)
ICON = ("edge_agent.web", "icon.svg")


class Look:
    """Renders templates. Any thread."""

    def __init__(self) -> None:
        self.files = OwnFiles(*STYLES, *SCRIPTS, ICON)
        self._templates = environment("edge_agent.inbox")

    def page(self, visit: Visit, template: str, values: Mapping[str, Any], status: int = 200) -> Response:
        """One page."""
        text = self._templates.get_template(template).render(
            **values,
            t=Words(TEXTS, visit.language),
            visit=visit,
            styles=[self.files.address(name) for _, name in STYLES],
            scripts=[self.files.address(name) for _, name in SCRIPTS],
            icon=self.files.address(ICON[1]),
            languages={language: _here(visit, language) for language in LANGUAGES},
        )
        return HTMLResponse(text, status)

    # web.gate.Pages

    def login(self, visit: Visit, problem: str, status: int) -> Response:
        """See `Pages`."""
        values = {"problem": problem, "next": visit.form.get("next") or visit.query("next")}
        return self.page(visit, "login.html", values, status)

    def error(self, visit: Visit, status: int, detail: str) -> Response:
        """See `Pages`. A detail that has words of its own is said in them."""
        key = f"error_{status}_{detail}"
        return self.page(visit, "error.html", {"key": key if key in TEXTS else f"error_{status}"}, status)


def _here(visit: Visit, language: str) -> str:
    """This page in a language; after a form was sent, the first page."""
    request = visit.request
    if request.method != "GET":
        return f"/?lang={language}"
    query = {**request.query_params, "lang": language}
    return f"{request.url.path}?{urlencode(query)}"
