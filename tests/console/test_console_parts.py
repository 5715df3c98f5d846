"""Parts of the console by themselves: an examination, the certificate, the command line, a taken port."""

import hashlib
import json
import socket
import ssl
import threading
from datetime import UTC, datetime
from ipaddress import ip_address

import pytest
from cryptography import x509
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from edge_agent.cli.main import main
from edge_agent.config.loader import load
from edge_agent.console.accounts import UsersFile
from edge_agent.console.certificate import fingerprint, make_certificate, own_names, write_certificate
from edge_agent.console.doctor import Examination
from edge_agent.console.places import certificate_files, users_file
from edge_agent.doctor.finding import Finding, State
from edge_agent.errors import UsageError
from edge_agent.evidence.intray import tray_of
from edge_agent.web.server import HttpServer
from tests.console.site import a_served_box, wait, written

NOW = datetime(2026, 12, 1, tzinfo=UTC)


# -- the doctor -----------------------------------------------------------------------------------


def test_one_examination_runs_at_a_time_and_says_how_far_it_is():
    go, told = threading.Event(), threading.Event()

    def examine(_config, _eyes, over):
        over("clock")
        told.set()
        go.wait(10)
        return [Finding("clock.fine", "clock", State.OK)]

    examination = Examination(None, None, examine)
    assert examination.begin()
    told.wait(10)
    assert not examination.begin()
    assert examination.over == ("clock",)
    go.set()
    wait(lambda: not examination.running)
    assert [finding.key for finding in examination.last.findings] == ["clock.fine"]
    assert examination.begin()
    wait(lambda: not examination.running)


def test_an_examination_that_breaks_says_so_and_another_can_begin():
    def examine(*_):
        raise RuntimeError("a driver")

    examination = Examination(None, None, examine)
    for _ in range(2):
        assert examination.begin()
        wait(lambda: not examination.running)
    assert examination.last.problem == "RuntimeError: a driver"


# -- the certificate ------------------------------------------------------------------------------


def test_a_certificate_names_the_box_and_is_known_by_its_fingerprint():
    pem, _ = make_certificate(["box-7", "192.0.2.7", "fd00::7"], NOW)
    made = x509.load_pem_x509_certificate(pem)
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["box-7"]
    assert names.get_values_for_type(x509.IPAddress) == [ip_address("192.0.2.7"), ip_address("fd00::7")]
    assert made.not_valid_before_utc < NOW < made.not_valid_after_utc
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.decode())).hexdigest()
    assert fingerprint(pem).replace(":", "").lower() == digest


def test_a_box_whose_clock_is_behind_makes_none_that_begins_later():
    pem, _ = make_certificate(["box-7"], datetime(2001, 1, 1, tzinfo=UTC))
    assert x509.load_pem_x509_certificate(pem).not_valid_before_utc.year == 2001


def test_this_machine_knows_its_own_addresses():
    assert {socket.gethostname(), "localhost", "127.0.0.1"} <= set(own_names())


def test_pages_are_served_with_it_and_the_browser_sees_this_very_one(tmp_path):
    files = (tmp_path / "certificate.pem", tmp_path / "key.pem")
    made = make_certificate(["localhost"], NOW)
    write_certificate(files, made, renew=False)
    assert files[1].stat().st_mode & 0o777 == 0o600
    with pytest.raises(UsageError, match="--renew"):
        write_certificate(files, made, renew=False)
    server = HttpServer([Route("/", lambda _: PlainTextResponse(""))], "127.0.0.1", 0, tls=files)
    server.start()
    try:
        seen = ssl.get_server_certificate(("127.0.0.1", server.port))
    finally:
        server.stop()
    assert fingerprint(seen.encode()) == fingerprint(made[0])


# -- the command line -----------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path, quick_passwords):
    return written(tmp_path, "/dev/null")


def run(*args):
    return main(["console", *map(str, args)])


def test_people_are_added_and_removed_by_the_command_line_and_the_chain_learns_of_it(
    site, monkeypatch, capsys
):
    monkeypatch.setattr("sys.stdin", iter_lines("correct horse battery\n", "another long one\n"))
    assert run("user", "add", "王芳", "--role", "technician", "--stdin", "--config", site) == 0
    assert run("user", "password", "王芳", "--stdin", "--config", site) == 0
    assert run("user", "list", "--config", site) == 0
    assert "technician  王芳" in capsys.readouterr().out
    assert UsersFile(users_file(load(site))).path.stat().st_mode & 0o777 == 0o600
    assert run("user", "remove", "王芳", "--config", site) == 0
    assert run("user", "remove", "王芳", "--config", site) == 2
    notes = [note.record for _, note in tray_of(load(site).evidence.store.directory).waiting()]
    assert [(note.action, note.subject, note.via) for note in notes] == [
        ("console_user_added", "王芳", "command_line"),
        ("console_password_changed", "王芳", "command_line"),
        ("console_user_removed", "王芳", "command_line"),
    ]
    assert "battery" not in json.dumps([note.model_dump() for note in notes])


def test_a_password_is_never_an_argument_and_never_short(site, monkeypatch, capsys):
    assert run("user", "add", "li", "correct horse battery", "--config", site) == 2
    monkeypatch.setattr("sys.stdin", iter_lines("short\n", ""))
    assert run("user", "add", "li", "--stdin", "--config", site) == 2
    assert run("user", "add", "li", "--stdin", "--config", site) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert UsersFile(users_file(load(site))).all() == ()


def test_the_certificate_is_made_where_the_daemon_reads_it(site, capsys):
    assert run("certificate", "--name", "box.example", "--config", site) == 0
    said = capsys.readouterr().out
    files = certificate_files(load(site))
    assert fingerprint(files[0].read_bytes()) in said
    assert "box.example" in said
    assert f"tls_cert: {files[0]}" in said
    assert run("certificate", "--config", site) == 2
    assert run("certificate", "--renew", "--config", site) == 0


class iter_lines:  # noqa: N801 - stands where a file does
    def __init__(self, *lines):
        self._lines = list(lines)

    def readline(self):
        return self._lines.pop(0)


# -- the daemon -----------------------------------------------------------------------------------


def test_a_port_that_is_taken_costs_the_pages_and_nothing_else(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with a_served_box(tmp_path, pages=False, console={"port": port}) as box:
            [part] = [part for part in box.agent.health.unwell() if part.part == "console"]
            assert (part.state, str(port) in part.detail) == ("degraded", True)
            assert not box.agent.console.alive
