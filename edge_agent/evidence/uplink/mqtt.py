"""The only importer of paho, which is used as a socket that speaks MQTT and for nothing else.

What paho would do by itself and must not: queue (its memory queue has no bound and forgets at exit),
reconnect (it resends what it queued and never backs off with jitter), run a thread (it can die while
`is_connected()` stays true), acknowledge (before we have stored anything). So each connection is a
client object of its own, moved by `poll` on the caller's thread, with callbacks that only append to
a list.
"""

from __future__ import annotations

import contextlib
import functools
import select
import socket
import ssl
import time
from collections import deque
from typing import Any, NoReturn

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge_agent.evidence.uplink.port import (
    UNSUPPORTED_PROTOCOL,
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
from edge_agent.evidence.uplink.settings import BrokerSettings

# MQTT 5: what an absent property means.
DEFAULT_RECEIVE_MAXIMUM = 65_535
LARGEST_PACKET = 268_435_460  # the 4-byte remaining length, and its header
FIRST_ERROR = 0x80
READS_A_POLL = 256


class Waker:
    """Ends a `poll` early from another thread; outlives the connections."""

    def __init__(self) -> None:
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)

    def fileno(self) -> int:
        """What `poll` watches."""
        return self._read.fileno()

    def wake(self) -> None:
        """From any thread; many wakes before one look count as one."""
        # Full means that a wake is already pending; closed means that nobody polls any more.
        with contextlib.suppress(OSError):
            self._write.send(b"w")

    def clear(self) -> None:
        """Forget the wakes so far."""
        with contextlib.suppress(BlockingIOError):
            self._read.recv(4096)

    def close(self) -> None:
        """Free both ends."""
        self._read.close()
        self._write.close()


class _Bounded(Client):
    """paho reads packets of any size and keeps messages of QoS 2 for ever; this one ends the connection."""

    largest_packet = LARGEST_PACKET

    def _sock_recv(self, bufsize: int) -> bytes:
        if self._in_packet["remaining_length"] > self.largest_packet:
            raise ConnectionAbortedError(f"a packet of {self._in_packet['remaining_length']} bytes came")
        return super()._sock_recv(bufsize)

    def _send_pubrec(self, mid: int) -> NoReturn:
        raise LinkDown(f"message {mid} came with QoS 2, which nobody asked for")


class MqttLink:
    """One connection to a broker; see `port.Link` for the contract."""

    def __init__(self, broker: BrokerSettings, options: LinkOptions, waker: Waker) -> None:
        self._broker = broker
        self._options = options
        self._waker = waker
        self._events: deque[LinkEvent] = deque()
        self._received_bytes = 0  # in these events
        self._over = False
        self._heard_at = time.monotonic()
        self._client = self._new_client()

    def open(self) -> None:
        """TCP and TLS; CONNACK comes out of `poll`."""
        broker = self._broker
        if self._options.mqtt5:
            self._client.connect_async(
                broker.host,
                broker.port,
                keepalive=broker.keepalive_s,
                clean_start=True,
                properties=self._connect_properties(),
            )
        else:
            self._client.connect_async(broker.host, broker.port, keepalive=broker.keepalive_s)
        try:
            self._client.reconnect()
        except (OSError, ValueError) as error:
            self.abort()
            raise LinkDown(f"{broker.host}:{broker.port}: {error}") from error
        self._heard_at = time.monotonic()

    def publish(self, message: Message) -> int:
        """Hand one message to the socket; a failure shows as `Closed`, never as a queued copy."""
        properties: Properties | None = None
        if self._options.mqtt5:
            properties = _publish_properties(message)
        info = self._client.publish(
            message.topic, message.payload, qos=message.qos, retain=message.retain, properties=properties
        )
        return info.mid

    def subscribe(self, topics: tuple[str, ...]) -> None:
        """QoS 1 for each."""
        self._client.subscribe([(topic, 1) for topic in topics])

    def acknowledge(self, token: int) -> None:
        """PUBACK."""
        self._client.ack(token, 1)

    def poll(self, timeout_s: float) -> list[LinkEvent]:
        """Wait for the socket or a wake, move bytes, and return what happened in order."""
        sock = self._client.socket()
        if sock is not None:
            self._move(sock, 0.0 if self._events else timeout_s)
        if self._client.socket() is None:
            self._end(0, "the connection ended")
        events = list(self._events)
        self._events.clear()
        self._received_bytes = 0
        return events

    @property
    def heard_at(self) -> float:
        """`time.monotonic()` of the last byte from the broker."""
        return self._heard_at

    @property
    def pending_bytes(self) -> bool:
        """Whether bytes wait for the socket."""
        return self._client.want_write()

    def disconnect(self) -> None:
        """DISCONNECT, so that the will is dropped, then close."""
        if self._client.socket() is not None:
            self._client.disconnect()
        self.abort()

    def abort(self) -> None:
        """Close the socket; the broker will publish the will."""
        sock = self._client.socket()
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.close()

    def _move(self, sock: Any, timeout_s: float) -> None:
        poller = select.poll()
        poller.register(self._waker.fileno(), select.POLLIN)
        wanted = select.POLLIN | (select.POLLOUT if self._client.want_write() else 0)
        try:
            fileno = sock.fileno()
            poller.register(fileno, wanted)
        except (OSError, ValueError):  # closed under us: the loop functions below will say so
            self._client.loop_misc()
            return
        held = _held_by_tls(sock)
        ready = dict(poller.poll(0 if held else max(0, int(timeout_s * 1000))))
        if self._waker.fileno() in ready:
            self._waker.clear()
        state = ready.get(fileno, 0)
        if held or state & ~select.POLLOUT:
            self._heard_at = time.monotonic()
            self._read(sock, fileno)
        if state & select.POLLOUT and self._client.socket() is not None:
            self._client.loop_write()
        if self._client.socket() is not None:
            self._client.loop_misc()

    def _read(self, sock: Any, fileno: int) -> None:
        """All that has come, within bounds: paho takes one packet a call; batches are cheaper to store."""
        poller = select.poll()
        poller.register(fileno, select.POLLIN)
        for _ in range(READS_A_POLL):
            self._client.loop_read()
            full = self._received_bytes > self._options.maximum_packet_size
            if full or self._client.socket() is None or not (_held_by_tls(sock) or poller.poll(0)):
                return

    def _new_client(self) -> Client:
        client = _Bounded(
            CallbackAPIVersion.VERSION2,
            client_id=self._options.client_id,
            protocol=MQTTProtocolVersion.MQTTv5 if self._options.mqtt5 else MQTTProtocolVersion.MQTTv311,
            clean_session=None if self._options.mqtt5 else True,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.largest_packet = self._options.maximum_packet_size
        client.max_inflight_messages_set(0)  # the window is ours to keep
        client.connect_timeout = self._broker.connect_timeout_s
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_socket_open = _no_delay
        if self._broker.user:
            client.username_pw_set(self._broker.user, _password(self._broker))
        if self._broker.tls_ca_certs is not None:
            client.tls_set_context(tls_context(self._broker))
        if self._options.will is not None:
            self._set_will(client)
        return client

    def _set_will(self, client: Client) -> None:
        will = self._options.will
        assert will is not None
        properties: Properties | None = None
        if self._options.mqtt5:
            properties = _properties(PacketTypes.WILLMESSAGE)
            properties.WillDelayInterval = will.delay_s
            if will.message.content_type:
                properties.ContentType = will.message.content_type
        client.will_set(
            will.message.topic, will.message.payload, qos=1, retain=will.message.retain, properties=properties
        )

    def _connect_properties(self) -> Properties:
        properties = _properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 0
        properties.ReceiveMaximum = self._options.receive_maximum
        properties.MaximumPacketSize = self._options.maximum_packet_size
        return properties

    # paho's callbacks: append and return. An exception here would kill the loop that called it.

    def _on_connect(self, _client: Client, _data: Any, _flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self._events.append(Refused(int(reason.value), str(reason)))
            return
        self._events.append(
            Connected(
                mqtt5=self._options.mqtt5,
                receive_maximum=getattr(properties, "ReceiveMaximum", DEFAULT_RECEIVE_MAXIMUM),
                maximum_packet_size=getattr(properties, "MaximumPacketSize", LARGEST_PACKET),
                retains=bool(getattr(properties, "RetainAvailable", 1)),
            )
        )

    def _on_disconnect(self, _client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        # paho's "Unspecified error" is a socket that broke: nobody told us why.
        said = str(reason)
        self._end(int(reason.value), "the connection broke" if said == "Unspecified error" else said)

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:  # not a topic of ours; acknowledged so that it goes away
            self.acknowledge(message.mid)
            return
        self._received_bytes += len(message.payload)
        correlation = getattr(message.properties, "CorrelationData", b"") or b""
        self._events.append(
            Received(
                topic,
                bytes(message.payload),
                message.mid,
                message.qos,
                bool(message.retain),
                bytes(correlation),
            )
        )

    def _on_publish(self, _client: Client, _data: Any, token: int, reason: Any, _properties: Any) -> None:
        self._events.append(Acked(token, int(reason.value)))

    def _on_subscribe(
        self, _client: Client, _data: Any, _token: int, reasons: list[Any], _properties: Any
    ) -> None:
        self._events.append(Subscribed(tuple(int(reason.value) for reason in reasons)))

    def _end(self, code: int, text: str) -> None:
        if not self._over:
            self._over = True
            self._events.append(Closed(code if code >= FIRST_ERROR else 0, text))


def _held_by_tls(sock: Any) -> bool:
    """TLS may hold decrypted bytes that the kernel knows nothing of."""
    return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0


def tls_context(broker: BrokerSettings) -> ssl.SSLContext:
    """TLS 1.2 or later, our authority only, the name checked; our own certificate where we have one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # check_hostname and CERT_REQUIRED are its defaults
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cafile=broker.tls_ca_certs)
        if broker.tls_client_cert is not None:
            context.load_cert_chain(broker.tls_client_cert, broker.tls_client_key)
    except (OSError, ssl.SSLError) as error:
        raise LinkDown(f"TLS files of {broker.host}: {error}") from error
    return context


def unsupported_protocol(event: LinkEvent) -> bool:
    """Whether the broker said that it does not speak MQTT 5: the one reason to try 3.1.1."""
    return isinstance(event, Refused) and event.code == UNSUPPORTED_PROTOCOL


def _properties(packet: int) -> Properties:
    return Properties(packet)  # type: ignore[no-untyped-call]  # paho gives no types here


def _publish_properties(message: Message) -> Properties:
    if not (message.correlation or message.properties or message.expiry_s is not None):
        return _content_type_alone(message.content_type)
    properties = _properties(PacketTypes.PUBLISH)
    if message.content_type:
        properties.ContentType = message.content_type
    if message.correlation:
        properties.CorrelationData = message.correlation
    if message.properties:
        properties.UserProperty = list(message.properties)
    if message.expiry_s is not None:
        properties.MessageExpiryInterval = message.expiry_s
    return properties


@functools.cache
def _content_type_alone(content_type: str) -> Properties:
    """The same for every chunk; paho takes longer to check and to pack a property than to send it."""
    properties = _properties(PacketTypes.PUBLISH)
    if content_type:
        properties.ContentType = content_type
    packed = properties.pack()  # type: ignore[no-untyped-call]  # paho gives no types here
    object.__setattr__(properties, "pack", lambda: packed)  # past paho's own, which takes MQTT's names alone
    return properties


def _password(broker: BrokerSettings) -> str | None:
    if broker.password_file is None:
        return None
    try:
        return broker.password_file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise LinkDown(f"password file {broker.password_file}: {error.strerror}") from error


def _no_delay(_client: Client, _data: Any, sock: Any) -> None:
    # Nagle against delayed ACK costs 40 ms a round trip; the broker needs its own setting as well.
    with contextlib.suppress(OSError, AttributeError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
