"""A server of the daemon that comes up when it can: its port may be taken, its certificate may be missing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from edge_agent.errors import DeviceError
from edge_agent.web.server import HttpServer

log = logging.getLogger(__name__)

AGAIN_S = 10.0


class WhenFree:
    """Starts a server, at once or later. That it cannot be had yet stops nothing else.

    Args:
        server: not started.
        say: told `ok` of it, or how bad it is that it is not there, and why.
        lost: how bad that is.
        again_s: between two attempts.
    """

    def __init__(
        self,
        server: HttpServer,
        say: Callable[[str, str], None],
        lost: str = "fault",
        again_s: float = AGAIN_S,
    ) -> None:
        self._lost = lost
        self._server = server
        self._say = say
        self._again_s = again_s
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Serve; where that is not possible now, go on trying."""
        if not self._tried():
            self._thread = threading.Thread(target=self._try_again, name="http-later", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the server, or the trying."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._server.stop()

    def _try_again(self) -> None:
        while not self._stop.wait(self._again_s):
            if self._tried():
                return

    def _tried(self) -> bool:
        try:
            self._server.start()
        except DeviceError as error:
            log.error("%s", error)  # noqa: TRY400 - no bug
            self._say(self._lost, str(error))
            return False
        self._say("ok", "")
        return True
