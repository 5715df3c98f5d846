"""The thread that seals what people left in the tray."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from edge_agent.core.events import ClockStatus
from edge_agent.errors import EvidenceError, StoreFault, StoreFull
from edge_agent.evidence.intray import Intray
from edge_agent.evidence.store import EvidenceStore, Sealed
from edge_agent.progress import Pulse

log = logging.getLogger(__name__)

LOOK_S = 1.0
# A report's pictures written to the slowest disk, for all that can wait in one look.
LONGEST_ROUND_S = 180


class Noter:
    """Looks into the tray once a second.

    Args:
        tray: where people leave notes.
        store: the box's evidence store.
        clock: what is known of the time now.
        sealed: told of each statement that was made.
        failed: the disk failed.
    """

    def __init__(
        self,
        tray: Intray,
        store: EvidenceStore,
        clock: Callable[[], ClockStatus],
        sealed: Callable[[Sealed], None],
        failed: Callable[[StoreFault], None],
    ) -> None:
        self._tray = tray
        self._store = store
        self._clock = clock
        self._sealed = sealed
        self._failed = failed
        self._stop = threading.Event()
        self._full = False
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
                while not self._stop.wait(LOOK_S):
                    self._look()
                self._look()
            except StoreFault as fault:
                self._failed(fault)

    def _look(self) -> None:
        self.pulse.beat()
        try:
            notes = self._tray.waiting()
        except OSError as error:
            log.warning("the tray cannot be read: %s", error)
            return
        for path, note in notes:
            self.pulse.beat()
            try:
                sealed = self._store.record_note(note, self._clock())
            except StoreFull as full:
                if not self._full:
                    log.warning("note %s waits: %s", note.id, full)
                self._full = True
                return
            except StoreFault:
                raise
            except (EvidenceError, ValueError):
                log.exception("note %s cannot be sealed, set aside", note.id)
                self._tray.set_aside(path)
                continue
            self._full = False
            self._tray.done(path)
            if sealed is not None:
                self._sealed(sealed)
