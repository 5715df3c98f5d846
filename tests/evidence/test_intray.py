import errno
import hashlib
import os
import threading
from pathlib import Path

import pytest

from edge_agent.core.events import ClockSource, ClockStatus
from edge_agent.core.units import S
from edge_agent.errors import StoreFull, UsageError
from edge_agent.evidence import dsse, intray, owner
from edge_agent.evidence.dsse import EVIDENCE_TYPE
from edge_agent.evidence.examples import KEY, a_store
from edge_agent.evidence.intray import Intray, NoteFile, tray_of
from edge_agent.evidence.keys import KeyRing
from edge_agent.evidence.noting import Noter
from edge_agent.evidence.pressure import Step
from edge_agent.evidence.statement import Kind, parse
from edge_agent.evidence.statement_operator import Calibration, Commissioning, OperatorAction

RING = KeyRing({EVIDENCE_TYPE: [KEY.public]})
NOW = ClockStatus(1_000 * S, 1_700_000_000 * S, ClockSource.NTP, True, 0, 1_000_000, 3)


def an_action(subject="zone/fruit_front"):
    return OperatorAction(
        by="wang",
        role="technician",
        via="console",
        address="192.0.2.7",
        action="config_saved",
        subject=subject,
        outcome="done",
        detail="",
    )


def a_commissioning(report_sha256):
    return Commissioning(
        outcome="accepted",
        by="wang",
        organisation="养护公司",
        remarks="",
        config_sha256="0" * 64,
        calibration_ids=["lane-1-2026-11-30"],
        checks_ok=20,
        checks_warning=1,
        checks_fault=0,
        checks_unknown=0,
        test_crossings=3,
        test_receipted=3,
        report_sha256=report_sha256,
    )


def a_calibration():
    return Calibration(
        lane="1",
        method="test_truck",
        outcome="applied",
        by="wang",
        reference="truck A, 24,980 kg",
        old_calibration_id="none",
        new_calibration_id="lane-1",
        factor_ppm=-24_000,
        interval_ppm=1_200,
        factors=[],
        runs=12,
        runs_left_out=1,
        cost323_class="B+(7)",
        r134_class="5",
        detail="",
        report_sha256=None,
    )


@pytest.fixture
def tray(tmp_path):
    return tray_of(tmp_path / "evidence")


@pytest.fixture
def store(tmp_path):
    with a_store(tmp_path / "evidence") as opened:
        yield opened


def noted(store):
    """The statements after genesis."""
    envelopes = [store.packet(seq).envelope for seq in store.seqs()]
    return [parse(dsse.open_envelope(e, RING, {EVIDENCE_TYPE}).payload) for e in envelopes][1:]


def sealing(tray, store, **named):
    told = {"clock": lambda: NOW, "sealed": lambda _: None, "failed": lambda _: None, **named}
    return Noter(tray, store, **told)


def run_once(noter):
    noter.start()
    noter.stop()


def test_notes_are_sealed_in_the_order_in_which_they_were_left(tray, store):
    for subject in ("a", "b", "c"):
        tray.put(an_action(subject))
    tray.put(a_calibration())
    run_once(sealing(tray, store))
    said = noted(store)
    assert [s.kind for s in said] == [Kind.OPERATOR_ACTION] * 3 + [Kind.CALIBRATION]
    assert [s.record.subject for s in said[:3]] == ["a", "b", "c"]
    assert list(tray.waiting()) == []


def test_a_note_left_while_the_daemon_runs_is_sealed_at_once(tray, store):
    sealed = threading.Event()
    noter = sealing(tray, store, sealed=lambda _: sealed.set())
    noter.start()
    tray.put(an_action())
    assert sealed.wait(10)
    noter.stop()
    assert len(noted(store)) == 1


def test_a_notes_file_is_attached_and_its_digest_is_that_of_its_bytes(tray, store):
    page = "<html>验收</html>".encode()
    sha256 = hashlib.sha256(page).hexdigest()
    tray.put(a_commissioning(sha256), [NoteFile.of("text/html", page)])
    run_once(sealing(tray, store))
    [said] = noted(store)
    [file] = said.attachments
    assert (file.role, file.sha256, file.size) == ("report", sha256, len(page))
    assert store.attachment(sha256) == page
    assert said.retention.delete_after_utc_us is None


def test_a_daemon_that_died_between_commit_and_removal_does_not_seal_twice(tray, store):
    tray.put(an_action())
    [(path, note)] = tray.waiting()
    assert store.record_note(note, NOW) is not None
    run_once(sealing(tray, store))
    assert len(noted(store)) == 1
    assert not path.exists()


def test_without_room_a_note_waits(tray, store, monkeypatch):
    tray.put(an_action())

    def full(*_):
        raise StoreFull("no room")

    with monkeypatch.context() as disk:
        disk.setattr(store, "record_note", full)
        run_once(sealing(tray, store))
    assert len(list(tray.waiting())) == 1
    run_once(sealing(tray, store))
    assert len(noted(store)) == 1


def test_a_report_that_finds_no_room_holds_up_no_other_note_and_is_sealed_when_there_is_some(
    tray, store, monkeypatch
):
    page = b"<html>"
    tray.put(a_commissioning(hashlib.sha256(page).hexdigest()), [NoteFile.of("text/html", page)])
    tray.put(an_action())
    told = []
    with monkeypatch.context() as disk:
        disk.setattr(store._room, "step", lambda: Step.NO_MARKED)
        run_once(sealing(tray, store, trouble=told.append))
    assert [s.kind for s in noted(store)] == [Kind.OPERATOR_ACTION]
    assert "no room" in told[0]
    run_once(sealing(tray, store))
    assert [s.kind for s in noted(store)] == [Kind.OPERATOR_ACTION, Kind.COMMISSIONING]


def test_a_note_that_the_daemon_may_not_read_or_remove_holds_up_no_other_and_is_sealed_once(
    tray, store, monkeypatch
):
    """As root leaves it where the folder is root's too."""
    for subject in ("a", "b", "c"):
        tray.put(an_action(subject))
    first, second, _ = sorted(tray._folder.iterdir())
    read, remove = intray._read, Path.unlink

    def denied(path, *_args, **_named):
        if path in (first, second):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return remove(path)

    told = []
    with monkeypatch.context() as disk:
        disk.setattr(intray, "_read", lambda path: denied(path) if path == first else read(path))
        disk.setattr(Path, "unlink", denied)
        run_once(sealing(tray, store, trouble=told.append))
        run_once(sealing(tray, store))
    assert [s.record.subject for s in noted(store)] == ["b", "c"]
    assert told[0].count("Permission denied") == 2
    run_once(sealing(tray, store))
    assert [s.record.subject for s in noted(store)] == ["b", "c", "a"]
    assert list(tray.waiting()) == []


def test_a_mistake_in_the_program_costs_the_note_and_not_the_daemon(tray, store, monkeypatch):
    tray.put(an_action())
    [(path, _)] = tray.waiting()
    failed = []
    noter = sealing(tray, store, failed=failed.append)
    with monkeypatch.context() as program:
        program.setattr(store, "record_note", lambda *_: 1 / 0)
        run_once(noter)
    assert (failed, noter.pulse.age_s) == ([], None)  # nobody takes it for one that hangs
    assert path.with_suffix(".broken").exists()
    tray.put(an_action("next"))
    run_once(sealing(tray, store))
    assert [s.record.subject for s in noted(store)] == ["next"]


def test_a_pipe_or_a_folder_in_the_tray_is_waited_for_by_nobody(tray, store):
    tray.put(an_action())
    os.mkfifo(tray._folder / "000000000000-a.note")
    (tray._folder / "000000000000-b.note").mkdir()
    run_once(sealing(tray, store))
    assert len(noted(store)) == 1


def test_of_many_large_notes_one_is_in_memory_at_a_time(tray, store, monkeypatch):
    """Else a tray that filled up while the daemon was down would end each of its starts."""
    for _ in range(3):
        tray.put(an_action())
    read, held = intray._read, []

    def counted(path):
        note = read(path)
        held.append(len(noted(store)))
        return note

    monkeypatch.setattr(intray, "_read", counted)
    run_once(sealing(tray, store))
    assert held == [0, 1, 2]


def test_what_root_leaves_is_given_to_whom_the_store_belongs(tmp_path, monkeypatch):
    """Its folder may lie in one of root's."""
    given = []
    (tmp_path / "evidence").mkdir()
    monkeypatch.setattr(owner.os, "geteuid", lambda: 0)
    monkeypatch.setattr(owner.os, "chown", lambda path, uid, *_, **__: given.append((path.name, uid)))
    stat = Path.stat

    def of_the_daemon(path, **named):
        found = list(stat(path, **named))
        found[4] = 990 if path.name == "evidence" else 0
        return os.stat_result(found)

    with monkeypatch.context() as users:
        users.setattr(Path, "stat", of_the_daemon)
        tray_of(tmp_path / "evidence").put(an_action())
    assert [uid for _, uid in given] == [990, 990]
    assert given[0][0] == "intray"


def test_root_gives_away_no_file_of_its_own_that_a_link_in_the_daemon_s_folder_leads_to(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(owner.os, "geteuid", lambda: 0)
    given = []

    def chown(path, _uid, _gid, *, follow_symlinks=True):
        given.append(path.resolve() if follow_symlinks else path)

    monkeypatch.setattr(owner.os, "chown", chown)
    (tmp_path / "roots").touch()
    (tmp_path / "link").symlink_to(tmp_path / "roots")
    stat = Path.stat

    def of_the_daemon(path, **named):
        found = list(stat(path, **named))
        found[4] = 990
        return os.stat_result(found)

    with monkeypatch.context() as users:
        users.setattr(Path, "stat", of_the_daemon)
        owner.give_to_the_daemon(tmp_path / "link")
    assert given == [tmp_path / "link"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"id":"' + b"0" * 32 + b'","record":{"type":"heartbeat","uptime_s":1},"files":[]}',
        b'{"id":"' + b"0" * 32 + b'","record":{"type":"genesis"},"files":[]}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_note_is_set_aside_and_never_sealed(tray, store, tmp_path, content):
    tray.put(an_action())
    bad = tmp_path / "intray" / "000000000000-bad.note"
    bad.write_bytes(content)
    run_once(sealing(tray, store))
    assert len(noted(store)) == 1
    assert bad.with_suffix(".broken").read_bytes() == content


def test_a_note_that_is_too_large_is_refused_when_it_is_left(tray, monkeypatch):
    monkeypatch.setattr(intray, "MAX_NOTE", 1000)
    with pytest.raises(UsageError, match="at most 1000"):
        tray.put(a_commissioning("0" * 64), [NoteFile.of("text/html", bytes(1000))])
    assert list(tray.waiting()) == []


def test_a_tray_that_nobody_empties_says_so(tray, monkeypatch):
    monkeypatch.setattr(intray, "MAX_WAITING", 2)
    tray.put(an_action())
    tray.put(an_action())
    with pytest.raises(UsageError, match="does the daemon run"):
        tray.put(an_action())


def test_nobody_else_can_read_the_tray(tmp_path):
    Intray(tmp_path / "intray").put(an_action())
    assert (tmp_path / "intray").stat().st_mode & 0o077 == 0
    [note] = (tmp_path / "intray").iterdir()
    assert note.stat().st_mode & 0o077 == 0
