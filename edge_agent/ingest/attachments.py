"""Where the bytes of attachments are: what taking them in and reading them asks of a keeper.

SQLite       files in the data directory                    `assembly`
PostgreSQL   rows beside the statements, for all processes   `attachment_rows`
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Protocol

from edge_agent.evidence.uplink.chunks import Chunk, Range

# A device and the digest of one of its attachments.
Piece = tuple[str, str]


class Fate(StrEnum):
    """What became of a chunk."""

    KEPT = "kept"
    COMPLETE = "complete"  # whole and true to its digest; durable after `sync` and the commit
    HAVE = "have"  # the attachment was complete already
    TOO_LARGE = "too_large"
    CONTRADICTS = "contradicts"  # another total than before: the pieces so far are dropped
    FRAGMENTED = "fragmented"  # more disjoint pieces than are kept
    WRONG_DIGEST = "wrong_digest"  # whole, but not what its name says: dropped


class AttachmentReader(Protocol):
    """Whole attachments."""

    def size(self, sha256: str) -> int | None:
        """Bytes of a whole attachment; None while it is not."""

    def read(self, sha256: str) -> bytes | None:
        """Its bytes; None while it is not whole."""


class Attachments(AttachmentReader, Protocol):
    """All attachments, arriving and whole. Used inside `PlatformStore.commit` alone."""

    def begin(self, pieces: Collection[Piece], digests: Collection[str]) -> None:
        """A batch begins: chunks of these will be added, and these will be asked for."""

    def add(self, device: str, sha256: str, chunk: Chunk) -> Fate:
        """Take one chunk. Raises StoreFault when the disk or the database would not have it."""

    def missing(self, device: str, sha256: str) -> tuple[Range, ...]:
        """What is still to come; empty when nothing has come yet, since then even the size is unknown."""

    def drop(self, sha256: str) -> None:
        """Forget a whole attachment that no statement names."""

    def sync(self) -> None:
        """The batch ends: with the commit that follows, all of it is durable. Raises StoreFault."""
