"""Rerun's viewer in a browser, kept from telling anybody.

The page that Rerun serves asks its makers' servers for statistics, fonts, examples and news of releases
(seen with 0.41). Here its files come through a server of our own, which tells the browser to load nothing
from anywhere else (Content Security Policy), and which serves the recording beside them.

    browser ──> this server ──> `rerun --serve-web`   page, script, WebAssembly
                     └──> FILE.rbl, OUT.rrd           the layout first: a recording comes slowly
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

import httpx
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from edge_agent.errors import DeviceError
from edge_agent.viewing.opening import LOOPBACK, QUIET, rerun_program
from edge_agent.web.server import HttpServer

ASSETS = {
    "re_viewer.js": "text/javascript",
    "re_viewer_bg.wasm": "application/wasm",
    "sw.js": "text/javascript",
    "favicon.ico": "image/x-icon",
    "apple-touch-icon.png": "image/png",
}
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; style-src 'unsafe-inline';"
    " img-src 'self' data: blob:; connect-src 'self' data: blob:; worker-src 'self' blob:;"
    " form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
OUTSIDE = re.compile(r"<link\b[^>]*\bhttps?://[^>]*>")
START_S = 20.0
POLL_S = 0.05
LONGEST_SAID = 65_536  # bytes


class WebViewer:
    """Serves a recording and its layout from entering until leaving, on this machine only."""

    def __init__(self, recording: Path, layout: Path) -> None:
        self._port = _free_port()
        self._source = f"http://{LOOPBACK}:{self._port}"
        self._server = HttpServer(
            [
                Route("/", self._page),
                Route("/layout.rbl", lambda _request: FileResponse(layout)),
                Route("/recording.rrd", lambda _request: FileResponse(recording)),
                Route("/{name}", self._asset),
            ],
            LOOPBACK,
            0,
            around=_for_this_machine,
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """That of the page, known once entered."""
        return self._server.port

    @property
    def url(self) -> str:
        """What to open."""
        here = f"http://{LOOPBACK}:{self._server.port}"
        files = "&".join(
            f"url={quote(f'{here}/{name}', safe='')}" for name in ("layout.rbl", "recording.rrd")
        )
        return f"{here}/?{files}&hide_welcome_screen=1"

    def __enter__(self) -> Self:
        ports = ("--port", str(_free_port()), "--web-viewer-port", str(self._port))
        with tempfile.TemporaryFile() as said:
            self._process = subprocess.Popen(  # noqa: S603 - the viewer beside this Python
                [rerun_program(), "--serve-web", "--bind", LOOPBACK, *ports],
                env={**os.environ, **QUIET},
                stdout=subprocess.DEVNULL,
                stderr=said,
            )
            self._wait(self._process, said)
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    def wait(self) -> None:
        """Until the viewer's process ends, or somebody ends this one."""
        assert self._process is not None
        self._process.wait()

    def _wait(self, process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
        until = time.monotonic() + START_S
        while time.monotonic() < until and process.poll() is None:
            try:
                httpx.get(self._source, timeout=START_S)
            except httpx.TransportError:
                time.sleep(POLL_S)
                continue
            if process.poll() is None:  # else somebody else has its port, and answered
                return
        process.kill()
        process.wait()
        said.seek(0)
        *_, last = b"", *said.read(LONGEST_SAID).splitlines()
        why = last.decode("utf-8", "replace").strip()
        raise DeviceError(
            f"`rerun --serve-web` does not answer on port {self._port}{f': {why}' if why else ''}; "
            "once more takes other ports"
        )

    async def _page(self, _request: Request) -> Response:
        async with httpx.AsyncClient() as client:
            answer = await client.get(self._source)
        return HTMLResponse(OUTSIDE.sub("", answer.text), headers={"content-security-policy": POLICY})

    async def _asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in ASSETS:
            return Response(status_code=404)
        return StreamingResponse(self._passed_on(name), media_type=ASSETS[name])

    async def _passed_on(self, name: str) -> AsyncIterator[bytes]:
        async with httpx.AsyncClient() as client, client.stream("GET", f"{self._source}/{name}") as answer:
            async for part in answer.aiter_bytes():
                yield part


def _for_this_machine(app: ASGIApp) -> ASGIApp:
    """Answers to this address alone: a page elsewhere can have its own name lead here (DNS rebinding)."""
    return TrustedHostMiddleware(app, allowed_hosts=[LOOPBACK], www_redirect=False)


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port: int = taken.getsockname()[1]
    return port
