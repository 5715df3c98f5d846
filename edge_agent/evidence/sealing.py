"""From a decision and its pictures to a statement in the chain; and what becomes of it without room.

    room for its pictures?  ->  write them  ->  build the statement meanwhile  ->  `Chain.commit`

The files are fsynced on threads while the statement is built, signed and inserted; the commit waits for them.
A case without room is counted, and the count is sealed (`losses`).

The caller holds the store's lock.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from edge_agent.core.records import JournalSlice
from edge_agent.errors import StoreFull
from edge_agent.evidence.attachment_files import AttachmentFiles
from edge_agent.evidence.attachments import CaseFiles, case_files
from edge_agent.evidence.build import build, packet_id
from edge_agent.evidence.chain import Chain, Sealed
from edge_agent.evidence.disk import NoRoom
from edge_agent.evidence.recent import RecentBlobs
from edge_agent.evidence.room import Refused
from edge_agent.evidence.sealable import OfItself, Sealable, case_of, name_of


@dataclass(frozen=True, slots=True)
class Sealing:
    """Of one open store. `recent` keeps the newest pictures in memory, so that sending them needs no read."""

    chain: Chain
    files: AttachmentFiles
    recent: RecentBlobs

    def seal(
        self,
        seal: Sealable,
        attachments: Mapping[str, bytes],
        raw: bytes | None,
        journal: JournalSlice | None,
    ) -> Sealed:
        """As `EvidenceStore.seal` says."""
        room = self.chain.room
        try:
            if isinstance(seal, OfItself):
                nothing = case_files(seal, frozenset(), None)
                return self.chain.with_ballast(lambda: self._seal(seal, nothing, {}, journal))
            files = case_files(seal, room.fitting(seal, attachments, raw), raw)
            blobs = {a.sha256: attachments[a.sha256] for a in files.listed if a.sha256 != files.raw_sha256}
            if raw is not None and files.raw_sha256 is not None:
                blobs[files.raw_sha256] = raw
            return self._seal(seal, files, blobs, journal)
        except Refused as refused:
            known = self.chain.sealed_as(packet_id(seal, self.chain.identity))
            return known or self._lose(seal, str(refused))
        except NoRoom as error:
            room.spend_ballast()
            self._lose(seal, "disk full", error)

    def _seal(
        self, seal: Sealable, files: CaseFiles, blobs: Mapping[str, bytes], journal: JournalSlice | None
    ) -> Sealed:
        chain = self.chain
        with self.files.putting(blobs) as finish:
            name = packet_id(seal, chain.identity)
            known = chain.sealed_as(name)
            if known is not None:
                return known
            built = build(
                seal,
                chain.identity,
                chain.rows.packets.next_link(),
                chain.utc_us(),
                files,
                name=name,
                earlier=chain.rows.packets.earlier(case_of(seal)),
                health=chain.figures.health(),
                journal=journal,
            )
            sealed = chain.commit(built, blobs, case=case_of(seal), before_commit=finish)
        self.recent.add(blobs)
        return sealed

    def _lose(self, seal: Sealable, reason: str, cause: OSError | None = None) -> NoReturn:
        name = name_of(seal) if isinstance(seal, OfItself) else seal.use_class
        losses = self.chain.rows.losses
        losses.add(name, reason, self.chain.utc_us())
        with contextlib.suppress(NoRoom):  # counted in memory until there is some
            with self.chain.turns.transaction():
                losses.save()
            self.tell_losses()
        raise StoreFull(f"{name_of(seal)}: no room ({reason}); the loss is counted") from cause

    def tell_losses(self, *, all_of_them: bool = False) -> None:
        """Seal the losses that are due to be told."""
        losses, now_s = self.chain.rows.losses, time.monotonic()
        for loss in losses.due(float("inf") if all_of_them else now_s):
            self.chain.record(loss)
            losses.told(loss, now_s)
