"""A corpus on one process, on two, and on a Dask cluster of two workers, one of them killed: all of it, once.

What a run costs beyond its replays is what the engine costs: starting processes, sending, writing results.
CPU seconds are of every process together; on a machine that others use as well the wall clock says little.
"""

from __future__ import annotations

import logging
import os
import resource
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_agent.bench.corpus_recordings import make
from edge_agent.corpus.cluster import Cluster
from edge_agent.corpus.finding import Found, find
from edge_agent.corpus.plan import DONE, Plan, Result, program
from edge_agent.corpus.pool import Pool
from edge_agent.corpus.run_folder import RESULT, RunFolder
from edge_agent.corpus.running import Engine, Ran, run_id
from edge_agent.corpus.running import run as run_corpus

Told = Callable[[str, int, int], None]

MEMORY_MB = 2_000
WORKERS = 2
KILL_AFTER = 3  # when a third of the recordings is done


@dataclass(slots=True)
class _Way:
    """One way of running the corpus, and what came of it."""

    name: str
    ran: Ran
    wall_s: float
    cpu_s: float  # of all processes
    own_cpu_s: float  # of the one that hands out and writes: what does not get less with more workers
    killed: int = 0  # pid; 0: nobody was killed
    results: int = 0  # files
    wrong: list[str] = field(default_factory=list)


def run(
    recordings: int, seed: int, configs: Path, told: Told = lambda _what, _done, _of: None
) -> dict[str, Any]:
    """Make the recordings, run them each way, hold the results against those of one process.

    Args:
        recordings: how many.
        seed: of the simulated traffic.
        configs: where the example sites lie.
        told: what is being done, how much of it, of how much.

    Returns:
        a row for each way; `good` only if each has exactly one result for every recording, and the same one.
    """
    with tempfile.TemporaryDirectory(prefix="edge-agent-bench-") as name:
        folder = Path(name) / "recordings"
        made = make(folder, configs, recordings, seed, lambda done: told("simulating", done, recordings))
        found = find(folder)
        load = os.getloadavg()[0]
        ways = [
            _way(way, Path(name), folder, found, told) for way in ("one", "pool", "pool-", "dask", "dask-")
        ]
        load = max(load, os.getloadavg()[0])
    serial = ways[0]
    bare = sum(row.cpu_s for row in serial.ran.rows)
    for way in ways:
        _check(way, serial, recordings)
    return {
        "simulated": True,
        "recordings": recordings,
        "made": made,
        "mb": round(sum(one.size for one in found) / 1e6, 1),
        "recorded_s": round(sum(row.recorded_s for row in serial.ran.rows)),
        "bare_cpu_s": round(bare, 2),
        "load": round(load, 1),
        "ways": [_row(way, serial) for way in ways],
        "good": not any(way.wrong for way in ways),
    }


def text(result: dict[str, Any]) -> str:
    """For a person."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in result["made"].items())
    head = (
        "",
        "wall s",
        "a second",
        "x one process",
        "CPU s",
        "of it here",
        "cores had",
        "CPU over bare",
        "killed",
        "tried again",
        "results",
        "as with one process",
    )
    rows = [head] + [
        (
            way["way"],
            f"{way['wall_s']:.1f}",
            f"{way['a_second']:.1f}",
            f"{way['scaling']:.2f}",
            f"{way['cpu_s']:.1f}",
            f"{way['own_cpu_s']:.1f}",
            f"{way['cpu_s'] / way['wall_s']:.2f}",
            f"{way['overhead']:.2f} x",
            "one" if way["killed"] else "",
            str(way["tried_again"]) if way["killed"] else "",
            str(way["results"]),
            "all" if not way["wrong"] else "NOT",
        )
        for way in result["ways"]
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        f"{result['recordings']} simulated recordings ({kinds})",
        f"{result['mb']} MB, {result['recorded_s']} s recorded",
        f"bare replay: {result['bare_cpu_s']} s of CPU; load of the machine up to {result['load']}",
        *(
            "  ".join(
                c.ljust(w) if k == 0 else c.rjust(w) for k, (c, w) in enumerate(zip(row, widths, strict=True))
            )
            for row in rows
        ),
        *(f"WRONG, {way['way']}: {wrong}" for way in result["ways"] for wrong in way["wrong"][:5]),
    ]
    return "\n".join(lines)


def _way(way: str, root: Path, folder: Path, found: list[Found], told: Told) -> _Way:
    """Run the corpus one way; a name that ends with - is with one worker killed."""
    kill = way.endswith("-")
    before, own, began = _cpu_s(), time.process_time(), time.monotonic()
    plan = Plan(program())
    kept = RunFolder(root / f"run-{way}")
    killed = 0
    rows = 0
    with _engine(way.rstrip("-")) as (name, engine, pids), kept.opened(run_id(folder, plan)):
        label = f"{name}, one killed" if kill else name

        def done(_row: Result, _taken_over: bool) -> None:
            nonlocal killed, rows
            rows += 1
            told(label, rows, len(found))
            if kill and not killed and rows >= len(found) // KILL_AFTER:
                killed = pids()[0]
                os.kill(killed, signal.SIGKILL)

        ran = run_corpus(found, plan, engine, kept, done)
    wall, cpu, own = time.monotonic() - began, _cpu_s() - before, time.process_time() - own
    files = sum(1 for _ in (kept.path / "recordings").rglob(RESULT))
    return _Way(label, ran, wall, cpu, own, killed, files)


@contextmanager
def local_cluster(workers: int, **more: Any) -> Iterator[Any]:
    """A Dask scheduler and so many worker processes on loopback, without a dashboard.

    Args:
        workers: of one thread each.
        more: for `distributed.LocalCluster`.
    """
    from distributed import LocalCluster  # noqa: PLC0415 - extra `cluster`

    with LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",  # its HTTP server, on any port that is free
        scheduler_kwargs={"dashboard": False},
        silence_logs=logging.CRITICAL,
        **more,
    ) as cluster:
        yield cluster


@contextmanager
def _engine(way: str) -> Iterator[tuple[str, Engine, Callable[[], tuple[int, ...]]]]:
    """Its name, itself, and who asks it for the pids of its workers."""
    if way != "dask":
        pool = Pool(1 if way == "one" else WORKERS, MEMORY_MB)
        yield pool.name, pool, lambda: pool.pids
        return
    with local_cluster(WORKERS) as cluster:
        name = f"Dask, {WORKERS} workers"
        yield name, Cluster(cluster.scheduler_address), lambda: tuple(w.pid for w in cluster.workers.values())


def _check(way: _Way, serial: _Way, recordings: int) -> None:
    names = [row.recording for row in way.ran.rows]
    if len(names) != recordings or len(set(names)) != recordings:
        way.wrong.append(f"{len(names)} results of {len(set(names))} recordings, {recordings} wanted")
    if way.results != recordings:
        way.wrong.append(f"{way.results} files with a result, {recordings} wanted")
    expected = {row.recording: row for row in serial.ran.rows}
    for row in way.ran.rows:
        like = expected.get(row.recording)
        if like is None or (row.state, row.decisions_sha256) != (like.state, like.decisions_sha256):
            way.wrong.append(f"{row.recording}: {row.state} {row.problem or 'with other decisions'}")
    if not any(row.state == DONE for row in way.ran.rows):
        way.wrong.append("nothing was replayed")


def _row(way: _Way, serial: _Way) -> dict[str, Any]:
    bare = sum(
        row.cpu_s for row in way.ran.rows
    )  # of this very way: neighbours slow a CPU second down as well
    return {
        "way": way.name,
        "wall_s": round(way.wall_s, 2),
        "a_second": round(len(way.ran.rows) / way.wall_s, 2),
        "scaling": round(serial.wall_s / way.wall_s, 3),
        "cpu_s": round(way.cpu_s, 2),
        "replay_cpu_s": round(bare, 2),
        "own_cpu_s": round(way.own_cpu_s, 2),
        "overhead": round(way.cpu_s / bare, 3),
        "killed": bool(way.killed),
        "tried_again": sum(row.tries > 1 for row in way.ran.rows),
        "results": way.results,
        "wrong": way.wrong,
    }


def _cpu_s() -> float:
    """Of this process and all that it has started and seen end."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
