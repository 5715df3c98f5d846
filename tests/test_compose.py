"""The daemon as it is put together: a real terminal line in, sealed evidence and a journal out."""

import json
import os
import pty
import queue
import shutil
import signal
import subprocess
import sys
import threading
import tty

import pytest
import yaml

from edge_agent.box_store import open_store
from edge_agent.compose import Agent, Hooks
from edge_agent.config.loader import load
from edge_agent.core.decisions import CrossingSeen, Seal, Status
from edge_agent.core.events import Stopped
from edge_agent.core.records import MatchStatus, Outcome
from edge_agent.core.site import Site
from edge_agent.errors import StoreFault, StoreFull
from edge_agent.evidence.key_places import FilePlace, key_place, prepare_successor
from edge_agent.evidence.reading import open_reading
from edge_agent.evidence.reading_door import door_of
from edge_agent.evidence.statement import Kind, parse
from edge_agent.evidence.statement_journal import slice_named
from edge_agent.evidence.statement_records import ConfigChange
from edge_agent.evidence.store import EvidenceStore
from edge_agent.journal import slices
from edge_agent.journal.opening import open_all
from edge_agent.journal.reader import recorded_lines
from edge_agent.replaying.replay import replay
from tests.road import POSTED

WAIT_S = 20


def a_site(folder, device):
    """A controller on a terminal line, one lane without a camera, no platform."""
    tree = {
        "schema": 1,
        "site": {
            "id": "bridge-test",
            "tenant": "test",
            "device_id": "ea-test",
            "place": {"lat_e7": 312304160, "lon_e7": 1214737010, "datum": "CGCS2000"},
            "legal": {"use_class": "test"},
        },
        "ports": {"wim": {"device": device, "protocol": {"kind": "wim_json", "lanes": {"1": "1"}}}},
        "lanes": {
            "1": {"port": "wim", "scale": {"calibration": {"id": "test"}}, "limits": {"posted": POSTED}}
        },
        "evidence": {"key_file": "evidence.pem", "store": {"directory": "evidence"}},
        "journal": {"dir": "journal", "flush_ms": 10},
        "clock": {"source": "none"},
    }
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(tree, allow_unicode=True), "utf-8")
    return path


def a_vehicle(name, gross_kg):
    """A controller's line."""
    record = {
        "v": 1,
        "id": name,
        "lane": "1",
        "first_axle_age_ms": 900,
        "last_axle_age_ms": 400,
        "axles": [
            {"load_g": gross_kg * 400, "offset_mm": 0},
            {"load_g": gross_kg * 600, "offset_mm": 4_000},
        ],
        "gross_g": gross_kg * 1_000,
        "speed_mm_s": 8_000,
    }
    return json.dumps(record).encode() + b"\n"


@pytest.fixture
def line():
    """(our end, name of the box's end) of a terminal line."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    yield ours, os.ttyname(theirs)
    os.close(ours)
    os.close(theirs)


class Running:
    """A daemon in a thread, what it decided and what it sealed."""

    def __init__(self, site, **chosen):
        self.decided, self.sealed, self.refused = queue.Queue(), queue.Queue(), []
        self.error = None
        hooks = Hooks(
            decided=self.decided.put,
            sealed=lambda _order, sealed: self.sealed.put(sealed),
            refused=lambda _order, reason: self.refused.append(reason),
        )
        self.agent = Agent(site, hooks, **chosen)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        try:
            self.agent.run()
        except StoreFault as fault:
            self.error = fault

    def ready(self):
        """The line is open: what was sent before is not the box's."""
        while self.next_decision(Status).part != "port/wim":
            pass
        return self

    def ended(self):
        self._thread.join(WAIT_S)
        return not self._thread.is_alive()

    def next_decision(self, kind):
        while True:
            decision = self.decided.get(timeout=WAIT_S)
            if isinstance(decision, kind):
                return decision


def test_a_heavy_vehicle_on_the_line_is_sealed_a_light_one_is_not_and_a_stop_ends_it_all(tmp_path, line):
    ours, device = line
    site = load(a_site(tmp_path, device))
    box = Running(site).ready()

    os.write(ours, a_vehicle("light", 9_000))
    assert box.next_decision(CrossingSeen).verdicts[0].outcome is Outcome.WITHIN
    os.write(ours, a_vehicle("heavy", 26_000))
    seal = box.next_decision(Seal)
    sealed = box.sealed.get(timeout=WAIT_S)
    box.agent.stop()

    assert box.ended()
    assert box.error is None
    assert (seal.match.status, seal.crossing.gross) == (MatchStatus.UNMATCHED, 26_000_000)
    with open_store(site, "later") as store:
        packet = store.packet(sealed.seq)
        assert (packet.kind, packet.payload_sha256) == (Kind.WIM, sealed.payload_sha256)
        assert store.stats().cases == 1
    [recording] = open_all(tmp_path / "journal")
    assert seal in list(recording.decisions())
    assert recording.torn == ""
    assert box.refused == []


def test_a_statement_names_the_events_that_led_to_it_and_so_does_its_replay(tmp_path, line):
    ours, device = line
    site = load(a_site(tmp_path, device))
    box = Running(site).ready()
    os.write(ours, a_vehicle("heavy", 26_000))
    seal = box.next_decision(Seal)
    payload = box.sealed.get(timeout=WAIT_S).payload
    box.agent.stop()
    assert box.ended()

    named = slice_named(parse(payload).ext)
    events = list(slices.events(slices.find(tmp_path / "journal", named), named))
    assert [number for number, _ in events] == list(range(named.last_event + 1))
    assert named.boot_id == json.loads(payload)["chain"]["boot_id"]
    core = Site(site.core())
    assert seal in [decision for _, event in events for decision in core.step(event)]
    (tmp_path / "again").mkdir()
    replay(open_all(tmp_path / "journal"), site, tmp_path / "again")
    again = next(
        said
        for path in (tmp_path / "again" / "statements").iterdir()
        if (said := json.loads(path.read_bytes()))["packet_id"] == json.loads(payload)["packet_id"]
    )
    assert again["ext"] == json.loads(payload)["ext"] != {}


def test_a_journal_that_cannot_be_written_costs_no_evidence_and_is_said(tmp_path, line):
    ours, device = line
    path = a_site(tmp_path, device)
    (tmp_path / "journal").write_text("no folder")
    box = Running(load(path)).ready()

    os.write(ours, a_vehicle("heavy", 26_000))

    assert box.sealed.get(timeout=WAIT_S)
    assert not box.agent.black_box.flush(WAIT_S)  # it answers, and nothing is written
    [journal] = [part for part in box.agent.health.unwell() if part.part == "journal"]
    assert journal.state == "degraded"
    assert box.agent.black_box.lost_events > 0
    box.agent.stop()
    assert box.ended()
    assert box.error is None


def test_a_running_box_can_be_asked_what_it_has_sealed_and_closes_that_door_when_it_ends(tmp_path, line):
    ours, device = line
    site = load(a_site(tmp_path, device))
    directory = site.evidence.store.directory
    box = Running(site).ready()
    os.write(ours, a_vehicle("heavy", 26_000))
    sealed = box.sealed.get(timeout=WAIT_S)
    with open_reading(directory) as reading:
        assert reading.statement(sealed.seq).payload == sealed.payload
    box.agent.stop()
    assert box.ended()
    assert not door_of(directory).exists()
    with open_reading(directory) as reading:
        assert reading.statement(sealed.seq).payload == sealed.payload


def test_an_evidence_directory_that_fails_ends_the_daemon_with_an_error(tmp_path, line):
    ours, device = line
    box = Running(load(a_site(tmp_path, device))).ready()
    os.write(ours, a_vehicle("light", 9_000))
    box.next_decision(CrossingSeen)

    shutil.rmtree(tmp_path / "evidence" / "attachments")
    os.write(ours, a_vehicle("heavy", 26_000))

    assert box.ended()
    assert isinstance(box.error, StoreFault)
    assert box.sealed.empty()


def test_every_run_is_another_boot_and_continues_the_chain(tmp_path, line):
    ours, device = line
    site = load(a_site(tmp_path, device))
    sealed = []
    for run in range(2):
        box = Running(site).ready()
        os.write(ours, a_vehicle(f"heavy-{run}", 26_000))
        sealed.append(box.sealed.get(timeout=WAIT_S))
        box.agent.stop()
        assert box.ended()

    first, second = sealed
    assert (second.epoch, second.seq) == (first.epoch, first.seq + 1)
    assert json.loads(second.payload)["chain"]["prev"] == first.payload_sha256
    boots = {json.loads(one.payload)["chain"]["boot_id"] for one in sealed}
    assert len(boots) == 2


def test_a_vehicle_whose_plate_could_still_come_is_sealed_when_the_daemon_is_stopped(tmp_path, line):
    ours, device = line
    path = a_site(tmp_path, device)
    tree = yaml.safe_load(path.read_text("utf-8"))
    tree["lanes"]["1"]["camera"] = "cam1"
    tree["cameras"] = {
        "cam1": {"match": {"lanes": [{"lane": "1", "distance_mm": 12_000}]}, "pictures": False}
    }
    tree["anpr"] = {"port": 0, "cameras": {"cam1": {"protocol": "json", "auth": "none"}}}
    path.write_text(yaml.safe_dump(tree, allow_unicode=True), "utf-8")
    site = load(path)
    box = Running(site).ready()

    os.write(ours, a_vehicle("heavy", 26_000))
    box.next_decision(CrossingSeen)
    box.agent.stop()

    assert box.ended()
    assert box.error is None
    assert box.next_decision(Seal).match.status is MatchStatus.AMBIGUOUS
    with open_store(site, "later") as store:
        assert store.stats().cases == 1
    recordings = open_all(tmp_path / "journal")
    assert isinstance([*recordings[0].events()][-1], Stopped)
    (tmp_path / "again").mkdir()
    assert replay(recordings, site, tmp_path / "again").decisions == recorded_lines(recordings)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_daemon_in_order(tmp_path, line, number):
    ours, device = line
    command = [sys.executable, "-m", "edge_agent", "run", "--config", str(a_site(tmp_path, device))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert "ea-test" in process.stdout.readline()
        logged = iter(process.stderr.readline, "")
        assert any("port/wim is ok" in said for said in logged)
        os.write(ours, a_vehicle("heavy", 26_000))
        assert any("sealed seq 1 " in said for said in logged)
        process.send_signal(number)
        _, said = process.communicate(timeout=WAIT_S)

    assert process.returncode == 0, said
    assert "Traceback" not in said
    [recording] = open_all(tmp_path / "journal")
    assert list(recording.events())
    assert recording.torn == ""


def test_a_change_of_the_configuration_that_finds_no_room_does_not_stop_the_start(
    tmp_path, line, monkeypatch
):
    site = load(a_site(tmp_path, line[1]))
    with open_store(site, "boot-1") as store:
        store.heartbeat()
    other = site.model_copy(update={"clock": site.clock.model_copy(update={"interval_ms": 7_000})})
    told = []

    def refuse(_store, record, *_):
        told.append(record)
        raise StoreFull("no room")

    monkeypatch.setattr(EvidenceStore, "record", refuse)
    box = Running(other).ready()
    box.agent.stop()
    assert box.ended()
    assert [type(record) for record in told] == [ConfigChange]


def test_a_key_that_cannot_be_renamed_has_taken_over_all_the_same(tmp_path, line, monkeypatch):
    site = load(a_site(tmp_path, line[1]))
    place = key_place(site.evidence_settings())
    open_store(site, "boot-1").close()
    successor = prepare_successor(place)

    def refuse(*_):
        raise PermissionError("read-only")

    with monkeypatch.context() as fixed:
        fixed.setattr(FilePlace, "settle", refuse)
        for boot in ("boot-2", "boot-3"):
            with open_store(site, boot) as store:
                assert store.keyid == successor.keyid
    open_store(site, "boot-4").close()
    assert place.successor() is None
