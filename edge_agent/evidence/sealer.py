"""The one thread that seals: takes decisions in order, fetches their pictures, commits.

The runner must not wait for a disk, so sealing has a queue of its own. A case in the queue is not yet
sealed and nobody is told that it is; after a crash the journal still has what led to it.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol

from edge_agent.core.records import JournalSlice
from edge_agent.errors import SealRefused, StoreFault, StoreFull
from edge_agent.evidence.sealable import Sealable, case_of, name_of, pictures_of
from edge_agent.evidence.statement_records import Incident
from edge_agent.evidence.store import EvidenceStore, Sealed
from edge_agent.progress import IDLE_S, Pulse

log = logging.getLogger(__name__)

# Cases that may wait for the disk. A bridge has a few a minute; the runner waits beyond this.
CAPACITY = 256

# How often the store's house is kept, and how often every page of its database is looked at.
HOUSE_S = 60.0
CHECK_S = 86_400.0

# One statement's durable commit on the slowest disk, or the removal of a day's pictures.
LONGEST_ROUND_S = 60


@dataclass(frozen=True, slots=True)
class Order:
    """Something to seal, and what was current when it was decided."""

    seal: Sealable
    raw: bytes | None = None  # of a bridge's case: the instrument's bytes
    journal: JournalSlice | None = None  # what led to it; None: no journal is kept

    @property
    def name(self) -> str:
        """In a message to a person."""
        return name_of(self.seal)


class Listener(Protocol):
    """Who wants to know what became of an order. Called on the sealer's thread."""

    def sealed(self, order: Order, sealed: Sealed) -> None:
        """It is durably in the chain."""

    def refused(self, order: Order, reason: str) -> None:
        """It must not exist, or there was no room for it."""

    def failed(self, fault: StoreFault) -> None:
        """The disk failed a durable write: the process must end."""


@dataclass(slots=True)
class Sealer:
    """Seals what it is given, in order, until stopped."""

    store: EvidenceStore
    picture: Callable[[str], bytes | None]  # bytes by SHA-256, None when they are not held
    listener: Listener
    uplink_wake: Callable[[], None] = lambda: None  # something new is in the outbox
    release: Callable[[Collection[str]], None] = lambda _digests: None  # these are on the disk now
    _queue: queue.Queue[Order | None] = field(default_factory=lambda: queue.Queue(CAPACITY))
    _thread: threading.Thread | None = None
    pulse: Pulse = field(default_factory=lambda: Pulse("sealer", LONGEST_ROUND_S))

    def start(self) -> None:
        """Begin sealing."""
        self._thread = threading.Thread(target=self._work, name="sealer", daemon=True)
        self._thread.start()

    def put(self, order: Order) -> None:
        """Queue it; waits when far too many are queued."""
        self._queue.put(order)

    def stop(self) -> None:
        """Seal what is queued, then end."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()

    def _work(self) -> None:
        try:
            with self.pulse:
                self._seal_until_stopped()
        except StoreFault as fault:
            self.listener.failed(fault)
            self._discard()
        except Exception as bug:  # a box that seals nothing must not look alive
            log.exception("the sealer failed")
            self.listener.failed(StoreFault(f"the sealer failed: {type(bug).__name__}: {bug}"))
            self._discard()

    def _seal_until_stopped(self) -> None:
        kept_s = time.monotonic()
        checked_s = -CHECK_S  # the start itself looks at less than everything
        while True:
            self.pulse.beat()
            with contextlib.suppress(queue.Empty):
                order = self._queue.get(timeout=IDLE_S)
                if order is None:
                    return
                self._seal(order)
                self.uplink_wake()
            now_s = time.monotonic()
            if now_s - kept_s >= HOUSE_S:
                kept_s = now_s
                try:
                    self.store.keep_house()
                except StoreFull as error:
                    log.warning("%s", error)
            if now_s - checked_s >= CHECK_S:
                checked_s = now_s
                threading.Thread(target=self._check, name="integrity", daemon=True).start()

    def _check(self) -> None:
        try:
            self.store.check_integrity()
        except StoreFault as fault:
            self.listener.failed(fault)

    def _seal(self, order: Order) -> None:
        pictures = pictures_of(order.seal)
        held = {p.sha256: data for p in pictures if (data := self._bytes(p.sha256)) is not None}
        try:
            sealed = self.store.seal(order.seal, held, order.raw, order.journal)
        except StoreFull as error:  # the store has sealed the loss itself
            self.listener.refused(order, str(error))
        except SealRefused as error:
            case = case_of(order.seal)
            incident = Incident(
                what="case_refused" if case else f"{order.name}_refused",
                subject=case[0] if case else order.name,
                detail=str(error)[:1000],
            )
            with contextlib.suppress(StoreFull):
                self.store.record(incident, order.seal.clock)
            self.listener.refused(order, str(error))
        else:
            self.release(held)
            self.listener.sealed(order, sealed)

    def _bytes(self, sha256: str) -> bytes | None:
        """From memory, or from the store where an earlier statement named it: a case may be amended."""
        data = self.picture(sha256)
        return self.store.kept(sha256) if data is None else data

    def _discard(self) -> None:
        """Nobody may wait on a queue that nobody empties; the process is ending."""
        while self._queue.get() is not None:
            pass
