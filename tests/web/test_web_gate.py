import html
import re

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse

from edge_agent.errors import DatabaseAway
from edge_agent.web.gate import LOGIN_WINDOW_S, TRIES_OF_ADDRESS, TRIES_OF_USER, Gate, NotHere, _own_path
from edge_agent.web.passwords import hash_password
from edge_agent.web.sessions import IDLE_S, User
from tests.web.asking import Client
from tests.web.test_web_sessions import Memory

PASSWORD = "correct horse battery"
FORM = {"content-type": "application/x-www-form-urlencoded"}


class People(Memory):
    def __init__(self):
        super().__init__()
        kept = hash_password(PASSWORD)
        self.users = {name: User(name, role, kept) for name, role in (("王芳", "reviewer"), ("li", "viewer"))}

    def user(self, name):
        return self.users.get(name)

    def session(self, key):
        kept = super().session(key)
        return kept and kept.__class__(kept.user, self.users[kept.user].role, kept.began_s, kept.seen_s)


class Plain:
    """`Pages` that say in words what they would show."""

    def login(self, visit, problem, status):
        return PlainTextResponse(f"login {problem} csrf={visit.csrf} {visit.form.get('next', '')}", status)

    def error(self, visit, status, detail):
        return PlainTextResponse(f"error {detail}", status)


class Door:
    def __init__(self, **options):
        self.now = 0.0
        self.people = People()
        gate = Gate("test", self.people, Plain(), secure=False, now_s=lambda: self.now, **options)
        self.shown = []
        routes = [
            *gate.routes(),
            gate.page("/", self.show),
            gate.page("/poll", self.show, quiet=True),
            gate.page("/missing", self.missing),
            gate.page("/away", self.away),
            gate.page("/say", self.show, method="POST"),
            gate.page("/review", self.show, method="POST", role="reviewer"),
        ]
        self.app = Starlette(routes=routes)
        self.client = Client(self.app)

    def show(self, visit):
        self.shown.append(visit)
        return PlainTextResponse(f"{visit.user} {visit.role} {visit.language} csrf={visit.csrf}")

    def missing(self, visit):
        raise NotHere("gone")

    def away(self, visit):
        raise DatabaseAway("password of the database")

    def log_in(self, name="王芳", password=PASSWORD, client=None, **more):
        client = client or self.client
        form = {"name": name, "password": password, "csrf": mark(client.get("/login")), **more}
        return client.post("/login", form)


def mark(answer):
    return re.search("csrf=([0-9a-f]{64})", html.unescape(answer.text)).group(1)


@pytest.fixture
def door(quick_passwords):
    return Door()


def test_nobody_sees_a_page_before_logging_in(door):
    for path, after in (("/", ""), ("/missing?a=1&b=2", "?next=%2Fmissing%3Fa%3D1%26b%3D2")):
        answer = door.client.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/login{after}"
    assert door.client.post("/review").headers["location"] == "/login"
    assert not door.shown


def test_who_logs_in_is_known_from_then_on_and_forgotten_when_logging_out(door):
    assert door.log_in(next="/missing").headers["location"] == "/missing"
    page = door.client.get("/")
    assert page.text.startswith("王芳 reviewer zh")
    session = dict(door.client.cookies)
    assert door.client.post("/logout", {"csrf": mark(page)}).headers["location"] == "/login"
    assert door.client.get("/").status_code == 303
    door.client.cookies.update(session)
    assert door.client.get("/").status_code == 303  # the old cookie opens nothing either


@pytest.mark.parametrize(("path", "stays"), [("/", True), ("/poll", False)])
def test_a_page_that_asks_by_itself_keeps_nobody_logged_in(door, path, stays):
    door.log_in()
    for _ in range(3):
        door.now += IDLE_S / 2
        answer = door.client.get(path)
    assert (answer.status_code == 200) is stays


def test_a_cookie_is_for_this_site_and_no_script(door):
    for line in door.log_in().headers.get_list("set-cookie"):
        assert "HttpOnly" in line
        assert "SameSite=strict" in line
        assert "Domain" not in line


def test_over_tls_cookies_are_bound_to_this_very_host(quick_passwords):
    gate = Gate("test", People(), Plain(), secure=True)
    [line] = Client(Starlette(routes=gate.routes())).get("/login").headers.get_list("set-cookie")
    assert line.startswith("__Host-ea-visit-test=")
    assert "Secure" in line
    assert "Path=/" in line


@pytest.mark.parametrize(
    ("name", "password"), [("王芳", "wrong"), ("nobody", PASSWORD), ("", ""), ("王芳" + "x" * 200, PASSWORD)]
)
def test_a_wrong_name_and_a_wrong_password_look_alike_and_lose_no_way(door, name, password):
    answer = door.log_in(name, password, next="/missing")
    assert answer.status_code == 403
    assert answer.text.startswith("login wrong")
    assert answer.text.endswith("/missing")
    assert door.client.get("/").status_code == 303


def test_a_login_that_came_from_no_form_of_ours_is_refused(door):
    form = {"name": "王芳", "password": PASSWORD}
    assert door.client.post("/login", form).text.startswith("login form")
    mine = mark(door.client.get("/login"))
    assert Client(door.app).post("/login", form | {"csrf": mine}).status_code == 403
    assert door.client.post("/login", form | {"csrf": "0" * 64}).status_code == 403
    said = door.client.post("/login", form | {"csrf": mine}, headers={"sec-fetch-site": "cross-site"})
    assert said.status_code == 403
    assert not door.people.kept


def test_one_name_may_be_tried_ten_times_in_ten_minutes(door):
    for _ in range(TRIES_OF_USER):
        assert door.log_in(password="wrong").status_code == 403
    refused = door.log_in()
    assert refused.status_code == 429
    assert refused.text.startswith("login wait")
    assert 0 < int(refused.headers["retry-after"]) <= LOGIN_WINDOW_S + 1
    assert door.log_in("li").status_code == 303
    door.now += LOGIN_WINDOW_S
    assert door.log_in().status_code == 303


def test_one_address_may_not_try_many_names(door):
    tries = [door.log_in(f"name{n}", "wrong").status_code for n in range(TRIES_OF_ADDRESS + 1)]
    assert tries == [403] * TRIES_OF_ADDRESS + [429]


def test_behind_a_proxy_each_client_counts_for_itself(quick_passwords):
    door = Door(behind_proxy=True)
    csrf = mark(door.client.get("/login"))

    def attempt(n, address):
        form = {"name": f"n{n}", "password": "wrong", "csrf": csrf}
        return door.client.post("/login", form, headers={"x-forwarded-for": address}).status_code

    assert [attempt(n, "10.0.0.1") for n in range(TRIES_OF_ADDRESS + 1)][-1] == 429
    assert attempt(0, "6.6.6.6, 10.0.0.1") == 429  # what the browser itself put first helps nobody
    assert attempt(0, "10.0.0.2") == 403


def test_what_is_sent_must_come_from_a_form_of_this_login(door):
    door.log_in()
    csrf = mark(door.client.get("/"))
    other = Client(door.app)
    door.log_in(client=other)
    for form in ({}, {"csrf": ""}, {"csrf": "é"}, {"csrf": mark(other.get("/"))}):
        assert door.client.post("/say", form).status_code == 403
    elsewhere = door.client.post("/say", {"csrf": csrf}, headers={"sec-fetch-site": "cross-site"})
    assert elsewhere.text == "error csrf"
    assert (
        door.client.post("/say", {"csrf": csrf}, headers={"sec-fetch-site": "same-origin"}).status_code == 200
    )
    assert door.client.post("/logout", {}).status_code == 403
    assert door.client.get("/say").status_code == 405


def test_a_form_of_another_kind_says_nothing(door):
    door.log_in()
    csrf = mark(door.client.get("/"))
    assert door.client.post("/say", content=f"csrf={csrf}", headers=FORM).status_code == 200
    for kind in ("text/plain", "application/json", "multipart/form-data; boundary=x", ""):
        answer = door.client.post("/say", content=f"csrf={csrf}", headers={"content-type": kind})
        assert answer.status_code == 403


def test_a_role_is_asked_anew_each_time(door):
    door.log_in("li")
    page = door.client.get("/")
    form = {"csrf": mark(page)}
    assert page.text.startswith("li viewer")
    assert door.client.post("/review", form).text == "error role"
    door.people.users["li"] = User("li", "reviewer", "")
    assert door.client.post("/review", form).status_code == 200


def test_no_database_is_asked_for_a_nul(door):
    asked = []
    door.people.user = asked.append
    door.log_in("a\0b")
    assert asked == ["a\ufffdb"]


def test_a_visit_that_was_left_alone_ends(door):
    door.log_in()
    door.now += IDLE_S
    assert door.client.get("/").status_code == 303


def test_the_language_once_chosen_stays(door):
    door.log_in()
    assert " zh " in door.client.get("/").text
    assert " en " in door.client.get("/?lang=en").text
    assert " en " in door.client.get("/").text
    assert " en " in door.client.get("/?lang=xx").text


def test_our_errors_are_pages_and_say_nothing_of_what_is_behind(door):
    door.log_in()
    assert (door.client.get("/missing").status_code, door.client.get("/missing").text) == (404, "error gone")
    assert (door.client.get("/away").status_code, door.client.get("/away").text) == (503, "error ")


@pytest.mark.parametrize(
    "said",
    [
        "",
        "https://elsewhere.example",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "javascript:1",
        "/a\nb",
        "a",
    ],
)
def test_after_logging_in_one_goes_nowhere_but_here(said):
    assert _own_path(said) == "/"


def test_to_a_page_of_ours_one_does():
    assert _own_path("/statement/ea-1/00/3?lang=en") == "/statement/ea-1/00/3?lang=en"
