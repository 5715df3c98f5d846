"""Processes that replay: one that is killed costs a try, one that hangs is killed, none is left behind."""

import errno
import os
import resource
import select
import signal
import threading
from contextlib import closing

import pytest

from edge_agent.corpus import pool as pools
from edge_agent.corpus.plan import Job
from edge_agent.corpus.pool import Pool
from edge_agent.corpus.work import work
from tests.corpus_runs.recordings import a_job, a_plan, a_recording

MEMORY_MB = 2_000


@pytest.fixture
def jobs(tmp_path):
    return [a_job(a_recording(tmp_path / f"{n}.mcap", 9_000 + 4_000 * n)) for n in range(6)]


@pytest.fixture
def stuck(tmp_path):
    """A recording whose reader waits until somebody writes: a named pipe."""
    path = tmp_path / "stuck.mcap"
    os.mkfifo(path)
    return Job("stuck.mcap", (str(path),), "0" * 64, "k", 0)


def kill_who_reads(pool, path, before=lambda: None):
    """Wait until a process of the pool has the recording open, kill it, and see it gone."""
    with path.open("wb"):  # a pipe: blocks until there is a reader
        before()
        pid = pool.pids[0]  # it has got the first job
        gone = os.pidfd_open(pid)
        os.kill(pid, signal.SIGKILL)
        select.select([gone], [], [])
        os.close(gone)


def beside(work, *arguments):
    thread = threading.Thread(target=work, args=arguments, daemon=True)
    thread.start()
    return thread


def ended(thread):
    """What failed before the recording was opened leaves the killer waiting: that is a failure, no hang."""
    thread.join(60)
    assert not thread.is_alive()


@pytest.mark.slow
def test_two_processes_give_what_this_one_gives_though_one_of_them_is_killed(jobs, stuck, tmp_path):
    pool = Pool(2, MEMORY_MB)
    good = a_recording(tmp_path / "good.mcap", 25_000)
    path = tmp_path / "stuck.mcap"
    killer = beside(kill_who_reads, pool, path, lambda: good.replace(path))
    answers = {answer.result.recording: answer for answer in pool.answers([stuck, *jobs], a_plan())}
    ended(killer)

    assert (pool.name, pool.pids) == ("2 processes", ())
    assert sorted(answers) == sorted([*(job.recording for job in jobs), "stuck.mcap"])
    for job in jobs:
        assert answers[job.recording].decisions == work(job, a_plan()).decisions
        assert answers[job.recording].result.tries == 1
    assert (answers["stuck.mcap"].result.state, answers["stuck.mcap"].result.tries) == ("done", 2)


@pytest.mark.slow
def test_a_recording_that_kills_every_process_is_marked_and_the_others_are_done(jobs, stuck, tmp_path):
    pool = Pool(1, MEMORY_MB)

    def twice():
        kill_who_reads(pool, tmp_path / "stuck.mcap")
        kill_who_reads(pool, tmp_path / "stuck.mcap")

    killer = beside(twice)
    answers = {a.result.recording: a.result for a in pool.answers([stuck, jobs[0]], a_plan())}
    ended(killer)

    died = answers["stuck.mcap"]
    assert (died.state, died.tries) == ("died", 2)
    assert died.problem == "its process ended with signal SIGKILL, 2 times"
    assert answers[jobs[0].recording].state == "done"


def test_a_process_that_hangs_is_killed_and_its_recording_is_too_long(stuck, monkeypatch):
    monkeypatch.setattr(pools, "GRACE_S", 0)
    [answer] = Pool(1, MEMORY_MB).answers([stuck], a_plan(timeout_s=3.0))

    assert answer.result.state == "too_long"
    assert "its process was killed" in answer.result.problem


def test_whoever_stops_asking_leaves_no_process_behind_nor_may_one_have_more_memory_than_it_is_given(jobs):
    pool = Pool(1, memory_mb=8)
    with closing(pool.answers(iter(jobs), a_plan())) as answers:
        first = next(answers)
        [pid] = pool.pids
        assert resource.prlimit(pid, resource.RLIMIT_DATA) == (8_000_000, 8_000_000)

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert first.result.state == "failed"  # which part of the libraries lacks it first, nobody knows


@pytest.mark.parametrize("lack", [MemoryError(), ImportError("libz"), OSError(errno.ENOMEM, "no memory")])
def test_what_does_not_fit_is_told_as_too_little_memory(jobs, monkeypatch, lack):
    def full(*_):
        raise lack

    monkeypatch.setattr("edge_agent.corpus.work.replay", full)

    assert work(jobs[0], a_plan()).result.problem == "more memory than a worker may have (--memory-mb)"


def test_of_a_process_that_is_killed_no_temporary_file_is_left(stuck, tmp_path):
    """Its folder is there while it works and gone with it; that of the next one is gone at the end."""
    work, good = tmp_path / "work", a_recording(tmp_path / "good.mcap", 25_000)
    work.mkdir()
    pool, seen = Pool(1, MEMORY_MB, work), []

    def before():
        seen.extend(work.glob("*/edge-agent-corpus-*"))
        good.replace(tmp_path / "stuck.mcap")

    killer = beside(kill_who_reads, pool, tmp_path / "stuck.mcap", before)
    with closing(pool.answers(iter([stuck]), a_plan())) as answers:
        first = next(answers).result
        [now] = work.iterdir()
    ended(killer)

    assert (first.state, first.tries) == ("done", 2)
    [then] = seen
    assert then.parent != now
    assert list(work.iterdir()) == []
