"""Writing one recording: an MCAP file whose header names the software and holds the configuration."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import IO, Any

from edge_agent.core.decisions import Decision
from edge_agent.core.events import Event, PlateSeen
from edge_agent.core.units import Ns
from edge_agent.journal import codec, gaps, video
from edge_agent.journal.gaps import Gap
from edge_agent.journal.migrations import FORMAT
from edge_agent.journal.numbering import SEQUENCE, EventCount
from edge_agent.journal.video import VideoPacket

LIBRARY = "edge-agent"
HEADER, END = "edge-agent", "edge-agent-end"  # names of the two metadata records

WITHHELD_TOPIC = "/withheld/PlateSeen"
KEPT_TOPIC = "/kept/PlateSeen"
KEPT, DROPPED = "kept", "dropped"

# A chunk is what a torn tail can cost. 256 KiB of 4 channels at 1 kHz is about 15 s of bytes; the
# recorder closes chunks by time as well (`flush`).
CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class RecordingHeader:
    """What a reader must know to replay: who wrote it, with which settings and models."""

    software: str
    config_sha256: str
    config_text: str = ""
    models: tuple[tuple[str, str], ...] = ()  # name, sha256
    simulated: bool = False
    note: str = ""
    boot_id: str = ""  # of the run that it is of; empty: its `Started` says, or nobody does
    segment: int | None = None  # of the black box
    first_event: int = 0  # number in its run (`numbering.py`)
    first_at: Ns | None = None  # monotonic, of the first thing in it
    utc_minus_mono: Ns | None = None  # where a clock had said when it was begun
    plates: str = KEPT
    more: tuple[tuple[str, str], ...] = ()  # of a marked session: from where to where

    def metadata(self) -> dict[str, str]:
        """As it is written, all text. docs/recordings.md has the meaning of each."""
        return {
            "format": str(FORMAT),
            "software": self.software,
            "config_sha256": self.config_sha256,
            "models": json.dumps(dict(self.models), sort_keys=True),
            "simulated": "yes" if self.simulated else "no",
            "note": self.note,
            "boot_id": self.boot_id,
            "segment": _text(self.segment),
            "first_event": str(self.first_event),
            "first_monotonic_ns": _text(self.first_at),
            "utc_minus_monotonic_ns": _text(self.utc_minus_mono),
            "plates": self.plates,
            **dict(self.more),
        }


def _text(number: int | None) -> str:
    return "" if number is None else str(number)


class RecordingWriter:
    """One MCAP file being written. Not thread-safe: its owner takes turns."""

    def __init__(self, stream: IO[bytes], header: RecordingHeader) -> None:
        from mcap.writer import CompressionType, Writer  # noqa: PLC0415 - only who records pays for it

        self._stream = stream
        self._writer = Writer(stream, chunk_size=CHUNK_BYTES, compression=CompressionType.ZSTD)
        self._writer.start(profile="", library=LIBRARY)
        self._channels: dict[str, int] = {}
        self._log_time = 0
        self._count = EventCount(header.boot_id, header.first_event - 1)
        self._last_at = Ns(0)
        self._writer.add_metadata(HEADER, header.metadata())
        if header.config_text:
            self._writer.add_attachment(0, 0, "config.yaml", "application/yaml", header.config_text.encode())

    def event(self, event: Event, number: int | None = None) -> None:
        """Append an event. The order of calls is the order of replay.

        Args:
            event: what happened.
            number: in its run; default: the one after the last.
        """
        if number is not None:
            self._count.go_on(self._count.boot_id, number)
        self._count.take(event)
        self._add(codec.topic_of(event), event.at, codec.encode_event(event))

    def withheld(self, event: PlateSeen, number: int) -> None:
        """Append a read without whose plate it was; `kept` may give it back."""
        self._count.go_on(self._count.boot_id, number)
        self._count.take(event)
        self._add(WITHHELD_TOPIC, event.at, codec.encode_event(event))

    def kept(self, event: PlateSeen, number: int) -> None:
        """Append a read that was withheld before, as it was: a statement needs it."""
        self._add(KEPT_TOPIC, event.at, codec.encode_event(event), number)

    def gap(self, gap: Gap) -> None:
        """Append what is missing here."""
        self._add(gaps.GAP_TOPIC, gap.end, gaps.encode(gap), gap.first_event)
        self._count.skip_to(gap.next_event)

    def decision(self, decision: Decision) -> None:
        """Append a decision, for people and for `diff`; replay makes its own."""
        topic = codec.DECISION_TOPIC + type(decision).__name__
        self._add(topic, decision.at, codec.encode_decision(decision))

    def video(self, packet: VideoPacket, at: int) -> None:
        """Append a compressed picture that arrived at `at`; replay does not look at it."""
        self._add(video.VIDEO_TOPIC + packet.camera, at, video.encode(packet))

    def flush(self) -> None:
        """Close the chunk and hand it to the kernel: what is written survives this process."""
        self._writer.flush()  # type: ignore[no-untyped-call]
        self._stream.flush()

    def close(self) -> None:
        """Write where it ends, the index and the footer."""
        self._writer.add_metadata(
            END, {"last_event": str(self._count.number), "last_monotonic_ns": str(self._last_at)}
        )
        self._writer.finish()  # type: ignore[no-untyped-call]
        self._stream.flush()

    def _add(self, topic: str, at: int, body: bytes, number: int | None = None) -> None:
        channel = self._channels.get(topic)
        if channel is None:
            channel = self._register(topic)
        # Readers that sort by log time must still see our order, so it never decreases;
        # the event's own time is the publish time.
        self._log_time = max(self._log_time, at)
        self._last_at = Ns(max(self._last_at, at))
        self._writer.add_message(
            channel_id=channel,
            log_time=self._log_time,
            data=body,
            publish_time=at,
            sequence=(self._count.number if number is None else number) & SEQUENCE,
        )

    def _register(self, topic: str) -> int:
        schema_id = 0
        encoding = "octet-stream"
        if not topic.startswith(codec.SERIAL_TOPIC):
            encoding = "json"
            name, form = _schema_of(topic)
            schema = json.dumps(form, sort_keys=True).encode()
            schema_id = self._writer.register_schema(name, "jsonschema", schema)
        channel: int = self._writer.register_channel(topic, encoding, schema_id)
        self._channels[topic] = channel
        return channel


def _schema_of(topic: str) -> tuple[str, dict[str, Any]]:
    if topic.startswith(video.VIDEO_TOPIC):
        return video.SCHEMA_NAME, video.SCHEMA
    if topic == gaps.GAP_TOPIC:
        return "Gap", gaps.json_schema()
    if topic in {WITHHELD_TOPIC, KEPT_TOPIC}:
        return "PlateSeen", codec.json_schema(PlateSeen)
    kind = topic.rsplit("/", 1)[1]
    types = codec.EVENT_TYPES if topic.startswith(codec.EVENT_TOPIC) else codec.DECISION_TYPES
    return kind, codec.json_schema(types[kind])
