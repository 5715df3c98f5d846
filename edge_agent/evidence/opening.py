"""An open store, put together from its parts; and how it begins and ends.

lock the directory  ->  look at what is there (`recovery`)  ->  say what there is to say  ->  open
tell the last losses  ->  checkpoint  ->  close the database  ->  let go of the lock
"""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from edge_agent.errors import StoreFault, StoreFull
from edge_agent.evidence.chain import Chain
from edge_agent.evidence.chain_keys import key_in_force
from edge_agent.evidence.disk import Ballast, DirectoryLock, Disk
from edge_agent.evidence.dsse import EvidenceSigner, Signer
from edge_agent.evidence.figures import Figures
from edge_agent.evidence.house import House
from edge_agent.evidence.identity import Identity
from edge_agent.evidence.on_request import OnRequest
from edge_agent.evidence.own_words import OwnWords
from edge_agent.evidence.platform_copy import PlatformCopy
from edge_agent.evidence.quarantine import Quarantine
from edge_agent.evidence.recent import RecentBlobs
from edge_agent.evidence.recovery import Start, prepare
from edge_agent.evidence.room import Room
from edge_agent.evidence.rows import Rows
from edge_agent.evidence.sealing import Sealing
from edge_agent.evidence.settings import StoreSettings
from edge_agent.evidence.tables import Connect, is_full
from edge_agent.evidence.turns import CLOSED, Turns

# Pictures of the newest few cases stay in memory, so that sending them does not wait for a read.
RECENT_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Signing:
    """Who seals, and by which clock."""

    signer: EvidenceSigner
    successor: EvidenceSigner | None  # takes over now, unless it has already
    cosigners: tuple[Signer, ...]
    identity: Identity
    utc_us: Callable[[], int]


class Parts:
    """One open store, taken apart. `EvidenceStore` is the way to use it."""

    def __init__(self, start: Start, settings: StoreSettings, signing: Signing) -> None:
        self.start = start
        self.settings = settings
        ballast = Ballast(settings.directory / "ballast", settings.ballast_bytes)
        self.turns = Turns(start.db, start.run, ballast)
        self.rows = Rows.of(start.db)
        self.configured_before = self.rows.packets.configured()
        self.recent = RecentBlobs(RECENT_BYTES)
        self.room = Room(start.db, settings, start.disk, ballast, self._let_go)
        self.figures = Figures(self.rows, self.room, signing.utc_us)
        self.chain = Chain(
            self.turns,
            self.rows,
            self.room,
            self.figures,
            start.hint,
            signing.signer,
            signing.cosigners,
            replace(signing.identity, keyid=signing.signer.keyid),
            signing.utc_us,
        )
        self.sealing = Sealing(self.chain, start.files, self.recent)
        self.quarantine = Quarantine(self.chain, start.files)
        self.on_request = OnRequest(self.chain, start.files, self.quarantine)
        self.own_words = OwnWords(self.chain)
        self.platform = PlatformCopy(self.chain, self.own_words, settings.keep_statements_days)
        self.house = House(self.chain, start.files, self.platform, settings)

    def _let_go(self) -> int:
        return self.house.let_go()

    def begin(self, in_force: str, successor: EvidenceSigner | None) -> None:
        """What a start has to say goes into the chain before anything else."""
        self.own_words.begin(self.start, self.quarantine, in_force, successor)
        self.start.run.begin()
        self.sealing.tell_losses()
        self.room.restore_ballast()

    def close(self) -> None:
        """Once; as `EvidenceStore.close` says."""
        turns = self.turns
        with turns.lock:
            if turns.closed:
                return
            turns.closed = True
            fault = None if turns.fault else self._last_words()
            turns.fault = turns.fault or CLOSED
            self.start.close(orderly=turns.fault == CLOSED)
        if fault is not None:
            raise fault

    def _last_words(self) -> StoreFault | None:
        """Losses that no record has told yet, and the log into the database."""
        try:
            with contextlib.suppress(StoreFull), self.turns.working():
                self.sealing.tell_losses(all_of_them=True)
                self.turns.checkpoint()
        except StoreFault as fault:
            return fault
        return None


def open_parts(settings: StoreSettings, signing: Signing, disk: Disk, connector: Connect) -> Parts:
    """As `EvidenceStore.open` says."""
    try:
        _make_directory(settings.directory, disk)
        lock = DirectoryLock(settings.directory)
    except OSError as error:
        raise StoreFault(f"{settings.directory}: {error}") from error
    start = None
    try:
        start = prepare(settings, signing.signer, lock, disk, connector)
        parts = _begun(start, settings, signing)
    except BaseException as error:
        if start is None:
            lock.release()
        else:
            if isinstance(error, sqlite3.Error):
                start.run.fault(str(error))  # so that the next start looks at every page
            start.close(orderly=False)
        if isinstance(error, (OSError, sqlite3.Error)):
            if is_full(error) or getattr(error, "errno", None) == errno.ENOSPC:
                Ballast(settings.directory / "ballast", 0).release()  # for the next start
            raise StoreFault(f"{settings.directory}: {error}") from error
        raise
    return parts


def _begun(start: Start, settings: StoreSettings, signing: Signing) -> Parts:
    in_force, successor = key_in_force(start.db), signing.successor
    if successor is not None and successor.keyid == in_force:  # a crash came right after
        signing, successor = replace(signing, signer=successor), None
    parts = Parts(start, settings, signing)
    parts.begin(in_force, successor)
    return parts


def _make_directory(directory: Path, disk: Disk) -> None:
    """The directory, its own name durable too."""
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path in reversed(missing):
        disk.sync_directory(path.parent)
