"""A broker that does what it likes: enough of MQTT 5 and 3.1.1 for one box, on threads of its own.

A subclass overrides what it wants to do wrong. The honest default acknowledges and delivers nothing.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.bench.broker import ADDRESS

# Packet types that are sent (OASIS MQTT 5.0, 2.1.2).
CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP = 2, 3, 4, 9, 13
MQTT5 = 5
JOIN_S = 5.0


class Peer:
    """One client's connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.mqtt5 = True
        self.bytes = 0
        self.published = 0

    def send(self, kind: int, body: bytes, flags: int = 0) -> None:
        """One packet."""
        self.sock.sendall(bytes([kind << 4 | flags]) + _length(len(body)) + body)

    def puback(self, mid: int, code: int = 0) -> None:
        """Acknowledge; a code is said in MQTT 5 only."""
        said = bytes([code]) if code and self.mqtt5 else b""
        self.send(PUBACK, mid.to_bytes(2, "big") + said)

    def publish(
        self, topic: str, payload: bytes, mid: int = 1, qos: int = 1, *, retain: bool = False
    ) -> None:
        """A message to the client."""
        name = topic.encode()
        head = len(name).to_bytes(2, "big") + name + (mid.to_bytes(2, "big") if qos else b"")
        self.send(PUBLISH, head + (b"\0" if self.mqtt5 else b"") + payload, qos << 1 | retain)

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


@dataclass(frozen=True, slots=True)
class Published:
    """What a client published."""

    topic: str
    mid: int
    payload: bytes


class FakeBroker:
    """Listens on `port` of loopback."""

    def __init__(self) -> None:
        self._server = socket.create_server((ADDRESS, 0))
        self.port: int = self._server.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._peers: list[Peer] = []
        self._stopped = False
        self.connects = 0
        self.messages = 0
        self.done = 0  # how often it did what it is here for

    def start(self) -> FakeBroker:
        """Serve."""
        self._spawn(self._accept)
        return self

    def stop(self) -> None:
        """Close everything and wait for the threads."""
        self._stopped = True
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for peer in self._peers:
            peer.close()
        for thread in self._threads:
            thread.join(JOIN_S)

    # What a subclass may do otherwise

    def connected(self, peer: Peer) -> None:
        """CONNECT came."""
        peer.send(CONNACK, b"\0\0\0" if peer.mqtt5 else b"\0\0")

    def subscribed(self, peer: Peer, mid: int) -> None:
        """SUBSCRIBE for one topic came."""
        peer.send(SUBACK, mid.to_bytes(2, "big") + (b"\0\1" if peer.mqtt5 else b"\1"))

    def published(self, peer: Peer, message: Published) -> None:
        """A message came."""
        peer.puback(message.mid)

    def pinged(self, peer: Peer) -> None:
        """PINGREQ came."""
        peer.send(PINGRESP, b"")

    # Inside

    def _spawn(self, target: Callable[..., None], *args: Peer) -> None:
        thread = threading.Thread(target=target, args=args, name="fake-broker", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopped:
            try:
                sock, _ = self._server.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._peers.append(Peer(sock))
            self._spawn(self._serve, self._peers[-1])

    def _serve(self, peer: Peer) -> None:
        with contextlib.suppress(OSError, EOFError), peer.sock:
            while True:
                head = _read(peer.sock, 1)[0]
                body = _read(peer.sock, _read_length(peer.sock))
                peer.bytes += len(body)
                self._take(peer, head, body)

    def _take(self, peer: Peer, head: int, body: bytes) -> None:
        match head >> 4:
            case 1:  # CONNECT; its protocol level is after the name
                self.connects += 1
                peer.mqtt5 = body[6] == MQTT5
                self.connected(peer)
            case 3:  # PUBLISH
                self.messages += 1
                peer.published += 1
                self.published(peer, _publish(body, head, mqtt5=peer.mqtt5))
            case 8:  # SUBSCRIBE
                self.subscribed(peer, int.from_bytes(body[:2], "big"))
            case 12:  # PINGREQ
                self.pinged(peer)
            case 14:  # DISCONNECT
                raise EOFError


def _publish(body: bytes, head: int, *, mqtt5: bool) -> Published:
    size = int.from_bytes(body[:2], "big")
    topic, rest = body[2 : 2 + size].decode(), body[2 + size :]
    mid = 0
    if head & 0b110:
        mid, rest = int.from_bytes(rest[:2], "big"), rest[2:]
    if mqtt5:
        at, length = _varint(rest)
        rest = rest[at + length :]
    return Published(topic, mid, rest)


def _varint(data: bytes) -> tuple[int, int]:
    """(bytes it took, value)."""
    value = 0
    for at, byte in enumerate(data[:4]):
        value |= (byte & 127) << 7 * at
        if not byte & 128:
            return at + 1, value
    raise EOFError("a length of more than four bytes")


def _read_length(sock: socket.socket) -> int:
    taken = b""
    while not taken or taken[-1] & 128:
        taken += _read(sock, 1)
    return _varint(taken)[1]


def _length(size: int) -> bytes:
    out = bytearray()
    while True:
        size, digit = divmod(size, 128)
        out.append(digit | (128 if size else 0))
        if not size:
            return bytes(out)


def _read(sock: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        more = sock.recv(min(65_536, size - len(data)))
        if not more:
            raise EOFError
        data += more
    return bytes(data)
