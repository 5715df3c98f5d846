"""The thread that seals what people left in the tray.

Nothing that lies there, and no mistake made here, may cost evidence: only a failed disk ends the process.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from edge_agent.core.events import ClockStatus
from edge_agent.errors import StoreFault, StoreFull
from edge_agent.evidence.intray import Intray, Note
from edge_agent.evidence.store import EvidenceStore, Sealed
from edge_agent.progress import IDLE_S, Pulse

log = logging.getLogger(__name__)

LOOK_S = 1.0
# Without room a report's pictures would be read again every second for nothing.
LOOK_AGAIN_S = 60.0
# One note's pictures written to the slowest disk, behind a case's.
LONGEST_ROUND_S = 180


class Noter:
    """Looks into the tray once a second.

    Args:
        tray: where people leave notes.
        store: the box's evidence store.
        clock: what is known of the time now.
        sealed: told of each statement that was made.
        failed: the disk failed.
        trouble: told why notes wait, each time that it changes; empty: nothing keeps them.
    """

    def __init__(
        self,
        tray: Intray,
        store: EvidenceStore,
        clock: Callable[[], ClockStatus],
        sealed: Callable[[Sealed], None],
        failed: Callable[[StoreFault], None],
        trouble: Callable[[str], None] = lambda _why: None,
    ) -> None:
        self._tray = tray
        self._store = store
        self._clock = clock
        self._sealed = sealed
        self._failed = failed
        self._trouble = trouble
        self._why: list[str] = []  # what keeps notes from being sealed, in this look
        self._told: list[str] = []  # in the one before
        self._full = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="notes", daemon=True)
        self.pulse = Pulse("notes", LONGEST_ROUND_S)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Seal what lies there, then end."""
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        with self.pulse:
            try:
                self._look()
                while not self._wait():
                    self._look()
                self._look()
            except StoreFault as fault:
                self._failed(fault)

    def _wait(self) -> bool:
        """True when it is time to end."""
        for _ in range(int(LOOK_AGAIN_S / IDLE_S) if self._full else 0):
            self.pulse.beat()
            if self._stop.wait(IDLE_S):
                return True
        return self._stop.wait(LOOK_S)

    def _look(self) -> None:
        self._why, self._full = [], False
        try:
            self._seal_all()
        except StoreFault:
            raise
        except Exception as bug:  # evidence goes on without notes
            why = f"{type(bug).__name__}: {bug}"
            if why not in self._told:
                log.exception("the tray")
            self._why.append(why)
        if self._why != self._told:
            self._told = self._why
            self._trouble("; ".join(self._why))

    def _seal_all(self) -> None:
        self.pulse.beat()
        for path, note in self._tray.waiting(self._keeps):
            self.pulse.beat()
            try:
                if not self._seal(path, note):
                    return
            except OSError as error:  # of the tray: the store makes a fault of its own
                self._keeps(f"a note cannot be removed: {error}")

    def _seal(self, path: Path, note: Note) -> bool:
        """False when the next one needs not be tried.

        Raises:
            OSError: it was dealt with, and still lies in the tray.
        """
        try:
            sealed = self._store.record_note(note, self._clock())
        except StoreFull as full:
            self._full = True
            self._keeps(str(full))
            return bool(note.files)  # one that has none may fit all the same
        except StoreFault:
            raise
        except Exception:  # evidence goes on without this one
            log.exception("note %s cannot be sealed, set aside", note.id)
            self._tray.set_aside(path)
            return True
        if sealed is not None:
            self._sealed(sealed)
        self._tray.done(path)
        return True

    def _keeps(self, why: str) -> None:
        if why not in self._told:
            log.warning("notes wait: %s", why)
        self._why.append(why)
