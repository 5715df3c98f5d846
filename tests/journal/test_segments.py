"""The journal's share of the disk and of the past: its own oldest recordings go, never evidence's room."""

import io
import os
import random
import shutil

import pytest

from edge_agent.core.events import ClockSource, ClockStatus, SerialBytes, Started
from edge_agent.core.units import S
from edge_agent.errors import JournalError
from edge_agent.journal.gaps import Gap
from edge_agent.journal.lacking import incomplete
from edge_agent.journal.opening import open_all
from edge_agent.journal.reader import Recording
from edge_agent.journal.recorder import LONGEST, LOOK, Recorder
from edge_agent.journal.segments import DAY_S, MB, NoRoom, Segments, WholeWrites
from edge_agent.journal.settings import JournalSettings
from edge_agent.journal.writer import RecordingHeader

HEADER = RecordingHeader("test", "ab")
NOW_S = 1_795_000_000.0


class Disk:
    """Free bytes as the test says, less what lies in the folder."""

    def __init__(self, size):
        self.size = size

    def free(self, folder):
        return self.size - sum(path.stat().st_size for path in folder.iterdir())


def settings_of(folder, **chosen):
    return JournalSettings(**{"dir": folder, "quota_mb": 16, "segment_mb": 1, "flush_ms": 10, **chosen})


def recordings_of_1_mb(folder, count, age_days=0.0):
    for number in range(1, count + 1):
        path = folder / f"journal-{number:08d}.mcap"
        path.write_bytes(bytes(MB))
        at = NOW_S - age_days * DAY_S + number
        os.utime(path, (at, at))


def names(folder):
    return [int(path.stem[-8:]) for path in sorted(folder.glob("journal-????????.mcap"))]


def test_the_oldest_go_where_the_reserve_is_touched_and_no_more_than_is_needed(tmp_path):
    recordings_of_1_mb(tmp_path, 5)
    disk = Disk(13 * MB)
    segments = Segments(tmp_path, settings_of(tmp_path, reserve_mb=10), free=disk.free)

    segments.make_room(None, time_known=False)

    assert names(tmp_path) == [3, 4, 5]


def test_evidence_that_lacks_room_gets_the_journals(tmp_path):
    recordings_of_1_mb(tmp_path, 5)
    disk = Disk(100 * MB)
    segments = Segments(
        tmp_path, settings_of(tmp_path, reserve_mb=0), lambda free: free < 98 * MB, free=disk.free
    )

    segments.make_room(None, time_known=False)

    assert names(tmp_path) == [4, 5]


def test_nothing_is_written_on_a_disk_that_others_fill_until_there_is_room_for_a_segment_again(tmp_path):
    disk = Disk(10 * MB - 1)
    settings = settings_of(tmp_path, reserve_mb=10)
    recorder = Recorder(tmp_path, settings, HEADER, Segments(tmp_path, settings, free=disk.free))

    with pytest.raises(NoRoom):
        recorder.event(Started(0, "boot-1", "v", "c"))
    assert recorder.take_lost().events == 1
    disk.size += MB // 2
    with pytest.raises(NoRoom):  # it would stop again at once
        recorder.event(SerialBytes(1 * S, "wim", b"x"))
    disk.size += MB
    recorder.event(SerialBytes(2 * S, "wim", b"x"))
    recorder.close()

    [recording] = open_all(tmp_path)
    assert recording.first_event == 2


def test_a_disk_that_fills_while_it_is_recorded_leaves_a_whole_recording_behind(tmp_path):
    disk = Disk(10 * MB)
    settings = settings_of(tmp_path, reserve_mb=1)
    recorder = Recorder(tmp_path, settings, HEADER, Segments(tmp_path, settings, free=disk.free))
    recorder.event(Started(0, "boot-1", "v", "c"))
    disk.size = MB // 2

    with pytest.raises(NoRoom):
        recorder.event(SerialBytes(1 * S, "wim", b"x"))

    assert not recorder.take_lost()
    [recording] = open_all(tmp_path)
    assert len(list(recording.events())) == 2
    assert recording.torn == ""


def test_a_gap_that_is_written_is_not_taken_for_lost_where_the_disk_fills_just_then(tmp_path):
    disk = Disk(10 * MB)
    settings = settings_of(tmp_path, reserve_mb=1)
    recorder = Recorder(tmp_path, settings, HEADER, Segments(tmp_path, settings, free=disk.free))
    recorder.event(Started(0, "boot-1", "v", "c"))
    disk.size = MB // 2
    recorder.gap(Gap(1, 3, 0, 0, 1, 2, "disk"))
    with pytest.raises(NoRoom):
        recorder.event(SerialBytes(9 * S, "wim", b"x"), 4)

    [recording] = open_all(tmp_path)
    assert [number for number, _ in recording.numbered()] == [0, 4]
    assert [gap.events for gap in recording.gaps] == [3]


def test_what_is_too_old_goes_once_the_box_knows_the_time(tmp_path):
    recordings_of_1_mb(tmp_path, 3, age_days=31)
    (tmp_path / "kept-for-the-court.mcap").write_bytes(b"mine")
    segments = Segments(tmp_path, settings_of(tmp_path, reserve_mb=0), utc_s=lambda: NOW_S)

    segments.make_room(None, time_known=False)
    assert names(tmp_path) == [1, 2, 3]
    segments.make_room(None, time_known=True)
    assert names(tmp_path) == []
    assert (tmp_path / "kept-for-the-court.mcap").exists()


def test_what_a_wrong_clock_dated_neither_goes_at_once_nor_keeps_the_older_ones(tmp_path):
    recordings_of_1_mb(tmp_path, 7, age_days=31)
    dated = {2: NOW_S + 9_000 * DAY_S, 4: 100.0, 6: NOW_S - 60 * DAY_S}  # 2050, 1970, gone back
    for number, at in dated.items():
        os.utime(tmp_path / f"journal-{number:08d}.mcap", (at, at))
    now = [NOW_S]
    segments = Segments(tmp_path, settings_of(tmp_path, reserve_mb=0), utc_s=lambda: now[0])

    segments.make_room(None, time_known=True)
    assert names(tmp_path) == [2, 4, 6]
    now[0] += 30 * DAY_S
    segments.make_room(None, time_known=True)
    assert names(tmp_path) == [2, 4, 6]
    now[0] += 1 * DAY_S
    segments.make_room(None, time_known=True)
    assert names(tmp_path) == []


def test_a_recording_that_somebody_removes_just_now_is_no_trouble(tmp_path):
    recordings_of_1_mb(tmp_path, 3)

    class Removing(Segments):
        def is_short(self):
            (tmp_path / "journal-00000001.mcap").unlink(missing_ok=True)
            return bool(names(tmp_path)[1:])

    Removing(tmp_path, settings_of(tmp_path)).make_room(None, time_known=False)

    assert names(tmp_path) == [3]


def test_a_folder_that_is_removed_while_it_is_written_is_noticed_and_made_anew(tmp_path):
    folder = tmp_path / "journal"
    recorder = Recorder(folder, settings_of(folder, reserve_mb=0), HEADER)
    recorder.event(Started(0, "boot-1", "v", "c"))
    shutil.rmtree(folder)

    with pytest.raises(JournalError, match=r"journal-00000001\.mcap: it was removed"):
        recorder.event(SerialBytes(LOOK, "wim", b"x"))
    recorder.event(SerialBytes(LOOK + 1 * S, "wim", b"x"))
    recorder.close()

    recordings = open_all(folder)
    assert [number for recording in recordings for number, _ in recording.numbered()] == [2]
    assert "in the middle of a run, at event 2" in incomplete(recordings)[0]


def test_a_disk_that_takes_nothing_and_says_nothing_is_not_waited_for():
    class Nothing(io.RawIOBase):
        def write(self, _data):
            return 0

    with pytest.raises(OSError, match="takes nothing"):
        WholeWrites(Nothing()).write(b"x")


def test_the_quota_holds_and_no_copy_beside_the_recordings_is_touched(tmp_path):
    settings = settings_of(tmp_path, reserve_mb=0)
    copy = tmp_path / "journal-00000001-copy.mcap"
    copy.write_bytes(bytes(100))
    noise = random.Random(5)
    recorder = Recorder(tmp_path, settings, HEADER)
    for at in range(40):
        recorder.event(SerialBytes(at * S, "wim", noise.randbytes(600_000)))
    recorder.close()

    assert sum(path.stat().st_size for path in tmp_path.glob("journal-????????.mcap")) < 17 * MB
    assert names(tmp_path)[0] > 1
    assert copy.exists()


def test_every_segment_says_where_in_the_run_it_stands(tmp_path):
    settings = settings_of(tmp_path, reserve_mb=0)
    recorder = Recorder(tmp_path, settings, HEADER)
    recorder.event(Started(1 * S, "boot-1", "v", "c"))
    recorder.event(ClockStatus(2 * S, 7, ClockSource.NTP, synced=True, offset=0, est_error=1))
    recorder.event(SerialBytes(LONGEST + 2 * S, "wim", b"six hours later"))
    recorder.event(SerialBytes(LONGEST + 3 * S, "wim", b"another segment"))
    recorder.close()

    first, second = (Recording.open(path).metadata for path in sorted(tmp_path.glob("*.mcap")))
    assert first["format"] == second["format"] == "2"
    assert (first["boot_id"], first["segment"], first["first_event"]) == ("boot-1", "1", "0")
    assert (second["boot_id"], second["segment"], second["first_event"]) == ("boot-1", "2", "3")
    assert first["first_monotonic_ns"] == str(1 * S)
    assert (first["utc_minus_monotonic_ns"], second["utc_minus_monotonic_ns"]) == ("", "7")
    assert first["plates"] == "kept"
