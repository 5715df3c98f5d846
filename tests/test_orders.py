"""Orders without a daemon: what the core is told, when, and what is never done a second time."""

import queue
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from edge_agent.commanded import Effective
from edge_agent.core.decisions import Fault, FaultKind
from edge_agent.core.events import ClockSource, ClockStatus, InspectionOrdered, NoticeGiven, TierSet
from edge_agent.core.scene import Phase
from edge_agent.core.units import US, S
from edge_agent.devices.camera.frame import Frame
from edge_agent.errors import DeviceError, StoreFault, StoreFull
from edge_agent.evidence import dsse
from edge_agent.evidence.command_desk import CommandDesk
from edge_agent.evidence.commands import Issuer, Issuers, Role, sign
from edge_agent.evidence.contract_vectors_commands import BOX, COMMAND_KEY, NOW_US, a_command
from edge_agent.evidence.examples import a_store
from edge_agent.evidence.examples_street import a_zone_case
from edge_agent.evidence.statement import Kind, parse
from edge_agent.evidence.store import EvidenceStore
from edge_agent.orders import MESSAGES, Orders, _not_as_usual

ISSUERS = Issuers([Issuer("city-platform", (COMMAND_KEY.public,), frozenset(Role))])
WAIT_S = 10
BOOT_UTC_US = NOW_US - 100_000_000  # the monotonic clock shows 100 s now
INSPECT = {
    "name": "order_inspection",
    "zone": "z",
    "due_utc_us": NOW_US + 60_000_000,
    "until_utc_us": NOW_US + 120_000_000,
}


def eventually(condition, what="it"):
    until = time.monotonic() + WAIT_S
    while not (found := condition()):
        assert time.monotonic() < until, f"{what} did not happen"
        time.sleep(0.005)
    return found


class Camera:
    """Has one picture; or fails; or takes its time."""

    id = "c1"
    settings = SimpleNamespace(jpeg_quality=80)

    def __init__(self):
        self.shots = 0
        self.problem = None
        self.held = threading.Event()
        self.held.set()

    def wait_for(self, _t, _until):
        return True

    def frames_at(self, times):
        self.shots += 1
        self.held.wait(WAIT_S)
        if self.problem:
            raise self.problem
        return [Frame(np.zeros((24, 32, 3), np.uint8), t, 0) for t in times]

    def clip(self, t0, t1):
        return b"mp4 %d %d" % (t0, t1)


class Box:
    def __init__(self, folder):
        self.folder = folder
        self.camera = Camera()
        self.synced, self.up_s = True, 100
        self.emitted = []
        self.faults = []
        self.counter = 100
        self.orders = None
        self.start()

    def start(self):
        self.store = a_store(self.folder)
        desk = CommandDesk(
            self.store,
            ISSUERS,
            tenant=BOX["tenant"],
            device_id=BOX["device_id"],
            config_sha256=BOX["config_sha256"],
            clock=self.clock,
        )
        self.orders = Orders(
            desk,
            self.store,
            emit=self.emitted.append,
            cameras={"c1": self.camera},
            clock=self.clock,
            wake_uplink=lambda: None,
            failed=self.faults.append,
            restart=lambda: None,
            trial_s=1,
            reached=lambda: True,
        )
        self.orders.begin()
        self.orders.start()

    def end(self):
        self.orders.close()
        self.store.close()

    def restart(self):
        self.end()
        self.emitted.clear()
        self.start()

    def clock(self):
        offset = BOOT_UTC_US * US
        source = ClockSource.NTP if self.synced else ClockSource.NONE
        return ClockStatus(self.up_s * S, offset, source, self.synced, 0, None)

    def send(self, action, role, wait=True, **other):
        self.counter += 1
        taken = threading.Event()
        command = a_command(action, role=role, counter=self.counter, cmd_id=f"c{self.counter}", **other)
        self.orders.deliver(sign(command, [COMMAND_KEY]), taken.set)
        assert not wait or taken.wait(WAIT_S)
        return command.cmd_id

    def results(self):
        found = (parse(dsse.decode(self.store.packet(seq).envelope)[1]) for seq in self.store.seqs())
        return [s for s in found if s.kind is Kind.COMMAND_RESULT]

    def result(self, cmd_id):
        return eventually(lambda: next((r for r in self.results() if r.record.command_id == cmd_id), None))

    def event(self, kind):
        return eventually(lambda: next((e for e in self.emitted if isinstance(e, kind)), None))


@pytest.fixture
def box(tmp_path):
    box = Box(tmp_path)
    yield box
    box.end()


def test_the_core_s_word_is_the_result(box):
    good = box.send({"name": "set_tier", "shop": "a", "tier": "red"}, "grade")
    told = box.event(TierSet)
    assert (told.shop, told.tier, told.order) == ("a", "red", good)
    assert box.results() == []  # nothing is claimed before the core has spoken
    box.orders.stepped(told, ())
    assert box.result(good).record.outcome == "done"

    box.emitted.clear()
    bad = box.send({"name": "set_tier", "shop": "b", "tier": "red"}, "grade")
    other = Fault(0, "camera/x", FaultKind.CAMERA, "away")
    unknown = Fault(0, "shop/b", FaultKind.UNKNOWN_SOURCE, "no such shop")
    box.orders.stepped(box.event(TierSet), (other, unknown))
    assert (box.result(bad).record.outcome, box.result(bad).record.detail) == ("failed", "no such shop")


def test_an_order_s_times_are_on_the_box_s_clock_and_a_notice_counts_from_when_it_came(box):
    box.send(INSPECT, "inspect")
    asked = box.event(InspectionOrdered)
    assert (asked.due_at, asked.expires_at) == (160 * S, 220 * S)
    notice = box.send({"name": "recheck", "case": "boot-front-1"}, "inspect")
    told = box.event(NoticeGiven)
    assert (told.at, told.case, told.order) == (100 * S, "boot-front-1", notice)
    for event in (asked, told):
        box.orders.stepped(event, ())
    box.result(notice)

    box.up_s = 400
    box.restart()
    assert [(type(e).__name__, e.at // S) for e in box.emitted] == [
        ("InspectionOrdered", 400),
        ("NoticeGiven", 100),
    ]


def test_what_was_answered_is_not_told_again(box):
    inspection = box.send(INSPECT | {"zone": "door_s1"}, "inspect")
    told = box.event(InspectionOrdered)
    box.orders.stepped(told, ())
    box.result(inspection)
    seal, blobs = a_zone_case(2, Phase.INSPECTION)
    box.store.seal(replace(seal, report=replace(seal.report, order=inspection)), blobs)

    box.restart()
    assert box.emitted == []


def test_an_answer_that_is_sealed_before_the_result_is_not_lost_either(box):
    inspection = box.send(INSPECT, "inspect")
    box.event(InspectionOrdered)
    seal, blobs = a_zone_case(2, Phase.INSPECTION)
    box.store.seal(replace(seal, report=replace(seal.report, order=inspection)), blobs)

    box.restart()  # before the core's word was heard
    assert box.emitted == []
    assert box.result(inspection).record.outcome == "done"


def test_what_the_core_had_not_answered_is_told_it_again(box):
    tier = box.send({"name": "set_tier", "shop": "a", "tier": "red"}, "grade")
    box.event(TierSet)
    box.restart()
    box.orders.stepped(box.event(TierSet), ())
    assert box.result(tier).record.outcome == "done"


def test_an_inspection_waits_for_a_clock(box):
    inspection = box.send(INSPECT, "inspect")
    box.orders.stepped(box.event(InspectionOrdered), ())
    box.result(inspection)
    box.synced = False
    box.restart()
    assert box.emitted == []

    box.synced = True
    box.orders.clock(box.clock())
    assert box.event(InspectionOrdered).due_at == 160 * S


def test_a_picture_is_asked_of_the_camera_once_and_what_goes_wrong_is_said(box):
    good = box.send({"name": "snapshot", "camera": "c1"}, "operate")
    assert [a.role for a in box.result(good).attachments] == ["snapshot"]
    for problem, said in ((DeviceError("away"), "away"), (ValueError("torn"), "ValueError: torn")):
        box.camera.problem = problem
        bad = box.send({"name": "snapshot", "camera": "c1"}, "operate")
        assert (box.result(bad).record.outcome, box.result(bad).record.detail) == ("failed", said)
    assert box.camera.shots == 3


def test_a_clip_of_the_future_fails_and_one_of_the_past_is_cut(box):
    past = {
        "name": "request_clip",
        "camera": "c1",
        "start_utc_us": NOW_US - 20_000_000,
        "end_utc_us": NOW_US - 10_000_000,
    }
    good = box.send(past, "operate")
    assert [a.role for a in box.result(good).attachments] == ["clip"]
    later = box.send(past | {"end_utc_us": NOW_US + 1_000_000}, "operate")
    assert box.result(later).record.detail == "it ends in the future"


def test_a_picture_that_was_begun_is_not_taken_again_after_a_restart(box):
    def dies(*_args, **_kwargs):  # the power goes after the picture and before its result
        raise StoreFault("no power")

    box.orders._desk.finish = dies
    taken = box.send({"name": "snapshot", "camera": "c1"}, "operate")
    eventually(lambda: not box.orders._thread.is_alive())
    box.restart()

    result = box.result(taken).record
    assert (result.outcome, box.camera.shots) == ("failed", 1)
    assert "not done again" in result.detail


def test_a_configuration_that_came_from_no_file_cannot_be_changed(box):
    action = {"name": "update_model", "slot": "detector", "sha256": "ab" * 32}
    changed = box.send(action, "maintain", expected_config_sha256=BOX["config_sha256"])
    assert box.result(changed).record.outcome == "failed"


def test_more_messages_than_fit_are_dropped_and_nobody_waits(box):
    box.camera.held.clear()
    box.send({"name": "snapshot", "camera": "c1"}, "operate")
    taken = queue.SimpleQueue()
    began = time.monotonic()
    for _ in range(MESSAGES + 5):
        box.orders.deliver(b"nonsense", lambda: taken.put(None))
    assert time.monotonic() - began < 1
    assert box.orders.dropped == 5
    box.camera.held.set()
    for _ in range(MESSAGES + 5):
        taken.get(timeout=WAIT_S)


def test_a_disk_that_fails_ends_the_daemon(box):
    def fails(_envelope):
        raise StoreFault("disk")

    box.orders._desk.take = fails
    acknowledged = []
    box.orders.deliver(b"x", lambda: acknowledged.append(1))
    eventually(lambda: box.faults)
    assert acknowledged == []


@pytest.mark.parametrize("failing", ["take", "tick"])
def test_a_full_disk_costs_neither_the_thread_nor_the_puback(box, monkeypatch, failing):
    """Messages without a PUBACK fill the broker's window; the receipts that make room come through it."""

    def full(*_args):
        raise StoreFull("no room on the disk")

    asked = threading.Event()
    with monkeypatch.context() as disk:
        disk.setattr(box.orders._desk, failing, lambda *args: (asked.set(), full(*args)))
        box.send({"name": "clock_report"}, Role.OPERATE)
        assert asked.wait(WAIT_S)
    assert box.result(box.send({"name": "clock_report"}, Role.OPERATE)).record.outcome == "done"
    assert box.faults == []


def test_the_thread_of_the_commands_is_watched(box):
    assert box.orders.pulse.age_s is not None
    box.camera.held.clear()
    box.send({"name": "snapshot", "camera": "c1"}, Role.OPERATE)
    eventually(lambda: box.camera.shots)
    before = box.orders.pulse.age_s
    eventually(lambda: box.orders.pulse.age_s > before)
    box.camera.held.set()


def test_what_the_configuration_is_in_the_eyes_of_a_person(box):
    """On trial, then kept; a disk without room puts the end of the trial off."""
    said, kept, room = [], [], threading.Event()

    def keep(run):
        if not room.is_set():
            raise OSError("No space left on device")
        kept.append(run)

    run = Effective(config=None, text="", layers=("d",), trial="d")
    keeper = SimpleNamespace(keep=keep, failure_told=lambda _run: None)
    orders = Orders(
        box.orders._desk,
        box.store,
        emit=box.emitted.append,
        cameras={},
        clock=box.clock,
        wake_uplink=lambda: None,
        failed=box.faults.append,
        restart=lambda: None,
        trial_s=0,
        reached=lambda: True,
        keeper=keeper,
        run=run,
        say=lambda *words: said.append(words),
    )
    orders.begin()
    assert said == [("degraded", "on trial: d")]
    with pytest.raises(OSError, match="No space"):
        orders._tick()
    orders._tick()  # not at once again
    room.set()
    orders._trial = (None, 0)
    orders._tick()
    assert (kept, said[1:]) == ([run], [("ok", "")])


@pytest.mark.parametrize(
    ("other", "word"), [({"failed": ("d", "it broke")}, "it broke"), ({"dropped": "edited"}, "edited")]
)
def test_a_configuration_that_fell_back_is_said(other, word):
    assert word in _not_as_usual(Effective(config=None, text="", **other))
    assert _not_as_usual(Effective(config=None, text="")) == ""


def test_a_command_that_only_a_later_program_knows_does_not_stop_the_start(box):
    box.send(INSPECT, "inspect")
    box.event(InspectionOrdered)
    with box.store.commands() as memory:
        memory._db.execute("UPDATE command SET payload = ?", (b'{"schema": "command.v2"}',))
    box.restart()
    assert box.emitted == []
    with box.store.commands() as memory:
        assert memory._db.execute("SELECT count(*) FROM command WHERE payload IS NOT NULL").fetchone() == (1,)


def test_a_start_without_room_for_an_answer_goes_on_and_the_next_one_answers(box, monkeypatch):
    box.camera.held.clear()
    taken = box.send({"name": "snapshot", "camera": "c1"}, "operate")
    eventually(lambda: box.camera.shots)

    def refuse(*_, **__):
        raise StoreFull("no room")

    with monkeypatch.context() as full:
        full.setattr(EvidenceStore, "answer_command", refuse)
        box.camera.held.set()
        box.restart()
        assert box.results() == []
    box.restart()
    assert box.result(taken).record.outcome == "failed"
