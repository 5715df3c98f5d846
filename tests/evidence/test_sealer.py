"""What becomes of a case in the sealer's hands: sealed, refused and said so, or the end of the process."""

import json
import threading
from dataclasses import replace

import pytest

from edge_agent.core.scene import Finding, Phase
from edge_agent.errors import StoreFault, StoreFull
from edge_agent.evidence import dsse
from edge_agent.evidence.examples import a_case, a_store
from edge_agent.evidence.examples_street import a_coverage, a_report, a_zone_case
from edge_agent.evidence.sealer import Order, Sealer
from edge_agent.evidence.statement import Kind, parse


class Ear:
    def __init__(self):
        self.heard = []
        self.woken = threading.Event()
        self.failing = threading.Event()

    def sealed(self, order, sealed):
        self.heard.append(("sealed", order.name))

    def refused(self, order, reason):
        self.heard.append(("refused", reason))

    def failed(self, fault):
        self.heard.append(("failed", str(fault)))
        self.failing.set()


@pytest.fixture
def store(tmp_path):
    with a_store(tmp_path / "store") as opened:
        yield opened


def sealed(store, *seals, pictures=None):
    ear = Ear()
    held = pictures or {}
    sealer = Sealer(store, held.get, ear, ear.woken.set)
    sealer.start()
    for seal in seals:
        sealer.put(Order(seal, None))
    sealer.stop()
    return ear


def test_what_is_queued_is_sealed_before_the_sealer_ends_and_the_uplink_is_woken(store):
    seal, pictures = a_case()

    ear = sealed(store, seal, pictures=pictures)

    assert ear.heard == [("sealed", f"case {seal.case} revision 0")]
    assert ear.woken.is_set()


def test_memory_is_let_go_of_what_was_sealed_and_an_amendment_finds_it_in_the_store(store):
    seal, pictures = a_case()
    held = dict(pictures)
    ear = Ear()

    def release(digests):
        for digest in tuple(digests):
            held.pop(digest, None)

    sealer = Sealer(store, held.get, ear, ear.woken.set, release)
    sealer.start()
    sealer.put(Order(seal, None))
    sealer.put(Order(replace(seal, revision=1), None))
    sealer.stop()

    assert held == {}
    assert [what for what, _ in ear.heard] == ["sealed", "sealed"]
    first, amended = (parse(dsse.decode(store.packet(seq).envelope)[1]) for seq in (1, 2))
    assert [a.sha256 for a in amended.attachments] == [a.sha256 for a in first.attachments]


def test_what_could_not_be_sealed_stays_in_memory(store):
    seal, pictures = a_case()
    let_go = []
    sealer = Sealer(store, pictures.get, Ear(), release=let_go.append)
    sealer.start()
    sealer.put(Order(replace(seal, verdicts=()), None))
    sealer.stop()

    assert let_go == []


def test_a_refused_case_leaves_an_incident_in_the_chain(store):
    seal, pictures = a_case()
    silent = replace(seal, verdicts=())

    ear = sealed(store, silent, pictures=pictures)

    [(what, reason)] = ear.heard
    assert what == "refused"
    record = json.loads(dsse.decode(store.packet(store.head().seq).envelope)[1])["record"]
    assert record["what"] == "case_refused"
    assert record["subject"] == seal.case
    assert record["detail"] in reason


def test_a_street_s_cases_and_what_was_watched_go_through_the_same_hands(store):
    confirmed, pictures = a_zone_case()
    cleared, more = a_zone_case(phase=Phase.CLEARED)

    ear = sealed(store, confirmed, cleared, a_coverage(), pictures={**pictures, **more})

    assert [said for what, said in ear.heard if what == "sealed"] == [
        "case door_s1-1 revision 0",
        "case door_s1-1 revision 2",
        "coverage",
    ]
    assert store.stats().cases == 2
    statements = [parse(dsse.decode(store.packet(seq).envelope)[1]) for seq in (1, 2, 3)]
    assert [s.kind for s in statements] == [Kind.STOREFRONT, Kind.STOREFRONT, Kind.COVERAGE]
    assert len(statements[0].attachments) == len(pictures)
    assert statements[1].links.correlates == [statements[0].packet_id]


def test_a_suspect_that_was_called_a_case_leaves_an_incident_and_no_case(store):
    seal, pictures = a_zone_case(report=a_report(finding=Finding.SUSPECT))

    ear = sealed(store, seal, pictures=pictures)

    [(what, reason)] = ear.heard
    assert what == "refused"
    assert "phase confirmed with finding suspect" in reason
    record = json.loads(dsse.decode(store.packet(store.head().seq).envelope)[1])["record"]
    assert (record["what"], record["subject"]) == ("case_refused", seal.case)
    assert store.open_cases(0, 0) == ()


def test_a_coverage_record_that_cannot_be_true_leaves_an_incident(store):
    wrong = a_coverage()

    ear = sealed(store, replace(wrong, end=wrong.start))

    [(what, _)] = ear.heard
    assert what == "refused"
    record = json.loads(dsse.decode(store.packet(store.head().seq).envelope)[1])["record"]
    assert (record["what"], record["subject"]) == ("coverage_refused", "coverage")


def test_a_disk_that_fails_is_told_and_nobody_waits_for_the_queue(store, monkeypatch):
    seal, pictures = a_case()

    def broken(*_):
        raise StoreFault("no more")

    monkeypatch.setattr(store, "seal", broken)

    ear = sealed(store, seal, seal, pictures=pictures)

    assert ear.heard == [("failed", "no more")]


def test_a_bug_in_sealing_ends_the_process_too(store, monkeypatch):
    seal, pictures = a_case()
    monkeypatch.setattr(store, "seal", lambda *_: 1 / 0)

    ear = sealed(store, seal, pictures=pictures)

    [(what, reason)] = ear.heard
    assert what == "failed"
    assert "ZeroDivisionError" in reason


class Housekeeping:
    """A store that notes what it is asked to do when nothing is sealed."""

    def __init__(self, full=False, damaged=False):
        self.asked = []
        self.full, self.damaged = full, damaged
        self.checked = threading.Event()
        self.kept_twice = threading.Event()

    def keep_house(self):
        self.asked.append("house")
        if self.asked.count("house") > 1:
            self.kept_twice.set()
        if self.full:
            raise StoreFull("no room")

    def check_integrity(self):
        self.asked.append(threading.current_thread().name)
        self.checked.set()
        if self.damaged:
            raise StoreFault("integrity_check: rows missing")


def housekeeping(monkeypatch, **other):
    monkeypatch.setattr("edge_agent.evidence.sealer.HOUSE_S", 0.01)
    store, ear = Housekeeping(**other), Ear()
    sealer = Sealer(store, {}.get, ear)
    sealer.start()
    assert store.kept_twice.wait(10)
    assert store.checked.wait(10)
    sealer.stop()
    return store, ear


def test_an_idle_sealer_keeps_house_and_has_the_database_checked_beside_it_once(monkeypatch):
    store, ear = housekeeping(monkeypatch)
    assert store.asked.count("integrity") == 1
    assert ear.heard == []


def test_a_full_disk_does_not_end_the_sealer(monkeypatch):
    store, ear = housekeeping(monkeypatch, full=True)
    assert store.asked.count("house") > 1
    assert ear.heard == []


def test_damage_that_the_check_finds_ends_the_process(monkeypatch):
    _, ear = housekeeping(monkeypatch, damaged=True)
    assert ear.failing.wait(10)
    assert ear.heard == [("failed", "integrity_check: rows missing")]
