"""Where one recording ends and the next begins: no number is off by one there, and nothing is lost unsaid."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.decisions import Fault, FaultKind
from edge_agent.core.events import PlateSeen, SerialBytes, Started, Tick
from edge_agent.core.records import JournalSlice
from edge_agent.core.units import S
from edge_agent.errors import JournalError
from edge_agent.evidence.examples import a_case
from edge_agent.journal import codec, slices
from edge_agent.journal.extract import Session, extract
from edge_agent.journal.gaps import Gap
from edge_agent.journal.lacking import incomplete
from edge_agent.journal.numbering import Numbers
from edge_agent.journal.opening import open_all
from edge_agent.journal.reader import Recording
from edge_agent.journal.recorder import Recorder
from edge_agent.journal.settings import JournalSettings, Plates
from edge_agent.journal.video import VideoPacket
from edge_agent.journal.writer import RecordingHeader, RecordingWriter

HEADER = RecordingHeader("test", "ab", "schema: 1\n")
SEAL = a_case(number=2)[0]  # crossing at 120 s, sealed at 124 s
MINE = PlateSeen(122 * S, "cam1", "1", None, "沪A12345", 900)
SAID = Fault(130 * S, "port/wim", FaultKind.BAD_FRAME, "said")


def a_recorder(folder, **chosen):
    return Recorder(folder, JournalSettings(dir=folder, flush_ms=10, reserve_mb=0, **chosen), HEADER)


def begun(folder, **chosen):
    recorder = a_recorder(folder, **chosen)
    recorder.event(Started(0, "boot-1", "v", "c"))
    return recorder


def read_whole(folder):
    """Its recordings, each read to its end: what they lack is known then."""
    recordings = open_all(folder)
    for recording in recordings:
        list(recording.events())
    return recordings


def cut(folder, last):
    wanted = JournalSlice("boot-1", 0, 200 * S, last)
    out = folder.parent / "rec.mcap"
    done = extract(slices.find(folder, wanted), wanted, out, Session(0, 0, 200 * S, "", video=False))
    recordings = [Recording.open(out)]
    numbers = [number for number, _ in recordings[0].numbered()]
    return done, numbers, recordings


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "journal"


@pytest.mark.parametrize("sequence", [3, 999, 1_000, 1_001, 5_000])
@pytest.mark.parametrize("base", [1_000, 2**32 + 1_000, 3 * 2**32 - 1])
def test_a_number_is_the_nearest_to_its_recordings_first_with_these_bits(base, sequence):
    number = base - 1_000 + sequence

    assert Numbers(base, counted=False).of("/serial/wim", number & 0xFFFFFFFF) == number


def test_a_plate_that_is_given_back_two_segments_later_does_not_end_the_slice(folder):
    recorder = begun(folder, plates=Plates.DROP)
    recorder.event(MINE)
    recorder.event(Tick(123 * S))
    recorder.close()
    recorder.event(Tick(124 * S))
    recorder.event(Tick(125 * S))
    recorder.decision(SEAL)
    recorder.event(Tick(126 * S))
    recorder.decision(SAID)
    recorder.close()

    done, numbers, [recording] = cut(folder, 5)

    assert numbers == [0, 1, 2, 3, 4, 5]
    assert list(recording.decisions()) == [SEAL, SAID]
    assert done.missing == done.gaps == 0
    wanted = JournalSlice("boot-1", 0, 200 * S, 5)
    assert list(slices.decisions(slices.find(folder, wanted), wanted)) == [SEAL, SAID]


def test_a_lost_picture_that_is_told_a_segment_later_does_not_end_the_slice(folder):
    recorder = begun(folder)
    for at in range(1, 4):
        recorder.event(Tick(at * S))
    recorder.close()
    recorder.event(Tick(4 * S))
    recorder.gap(Gap(2, 0, 0, 1, 1 * S, 1 * S, "queue_full"))
    recorder.event(Tick(5 * S))
    recorder.close()

    assert cut(folder, 5)[1] == [0, 1, 2, 3, 4, 5]


def test_what_is_missing_without_a_word_before_a_gap_is_told_beside_it(folder):
    recorder = begun(folder)
    recorder.gap(Gap(3, 2, 0, 0, 3 * S, 4 * S, "disk"))  # and 1 and 2 are nowhere
    recorder.event(Tick(5 * S), 5)
    recorder.close()

    [recording] = open_all(folder)
    assert [number for number, _ in recording.numbered()] == [0, 5]
    assert [(gap.first_event, gap.events, gap.reason) for gap in recording.gaps] == [
        (1, 2, "not_said"),
        (3, 2, "disk"),
    ]


def test_what_is_missing_before_a_lost_picture_is_told(folder):
    recorder = begun(folder)
    recorder.gap(Gap(4, 0, 0, 1, 3 * S, 3 * S, "queue_full"))  # and 1 to 3 are nowhere
    recorder.event(Tick(4 * S), 4)
    recorder.close()

    [recording] = open_all(folder)
    list(recording.numbered())

    assert [(gap.first_event, gap.events) for gap in recording.gaps] == [(1, 3), (4, 0)]


def test_a_lost_picture_that_is_told_late_is_no_loss_of_events_to_who_begins_there(folder):
    recorder = begun(folder)
    for at in range(1, 4):
        recorder.event(Tick(at * S))
    recorder.flush(3 * S)
    recorder.gap(Gap(2, 0, 0, 1, 1 * S, 4 * S, "queue_full"))
    recorder.event(Tick(5 * S))
    recorder.close()

    [recording] = open_all(folder)

    assert [number for number, _ in recording.numbered(since=5 * S)] == [4]
    assert [(gap.events, gap.video) for gap in recording.gaps] == [(0, 1)]


def test_what_is_missing_just_before_the_first_event_of_the_window_is_told(folder):
    recorder = begun(folder)
    for number in (1, 2, 3, 7, 8):  # 4 to 6 are nowhere
        recorder.event(Tick(number * S), number)
        recorder.flush(number * S)
    recorder.close()

    [recording] = open_all(folder)

    assert [number for number, _ in recording.numbered(since=5 * S)] == [3, 7, 8]
    assert [(gap.first_event, gap.events) for gap in recording.gaps] == [(4, 3)]


def test_a_segment_that_is_missing_in_the_window_is_told_to_who_begins_by_the_index(folder):
    recorder = begun(folder)
    for at in range(1, 10):
        recorder.event(Tick(at * S))
        if at % 3 == 0:
            recorder.close()
    open_all(folder)[1].path.unlink()  # of 4 to 6

    recordings = open_all(folder)
    read = [number for recording in recordings for number, _ in recording.numbered(since=5 * S)]

    assert read == [3, 7, 8, 9]
    assert incomplete(recordings) == [f"{recordings[1].path.name}: events 4 to 6 are missing before it"]


def test_a_lost_picture_does_not_hide_that_a_segment_is_missing(folder):
    recorder = begun(folder)
    for at in range(1, 4):
        recorder.close()
        recorder.event(Tick(at * S))
    recorder.gap(Gap(1, 0, 0, 1, 1 * S, 3 * S, "queue_full"))  # told late
    recorder.close()
    for path in sorted(folder.glob("*.mcap"))[1:3]:
        path.unlink()

    recordings = read_whole(folder)

    assert f"{recordings[1].path.name}: events 1 to 2 are missing before it" in incomplete(recordings)


def test_what_is_missing_after_a_segment_without_events_is_told(folder):
    recorder = begun(folder)
    recorder.close()
    recorder.gap(Gap(1, 3, 0, 0, 1 * S, 3 * S, "disk"))
    recorder.close()
    recorder.event(Tick(9 * S), 9)
    recorder.close()

    recordings = read_whole(folder)

    said = incomplete(recordings)
    assert len(said) == 2
    assert "3 events lost" in said[0]
    assert "events 4 to 8 are missing before it" in said[1]


def test_a_gap_at_the_end_of_a_segment_is_told_once(folder):
    recorder = begun(folder)
    recorder.gap(Gap(1, 3, 0, 0, 1 * S, 3 * S, "disk"))
    recorder.close()
    recorder.event(Tick(9 * S), 4)
    recorder.close()

    recordings = read_whole(folder)

    assert len(incomplete(recordings)) == 1


@pytest.fixture
def three(folder):
    """Segments of a run with the events 0 to 2, 3 to 5, 6 to 8."""
    recorder = begun(folder)
    for at in range(1, 9):
        recorder.event(SerialBytes(at * S, "wim", b"read"))
        if at % 3 == 2:
            recorder.close()
    return sorted(folder.glob("*.mcap"))


@pytest.mark.parametrize(
    ("gone", "missing"), [(0, (1, 2)), (1, (3, 4, 5)), (2, (6, 7))], ids=["first", "middle", "last"]
)
def test_what_the_quota_took_of_a_session_is_a_gap_in_it(folder, three, gone, missing):
    three[gone].unlink()

    done, numbers, recordings = cut(folder, 7)

    assert (done.gaps, done.missing) == (1, len(missing))
    assert set(numbers) == set(range(8)) - set(missing) - {0} | ({0} if gone else set())
    [gap] = recordings[0].gaps
    assert (gap.first_event, gap.events) == (missing[0], len(missing))
    assert incomplete(recordings)


def test_what_the_quota_takes_while_a_session_is_written_is_a_gap_in_it(folder, three):
    wanted = JournalSlice("boot-1", 0, 200 * S, 8)
    found = slices.find(folder, wanted)
    three[1].unlink()

    done = extract(found, wanted, folder.parent / "rec.mcap", Session(0, 0, 200 * S, "", video=False))

    assert (done.events, done.missing) == (6, 3)


def test_a_session_that_cannot_be_written_leaves_no_half_of_it(folder, monkeypatch):
    begun(folder).close()
    wanted = JournalSlice("boot-1", 0, 200 * S, 0)
    found = slices.find(folder, wanted)
    monkeypatch.setattr(codec, "decode_event", lambda *_: codec.decode_decision("/decision/nothing", b""))

    with pytest.raises(JournalError, match="unknown kind"):
        extract(found, wanted, folder.parent / "rec.mcap", Session(0, 0, 200 * S, "", video=False))
    assert not (folder.parent / "rec.mcap").exists()


def test_the_header_is_what_it_was_lifted_to_after_the_reading_too(tmp_path):
    path = tmp_path / "a.mcap"
    with path.open("wb") as file:
        writer = RecordingWriter(file, replace(HEADER, config_text=""))
        writer.event(Tick(1))
        writer.close()
    recording = Recording.open(path)
    recording.metadata["note"] = "lifted"

    list(recording.events())

    assert recording.metadata["note"] == "lifted"


def test_a_recorder_that_begins_in_the_middle_of_a_run_numbers_a_decision_as_its_event(folder):
    recorder = a_recorder(folder)
    recorder.decision(SAID, 500)
    recorder.event(Tick(131 * S), 501)
    recorder.close()

    [recording] = open_all(folder)
    assert recording.first_event == 501
    assert [message.number for message in recording.messages()] == [500, 501]
    assert list(recording.numbered())
    assert recording.gaps == []


def test_the_bytes_that_were_written_never_go_back(folder):
    recorder = begun(folder)
    recorder.event(Tick(1 * S))
    before = recorder.written_bytes
    recorder.give_up()

    assert recorder.written_bytes == before > 0


HAPPENED = st.lists(
    st.sampled_from(["event", "decision", "picture", "lost", "lost picture", "flush", "close"]), max_size=40
)


def record(folder, happened):
    """One of them a second; `lost` loses an event, `lost picture` is told late."""
    recorder, number = begun(folder), 1
    for at, what in enumerate(happened, 1):
        match what:
            case "event":
                recorder.event(Tick(at * S), number)
            case "decision":
                recorder.decision(Fault(at * S, "port/wim", FaultKind.BAD_FRAME, "said"), number - 1)
            case "picture":
                recorder.video(VideoPacket("cam1", at * S, "h264", b"x"), at * S, number - 1)
            case "lost":
                recorder.gap(Gap(number, 1, 0, 0, at * S, at * S, "disk"))
            case "lost picture":
                recorder.gap(Gap(max(1, number - 3), 0, 0, 1, (at - 1) * S, at * S, "queue_full"))
            case "flush":
                recorder.flush(at * S)
            case "close":
                recorder.close()
        number += what in {"event", "lost"}
    recorder.close()


@settings(max_examples=60, deadline=None)
@given(HAPPENED, st.integers(0, 45), st.integers(0, 5))
def test_who_begins_by_the_index_reads_what_comes_then_and_is_told_no_other_loss(
    tmp_path_factory, happened, since_s, removed
):
    folder = tmp_path_factory.mktemp("journal")
    record(folder, happened)
    files = sorted(folder.glob("*.mcap"))
    if removed < len(files) - 1:
        files[removed].unlink()

    whole, by_index = open_all(folder), open_all(folder)
    every = [pair for recording in whole for pair in recording.numbered()]
    found = [pair for recording in by_index for pair in recording.numbered(since=since_s * S)]

    assert [pair for pair in found if pair[1].at >= since_s * S] == [
        pair for pair in every if pair[1].at >= since_s * S
    ]
    assert set(incomplete(by_index)) <= set(incomplete(whole))
