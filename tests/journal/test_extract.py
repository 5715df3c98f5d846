"""A slice of the black box as one recording: all that was in it, and nothing that was not."""

import pytest

from edge_agent.core.decisions import Fault, FaultKind
from edge_agent.core.events import PlateSeen, SerialBytes, Started, Tick
from edge_agent.core.records import JournalSlice
from edge_agent.core.units import S
from edge_agent.evidence.examples import a_case
from edge_agent.journal import slices
from edge_agent.journal.extract import Session, extract
from edge_agent.journal.gaps import Gap
from edge_agent.journal.reader import Recording
from edge_agent.journal.recorder import Recorder
from edge_agent.journal.settings import JournalSettings, Plates
from edge_agent.journal.video import VideoPacket
from edge_agent.journal.writer import RecordingHeader

SEAL = a_case(number=2)[0]  # crossing at 120 s, sealed at 124 s
NOBODYS = PlateSeen(40 * S, "cam1", "1", None, "沪A11111", 900)
MINE = PlateSeen(122 * S, "cam1", "1", None, "沪A12345", 900)
VIDEO = VideoPacket("east", 50 * S, "h264", b"\x00\x01")
FAULT = Fault(124 * S, "port/wim", FaultKind.BAD_FRAME, "bad XOR")


@pytest.fixture
def folder(tmp_path):
    """Two segments of one run: event 6 was lost."""
    settings = JournalSettings(dir=tmp_path / "journal", flush_ms=10, reserve_mb=0, plates=Plates.DROP)
    header = RecordingHeader("0.2.0", "ab", "schema: 1\n", models=(("detector", "cd"),))
    recorder = Recorder(tmp_path / "journal", settings, header)
    recorder.event(Started(0, "boot-1", "v", "c"))
    recorder.event(SerialBytes(10 * S, "wim", b"before"))
    recorder.event(NOBODYS)
    recorder.video(VIDEO, 50 * S)
    recorder.event(MINE)
    recorder.close()
    recorder.event(Tick(124 * S))
    recorder.decision(FAULT)
    recorder.decision(SEAL)
    recorder.gap(Gap(5, 1, 0, 0, 125 * S, 125 * S, "disk"))
    recorder.event(Tick(126 * S), 6)
    recorder.event(Tick(127 * S))
    recorder.close()
    return tmp_path / "journal"


def cut(folder, start, last, *, video=False):
    wanted = JournalSlice("boot-1", start * S, 130 * S, last)
    out = folder.parent / "rec.mcap"
    found = slices.find(folder, wanted)
    done = extract(found, wanted, out, Session(50 * S, 2, 126 * S, "a note", video))
    return Recording.open(out), done


def test_it_holds_what_led_to_the_end_and_stands_for_itself(folder):
    recording, done = cut(folder, 20, 6)

    events = list(recording.numbered())
    assert [number for number, _ in events] == [2, 3, 4, 6]
    assert events[1][1] == MINE  # given back in the other segment, in its place here
    assert events[0][1].text == ""
    assert recording.withheld == 1
    assert list(recording.decisions()) == [FAULT, SEAL]
    assert [gap.events for gap in recording.gaps] == [1]
    assert (done.events, done.decisions, done.gaps) == (4, 2, 1)
    assert list(recording.video()) == []
    said = recording.metadata
    assert (said["boot_id"], said["first_event"], said["note"]) == ("boot-1", "2", "a note")
    assert (said["plates"], said["software"], said["models"]) == ("dropped", "0.2.0", '{"detector": "cd"}')
    assert said["marked_from_event"] == "3"
    assert recording.config_text == "schema: 1\n"


def test_video_comes_with_it_where_that_is_asked_for(folder):
    recording, _ = cut(folder, 0, 7, video=True)

    assert list(recording.video()) == [VIDEO]
    assert [number for number, _ in recording.numbered()] == [0, 1, 2, 3, 4, 6, 7]


def test_a_slice_cut_again_out_of_what_was_cut_is_the_same(folder, tmp_path):
    first, _ = cut(folder, 20, 6)
    again = tmp_path / "again"
    again.mkdir()
    first.path.rename(again / "journal-00000001.mcap")

    second, _ = cut(again, 20, 6)

    assert list(second.messages()) == list(Recording.open(again / "journal-00000001.mcap").messages())
