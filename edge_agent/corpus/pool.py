"""Processes that each replay one recording at a time, and whose death costs one try of one recording.

`concurrent.futures` gives up all that it was asked for when one of its processes is killed, and cannot say
whose recording killed it; here every process has a pipe of its own.
"""

from __future__ import annotations

import logging
import multiprocessing
import resource
import shutil
import signal
import tempfile
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from edge_agent.corpus.plan import DIED, TOO_LONG, Answer, Job, Plan
from edge_agent.corpus.work import failed, work

TRIES = 2
GRACE_S = 10  # after its time is up a recording may end by itself for so long, then its process is killed
MB = 1_000_000


@dataclass(slots=True)
class _Hand:
    """One process, and what it works at."""

    process: BaseProcess
    pipe: Connection
    folder: str  # where its temporary files are
    job: Job | None = None
    tries: int = 0
    until: float = 0  # monotonic seconds; it is killed then


class Pool:
    """So many processes on this machine."""

    def __init__(self, workers: int, memory_mb: int, folder: Path | None = None) -> None:
        """Nothing is started yet.

        Args:
            workers: processes.
            memory_mb: data that each of them may have (RLIMIT_DATA).
            folder: in which their temporary files are, gone when the work has ended; None: the system's.
        """
        self.name = f"{workers} process" + ("es" if workers > 1 else "")
        self._workers = workers
        self._memory_mb = memory_mb
        self._folder = folder.resolve() if folder is not None else None
        self._hands: list[_Hand] = []

    @property
    def pids(self) -> tuple[int, ...]:
        """Of the processes that live now."""
        return tuple(hand.process.pid for hand in self._hands if hand.process.pid is not None)

    def answers(self, jobs: Iterable[Job], plan: Plan) -> Generator[Answer, None, None]:
        """One answer for each job, in the order in which they are done; jobs are taken as they are needed."""
        todo = _Todo(jobs)
        try:
            self._hands = [self._start(plan) for _ in range(self._workers)]
            for hand in self._hands:
                self._give(hand, todo, plan)
            while busy := [hand for hand in self._hands if hand.job is not None]:
                soonest = min(hand.until for hand in busy)
                ready = wait([hand.pipe for hand in busy], max(0, soonest - time.monotonic()))
                for hand in busy:
                    if hand.pipe in ready:
                        yield from self._take(hand, todo, plan)
                    elif hand.until <= time.monotonic():
                        yield from self._stop(hand, todo, plan)
        finally:
            for hand in self._hands:
                _end(hand)
            self._hands = []

    def _start(self, plan: Plan) -> _Hand:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        folder = tempfile.mkdtemp(prefix="edge-agent-corpus-", dir=self._folder)
        asked = (theirs, plan, self._memory_mb, folder)
        process = context.Process(target=_serve, args=asked, daemon=True)
        process.start()
        theirs.close()  # now its end is open in the process alone: when that dies, ours says so
        return _Hand(process, ours, folder)

    def _give(self, hand: _Hand, todo: _Todo, plan: Plan) -> None:
        """Its next job, before anything is done with what it has just given back."""
        hand.job, hand.tries = todo.next()
        hand.until = time.monotonic() + plan.timeout_s + GRACE_S
        if hand.job is not None:
            with suppress(OSError):  # it is dead: reading from it says so
                hand.pipe.send(hand.job)

    def _take(self, hand: _Hand, todo: _Todo, plan: Plan) -> Iterator[Answer]:
        job, tries = hand.job, hand.tries
        assert job is not None
        try:
            answer: Answer = hand.pipe.recv()
        except (EOFError, OSError):
            hand.process.join()
            why = f"its process ended with {_ended(hand.process.exitcode)}"
            self._replace(hand, plan)
            if tries < TRIES:
                todo.again(job, tries)
            self._give(hand, todo, plan)
            if tries == TRIES:
                yield failed(job, DIED, f"{why}, {tries} times", tries)
            return
        self._give(hand, todo, plan)
        yield replace(answer, result=replace(answer.result, tries=tries))

    def _stop(self, hand: _Hand, todo: _Todo, plan: Plan) -> Iterator[Answer]:
        job, tries = hand.job, hand.tries
        assert job is not None
        self._replace(hand, plan)
        self._give(hand, todo, plan)
        yield failed(
            job, TOO_LONG, f"longer than {plan.timeout_s:g} s (--timeout-s); its process was killed", tries
        )

    def _replace(self, hand: _Hand, plan: Plan) -> None:
        _end(hand)
        new = self._start(plan)
        hand.process, hand.pipe, hand.folder = new.process, new.pipe, new.folder


class _Todo:
    """Jobs in their order, those that are to be tried again first."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._jobs = iter(jobs)
        self._again: deque[tuple[Job, int]] = deque()

    def next(self) -> tuple[Job | None, int]:
        """A job, and which try of it this is; None when there is no more."""
        if self._again:
            job, tries = self._again.popleft()
            return job, tries + 1
        return next(self._jobs, None), 1

    def again(self, job: Job, tries: int) -> None:
        """It was tried so often."""
        self._again.append((job, tries))


def _end(hand: _Hand) -> None:
    hand.process.kill()
    hand.process.join()
    hand.pipe.close()
    shutil.rmtree(hand.folder, ignore_errors=True)


def _ended(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"status {code}"


def _serve(pipe: Connection, plan: Plan, memory_mb: int, folder: str) -> None:
    """A process: job after job until nobody is at the other end."""
    tempfile.tempdir = folder  # it is killed at the end, whenever that is: whoever killed it clears up
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that writes; it ends this one
    logging.disable(logging.CRITICAL)  # what a recording has to say is in its row
    resource.setrlimit(resource.RLIMIT_DATA, (memory_mb * MB, memory_mb * MB))
    me = multiprocessing.current_process().name
    while True:
        try:
            job: Job = pipe.recv()
        except (EOFError, OSError):
            return
        answer = work(job, plan, me)
        try:
            pipe.send(answer)
        except OSError:
            return
