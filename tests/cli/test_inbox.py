"""`edge-agent inbox`: users, reviews, and that it serves until it is told to end."""

import json
import os
import re
import signal
import subprocess
import sys

import httpx
import pytest

from edge_agent.cli.main import main
from edge_agent.evidence.examples import a_case
from edge_agent.inbox.reviews import Reviews
from tests.inbox.city import DEVICE, PASSWORD, City, a_box

PROGRAM = "import sys; from edge_agent.cli.main import main; sys.exit(main())"


@pytest.fixture
def config(tmp_path):
    """A platform's configuration, with one weighing taken in."""
    city = City(tmp_path)
    with a_box(tmp_path) as box:
        box.seal(*a_case(1))
        city.take(box)
    stored = city.store.newest(DEVICE.device_id, 1)[0]
    Reviews(city.store.database).add(
        stored, "reject", "plate_wrong", "看不清", reviewer="王芳", seen=0, now_us=1
    )
    city.close()
    path = tmp_path / "platform.yaml"
    path.write_text(
        f"tenant: {DEVICE.tenant}\ndata_dir: platform\ndevices_dir: devices\nreceipt_key_file: receipt.key\n"
        "inbox: {port: 0}\n"
    )
    return path


@pytest.fixture
def password(monkeypatch):
    """What is typed, twice."""
    monkeypatch.setattr("typer.prompt", lambda *_, **options: options["hide_input"] and PASSWORD)


def inbox(config, *words):
    return main(["inbox", *words, "--config", str(config)])


def test_users_come_change_and_go(config, password, capsys):
    assert inbox(config, "user", "add", "王芳", "--role", "reviewer") == 0
    assert inbox(config, "user", "add", "li.wei") == 0
    capsys.readouterr()
    assert inbox(config, "user", "list") == 0
    assert capsys.readouterr().out.splitlines() == ["viewer    li.wei", "reviewer  王芳"]
    assert inbox(config, "user", "password", "li.wei") == 0
    assert inbox(config, "user", "remove", "li.wei") == 0
    capsys.readouterr()
    assert inbox(config, "user", "list") == 0
    assert capsys.readouterr().out == "reviewer  王芳\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("user", "add", "a b"), "a name has"),
        (("user", "remove", "nobody"), "there is no user nobody"),
        (("user", "password", "nobody"), "there is no user nobody"),
        (("redeliver", "nothing"), "no webhook of that name"),
    ],
)
def test_a_mistake_is_said_in_a_line(config, password, capsys, words, said):
    assert inbox(config, *words) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert said in line


def test_a_short_password_is_refused(config, monkeypatch, capsys):
    monkeypatch.setattr("typer.prompt", lambda *_, **__: "short")
    assert inbox(config, "user", "add", "li") == 2
    assert "at least 10" in capsys.readouterr().err


def test_a_password_is_no_option(config, capsys):
    assert inbox(config, "user", "add", "li", "--password", PASSWORD) == 2


def test_reviews_are_written_for_label_export(config, tmp_path, capsys):
    out = tmp_path / "reviews.jsonl"
    assert inbox(config, "reviews", str(out)) == 0
    [said] = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert (said["verdict"], said["note"], said["reviewer"]) == ("reject", "plate_wrong: 看不清", "王芳")
    assert inbox(config, "reviews", str(out)) == 2  # a file that is there is left alone
    assert out.read_text("utf-8").count("\n") == 1


def test_a_place_off_this_machine_without_tls_is_refused(config, capsys):
    config.write_text(config.read_text().replace("port: 0", "host: 0.0.0.0, port: 0"))
    assert inbox(config, "serve") == 2
    assert "tls_cert" in capsys.readouterr().err


def test_it_serves_until_it_is_told_to_end(config, password):
    assert inbox(config, "user", "add", "li.wei") == 0
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "inbox", "serve", "--config", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        base = re.fullmatch(
            r"edge-agent inbox: (http://127\.0\.0\.1:\d+)\n", process.stdout.readline()
        ).group(1)
        with httpx.Client(base_url=base, timeout=30) as client:
            form = re.search(r'name="csrf" value="([0-9a-f]+)"', client.get("/login").text)
            said = {"name": "li.wei", "password": PASSWORD, "csrf": form.group(1)}
            assert client.post("/login", data=said).headers["location"] == "/"
            assert "沪A12345" in client.get("/").text
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert PASSWORD not in errors
    assert "Traceback" not in errors
