"""The console: pages of the box for whoever stands before it. It may fail; the daemon goes on."""

from __future__ import annotations

import logging

from edge_agent.console.accounts import ConsoleAccounts, UsersFile
from edge_agent.console.audit import Audit
from edge_agent.console.box import Box
from edge_agent.console.live import Live
from edge_agent.console.pictures import LivePictures
from edge_agent.console.places import users_file
from edge_agent.console.porter import BoxPorter
from edge_agent.console.texts import TEXTS
from edge_agent.errors import DeviceError
from edge_agent.progress import Pulse
from edge_agent.web.armour import Armour
from edge_agent.web.gate import Gate
from edge_agent.web.look import Look
from edge_agent.web.server import HttpServer

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 48  # a browser opens six
WORKERS = 8
MAX_BODY = 1024 * 1024  # a configuration, each Chinese letter of it nine bytes in a form


class Console:
    """Start it, stop it.

    Args:
        box: the daemon's parts.
    """

    def __init__(self, box: Box) -> None:
        settings, users = box.settings, UsersFile(users_file(box.config))
        self._say = box.health.say
        look = Look("edge_agent.console", TEXTS, "console.css")
        audit = Audit(box.leave_note)
        gate = Gate(
            "edge-agent-console",
            ConsoleAccounts(users),
            look,
            secure=settings.secure,
            behind_proxy=settings.behind_proxy,
            porter=BoxPorter(settings, users, audit),
        )
        pictures = LivePictures(box.cameras)
        pages = (Live(look, box, pictures),)
        self._server = HttpServer(
            [look.files.route(), *gate.routes(), *(route for page in pages for route in page.routes(gate))],
            settings.host,
            settings.port,
            MAX_CONNECTIONS,
            tls=settings.tls,
            around=lambda app: Armour(app, secure=settings.secure, max_body=MAX_BODY),
            workers=WORKERS,
        )

    @property
    def pulse(self) -> Pulse:
        """Of the server's loop."""
        return self._server.pulse

    @property
    def port(self) -> int:
        """That is listened on, once started."""
        return self._server.port

    @property
    def alive(self) -> bool:
        """Whether it serves."""
        return self._server.alive

    def start(self) -> None:
        """Serve. Where that is not possible the box says so, and does its work all the same."""
        try:
            self._server.start()
        except DeviceError as error:
            log.error("the console is not served: %s", error)  # noqa: TRY400 - no bug
            self._say("console", "degraded", str(error))

    def stop(self) -> None:
        """End."""
        self._server.stop()
