"""One visit to the broker: how far it lets us in, and which of our topics it lets us use.

    TCP ─> TLS ─> CONNECT ─> SUBSCRIBE rcpt, cmd ─> PUBLISH to stmt, att, head, state ─> a question, a receipt

What is published is empty, not retained and expires at once: platforms say nothing to an empty message
(docs/wire.md). One topic at a time: a broker that ends the connection names the topic by it. (Mosquitto 2.0
does so after it has refused one with 0x87.)
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Self

from cryptography import x509

from edge_agent.evidence.uplink.mqtt import MqttLink, Waker, tls_context, unsupported_protocol
from edge_agent.evidence.uplink.port import (
    FIRST_FAILURE,
    NO_MATCHING_SUBSCRIBERS,
    Acked,
    Closed,
    Connected,
    LinkDown,
    LinkEvent,
    LinkOptions,
    Message,
    Received,
    Refused,
    Subscribed,
)
from edge_agent.evidence.uplink.sender import ENVELOPE_CONTENT_TYPE
from edge_agent.evidence.uplink.settings import BrokerSettings
from edge_agent.evidence.uplink.topics import Topics

NOBODYS_DIGEST = "0" * 64
HANG_UP_S = 0.1
NOT_TAKEN = 0x80  # stands for the reason code of a broker that gave none: it ended the connection, or hung


@dataclass(frozen=True, slots=True)
class TlsSeen:
    """The broker's certificate."""

    trouble: str = ""  # expired | not_yet | name | chain | other; empty when it is good
    why: str = ""  # as the TLS library says it
    subject: str = ""
    ends_utc_us: int | None = None


@dataclass(frozen=True, slots=True)
class BrokerSeen:
    """How far we came; what comes after the first trouble was not reached."""

    tcp: str = ""  # why there is no connection
    tls: TlsSeen | None = None  # None: without TLS, or not reached
    own_files: str = ""  # what is wrong with our own files for TLS or login
    refused: Refused | None = None  # the answer to CONNECT
    silent: str = ""  # CONNECT was not answered, and how that ended
    connected: Connected | None = None
    published: Mapping[str, int] = field(default_factory=dict)  # topic: reason code of its PUBACK
    subscribed: Mapping[str, int] = field(default_factory=dict)  # topic: reason code of its SUBACK
    asked: bool = False  # somebody was there to be asked where our chain ends
    receipt_s: float | None = None  # after so long a good receipt answered


@dataclass(frozen=True, slots=True)
class Question:
    """A statement that the platform has already, put to it as a daemon does at its start (docs/wire.md)."""

    envelope: bytes
    believed: Callable[[bytes], bool]  # whether this is a receipt for us


def look_from_outside(broker: BrokerSettings, timeout_s: float) -> BrokerSeen:
    """TCP and TLS alone: the broker does not learn who we are."""
    try:
        with socket.create_connection((broker.host, broker.port), timeout_s):
            pass
    except OSError as error:
        return BrokerSeen(tcp=error.strerror or str(error))
    if broker.tls_ca_certs is None:
        return BrokerSeen()
    try:
        context = tls_context(broker)
    except LinkDown as error:
        return BrokerSeen(own_files=str(error))
    return BrokerSeen(tls=_handshake(broker, context, timeout_s))


def visit(
    broker: BrokerSettings,
    client_id: str,
    topics: Topics,
    question: Question | None,
    *,
    commands: bool,
    timeout_s: float,
) -> BrokerSeen:
    """Go there once, all the way.

    Args:
        broker: where.
        client_id: as whom. The broker ends whatever other connection has the same.
        topics: of this box.
        question: to be asked, if anybody listens.
        commands: whether the topic of commands is wanted as well.
        timeout_s: for each step.
    """
    seen = look_from_outside(broker, timeout_s)
    if seen.tcp or seen.own_files or (seen.tls and seen.tls.trouble):
        return seen
    down = (topics.receipts, topics.commands) if commands else (topics.receipts,)
    up = (topics.statement, topics.attachment(NOBODYS_DIGEST), topics.head, topics.state)
    for mqtt5 in {"auto": (True, False), "5": (True,), "3.1.1": (False,)}[broker.protocol]:
        options = LinkOptions(client_id=client_id, mqtt5=mqtt5)
        seen = _try(replace(seen, refused=None), partial(_Call, broker, options, timeout_s), down, up)
        if seen.refused is None or not unsupported_protocol(seen.refused):
            break
    heard = seen.published.get(topics.head, NOT_TAKEN)
    if question is None or heard == NO_MATCHING_SUBSCRIBERS or heard >= FIRST_FAILURE:
        return seen
    with _Call(broker, options, timeout_s) as line:
        receipt_s = line.ask(topics, question) if isinstance(line.connect(), Connected) else None
    return replace(seen, asked=True, receipt_s=receipt_s)


def _try(
    seen: BrokerSeen, call: Callable[[], _Call], down: tuple[str, ...], up: tuple[str, ...]
) -> BrokerSeen:
    """Log in and try each topic; a broker that hangs up on one is called again for the next."""
    with call() as line:
        answer = line.connect()
        if isinstance(answer, Refused):
            return replace(seen, refused=answer)
        if not isinstance(answer, Connected):
            return replace(seen, silent=answer)
        subscribed, published, left = line.subscribe(down), dict[str, int](), deque(up)
        while left and not line.over:
            topic = left.popleft()
            published[topic] = line.publish(topic)
    for topic in left:
        with call() as line:
            published[topic] = line.publish(topic) if isinstance(line.connect(), Connected) else NOT_TAKEN
    return replace(seen, connected=answer, subscribed=subscribed, published=published)


class _Call:
    """One MQTT connection."""

    def __init__(self, broker: BrokerSettings, options: LinkOptions, timeout_s: float) -> None:
        self._waker = Waker()
        self._timeout_s = timeout_s
        self._link = MqttLink(broker, options, self._waker)
        self._events: deque[LinkEvent] = deque()
        self._ended = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._link.disconnect()
        self._waker.close()

    @property
    def over(self) -> bool:
        """The broker hung up; looks for a moment, since it does so right after an answer."""
        if not self._ended:
            self._hear(HANG_UP_S)
        return bool(self._ended)

    def connect(self) -> Connected | Refused | str:
        """The broker's answer, or why there was none."""
        try:
            self._link.open()
        except LinkDown as error:
            return str(error)
        answer = self._wait_for(Connected, Refused)
        return answer if isinstance(answer, Connected | Refused) else self._ended or "no CONNACK"

    def subscribe(self, topics: tuple[str, ...]) -> dict[str, int]:
        """Reason codes by topic."""
        self._link.subscribe(topics)
        answer = self._wait_for(Subscribed)
        codes = answer.codes if isinstance(answer, Subscribed) else (NOT_TAKEN,) * len(topics)
        return dict(zip(topics, codes, strict=False))

    def publish(self, topic: str) -> int:
        """The reason code."""
        self._link.publish(Message(topic, b"", expiry_s=1))
        answer = self._wait_for(Acked)
        return answer.code if isinstance(answer, Acked) else NOT_TAKEN

    def ask(self, topics: Topics, question: Question) -> float | None:
        """Seconds until a good receipt answered; None: none did."""
        self.subscribe((topics.receipts,))
        began_s = time.monotonic()
        self._link.publish(Message(topics.head, question.envelope, content_type=ENVELOPE_CONTENT_TYPE))
        while isinstance(answer := self._wait_for(Received), Received):
            # Not acknowledged: what it says is for the daemon, which asks again.
            if answer.topic == topics.receipts and question.believed(answer.payload):
                return time.monotonic() - began_s
        return None

    def _wait_for(self, *kinds: type[LinkEvent]) -> LinkEvent | None:
        """The next event of these kinds; None when the connection or the time is over."""
        until_s = time.monotonic() + self._timeout_s
        while True:
            while self._events:
                event = self._events.popleft()
                if isinstance(event, kinds):
                    return event
            left_s = until_s - time.monotonic()
            if self._ended or left_s <= 0:
                return None
            self._hear(left_s)

    def _hear(self, seconds: float) -> None:
        for event in self._link.poll(seconds):
            if isinstance(event, Closed):
                self._ended = event.text
            else:
                self._events.append(event)


def _handshake(broker: BrokerSettings, context: ssl.SSLContext, timeout_s: float) -> TlsSeen:
    try:
        with _tls_to(broker, context, timeout_s) as line:
            return _described(line, TlsSeen())
    except ssl.SSLCertVerificationError as error:
        bad = TlsSeen(_trouble(error), error.verify_message)
    except (OSError, ValueError) as error:
        return TlsSeen("other", getattr(error, "reason", None) or str(error))
    # Only to say which certificate it is and when it ends: nothing is sent over this connection.
    blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE
    with contextlib.suppress(OSError, ValueError), _tls_to(broker, blind, timeout_s) as line:
        return _described(line, bad)
    return bad


@contextlib.contextmanager
def _tls_to(broker: BrokerSettings, context: ssl.SSLContext, timeout_s: float) -> Iterator[ssl.SSLSocket]:
    with (
        socket.create_connection((broker.host, broker.port), timeout_s) as line,
        context.wrap_socket(line, server_hostname=broker.host) as secure,
    ):
        yield secure


def _described(line: ssl.SSLSocket, seen: TlsSeen) -> TlsSeen:
    der = line.getpeercert(binary_form=True)
    if der is None:
        return seen
    found = x509.load_der_x509_certificate(der)
    ends = int(found.not_valid_after_utc.timestamp() * 1_000_000)
    return TlsSeen(seen.trouble, seen.why, found.subject.rfc4514_string(), ends)


def _trouble(error: ssl.SSLCertVerificationError) -> str:
    """OpenSSL's codes (x509_vfy.h) in our words."""
    if error.verify_code in {62, 63, 64}:  # host, e-mail, address: IP_ADDRESS_MISMATCH is 64
        return "name"
    return {9: "not_yet", 10: "expired"}.get(error.verify_code, "chain")
