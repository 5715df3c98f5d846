"""The first page: how the box is, and what passes before it now.

The page asks for its figures by itself, each a plain answer of its own; a hidden one asks for nothing.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge_agent.console.box import Box
from edge_agent.console.live_state import live_state
from edge_agent.console.overlays import overlays
from edge_agent.console.pictures import LivePictures
from edge_agent.console.traces import SHOWN_NS, Traces
from edge_agent.core.units import MS, TONNE, Ns, S
from edge_agent.devices import clock
from edge_agent.report.trace_data import lines_of
from edge_agent.report.trace_plot import Mark, draw_trace
from edge_agent.web.gate import Gate, Visit
from edge_agent.web.look import Look
from edge_agent.web.words import Words

PICTURE_WIDTH = 960


class Live:
    """See above."""

    def __init__(self, look: Look, box: Box, pictures: LivePictures) -> None:
        self._look = look
        self._box = box
        self._pictures = pictures
        self._traces = Traces(box.config, box.taps.serial, clock.monotonic)
        self._overlays = overlays(box.config)

    def routes(self, gate: Gate) -> list[Route]:
        """Its addresses."""
        return [
            gate.page("/", self.show),
            gate.page("/live/state", self.state, quiet=True),
            gate.page("/live/traces", self.traces, quiet=True),
            gate.page("/live/camera/{camera}", self.picture, quiet=True),
            gate.page("/live/passage/{lane}", self.passage, quiet=True),
        ]

    def show(self, visit: Visit) -> Response:
        """The page itself."""
        words = self._look.words(visit)
        return self._look.page(
            visit,
            "live.html",
            {
                "state": live_state(self._box, visit, words),
                "lanes": list(self._box.config.lanes),
                "traced": self._traces.lanes,
                "cameras": {name: self._overlays.get(name, []) for name in self._box.cameras},
                "has_street": self._box.config.street is not None,
            },
        )

    def state(self, visit: Visit) -> Response:
        """All but pictures and traces."""
        return JSONResponse(live_state(self._box, visit, self._look.words(visit)))

    def traces(self, visit: Visit) -> Response:
        """The load on each sensor since `after`, milliseconds of the box's clock."""
        now = clock.monotonic()
        asked = visit.query("after")
        after = int(asked) * MS if asked.isdecimal() and len(asked) < 16 else 0
        lanes = self._traces.after(Ns(max(after, now - SHOWN_NS)))
        return JSONResponse(
            {"now_ms": now // MS, "lanes": {name: lane | self._axles(name) for name, lane in lanes.items()}}
        )

    def picture(self, visit: Visit) -> Response:
        """A camera's picture of now, small."""
        return self._pictures.answer(visit, PICTURE_WIDTH)

    def passage(self, visit: Visit) -> Response:
        """The drawing of a lane's last vehicle; empty where none has come."""
        lane = visit.path("lane")
        drawn = self._drawn(lane, self._look.words(visit)) if lane in self._traces.lanes else ""
        return Response(drawn, media_type="image/svg+xml") if drawn else Response(status_code=204)

    def _drawn(self, lane: str, words: Words) -> str:
        passage = self._box.recent.passage(lane)
        if passage is None:
            return ""
        crossing, config = passage.weighed.seen.crossing, self._box.config
        chosen = config.lanes[lane]
        protocol = config.ports[chosen.port].protocol
        first = crossing.first_axle_at
        lines = lines_of(passage.reads, protocol, chosen.scale, first)
        marks = [Mark((axle.at - first) / S, f"{axle.load / TONNE:.2f}") for axle in crossing.axles]
        title = words("last_passage")
        return draw_trace(lines, marks, title, words("trace_axes_x"), words("trace_axes_y"))

    def _axles(self, lane: str) -> dict[str, Any]:
        """Where the last vehicle's axles lie on the trace."""
        passage = self._box.recent.passage(lane)
        axles = passage.weighed.seen.crossing.axles if passage else ()
        number = passage.weighed.seen.crossing.number if passage else 0
        return {"passage": number, "axles": [[axle.at // MS, round(axle.load / TONNE, 2)] for axle in axles]}
