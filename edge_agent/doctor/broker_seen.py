"""One visit to the broker: how far it lets us in, and which of our topics it lets us use.

    TCP ─> TLS ─> CONNECT ─> SUBSCRIBE rcpt, cmd ─> PUBLISH to stmt, att, head, state

What is published is empty, not retained and expires at once: platforms say nothing to an empty message
(docs/wire.md). One topic at a time, so that a broker which ends the connection names the topic by it.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from cryptography import x509

from edge_agent.evidence.uplink.mqtt import MqttLink, Waker, tls_context, unsupported_protocol
from edge_agent.evidence.uplink.port import (
    Acked,
    Closed,
    Connected,
    LinkDown,
    LinkEvent,
    LinkOptions,
    Message,
    Refused,
    Subscribed,
)
from edge_agent.evidence.uplink.settings import BrokerSettings
from edge_agent.evidence.uplink.topics import Topics

NOBODYS_DIGEST = "0" * 64
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
    broker: BrokerSettings, client_id: str, topics: Topics, *, commands: bool, timeout_s: float
) -> BrokerSeen:
    """Go there once, all the way.

    Args:
        broker: where.
        client_id: as whom. The broker ends whatever other connection has the same.
        topics: of this box.
        commands: whether the topic of commands is wanted as well.
        timeout_s: for each step.
    """
    seen = look_from_outside(broker, timeout_s)
    if seen.tcp or seen.own_files or (seen.tls and seen.tls.trouble):
        return seen
    wanted = (topics.receipts, topics.commands) if commands else (topics.receipts,)
    for mqtt5 in {"auto": (True, False), "5": (True,), "3.1.1": (False,)}[broker.protocol]:
        with contextlib.closing(_Visit(broker, client_id, mqtt5=mqtt5, timeout_s=timeout_s)) as going:
            seen = going.go(replace(seen, refused=None), topics, wanted)
        if seen.refused is None or not unsupported_protocol(seen.refused):
            break
    return seen


class _Visit:
    """One MQTT connection."""

    def __init__(self, broker: BrokerSettings, client_id: str, *, mqtt5: bool, timeout_s: float) -> None:
        self._waker = Waker()
        self._timeout_s = timeout_s
        self._link = MqttLink(broker, LinkOptions(client_id=client_id, mqtt5=mqtt5), self._waker)

    def close(self) -> None:
        self._link.disconnect()
        self._waker.close()

    def go(self, outside: BrokerSeen, topics: Topics, wanted: tuple[str, ...]) -> BrokerSeen:
        try:
            self._link.open()
        except LinkDown as error:
            return replace(outside, silent=str(error))
        answer = self._wait_for(Connected, Refused)
        if isinstance(answer, Refused):
            return replace(outside, refused=answer)
        if not isinstance(answer, Connected):
            return replace(outside, silent=answer.text if isinstance(answer, Closed) else "no CONNACK")
        subscribed = self._subscribe(wanted)
        return replace(outside, connected=answer, subscribed=subscribed, published=self._publish(topics))

    def _subscribe(self, wanted: tuple[str, ...]) -> dict[str, int]:
        self._link.subscribe(wanted)
        answer = self._wait_for(Subscribed)
        codes = answer.codes if isinstance(answer, Subscribed) else (NOT_TAKEN,) * len(wanted)
        return dict(zip(wanted, codes, strict=False))

    def _publish(self, topics: Topics) -> dict[str, int]:
        codes: dict[str, int] = {}
        for topic in (topics.statement, topics.attachment(NOBODYS_DIGEST), topics.head, topics.state):
            token = self._link.publish(Message(topic, b"", expiry_s=1))
            answer = self._wait_for(Acked, token=token)
            codes[topic] = getattr(answer, "code", 0) or (0 if isinstance(answer, Acked) else NOT_TAKEN)
            if not isinstance(answer, Acked):
                break
        return codes

    def _wait_for(self, *kinds: type[LinkEvent], token: int | None = None) -> LinkEvent | None:
        """The first event of these kinds, or the connection's end; None when the time is over."""
        until_s = time.monotonic() + self._timeout_s
        while (left_s := until_s - time.monotonic()) > 0:
            for event in self._link.poll(left_s):
                if isinstance(event, Closed) or (
                    isinstance(event, kinds) and (token is None or getattr(event, "token", None) == token)
                ):
                    return event
        return None


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
