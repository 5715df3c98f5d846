"""Who signed: each statement once, following a key to the one that took over from it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from edge_agent.errors import VerificationError
from edge_agent.evidence import dsse, sm2
from edge_agent.evidence.keys import KeyRing, PublicKey
from edge_agent.evidence.rotation import opened_successor
from edge_agent.evidence.sm2 import Sm2PublicKey
from edge_agent.evidence.statement import Statement, parse


@dataclass(frozen=True, slots=True)
class Item:
    """One envelope to check, and the receipts said to cover it."""

    name: str
    envelope: bytes
    receipts: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement whose signature is good."""

    statement: Statement
    sha256: str
    opened: dsse.Opened
    successor: PublicKey | None  # the key that takes over with it


def open_statement(envelope: bytes, ring: KeyRing) -> Signed:
    """The statement in an envelope.

    Raises:
        VerificationError: says which check failed.
    """
    opened = dsse.open_envelope(envelope, ring, {dsse.EVIDENCE_TYPE})
    statement = parse(opened.payload)
    if statement.keyid not in opened.keyids:
        raise VerificationError(f"statement: names key {statement.keyid}, {opened.keyid} signed it")
    successor = opened_successor(statement, opened)
    return Signed(statement, hashlib.sha256(opened.payload).hexdigest(), opened, successor)


class Opener:
    """Opens items with the keys that are trusted, and with those that rotations lead to."""

    def __init__(self, ring: KeyRing) -> None:
        self.ring = ring
        self.refused: list[tuple[str, str]] = []  # name, why

    def open(self, items: Iterable[Item]) -> Iterator[tuple[Item, Signed]]:
        """Those that are good; the others are in `refused` when this has ended.

        One that is refused is tried again when a key has taken over: rotations come in any order.
        """
        waiting: list[tuple[Item, str]] = []
        for item in items:
            signed, why = self._try(item)
            if signed is None:
                waiting.append((item, why))
                continue
            yield item, signed
            if self._learn(signed):
                again, waiting = waiting, []
                for item, signed in self._open_again(again, waiting):
                    yield item, signed
        self.refused.extend((item.name, why) for item, why in waiting)

    def _open_again(
        self, items: list[tuple[Item, str]], waiting: list[tuple[Item, str]]
    ) -> Iterator[tuple[Item, Signed]]:
        learnt = False
        for item, _ in items:
            signed, why = self._try(item)
            if signed is None:
                waiting.append((item, why))
            else:
                learnt |= self._learn(signed)
                yield item, signed
        if learnt:
            again = list(waiting)
            waiting.clear()
            yield from self._open_again(again, waiting)

    def _try(self, item: Item) -> tuple[Signed | None, str]:
        try:
            return open_statement(item.envelope, self.ring), ""
        except VerificationError as error:
            return None, str(error)

    def _learn(self, signed: Signed) -> bool:
        """Whether a key is trusted from here on that was not."""
        new = signed.successor
        if new is None or self.ring.accepts(new, dsse.EVIDENCE_TYPE):
            return False
        self.ring = self.ring.also(dsse.EVIDENCE_TYPE, [new])
        return True


class SecondSignatures:
    """SM2 signatures beside the one that counts, where their keys are known; the rest is counted."""

    def __init__(self, keys: Sequence[Sm2PublicKey]) -> None:
        self._keys = {key.keyid: key for key in keys}
        self._can = sm2.available()
        self.good = 0
        self.none = 0  # statements without one of these keys
        self.unknown = 0  # signatures of keys that are not known here

    def check(self, signed: Signed) -> str:
        """What is wrong with those of one statement; empty when nothing is."""
        known = {*signed.opened.keyids, *([signed.successor.keyid] if signed.successor else [])}
        others = [s for s in signed.opened.signatures if s.keyid not in known]
        found = [(self._keys[s.keyid], s) for s in others if s.keyid in self._keys and self._can]
        self.unknown += len(others) - len(found)
        self.none += not found
        message = dsse.pae(signed.opened.payload_type, signed.opened.payload)
        for key, signature in found:
            if not key.verifies(signature.sig, message):
                return f"its SM2 signature by key {key.keyid:.16} is not good"
            self.good += 1
        return ""

    def say(self, checked: list[str], not_checked: list[str]) -> None:
        """For the report."""
        if self.good:
            checked.append(f"{self.good} second signatures: SM2 with SM3, in software")
        if self._keys and not self._can:
            not_checked.append("SM2 signatures: the extra is not installed (pip install 'edge-agent[sm2]')")
        elif self._keys and self.none:
            not_checked.append(f"SM2 of {self.none} statements: none here by these keys")
        if self.unknown:
            not_checked.append(
                f"{self.unknown} second signatures of keys that are not known here (SM2: give --sm2-keys)"
            )
