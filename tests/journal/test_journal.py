"""What goes into a recording comes out of it, in order, whatever happened to its tail."""

import io
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.decisions import Fault, FaultKind
from edge_agent.core.events import (
    Captured,
    ClockSource,
    ClockStatus,
    DeviceChanged,
    PlateSeen,
    RegistersRead,
    SerialBytes,
    Started,
    TemperatureRead,
    Tick,
)
from edge_agent.core.records import Detection, Picture
from edge_agent.errors import JournalError, UsageError
from edge_agent.journal import codec, reader
from edge_agent.journal.gaps import Gap
from edge_agent.journal.opening import open_all
from edge_agent.journal.reader import Recording
from edge_agent.journal.recorder import Recorder
from edge_agent.journal.settings import JournalSettings
from edge_agent.journal.writer import RecordingHeader, RecordingWriter

HEADER = RecordingHeader(software="0.1.0", config_sha256="ab", config_text="schema: 1\n")

PICTURE = Picture("plate", "aa", 3, "image/jpeg", 120, 40, None, "cam1")
DETECTION = Detection("truck", "evidence", 900, 1, 2, 3, 4, in_lane=True)

ONE_OF_EACH = [
    Started(0, "boot", "0.1.0", "ab"),
    ClockStatus(1, 5, ClockSource.NTP, synced=True, offset=0, est_error=None),
    SerialBytes(2, "wim", b"\x00\xff\r\n"),
    RegistersRead(3, "modbus", 7, (1, 65535)),
    TemperatureRead(4, "1", -12_500),
    PlateSeen(9, "cam1", None, 7, "沪A12345", 987, alternatives=(("沪A1234S", 10),), pictures=(PICTURE,)),
    PlateSeen(8, "cam1", "1", None, "", 0),  # stamped before, taken in after: order is order of intake
    Captured(10, "case", "cam1", (PICTURE,), ((DETECTION,),), "model"),
    DeviceChanged(11, "port/wim", "down", "unplugged"),
    Tick(12),
]


def recorded(events, header=HEADER):
    stream = io.BytesIO()
    writer = RecordingWriter(stream, header)
    for event in events:
        writer.event(event)
    writer.close()
    return stream.getvalue()


def test_every_kind_of_event_comes_back_as_it_was_and_in_order(tmp_path):
    path = tmp_path / "a.mcap"
    path.write_bytes(recorded(ONE_OF_EACH))

    recording = Recording.open(path)

    assert list(recording.events()) == ONE_OF_EACH
    assert recording.torn == ""
    assert recording.config_text == "schema: 1\n"
    assert recording.metadata["software"] == "0.1.0"


def test_the_same_events_give_the_same_bytes():
    assert recorded(ONE_OF_EACH) == recorded(ONE_OF_EACH)


def test_a_torn_tail_is_reported_and_the_rest_kept(tmp_path):
    events = [SerialBytes(at, "wim", bytes(64)) for at in range(20_000)]
    whole = recorded(events)
    path = tmp_path / "torn.mcap"
    path.write_bytes(whole[: len(whole) // 2])

    recording = Recording.open(path)
    kept = list(recording.events())

    assert 0 < len(kept) < len(events)
    assert kept == events[: len(kept)]
    assert "byte" in recording.torn


@settings(max_examples=200, deadline=None)
@given(cut=st.integers(0, 3_000), flip=st.integers(0, 3_000), mask=st.integers(0, 255))
def test_a_damaged_recording_never_gives_an_event_that_was_not_written(tmp_path_factory, cut, flip, mask):
    data = bytearray(recorded(ONE_OF_EACH))
    data = data[: max(0, len(data) - cut)]
    if flip < len(data):
        data[flip] ^= mask
    path = tmp_path_factory.mktemp("damaged") / "a.mcap"
    path.write_bytes(data)

    try:
        kept = list(Recording.open(path).events())
    except JournalError:
        return

    assert all(event in ONE_OF_EACH for event in kept)


def test_what_is_no_recording_is_refused_with_its_name(tmp_path):
    path = tmp_path / "notes.mcap"
    path.write_text("hello")

    with pytest.raises(JournalError, match=r"notes\.mcap: not an edge-agent recording"):
        Recording.open(path)
    with pytest.raises(JournalError, match="No such file"):
        Recording.open(tmp_path / "absent.mcap")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no \\*\\.mcap"):
        open_all(tmp_path / "empty")
    with pytest.raises(UsageError, match="no such file"):
        open_all(tmp_path / "absent.mcap")


def test_a_segment_that_the_power_took_as_it_began_costs_no_other(tmp_path, caplog):
    (tmp_path / "journal-00000001.mcap").write_bytes(recorded(ONE_OF_EACH))
    (tmp_path / "journal-00000002.mcap").touch()

    [recording] = open_all(tmp_path)

    assert list(recording.events()) == ONE_OF_EACH
    assert "journal-00000002.mcap" in caplog.text
    (tmp_path / "notes.mcap").touch()  # somebody's own is looked into
    with pytest.raises(JournalError, match=r"notes\.mcap"):
        open_all(tmp_path)


def written(path, *things):
    with path.open("wb") as file:
        writer = RecordingWriter(file, RecordingHeader("forged", "ab", boot_id="boot", plates="dropped"))
        for write, *arguments in things:
            getattr(writer, write)(*arguments)
        writer.close()
    return Recording.open(path)


def test_a_recording_of_nothing_but_gaps_takes_no_more_memory_than_it_may(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "GAPS_LIMIT", 2_000)
    gaps = [("gap", Gap(10 * n, 1, 0, 0, n, n, "disk")) for n in range(100)]
    recording = written(tmp_path / "a.mcap", *gaps, ("event", Tick(5), 1_001))

    list(recording.numbered())

    assert "gaps: more than 2000 bytes" in recording.torn
    assert 0 < len(recording.gaps) < 100


def test_a_recording_of_nothing_but_plates_given_back_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "PLATES_LIMIT", 2_000)
    read = PlateSeen(9, "cam1", None, 7, "沪A12345", 987)
    recording = written(tmp_path / "a.mcap", *(("kept", read, n) for n in range(100)), ("withheld", read, 0))

    with pytest.raises(JournalError, match="plates that were kept: more than 2000 bytes"):
        list(recording.numbered())


@pytest.mark.parametrize("said", ["", "no JSON", "[1]", "[" * 100_000, '{"detector": 7}'])
def test_models_of_a_forged_header_are_names_and_digests_or_none(said):
    found = Recording(Path("a.mcap"), {"models": said}).models

    assert found == ({"detector": "7"} if "detector" in said else {})


def test_a_recording_full_of_holes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "MOST_HOLES", 10)
    recording = written(tmp_path / "a.mcap", *(("event", Tick(n), 2 * n) for n in range(20)))

    with pytest.raises(JournalError, match="missing in more than 10 places"):
        list(recording.numbered())


def test_what_was_decided_on_a_lost_event_has_its_number(tmp_path):
    recorder = Recorder(tmp_path, JournalSettings(dir=tmp_path, flush_ms=10), HEADER)
    recorder.event(ONE_OF_EACH[0])
    recorder.gap(Gap(1, 5, 0, 0, 1, 2, "queue_full"))
    recorder.decision(Fault(1, "port/wim", FaultKind.BAD_FRAME, "bad XOR"))
    recorder.event(Tick(12))
    recorder.close()

    [recording] = open_all(tmp_path)

    assert [message.number for message in recording.messages()] == [0, 1, 5, 6]
    assert [gap.events for gap in recording.gaps] == [5]


def test_decisions_come_back_from_their_lines():
    fault = Fault(1, "port/wim", FaultKind.BAD_FRAME, "bad XOR", 3)

    line = codec.decision_line(fault)

    assert line.startswith('{"type":"Fault","at":1,')
    assert codec.parse_decision_line(line) == fault


def test_a_killed_recorder_leaves_what_it_flushed(tmp_path):
    recorder = Recorder(tmp_path, JournalSettings(dir=tmp_path, flush_ms=10), HEADER)
    for event in (SerialBytes(at * 1_000_000, "wim", b"x") for at in range(100)):
        recorder.event(event)

    # Not closed: the process died here.
    recording = Recording.open(recorder.path)
    kept = list(recording.events())

    torn = recording.torn
    recorder.close()
    assert len(kept) >= 90
    assert torn


def test_the_oldest_segments_go_at_the_quota_and_a_restart_never_overwrites(tmp_path):
    chosen = JournalSettings(dir=tmp_path, quota_mb=16, segment_mb=1, flush_ms=10)
    noise = random.Random(5)
    for _ in range(3):
        recorder = Recorder(tmp_path, chosen, HEADER)
        for at in range(150):
            recorder.event(SerialBytes(at * 10_000_000, "wim", noise.randbytes(60_000)))
        recorder.close()

    files = sorted(tmp_path.glob("*.mcap"))
    assert sum(file.stat().st_size for file in files) < 17_000_000
    assert files[0].name != "journal-00000001.mcap"
    assert all(Recording.open(file).metadata for file in files)


def test_a_copy_beside_the_recordings_does_not_keep_the_recorder_from_starting(tmp_path):
    (tmp_path / "journal-00000007.mcap").touch()
    (tmp_path / "journal-00000007-copy.mcap").touch()

    recorder = Recorder(tmp_path, JournalSettings(dir=tmp_path), HEADER)
    recorder.close()

    assert recorder.path.name == "journal-00000008.mcap"
