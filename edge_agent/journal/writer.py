"""Writing one recording: an MCAP file whose header names the software and holds the configuration."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import IO, Any

from edge_agent.core.decisions import Decision
from edge_agent.core.events import Event
from edge_agent.journal import codec, video
from edge_agent.journal.video import VideoPacket

LIBRARY = "edge-agent"

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


class RecordingWriter:
    """One MCAP file being written. Not thread-safe: its owner takes turns."""

    def __init__(self, stream: IO[bytes], header: RecordingHeader) -> None:
        from mcap.writer import CompressionType, Writer  # noqa: PLC0415 - only who records pays for it

        self._stream = stream
        self._writer = Writer(stream, chunk_size=CHUNK_BYTES, compression=CompressionType.ZSTD)
        self._writer.start(profile="", library=LIBRARY)
        self._channels: dict[str, int] = {}
        self._log_time = 0
        self._sequence = 0
        self._writer.add_metadata(
            "edge-agent",
            {
                "software": header.software,
                "config_sha256": header.config_sha256,
                "models": json.dumps(dict(header.models), sort_keys=True),
                "simulated": "yes" if header.simulated else "no",
                "note": header.note,
            },
        )
        if header.config_text:
            self._writer.add_attachment(0, 0, "config.yaml", "application/yaml", header.config_text.encode())

    def event(self, event: Event) -> None:
        """Append an event. The order of calls is the order of replay."""
        self._add(codec.topic_of(event), event.at, codec.encode_event(event))

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
        """Write the index and the footer."""
        self._writer.finish()  # type: ignore[no-untyped-call]
        self._stream.flush()

    def _add(self, topic: str, at: int, body: bytes) -> None:
        channel = self._channels.get(topic)
        if channel is None:
            channel = self._register(topic)
        # Readers that sort by log time must still see our order, so it never decreases;
        # the event's own time is the publish time.
        self._log_time = max(self._log_time, at)
        self._sequence += 1
        self._writer.add_message(
            channel_id=channel,
            log_time=self._log_time,
            data=body,
            publish_time=at,
            sequence=self._sequence & 0xFFFFFFFF,
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
    kind = topic.rsplit("/", 1)[1]
    types = codec.EVENT_TYPES if topic.startswith(codec.EVENT_TOPIC) else codec.DECISION_TYPES
    return kind, codec.json_schema(types[kind])
