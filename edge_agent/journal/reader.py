"""Reading a recording in the order it was written. A torn tail is reported and the rest is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from edge_agent.core.decisions import Decision
from edge_agent.core.events import Event
from edge_agent.core.units import Ns
from edge_agent.errors import JournalError, UsageError
from edge_agent.journal import codec
from edge_agent.journal.video import VIDEO_TOPIC, VideoPacket, decode

if TYPE_CHECKING:
    from mcap.records import Chunk, McapRecord

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
        data = self._stream.read(size)
        if len(data) != size:
            raise _Torn
        return data


@dataclass(slots=True)
class Recording:
    """A recording opened for reading. `torn` is known once the iteration has ended.

    Iterate `events()` once for replay or `decisions()` once for the decisions made live.
    """

    path: Path
    metadata: dict[str, str] = field(default_factory=dict)
    config_text: str = ""
    torn: str = ""

    @classmethod
    def open(cls, path: Path) -> Recording:
        """Read the header of the recording at `path`.

        Raises:
            JournalError: no such file, or not a recording.
        """
        recording = cls(path)
        for _ in recording._messages(header_only=True):
            break
        if not recording.metadata:
            raise JournalError(f"{path}: not an edge-agent recording, or torn before its header")
        recording.torn = ""
        return recording

    def events(self) -> Iterator[Event]:
        """Every event, in the order in which the core saw it."""
        for topic, at, body in self._messages():
            event = codec.decode_event(topic, at, body)
            if event is not None:
                yield event

    def decisions(self) -> Iterator[Decision]:
        """Every decision that was recorded beside the events."""
        for topic, _at, body in self._messages():
            decision = codec.decode_decision(topic, body)
            if decision is not None:
                yield decision

    def video(self) -> Iterator[VideoPacket]:
        """Every compressed picture that was recorded, in the order of arrival.

        Raises:
            JournalError: a message is none.
        """
        for topic, _at, body in self._messages():
            if topic.startswith(VIDEO_TOPIC):
                yield decode(body)

    def _messages(self, *, header_only: bool = False) -> Iterator[tuple[str, Ns, bytes]]:
        from mcap.records import Channel, Message  # noqa: PLC0415 - only who reads pays for it

        topics: dict[int, str] = {}
        try:
            stream = self.path.open("rb")
        except OSError as error:
            raise JournalError(f"{self.path}: {error.strerror}") from None
        with stream:
            try:
                for record in _records(stream):
                    if isinstance(record, Message):
                        yield topics[record.channel_id], Ns(record.publish_time), record.data
                    elif isinstance(record, Channel):
                        topics[record.id] = record.topic
                    else:
                        self._take_header(record)
                    if header_only and self.metadata and topics:
                        return
            except _Torn:
                self.torn = f"ends inside a record at byte {stream.tell()}"
            except Exception as error:  # noqa: BLE001 - whatever the libraries raise here means damaged bytes
                self.torn = f"damaged near byte {stream.tell()}: {type(error).__name__}: {error}"

    def _take_header(self, record: McapRecord) -> None:
        from mcap.records import Attachment, Metadata  # noqa: PLC0415 - only who reads pays for it

        if isinstance(record, Metadata) and record.name == "edge-agent":
            self.metadata = dict(record.metadata)
        elif isinstance(record, Attachment) and record.name == "config.yaml":
            self.config_text = record.data.decode("utf-8", "replace")


def _records(stream: IO[bytes]) -> Iterator[McapRecord]:
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


def open_all(path: Path) -> list[Recording]:
    """The recordings at `path`: one file, or a folder's `*.mcap` in order of name.

    Raises:
        UsageError: nothing there.
        JournalError: one that is no recording.
    """
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder")
    if path.is_dir():
        files = sorted(path.glob("*.mcap"))
        if not files:
            raise UsageError(f"{path}: no *.mcap in this folder")
        return [Recording.open(file) for file in files]
    return [Recording.open(path)]


def recorded_lines(recordings: Iterable[Recording]) -> list[str]:
    """The decisions made live, as lines of `decisions.jsonl`."""
    return [codec.decision_line(made) for recording in recordings for made in recording.decisions()]
