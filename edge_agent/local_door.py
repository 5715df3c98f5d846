"""The daemon's door for other programs on the box: a Unix socket that only its user and root can open.

GET /health                 how it is: the state topic's JSON
GET /doctor?only=..&seconds=..   an examination made inside the daemon, where the devices are
GET /journal?flush=1             where the black box is now, once all until now is in its files

Why another one than `evidence.reading_door`: that one is a part of the store, has a dozen questions and needs
neither a web server nor a daemon's other parts; whoever opens a store can be asked there.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge_agent import __version__
from edge_agent.config.settings import SiteConfig
from edge_agent.doctor.examine import CHECKS, LONGEST_S, examine
from edge_agent.doctor.observed import Eyes
from edge_agent.doctor.report import as_json
from edge_agent.errors import DeviceError
from edge_agent.local_socket import connect
from edge_agent.web.server import HttpServer

log = logging.getLogger(__name__)

NAME = "edge-agent.sock"
SERVICE_FOLDER = Path("/run/edge-agent")  # as systemd/edge-agent.service makes it
ANSWER_S = 3.0
# An examination ends by itself before that.
EXAMINED_S = LONGEST_S + 30.0
FLUSHED_S = 15.0
CALLERS = 8


class LocalDoor:
    """What is answered there. One that cannot be made costs the door and nothing else."""

    def __init__(
        self,
        config: SiteConfig,
        eyes: Eyes,
        state: Callable[[], bytes],
        folder: Path | None = None,
        journal: Callable[[bool], Mapping[str, Any] | None] = lambda _flush: None,
    ) -> None:
        self._config = config
        self._journal_now = journal
        self._eyes = eyes
        self._state = state
        self._one = threading.Lock()  # examinations cost processor time: one after the other
        path = (folder or own_folder(config)) / NAME
        routes = [Route("/health", self._health), Route("/doctor", self._doctor)]
        routes.append(Route("/journal", self._journal))
        self.server = HttpServer(routes, "", 0, CALLERS, uds=path)

    def _health(self, _request: Request) -> Response:
        return Response(self._state(), media_type="application/json")

    def _journal(self, request: Request) -> Response:
        now = self._journal_now(request.query_params.get("flush", "") == "1")
        return JSONResponse({**identity(self._config), "journal": now})

    def _doctor(self, request: Request) -> Response:
        only = [name for name in request.query_params.get("only", "").split(",") if name]
        seconds = _seconds(request.query_params.get("seconds", "0"))
        if seconds is None:
            return JSONResponse({"error": f"seconds: 0 to {LONGEST_S:.0f}"}, 400)
        if unknown := [name for name in only if name not in CHECKS]:
            return JSONResponse({"error": f"no check {', '.join(unknown)}"}, 400)
        with self._one:
            found = examine(self._config, self._eyes, only=only, seconds=seconds)
        return JSONResponse({"software": __version__, **identity(self._config), "findings": as_json(found)})


def own_folder(config: SiteConfig) -> Path:
    """Where this daemon's socket goes: systemd's folder for it, or beside the store."""
    given = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return Path(given) if given else config.evidence.store.directory.parent / "run"


def identity(config: SiteConfig) -> Mapping[str, str]:
    """Which box a daemon speaks for: a socket may be another site's."""
    return {
        "tenant": config.site.tenant,
        "device_id": config.site.device_id,
        "store": str(config.evidence.store.directory),
    }


def ask_doctor(config: SiteConfig, only: list[str], seconds: float) -> dict[str, Any] | None:
    """What the daemon of this site says when it is asked to examine itself; None where none answers.

    Raises:
        DeviceError: it answered, and could not.
    """
    return _asked(config, "/doctor", {"only": ",".join(only), "seconds": f"{seconds:g}"}, EXAMINED_S)


def ask_journal(config: SiteConfig, *, flush: bool) -> dict[str, Any] | None:
    """Where the black box of this site's daemon is, under `journal`: null where it keeps none.

    Args:
        config: of the site.
        flush: wait until all until now is in its files.

    Returns:
        None where no daemon answers.
    """
    return _asked(config, "/journal", {"flush": "1"} if flush else {}, FLUSHED_S)


def _asked(config: SiteConfig, what: str, wanted: Mapping[str, str], wait_s: float) -> dict[str, Any] | None:
    """The answer of this site's daemon; None where none answers.

    Raises:
        DeviceError: it answered, and could not.
    """
    for folder in dict.fromkeys((own_folder(config), SERVICE_FOLDER)):
        path = folder / NAME
        if not _reachable(path):
            continue
        try:
            _get(path, "/health", ANSWER_S)  # one that hangs gets seconds, not an examination's time
            told: dict[str, Any] = json.loads(_get(path, f"{what}?{urlencode(wanted)}", wait_s))
        except (HTTPException, ValueError, OSError) as error:
            log.info("%s: %s", path, error)
            continue
        if "error" in told:
            raise DeviceError(f"the daemon at {path}: {told['error']}")
        if all(told.get(name) == value for name, value in identity(config).items()):
            return told
    return None


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 <= seconds <= LONGEST_S else None


class _Line(HTTPConnection):
    """HTTP through a door. Not httpx: its httpcore leaves the socket open where nobody answers (1.0.9)."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("daemon")
        self._path = path
        self._timeout_s = timeout_s

    def connect(self) -> None:
        self.sock = connect(self._path, self._timeout_s)


def _get(path: Path, what: str, timeout_s: float) -> bytes:
    with closing(_Line(path, timeout_s)) as line:
        line.request("GET", what)
        answer = line.getresponse()
        return answer.read()


def _reachable(path: Path) -> bool:
    try:
        return path.is_socket() and os.access(path, os.W_OK)
    except OSError:
        return False
