"""Who carries decisions out."""

import json
import logging

from edge_agent.core.decisions import (
    Capture,
    CrossingSeen,
    Fault,
    FaultKind,
    RawWindow,
    ReadPlates,
    SealCoverage,
    Shot,
    Status,
    TakePictures,
    Watch,
)
from edge_agent.core.events import RegistersRead, SerialBytes, Started, Tick
from edge_agent.core.units import Ns, S
from edge_agent.evidence.examples import a_case, a_crossing, an_identity
from edge_agent.evidence.unsigned import UnsignedChain
from edge_agent.journal.codec import decision_line, parse_decision_line
from edge_agent.journal.raw_ring import RawRing
from edge_agent.journal.reader import Recording
from edge_agent.sinks import LiveSink, ReplaySink, Tee

FAULT = Fault(1, "port/wim", FaultKind.BAD_FRAME, "bad XOR", 3)
ALL = RawWindow("wim", 0, 10_000 * S)


class Written:
    """A recorder that remembers."""

    def __init__(self):
        self.seen = []

    def event(self, event):
        self.seen.append(event)

    def decision(self, decision):
        self.seen.append(decision)


def in_window(ring, tmp_path, window=ALL):
    path = tmp_path / "window.mcap"
    path.write_bytes(ring.window(window))
    return list(Recording.open(path).events())


def test_everything_is_written_down_and_only_instrument_bytes_are_kept(tmp_path):
    written, ring = Written(), RawRing()
    tee = Tee(written, ring)
    events = [
        SerialBytes(1, "wim", b"a"),
        Tick(2),
        RegistersRead(3, "wim", 0, (7,)),
        SerialBytes(4, "b", b"c"),
    ]
    for event in events:
        tee.event(event)
    tee.decision(FAULT)

    assert written.seen == [*events, FAULT]
    assert in_window(ring, tmp_path) == [events[0], events[2]]
    assert in_window(ring, tmp_path, RawWindow("other", 0, S)) == []


def test_bytes_of_a_run_before_never_go_with_a_statement_of_this_one(tmp_path):
    """After a reboot the monotonic clock shows the same times again."""
    ring = RawRing()
    tee = Tee(Written(), ring)
    for event in (
        Started(0, "boot-1", "", ""),
        SerialBytes(50 * S, "wim", b"yesterday"),
        Started(1 * S, "boot-2", "", ""),
        SerialBytes(50 * S, "wim", b"today"),
    ):
        tee.event(event)

    assert [event.data for event in in_window(ring, tmp_path)] == [b"today"]


def a_live_sink(orders, captures, **other):
    take, watch, read = (other.pop(name, []).append for name in ("take", "watch", "read"))
    return LiveSink(RawRing(), orders.append, captures.append, take, watch, read, **other)


def test_a_seal_is_ordered_with_the_bytes_that_are_current():
    orders, captures = [], []
    sink = a_live_sink(orders, captures)
    seal = a_case()[0]
    sink.ring.add(SerialBytes(seal.crossing.first_axle_at, seal.raw.port, b"weight"))

    sink(seal)

    [order] = orders
    assert order.seal is seal
    assert order.raw == sink.ring.window(seal.raw)
    assert captures == []


def test_a_capture_goes_to_the_camera_and_everybody_who_watches_hears_everything():
    orders, captures, heard = [], [], []
    sink = a_live_sink(orders, captures, watchers=(heard.append,))
    capture = Capture(1, "case", "cam1", "1", (2, 3))
    decisions = [capture, FAULT, Status(2, "port/wim", "ok", ""), CrossingSeen(3, a_crossing(), ())]

    for decision in decisions:
        sink(decision)

    assert captures == [capture]
    assert heard == decisions
    assert orders == []


def test_a_plate_to_read_goes_to_the_reader():
    asked = []
    request = ReadPlates(1, "c", "cam1", "1", 0, 2, 1, "front")

    a_live_sink([], [], read=asked)(request)

    assert asked == [request]


def test_what_someone_should_know_is_in_the_log(caplog):
    with caplog.at_level(logging.WARNING, "edge_agent"):
        a_live_sink([], [])(FAULT)

    assert "port/wim bad_frame: bad XOR (3)" in caplog.text


def a_replay_sink(folder):
    return ReplaySink(folder, RawRing(), UnsignedChain(an_identity()))


def test_a_replay_writes_its_decisions_and_statements_down(tmp_path):
    sink = a_replay_sink(tmp_path)
    seal = a_case()[0]
    for decision in (FAULT, seal):
        sink(decision)
    sink.close()

    lines = (tmp_path / "decisions.jsonl").read_text("utf-8").splitlines()
    assert lines == [decision_line(FAULT), decision_line(seal)]
    assert [parse_decision_line(line) for line in lines] == [FAULT, seal]
    [statement] = (tmp_path / "statements").iterdir()
    assert json.loads(statement.read_bytes())["measurement"]["case"] == seal.case


def test_a_statement_that_must_not_exist_is_counted_and_the_replay_goes_on(tmp_path, caplog):
    sink = a_replay_sink(tmp_path)
    seal, *_ = a_case(verdicts=())
    sink(seal)
    sink(FAULT)
    sink.close()

    assert (sink.refused, sink.statements, sink.decisions) == (1, 0, 2)
    assert seal.case in caplog.text


def test_the_street_s_wishes_go_to_its_devices():
    take, watch, orders = [], [], []
    sink = a_live_sink(orders, [], take=take, watch=watch)
    wanted = Watch(Ns(1), "east", 1_000)
    still = TakePictures(
        Ns(1),
        "case",
        "east",
        "front",
        (Shot("confirmed", Ns(1)),),
        copies=True,
        marks=(),
        clip=None,
        hold_s=60,
    )
    ledger = SealCoverage(Ns(2), Ns(0), Ns(2), (), None)
    for decision in (wanted, still, ledger):
        sink(decision)
    assert (take, watch, [order.seal for order in orders]) == ([still], [wanted], [ledger])
