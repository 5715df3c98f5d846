"""A marked session: out of the journal of a daemon that runs, or with the devices opened for it."""

import json
import os
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from edge_agent import marked_session
from edge_agent.cli.main import main
from edge_agent.config.loader import load
from edge_agent.core.decisions import CrossingSeen, Seal
from edge_agent.core.events import SerialBytes
from edge_agent.errors import JournalError, UsageError
from edge_agent.journal.reader import Recording
from edge_agent.local_door import ask_journal
from tests.test_compose import WAIT_S, Running, a_site, a_vehicle, line

__all__ = ["line"]


@pytest.fixture
def box(tmp_path, line):
    """A daemon whose door is open; what is written to it is a vehicle on the scale."""
    site = load(a_site(tmp_path, line[1]))
    running = Running(site).ready()
    while ask_journal(site, flush=False) is None:
        assert running.agent.health
    running.site = site

    def drive(name, gross_kg):
        os.write(line[0], a_vehicle(name, gross_kg))
        return running.next_decision(CrossingSeen)

    running.drive = drive
    yield running
    running.agent.stop()
    assert running.ended()


def test_a_session_beside_a_daemon_is_what_its_journal_has_and_marks_where_it_begins(tmp_path, box):
    box.drive("before", 9_000)
    recorded = marked_session.who_records(box.site, tmp_path / "rec.mcap", video=False)
    begun = marked_session.begin(recorded)
    box.drive("heavy", 26_000)
    seal = box.next_decision(Seal)

    made = marked_session.finish(
        recorded, begun, begun, tmp_path / "rec.mcap", "after the new surface", video=False
    )

    assert made.from_daemon
    assert made.extracted.crossings == 1
    recording = Recording.open(tmp_path / "rec.mcap")
    vehicles = [event for event in recording.events() if isinstance(event, SerialBytes)]
    assert b"before" in vehicles[0].data
    assert seal in list(recording.decisions())
    said = recording.metadata
    assert said["note"] == "after the new surface"
    assert int(said["marked_from_monotonic_ns"]) == begun.at < int(said["marked_to_monotonic_ns"])
    assert said["boot_id"] == begun.boot_id
    assert recording.config_text


def test_the_recording_of_a_session_replays_to_the_decisions_made_live(tmp_path, box, capsys):
    box.drive("heavy", 26_000)
    out = tmp_path / "rec.mcap"
    asked = ["record", "--config", str(tmp_path / "site.yaml"), "--out", str(out), "--seconds", "0"]
    assert main([*asked, "--note", "n", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["from_daemon"], said["ended_by_itself"]) == (True, False)

    assert main(["replay", str(out), "--out", str(tmp_path / "again"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["identical"] is True
    assert main(asked) == 2
    assert "exists" in capsys.readouterr().err


def test_a_daemon_that_ends_ends_the_session_and_what_it_saw_is_there(tmp_path, box):
    out = tmp_path / "rec.mcap"
    recorded = marked_session.who_records(box.site, out, video=False)
    begun = marked_session.begin(recorded)
    box.drive("heavy", 26_000)
    last = recorded.now(flush=True)
    box.agent.stop()
    assert box.ended()

    assert recorded.now() is None
    made = marked_session.finish(recorded, begun, last, out, "", video=False)

    assert made.extracted.crossings == 1


def test_video_that_the_daemon_does_not_record_is_not_promised(tmp_path, box):
    with pytest.raises(UsageError, match=r"journal\.video"):
        marked_session.who_records(box.site, tmp_path / "rec.mcap", video=True)


def test_a_daemon_that_does_not_answer_keeps_its_devices(tmp_path, box, monkeypatch):
    monkeypatch.setattr(marked_session, "ask_journal", lambda *_args, **_more: None)

    with pytest.raises(UsageError, match="as root"):
        marked_session.who_records(box.site, tmp_path / "rec.mcap", video=False)


@pytest.fixture
def another_user():
    """Not root, and not the daemon's: its folders are 0700, as pytest's are."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    os.seteuid(65534)
    yield
    os.seteuid(0)


@pytest.mark.parametrize("daemon", [True, False])
def test_another_user_is_told_before_the_session_that_it_takes_root(
    tmp_path, another_user, daemon, monkeypatch
):
    site = SimpleNamespace(
        evidence=SimpleNamespace(store=SimpleNamespace(directory=tmp_path / "evidence")),
    )
    answer = {"journal": {"folder": str(tmp_path / "journal"), "video": False}} if daemon else None
    monkeypatch.setattr(marked_session, "ask_journal", lambda *_args, **_more: answer)

    with pytest.raises(UsageError, match=r"this user may not .* as root"):
        marked_session.who_records(site, tmp_path / "rec.mcap", video=False)


def test_no_lock_is_left_where_no_daemon_has_been(tmp_path, line):
    site = load(a_site(tmp_path, line[1]))
    site.evidence.store.directory.mkdir()

    recorded = marked_session.who_records(site, tmp_path / "rec.mcap", video=False)

    assert not recorded.from_daemon
    with recorded:
        assert list(site.evidence.store.directory.iterdir()) == []


def test_without_a_daemon_the_devices_are_opened_and_nothing_is_sealed(tmp_path, line):
    ours, device = line
    site = load(a_site(tmp_path, device))
    out = tmp_path / "rec.mcap"
    pause = threading.Event()
    with marked_session.who_records(site, out, video=False) as recorded:
        begun = marked_session.begin(recorded)
        while (now := recorded.now()).crossings == 0:  # what comes before the line is open is not the box's
            os.write(ours, a_vehicle("heavy", 26_000))
            pause.wait(0.02)
        made = marked_session.finish(recorded, begun, now, out, "", video=False)

    assert not made.from_daemon
    assert made.extracted.crossings >= 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rec.mcap", "site.yaml"]
    recording = Recording.open(out)
    assert any(isinstance(decision, Seal) for decision in recording.decisions())
    assert recording.metadata["config_sha256"] == site.sha256()
    assert main(["replay", str(out), "--out", str(tmp_path / "again")]) == 0


def test_ctrl_c_ends_it_cleanly(tmp_path, line):
    out = tmp_path / "rec.mcap"
    command = [sys.executable, "-m", "edge_agent", "record", "--lang", "en", "--out", str(out)]
    command += ["--config", str(a_site(tmp_path, line[1]))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert "No daemon runs" in process.stdout.readline()
        process.send_signal(2)
        said, _ = process.communicate(timeout=WAIT_S)

    assert process.returncode == 0, said
    assert "edge-agent replay" in said
    assert list(Recording.open(out).events())


def test_a_time_of_which_nothing_was_recorded_leaves_no_file(tmp_path, box):
    recorded = marked_session.who_records(box.site, tmp_path / "rec.mcap", video=False)
    begun = marked_session.begin(recorded)
    assert recorded.now(flush=True)  # the segment is there
    for path in (tmp_path / "journal").iterdir():
        path.unlink()

    with pytest.raises(JournalError, match="nothing was recorded"):
        marked_session.finish(recorded, begun, begun, tmp_path / "rec.mcap", "", video=False)
    assert not (tmp_path / "rec.mcap").exists()
