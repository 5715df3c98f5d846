"""Who needs no login: whoever sits at the box, or has come to it by SSH."""

from __future__ import annotations

import re
import secrets

from starlette.requests import Request

from edge_agent.console.accounts import TECHNICIAN, UsersFile
from edge_agent.console.audit import Audit
from edge_agent.loopback import is_loopback
from edge_agent.web.gate import LoginTry
from edge_agent.web.sessions import Session
from edge_agent.web.settings import ConsoleSettings

# Somebody in between adds these: then the address says nothing of where the request comes from.
PASSED_ON = frozenset({"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"})
HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+))(?::\d{1,5})?")
UNKNOWN = "?"


class BoxPorter:
    """See `web.gate.Porter`."""

    def __init__(self, settings: ConsoleSettings, users: UsersFile, audit: Audit) -> None:
        self._free = settings.login == "off_localhost" and not settings.behind_proxy
        self._users = users
        self._audit = audit
        self._here = Session(secrets.token_hex(32), "", TECHNICIAN)

    def pass_of(self, request: Request) -> Session | None:
        """For a request of this very machine, by a name that can only mean this machine.

        A page of somebody else's whose name points here (DNS rebinding) has another `Host`.
        """
        if not self._free or PASSED_ON & set(request.headers.keys()):
            return None
        asks_here = request.client is not None and is_loopback(request.client.host)
        return self._here if asks_here and _means_this_machine(request.headers.getlist("host")) else None

    def tried(self, user: str, address: str, outcome: LoginTry) -> None:
        """A login from elsewhere is noted. A name that is nobody's is not: it may be a password."""
        if is_loopback(address):
            return
        known = self._users.find(user)
        name, role = (known.name, known.role) if known else (UNKNOWN, "")
        self._audit.login(name, role, address, outcome.value)


def _means_this_machine(hosts: list[str]) -> bool:
    found = HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
    return found is not None and is_loopback((found[1] or found[2]).lower())
