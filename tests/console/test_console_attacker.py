"""Somebody who wants in, or wants more than they may: every address of the console, one by one."""

import socket
import ssl
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from edge_agent.console.certificate import make_certificate, write_certificate
from edge_agent.console.service import MAX_CONNECTIONS
from edge_agent.web import arrivals
from edge_agent.web.arrivals import TURNED_AWAY
from tests.console.site import PASSWORD, VIEWER, a_served_box, csrf, logged_in, wait

PLACES = {
    "camera": "east",
    "lane": "1",
    "seq": "0",
    "sha256": "0" * 64,
    "id": "x",
    "token": "0",
    "path": "nowhere",
}
# What who may only look may open. A page that is new is a technician's alone until it is written here.
TO_LOOK_AT = {
    "/",
    "/live/state",
    "/live/traces",
    "/live/camera/{camera}",
    "/live/passage/{lane}",
    "/zones",
    "/zones/{camera}",
    "/zones/{camera}/picture",
    "/zones/{camera}/reference/{id}",
    "/references",
    "/references/{camera}/picture/{id}",
    "/references/{camera}/thumbnail/{id}",
    "/outbox",
    "/coverage",
    "/doctor",
    "/doctor/progress",
    "/alive",
    "/commissioning",
    "/{path:path}",
}
TO_SEND = {"/logout", "/zones/{camera}/check"}  # neither changes anything of the box
OPEN = {"/login", "/static/{name}"}
FROM_AFAR = {"x-forwarded-for": "192.0.2.7"}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with a_served_box(tmp_path_factory.mktemp("box")) as box:
        yield box


@pytest.fixture(scope="module")
def routes(served):
    """(method, path as it is written) of all that is served, but what everybody may have."""
    found = [
        (method, route.path)
        for route in served.agent.console._config.app._app.routes
        for method in route.methods - {"HEAD"}
        if route.path not in OPEN
    ]
    assert len(found) > 30
    return found


def address(path):
    for name, value in PLACES.items():
        path = path.replace(f"{{{name}}}", value).replace(f"{{{name}:path}}", value)
    return path


def test_a_stranger_gets_the_login_and_nothing_else(served, routes):
    with httpx.Client(base_url=served.base, headers=FROM_AFAR) as client:
        for method, path in routes:
            answer = client.request(method, address(path))
            assert answer.status_code == 303, path
            assert answer.headers["location"].startswith("/login"), path
            assert answer.content == b"", path


def test_who_may_look_opens_what_is_to_be_looked_at_and_sends_nothing(served, routes):
    with closing(logged_in(served.base, VIEWER)) as client:
        token = csrf(client.get("/"))
        allowed = {"GET": TO_LOOK_AT, "POST": TO_SEND}
        for method, path in sorted(routes, key=lambda one: one[1] == "/logout"):
            data = {"csrf": token} if method == "POST" else None
            answer = client.request(method, address(path), data=data)
            assert (answer.status_code != 403) == (path in allowed[method]), (method, path)


def test_no_form_is_taken_that_is_not_ours(served, routes):
    with httpx.Client(base_url=served.base) as client:  # at the box itself
        for path in (path for method, path in routes if method == "POST"):
            for sent in ({}, {"csrf": "0" * 64}, {"csrf": "0" * 64} | {f"f{k}": "" for k in range(60)}):
                assert client.post(address(path), data=sent).status_code == 403, path


def test_another_sites_page_shows_and_fetches_nothing_of_the_box(served, routes):
    """At the box no password is asked, so no cookie stands between: any <img> would be answered."""
    with httpx.Client(base_url=served.base) as client:
        for site in ("cross-site", "same-site"):
            foreign = {"sec-fetch-site": site, "sec-fetch-mode": "no-cors"}
            for path in (path for method, path in routes if method == "GET"):
                assert client.get(address(path), headers=foreign).status_code == 403, path
        followed = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
        assert client.get("/", headers=followed).status_code == 200  # a link in a message


def test_a_strange_host_or_path_breaks_nothing_and_leads_nowhere(served):
    with httpx.Client(base_url=served.base) as client:
        for host in ("[", "a/b?c=d", "x\\y", "é".encode().decode("latin-1"), "127.0.0.1:99999999"):
            answer = client.get("/outbox", headers={"host": host.encode("latin-1")})
            assert answer.status_code == 303, host
            assert answer.headers["location"] == "/login?next=%2Foutbox", host
        for path in ("//evil.example/", "/%0d%0aset-cookie:%20a=b", "/%5cevil.example"):
            answer = client.get(served.base + path)
            assert answer.status_code == 404, path
            assert "set-cookie" not in answer.headers
            assert 'href="//' not in answer.text


def test_what_is_nowhere_is_told_in_the_visitors_language(served):
    with httpx.Client(base_url=served.base) as client:
        assert "没有这个页面" in client.get("/nowhere").text
        assert "no such page" in client.get("/zones/none/at/all?lang=en").text


def test_the_cookie_is_a_new_one_and_no_script_sees_it(served):
    with httpx.Client(base_url=served.base, headers=FROM_AFAR) as client:
        client.cookies.set("edge-agent-console", "f" * 64)  # put there by somebody else
        token = csrf(client.get("/login"))
        form = {"name": VIEWER, "password": PASSWORD, "csrf": token}
        answer = client.post("/login", data=form)
        [cookie] = [
            one for one in answer.headers.get_list("set-cookie") if one.startswith("edge-agent-console=")
        ]
        assert "f" * 64 not in cookie
        assert "httponly" in cookie.lower()
        assert "samesite=strict" in cookie.lower()


def test_a_picture_is_kept_by_no_browser(served):
    with httpx.Client(base_url=served.base) as client:
        for path in ("/", "/live/state", "/live/traces", "/alive"):
            assert client.get(path).headers["cache-control"] == "no-store", path


# -- who says nothing ----------------------------------------------------------------------------------


def test_silent_connections_take_a_bounded_number_of_files_and_go(served, monkeypatch):
    monkeypatch.setattr(arrivals, "ARRIVAL_S", 0.5)
    place = ("127.0.0.1", served.agent.console.port)
    before = open_files()
    form = b"content-type: application/x-www-form-urlencoded\r\ncontent-length: 9\r\n\r\n"
    half = b"POST /login HTTP/1.1\r\nhost: x\r\n" + form
    silent = []
    try:
        for number in range(2 * (MAX_CONNECTIONS + TURNED_AWAY)):
            one = socket.create_connection(place)
            one.sendall((b"", b"GET / HT", half)[number % 3])
            silent.append(one)
        # The daemon's other parts open and close files of their own meanwhile.
        assert open_files() - before - len(silent) < MAX_CONNECTIONS + TURNED_AWAY + OF_OTHERS
        wait(lambda: status_of(served) == 200)  # all were sent away: a person is let in
    finally:
        for one in silent:
            one.close()


OF_OTHERS = 20  # far from the as many again that would be held without a bound


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def status_of(served):
    try:
        return httpx.get(served.base, timeout=5).status_code
    except httpx.TransportError:
        return 0


# -- over the network ----------------------------------------------------------------------------------


def test_over_tls_with_the_boxs_own_certificate_a_person_logs_in(tmp_path):
    files = tmp_path / "certificate.pem", tmp_path / "key.pem"
    write_certificate(files, make_certificate(["localhost", "127.0.0.1"], datetime.now(UTC)), renew=False)
    console = {"port": 0, "host": "0.0.0.0", "tls_cert": str(files[0]), "tls_key": str(files[1])}
    with a_served_box(tmp_path, console=console | {"login": "always"}) as served:
        address = f"https://127.0.0.1:{served.agent.console.port}"
        trusted = ssl.create_default_context(cafile=files[0])
        with httpx.Client(base_url=address, verify=trusted) as client:
            login = client.get("/login")
            assert login.headers["strict-transport-security"]
            form = {"name": VIEWER, "password": PASSWORD, "csrf": csrf(login)}
            cookies = client.post("/login", data=form).headers.get_list("set-cookie")
            assert any(one.startswith("__Host-edge-agent-console=") for one in cookies)
            assert all("secure" in one.lower() for one in cookies)
            assert client.get("/").status_code == 200
        with pytest.raises(httpx.TransportError):
            httpx.get(address.replace("https", "http"))
