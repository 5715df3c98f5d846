"""The console: pages of the box for whoever stands before it. It may fail; the daemon goes on.

A page is a class with `routes(gate)`: what it asks of the box is in `box`, how it looks in `templates/`, its
words in a `texts_*` table, its place in the navigation in `templates/frame.html`.
"""

from __future__ import annotations

from edge_agent.console.accounts import ConsoleAccounts, UsersFile
from edge_agent.console.audit import Audit
from edge_agent.console.box import Box
from edge_agent.console.changes import Changes
from edge_agent.console.commissioning import CommissioningPages
from edge_agent.console.config import ConfigPages
from edge_agent.console.coverage import CoveragePages
from edge_agent.console.doctor import DoctorPages
from edge_agent.console.live import Live
from edge_agent.console.outbox import OutboxPages
from edge_agent.console.pictures import LivePictures
from edge_agent.console.places import users_file
from edge_agent.console.porter import BoxPorter
from edge_agent.console.references import ReferencePages
from edge_agent.console.texts import TEXTS
from edge_agent.console.zones import ZonePages
from edge_agent.web.armour import Armour
from edge_agent.web.gate import Gate
from edge_agent.web.look import Look
from edge_agent.web.server import HttpServer

MAX_CONNECTIONS = 48  # a browser opens six
WORKERS = 8
MAX_BODY = 1024 * 1024  # a configuration, each Chinese letter of it nine bytes in a form


def console_server(box: Box) -> HttpServer:
    """Its pages; not started yet."""
    settings, users = box.settings, UsersFile(users_file(box.config))
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
    changes = Changes(box, audit)
    pages = (
        Live(look, box, pictures),
        ZonePages(look, box, pictures, changes),
        ReferencePages(look, box, audit),
        OutboxPages(look, box, audit),
        CoveragePages(look, box),
        DoctorPages(look, box, audit),
        ConfigPages(look, box, changes, audit),
        CommissioningPages(look, box),
    )
    return HttpServer(
        [
            look.files.route(),
            *gate.routes(),
            *(route for page in pages for route in page.routes(gate)),
            gate.elsewhere(),
        ],
        settings.host,
        settings.port,
        MAX_CONNECTIONS,
        tls=settings.tls,
        around=lambda app: Armour(app, secure=settings.secure, max_body=MAX_BODY),
        workers=WORKERS,
    )
