"""Recordings of before are read as today's; those of a newer program are refused with a word."""

import io
import json

import pytest
from mcap.writer import CompressionType, Writer

from edge_agent.core.decisions import Fault, FaultKind
from edge_agent.core.events import SerialBytes, Started, Tick
from edge_agent.errors import JournalError
from edge_agent.journal import codec
from edge_agent.journal.lacking import incomplete
from edge_agent.journal.migrations import FORMAT
from edge_agent.journal.opening import open_all
from edge_agent.journal.reader import Recording
from edge_agent.journal.recorder import Recorder
from edge_agent.journal.settings import JournalSettings
from edge_agent.journal.writer import RecordingHeader

EVENTS = [Started(1, "boot-1", "0.0.9", "ab"), SerialBytes(2, "wim", b"\x00\xff"), Tick(3)]
FAULT = Fault(2, "port/wim", FaultKind.BAD_FRAME, "bad XOR")


def a_recording(path, header, things=(*EVENTS[:2], FAULT, EVENTS[2])):
    """As the writer of 0.1 wrote it: five words in the header, every message numbered through."""
    stream = io.BytesIO()
    writer = Writer(stream, chunk_size=1024, compression=CompressionType.ZSTD)
    writer.start(profile="", library="edge-agent")
    writer.add_metadata("edge-agent", header)
    writer.add_attachment(0, 0, "config.yaml", "application/yaml", b"schema: 1\n")
    channels = {}
    for sequence, thing in enumerate(things, start=1):
        if isinstance(thing, Fault):
            topic, body = "/decision/Fault", codec.encode_decision(thing)
        else:
            topic, body = codec.topic_of(thing), codec.encode_event(thing)
        if topic not in channels:
            channels[topic] = writer.register_channel(topic, "json", 0)
        writer.add_message(channels[topic], thing.at, body, thing.at, sequence)
    writer.finish()
    path.write_bytes(stream.getvalue())
    return path


OLD = {
    "software": "0.1.0",
    "config_sha256": "ab",
    "models": json.dumps({}),
    "simulated": "no",
    "note": "",
}


def test_a_recording_without_a_format_is_read_as_todays(tmp_path):
    recording = Recording.open(a_recording(tmp_path / "old.mcap", OLD))

    assert list(recording.numbered()) == list(enumerate(EVENTS))
    assert list(recording.decisions()) == [FAULT]
    assert recording.metadata["format"] == str(FORMAT)
    assert (recording.boot_id, recording.first_event, recording.plates) == ("", None, "kept")
    assert recording.config_text == "schema: 1\n"
    assert incomplete([recording]) == []


def test_old_recordings_and_new_ones_lie_in_one_folder(tmp_path):
    a_recording(tmp_path / "journal-00000001.mcap", OLD)
    recorder = Recorder(tmp_path, JournalSettings(dir=tmp_path), RecordingHeader("0.2.0", "ab"))
    for event in EVENTS:
        recorder.event(event)
    recorder.close()

    recordings = open_all(tmp_path)

    assert [event for recording in recordings for event in recording.events()] == EVENTS * 2
    assert incomplete(recordings) == []


@pytest.mark.parametrize(
    ("said", "words"),
    [("3", "made by a newer edge-agent"), ("99", "upgrade"), ("two", "is none"), ("-1", "is none")],
)
def test_a_recording_of_a_newer_program_is_refused_with_a_word(tmp_path, said, words):
    path = a_recording(tmp_path / "new.mcap", {**OLD, "format": said})

    with pytest.raises(JournalError, match=words):
        Recording.open(path)
