"""A box of the real store and the real black box, and what must hold of its recordings afterwards.

Cases come as fast as the store seals them; the black box's own waiting is moved by hand.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from edge_agent.bench.torture.storage_work import open_store
from edge_agent.core.events import Event, SerialBytes, Started, Tick
from edge_agent.core.units import Ns, S
from edge_agent.evidence.examples import a_case
from edge_agent.evidence.store import EvidenceStore, Sealed
from edge_agent.journal.black_box import BlackBox
from edge_agent.journal.lacking import incomplete
from edge_agent.journal.opening import open_all
from edge_agent.journal.reader import NoHeader, Recording
from edge_agent.journal.recorder import LONGEST, Recorder
from edge_agent.journal.scribe import RETRY_S
from edge_agent.journal.segments import PREFIX, Segments, open_new
from edge_agent.journal.settings import JournalSettings
from edge_agent.journal.writer import RecordingHeader

BOOT = "boot-torture"
HEADER = RecordingHeader("torture", "ab", "schema: 1\n", boot_id=BOOT)
WAIT_S = 60.0
PICTURE = 2_000  # bytes

logging.getLogger("edge_agent.journal").addHandler(logging.NullHandler())  # what is planted is no news


class Road:
    """Use as a context.

    Args:
        evidence: the store's folder.
        journal: of the recordings.
        store: another one than the examples'.
        pressed: whether evidence lacks room while so many bytes are free.
        chosen: of the journal's settings.
    """

    def __init__(
        self,
        evidence: Path,
        journal: Path,
        store: EvidenceStore | None = None,
        pressed: Callable[[int], bool] = lambda _free: False,
        **chosen: Any,
    ) -> None:
        settings = JournalSettings(dir=journal, flush_ms=10, reserve_mb=0).model_copy(update=chosen)
        self.journal = journal
        self.said: list[str] = []
        self.claims: list[Sealed] = []
        self.events = 0
        self.store = store or open_store(evidence)
        self._now_s = 0.0

        def make() -> Recorder:
            return Recorder(journal, settings, HEADER, Segments(journal, settings, pressed), open_new)

        self.box = BlackBox(make, self._say, 0.01, lambda: self._now_s)
        self.box.start()
        self.event(Started(Ns(0), BOOT, "torture", "ab"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.box.close(WAIT_S)
        self.store.close()

    def _say(self, _part: str, state: str, detail: str) -> None:
        self.said.append(f"{state} {detail}")

    def event(self, event: Event) -> None:
        """Something happens."""
        self.box.event(event)
        self.events += 1

    def case(self, number: int, raw: bytes = b"", picture: int = PICTURE) -> Sealed:
        """Somebody crosses, half a segment later than the last: bytes, the decision, the statement."""
        at = Ns(number * LONGEST // 2)
        self.event(SerialBytes(at, "wim", raw or b"case %d" % number))
        self.event(Tick(Ns(at + S)))
        seal, blobs = a_case(number, picture)
        self.box.decision(seal)
        self.claims.append(self.store.seal(seal, blobs, b"raw"))
        return self.claims[-1]

    def tried(self) -> bool:
        """All until now was tried; whether the disk took it. One that refused is left alone from now on."""
        return self.box.flush(WAIT_S)

    def settle(self) -> bool:
        """The same; one that refused is tried again with what comes next."""
        taken = self.tried()
        self._now_s += RETRY_S + 1
        return taken


def read(folder: Path) -> tuple[list[Recording], list[int]]:
    """Recordings of a folder that have something, read; and the numbers of their events."""
    if not any(folder.glob(f"{PREFIX}*.mcap")):
        return [], []
    try:
        recordings = [recording for recording in open_all(folder) if recording.boot_id == BOOT]
    except NoHeader:  # a single one, that had hardly begun
        return [], []
    return recordings, [number for recording in recordings for number, _ in recording.numbered()]


def unaccounted(folder: Path, at_least: int, at_most: int) -> Sequence[str]:
    """What is wrong with a journal that must hold each event, or tell of it, once.

    Args:
        folder: of the recordings.
        at_least: so many events, from the first on, are there or told.
        at_most: so many have happened.
    """
    recordings, numbers = read(folder)
    told = [gap for recording in recordings for gap in recording.gaps if gap.events]
    lost = [number for gap in told for number in range(gap.first_event, gap.next_event)]
    problems = [f"a hole without a word: {gap}" for gap in told if gap.reason == "not_said"]
    known = sorted([*numbers, *lost])
    if known != list(range(len(known))) or not at_least <= len(known) <= at_most:
        problems.append(f"{at_least} to {at_most} events; there {_short(numbers)}, told lost {_short(lost)}")
    if lost and not incomplete(recordings):
        problems.append("a replay would be called identical")
    return problems


def _short(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers)) or "none"
