"""A disk that was put back from a backup: asked before anything is sent, and stopped. K2."""

import shutil
import time

import pytest

from edge_agent.bench.broker import find_mosquitto
from edge_agent.errors import StoreFault
from edge_agent.evidence.examples import a_case, a_store

pytestmark = pytest.mark.skipif(find_mosquitto() is None, reason="needs Debian's mosquitto")


def now_us():
    return time.time_ns() // 1000


def put_back(rig, backup):
    rig.uplink.stop()
    rig.store.close()
    shutil.rmtree(rig.folder / "box")
    shutil.copytree(backup, rig.folder / "box")
    rig.store = a_store(rig.folder / "box", utc_us=now_us)


def alarms(rig):
    return rig.ingest._store.alarms()


def test_what_was_sealed_since_the_backup_never_contradicts_what_the_platform_has(rig, tmp_path, eventually):
    rig.start_platform()
    rig.start_uplink()
    rig.seal(3)
    assert rig.uplink.wait_idle(15)
    rig.uplink.stop()
    backup = tmp_path / "backup"
    shutil.copytree(tmp_path / "box", backup)  # of a running box: its next start will have something to say
    rig.start_uplink()
    rig.seal(3)
    assert rig.uplink.wait_idle(15)
    before = rig.store.head()

    put_back(rig, backup)
    rig.store.seal(*a_case(900))
    rig.events.clear()
    rig.start_uplink()
    eventually(lambda: rig.uplink.fault is not None, "the stop")

    assert isinstance(rig.uplink.fault, StoreFault)
    assert "platform_ahead" in rig.kinds()
    assert alarms(rig) == []
    rig.uplink.stop()
    rig.store.close()

    rig.store = a_store(tmp_path / "box", utc_us=now_us)
    assert rig.store.head().epoch != before.epoch
    rig.start_uplink()
    assert rig.uplink.wait_idle(15)
    assert alarms(rig) == []


def test_a_copy_from_before_the_first_receipt_is_found_too(rig, tmp_path, eventually):
    rig.seal(2)
    backup = tmp_path / "backup"
    shutil.copytree(tmp_path / "box", backup)
    rig.start_platform()
    rig.start_uplink()
    rig.seal(3)
    assert rig.uplink.wait_idle(15)
    put_back(rig, backup)
    rig.store.seal(*a_case(900))
    rig.start_uplink()
    eventually(lambda: rig.uplink.fault is not None, "the stop")
    assert alarms(rig) == []


def test_a_box_that_nobody_answers_sends_all_the_same(rig, monkeypatch, eventually):
    monkeypatch.setattr("edge_agent.evidence.uplink.uplink.ASK_S", 0.3)
    rig.start_platform()
    rig.start_uplink()
    rig.seal()
    assert rig.uplink.wait_idle(15)
    rig.uplink.stop()
    rig.stop_platform()
    watcher = rig.client("watcher", rig.topics.statement)
    rig.events.clear()
    rig.start_uplink()
    [sealed] = rig.seal()
    envelope = rig.store.packet(sealed.seq).envelope
    eventually(lambda: any(m.payload == envelope for m in watcher.poll()), "the statement")
