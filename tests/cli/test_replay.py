"""`edge-agent replay` of recordings made live: whole, of a killed daemon, and tampered with."""

import json

import pytest

from edge_agent.cli.main import main
from edge_agent.config import recorded
from edge_agent.config.loader import load
from edge_agent.core.events import SerialBytes, Started, Tick
from edge_agent.core.site import Site
from edge_agent.core.units import S
from edge_agent.journal.opening import open_all
from edge_agent.journal.recorder import Recorder
from edge_agent.journal.settings import JournalSettings
from edge_agent.journal.writer import RecordingHeader, RecordingWriter
from tests.test_compose import a_site, a_vehicle


def runs(count=1):
    """What a daemon saw in `count` runs; each begins with its clock near zero."""
    for run in range(count):
        yield Started(1 * S, f"boot-{run}", "test", "")
        for n in range(4):
            yield SerialBytes((10 + 20 * n) * S, "wim", a_vehicle(f"{run}-{n}", 9_000 + 8_000 * n))
        yield Tick(100 * S)


def journal(folder, events, *, killed=False, decisions=lambda given: given):
    """The recordings that a daemon would have left: a new segment for each run."""
    site_file = a_site(folder, "/dev/null")
    config = load(site_file)
    header = RecordingHeader("test", config.sha256(), recorded.to_text(config))
    settings = JournalSettings(dir=folder / "journal", flush_ms=10)
    site, recorder = Site(config.core()), None
    for event in events:
        if isinstance(event, Started):
            if recorder:
                recorder.close()
            recorder = Recorder(folder / "journal", settings, header)
        recorder.event(event)
        if killed and event.at >= 70 * S:
            return folder / "journal", recorder
        for decision in decisions(site.step(event)):
            recorder.decision(decision)
    recorder.close()
    return folder / "journal", recorder


def replayed(folder, out, capsys):
    status = main(["replay", str(folder), "--out", str(out), "--json"])
    return status, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("count", [1, 3])
def test_what_was_decided_live_is_decided_again_over_any_number_of_restarts(tmp_path, capsys, count):
    folder, _ = journal(tmp_path, runs(count))

    status, said = replayed(folder, tmp_path / "out", capsys)

    assert (status, said["identical"]) == (0, True)
    assert said["statements"] == 2 * count
    assert len((tmp_path / "out" / "decisions.jsonl").read_text("utf-8").splitlines()) == said["decisions"]


def test_a_killed_daemons_last_event_without_its_decisions_is_no_difference(tmp_path, capsys):
    folder, recorder = journal(tmp_path, runs(), killed=True)

    status, said = replayed(folder, tmp_path / "out", capsys)
    recorder.close()

    assert (status, said["identical"]) == (0, True)
    assert said["torn"]


def test_a_decision_that_is_missing_from_a_whole_recording_is_a_difference(tmp_path, capsys):
    folder, _ = journal(tmp_path, runs(), decisions=lambda given: given[:1])

    status, said = replayed(folder, tmp_path / "out", capsys)

    assert (status, said["identical"]) == (1, False)


def test_a_recording_that_lacks_events_is_never_called_identical(tmp_path, capsys):
    folder, _ = journal(tmp_path, runs())
    [path] = folder.glob("*.mcap")
    [recording] = open_all(folder)
    with (tmp_path / "rest.mcap").open("wb") as file:
        header = RecordingHeader("test", "", recording.config_text, boot_id="boot-0")
        writer = RecordingWriter(file, header)
        for number, event in recording.numbered():
            if number != 1:
                writer.event(event, number)
        for decision in recording.decisions():
            writer.decision(decision)
        writer.close()
    path.unlink()

    status, said = replayed(tmp_path / "rest.mcap", tmp_path / "out", capsys)

    assert (status, said["identical"]) == (0, None)
    assert "1 events lost" in said["incomplete"][0]


def test_a_replay_never_writes_into_a_folder_in_use(tmp_path, capsys):
    folder, _ = journal(tmp_path, runs())
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()

    assert main(["replay", str(folder), "--out", str(tmp_path / "out")]) == 2
    assert "is not empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("done", "done: what a replay decided, no recording; give the recording it is of"),
        ("done/empty.mcap", "(it is empty, or ends in its first bytes)"),
        ("done/decisions.jsonl", "(it does not begin as an MCAP file does)"),
    ],
)
def test_what_is_no_recording_is_called_what_it_is(given, words, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "done").mkdir()
    (tmp_path / "done" / "empty.mcap").touch()
    (tmp_path / "done" / "decisions.jsonl").write_text('{"type":"Tick"}\n' * 20, "utf-8")
    if given == "done":
        (tmp_path / "done" / "empty.mcap").unlink()

    assert main(["replay", given, "--out", "out"]) != 0
    assert words in capsys.readouterr().err


def test_a_file_where_a_folder_is_wanted_is_said(tmp_path, capsys):
    folder, _ = journal(tmp_path, runs())
    [recording] = folder.glob("*.mcap")

    assert main(["replay", str(folder), "--out", str(recording)]) == 2
    assert "a file; give a folder" in capsys.readouterr().err
