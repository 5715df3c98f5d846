"""The camera's side of a pushed plate read: the bodies that a camera sends, and sending them.

The receiving side and the formats are `devices/anpr_push`, docs/protocols/anpr-json.md and
docs/protocols/anpr-isapi.md.
"""

from __future__ import annotations

import base64
import datetime as dt
import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from xml.sax.saxutils import escape

from edge_agent.sim.anpr import CameraRead

BOUNDARY = "simulated-camera-7MA4YWxkTrZu0gW"
CHINA = dt.timezone(dt.timedelta(hours=8))
ISAPI_COLOURS = {"green": "newEnergyGreen", "yellow_green": "newEnergyYellowGreen"}
ISAPI_VEHICLES = {"car": "vehicle", "bus": "largeBus", "truck": "truck"}
TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class PushedRead:
    """A read about to be sent, with the camera's own time and picture."""

    read: CameraRead
    captured_utc_ns: int | None
    jpeg: bytes | None


@dataclass(frozen=True, slots=True)
class Account:
    """How one camera reaches the box."""

    protocol: Literal["json", "isapi"] = "json"
    username: str = ""
    password: str = ""


def camera_time(utc_ns: int) -> str:
    """China time to the millisecond, as cameras write it.

    >>> camera_time(1_250_000_000)
    '1970-01-01T08:00:01.250+08:00'
    """
    at = dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(milliseconds=utc_ns // 1_000_000)
    return at.astimezone(CHINA).isoformat(timespec="milliseconds")


def json_body(pushed: PushedRead) -> tuple[bytes, str]:
    """(body, content type) of the JSON form."""
    read = pushed.read
    body: dict[str, object] = {
        "schema": "anpr.v1",
        "plate": read.text,
        "confidence_permille": read.confidence,
        "event_id": read.event_id,
        "lane": read.lane,
        "direction": read.direction,
        "colour": read.colour,
        "vehicle": read.vehicle,
        "alternatives": [{"plate": text, "confidence_permille": score} for text, score in read.alternatives],
    }
    if pushed.captured_utc_ns is not None:
        body["captured"] = camera_time(pushed.captured_utc_ns)
    if pushed.jpeg is not None:
        data = base64.b64encode(pushed.jpeg).decode("ascii")
        body["pictures"] = [{"role": "plate", "media_type": "image/jpeg", "data_base64": data}]
    return json.dumps(body, ensure_ascii=False).encode(), "application/json"


def isapi_body(pushed: PushedRead) -> tuple[bytes, str]:
    """(body, content type) of Hikvision's multipart form: the XML, then the picture."""
    read = pushed.read
    stamp = "" if pushed.captured_utc_ns is None else camera_time(pushed.captured_utc_ns)
    forward = "forward" if read.direction == "approaching" else "reverse"
    xml = f"""<?xml version="1.0" encoding="UTF-8"?>
<EventNotificationAlert version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">
<dateTime>{stamp}</dateTime><eventType>ANPR</eventType><eventState>active</eventState>
<UUID>{escape(read.event_id)}</UUID>
<ANPR><line>{escape(read.lane)}</line><direction>{forward}</direction>
<licensePlate>{escape(read.text)}</licensePlate><confidenceLevel>{read.confidence // 10}</confidenceLevel>
<plateColor>{ISAPI_COLOURS.get(read.colour, read.colour)}</plateColor>
<vehicleType>{ISAPI_VEHICLES.get(read.vehicle, "")}</vehicleType></ANPR>
</EventNotificationAlert>""".encode()
    parts = [_part("anpr.xml", "anpr.xml", "application/xml", xml)]
    if pushed.jpeg is not None:
        parts.append(_part("detectionPicture.jpg", "detectionPicture.jpg", "image/jpeg", pushed.jpeg))
    body = b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
    return body, f"multipart/form-data; boundary={BOUNDARY}"


def _part(name: str, filename: str, media_type: str, data: bytes) -> bytes:
    head = (
        f"--{BOUNDARY}\r\n"
        f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        f"Content-Type: {media_type}\r\n"
        f"Content-Length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data + b"\r\n"


class HttpPush:
    """Sends reads to the box as their cameras would. A refusal or a dead box is an `OSError`.

    Args:
        host: where the box listens.
        port: its port.
        accounts: camera → how it pushes; a camera that is not named pushes JSON without a password.
    """

    def __init__(self, host: str, port: int, accounts: Mapping[str, Account] | None = None) -> None:
        self._host, self._port = host, port
        self._accounts = accounts or {}

    def __call__(self, pushed: PushedRead) -> None:
        """One POST on a connection of its own."""
        camera = pushed.read.camera
        account = self._accounts.get(camera, Account())
        body, content_type = json_body(pushed) if account.protocol == "json" else isapi_body(pushed)
        headers = {"Content-Type": content_type}
        if account.username:
            secret = base64.b64encode(f"{account.username}:{account.password}".encode()).decode("ascii")
            headers["Authorization"] = f"Basic {secret}"
        connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_S)
        try:
            connection.request("POST", f"/anpr/{account.protocol}/{camera}", body, headers)
            answer = connection.getresponse()
            text = answer.read(2000).decode("utf-8", "replace")
        except http.client.HTTPException as error:
            raise ConnectionError(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()
        if answer.status >= 300:
            raise ConnectionRefusedError(f"the box answered {answer.status}: {text}")
