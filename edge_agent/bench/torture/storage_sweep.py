"""Breaks into every file call of a store at work, one call a try, and looks at what is left.

A process of its own with `shim.c` preloaded: the calls are those of the C library, so SQLite's inside
a commit are among them. For each try a child is forked, which has everything imported already:

    copy the directory  ->  fork, work, die at the n-th call  ->  open it again, compare, seal on

`run` is called by the rows; it starts this module, hands it a job as JSON and reads what it found.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path

from edge_agent.bench.torture.journal_work import journal_works
from edge_agent.bench.torture.row import Outcome
from edge_agent.bench.torture.storage_disks import LoopDisk
from edge_agent.bench.torture.storage_work import Work, open_store, works
from edge_agent.errors import DeviceError, StoreFault, StoreFull
from edge_agent.evidence.examples import a_case
from edge_agent.evidence.store import Sealed
from edge_agent.evidence.verify import verify
from edge_agent.evidence.verify_sources import open_material

# As in shim.c.
COUNT, KILL_BEFORE, KILL_AFTER, FAIL, CUT_BEFORE, CUT_AFTER, FAIL_ON, SHORT = range(8)
SYNC, WRITE, RENAME, OTHER = 1, 2, 4, 8
FAULT_EXIT = 3
FULL_EXIT = 4


Place = tuple[str, int, str]  # epoch, seq, digest


@dataclass(frozen=True, slots=True)
class Job:
    """A sweep: all calls of these kinds, in all works, at every `stride`-th of them."""

    actions: tuple[int, ...]
    kinds: int = SYNC | WRITE | RENAME | OTHER
    errors: tuple[int, ...] = (0,)
    seeds: tuple[int, ...] = (1,)
    stride: int = 1
    only: tuple[str, ...] = ()  # names of works; empty: all
    journal: bool = False  # the works of the journal, not of the store
    image: str = ""  # of the file system whose power is cut


@dataclass(frozen=True, slots=True)
class Point:
    """One try."""

    work: Work
    seed: int
    at: int = 0
    action: int = COUNT
    error: int = 0
    kinds: int = 0

    def __str__(self) -> str:
        """In a message to a person."""
        return (
            f"{self.work.name} (seed {self.seed}), call {self.at}, action {self.action}, error {self.error}"
        )


@dataclass(slots=True)
class Life:
    """What a child said and how it ended."""

    claims: list[Place] = field(default_factory=list)
    after_the_hit: int = 0  # claims made after the call that failed
    calls: int = 0
    hit: bool = False
    status: int = 0
    said: str = ""


def run(job: Job, folder: Path) -> Outcome:
    """Do the sweep in a process of its own; counts of what was lost.

    Raises:
        DeviceError: the sweep itself failed.
    """
    shim = folder / "shim.so"
    source = Path(__file__).with_name("shim.c")
    subprocess.run(  # noqa: S603 - our own source
        ["gcc", "-O1", "-shared", "-fPIC", "-o", str(shim), str(source), "-ldl"],  # noqa: S607 - the machine's compiler
        check=True,
        capture_output=True,
    )
    # Memory outlives a killed process as a disk does, and is faster; a power cut has a disk of its own.
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder of our own in it
    with tempfile.TemporaryDirectory(prefix="edge-agent-sweep-", dir=memory) as work:
        done = subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, "-m", __name__, str(shim), work],
            input=json.dumps(asdict(job)),
            env=os.environ | {"LD_PRELOAD": str(shim)},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        raise DeviceError(f"the sweep failed:\n{done.stderr[-3000:]}")
    return Outcome(**json.loads(done.stdout))


class Shim:
    """The preloaded library."""

    def __init__(self, path: str) -> None:
        self._library = ctypes.CDLL(path)
        self._library.shim_calls.restype = ctypes.c_long

    def arm(self, at: int, action: int, error: int, kinds: int) -> None:
        """From now on count, and act at the n-th."""
        self._library.shim_arm(ctypes.c_long(at), action, error, kinds)

    def power(self, path: Path) -> None:
        """The file system that a power cut hits."""
        if not self._library.shim_power(str(path).encode()):
            raise DeviceError(f"{path} cannot be opened")

    def only(self, folder: Path) -> None:
        """Count nothing outside it."""
        self._library.shim_only(str(folder).encode())

    def disarm(self) -> None:
        """Leave everything alone."""
        self._library.shim_disarm()

    @property
    def calls(self) -> int:
        """Since it was armed."""
        return int(self._library.shim_calls())

    @property
    def hit(self) -> bool:
        """Whether it acted."""
        return bool(self._library.shim_hit())


class Sweep:
    """The forking side."""

    def __init__(self, shim: Shim, folder: Path, disk: LoopDisk | None) -> None:
        self._shim = shim
        self._folder = folder
        self._disk = disk
        self._here = (disk.mount if disk else folder) / "here"
        self.outcome = Outcome()
        self.fault_exits = 0

    def sweep(self, work: Work, seed: int, job: Job) -> None:
        """Every call of this work."""
        base = self._folder / "base"
        claims: list[Place] = []
        base.mkdir()
        work.before(base, seed, lambda sealed: claims.append(_place(sealed)))
        calls = self._try(Point(work, seed, kinds=job.kinds), base, claims).calls
        self.outcome.expect(calls > 3, f"{work.name}: only {calls} calls")
        for action in job.actions:
            for error in job.errors:
                for at in range(1 + seed % job.stride, calls + 1, job.stride):
                    self._try(Point(work, seed, at, action, error, job.kinds), base, claims)
        shutil.rmtree(base)

    def _try(self, point: Point, base: Path, before: list[Place]) -> Life:
        shutil.copytree(base, self._here)
        if self._disk:
            self._disk.sync()
        life = self._live(point)
        if self._disk:
            self._disk.remount()
        self._judge(point, life)
        claims = [*before, *life.claims]
        self.outcome.sealed += len(claims)
        try:
            _check(point, self._here, claims, self.outcome)
            for problem in point.work.after(self._here, life.hit and point.action == FAIL_ON):
                self.outcome.problems.append(f"{point}: {problem}")
        except Exception:  # noqa: BLE001 - a start that fails is what we look for
            self.outcome.problems.append(f"{point}: {traceback.format_exc()[-800:]}")
        shutil.rmtree(self._here)
        return life

    def _judge(self, point: Point, life: Life) -> None:
        """Whether the child ended as it must."""
        killed = {-signal.SIGKILL}
        ends = {0, *killed} if point.work.under else {0, FAULT_EXIT, FULL_EXIT, *killed}
        self.outcome.expect(life.status in ends, f"{point}: ended with {life.status}: {life.said[-600:]}")
        if point.action == COUNT:
            return
        self.outcome.tried += life.hit
        self.fault_exits += life.status == FAULT_EXIT
        if life.hit and point.action == FAIL and point.kinds == SYNC and not point.work.forgiving:
            self.outcome.expect(life.after_the_hit == 0, f"{point}: sealed after a failed call")
            self.outcome.expect(life.status == FAULT_EXIT, f"{point}: ended with {life.status}")

    def _live(self, point: Point) -> Life:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            _die_well(lambda: self._work(point, writing), writing, self._shim)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            lines = pipe.read().decode().splitlines()
        _, status = os.waitpid(pid, 0)
        life = Life(status=os.waitstatus_to_exitcode(status))
        for line in lines:
            kind, *rest = line.split(" ")
            if kind == "claim":
                life.claims.append((rest[0], int(rest[1]), rest[2]))
                life.after_the_hit += rest[3] == "1"
            elif kind == "calls":
                life.calls, life.hit = int(rest[0]), rest[1] == "1"
            else:
                life.said += line + "\n"
        life.hit = life.hit or life.status == -signal.SIGKILL
        return life

    def _work(self, point: Point, writing: int) -> None:
        def claim(sealed: Sealed) -> None:
            epoch, seq, sha256 = _place(sealed)
            os.write(writing, f"claim {epoch} {seq} {sha256} {int(self._shim.hit)}\n".encode())

        if self._disk:
            self._shim.power(self._disk.mount)
        if point.work.under:
            self._shim.only(self._here / point.work.under)
        self._shim.arm(point.at, point.action, point.error, point.kinds)
        point.work.during(self._here, point.seed, claim)


def _die_well(live: Callable[[], None], writing: int, shim: Shim) -> None:
    """The child's end, never back into the parent's code."""
    status = 1
    try:
        live()
        status = 0
    except StoreFault:
        status = FAULT_EXIT
    except StoreFull:
        status = FULL_EXIT
    except BaseException:  # noqa: BLE001 - said to the parent, which judges it
        os.write(writing, traceback.format_exc().encode())
    finally:
        shim.disarm()
        os.write(writing, f"calls {shim.calls} {int(shim.hit)}\n".encode())
        os._exit(status)


def _check(point: Point, here: Path, claims: list[Place], outcome: Outcome) -> None:
    """Open it as the next start does: all that was claimed is there, in one whole chain, and it goes on."""
    name = str(point)
    told = (here / "running").exists()  # it was open, and did not close
    places: dict[tuple[str, int], str] = {}
    for epoch, seq, sha256 in claims:
        outcome.differing += places.setdefault((epoch, seq), sha256) != sha256
    with open_store(here) as store:
        again = store.seal(*a_case(99))
        outcome.expect(again.seq == store.head().seq, f"{name}: sealed out of order")
    have = dict(_statements(here))
    lost = [claim for claim in claims if have.get(claim[:2]) != claim[2]]
    outcome.lost += len(lost)
    if lost:
        outcome.problems.append(f"{name}: lost {lost[0]}")
    material = open_material(here)
    report = verify(material)
    outcome.gaps += report.statements - 1 - report.links - _let_go(here, material.let_go.seq)
    spoilt = _set_aside_seqs(here) if point.work.spoils else set()
    for where, what in report.problems:
        outcome.expect(where in spoilt, f"{name}: {where}: {what}")
    if told:
        incidents = [k for k in _kinds(here) if k == "incident"]
        outcome.expect(bool(incidents), f"{name}: the next start said nothing")


def _statements(here: Path) -> Iterator[tuple[tuple[str, int], str]]:
    """Of the store and of what was set aside, by their place."""
    for path in (here / "evidence.db", *sorted((here / "quarantine").glob("*/evidence.db"))):
        with contextlib.closing(sqlite3.connect(path)) as db:
            for seq, sha256, payload in db.execute("SELECT seq, payload_sha256, payload FROM packet"):
                with contextlib.suppress(ValueError):  # a damaged one: its digest is in the column beside it
                    yield (json.loads(payload)["chain"]["epoch"], seq), sha256


def _let_go(here: Path, mark: int) -> int:
    """Between how many neighbours up to the mark statements were let go: `verify` has counted those."""
    with contextlib.closing(sqlite3.connect(here / "evidence.db")) as db:
        seqs = [seq for (seq,) in db.execute("SELECT seq FROM packet WHERE seq <= ? ORDER BY seq", (mark,))]
    return sum(seq != before + 1 for before, seq in pairwise(seqs))


def _set_aside_seqs(here: Path) -> set[str]:
    """Statements that the store itself says it cannot send, as `verify` names them."""
    with contextlib.closing(sqlite3.connect(here / "evidence.db")) as db:
        rows = db.execute("SELECT seq FROM packet WHERE state = 'quarantined'").fetchall()
    return {f"seq {seq}" for (seq,) in rows}


def _kinds(here: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(here / "evidence.db")) as db:
        return [kind for (kind,) in db.execute("SELECT kind FROM packet")]


def _place(sealed: Sealed) -> Place:
    return sealed.epoch, sealed.seq, sealed.payload_sha256


def main() -> None:
    """The process with the shim: a job on stdin, an outcome on stdout."""
    shim_path, name = sys.argv[1:]
    job = Job(**json.load(sys.stdin))
    folder = Path(name)
    with contextlib.ExitStack() as stack:
        disk = stack.enter_context(LoopDisk(Path(job.image))) if job.image else None
        sweep = Sweep(Shim(shim_path), folder, disk)
        gc.freeze()
        started_s = time.monotonic()
        for seed in job.seeds:
            for work in journal_works() if job.journal else works():
                if not job.only or work.name in job.only:
                    sweep.sweep(work, seed, job)
    found = sweep.outcome
    seconds = time.monotonic() - started_s
    found.measured = {"points per second": round(found.tried / seconds, 1)}
    if sweep.fault_exits:
        found.measured["ended by a fault"] = sweep.fault_exits
    json.dump(asdict(found), sys.stdout)


if __name__ == "__main__":
    main()
