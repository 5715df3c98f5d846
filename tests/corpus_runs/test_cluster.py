"""A Dask cluster: who may be asked, and that it gives what this process gives."""

import multiprocessing
import os
import signal
import threading
from dataclasses import replace

import pytest

from edge_agent.bench.corpus import local_cluster
from edge_agent.corpus.address import TlsFiles, checked_address
from edge_agent.corpus.cluster import Cluster
from edge_agent.corpus.work import work
from edge_agent.errors import UsageError
from tests.corpus_runs.recordings import a_corpus, a_job, a_plan, a_recording

TLS = TlsFiles("ca.pem", "cert.pem", "key.pem")


@pytest.mark.parametrize(
    ("address", "tls", "insecure", "whole"),
    [
        ("127.0.0.1:8786", None, False, "tcp://127.0.0.1:8786"),
        ("tcp://localhost:8786", None, False, "tcp://localhost:8786"),
        ("tcp://[::1]:8786", None, False, "tcp://[::1]:8786"),
        ("tcp://10.0.0.7:8786", None, True, "tcp://10.0.0.7:8786"),
        ("tls://10.0.0.7:8786", TLS, False, "tls://10.0.0.7:8786"),
        ("10.0.0.7:8786", TLS, False, "tls://10.0.0.7:8786"),
    ],
)
def test_this_machine_may_be_asked_and_another_one_with_tls(address, tls, insecure, whole):
    assert checked_address(address, tls, insecure=insecure) == whole


@pytest.mark.parametrize(
    ("address", "tls", "said"),
    [
        ("tcp://10.0.0.7:8786", None, "another machine, without TLS"),
        ("10.0.0.7:8786", None, "another machine, without TLS"),
        ("tls://10.0.0.7:8786", None, "go with tls://"),
        ("tcp://127.0.0.1:8786", TLS, "go with tls://"),
        ("ws://127.0.0.1:8786", None, "give tcp://HOST:PORT"),
        ("inproc://127.0.0.1/1/2", None, "give tcp://HOST:PORT"),
        ("tcp://127.0.0.1", None, "give tcp://HOST:PORT"),
        ("tcp://:8786", None, "give tcp://HOST:PORT"),
        ("tcp://127.0.0.1:port", None, "give tcp://HOST:PORT"),
    ],
)
def test_any_other_address_is_a_mistake_in_the_call(address, tls, said):
    with pytest.raises(UsageError, match=said):
        checked_address(address, tls, insecure=False)


def test_where_nobody_listens_the_command_says_so(monkeypatch):
    monkeypatch.setattr("edge_agent.corpus.cluster.CONNECT_S", 1)
    with pytest.raises(UsageError, match=r"--scheduler tcp://127\.0\.0\.1:9"):
        list(Cluster("tcp://127.0.0.1:9").answers([], a_plan()))


def a_cluster(workers, **more):
    pytest.importorskip("distributed", reason="extra `cluster` is not installed")
    return local_cluster(workers, **more)


def only_here(_file):
    """No worker sees the recording; this process does."""
    return multiprocessing.parent_process() is None


@pytest.mark.slow
def test_two_workers_one_of_them_killed_give_what_this_process_gives(tmp_path, monkeypatch):
    jobs = [a_job(a_recording(tmp_path / f"{n}.mcap", 9_000 + 3_000 * n)) for n in range(8)]
    jobs.append(a_job(a_corpus(tmp_path / "corpus") / "words.mcap"))
    with a_cluster(2) as cluster:
        answers = {}
        for answer in Cluster(cluster.scheduler_address).answers(iter(jobs), a_plan()):
            if not answers:
                os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
            assert answer.result.recording not in answers
            answers[answer.result.recording] = answer

        sent = [replace(job, files=(f"/nowhere/{job.recording}",), shipped=()) for job in jobs[:1]]
        [absent] = Cluster(cluster.scheduler_address).answers(iter(sent), a_plan())
        monkeypatch.setattr("edge_agent.corpus.cluster._exists", only_here)
        with pytest.raises(UsageError, match=r"does not see /nowhere/0\.mcap: share the folder, or --ship"):
            list(Cluster(cluster.scheduler_address).answers(sent, a_plan()))
        gone = Cluster(cluster.scheduler_address, ship_mb=1).answers(sent, a_plan())
        assert [answer.result.problem for answer in gone] == ["0.mcap: No such file or directory"]
        large = Cluster(cluster.scheduler_address, ship_mb=1).answers(
            [replace(jobs[0], size=10**9)], a_plan()
        )
        [refused] = list(large)
        [shipped] = Cluster(cluster.scheduler_address, ship_mb=1).answers(jobs[1:2], a_plan())
        with pytest.raises(UsageError, match=r"here it is 9\.9\.9: install the same"):
            list(Cluster(cluster.scheduler_address).answers(jobs, replace(a_plan(), program="9.9.9")))

    assert absent.result.problem == "0.mcap: No such file or directory"  # here neither: a row like another
    assert sorted(answers) == sorted(job.recording for job in jobs)
    for job in jobs:
        here = work(job, a_plan())
        there = answers[job.recording]
        assert (there.result.state, there.decisions) == (here.result.state, here.decisions)
    assert refused.result.problem == "1000 MB are more than is sent along (--ship-mb)"
    assert shipped.decisions == answers[jobs[1].recording].decisions


@pytest.mark.slow
def test_a_scheduler_with_tls_is_asked_with_the_files_that_are_given(tmp_path):
    distributed = pytest.importorskip("distributed", reason="extra `cluster` is not installed")
    made = distributed.Security.temporary()
    files = TlsFiles(*(tmp_path / name for name in ("ca.pem", "cert.pem", "key.pem")))
    files.ca.write_text(made.tls_ca_file)
    files.cert.write_text(made.tls_client_cert)
    files.key.write_text(made.tls_client_key)
    job = a_job(a_recording(tmp_path / "heavy.mcap", 25_000))
    with a_cluster(1, protocol="tls", security=made) as cluster:
        address = checked_address(cluster.scheduler_address, files, insecure=False)
        [answer] = Cluster(address, files).answers([job], a_plan())

    assert address.startswith("tls://127.0.0.1:")
    assert answer.decisions == work(job, a_plan()).decisions


@pytest.mark.slow
def test_of_a_worker_that_is_killed_no_temporary_file_is_left(tmp_path, monkeypatch):
    """What was at work is in the worker's own folder, which Dask removes; nothing is in the system's."""
    temporary, scratch, path = tmp_path / "tmp", tmp_path / "scratch", tmp_path / "stuck.mcap"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    good = a_recording(tmp_path / "good.mcap", 25_000)
    os.mkfifo(path)
    job = replace(a_job(good), recording="stuck.mcap", files=(str(path),))
    seen = []

    def kill_who_reads():
        with path.open("wb"):  # a pipe: blocks until there is a reader
            seen.extend(scratch.rglob("edge-agent-corpus-*"))
            good.replace(path)
            os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)

    with a_cluster(1, local_directory=str(scratch)) as cluster:
        killer = threading.Thread(target=kill_who_reads, daemon=True)
        killer.start()
        [answer] = Cluster(cluster.scheduler_address).answers(iter([job]), a_plan())
        killer.join(60)
        assert not killer.is_alive()  # it waits for a reader: one that failed before is no hang

    assert answer.result.state == "done"
    assert len(seen) == 1
    assert [*temporary.rglob("edge-agent-*"), *scratch.rglob("edge-agent-*")] == []
