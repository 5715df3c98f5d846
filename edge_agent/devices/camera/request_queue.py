"""Requests for pictures that wait for their instant: a bounded queue and the thread that serves it.

The one whose last instant comes first is served first. One that fails is answered with its problem and
ends nothing; so is one too many, before the others. Who asks never waits, and is never given an answer in
its own thread: it may be the one that has to make room for it.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from edge_agent.core.events import Captured
from edge_agent.core.units import Ns
from edge_agent.progress import IDLE_S, Pulse

log = logging.getLogger(__name__)

# A request waits for its instant, and then decodes and looks at some forty pictures.
LONGEST_ROUND_S = 180


class Request(Protocol):
    """What a request for pictures says, whatever else it wants."""

    @property
    def request(self) -> str:
        """Its name, by which the answer is known."""

    @property
    def camera(self) -> str:
        """Whose pictures."""


R = TypeVar("R", bound=Request)
A = TypeVar("A")  # the answer
AT_ONCE = -(1 << 62)  # before any instant


@dataclass(order=True)
class _Waiting(Generic[R]):
    due: int
    turn: int
    request: R = field(compare=False)
    problem: str = field(default="", compare=False)  # for which it is refused


class RequestQueue(Generic[R, A]):
    """Serves requests in a thread of its own, from `start` to `close`.

    Args:
        name: of the thread.
        carry_out: makes the answer; whatever it raises becomes the answer's problem.
        refusal: the answer that only has a problem.
        emit: takes each answer; called from the thread.
        clock: the box's monotonic clock.
        limit: requests that may wait.
    """

    def __init__(
        self,
        name: str,
        carry_out: Callable[[R], A],
        refusal: Callable[[R, str, Ns], A],
        emit: Callable[[A], object],
        clock: Callable[[], Ns],
        limit: int,
    ) -> None:
        self._carry_out = carry_out
        self._refusal = refusal
        self._emit = emit
        self._clock = clock
        self._limit = limit
        self._waiting: list[_Waiting[R]] = []
        self._turns = itertools.count()
        self._changed = threading.Condition()
        self._stopping = False
        self.pulse = Pulse(name, LONGEST_ROUND_S)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to take requests from the queue."""
        self._thread.start()

    def close(self, timeout: float = 5.0) -> None:
        """Stop; requests that still wait are forgotten."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def submit(self, request: R, due: int) -> None:
        """Take a request whose last instant is `due`. Never blocks."""
        with self._changed:
            full = len(self._waiting) >= self._limit
            if not full:
                self._push(_Waiting(due, next(self._turns), request))
        if full:
            self.refuse(request, f"{self._limit} requests are waiting already")

    def refuse(self, request: R, problem: str) -> None:
        """Have it answered with a problem and no pictures, before anything else. Never blocks."""
        with self._changed:
            self._push(_Waiting(AT_ONCE, next(self._turns), request, problem))

    def _push(self, waiting: _Waiting[R]) -> None:
        heapq.heappush(self._waiting, waiting)
        self._changed.notify_all()

    def _run(self) -> None:
        with self.pulse:
            self._serve()

    def _serve(self) -> None:
        while True:
            self.pulse.beat()
            with self._changed:
                while not self._waiting and not self._stopping:
                    self.pulse.beat()
                    self._changed.wait(IDLE_S)
                if self._stopping:
                    return
                waiting = heapq.heappop(self._waiting)
            if waiting.problem:
                answer = self._refusal(waiting.request, waiting.problem, self._clock())
            else:
                answer = answered(self._carry_out, self._refusal, waiting.request, self._clock)
            self._emit(answer)


class Serving(Generic[R, A]):
    """A worker that serves a queue, in the queue's own thread."""

    def __init__(self, queue: RequestQueue[R, A]) -> None:
        self._queue = queue

    @property
    def pulse(self) -> Pulse:
        """Of its thread."""
        return self._queue.pulse

    def start(self) -> None:
        """Begin to take requests from the queue."""
        self._queue.start()

    def close(self, timeout: float = 5.0) -> None:
        """Stop; requests that still wait are forgotten."""
        self._queue.close(timeout)


def answered(
    carry_out: Callable[[R], A], refusal: Callable[[R, str, Ns], A], request: R, clock: Callable[[], Ns]
) -> A:
    """The answer, or the one that says what went wrong: one bad picture ends nothing."""
    try:
        return carry_out(request)
    except Exception as failure:
        log.exception("request %s failed", request.request)
        return refusal(request, f"{type(failure).__name__}: {failure}"[:300], clock())


def failed(request: Request, problem: str, at: Ns) -> Captured:
    """The answer that has no pictures."""
    return Captured(at, request.request, request.camera, (), (), problem=problem)
