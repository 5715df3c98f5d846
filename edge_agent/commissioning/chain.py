"""What the report asks of the box's chain: statements of some kinds, and what became of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from edge_agent.errors import VerificationError
from edge_agent.evidence.reading import Listed, ReadingStore, open_reading
from edge_agent.evidence.statement import Statement, parse

RECEIPTED = frozenset({"receipted", "purged"})


@dataclass(frozen=True, slots=True)
class Read:
    """One statement of the chain and what became of it."""

    listed: Listed
    statement: Statement

    @property
    def seq(self) -> int:
        """Its place."""
        return self.listed.seq

    @property
    def receipted(self) -> bool:
        """The platform has it, and signed that it has."""
        return self.listed.state in RECEIPTED


class Chain:
    """The box's chain. Open with `Chain.of`."""

    def __init__(self, store: ReadingStore) -> None:
        self._store = store

    @classmethod
    @contextlib.contextmanager
    def of(cls, store_directory: Path) -> Iterator[Self]:
        """Whether the daemon runs or not.

        Raises:
            UsageError: there is no store, or none that can be read now; also from every question.
        """
        with open_reading(store_directory) as store:
            yield cls(store)

    def since(self, utc_us: int, *kinds: str) -> list[Read]:
        """Statements of these kinds sealed at that time or later, in the order of the chain."""
        found = [listed for kind in kinds for listed in self._newer(utc_us, kind)]
        seqs = sorted(listed.seq for listed in found)
        return [read for seq in seqs if (read := self._read(seq)) is not None]

    def of_note(self, note: str) -> Read | None:
        """What a note was sealed as; None where it was not yet."""
        seq = self._store.note(note)
        return None if seq is None else self._read(seq)

    def attachment(self, sha256: str) -> bytes | None:
        """A file's bytes; None where they are not there any more."""
        try:
            return self._store.attachment(sha256)
        except VerificationError:
            return None

    def keyid(self) -> str:
        """Who signs: the key of the newest statement."""
        head = self._store.head()
        newest = None if head is None else self._read(head.seq)
        return "" if newest is None else newest.statement.keyid

    def _newer(self, utc_us: int, kind: str) -> Iterator[Listed]:
        for listed in self._store.statements(kind=kind):
            if listed.sealed_utc_us < utc_us:
                return
            yield listed

    def _read(self, seq: int) -> Read | None:
        """None: it was let go since it was listed."""
        whole = self._store.statement(seq)
        return None if whole is None else Read(whole.listed, parse(whole.payload))
