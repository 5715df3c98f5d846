"""The black box beside the runner: a bad disk costs the journal events, and nobody else time."""

import errno
import queue
import threading

from edge_agent import runner
from edge_agent.core.decisions import Fault, FaultKind
from edge_agent.core.events import SerialBytes, Started, Tick
from edge_agent.core.units import S
from edge_agent.evidence.examples import a_case
from edge_agent.journal import backlog, scribe
from edge_agent.journal.black_box import BlackBox
from edge_agent.journal.lacking import incomplete
from edge_agent.journal.opening import open_all
from edge_agent.journal.recorder import Recorder
from edge_agent.journal.segments import Segments
from edge_agent.journal.settings import JournalSettings
from edge_agent.journal.video import VideoPacket
from edge_agent.journal.writer import RecordingHeader

HEADER = RecordingHeader("test", "ab")
WAIT_S = 20


class Disk:
    """A file system that can be told to hang or to be full, and hands out real files."""

    def __init__(self):
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.waits = threading.Event()
        self.full = False

    def open(self, path):
        return Slow(self, path.open("xb", buffering=0))


class Slow:
    def __init__(self, disk, file):
        self._disk, self._file = disk, file

    def write(self, data):
        if not self._disk.goes_on.is_set():
            self._disk.waits.set()
            assert self._disk.goes_on.wait(WAIT_S)
        if self._disk.full:
            self._file.write(bytes(data)[: len(data) // 2])  # as a full disk does
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._file.write(data)

    def __getattr__(self, name):
        return getattr(self._file, name)


class Ticking:
    """Seconds that the test moves."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def a_box(folder, disk, clock=None, **chosen):
    settings = JournalSettings(dir=folder, flush_ms=10, **chosen)
    said = queue.Queue()

    def make():
        return Recorder(folder, settings, HEADER, Segments(folder, settings), disk.open)

    box = BlackBox(make, lambda *told: said.put(told), 0.01, clock or Ticking())
    box.start()
    return box, said


def the_state(said, wanted):
    """Of what is said: the next of that state."""
    while True:
        part, state, detail = said.get(timeout=WAIT_S)
        if state == wanted:
            assert part == "journal"
            return detail


def reads(numbers, size=10):
    return [SerialBytes(number * S, "wim", bytes(size)) for number in numbers]


class Echo:
    """A core that says something of every event."""

    deadline = None

    def step(self, event):
        return (Fault(event.at, "port/wim", FaultKind.BAD_FRAME, "said"),)


class Events:
    def __init__(self, events):
        self._events = events

    def events(self, _deadline):
        yield from self._events


def test_what_is_put_comes_out_in_order_with_its_numbers(tmp_path):
    box, said = a_box(tmp_path, Disk())
    events = [Started(0, "boot-1", "v", "c"), *reads(range(1, 500)), Tick(600 * S)]
    runner.run(Echo(), Events(events), box, lambda _decision: None)
    box.close()

    [recording] = open_all(tmp_path)
    assert list(recording.numbered()) == list(enumerate(events))
    assert len(list(recording.decisions())) == len(events)
    assert (recording.boot_id, recording.first_event, recording.gaps) == ("boot-1", 0, [])
    assert incomplete([recording]) == []
    assert said.get_nowait()[1] == "ok"


def test_the_runner_ends_its_work_while_the_disk_hangs_and_the_gap_is_where_the_events_were(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(backlog, "MAX_BYTES", 400_000)
    monkeypatch.setattr(backlog, "LOW_BYTES", 100_000)
    disk = Disk()
    box, said = a_box(tmp_path, disk)
    events = [Started(0, "boot-1", "v", "c"), *reads(range(1, 2_000))]
    disk.goes_on.clear()
    done = []

    # All of it while nothing is written: whoever waited for the disk would wait here for ever.
    runner.run(Echo(), Events(events), box, done.append)

    assert len(done) == len(events)
    assert disk.waits.wait(WAIT_S)
    assert "does not keep up" in the_state(said, "degraded")
    assert box.queued_bytes <= 400_000
    lost = box.lost_events
    assert lost > 1_000
    disk.goes_on.set()
    assert box.flush(WAIT_S)
    late = SerialBytes(5_000 * S, "wim", b"late")
    box.event(late)
    the_state(said, "ok")
    box.close()

    [recording] = open_all(tmp_path)
    kept = list(recording.numbered())
    [gap] = recording.gaps
    assert gap.events == lost
    assert gap.first_event == kept[-2][0] + 1
    assert (gap.reason, gap.end) == ("queue_full", 1_999 * S)
    assert kept[-1] == (len(events), late)
    assert [event for _, event in kept[:-1]] == events[: len(kept) - 1]
    assert f"{lost} events" in incomplete([recording])[0]


def test_a_full_disk_costs_exactly_what_was_not_flushed_and_the_next_recording_says_so(tmp_path):
    disk, clock = Disk(), Ticking()
    box, said = a_box(tmp_path, disk, clock)
    box.event(Started(0, "boot-1", "v", "c"))
    for event in reads(range(1, 4)):
        box.event(event)
    assert box.flush(WAIT_S)
    the_state(said, "ok")
    disk.full = True
    for event in reads(range(4, 8)):
        box.event(event)
    assert "No space left" in the_state(said, "degraded")
    assert not box.flush(WAIT_S)  # it answers, and nothing is with the kernel
    disk.full = False
    clock.now += scribe.RETRY_S
    box.event(SerialBytes(8 * S, "wim", b"again"))
    the_state(said, "ok")
    box.close()

    first, second = recordings = open_all(tmp_path)
    assert [number for number, _ in first.numbered()] == [0, 1, 2, 3]
    assert [number for number, _ in second.numbered()] == [8]
    [gap] = second.gaps
    assert (gap.first_event, gap.events, gap.reason) == (4, 4, "disk")
    assert (gap.start, gap.end) == (4 * S, 7 * S)
    assert box.lost_events == 4
    assert incomplete(recordings) == [f"{second.path.name}: {gap}"]


def test_a_statement_is_written_at_once(tmp_path):
    box, _said = a_box(tmp_path, Disk())
    seal = a_case()[0]
    box.event(Started(seal.at, "boot-1", "v", "c"))
    box.decision(seal)
    assert box.flush(WAIT_S)

    [recording] = open_all(tmp_path)  # not closed
    assert list(recording.decisions()) == [seal]
    box.close()


def test_pictures_never_push_an_event_out(tmp_path, monkeypatch):
    monkeypatch.setattr(backlog, "VIDEO_BYTES", 50_000)
    disk = Disk()
    disk.goes_on.clear()
    box, _said = a_box(tmp_path, disk)
    box.event(Started(0, "boot-1", "v", "c"))
    assert disk.waits.wait(WAIT_S)
    for at in range(1, 20):
        box.video(VideoPacket("east", at * S, "h264", bytes(9_000)), at * S)
        box.event(Tick(at * S))
    disk.goes_on.set()
    box.close()

    [recording] = open_all(tmp_path)
    assert len(list(recording.events())) == 20
    assert 0 < len(list(recording.video())) < 19
    assert box.lost_events == 0


def a_box_that_lost_a_picture(folder):
    """And whose disk hangs."""
    disk = Disk()
    disk.goes_on.clear()
    box, _said = a_box(folder, disk)
    box.event(Started(0, "boot-1", "v", "c"))
    assert disk.waits.wait(WAIT_S)
    box.video(VideoPacket("east", 0, "h264", bytes(9_000)), 0)
    return box, disk


def test_events_lost_some_time_after_a_picture_have_their_own_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(backlog, "VIDEO_BYTES", 3_000)
    monkeypatch.setattr(backlog, "MAX_BYTES", 30_000)
    monkeypatch.setattr(backlog, "LOW_BYTES", 500)
    box, disk = a_box_that_lost_a_picture(tmp_path)
    for event in reads(range(1, 60)):
        box.event(event)
    lost = box.lost_events
    disk.goes_on.set()
    assert box.flush(WAIT_S)
    box.event(Tick(60 * S))
    box.decision(Fault(60 * S, "port/wim", FaultKind.BAD_FRAME, "said"))
    box.close()

    [recording] = open_all(tmp_path)
    numbers = [number for number, _ in recording.numbered()]
    [gap] = recording.gaps
    assert 0 < lost == gap.events
    assert gap.video == 1
    assert gap.first_event == numbers[-2] + 1
    assert gap.next_event == numbers[-1] == 60


def test_what_is_decided_after_a_picture_was_lost_has_the_number_of_its_event(tmp_path, monkeypatch):
    monkeypatch.setattr(backlog, "VIDEO_BYTES", 3_000)
    monkeypatch.setattr(backlog, "LOW_BYTES", 500)
    box, disk = a_box_that_lost_a_picture(tmp_path)
    for event in reads(range(1, 10)):
        box.event(event)
    disk.goes_on.set()
    assert box.flush(WAIT_S)  # the queue is empty: the lost picture is told before what comes now
    box.decision(Fault(9 * S, "port/wim", FaultKind.BAD_FRAME, "said"))
    box.close()

    [recording] = open_all(tmp_path)
    assert [m.number for m in recording.messages() if m.topic.endswith("/Fault")] == [9]
    assert [(gap.events, gap.video) for gap in recording.gaps] == [(0, 1)]


def test_a_disk_that_fails_as_a_recording_is_closed_is_no_end_of_the_journal(tmp_path):
    class Closing(Disk):
        """Says at the end of a file that it could not be written, as network file systems do."""

        def open(self, path):
            slow, first = super().open(path), not list(tmp_path.glob("*1.mcap"))[1:]

            def close():
                slow._file.close()
                if first and path.stem.endswith("1"):
                    raise OSError(errno.EIO, "Input/output error")

            slow.close = close
            return slow

    clock = Ticking()
    box, said = a_box(tmp_path, Closing(), clock)
    box.event(Started(0, "boot-1", "v", "c"))
    box.event(SerialBytes(7 * 3_600 * S, "wim", b"six hours are over"))
    assert "Input/output" in the_state(said, "degraded")
    clock.now += scribe.RETRY_S
    box.event(Tick(7 * 3_601 * S))
    the_state(said, "ok")
    box.close()

    recordings = open_all(tmp_path)
    assert [number for recording in recordings for number, _ in recording.numbered()] == [0, 1, 2]


def test_an_end_does_not_wait_for_a_disk_that_hangs(tmp_path):
    disk = Disk()
    disk.goes_on.clear()
    box, _said = a_box(tmp_path, disk)
    box.event(Started(0, "boot-1", "v", "c"))
    assert disk.waits.wait(WAIT_S)

    box.close(timeout_s=0.01)

    assert box.pulse.age_s is not None  # it stands, and that is said
    disk.goes_on.set()


def test_a_bug_in_the_journal_is_no_end_of_it(tmp_path):
    class Buggy(Recorder):
        def event(self, event, number=None):
            if event.at == 2 * S:
                raise RuntimeError("a bug")
            super().event(event, number)

    said, clock = queue.Queue(), Ticking()
    settings = JournalSettings(dir=tmp_path, flush_ms=10)
    box = BlackBox(lambda: Buggy(tmp_path, settings, HEADER), lambda *told: said.put(told), 0.01, clock)
    box.start()
    box.event(Started(0, "boot-1", "v", "c"))
    for event in reads([2]):
        box.event(event)
    assert "a bug" in the_state(said, "degraded")
    clock.now += scribe.RETRY_S
    box.event(Tick(3 * S))
    box.close()

    recordings = open_all(tmp_path)
    assert [number for recording in recordings for number, _ in recording.numbered()] == [2]
    assert incomplete(recordings) != []


def test_the_bytes_that_were_written_never_go_back_over_a_bug_either(tmp_path):
    class Buggy(Recorder):
        def event(self, event, number=None):
            if event.at == 2 * S:
                raise RuntimeError("a bug")
            super().event(event, number)

    clock = Ticking()
    settings = JournalSettings(dir=tmp_path, flush_ms=10)
    box = BlackBox(lambda: Buggy(tmp_path, settings, HEADER), lambda *_told: None, 0.01, clock)
    box.start()
    box.event(Started(0, "boot-1", "v", "c"))
    assert box.flush(WAIT_S)
    before = box.mark().written_bytes
    box.event(Tick(2 * S))
    assert not box.flush(WAIT_S)
    assert box.mark().written_bytes == before > 0
    clock.now += scribe.RETRY_S
    box.event(Tick(3 * S))
    assert box.flush(WAIT_S)
    assert box.mark().written_bytes > before
    box.close()
