"""What of this chain the platform has, by its own word: receipts, the end that it knows, what it lacks.

Its word settles statements, keeps old ones from being let go, and stops a store that is an older copy of
itself.

The caller holds the store's lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from edge_agent.evidence.chain import Chain
from edge_agent.evidence.disk import Disk
from edge_agent.evidence.notes import HeadNote, write_fork
from edge_agent.evidence.outbox import Applied, Pending
from edge_agent.evidence.own_words import OwnWords
from edge_agent.evidence.pruning import read_mark
from edge_agent.evidence.receipts import Receipt
from edge_agent.evidence.recovery import FORKED


class PlatformCopy:
    """Of one open store.

    Args:
        chain: of the store.
        own_words: of the store.
        keep_days: how long statements stay after their receipt, to be said.
    """

    def __init__(self, chain: Chain, own_words: OwnWords, keep_days: int) -> None:
        self._chain = chain
        self._rows = chain.rows
        self._own_words = own_words
        self._keep_days = keep_days
        self._lacked: int | None = None

    @property
    def lacked(self) -> int | None:
        """The first one here that the platform has not, by its newest word."""
        return self._lacked

    def apply(self, receipt: Receipt, raw_envelope: bytes) -> Applied:
        """Do what a receipt says; one of another epoch changes nothing."""
        if receipt.epoch != self._rows.packets.head().epoch:
            return Applied(unknown=len(receipt.items))
        with self._chain.turns.transaction():
            applied = self._rows.outbox.apply(receipt, raw_envelope, self._chain.utc_us())
        if applied:
            self._rows.outbox.waiting = self._rows.packets.waiting()
        return applied

    def newest_receipted(self) -> Pending | None:
        """The newest statement that the platform is known to have."""
        seq = self._rows.packets.newest_receipted()
        return None if seq is None else self._rows.outbox.load(seq)

    def asked_for(self, missing: Sequence[tuple[int, int]], limit: int, *, newest: bool) -> list[int]:
        """As `EvidenceStore.asked_for` says."""
        packets = self._rows.packets
        mark = read_mark(self._rows.db).seq
        found: list[int] = []
        gone: list[tuple[int, int]] = []
        for first, last in sorted(missing):  # a platform may name them in any order
            found += packets.places(first, last, limit - len(found))
            if first <= mark and packets.number(first, min(last, mark)) <= min(last, mark) - first:
                gone.append((first, min(last, mark)))
        if newest:
            self._lacked = found[0] if found else None
            if gone:
                self._own_words.lost_by_the_platform(gone[0][0], gone[-1][1], mark, self._keep_days)
        return found

    def is_fork(self, platform: HeadNote) -> bool:
        """Whether the platform holds another chain of our epoch, or a longer one, than this store."""
        packets = self._rows.packets
        if platform.epoch != packets.head().epoch:
            return False
        here = packets.payload_sha256(platform.seq)
        if here is None and platform.seq < read_mark(self._rows.db).seq:
            return False  # receipted once and let go since: a platform that fell back so far lost data
        return here != platform.payload_sha256

    def stop(self, platform: HeadNote, directory: Path, disk: Disk) -> NoReturn:
        """Leave the platform's head for the next start, and fail.

        Raises:
            OSError: always.
        """
        self._chain.room.spend_ballast()  # without the note the next start would go on with the older copy
        write_fork(directory / FORKED, platform)
        disk.sync_directory(directory)
        here = self._rows.packets.head().seq
        raise OSError(f"an older copy of itself: it ends at {here}, the platform has {platform.seq}")
