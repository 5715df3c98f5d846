"""`plates: drop`: nobody's plate is kept but those around a vehicle that a statement is of."""

from dataclasses import replace

import pytest

from edge_agent.core.decisions import Fault, FaultKind
from edge_agent.core.events import PlateSeen, Started, Tick
from edge_agent.core.records import MatchCandidate, Picture
from edge_agent.core.units import S
from edge_agent.evidence.examples import a_case
from edge_agent.journal.gaps import Gap
from edge_agent.journal.lacking import incomplete
from edge_agent.journal.opening import open_all
from edge_agent.journal.reader import Recording
from edge_agent.journal.recorder import Recorder
from edge_agent.journal.settings import JournalSettings, Plates
from edge_agent.journal.writer import RecordingHeader

PICTURE = Picture("plate", "aa", 3, "image/jpeg", 120, 40, None, "cam1")


def a_seal(read_at_s):
    """Crossing at 1200 s, sealed at 1204 s, its plate read then."""
    seal = a_case(number=20)[0]
    read = replace(seal.match.candidates[0].read, at=read_at_s * S)
    return replace(seal, match=replace(seal.match, candidates=(MatchCandidate(read, 900_000),)))


SEAL = a_seal(1202)


def a_read(at_s, text):
    return PlateSeen(
        at_s * S,
        "cam1",
        "1",
        at_s * S,
        text,
        900,
        "yellow",
        "truck",
        pictures=(PICTURE,),
        event_id=f"id-{text}",
    )


NOBODYS, BEFORE, MINE = a_read(1000, "沪A11111"), a_read(1195, "沪B22222"), a_read(1202, "沪A12345")
LATE, AFTER = a_read(1210, "沪C33333"), a_read(1300, "沪D44444")


def recorded(folder, things, **chosen):
    settings = JournalSettings(dir=folder, flush_ms=10, reserve_mb=0, **{"plates": Plates.DROP, **chosen})
    recorder = Recorder(folder, settings, RecordingHeader("test", "ab"))
    for thing in things:
        (
            recorder.event
            if hasattr(thing, "text") or isinstance(thing, Started | Tick)
            else recorder.decision
        )(thing)
    recorder.close()
    return open_all(folder)


@pytest.fixture
def dropped(tmp_path):
    things = [Started(0, "boot-1", "v", "c"), NOBODYS, BEFORE, MINE, SEAL, LATE, AFTER, Tick(1400 * S)]
    return recorded(tmp_path, things)


def test_reads_around_the_statements_vehicle_come_back_whole_and_in_their_places(dropped):
    [recording] = dropped
    events = [event for event in recording.events() if isinstance(event, PlateSeen)]

    assert events[1:4] == [BEFORE, MINE, LATE]
    assert [event.at for event in events] == [read.at for read in (NOBODYS, BEFORE, MINE, LATE, AFTER)]
    assert list(recording.decisions()) == [SEAL]


def test_a_read_that_competed_comes_back_however_long_before_the_vehicle_it_was(tmp_path):
    queued = a_read(1101, "沪E55555")
    things = [Started(0, "boot-1", "v", "c"), NOBODYS, queued, MINE, a_seal(1100)]
    [recording] = recorded(tmp_path, things)

    texts = [event.text for event in recording.events() if isinstance(event, PlateSeen)]
    assert texts == ["", queued.text, MINE.text]


def test_nobody_elses_plate_is_anywhere_in_the_file(dropped):
    [recording] = dropped
    said = b"".join(message.body for message in recording.messages())

    for read in (NOBODYS, AFTER):
        assert read.text.encode() not in said
        assert read.event_id.encode() not in said
    blank = next(event for event in recording.events() if isinstance(event, PlateSeen))
    assert blank == replace(NOBODYS, text="", confidence=0, pictures=(), event_id="")


def test_it_says_that_it_is_not_whole(dropped):
    [recording] = dropped
    list(recording.events())

    assert recording.plates == "dropped"
    assert recording.withheld == 2
    assert incomplete(dropped) == [f"{recording.path.name}: 2 plates were not kept (journal.plates: drop)"]


def test_a_plate_is_given_back_over_the_border_of_two_segments(tmp_path):
    first = [Started(0, "boot-1", "v", "c"), MINE]
    settings = JournalSettings(dir=tmp_path, flush_ms=10, reserve_mb=0, plates=Plates.DROP)
    recorder = Recorder(tmp_path, settings, RecordingHeader("test", "ab"))
    for event in first:
        recorder.event(event)
    recorder.close()
    recorder.decision(SEAL)  # a new segment
    recorder.close()

    recordings = open_all(tmp_path)

    assert len(recordings) == 2
    assert list(recordings[0].events()) == first
    alone = Recording.open(recordings[0].path)
    assert [getattr(event, "text", None) for event in alone.events()] == [None, ""]


def test_a_gap_is_one_gap_where_plates_are_looked_for_in_the_middle_of_a_recording(tmp_path):
    gap = Gap(first_event=2, events=3, decisions=0, video=0, start=1001 * S, end=1190 * S, reason="disk")
    settings = JournalSettings(dir=tmp_path, flush_ms=10, reserve_mb=0, plates=Plates.DROP)
    recorder = Recorder(tmp_path, settings, RecordingHeader("test", "ab"))
    recorder.event(Started(0, "boot-1", "v", "c"))
    recorder.event(NOBODYS)
    recorder.gap(gap)
    recorder.event(BEFORE)
    recorder.close()

    [recording] = open_all(tmp_path)
    alone = Recording.open(recording.path)

    assert [number for number, _ in alone.numbered()] == [0, 1, 5]
    assert alone.gaps == [gap]


def test_a_text_that_is_no_plate_is_not_kept_in_a_fault_either(tmp_path):
    fault = Fault(1, "camera/cam1", FaultKind.PLATE_OUTSIDE_GRAMMAR, "no plate: '沪A1'")
    [recording] = recorded(tmp_path, [Started(0, "boot-1", "v", "c"), fault])

    assert list(recording.decisions()) == [replace(fault, detail="no plate: (not kept)")]


def test_all_are_kept_where_that_is_chosen(tmp_path):
    [recording] = recorded(tmp_path, [Started(0, "boot-1", "v", "c"), NOBODYS], plates=Plates.KEEP)

    assert list(recording.events())[1] == NOBODYS
    assert recording.plates == "kept"
