"""An HTTP server in a thread of its own: pushed reads, pages, metrics."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn
from anyio import to_thread
from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from edge_agent.errors import DeviceError
from edge_agent.local_socket import listen
from edge_agent.progress import Pulse
from edge_agent.web.arrivals import TURNED_AWAY, BoundedDoor, PunctualProtocol

START_TIMEOUT_S = 10
STOP_TIMEOUT_S = 10
LONGEST_ROUND_S = 60
WORKERS = 40


class _Server(uvicorn.Server):
    """Says when it accepts connections, and that its loop goes round."""

    def __init__(self, config: uvicorn.Config, pulse: Pulse, workers: int) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._pulse = pulse
        self._workers = workers

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        with self._pulse:
            super().run(sockets)

    async def on_tick(self, counter: int) -> bool:
        self._pulse.beat()  # ten times a second
        return await super().on_tick(counter)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        to_thread.current_default_thread_limiter().total_tokens = self._workers
        await super().startup(sockets)
        self.ready.set()


class HttpServer:
    """Serves routes on one address until stopped.

    Args:
        routes: what is served.
        host: address to listen on.
        port: 0 takes a free one; `port` says which after `start`.
        max_connections: some more at once are answered 503, the rest is turned away (`arrivals`).
        tls: certificate and key (PEM); None for plain HTTP.
        around: what is put around all routes, errors included.
        workers: threads that make pages, at most.
        uds: a Unix socket of this path is listened on instead of the address; this user's and root's alone.
    """

    def __init__(
        self,
        routes: Sequence[BaseRoute],
        host: str,
        port: int,
        max_connections: int = 64,
        *,
        tls: tuple[Path, Path] | None = None,
        around: Callable[[ASGIApp], ASGIApp] | None = None,
        workers: int = WORKERS,
        uds: Path | None = None,
    ) -> None:
        self._uds = uds
        self._max_connections = max_connections
        self._host = host
        self._port = port
        app: ASGIApp = Starlette(routes=list(routes))
        self._config = uvicorn.Config(
            around(app) if around else app,
            http=PunctualProtocol,
            loop="asyncio",  # `BoundedDoor` is asked by no other
            ssl_certfile=tls[0] if tls else None,
            ssl_keyfile=tls[1] if tls else None,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=max_connections,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=3,
        )
        self.pulse = Pulse(f"http/{uds.name if uds else port}", LONGEST_ROUND_S)
        self._server = _Server(self._config, self.pulse, workers)
        self._thread: threading.Thread | None = None
        self._socket: socket.socket | None = None

    @property
    def port(self) -> int:
        """The port that is listened on, known once started."""
        return self._port

    @property
    def alive(self) -> bool:
        """Whether it serves."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Listen and serve; returns when connections are accepted.

        Raises:
            DeviceError: the address cannot be listened on, or certificate or key cannot be used.
        """
        try:
            if not self._config.loaded:  # it is, where an earlier attempt found the port taken
                self._config.load()
        except (OSError, ssl.SSLError) as error:
            raise DeviceError(f"certificate or key of the HTTP server: {error}") from error
        listening = self._listening_locally(self._uds) if self._uds else self._listening()
        self._socket = BoundedDoor(listening, self._max_connections + TURNED_AWAY)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="http", daemon=True
        )
        self._thread.start()
        if not self._server.ready.wait(START_TIMEOUT_S):
            self.stop()
            raise DeviceError(f"the HTTP server on {self._uds or self._port} did not start")

    def _listening(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            listening = socket.create_server((self._host, self._port), family=family, backlog=128)
        except OSError as error:
            raise DeviceError(f"cannot listen on {self._host} port {self._port}: {error}") from error
        self._port = listening.getsockname()[1]
        return listening

    def _listening_locally(self, path: Path) -> socket.socket:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return listen(path, backlog=128)
        except OSError as error:
            raise DeviceError(f"cannot listen on {path}: {error}") from error

    def stop(self) -> None:
        """Stop accepting, let running requests end, and close."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(STOP_TIMEOUT_S)
        if self._socket is not None:
            self._socket.close()
            if self._uds:
                with contextlib.suppress(OSError):
                    self._uds.unlink(missing_ok=True)
