"""How pages are made: the frame around each, in the visitor's language."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlencode

from starlette.responses import HTMLResponse, Response

from edge_agent.web.files import OwnFiles
from edge_agent.web.gate import Visit
from edge_agent.web.templates import environment
from edge_agent.web.words import LANGUAGES, Texts, Words

SHARED = ("base.css", "icon.svg")


class Look:
    """Renders a package's templates. Any thread.

    Args:
        package: has `templates/` and `static/`; every file of the latter is served.
        texts: of its pages, and of the ones that are shared (`web/templates`).
        style: the package's own style sheet.
    """

    def __init__(self, package: str, texts: Texts, style: str) -> None:
        own = sorted(path.name for path in (files(package) / "static").iterdir())
        shared = [("edge_agent.web", name) for name in SHARED]
        self.files = OwnFiles(*shared, *((package, name) for name in own))
        self.texts = texts
        self._styles = ("base.css", style)
        self._templates = environment(package)

    def words(self, visit: Visit) -> Words:
        """The texts in the visitor's language."""
        return Words(self.texts, visit.language)

    def page(self, visit: Visit, template: str, values: Mapping[str, Any], status: int = 200) -> Response:
        """One page."""
        text = self._templates.get_template(template).render(
            **values,
            t=self.words(visit),
            visit=visit,
            file=self.files.address,
            styles=[self.files.address(name) for name in self._styles],
            icon=self.files.address("icon.svg"),
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
        return self.page(
            visit, "error.html", {"key": key if key in self.texts else f"error_{status}"}, status
        )


def _here(visit: Visit, language: str) -> str:
    """This page in a language; after a form was sent, the first page."""
    request = visit.request
    if request.method != "GET":
        return f"/?lang={language}"
    query = {**request.query_params, "lang": language}
    path = str(request.scope["path"]).lstrip("/")  # two of them would begin another host's name
    return f"/{quote(path)}?{urlencode(query)}"
