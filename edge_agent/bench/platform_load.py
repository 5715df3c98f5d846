"""One load process of `bench platform`: many simulated boxes, each on an MQTT connection of its own.

A bare MQTT 3.1.1 client over one selector, since the boxes must cost less than the platform that they load.
`python -m edge_agent.bench.platform_load PLAN.json` reads one command a line and answers each with a line of
JSON:

    sign N         sign N statements more for each box; says how many seconds that took
    floor S        publish signed statements as fast as the broker takes them, one at a time a box; they are
                   sent to the platform later
    saturate S     each box has one statement without a receipt at any time
    steady S RATE  RATE statements a second over this process's boxes, at even intervals, receipts or not
    drain S        no new ones, until every statement has its receipt or S seconds are over
"""

from __future__ import annotations

import base64
import heapq
import json
import random
import selectors
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_agent.bench.bare_mqtt import packet_length, packet_text
from edge_agent.bench.platform_boxes import Box, Signed
from edge_agent.errors import DeviceError

# Packet types and flags, OASIS MQTT 3.1.1, 2.2.
CONNECT, PUBLISH_QOS1, SUBSCRIBE, PUBACK_OUT = 0x10, 0x32, 0x82, 0x40
CONNACK, PUBLISH, PUBACK, SUBACK = 0x20, 0x30, 0x40, 0x90
READ_BYTES = 1 << 16


@dataclass(slots=True)
class _Sent:
    """A statement on its way."""

    signed: Signed
    due_s: float  # when it was to be sent: what a receipt's latency counts from
    floor: bool


@dataclass(slots=True)
class _Count:
    """Of one command."""

    sent: int = 0
    receipted: int = 0
    again: int = 0
    refused: int = 0
    latencies_s: list[float] = field(default_factory=list)


class _Connection:
    """One box and its socket."""

    def __init__(self, box: Box, port: int) -> None:
        self.box = box
        self.ready: deque[Signed] = deque()
        self.waiting: dict[str, _Sent] = {}  # by payload digest
        self.acks = 0  # PUBACKs that the statement in hand still waits for; `floor` alone
        self.mid = 0
        self.out = bytearray()
        self.data = bytearray()
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Protocol "MQTT" level 4, clean session, no keep-alive.
        self._now(CONNECT, packet_text("MQTT") + b"\x04\x02\x00\x00" + packet_text(box.device), CONNACK)
        self._now(SUBSCRIBE, b"\x00\x01" + packet_text(box.topics.receipts) + b"\x01", SUBACK)
        self.socket.setblocking(False)

    def send(self, signed: Signed) -> int:
        """Attachment and statement, as one run of bytes; returns how many messages."""
        count = 0
        for topic, payload in self.box.messages(signed):
            self.mid = self.mid % 0xFFFF + 1
            self._packet(PUBLISH_QOS1, packet_text(topic) + struct.pack(">H", self.mid) + payload)
            count += 1
        self.flush()
        return count

    def flush(self) -> bool:
        """Write what the socket takes; whether all is written."""
        try:
            while self.out:
                del self.out[: self.socket.send(self.out)]
        except BlockingIOError:
            return False
        return True

    def read(self) -> list[tuple[int, bytes]]:
        """Whole packets that have come: type, and what follows the length."""
        try:
            more = self.socket.recv(READ_BYTES)
        except BlockingIOError:
            return []
        if not more:
            raise DeviceError(f"{self.box.device}: the broker closed the connection")
        self.data += more
        packets = []
        while (packet := _first_packet(self.data)) is not None:
            head, start, end = packet
            packets.append((head, bytes(self.data[start:end])))
            del self.data[:end]
        return packets

    def acknowledge(self, publish: bytes) -> bytes:
        """PUBACK for a message of QoS 1; returns its payload."""
        (length,) = struct.unpack_from(">H", publish)
        self._packet(PUBACK_OUT, publish[2 + length : 4 + length])
        self.flush()
        return publish[4 + length :]

    def _packet(self, head: int, body: bytes) -> None:
        self.out += bytes([head]) + packet_length(len(body)) + body

    def _now(self, head: int, body: bytes, answer: int) -> None:
        self._packet(head, body)
        self.socket.sendall(self.out)
        self.out.clear()
        got = self.socket.recv(5)
        if not got or got[0] & 0xF0 != answer:
            raise DeviceError(f"{self.box.device}: the broker answered {got.hex()}")


class Load:
    """All boxes of this process."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._random = random.Random(plan["seed"])  # noqa: S311 - simulated traffic
        self._resend_s = plan["resend_s"]  # without a receipt for so long: sent again
        self._selector = selectors.DefaultSelector()
        self._boxes = []
        for number in plan["boxes"]:
            box = Box(number, plan["seed"], plan["picture_bytes"], plan["with_picture_permille"])
            connection = _Connection(box, plan["port"])
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)
            self._boxes.append(connection)
        self._resends: list[tuple[float, int, str, _Connection]] = []
        self._entry = 0
        self._count = _Count()
        self._next: Callable[[_Connection], None] = lambda _: None

    def sign(self, count: float) -> None:
        """So many more for each box."""
        for connection in self._boxes:
            connection.ready.extend(connection.box.sign_next() for _ in range(int(count)))

    def floor(self, seconds: float) -> None:
        """To nobody but a subscriber that throws it away: the statements are sent to the platform later."""

        def one(connection: _Connection) -> None:
            if connection.ready:
                signed = connection.ready[0]
                connection.ready.rotate(-1)
                connection.acks = connection.send(signed)
                connection.waiting[signed.payload_sha256] = _Sent(signed, time.monotonic(), floor=True)
                self._count.sent += 1

        self._closed(seconds, one)
        self._until(lambda: not any(c.waiting for c in self._boxes), 10.0)
        for connection in self._boxes:
            connection.waiting.clear()
            connection.ready = deque(sorted(connection.ready, key=lambda signed: signed.seq))

    def saturate(self, seconds: float) -> None:
        """One statement a box on its way at any time."""
        self._closed(seconds, lambda connection: self._send_next(connection, time.monotonic()))

    def steady(self, seconds: float, rate: float) -> None:
        """At even intervals a box, the boxes evenly spread."""
        interval_s = len(self._boxes) / rate
        start_s = time.monotonic()
        self._next = lambda _: None
        due = [
            (start_s + interval_s * (n + self._random.random()) / len(self._boxes), n)
            for n in range(len(self._boxes))
        ]
        heapq.heapify(due)
        while due and due[0][0] < start_s + seconds:
            at_s, number = due[0]
            if at_s > time.monotonic():
                self._turn(at_s - time.monotonic())
                continue
            heapq.heapreplace(due, (at_s + interval_s, number))
            self._send_next(self._boxes[number], at_s)

    def drain(self, seconds: float) -> None:
        """Until every statement has its receipt."""
        self._next = lambda _: None
        self._until(lambda: not any(connection.waiting for connection in self._boxes), seconds)

    def told(self) -> dict[str, Any]:
        """The numbers of the command that has just ended."""
        count, self._count = self._count, _Count()
        return {
            "sent": count.sent,
            "receipted": count.receipted,
            "again": count.again,
            "refused": count.refused,
            "waiting": sum(len(connection.waiting) for connection in self._boxes),
            "unsent": sum(len(connection.ready) for connection in self._boxes),
            "ran_out": any(not connection.ready for connection in self._boxes),
            "latencies_ms": [round(latency * 1000, 2) for latency in count.latencies_s],
        }

    def chains(self) -> dict[str, int]:
        """Statements that each box has sent to the platform."""
        return {c.box.device: c.box.signed - len(c.ready) for c in self._boxes}

    def close(self) -> None:
        """Hang up."""
        self._selector.close()
        for connection in self._boxes:
            connection.socket.close()

    def _closed(self, seconds: float, one: Callable[[_Connection], None]) -> None:
        self._next = one
        for connection in self._boxes:
            if not connection.waiting:
                one(connection)
        self._until(lambda: False, seconds)
        self._next = lambda _: None

    def _until(self, true: Callable[[], bool], seconds: float) -> None:
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s and not true():
            self._turn(min(0.1, max(0.0, until_s - time.monotonic())))

    def _turn(self, timeout_s: float) -> None:
        """Whatever has come; then whatever has waited too long."""
        for key, _ in self._selector.select(timeout_s):
            connection: _Connection = key.data
            for head, body in connection.read():
                if head & 0xF0 == PUBLISH:
                    self._receipt(connection, connection.acknowledge(body))
                elif head & 0xF0 == PUBACK and connection.acks:
                    connection.acks -= 1
                    if not connection.acks:
                        self._published(connection)
        for connection in self._boxes:
            if connection.out:
                connection.flush()
        now_s = time.monotonic()
        while self._resends and self._resends[0][0] <= now_s:
            _, _, sha256, connection = heapq.heappop(self._resends)
            if sha256 in connection.waiting:
                self._count.again += 1
                connection.send(connection.waiting[sha256].signed)
                self._remind(connection, sha256)

    def _send_next(self, connection: _Connection, due_s: float) -> None:
        if not connection.ready:
            return
        signed = connection.ready.popleft()
        connection.waiting[signed.payload_sha256] = _Sent(signed, due_s, floor=False)
        connection.send(signed)
        self._count.sent += 1
        self._remind(connection, signed.payload_sha256)

    def _remind(self, connection: _Connection, sha256: str) -> None:
        self._entry += 1
        due_s = time.monotonic() + self._resend_s * (1 + self._random.random() / 4)
        heapq.heappush(self._resends, (due_s, self._entry, sha256, connection))

    def _published(self, connection: _Connection) -> None:
        """The statement of `floor` is with the broker."""
        self._settle(connection, next(iter(connection.waiting)))
        self._next(connection)

    def _receipt(self, connection: _Connection, envelope: bytes) -> None:
        said = json.loads(base64.b64decode(json.loads(envelope)["payload"]))
        for item in said["items"]:
            if item["status"] in {"accepted", "duplicate"}:
                if item["payload_sha256"] in connection.waiting:
                    self._settle(connection, item["payload_sha256"])
                    self._next(connection)
            elif item["status"] == "need":
                if item["payload_sha256"] in connection.waiting:
                    self._count.again += 1
                    connection.send(connection.waiting[item["payload_sha256"]].signed)
            else:
                self._count.refused += 1

    def _settle(self, connection: _Connection, sha256: str) -> None:
        sent = connection.waiting.pop(sha256)
        self._count.receipted += 1
        self._count.latencies_s.append(time.monotonic() - sent.due_s)


def _first_packet(data: bytearray) -> tuple[int, int, int] | None:
    """Type, start and end of what follows the length; None while it is not whole."""
    length, shift = 0, 0
    for at in range(1, min(len(data), 5)):
        length |= (data[at] & 0x7F) << shift
        shift += 7
        if not data[at] & 0x80:
            end = at + 1 + length
            return (data[0], at + 1, end) if len(data) >= end else None
    return None


def main(plan: Path) -> None:
    """Until its input ends."""
    load = Load(json.loads(plan.read_text(encoding="utf-8")))
    print("{}", flush=True)
    for line in sys.stdin:
        name, *arguments = line.split()
        started_s = time.monotonic()
        if name == "chains":
            print(json.dumps(load.chains()), flush=True)
            continue
        getattr(load, name)(*map(float, arguments))
        print(json.dumps({**load.told(), "seconds": time.monotonic() - started_s}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
