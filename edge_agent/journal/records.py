"""The records of an MCAP file that may be torn, damaged or forged. What a recording means is `reader`'s."""

from __future__ import annotations

import os
import zlib
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mcap.records import Chunk, McapRecord

# A length field that was torn or forged must not make us allocate: our chunks are 256 KiB, a
# configuration or a compressed video chunk stays far below this.
RECORD_LIMIT = 64 * 1024 * 1024
# A forged file of a MB could be hours of reading. Ours has an index of 16 bytes a message beside each chunk:
# a line that sends nothing but zeros, 4 KB a read, packs 256 times.
FREE_BYTES, MOST_TIMES = 256 * 1024 * 1024, 300
CRC_AND_MAGIC = 4 + 8
FOOTER_BYTES = 1 + 8 + 8 + 8 + CRC_AND_MAGIC  # opcode, length, two offsets


class _Torn(Exception):
    """The stream ended inside a record."""


class _ExactStream:
    """A stream whose `read(n)` gives n bytes or says that the file is torn.

    The library passes a short read on as if it were whole; at a power cut that is a lie.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes."""
        if not 0 <= size <= RECORD_LIMIT:  # a forged length can come out below zero, and -1 is all there is
            raise ValueError(f"a record of {size} bytes")
        data = self._stream.read(size)
        if len(data) != size:
            raise _Torn
        return data


class Start(NamedTuple):
    """Where in the file reading begins, and the channels that were named before it."""

    offset: int
    topics: dict[int, str]


def records_of(stream: IO[bytes], start: Start | None = None) -> Iterator[McapRecord]:
    """All records in their order, or those from a place on; what is in chunks too.

    What the library raises means damaged bytes.
    """
    from mcap.records import Chunk  # noqa: PLC0415 - only who reads pays for it
    from mcap.stream_reader import StreamReader  # noqa: PLC0415

    if start:
        stream.seek(start.offset)
    exact = _ExactStream(stream)
    reader = StreamReader(
        exact,  # type: ignore[arg-type]
        skip_magic=start is not None,
        emit_chunks=True,
        validate_crcs=True,
        record_size_limit=RECORD_LIMIT,
    )
    unpacked = 0
    for record in reader.records:
        if isinstance(record, Chunk):
            chunk = _unpacked(record)
            unpacked += len(chunk.data)
            if unpacked > FREE_BYTES + MOST_TIMES * stream.tell():
                raise ValueError("unpacks to more than a recording holds")
            yield from _in_chunk(chunk)
        else:
            yield record


def _in_chunk(chunk: Chunk) -> Iterator[McapRecord]:
    """One after the other: the library's list of them takes ten times the chunk's memory."""
    from mcap.opcode import Opcode  # noqa: PLC0415 - only who reads pays for it
    from mcap.records import Channel, Message  # noqa: PLC0415 - same
    from mcap.stream_reader import get_chunk_data_stream  # noqa: PLC0415 - same

    stream, size = get_chunk_data_stream(chunk, validate_crc=True)
    while stream.count < size:
        opcode, length = stream.read1(), stream.read8()
        if opcode == Opcode.MESSAGE:
            yield Message.read(stream, length)
        elif opcode == Opcode.CHANNEL:
            yield Channel.read(stream)
        else:
            stream.read(length)


class _Chunk(NamedTuple):
    offset: int
    last_at: int  # log time


class Index(NamedTuple):
    """What a file says of itself at its end."""

    topics: dict[int, str]  # by channel
    span: tuple[int, int] | None  # log times of the first message and the last; None: there is no message
    chunks: tuple[_Chunk, ...]  # as they lie in the file

    def start_of(self, since: int) -> Start | None:
        """The chunk before the first that may hold something of this log time or later.

        It says which event comes next: what is missing from there on is seen by that, in the next file too.

        None: it is the very first, or they are not as we write them.
        """
        ends = [chunk.last_at for chunk in self.chunks]
        place = bisect_left(ends, since) - 1
        if place <= 0 or ends != sorted(ends):
            return None
        return Start(self.chunks[place].offset, self.topics)


def index_of(path: Path) -> Index | None:
    """The index at the file's end, where it is there and its checksum holds.

    What it points to is not looked at: it may be forged.
    """
    try:
        return _index(path)
    except Exception:  # noqa: BLE001 - whatever the library raises here means a torn or damaged end
        return None


def _index(path: Path) -> Index | None:
    from mcap.records import Channel, ChunkIndex, Footer, Statistics  # noqa: PLC0415 - only who reads pays for it
    from mcap.stream_reader import StreamReader  # noqa: PLC0415 - same

    with path.open("rb") as stream:
        stream.seek(-FOOTER_BYTES, os.SEEK_END)
        footer = next(StreamReader(stream, skip_magic=True).records)
        if not isinstance(footer, Footer) or not footer.summary_start:
            return None
        stream.seek(footer.summary_start)
        data = _ExactStream(stream).read(path.stat().st_size - footer.summary_start)
    if footer.summary_crc and zlib.crc32(data[:-CRC_AND_MAGIC]) != footer.summary_crc:
        return None
    topics: dict[int, str] = {}
    chunks: list[_Chunk] = []
    span = None
    for record in StreamReader(BytesIO(data), skip_magic=True, emit_chunks=True).records:
        if isinstance(record, Channel):
            topics[record.id] = record.topic
        elif isinstance(record, ChunkIndex):
            chunks.append(_Chunk(record.chunk_start_offset, record.message_end_time))
        elif isinstance(record, Statistics) and record.message_count:
            span = record.message_start_time, record.message_end_time
    if span and not topics:
        return None  # of a program that does not name them here again
    return Index(topics, span, tuple(sorted(chunks)))


def torn_by(error: Exception, byte: int) -> str:
    """What an exception of the libraries says of the file."""
    from mcap.exceptions import InvalidMagic  # noqa: PLC0415 - help stays instant

    if isinstance(error, _Torn):
        return f"ends inside a record at byte {byte}" if byte else "it is empty, or ends in its first bytes"
    if isinstance(error, (MemoryError, ImportError)):
        raise error  # the file is as it was, only this process cannot read it
    if isinstance(error, InvalidMagic):
        return "it does not begin as an MCAP file does"
    return f"damaged near byte {byte}: {type(error).__name__}: {error}"


def _unpacked(chunk: Chunk) -> Chunk:
    """The chunk without compression.

    The library would unpack whatever comes: a few KB can be hundreds of MB.
    """
    most = min(chunk.uncompressed_size, RECORD_LIMIT)  # memory is taken for all that is asked for
    if chunk.compression == "zstd":
        from zstandard import ZstdDecompressor  # noqa: PLC0415 - comes with mcap

        with ZstdDecompressor().stream_reader(chunk.data) as packed:
            data = packed.read(most + 1)
    elif chunk.compression == "lz4":
        from lz4.frame import LZ4FrameDecompressor  # noqa: PLC0415 - comes with mcap

        data = LZ4FrameDecompressor().decompress(chunk.data, max_length=most + 1)
    else:
        return chunk
    if len(data) > most:
        raise ValueError(f"a chunk of more than {most} bytes")
    return replace(chunk, compression="", data=data)
