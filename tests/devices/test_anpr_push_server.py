"""Real HTTP requests against the live server."""

from __future__ import annotations

import hashlib
import http.client
import json
import socket
import threading

import httpx
import pytest

from edge_agent.core.units import Ns
from edge_agent.devices.anpr_push.routes import AnprPush
from edge_agent.devices.anpr_push.settings import AnprSettings
from edge_agent.errors import ConfigError, DeviceError
from edge_agent.web.server import HttpServer

PASSWORD = "correct horse"
PUSH = {"schema": "anpr.v1", "plate": "沪A12345", "confidence_permille": 970, "lane": "1"}
ALERT = (
    "<EventNotificationAlert><eventType>ANPR</eventType><dateTime>2026-11-23T10:00:00.5+08:00</dateTime>"
    "<ANPR><licensePlate>沪B23456</licensePlate><confidenceLevel>90</confidenceLevel></ANPR>"
    "</EventNotificationAlert>"
)
JPEG = b"\xff\xd8\xff\xc0\x00\x11\x08\x00\x40\x00\xc8\x03" + bytes(9) + b"\xff\xd9"


class Box:
    """A server with three cameras, and what came out of it."""

    def __init__(self, settings: AnprSettings) -> None:
        self.events = []
        self.staged = {}
        self.push = AnprPush(settings, self.events.append, lambda: Ns(1_000 + len(self.events)), self.stage)
        self.server = HttpServer(self.push.routes(), settings.host, settings.port)

    def stage(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        self.staged[digest] = data
        return digest


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    secret = tmp_path_factory.mktemp("secrets") / "cam1"
    secret.write_text(PASSWORD + "\n")
    secret.chmod(0o600)
    return AnprSettings.model_validate(
        {
            "port": 0,
            "max_body_bytes": 100_000,
            "body_timeout_ms": 400,
            "cameras": {
                "cam1": {
                    "protocol": "json",
                    "username": "cam",
                    "password_file": str(secret),
                    "lanes": {"1": "north"},
                },
                "cam2": {"protocol": "isapi", "auth": "none", "lane": "south"},
                "far": {"protocol": "json", "auth": "none", "allow": ["10.9.0.0/16"]},
            },
        }
    )


@pytest.fixture(scope="module")
def running(settings):
    box = Box(settings)
    box.server.start()
    yield box
    box.server.stop()
    assert not box.server.alive


@pytest.fixture
def box(running):
    running.events.clear()
    running.staged.clear()
    running.push._counts.clear()
    return running


@pytest.fixture
def client(running):
    with httpx.Client(base_url=f"http://127.0.0.1:{running.server.port}", timeout=10) as client:
        yield client


AUTH = ("cam", PASSWORD)


def test_a_json_push_becomes_an_event_of_the_site_s_lane(box, client):
    answer = client.post("/anpr/json/cam1", json=PUSH, auth=AUTH)

    assert (answer.status_code, answer.json()) == (200, {"result": "accepted"})
    [event] = box.events
    assert (event.at, event.camera, event.lane, event.text, event.confidence) == (
        1_000,
        "cam1",
        "north",
        "沪A12345",
        970,
    )
    assert box.push.counts == {"accepted": 1}


def test_pictures_are_staged_and_named_by_their_digest(box, client):
    answer = client.post(
        "/anpr/isapi/cam2",
        files={
            "anpr.xml": ("anpr.xml", ALERT.encode(), "text/xml"),
            "licensePlatePicture.jpg": ("licensePlatePicture.jpg", JPEG, "image/jpeg"),
        },
    )

    assert answer.status_code == 200
    [event] = box.events
    [picture] = event.pictures
    assert box.staged == {picture.sha256: JPEG}
    assert (picture.role, picture.size, picture.width, picture.height, picture.camera) == (
        "plate",
        len(JPEG),
        200,
        64,
        "cam2",
    )
    assert (event.lane, event.text, event.captured_utc % 10**9) == ("south", "沪B23456", 500_000_000)


def test_a_read_of_a_lane_without_a_scale_is_dropped(box, client):
    answer = client.post("/anpr/json/cam1", json=PUSH | {"lane": "7"}, auth=AUTH)

    assert answer.json() == {"result": "other_lane"}
    assert box.events == []


def test_a_heartbeat_is_acknowledged(box, client):
    answer = client.post("/anpr/isapi/cam2", content=ALERT.replace(">ANPR<", ">heartBeat<").encode())

    assert answer.json() == {"result": "ignored"}
    assert box.events == []


@pytest.mark.parametrize(
    "auth", [None, ("cam", "wrong"), ("other", PASSWORD), ("cam", ""), ("cam", PASSWORD + "x")]
)
def test_a_wrong_password_is_refused_and_told_how_to_log_in(box, client, auth):
    answer = client.post("/anpr/json/cam1", json=PUSH, auth=auth)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert box.events == []
    assert box.push.counts == {"rejected:credentials": 1}


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Bearer abc", "Digest username=cam", "Basic ÿ"])
def test_a_malformed_authorization_is_a_wrong_password(box, client, header):
    answer = client.post("/anpr/json/cam1", json=PUSH, headers={"Authorization": header.encode("latin-1")})

    assert answer.status_code == 401


def test_an_address_outside_the_allow_list_is_refused(box, client):
    answer = client.post("/anpr/json/far", json=PUSH, headers={"X-Forwarded-For": "10.9.0.1"})

    assert (answer.status_code, answer.json()["error"]) == (403, "address")


@pytest.mark.parametrize("path", ["/anpr/json/nobody", "/anpr/isapi/cam1", "/anpr/json/cam2"])
def test_an_unknown_camera_or_the_wrong_form_is_not_found(box, client, path):
    answer = client.post(path, json=PUSH, auth=AUTH)

    assert (answer.status_code, answer.json()["error"]) == (404, "unknown_camera")


def test_reading_is_not_allowed(client):
    assert client.get("/anpr/json/cam1").status_code == 405


@pytest.mark.parametrize(
    ("content", "status", "error"),
    [
        (b"", 400, "empty"),
        (b"{}", 422, "bad_field"),
        (b"[" * 50_000, 400, "bad_json"),
        (json.dumps(PUSH).replace("970", "NaN").encode(), 400, "bad_json"),
        (json.dumps(PUSH).replace("970", "0.97").encode(), 400, "bad_json"),
        (b"x" * 100_001, 413, "too_large"),
    ],
)
def test_what_is_refused_says_what_and_is_counted(box, client, content, status, error):
    answer = client.post("/anpr/json/cam1", content=content, auth=AUTH)

    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["detail"]
    assert box.push.counts == {f"rejected:{error}": 1}
    assert box.events == []


def test_a_body_that_grows_beyond_the_bound_without_saying_so_is_refused(box, client):
    answer = client.post("/anpr/isapi/cam2", content=(b"<" * 10_000 for _ in range(11)))

    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


def test_a_push_that_never_ends_is_given_up(box, running):
    connection = http.client.HTTPConnection("127.0.0.1", running.server.port, timeout=10)
    connection.putrequest("POST", "/anpr/isapi/cam2")
    connection.putheader("Content-Length", "1000")
    connection.endheaders()
    connection.send(b"<Event")

    answer = connection.getresponse()

    assert answer.status == 408
    assert "6 bytes" in json.loads(answer.read())["detail"]
    connection.close()


def test_a_camera_that_hangs_up_half_way_harms_nobody(box, running, client):
    with socket.create_connection(("127.0.0.1", running.server.port)) as raw:
        raw.sendall(b"POST /anpr/isapi/cam2 HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n<Event")

    assert client.post("/anpr/json/cam1", json=PUSH, auth=AUTH).status_code == 200
    assert len(box.events) == 1


def test_bytes_that_are_no_http_are_answered_and_closed(running):
    with socket.create_connection(("127.0.0.1", running.server.port), timeout=10) as raw:
        raw.sendall(b"\x00\xff" * 100 + b"\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 400")


def test_many_cameras_at_once_are_all_heard(box, running):
    def push_some(base_url):
        with httpx.Client(base_url=base_url, timeout=10) as client:
            for _ in range(10):
                assert client.post("/anpr/json/cam1", json=PUSH, auth=AUTH).status_code == 200

    threads = [
        threading.Thread(target=push_some, args=(f"http://127.0.0.1:{running.server.port}",))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert len(box.events) == 40
    assert box.push.counts == {"accepted": 40}


def test_a_port_that_is_taken_is_said(running):
    with pytest.raises(DeviceError, match=f"port {running.server.port}"):
        HttpServer([], "127.0.0.1", running.server.port).start()


@pytest.mark.parametrize(
    ("mode", "content", "says"),
    [
        (0o640, PASSWORD, "chmod 600"),
        (0o600, "short", "fewer than 8"),
        (None, "", "cannot be read"),
    ],
)
def test_a_password_file_that_is_not_secret_stops_the_start(tmp_path, mode, content, says):
    secret = tmp_path / "secret"
    if mode is not None:
        secret.write_text(content)
        secret.chmod(mode)
    settings = AnprSettings.model_validate(
        {"cameras": {"cam": {"protocol": "json", "username": "u", "password_file": str(secret)}}}
    )

    with pytest.raises(ConfigError, match=says) as raised:
        AnprPush(settings, lambda _: None, lambda: Ns(0), lambda _: "")

    assert PASSWORD not in str(raised.value)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"host": "0.0.0.0", "cameras": {"c": {"protocol": "json", "auth": "none"}}}, "loopback"),
        (
            {
                "host": "192.168.1.2",
                "cameras": {"c": {"protocol": "json", "username": "u", "password_file": "/x"}},
            },
            "allow",
        ),
        ({"cameras": {"c": {"protocol": "json"}}}, "needs username and password_file"),
        ({"cameras": {"c": {"protocol": "json", "auth": "none", "username": "u"}}}, "takes neither"),
        ({"cameras": {"c": {"protocol": "json", "auth": "none", "allow": ["10.0.0.1/8"]}}}, "not an address"),
        ({"cameras": {"a b": {"protocol": "json", "auth": "none"}}}, "pattern"),
    ],
)
def test_settings_that_would_let_anyone_push_are_refused(fields, says):
    with pytest.raises(ValueError, match=says):
        AnprSettings.model_validate(fields)
