"""Room for pictures: how much there is, what of a case fits, and the ballast for when there is none.

The steps themselves are in `pressure`. The caller holds the store's lock.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping

from edge_agent.evidence import pressure
from edge_agent.evidence.disk import Ballast, Disk
from edge_agent.evidence.pressure import Step
from edge_agent.evidence.sealable import Case, pictures_of
from edge_agent.evidence.settings import StoreSettings

HELD = "SELECT coalesce(sum(size), 0) FROM attachment WHERE state = 'kept'"


class Refused(Exception):
    """There is no room for a case, and why."""


class Room:
    """Of one open store.

    Args:
        db: of the store.
        settings: of the store.
        disk: for what is free.
        ballast: of the store.
        let_go: lets receipted files go early, some at a time; returns how many went.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        settings: StoreSettings,
        disk: Disk,
        ballast: Ballast,
        let_go: Callable[[], int],
    ) -> None:
        self._db = db
        self._settings = settings
        self._disk = disk
        self._ballast = ballast
        self._let_go = let_go
        self._held: int | None = None  # None: to be counted
        self.pressed: Counter[Step] = Counter()  # cases that a step took pictures of, or refused

    # -- how much ----------------------------------------------------------------------------------

    @property
    def held(self) -> int:
        """Bytes of pictures in the store."""
        if self._held is None:
            self._held = int(self._db.execute(HELD).fetchone()[0])
        return self._held

    def added(self, size: int) -> None:
        """So many bytes are held in addition, durably."""
        if self._held is not None:
            self._held += size

    def recount(self) -> None:
        """Files went."""
        self._held = None

    @property
    def free(self) -> int:
        """Bytes that are free on the disk."""
        return self._disk.free(self._settings.directory)

    def fits(self, size: int) -> bool:
        """Whether pictures of this size may be added."""
        return self.held + size <= pressure.room(*self._filling())

    def step(self) -> Step:
        """What there is room for."""
        return pressure.step(*self._filling())

    def what_is_full(self) -> str:
        """The quota or the disk: the one that is the narrower."""
        held, quota, free = self._filling()
        return "quota" if pressure.room(held, quota, free) == quota else "disk full"

    def _filling(self) -> tuple[int, int, int]:
        return self.held, self._settings.quota_bytes, self.free

    # -- for a case --------------------------------------------------------------------------------

    def fitting(self, seal: Case, attachments: Mapping[str, bytes], raw: bytes | None) -> frozenset[str]:
        """Digests of the pictures for which there is room.

        Raises:
            Refused: there is none for the case.
        """
        held = {p.sha256: p for p in pictures_of(seal) if p.sha256 in attachments}
        self.make(sum(len(attachments[sha256]) for sha256 in held) + len(raw or b""))
        at = self.step()
        kept = pressure.kept(at, seal.use_class, tuple(held.values()))
        if kept is not None and not self.fits(
            sum(len(attachments[p.sha256]) for p in kept) + len(raw or b"")
        ):
            at, kept = Step.FULL, None
        if kept is None or len(kept) < len(held):
            self.pressed[at] += 1
        if kept is None:
            raise Refused("low class" if at is Step.NO_LOW_CLASS else self.what_is_full())
        return frozenset(picture.sha256 for picture in kept)

    def make(self, size: int) -> None:
        """Receipted files may go early; what has no receipt never goes."""
        while (not self.fits(size) or self.step() is not Step.ALL) and self._let_go():
            pass

    # -- the ballast -------------------------------------------------------------------------------

    def spend_ballast(self) -> None:
        """The disk is full: what the box has to say needs the ballast's room."""
        self._ballast.release()

    def restore_ballast(self) -> None:
        """Set it aside where that leaves room for more than itself."""
        if self.free > self._settings.ballast_bytes + pressure.RESERVE_BYTES:
            self._ballast.restore()
