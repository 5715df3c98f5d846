"""Who comes in at the box, and who does not."""

import pytest
from starlette.requests import Request

from edge_agent.console.accounts import TECHNICIAN, VIEW, ConsoleAccounts, UsersFile
from edge_agent.console.audit import LOGINS_S, MOST_LOGINS, Audit
from edge_agent.console.porter import BoxPorter
from edge_agent.errors import UsageError
from edge_agent.web.gate import LoginTry
from edge_agent.web.settings import ConsoleSettings

PASSWORD = "correct horse battery"


def asks(host="127.0.0.1:8480", client="127.0.0.1", **headers):
    pairs = [
        (b"host", host.encode()),
        *((k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()),
    ]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": pairs, "client": (client, 1)})


@pytest.fixture
def users(tmp_path, quick_passwords):
    return UsersFile(tmp_path / "console" / "users.json")


def porter(users, audit=None, **settings):
    return BoxPorter(ConsoleSettings(**settings), users, audit or Audit(lambda _: None))


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8480", "127.0.0.1", "127.0.0.1:8480", "[::1]:8480", "LOCALHOST"]
)
def test_who_is_at_the_box_needs_no_login(users, host):
    session = porter(users).pass_of(asks(host))
    assert (session.user, session.role) == ("", TECHNICIAN)


@pytest.mark.parametrize(
    "request_",
    [
        asks("evil.example"),
        asks("127.0.0.1.evil.example:8480"),
        asks("localhost.evil.example"),
        asks("localhost@evil.example"),
        asks(""),
        asks("127.0.0.1:8480", client="192.0.2.7"),
        asks(x_forwarded_for="127.0.0.1"),
        asks(forwarded="for=127.0.0.1"),
        asks(via="1.1 somebody"),
        asks(x_real_ip="127.0.0.1"),
    ],
)
def test_a_page_of_somebody_elses_or_a_proxy_gets_no_free_pass(users, request_):
    assert porter(users).pass_of(request_) is None


def test_two_hosts_are_none(users):
    twice = asks()
    twice.scope["headers"].append((b"host", b"evil.example"))
    assert porter(users).pass_of(twice) is None


@pytest.mark.parametrize("settings", [{"login": "always"}, {"behind_proxy": True}])
def test_where_it_is_asked_for_everybody_logs_in(users, settings):
    assert porter(users, **settings).pass_of(asks()) is None


def test_off_this_machine_there_are_no_pages_without_tls():
    with pytest.raises(ValueError, match="tls_cert"):
        ConsoleSettings(host="0.0.0.0")


def test_a_login_from_elsewhere_is_noted_and_one_at_the_box_is_not(users):
    users.add("王芳", TECHNICIAN, PASSWORD)
    notes = []
    door = porter(users, Audit(notes.append))
    door.tried("王芳", "127.0.0.1", LoginTry.WRONG)
    assert notes == []
    door.tried("王芳", "192.0.2.7", LoginTry.DONE)
    door.tried("hunter2hunter2", "192.0.2.7", LoginTry.WRONG)  # the password, typed into the wrong field
    said = [(note.by, note.address, note.action, note.outcome) for note in notes]
    assert said == [("王芳", "192.0.2.7", "login", "done"), ("?", "192.0.2.7", "login", "failed")]
    assert "hunter2" not in str(notes)


def test_a_flood_of_logins_cannot_fill_the_chain_and_is_counted():
    notes, now = [], [0.0]
    audit = Audit(notes.append, lambda: now[0])
    for _ in range(1000):
        audit.login("?", "", "192.0.2.7", "failed")
    assert len(notes) == MOST_LOGINS
    audit.login("王芳", TECHNICIAN, "192.0.2.8", "done")  # has a bound of its own
    assert notes[-1].outcome == "done"
    now[0] += LOGINS_S + 1
    audit.login("?", "", "192.0.2.7", "failed")
    assert notes[-1].detail.startswith(f"and {1000 - MOST_LOGINS} more")


def test_a_full_tray_locks_no_technician_out_and_stops_a_change():
    def full(_):
        raise OSError("no room")

    Audit(full).login("王芳", TECHNICIAN, "192.0.2.7", "done")


def test_there_is_nobody_until_somebody_is_added_and_the_file_is_the_daemons_alone(users):
    assert users.all() == ()
    users.add("li.wei", VIEW, PASSWORD)
    assert users.path.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in users.path.read_text("utf-8")
    for name, password in (("li.wei", PASSWORD), ("../x", PASSWORD), ("", PASSWORD), ("new", "short")):
        with pytest.raises(UsageError):
            users.add(name, VIEW, password)


@pytest.mark.parametrize("text", ["", "[]", '{"users": [{"name": "x"}]}', '{"users": [], "more": 1}'])
def test_a_damaged_file_lets_nobody_in(users, text):
    users.path.parent.mkdir()
    users.path.write_text(text, "utf-8")
    with pytest.raises(UsageError, match="cannot be read"):
        ConsoleAccounts(users).user("li.wei")


@pytest.mark.parametrize("mode", [0o620, 0o604, 0o666])
def test_a_file_that_others_may_read_or_write_lets_nobody_in(users, mode):
    users.add("li.wei", VIEW, PASSWORD)
    users.path.chmod(mode)
    with pytest.raises(UsageError, match="chmod 600"):
        ConsoleAccounts(users).user("li.wei")


def test_another_password_or_none_ends_the_sessions(users):
    users.add("li.wei", VIEW, PASSWORD)
    users.add("wang", VIEW, PASSWORD)
    accounts = ConsoleAccounts(users)
    for key, name in (("a", "li.wei"), ("b", "wang")):
        accounts.begin(key, name, 1000)
    users.change_password("li.wei", "another password")
    users.remove("wang")
    assert accounts.session("a") is None
    assert accounts.session("b") is None
