"""Attachments in pieces small enough for any broker.

    topic  ea/v1/{tenant}/{device}/att/{sha256 of the whole attachment, lower-case hex}

    [magic "EAC1"] [offset: uint64 big-endian] [total: uint64 big-endian] [body: at least one byte]

Chunks may come in any order, twice, or overlap; the digest of the whole decides. A body is never
empty, ends at or before `total`, and `total` is the same in every chunk of one attachment.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

MAGIC = b"EAC1"
HEADER = struct.Struct(">4sQQ")
# Room in a packet for topic, header and properties: what the chunk rule subtracts from the packet limit.
PACKET_RESERVE_BYTES = 4096
SMALLEST_BODY_BYTES = 1024
MAX_TOTAL_BYTES = 1 << 40  # a length field beyond this is damage, not an attachment


class BadChunk(ValueError):
    """These bytes are not a chunk."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of an attachment."""

    offset: int
    total: int
    body: bytes

    @property
    def end(self) -> int:
        """Offset of the byte after the last."""
        return self.offset + len(self.body)


def encode_chunk(chunk: Chunk) -> bytes:
    """The bytes of one message.

    >>> encode_chunk(Chunk(0, 3, b"abc")).hex()
    '4541433100000000000000000000000000000003616263'
    """
    return HEADER.pack(MAGIC, chunk.offset, chunk.total) + chunk.body


def decode_chunk(message: bytes) -> Chunk:
    """Read one message; raises BadChunk for anything that is not exactly a chunk."""
    if len(message) <= HEADER.size:
        raise BadChunk(f"{len(message)} bytes, a chunk has more than {HEADER.size}")
    magic, offset, total = HEADER.unpack_from(message)
    if magic != MAGIC:
        raise BadChunk(f"starts with {magic.hex()}, not {MAGIC.hex()}")
    if total > MAX_TOTAL_BYTES:
        raise BadChunk(f"total of {total} bytes is beyond {MAX_TOTAL_BYTES}")
    chunk = Chunk(offset, total, message[HEADER.size :])
    if chunk.end > total:
        raise BadChunk(f"ends at {chunk.end}, beyond the total of {total}")
    return chunk


def body_limit(wanted: int, max_packet: int) -> int:
    """Largest chunk body: what we want, unless the packet limit is lower.

    >>> body_limit(98_304, 131_072), body_limit(98_304, 20_480)
    (98304, 16384)
    """
    return max(SMALLEST_BODY_BYTES, min(wanted, max_packet - PACKET_RESERVE_BYTES))


Range = tuple[int, int]  # first byte, byte after the last


def add_range(ranges: list[Range], new: Range) -> list[Range]:
    """The sorted, disjoint ranges with one more; touching ranges become one.

    >>> add_range([(0, 4), (8, 12)], (4, 6))
    [(0, 6), (8, 12)]
    """
    start, end = new
    kept = [(first, last) for first, last in ranges if last < start or first > end]
    joined = [(first, last) for first, last in ranges if not (last < start or first > end)]
    whole = (min([start, *(r[0] for r in joined)]), max([end, *(r[1] for r in joined)]))
    return sorted([*kept, whole])


def missing_ranges(ranges: list[Range], total: int) -> list[Range]:
    """What is not covered of 0 to total.

    >>> missing_ranges([(2, 4)], 10)
    [(0, 2), (4, 10)]
    """
    holes: list[Range] = []
    at = 0
    for first, last in ranges:
        if first > at:
            holes.append((at, first))
        at = max(at, last)
    if at < total:
        holes.append((at, total))
    return holes
