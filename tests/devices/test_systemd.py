"""What the service manager hears: signs of life only while everybody gives one."""

import os
import socket
import time

import pytest

from edge_agent.devices.systemd import Notifier, Watchdog
from edge_agent.progress import Standing


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    """(socket, address)"""
    address = str(tmp_path / "notify") if request.param == "path" else f"@edge-agent-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(address.replace("@", "\0", 1))
        line.settimeout(10)
        yield line, address


def heard(line):
    return dict(one.split("=", 1) for one in line.recv(4096).decode().splitlines())


def test_ready_alive_in_trouble_alive_and_ending(manager, caplog):
    line, address = manager
    trouble = []
    watchdog = Watchdog(
        lambda: trouble,
        lambda: "ok:\nall well",
        Notifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "100000"}),
    )
    watchdog.start()
    assert heard(line) == {"READY": "1", "STATUS": "ok: all well", "WATCHDOG_USEC": "100000"}
    assert heard(line) == {"WATCHDOG": "1", "STATUS": "ok: all well"}

    trouble.append(Standing("sealer", 61))
    until = time.monotonic() + 10
    while "WATCHDOG" in (said := heard(line)):
        assert time.monotonic() < until
    assert said == {"STATUS": "sealer has stood still for 61 s"}
    assert "WATCHDOG" not in heard(line)
    trouble.clear()
    while "WATCHDOG" not in heard(line):
        assert time.monotonic() < until

    watchdog.stop()
    while (said := heard(line)) != {"STOPPING": "1"}:
        assert "WATCHDOG" in said
    assert [r.message for r in caplog.records if r.levelname == "CRITICAL"] == [
        "sealer has stood still for 61 s"
    ]


def test_who_begins_anew_in_the_same_process_does_not_say_that_it_ends(manager):
    """After STOPPING=1 systemd kills whatever still runs when TimeoutStopSec is over."""
    line, address = manager
    watchdog = Watchdog(list, lambda: "ok", Notifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "30000000"}))
    watchdog.start()
    assert heard(line)["READY"] == "1"
    watchdog.stop(beginning_anew=True)
    said = heard(line)
    assert "STOPPING" not in said
    assert int(said["WATCHDOG_USEC"]) == 600_000_000


def test_nothing_is_sent_where_nobody_asks_and_nothing_raises_where_nobody_listens(caplog):
    Notifier({}).send(READY=1)
    assert not caplog.records
    Notifier({"NOTIFY_SOCKET": "/nonexistent/notify"}).send(READY=1)
    assert "not reached" in caplog.text


def test_a_watchdog_of_another_process_is_not_ours():
    assert Notifier({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}).watchdog_s == 0
    assert Notifier({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}).watchdog_s == 3
