"""Any cut, any flipped bit of the black box's files: a clear error or a told loss, in bounded memory."""

import io
import os
import random
import struct
import tracemalloc
import zlib

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from mcap.writer import CompressionType, Writer

from edge_agent.core.decisions import Fault, FaultKind
from edge_agent.core.events import PlateSeen, SerialBytes, Started
from edge_agent.core.units import S
from edge_agent.errors import EdgeAgentError, JournalError
from edge_agent.journal import codec, reader, records
from edge_agent.journal.gaps import Gap
from edge_agent.journal.lacking import incomplete
from edge_agent.journal.opening import open_all
from edge_agent.journal.reader import Recording
from edge_agent.journal.recorder import Recorder
from edge_agent.journal.settings import JournalSettings, Plates
from edge_agent.journal.writer import RecordingHeader, RecordingWriter

NOISE = random.Random(7)
HEADER = RecordingHeader("0.2.0", "ab", "# " + NOISE.randbytes(4_000).hex() + "\n")
MIB = 1024 * 1024


def recorded(folder):
    """Three segments of one run: a gap in the second, the third ended by a kill, a plate given back in it."""
    chosen = JournalSettings(dir=folder, flush_ms=10, reserve_mb=0, plates=Plates.DROP)
    recorder = Recorder(folder, chosen, HEADER)
    recorder.event(Started(0, "boot-1", "v", "c"))

    def go_on(numbers):
        for number in numbers:
            recorder.event(SerialBytes(number * S, "wim", b"read %d" % number), number)
            recorder.decision(Fault(number * S, "port/wim", FaultKind.BAD_FRAME, "said"))

    go_on(range(1, 5))
    recorder.close()
    recorder.event(PlateSeen(5 * S, "cam1", "1", None, "沪A11111", 900))
    recorder.gap(Gap(6, 3, 0, 0, 6 * S, 8 * S, "disk"))
    go_on(range(9, 12))
    recorder.close()
    go_on(range(12, 15))
    recorder.flush(15 * S)
    recorder.give_up()  # as a kill leaves it
    return sorted(folder.glob("*.mcap"))


def seen(folder):
    """(events with their numbers, decisions, what is said to be lacking)"""
    recordings = open_all(folder)
    events = [pair for recording in recordings for pair in recording.numbered()]
    decided = [made for recording in recordings for made in recording.decisions()]
    told = incomplete(recordings) + [recording.torn for recording in recordings[:-1] if recording.torn]
    return events, decided, told, recordings[-1].torn


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    files = {path.name: path.read_bytes() for path in recorded(folder)}
    return files, seen(folder)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    which=st.integers(0, 2),
    at=st.floats(0, 1, exclude_max=True),
    bit=st.integers(0, 7),
    cut=st.booleans(),
)
def test_what_is_lost_to_any_cut_or_flipped_bit_is_told(tmp_path_factory, whole, which, at, bit, cut):
    files, (events, decided, told, torn) = whole
    folder = tmp_path_factory.mktemp("damaged")
    for number, (name, data) in enumerate(files.items()):
        place = int(at * len(data))
        if number == which:
            data = data[:place] if cut else flipped(data, place, bit)
        (folder / name).write_bytes(data)
    try:
        found, made, said, now_torn = seen(folder)
    except EdgeAgentError:
        return

    assert all(pair in events for pair in found)
    assert all(decision in decided for decision in made)
    # The last one was torn by the kill already: what is cut off from its end is a longer torn tail. A last
    # segment of which hardly the beginning is there held nothing.
    lost_inside = found != events[: len(found)] or (which < 2 and (found, made) != (events, decided))
    if lost_inside:
        assert said != told or now_torn != torn


def flipped(data, place, bit):
    return data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]


@pytest.mark.parametrize("which", [0, 1])
def test_a_chunk_that_is_passed_over_as_a_record_of_nobody_is_told(tmp_path, which):
    """Its opcode is in no checksum: a flipped bit of it makes it one of those that readers must skip."""
    path = recorded(tmp_path)[which]
    data = path.read_bytes()
    chunks = [at for at in range(len(data)) if data[at] == 6 and data[at + 1 :][:8].endswith(bytes(5))]
    at = next(at for at in chunks if b"zstd" in data[at : at + 60])
    path.write_bytes(flipped(data, at, 7))

    assert any("messages" in said or "missing" in said or "not_said" in said for said in seen(tmp_path)[2])


def test_a_last_segment_with_a_damaged_header_is_told_and_one_that_had_hardly_begun_is_not(tmp_path):
    last = recorded(tmp_path)[-1]
    data = last.read_bytes()
    whole_of_the_rest = seen(tmp_path)[2]

    for hardly_begun in (b"", data[:200], bytes(len(data))):
        last.write_bytes(hardly_begun)
        assert seen(tmp_path)[2] == whole_of_the_rest
    last.write_bytes(flipped(data, 1, 0))
    assert any(last.name in said for said in seen(tmp_path)[2])


def test_a_header_that_lost_its_format_is_not_taken_for_an_old_one(tmp_path):
    path = recorded(tmp_path)[1]
    path.write_bytes(path.read_bytes().replace(b"\x06\x00\x00\x00format", b"\x06\x00\x00\x00gormat"))

    with pytest.raises(JournalError, match="its header is damaged"):
        Recording.open(path)


# -- of strangers -----------------------------------------------------------------------------------


def forged(path, body):
    """A recording that begins well."""
    with path.open("wb") as file:
        writer = RecordingWriter(file, HEADER)
        writer.event(Started(0, "boot-1", "v", "c"))
        writer.flush()
        file.write(body)
    return Recording.open(path)


def a_record(opcode, body):
    return struct.pack("<BQ", opcode, len(body)) + body


def a_chunk(data):
    packed = zstandard.ZstdCompressor(level=1).compress(data)
    fields = struct.pack("<QQQI", 0, 0, len(data), zlib.crc32(data))
    return a_record(6, fields + struct.pack("<I", 4) + b"zstd" + struct.pack("<Q", len(packed)) + packed)


def peak_of(work):
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_message_shorter_than_its_own_fields_does_not_read_the_whole_file(tmp_path):
    recording = forged(tmp_path / "a.mcap", struct.pack("<BQ", 5, 21) + bytes(22))
    with recording.path.open("ab") as file:
        os.truncate(file.fileno(), 300 * MIB)  # a hole

    assert peak_of(lambda: list(recording.events())) < 20 * MIB
    assert "damaged" in recording.torn


def test_millions_of_messages_in_a_packed_chunk_are_read_one_after_the_other(tmp_path):
    one = a_record(5, struct.pack("<HIQQ", 1, 0, 0, 0) + b"{}")
    channel = a_record(4, struct.pack("<HHI", 1, 0, 1) + b"x" + struct.pack("<II", 0, 0))
    recording = forged(tmp_path / "a.mcap", a_chunk(channel + one * 30_000))

    assert recording.path.stat().st_size < MIB
    assert peak_of(lambda: sum(1 for _ in recording.messages())) < 2.5 * 30_000 * len(one)


def test_a_small_file_is_not_read_for_hours(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "FREE_BYTES", 2 * MIB)
    recording = forged(tmp_path / "a.mcap", a_chunk(a_record(15, bytes(MIB))) * 100)

    assert len(list(recording.events())) == 1
    assert "unpacks to more" in recording.torn


def test_a_line_that_sends_nothing_but_zeros_is_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "FREE_BYTES", 0)
    path = tmp_path / "a.mcap"
    with path.open("wb") as file:
        writer = RecordingWriter(file, HEADER)
        for number in range(3_000):
            writer.event(SerialBytes(number * S, "wim", bytes(4_096)))
        writer.close()

    recording = Recording.open(path)

    assert sum(1 for _ in recording.messages()) == 3_000
    assert recording.torn == ""


def test_names_of_topics_take_no_more_memory_than_they_may(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "TOPICS_LIMIT", 10_000)
    channels = b"".join(
        a_record(4, struct.pack("<HHI", n, 0, 1_000) + b"x" * 1_000 + struct.pack("<II", 0, 0))
        for n in range(2, 50)
    )
    recording = forged(tmp_path / "a.mcap", a_chunk(channels))

    assert len(list(recording.events())) == 1
    assert "topics: more than 10000" in recording.torn


def test_an_index_that_points_into_the_data_unpacks_nothing(tmp_path):
    path = tmp_path / "a.mcap"
    begins = forged(path, b"").path.stat().st_size
    footer = a_record(2, struct.pack("<QQI", begins, 0, 0)) + b"\x89MCAP0\r\n"
    with path.open("ab") as file:
        file.write(a_chunk(bytes(60 * MIB)) + footer)

    recording = Recording.open(path)

    assert peak_of(lambda: recording.has_decisions or recording.indexed_span) < 10 * MIB


def test_an_index_whose_checksum_does_not_hold_is_not_believed(tmp_path):
    stream = io.BytesIO()
    writer = RecordingWriter(stream, HEADER)
    writer.event(Started(5 * S, "boot-1", "v", "c"))
    writer.decision(Fault(6 * S, "port/wim", FaultKind.BAD_FRAME, "said"))
    writer.close()
    data = stream.getvalue()
    at = data.rindex(b"/decision/")
    path = tmp_path / "a.mcap"
    path.write_bytes(data)
    assert (Recording.open(path).has_decisions, Recording.open(path).indexed_span) == (True, (5 * S, 6 * S))

    path.write_bytes(flipped(data, at + 1, 0))

    assert records.index_of(path) is None
    assert Recording.open(path).has_decisions


def test_a_recording_of_another_program_without_checksums_is_read(tmp_path):
    path = tmp_path / "a.mcap"
    with path.open("wb") as file:
        writer = Writer(file, compression=CompressionType.LZ4, enable_crcs=False)
        writer.start(profile="", library="another")
        writer.add_metadata("edge-agent", HEADER.metadata())
        channel = writer.register_channel("/serial/wim", "octet-stream", 0)
        writer.add_message(channel, 5, b"read", 5)
        writer.finish()

    recording = Recording.open(path)

    assert list(recording.events()) == [SerialBytes(5, "wim", b"read")]
    assert recording.torn == ""
    assert recording.indexed_span == (5, 5)


def test_an_index_that_names_no_topic_is_not_believed(tmp_path):
    path = tmp_path / "a.mcap"
    with path.open("wb") as file:
        writer = Writer(file, repeat_channels=False)
        writer.start(profile="", library="another")
        writer.add_metadata("edge-agent", HEADER.metadata())
        channel = writer.register_channel("/decision/Fault", "json", 0)
        said = codec.encode_decision(Fault(5 * S, "port/wim", FaultKind.BAD_FRAME, "said"))
        writer.add_message(channel, 5 * S, said, 5 * S)
        writer.finish()

    recording = Recording.open(path)

    assert recording.has_decisions
    assert list(recording.numbered(since=5 * S)) == []
    assert recording.torn == ""
