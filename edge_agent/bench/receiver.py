"""A receiver of webhooks on loopback that answers as it is told: well, badly, late, endlessly."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ADDRESS = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Posted:
    """What came."""

    path: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered; the body is sent piece by piece."""

    status: int = 200
    headers: Mapping[str, str] | None = None
    body: Iterable[bytes] = ()


class Receiver:
    """One address. A connection is ended after its answer.

    Args:
        reply: what is answered to each; may block, and may raise to answer nothing at all.
        tls: its certificate and key; None for plain HTTP.
    """

    def __init__(
        self, reply: Callable[[Posted], Reply] = lambda _: Reply(), tls: ssl.SSLContext | None = None
    ) -> None:
        self.reply = reply
        self.posted: list[Posted] = []
        self.taken: list[Posted] = []  # and answered 200
        self._tls = tls
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """For `WebhookSettings.url`."""
        return f"{'https' if self._tls else 'http'}://{ADDRESS}:{self.port}/told"

    def start(self) -> Receiver:
        """Listen; at the same port as before, where it did."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            """One connection."""

            def do_POST(self) -> None:
                """The only thing that webhooks do."""
                receiver._answer(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by the base class
                """Nobody reads it."""

        self._server = _Server((ADDRESS, self.port), Handler)
        if self._tls:
            self._server.socket = self._tls.wrap_socket(self._server.socket, server_side=True)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Whoever connects now is refused."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = None

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["content-length"]))
        posted = Posted(handler.path, {name.lower(): value for name, value in handler.headers.items()}, body)
        self.posted.append(posted)
        reply = self.reply(posted)
        if reply.status == 200:
            self.taken.append(posted)
        # Whoever hung up, or was killed, hears nothing.
        with contextlib.suppress(OSError):
            handler.send_response(reply.status)
            for name, value in (reply.headers or {}).items():
                handler.send_header(name, value)
            handler.end_headers()
            for piece in reply.body:
                handler.wfile.write(piece)
                handler.wfile.flush()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that breaks is what it is for."""
