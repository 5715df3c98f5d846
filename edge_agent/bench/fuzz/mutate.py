"""Damage: what a line, a disk, a bad program or a clever person may do to bytes. Seeded."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

# Numbers that sit at an edge of somebody's type.
EDGES = (b"0", b"-1", b"1e400", b"9223372036854775808", b"-9223372036854775809", b"1" * 4301, b"NaN", b"0x10")
WORDS = (
    *EDGES,
    *(b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b'"\\ud800"', b"\\u0000"),
    *(
        b"null",
        b"true",
        b"[[[[",
        b"{",
        b"}",
        b'"',
        b"\\",
        b'\\"',
        b"../",
        b"/dev/zero",
        b"%s%n",
        b"\r\n",
        b"2026-13-45",
    ),
)
VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**31, 2**53, 2**63, -(2**63) - 1, 10**4000, 1.5, 1e308),
    *("", "\x00", "a" * 300, "../../x", "/dev/zero", "沪A12345", "٣", "\ud800", [], {}, [[]], {"": {}}),
)
MOST_STEPS = 6


class Mutator:
    """Inputs from inputs.

    Args:
        rng: decides everything.
        words: that the reader knows, beside the usual ones.
        most_bytes: no input is longer.
        structured: seeds are JSON.
    """

    def __init__(
        self, rng: random.Random, words: Sequence[bytes], most_bytes: int, *, structured: bool
    ) -> None:
        self._rng = rng
        self._words = (*WORDS, *words)
        self._most = most_bytes
        self._structured = structured
        self._copies = 2
        self._steps = (
            *(self._flip, self._set, self._remove, self._repeat, self._insert, self._word, self._word),
            *(self._cut, self._shuffle, self._grow),
        )

    def make(self, pool: Sequence[bytes]) -> bytes:
        """The next input."""
        data = self._rng.choice(pool)
        if self._structured and self._rng.random() < 0.6:
            data = self._restructured(data)
            if self._rng.random() < 0.5:
                return data[: self._most]
        if self._rng.random() < 0.15:
            data = self._splice(data, self._rng.choice(pool))
        for _ in range(self._rng.randint(1, MOST_STEPS)):
            data = self._rng.choice(self._steps)(data)
        return data[: self._most]

    def _at(self, data: bytes) -> int:
        return self._rng.randint(0, len(data))

    def _span(self, data: bytes) -> tuple[int, int]:
        start = self._at(data)
        return start, min(len(data), start + int(self._rng.expovariate(1 / 16)) + 1)

    def _flip(self, data: bytes) -> bytes:
        if not data:
            return b"\x00"
        at = self._rng.randrange(len(data))
        return data[:at] + bytes([data[at] ^ (1 << self._rng.randrange(8))]) + data[at + 1 :]

    def _set(self, data: bytes) -> bytes:
        at = self._at(data)
        return (
            data[:at]
            + bytes([self._rng.choice((0, 0x7F, 0x80, 0xFF, self._rng.randrange(256)))])
            + data[at + 1 :]
        )

    def _remove(self, data: bytes) -> bytes:
        start, end = self._span(data)
        return data[:start] + data[end:]

    def _repeat(self, data: bytes) -> bytes:
        start, end = self._span(data)
        return data[:end] + data[start:end] * self._rng.randint(1, 64) + data[end:]

    def _insert(self, data: bytes) -> bytes:
        at = self._at(data)
        return data[:at] + self._rng.randbytes(self._rng.randint(1, 16)) + data[at:]

    def _word(self, data: bytes) -> bytes:
        start, end = self._span(data)
        kept = end if self._rng.random() < 0.5 else start
        return data[:start] + self._rng.choice(self._words) + data[kept:]

    def _cut(self, data: bytes) -> bytes:
        return data[: self._at(data)] if self._rng.random() < 0.5 else data[self._at(data) :]

    def _shuffle(self, data: bytes) -> bytes:
        start, end = self._span(data)
        middle = bytearray(data[start:end])
        self._rng.shuffle(middle)
        return data[:start] + bytes(middle) + data[end:]

    def _grow(self, data: bytes) -> bytes:
        """Up to the limit, of one short piece: what takes more than linear time shows."""
        if self._rng.random() < 0.8:
            return data
        piece = self._rng.choice(self._words) if self._rng.random() < 0.6 else data[slice(*self._span(data))]
        at = self._at(data)
        return data[:at] + piece * (max(0, self._most - len(data)) // max(1, len(piece))) + data[at:]

    def _splice(self, one: bytes, other: bytes) -> bytes:
        return one[: self._at(one)] + other[self._at(other) :]

    def _restructured(self, data: bytes) -> bytes:
        """The same JSON with something in it replaced, removed, moved, multiplied or wrapped."""
        try:
            tree = json.loads(data)
        except (ValueError, RecursionError):
            return data
        self._copies = max(2, self._most // (len(data) + 1))
        for _ in range(self._rng.randint(1, 3)):
            tree = self._changed(tree)
        try:
            return json.dumps(tree, ensure_ascii=self._rng.random() < 0.5).encode("utf-8", "surrogatepass")
        except (ValueError, RecursionError):
            return data

    def _changed(self, tree: Any) -> Any:
        if isinstance(tree, dict) and tree and self._rng.random() < 0.85:
            return self._changed_object(dict(tree))
        if isinstance(tree, list) and tree and self._rng.random() < 0.85:
            return self._changed_list(list(tree))
        choices = [
            self._rng.choice(VALUES),
            self._rng.choice(VALUES),
            {"a": tree},
            [tree] * 2,
            [tree] * self._many(100),
        ]
        if isinstance(tree, int):
            choices += [tree - 1, tree + 1, tree + 2**32, -tree]
        if isinstance(tree, str):
            choices += [self._mangled(tree) for _ in range(4)]
        return self._rng.choice(choices)

    def _many(self, wanted: int) -> int:
        """No more copies than fit, over all steps: they multiply."""
        copies = min(wanted, self._copies)
        self._copies = max(2, self._copies // copies)
        return copies

    def _changed_object(self, tree: dict[str, Any]) -> dict[str, Any]:
        key = self._rng.choice(list(tree))
        choice = self._rng.random()
        if choice < 0.1:
            del tree[key]
        elif choice < 0.2:
            tree[self._mangled(key)] = tree.pop(key)
        else:
            tree[key] = self._changed(tree[key])
        return tree

    def _changed_list(self, tree: list[Any]) -> list[Any]:
        at = self._rng.randrange(len(tree))
        choice = self._rng.random()
        if choice < 0.1:
            del tree[at]
        elif choice < 0.2:
            tree += [tree[at]] * self._rng.choice((1, 3, self._many(1000)))
        else:
            tree[at] = self._changed(tree[at])
        return tree

    def _mangled(self, text: str) -> str:
        other = self._rng.choice(("", " ", "\x00", "\ud800", "é", "/", "..", "A" * 70))
        at = self._rng.randint(0, len(text))
        return text[:at] + other + text[at + self._rng.randrange(2) :]
