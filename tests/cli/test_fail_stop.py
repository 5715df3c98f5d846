"""A disk that fails at every start: the process ends with an error, and then stays up and says so."""

import json
import socket
import threading

import pytest

from edge_agent.bench.broker import Mosquitto, find_mosquitto
from edge_agent.cli import fail_stop
from edge_agent.cli.fail_stop import IN_A_ROW, FaultCount
from edge_agent.cli.main import main
from edge_agent.config.loader import load
from edge_agent.config.recorded import to_text
from edge_agent.demo.stage import moved
from edge_agent.errors import StoreFault
from edge_agent.evidence.uplink.mqtt import MqttLink, Waker
from edge_agent.evidence.uplink.port import Connected, LinkOptions, Received


@pytest.fixture
def site(tmp_path, request):
    """The shipped bridge with a store where no directory can be made."""
    (tmp_path / "file").write_text("not a directory")
    config = load(request.config.rootpath / "configs" / "bridge.yaml")
    values = {
        ("evidence", "key_file"): str(tmp_path / "keys" / "evidence.pem"),
        ("evidence", "store", "directory"): str(tmp_path / "file" / "evidence"),
        ("journal", "dir"): None,
        ("uplink",): None,
    }
    return moved(config, values)


def run(site, tmp_path):
    (tmp_path / "site.yaml").write_text(to_text(site), encoding="utf-8")
    return main(["run", "--config", str(tmp_path / "site.yaml")])


def test_a_failed_disk_ends_the_process_with_an_error_and_is_counted(site, tmp_path, monkeypatch):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    for times in (1, 2, 3):
        assert run(site, tmp_path) == 1
        assert FaultCount(str(tmp_path)).value == times


def test_without_a_supervisor_nothing_is_counted(site, tmp_path, monkeypatch):
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    assert run(site, tmp_path) == 1
    assert not (tmp_path / "faults").exists()


def test_after_five_in_a_row_the_disk_is_left_alone_and_then_tried_again(site, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    monkeypatch.setattr(fail_stop, "SHOUT_S", 0.05)
    for _ in range(IN_A_ROW):
        run(site, tmp_path)
    capsys.readouterr()
    assert run(site, tmp_path) == 1
    assert "CRITICAL 5 starts in a row could seal nothing" in capsys.readouterr().err
    assert FaultCount(str(tmp_path)).value == IN_A_ROW + 1  # tried once, after the wait


def test_a_disk_that_was_mended_in_the_meantime_is_used(site, tmp_path, monkeypatch):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    monkeypatch.setattr(fail_stop, "SHOUT_S", 0.05)
    for _ in range(IN_A_ROW + 1):
        run(site, tmp_path)
    (tmp_path / "file").unlink()
    (tmp_path / "site.yaml").write_text(to_text(site), encoding="utf-8")
    assert main(["run", "--config", str(tmp_path / "site.yaml"), "--seconds", "1"]) == 0
    assert (tmp_path / "file" / "evidence").is_dir()


def test_while_the_disk_is_left_alone_the_service_manager_is_told(site, tmp_path, monkeypatch):
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(address)
        line.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        monkeypatch.setenv("WATCHDOG_USEC", "100000")
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        monkeypatch.setattr(fail_stop, "SHOUT_S", 0.3)
        fail_stop.shout(site, FaultCount(None), threading.Event())
        said = [line.recv(4096).decode() for _ in range(4)]
    assert said[0].startswith("READY=1\n")
    assert said[1:3] == ["WATCHDOG=1"] * 2


def test_who_is_told_to_end_does_not_try_the_disk(site):
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoreFault):
        fail_stop.shout(site, FaultCount(None), stop)


def test_a_count_that_cannot_be_written_hides_no_fault(tmp_path):
    FaultCount(str(tmp_path / "gone")).add("EIO")


def test_a_good_seal_ends_the_row(tmp_path):
    faults = FaultCount(str(tmp_path))
    faults.add("EIO")
    again = FaultCount(str(tmp_path))
    assert (again.value, again.last) == (1, "EIO")
    again.clear()
    assert FaultCount(str(tmp_path)).value == 0


def test_a_count_that_makes_no_sense_is_none(tmp_path):
    (tmp_path / "faults").write_bytes(b"\xff nonsense")
    assert FaultCount(str(tmp_path)).value == 0


@pytest.mark.skipif(find_mosquitto() is None, reason="needs Debian's mosquitto")
def test_the_platform_hears_of_it(site, tmp_path, monkeypatch):
    broker = Mosquitto(tmp_path)
    broker.start()
    try:
        site = moved(site, {("uplink",): {"mqtt": broker.settings().model_dump(mode="json")}})
        faults, stop = FaultCount(None), threading.Event()
        faults.value, faults.last = 5, "disk I/O error"
        ended = []

        def shout():
            with pytest.raises(StoreFault):
                fail_stop.shout(site, faults, stop)
            ended.append(True)

        thread = threading.Thread(target=shout)
        thread.start()
        state = read_state(broker)
        stop.set()
        thread.join(10)
        assert ended
        assert (state["health"], state["sealing"]) == ("fault", False)
        assert state["parts"] == [{"part": "store", "state": "fault", "detail": "disk I/O error"}]
    finally:
        broker.stop()


def read_state(broker):
    waker = Waker()
    link = MqttLink(broker.settings("reader"), LinkOptions("reader", mqtt5=True), waker)
    link.open()
    try:
        for _ in range(200):
            for event in link.poll(0.1):
                if isinstance(event, Connected):
                    link.subscribe(("ea/v1/+/+/state",))
                if isinstance(event, Received):
                    return json.loads(event.payload)
    finally:
        link.abort()
        waker.close()
    raise AssertionError("no state was published")
