"""The least that publishing over MQTT can cost: a bare 3.1.1 client on a blocking socket.

It is the floor of `bench seal`: no queue, no retry, no thread; a PUBLISH at QoS 1 is sent and its PUBACK
is read. `python -m edge_agent.bench.bare_mqtt PORT` subscribes to everything and throws it away, so that
a broker has somebody to deliver to.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Sequence

from edge_agent.errors import DeviceError

# Packet types and flags, OASIS MQTT 3.1.1, 2.2.
_CONNECT, _PUBLISH_QOS1, _SUBSCRIBE = 0x10, 0x32, 0x82
_CONNACK, _PUBACK, _SUBACK = 0x20, 0x40, 0x90


class BareClient:
    """One connection on loopback."""

    def __init__(self, port: int, client_id: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._mid = 0
        # Protocol "MQTT" level 4, clean session, no keep-alive.
        self._send(_CONNECT, [packet_text("MQTT") + b"\x04\x02\x00\x00" + packet_text(client_id)])
        self._expect(_CONNACK)

    def publish_all(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Publish everything at once at QoS 1; returns when the broker has acknowledged all of it."""
        for topic, payload in messages:
            self._mid = self._mid % 0xFFFF + 1
            self._send(_PUBLISH_QOS1, [packet_text(topic), struct.pack(">H", self._mid), payload])
        for _ in messages:
            self._expect(_PUBACK)

    def subscribe_all(self) -> None:
        """Everything, at QoS 0: nothing to acknowledge."""
        self._send(_SUBSCRIBE, [b"\x00\x01", packet_text("#"), b"\x00"])
        self._expect(_SUBACK)

    def drain(self) -> None:
        """Read and throw away until the broker closes."""
        buffer = bytearray(1 << 20)
        self._socket.settimeout(None)
        while self._socket.recv_into(buffer):
            pass

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _send(self, head: int, parts: Sequence[bytes]) -> None:
        self._socket.sendall(bytes([head]) + packet_length(sum(map(len, parts))))
        for part in parts:
            self._socket.sendall(part)

    def _expect(self, kind: int) -> None:
        head, length = self._read(2)
        self._read(length)  # CONNACK, PUBACK and SUBACK are short: one byte of length
        if head & 0xF0 != kind:
            raise DeviceError(f"the broker sent packet type {head:#x}, not {kind:#x}")

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self._socket.recv(size - len(data))
            if not more:
                raise DeviceError("the broker closed the connection")
            data += more
        return data


def packet_text(text: str) -> bytes:
    """A string as MQTT has it."""
    raw = text.encode()
    return struct.pack(">H", len(raw)) + raw


def packet_length(size: int) -> bytes:
    """Remaining length: seven bits a byte, the lowest first, the top bit says that more follow."""
    out = bytearray()
    while True:
        size, low = size >> 7, size & 0x7F
        out.append(low | (0x80 if size else 0))
        if not size:
            return bytes(out)


if __name__ == "__main__":
    subscriber = BareClient(int(sys.argv[1]), "bench-subscriber")
    subscriber.subscribe_all()
    print("subscribed", flush=True)
    subscriber.drain()
