"""The records of an MCAP file that may be torn, damaged or forged. What a recording means is `reader`'s."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from mcap.records import Chunk, McapRecord
    from mcap.summary import Summary

# A length field that was torn or forged must not make us allocate: our chunks are 256 KiB, a
# configuration or a compressed video chunk stays far below this.
RECORD_LIMIT = 64 * 1024 * 1024


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
        if size > RECORD_LIMIT:
            raise ValueError(f"a record of {size} bytes")
        data = self._stream.read(size)
        if len(data) != size:
            raise _Torn
        return data


def records_of(stream: IO[bytes]) -> Iterator[McapRecord]:
    """All records in their order, those in chunks too; what the library raises means damaged bytes."""
    from mcap.records import Chunk  # noqa: PLC0415 - only who reads pays for it
    from mcap.stream_reader import StreamReader, breakup_chunk  # noqa: PLC0415

    exact = _ExactStream(stream)
    reader = StreamReader(
        exact,  # type: ignore[arg-type]
        emit_chunks=True,
        validate_crcs=True,
        record_size_limit=RECORD_LIMIT,
    )
    for record in reader.records:
        if isinstance(record, Chunk):
            yield from breakup_chunk(_unpacked(record), validate_crc=True)
        else:
            yield record


def index_of(path: Path) -> Summary | None:
    """The index at the file's end; None where there is none that can be read."""
    from mcap.reader import SeekingReader  # noqa: PLC0415 - only who reads pays for it

    try:
        with path.open("rb") as stream:
            return SeekingReader(stream, record_size_limit=RECORD_LIMIT).get_summary()
    except Exception:  # noqa: BLE001 - whatever the library raises here means a torn or damaged end
        return None


def torn_by(error: Exception, byte: int) -> str:
    """What an exception of the libraries says of the file."""
    if isinstance(error, _Torn):
        return f"ends inside a record at byte {byte}"
    if isinstance(error, (MemoryError, ImportError)):
        raise error  # the file is as it was, only this process cannot read it
    return f"damaged near byte {byte}: {type(error).__name__}: {error}"


def _unpacked(chunk: Chunk) -> Chunk:
    """The chunk without compression.

    The library would unpack whatever comes: a few KB can be hundreds of MB.
    """
    if chunk.compression == "zstd":
        from zstandard import ZstdDecompressor  # noqa: PLC0415 - comes with mcap

        with ZstdDecompressor().stream_reader(chunk.data) as packed:
            data = packed.read(RECORD_LIMIT + 1)
    elif chunk.compression == "lz4":
        from lz4.frame import LZ4FrameDecompressor  # noqa: PLC0415 - comes with mcap

        data = LZ4FrameDecompressor().decompress(chunk.data, max_length=RECORD_LIMIT + 1)
    else:
        return chunk
    if len(data) > RECORD_LIMIT:
        raise ValueError(f"a chunk of more than {RECORD_LIMIT} bytes")
    return replace(chunk, compression="", data=data)
