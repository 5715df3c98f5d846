"""The seam between what we send and whatever carries it: one connection, seen from inside.

A connection lives from one CONNECT to its end and is then thrown away; everything that happened on
it comes out of `poll` as a value, in order. Nothing here queues: a message that was not handed to
`publish` is still in the outbox, and one that was not acknowledged goes back there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from edge_agent.errors import DeviceError


class LinkDown(DeviceError):
    """The broker cannot be reached or would not have us."""


# MQTT 5 reason codes that mean something of their own to us (OASIS MQTT 5.0, 2.4).
NO_MATCHING_SUBSCRIBERS = 0x10
FIRST_FAILURE = 0x80
UNSUPPORTED_PROTOCOL = 0x84
NOT_AUTHORISED = 0x87
PACKET_TOO_LARGE = 0x95
QUOTA_EXCEEDED = 0x97

# Fixed header, topic length, packet id and property length of a PUBLISH, rounded up.
PUBLISH_OVERHEAD_BYTES = 32


@dataclass(frozen=True, slots=True)
class Message:
    """One message to publish. Properties are hints and do not exist on MQTT 3.1.1."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    content_type: str = ""
    correlation: bytes = b""
    properties: tuple[tuple[str, str], ...] = ()
    expiry_s: int | None = None  # the broker may drop it after so long; never for evidence

    @property
    def size(self) -> int:
        """Upper bound of the packet's bytes."""
        hints = sum(len(name.encode()) + len(value.encode()) + 5 for name, value in self.properties)
        hints += len(self.content_type) + len(self.correlation) + 6
        return PUBLISH_OVERHEAD_BYTES + len(self.topic.encode()) + hints + len(self.payload)


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker accepted us; its limits, already made definite."""

    mqtt5: bool
    receive_maximum: int
    maximum_packet_size: int
    retains: bool = True  # it keeps the newest message of a topic for those who come later


@dataclass(frozen=True, slots=True)
class Refused:
    """The broker answered and would not have us."""

    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Acked:
    """PUBACK for the token that `publish` returned. On 3.1.1 the code is always 0 and says nothing."""

    token: int
    code: int


@dataclass(frozen=True, slots=True)
class Received:
    """A message came in; it is acknowledged when we say so, never before."""

    topic: str
    payload: bytes
    token: int
    qos: int
    retained: bool
    correlation: bytes = b""


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The broker's answer to a subscription; codes of 0x80 and above are refusals."""

    codes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Closed:
    """The connection is over; nothing comes after this. Code 0 where the broker gave no reason."""

    code: int
    text: str


LinkEvent = Connected | Refused | Acked | Received | Subscribed | Closed


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says for us when we are gone."""

    message: Message
    delay_s: int = 0


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """Of one connection, beside the broker's settings."""

    client_id: str
    mqtt5: bool
    will: Will | None = None
    receive_maximum: int = 64  # messages the broker may leave with us unacknowledged
    maximum_packet_size: int = 1024 * 1024  # largest message that we read


class Link(Protocol):
    """One connection. Only `wake` may be called from another thread."""

    def open(self) -> None:
        """Connect; blocks up to the connect timeout. Raises LinkDown."""

    def publish(self, message: Message) -> int:
        """Hand over one message; the token comes back in `Acked`."""

    def subscribe(self, topics: tuple[str, ...]) -> None:
        """Ask for QoS 1 subscriptions."""

    def acknowledge(self, token: int) -> None:
        """PUBACK a received message: call it after your own commit."""

    def poll(self, timeout_s: float) -> list[LinkEvent]:
        """Move bytes and wait up to the timeout for something to happen."""

    @property
    def heard_at(self) -> float:
        """When the last byte came from the broker (the link's own monotonic seconds)."""

    @property
    def pending_bytes(self) -> bool:
        """Whether bytes wait to be written."""

    def disconnect(self) -> None:
        """Say goodbye (no will is sent) and close."""

    def abort(self) -> None:
        """Close without goodbye: the broker will publish the will."""
