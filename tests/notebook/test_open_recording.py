"""A recording in a notebook: the core's records with their time, tables, weights, another setting."""

import builtins
import doctest
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import edge_agent
from edge_agent import runner
from edge_agent.cli.main import main
from edge_agent.config import recorded
from edge_agent.config.recorded import from_text
from edge_agent.core.decisions import Fault, FaultKind
from edge_agent.core.events import ClockSource, ClockStatus, PlateSeen, Started
from edge_agent.core.site import Site
from edge_agent.errors import JournalError, UsageError
from edge_agent.evidence.examples_street import a_zone_case
from edge_agent.journal.gaps import Gap
from edge_agent.journal.reader import Recording
from edge_agent.journal.video import VideoPacket
from edge_agent.journal.writer import RecordingHeader, RecordingWriter
from edge_agent.notebook import frames
from edge_agent.notebook import recording as notebook
from edge_agent.replaying.what_if import changed
from tests.road import ROOT

STARTED = datetime(2026, 5, 12, 8, tzinfo=UTC)


@pytest.fixture
def rec(recording):
    return edge_agent.open_recording(recording)


@pytest.mark.parametrize("module", [edge_agent, notebook], ids=lambda module: module.__name__)
def test_what_the_api_s_documents_show_is_what_it_gives(module, recording, monkeypatch):
    monkeypatch.chdir(recording.parent)
    rec = edge_agent.open_recording(recording)

    done = doctest.testmod(module, extraglobs={"rec": rec})

    assert done.attempted > 0
    assert done.failed == 0


def test_the_cells_of_the_guide_run_one_after_the_other(recording, monkeypatch, capsys):
    monkeypatch.chdir(recording.parent)
    guide = (ROOT / "docs" / "notebook.md").read_text("utf-8")
    names = {}

    for cell in re.findall(r"```python\n(.*?)```", guide, re.DOTALL):
        exec(cell, names)

    assert names["weights"].sensors == ("pad-1", "pad-2")  # as the guide says
    assert "None" not in capsys.readouterr().out  # every crossing has its time


def test_the_package_is_imported_without_anything_heavy():
    code = "import sys, edge_agent; print(len([m for m in sys.modules if m.startswith('edge_agent')]))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "1"


def test_a_crossing_has_the_utc_of_its_first_axle_to_the_nanosecond(rec):
    first, second = rec.crossings()

    assert abs(second.utc - STARTED - timedelta(seconds=9)) < timedelta(seconds=0.2)
    assert second.utc_ns - first.utc_ns == (
        second.record.crossing.first_axle_at - first.record.crossing.first_axle_at
    )


def live(recording, path):
    """The recording as a daemon leaves it: decisions beside the events; one of them cannot be recomputed."""
    before = Recording.open(recording)
    with path.open("wb") as stream:
        writer = RecordingWriter(stream, RecordingHeader("edge-agent 0.0.1", "", before.config_text))
        site = Site(from_text(before.config_text).core())

        class Source:
            def events(self, _deadline):
                yield from before.events()

        runner.run(site, Source(), writer, lambda _decision: None)
        writer.close()
    return path


def test_decisions_made_live_are_shown_as_they_were_made(recording, tmp_path):
    rec = edge_agent.open_recording(live(recording, tmp_path / "live.mcap"))

    assert rec.info.decided_by == "the box, live"
    assert [seen.record for seen in rec.decisions()] == list(
        Recording.open(tmp_path / "live.mcap").decisions()
    )
    assert [seen.utc_ns for seen in rec.crossings()] == [
        seen.utc_ns for seen in edge_agent.open_recording(recording).crossings()
    ]


def test_an_import_s_decisions_are_not_taken_for_those_of_a_box(tmp_path):
    reads = tmp_path / "reads.csv"
    reads.write_text("time,camera,plate\n1778572800,cam1,沪A12345\n", "utf-8")
    path, site = tmp_path / "mine.mcap", ROOT / "configs" / "bridge.yaml"
    assert main(["import", "--config", str(site), "--out", str(path), "--plates", str(reads)]) == 0

    assert edge_agent.open_recording(path).info.decided_by.endswith("import, of others' files: no box")


def test_what_a_recording_lacks_is_said(recording, tmp_path):
    before = Recording.open(recording)
    happened = list(before.events())
    for name, first, part in (("1", 0, happened[:50]), ("2", 90, happened[90:100])):
        with (tmp_path / f"journal-0000000{name}.mcap").open("wb") as stream:
            header = RecordingHeader(
                "test", "", before.config_text, boot_id="one", first_event=first, segment=int(name)
            )
            writer = RecordingWriter(stream, header)
            for event in part:
                writer.event(event)
            if name == "2":
                writer.gap(Gap(100, 7, 0, 0, happened[-1].at, happened[-1].at, "disk"))
            writer.close()

    info = edge_agent.open_recording(tmp_path).info

    lost, late = info.lacking
    assert "events 50 to 89 are missing" in late
    assert "7 events lost" in lost
    assert "7 events lost" in info._repr_html_()
    assert edge_agent.open_recording(recording).info.lacking == ()


def test_a_file_of_another_run_is_not_told_the_time_by_the_one_before(recording, tmp_path):
    """Segments that were let go: of the second run there is the middle alone."""
    config = Recording.open(recording).config_text

    def read(at):
        return PlateSeen(at=at, camera="cam1", lane="1", captured_utc=None, text="沪A12345", confidence=900)

    events = {"one": [ClockStatus(1, 10**18, ClockSource.NTP, True, 0, 0), read(2)], "two": [read(3)]}
    for number, (run, happened) in enumerate(events.items(), start=1):
        with (tmp_path / f"journal-{number:08d}.mcap").open("wb") as stream:
            writer = RecordingWriter(stream, RecordingHeader("test", "", config, boot_id=run))
            for event in happened:
                writer.event(event)
            writer.close()

    assert [seen.utc_ns for seen in edge_agent.open_recording(tmp_path).reads()] == [10**18 + 2, None]


def test_weights_of_before_the_clock_was_known_are_left_out_where_a_time_is_asked_for(recording, tmp_path):
    before = Recording.open(recording)
    clock = next(event for event in before.events() if isinstance(event, ClockStatus))
    late = clock.at + 5 * 10**9
    path = tmp_path / "late.mcap"
    with path.open("wb") as stream:
        writer = RecordingWriter(stream, RecordingHeader("test", "", before.config_text))
        for event in before.events():
            if not isinstance(event, ClockStatus) or event.at >= late:
                writer.event(event)
        writer.close()
    rec = edge_agent.open_recording(path)

    assert rec.weights("1", STARTED + timedelta(seconds=12), STARTED + timedelta(seconds=13)).kg.shape[0] > 0
    assert np.isnat(rec.weights("1").utc[0])


def test_a_replay_s_folder_shows_its_decisions_and_says_that_it_holds_no_events(recording, tmp_path):
    assert main(["replay", str(recording), "--out", str(tmp_path / "out"), "--json"]) == 0

    rec = edge_agent.open_recording(tmp_path / "out")

    assert [seen.record for seen in rec.decisions()] == [
        seen.record for seen in edge_agent.open_recording(recording).replay().decisions()
    ]
    assert rec.cases_frame().time[0] == edge_agent.open_recording(recording).cases_frame().time[0]
    for ask in (rec.reads, lambda: rec.video("cam1"), rec.events):
        with pytest.raises(UsageError, match="decisions alone"):
            next(iter(ask()))
    with pytest.raises(UsageError, match="decisions alone"):
        rec.weights("1")


def test_a_table_tells_its_units_and_zone_and_hides_plates(rec):
    crossings, reads, cases = rec.crossings_frame(), rec.reads_frame(), rec.cases_frame()

    assert str(crossings.time.dtype) == "datetime64[ns, UTC]"
    assert crossings.gross_kg.tolist() == [s.record.crossing.gross / 1000 for s in rec.crossings()]
    assert crossings.over.tolist() == [False, True]
    assert not {"沪A12345", "京B54321"} & {*reads.plate, *cases.plate}
    assert rec.reads_frame(plates=True).plate.tolist() == ["京B54321", "沪A12345"]
    assert "沪A12345" not in rec._repr_html_()
    assert "decided by " in repr(rec)
    assert "沪A12345" not in repr(rec)


def test_tables_without_rows_keep_their_columns_and_types(rec):
    street, faults = rec.street_cases_frame(), rec.faults_frame()

    assert list(street.columns) == list(frames.STREET_CASES)
    assert list(faults.columns) == list(frames.FAULTS)
    assert str(street.time.dtype) == "datetime64[ns, UTC]"


def test_without_pandas_the_table_says_what_to_install(rec, monkeypatch):
    real = builtins.__import__

    def no_pandas(name, *args, **kwargs):
        if name == "pandas":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", no_pandas)

    with pytest.raises(UsageError, match=r"edge-agent\[frames\]"):
        rec.crossings_frame()


def test_weights_are_the_samples_of_the_time_asked_for(rec):
    start = STARTED + timedelta(seconds=9)
    end = start + timedelta(seconds=2)

    weights = rec.weights("1", start, end)

    assert weights.kg.shape == (2000, 2)
    assert weights.utc[0] >= np.datetime64(start.replace(tzinfo=None))
    assert weights.utc[-1] < np.datetime64(end.replace(tzinfo=None))
    assert weights.kg.max() > 9_000  # its heaviest axle weighs ten tonnes


def test_a_sample_that_a_sensor_did_not_have_is_nan(recording, tmp_path):
    before = Recording.open(recording)
    path = tmp_path / "rail.mcap"
    tree = before.config_text.replace("rail_high: null", "rail_high: 500000")
    with path.open("wb") as stream:
        writer = RecordingWriter(stream, RecordingHeader("test", "", tree))
        for event in before.events():
            writer.event(event)
        writer.close()

    weights = edge_agent.open_recording(path).weights("1")

    assert np.isnan(weights.kg).any()
    assert not np.isnan(weights.kg[:500]).any()


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda rec: rec.weights("7"), "no lane '7'"),
        (lambda rec: rec.weights("1", datetime(2026, 5, 12)), "say the time zone"),  # noqa: DTZ001 - none
    ],
)
def test_what_cannot_be_shown_is_said(rec, ask, said):
    with pytest.raises(UsageError, match=said):
        ask(rec)


def test_a_crossing_s_trace_is_a_drawing_that_stands_by_itself(rec):
    [_, heavy] = rec.crossings()

    drawing = rec.plot_trace(heavy)

    assert drawing._repr_html_() == drawing.svg
    assert drawing.svg.startswith("<svg")
    assert drawing.svg.count("<polyline") == 2
    assert drawing.svg.count('class="axle"') == 3
    assert "<style>" in drawing.svg


def test_with_another_limit_other_vehicles_are_over(rec):
    strict = rec.replay("lanes.1.limits.posted.limit_kg=10000")

    assert rec.crossings_frame().over.tolist() == [False, True]
    assert strict.config.lanes["1"].limits.posted.limit_kg == 10_000
    assert [seen.record.verdicts[0].limit for seen in strict.crossings()] == [10_000_000] * 2
    assert [seen.record.text for seen in strict.reads()] == ["京B54321", "沪A12345"]


def test_a_read_has_the_time_of_its_picture(tmp_path, recording):
    """By the camera's clock where it sent one; of the box's own reads by when the vehicle was at the line."""
    config = Recording.open(recording).config_text
    base = 1_780_000_000 * 10**9
    path = tmp_path / "reads.mcap"

    def read(at, **more):
        return PlateSeen(at=at, camera="cam1", lane="1", text="沪A12345", confidence=900, **more)

    with path.open("wb") as stream:
        writer = RecordingWriter(stream, RecordingHeader("test", "", config))
        for event in (
            Started(0, "boot", "test", ""),
            read(5, captured_utc=None),
            ClockStatus(10, base, ClockSource.NTP, True, 0, 0),
            read(10**9, captured_utc=base + 7),
            read(2 * 10**9, captured_utc=None, captured_at=10**9, request="1"),
            read(3 * 10**9, captured_utc=None),
        ):
            writer.event(event)
        writer.close()
    rec = edge_agent.open_recording(path)

    assert [seen.utc_ns for seen in rec.reads()] == [None, base + 7, base + 10**9, base + 3 * 10**9]
    assert rec.reads_frame().time.isna().tolist() == [True, False, False, False]
    assert rec.reads_frame().read_by.tolist() == ["camera", "camera", "box", "camera"]


def test_video_is_given_by_camera_with_its_time(recording, tmp_path):
    path = tmp_path / "video.mcap"
    with path.open("wb") as stream:
        writer = RecordingWriter(stream, RecordingHeader("t", "", Recording.open(recording).config_text))
        writer.event(ClockStatus(0, 1000, ClockSource.NTP, True, 0, 0))
        for camera in ("cam1", "cam2"):
            writer.video(VideoPacket(camera, 5, "h264", b"\0\0\0\1"), 6)
        writer.close()

    [packet] = edge_agent.open_recording(path).video("cam2")

    assert (packet.utc_ns, packet.record.camera) == (1005, "cam2")


def test_a_folder_without_recordings_and_a_file_that_is_none_are_refused(tmp_path):
    (tmp_path / "x.mcap").write_bytes(b"nothing")

    with pytest.raises(JournalError):
        edge_agent.open_recording(tmp_path / "x.mcap")
    with pytest.raises(UsageError, match="no such"):
        edge_agent.open_recording(tmp_path / "missing")


def test_street_cases_and_faults_are_tables_with_metres_and_seconds(recording, tmp_path):
    path, (case, _pictures) = tmp_path / "street.mcap", a_zone_case()
    with path.open("wb") as stream:
        writer = RecordingWriter(stream, RecordingHeader("t", "", Recording.open(recording).config_text))
        writer.event(case.clock)
        writer.decision(case)
        writer.decision(Fault(case.at, "camera/street1", FaultKind.CAMERA, "gone", 3))
        writer.decision(Fault(case.at, "camera/cam1", FaultKind.PLATE_OUTSIDE_GRAMMAR, "no plate: '沪A1234'"))
        writer.close()
    rec = edge_agent.open_recording(path)

    [row] = rec.street_cases_frame().to_dict("records")
    fault, misread = rec.faults_frame().to_dict("records")

    assert misread["detail"] == "a text that is no plate"
    assert "沪A1234" in rec.faults_frame(plates=True).to_dict("records")[1]["detail"]
    assert row["zone"] == case.report.zone
    assert row["dwell_s"] == case.report.dwell / 1e9
    assert row["passable_m"] == case.report.passable_mm / 1000
    assert row["time"].value == case.report.judged_at + case.clock.utc_minus_mono
    assert (fault["source"], fault["kind"], fault["count"]) == ("camera/street1", "camera", 3)


def test_a_black_box_s_segments_are_one_recording(recording, tmp_path):
    """Cut in the middle of a crossing."""
    before = Recording.open(recording)
    happened = list(before.events())
    cut = next(n for n, event in enumerate(happened) if event.at - happened[0].at > 9.3e9)
    for number, part in enumerate((happened[:cut], happened[cut:]), start=1):
        with (tmp_path / f"journal-{number:08d}.mcap").open("wb") as stream:
            writer = RecordingWriter(stream, RecordingHeader("test", "", before.config_text))
            for event in part:
                writer.event(event)
            writer.close()

    rec, whole = edge_agent.open_recording(tmp_path), edge_agent.open_recording(recording)

    assert [seen.record for seen in rec.crossings()] == [seen.record for seen in whole.crossings()]
    assert rec.weights("1").kg.shape == whole.weights("1").kg.shape
    assert rec.plot_trace(list(rec.crossings())[1]).svg == whole.plot_trace(list(whole.crossings())[1]).svg
    assert len(rec.info.files) == 2


def test_of_two_runs_each_is_decided_with_its_own_configuration_and_has_its_own_trace(recording, tmp_path):
    """The box was started anew, with another limit, and its clock too."""
    before = Recording.open(recording)
    strict = recorded.to_text(
        changed(from_text(before.config_text), ["lanes.1.limits.posted.limit_kg=10000"])
    )
    for number, config in enumerate((before.config_text, strict), start=1):
        with (tmp_path / f"journal-{number:08d}.mcap").open("wb") as stream:
            writer = RecordingWriter(stream, RecordingHeader("test", "", config))
            for event in before.events():
                writer.event(event)
            writer.close()

    rec = edge_agent.open_recording(tmp_path)

    assert rec.crossings_frame().over.tolist() == [False, True, True, True]
    assert rec.replay().crossings_frame().over.tolist() == [False, True, True, True]
    with pytest.raises(UsageError, match="open its file alone"):
        rec.plot_trace(next(rec.crossings()))
