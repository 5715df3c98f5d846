"""Compressed video in a recording, as Foxglove's CompressedVideo in JSON: one message a packet.

Source of the form: https://docs.foxglove.dev/docs/sdk/schemas/compressed-video ; H.264 and H.265 are
written as Annex B, every keyframe with its parameter sets before it, so that any of them can begin.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from edge_agent.core.units import Ns, S
from edge_agent.errors import JournalError

VIDEO_TOPIC = "/video/"
SCHEMA_NAME = "foxglove.CompressedVideo"
SCHEMA: dict[str, Any] = {
    "title": SCHEMA_NAME,
    "type": "object",
    "properties": {
        "timestamp": {
            "type": "object",
            "title": "time",
            "properties": {"sec": {"type": "integer"}, "nsec": {"type": "integer"}},
        },
        "frame_id": {"type": "string"},
        "data": {"type": "string", "contentEncoding": "base64"},
        "format": {"type": "string"},
    },
}


@dataclass(frozen=True, slots=True)
class VideoPacket:
    """One compressed picture of a camera."""

    camera: str
    captured_at: Ns  # monotonic
    format: str  # h264 | h265
    data: bytes


def encode(packet: VideoPacket) -> bytes:
    """The message body."""
    seconds, nanoseconds = divmod(packet.captured_at, S)
    body = {
        "timestamp": {"sec": seconds, "nsec": nanoseconds},
        "frame_id": packet.camera,
        "data": base64.b64encode(packet.data).decode("ascii"),
        "format": packet.format,
    }
    return json.dumps(body, separators=(",", ":")).encode()


def decode(body: bytes) -> VideoPacket:
    """The packet of a message.

    Raises:
        JournalError: it is no such message.
    """
    try:
        tree = json.loads(body)
        stamp = tree["timestamp"]
        return VideoPacket(
            camera=str(tree["frame_id"]),
            captured_at=Ns(int(stamp["sec"]) * S + int(stamp["nsec"])),
            format=str(tree["format"]),
            data=base64.b64decode(tree["data"], validate=True),
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, binascii.Error) as error:
        raise JournalError(f"{SCHEMA_NAME}: {error}") from None
