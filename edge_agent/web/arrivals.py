"""How many may stand before an HTTP server, and for how long with nothing said.

uvicorn bounds what it answers, not what it accepts: whoever opens connections and says nothing would take
every file descriptor of the process, and a daemon without one can seal nothing.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

ARRIVAL_S = 60.0
"""From the connection, or a request's first byte, to its last one."""
TURNED_AWAY = 16
"""Connections beyond those that are served: these are still told so (503); the rest is closed at once."""


class BoundedDoor(socket.socket):
    """A listening socket that holds so many connections, of TLS handshakes too; one more is closed.

    Args:
        listening: taken over; it is not to be used any more.
        most: connections at once.
    """

    def __init__(self, listening: socket.socket, most: int) -> None:
        super().__init__(fileno=listening.detach())
        self._most = most
        self._held: list[socket.socket] = []

    def accept(self) -> tuple[socket.socket, Any]:
        """The next one.

        Raises:
            ConnectionAbortedError: there is no room for it, and it is closed.
        """
        come, address = super().accept()
        self._held = [one for one in self._held if one.fileno() >= 0]
        if len(self._held) >= self._most:
            come.close()
            raise ConnectionAbortedError("too many connections")
        self._held.append(come)
        return come, address


class PunctualProtocol(H11Protocol):
    """HTTP/1.1 with whoever says what they want in time."""

    _due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Somebody has come."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Some of a request."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """They have gone."""
        self._cancel()
        super().connection_lost(exc)

    def _watch(self) -> None:
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request
        if cycle is not None and not cycle.more_body and not cycle.response_complete:
            self._cancel()  # it is here, whole: the answer takes as long as it takes
        elif self._due is None:
            self._due = self.loop.call_later(ARRIVAL_S, self.transport.abort)

    def _cancel(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
