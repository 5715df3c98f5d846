"""Keeping house: what the platform has had for long goes, pictures first, statements much later.

    purge: ONE commit: let go  ->  unlink the files
    prune: ONE commit: rows of the oldest statements go, a mark says up to where (`pruning`)

Unlike the other parts it takes the store's lock itself, a turn for each batch: sealing goes on in between.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from edge_agent.errors import StoreFull
from edge_agent.evidence.attachment_files import AttachmentFiles
from edge_agent.evidence.chain import Chain
from edge_agent.evidence.platform_copy import PlatformCopy
from edge_agent.evidence.pressure import Step
from edge_agent.evidence.pruning import LEAST_DAYS, prune
from edge_agent.evidence.settings import StoreSettings

FOR_EVER_US = 2**63 - 1
HOUR_US = 3_600_000_000
DAY_US = 86_400_000_000
# Batches in one round of keeping house: a day's statements of a busy box, so that a backlog goes in days.
PRUNED_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class House:
    """Of one open store."""

    chain: Chain
    files: AttachmentFiles
    platform: PlatformCopy
    settings: StoreSettings

    def purge(self, *, early: bool) -> int:
        """Remove attachments whose receipt is old enough; with `early`, of any receipt. How many went."""
        rows = self.chain.rows
        with self.chain.turns.working():
            keep_us = self.settings.keep_receipted_hours * HOUR_US
            with self.chain.turns.transaction():
                # Early is whatever the clock says: it may have been set back since the receipt.
                gone = rows.outbox.purge(FOR_EVER_US if early else self.chain.utc_us() - keep_us)
            if gone:
                self.chain.room.recount()
            self.files.remove(gone)
            return len(gone)

    def let_go(self) -> int:
        """Some receipted files, to make room; how many went."""
        with contextlib.suppress(StoreFull):  # too full even to let go: the step says so
            return self.purge(early=True)
        return 0

    def prune(self, *, early: bool) -> int:
        """Let go of one batch of statements whose receipt is old enough; with `early`, of a week's age.

        Returns:
            how many places of the chain it went on; 0 when nothing may go.
        """
        rows = self.chain.rows
        days = LEAST_DAYS if early else self.settings.keep_statements_days
        with self.chain.turns.working():
            # What a start verifies stays, and one at least that the platform is known to have.
            newest = rows.packets.head().seq + 1 - self.settings.check_links_at_start
            before = min(newest, rows.packets.newest_receipted() or 0)
            if self.platform.lacked is not None:
                before = min(before, self.platform.lacked)
            with self.chain.turns.transaction():
                return prune(rows.db, self.chain.utc_us() - days * DAY_US, before)

    def prune_some(self) -> None:
        """What is due, so many batches at most."""
        room = self.chain.room
        with self.chain.turns.working():
            early = room.step() >= Step.NO_LOW_CLASS and room.what_is_full() == "disk full"
        for _ in range(PRUNED_AT_ONCE):
            if not self.prune(early=early):
                return
