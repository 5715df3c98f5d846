"""The first page: how the box is, and what passes before it now."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from edge_agent.console.box import Box
from edge_agent.console.pictures import LivePictures
from edge_agent.web.gate import Gate, Visit
from edge_agent.web.look import Look


class Live:
    """See above."""

    def __init__(self, look: Look, box: Box, pictures: LivePictures) -> None:
        self._look = look
        self._box = box
        self._pictures = pictures

    def routes(self, gate: Gate) -> list[Route]:
        """Its addresses."""
        return [gate.page("/", self.show)]

    def show(self, visit: Visit) -> Response:
        """The page itself; its figures come by themselves."""
        return self._look.page(visit, "live.html", {"level": self._box.health.level()})
