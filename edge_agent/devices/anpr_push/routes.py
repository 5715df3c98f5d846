"""HTTP requests of cameras into `PlateSeen` events.

    POST /anpr/isapi/{camera}     Hikvision EventNotificationAlert, multipart or XML
    POST /anpr/json/{camera}      the JSON form of docs/protocols/anpr-json.md

Address and password are checked before a byte of the body is read. Everything refused is answered
with what was wrong and where, and counted.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Literal

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge_agent.core.events import PlateSeen
from edge_agent.core.units import Ns
from edge_agent.devices.anpr_push.auth import Gate
from edge_agent.devices.anpr_push.isapi import parse_isapi
from edge_agent.devices.anpr_push.json_form import parse_json
from edge_agent.devices.anpr_push.push import Refused
from edge_agent.devices.anpr_push.seen import seen
from edge_agent.devices.anpr_push.settings import AnprCameraSettings, AnprSettings


class AnprPush:
    """The doors of all cameras, with what was taken in and refused at them.

    Args:
        settings: the cameras. Their passwords are read now, so that a bad file is said at start.
        emit: takes the event; called from a worker thread.
        clock: the box's monotonic clock.
        stage: holds a picture's bytes for a statement that may want them; returns their SHA-256.
    """

    def __init__(
        self,
        settings: AnprSettings,
        emit: Callable[[PlateSeen], None],
        clock: Callable[[], Ns],
        stage: Callable[[bytes], str],
    ) -> None:
        self._settings = settings
        self._emit = emit
        self._clock = clock
        self._stage = stage
        self._gates = {name: Gate(name, camera) for name, camera in settings.cameras.items()}
        self._counts: Counter[str] = Counter()

    @property
    def counts(self) -> dict[str, int]:
        """Pushes by what became of them: accepted, ignored (no read), other_lane, rejected:<key>."""
        return dict(self._counts)

    def routes(self) -> list[Route]:
        """To be mounted in a Starlette application."""
        return [
            Route("/anpr/isapi/{camera}", self._isapi, methods=["POST"]),
            Route("/anpr/json/{camera}", self._json, methods=["POST"]),
        ]

    async def _isapi(self, request: Request) -> Response:
        return await self._answer(request, "isapi")

    async def _json(self, request: Request) -> Response:
        return await self._answer(request, "json")

    async def _answer(self, request: Request, protocol: Literal["isapi", "json"]) -> Response:
        try:
            result = await self._take(request, protocol)
        except Refused as refused:
            self._counts[f"rejected:{refused.key}"] += 1
            headers = (
                {"WWW-Authenticate": 'Basic realm="anpr", charset="UTF-8"'} if refused.status == 401 else {}
            )
            body = {"result": "rejected", "error": refused.key, "detail": refused.detail}
            return JSONResponse(body, refused.status, headers)
        self._counts[result] += 1
        return JSONResponse({"result": result})

    async def _take(self, request: Request, protocol: Literal["isapi", "json"]) -> str:
        name = request.path_params["camera"]
        camera = self._settings.cameras.get(name)
        if camera is None or camera.protocol != protocol:
            raise Refused(404, "unknown_camera", f"no camera {name[:64]!r} that pushes {protocol}")
        address = request.client.host if request.client is not None else ""
        self._gates[name].check(address, request.headers.get("authorization", ""))
        body = await self._body(request)
        content_type = request.headers.get("content-type", "")
        return await run_in_threadpool(self._handle, name, camera, body, content_type)

    async def _body(self, request: Request) -> bytes:
        """The whole body, or a refusal when it is too large, too slow or cut short."""
        most = self._settings.max_body_bytes
        declared = request.headers.get("content-length", "0")
        if declared.isdecimal() and int(declared) > most:
            raise Refused(413, "too_large", f"body of {declared} bytes; at most {most}")
        body = bytearray()
        try:
            async with asyncio.timeout(self._settings.body_timeout_ms / 1000):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > most:
                        raise Refused(413, "too_large", f"body of more than {most} bytes")
        except TimeoutError as error:
            raise Refused(
                408, "too_slow", f"{len(body)} bytes in {self._settings.body_timeout_ms} ms and no end"
            ) from error
        except ClientDisconnect as error:
            raise Refused(400, "disconnected", f"the camera hung up after {len(body)} bytes") from error
        if not body:
            raise Refused(400, "empty", "empty body")
        return bytes(body)

    def _handle(self, name: str, camera: AnprCameraSettings, body: bytes, content_type: str) -> str:
        """Read, stage and emit; runs in a worker thread."""
        push = (
            parse_json(body, camera)
            if camera.protocol == "json"
            else parse_isapi(body, content_type, camera, self._settings.max_parts)
        )
        if push is None:
            return "ignored"
        event = seen(self._clock(), name, camera, push, self._stage)
        if event is None:
            return "other_lane"
        self._emit(event)
        return "accepted"
