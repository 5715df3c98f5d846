"""What sealing and sending cost, against the least that the same durability and the same bytes can cost.

    seal          a case with three pictures  :  three files written, fsynced side by side, one FULL commit
    to PUBACK     decision -> PUBACK of its statement, by the real store and the real uplink
                  :  the same floor, then the same bytes published bare to the same broker

"Bare" is said twice: by a blocking socket that speaks the least of MQTT 3.1.1, which nothing can beat,
and by the MQTT client that the uplink uses, which any program of ours has to pay for.

All sides take turns, round by round, on the same disk and the same broker; the ratio is of medians.
"""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge_agent.bench.bare_mqtt import BareClient
from edge_agent.bench.broker import Mosquitto, find_mosquitto
from edge_agent.core.decisions import Seal
from edge_agent.errors import DeviceError
from edge_agent.evidence.examples import a_case, a_store, store_settings
from edge_agent.evidence.keys import KeyRing
from edge_agent.evidence.store import EvidenceStore
from edge_agent.evidence.uplink.events import UplinkEvent, UplinkEventKind
from edge_agent.evidence.uplink.mqtt import MqttLink, Waker
from edge_agent.evidence.uplink.port import Acked, Connected, LinkOptions, Message
from edge_agent.evidence.uplink.settings import BrokerSettings, UplinkSettings
from edge_agent.evidence.uplink.uplink import Uplink

LIMIT = 1.5  # of either ratio
PICTURES = 3
STATEMENT_BYTES = 5_650  # the statement of the example case, for the floor's commit and message
GIVE_UP_S = 30.0


def run(
    *, rounds: int = 40, picture_bytes: int = 300_000, window_kib: int = 512, folder: Path | None = None
) -> dict[str, Any]:
    """Measure; `folder` is on the disk to measure, `window_kib` the uplink's window (64 for each Mbit/s)."""
    with tempfile.TemporaryDirectory(prefix="bench-seal-", dir=folder) as temporary:
        here = Path(temporary)
        result: dict[str, Any] = {"rounds": rounds, "picture_bytes": picture_bytes, "limit": LIMIT}
        result["window_kib"] = window_kib
        result["seal"] = _seal(here / "seal", rounds, picture_bytes)
        if find_mosquitto() is None:
            result["puback"] = {"skipped": "mosquitto is not installed"}
        else:
            result["puback"] = _puback(here / "puback", rounds, picture_bytes, window_kib)
    return result


def text(result: dict[str, Any]) -> str:
    """The result for a person."""
    pictures = f"{PICTURES} x {result['picture_bytes'] / 1000:.0f} KB, {result['rounds']} rounds, interleaved"
    lines = [f"{pictures}; median (p95) in ms, ratio of medians, goal {LIMIT}"]
    for part, what in (("seal", "decision to sealed"), ("puback", "decision to PUBACK")):
        row = result[part]
        if "skipped" in row:
            lines.append(f"  {what:<20} skipped: {row['skipped']}")
            continue
        window = f"   window {result['window_kib']} KiB" if part == "puback" else ""
        lines.append(f"  {what:<20} {_cell(row['ours_ms'])}{window}")
        lines += [
            f"    {name:<18} {_cell(row[key])}   ratio {row[ratio]:.2f}"
            for name, key, ratio in (
                ("floor", "floor_ms", "ratio"),
                ("floor, our client", "client_floor_ms", "client_ratio"),
            )
            if key in row
        ]
    return "\n".join(lines)


def _cell(value: dict[str, float]) -> str:
    return f"{value['median']:7.2f} ({value['p95']:6.2f})"


class Floor:
    """Three fsynced files and one commit: durable, and nothing else.

    A disk takes three fsyncs together in little more time than one; one after the other would be no floor.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._count = 0
        self._pool = ThreadPoolExecutor(PICTURES)
        self._db = sqlite3.connect(folder / "floor.db", isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("CREATE TABLE packet (seq INTEGER PRIMARY KEY, payload BLOB)")

    def keep(self, pictures: list[bytes], statement: bytes) -> None:
        """Once."""
        with contextlib.ExitStack() as files:
            syncs = []
            for picture in pictures:
                self._count += 1
                path = self._folder / str(self._count)
                file = files.enter_context(path.open("wb", buffering=0))
                file.write(picture)
                syncs.append(self._pool.submit(os.fsync, file.fileno()))
            for sync in syncs:
                sync.result()
        self._db.execute("INSERT INTO packet (payload) VALUES (?)", (statement,))

    def close(self) -> None:
        """Done."""
        self._pool.shutdown()
        self._db.close()


def _seal(folder: Path, rounds: int, picture_bytes: int) -> dict[str, Any]:
    floor = Floor(folder / "floor")
    with _store(folder / "store") as store:
        cases = _cases(picture_bytes)

        def ours(seal: Seal, blobs: dict[str, bytes]) -> None:
            store.seal(seal, blobs)

        def least(_: Seal, blobs: dict[str, bytes]) -> None:
            floor.keep(list(blobs.values()), bytes(STATEMENT_BYTES))

        took = _take_turns(rounds, cases, {"ours": ours, "floor": least})
    floor.close()
    return {**took, "ratio": _ratio(took, "floor_ms")}


def _puback(folder: Path, rounds: int, picture_bytes: int, window_kib: int) -> dict[str, Any]:
    folder.mkdir(parents=True)
    floor = Floor(folder / "floor")
    broker = Mosquitto(folder)
    broker.start()
    try:
        with (
            _subscriber(broker.port),
            _store(folder / "store") as store,
            _sending(store, broker, window_kib) as sent,
        ):
            bare = BareClient(broker.port, "bench-floor")
            cases = _cases(picture_bytes)

            def ours(seal: Seal, blobs: dict[str, bytes]) -> None:
                sent.wait_for(store.seal(seal, blobs).seq)

            def least(_: Seal, blobs: dict[str, bytes]) -> None:
                floor.keep(list(blobs.values()), bytes(STATEMENT_BYTES))
                bare.publish_all(_messages(blobs))

            def least_by_our_client(_: Seal, blobs: dict[str, bytes]) -> None:
                floor.keep(list(blobs.values()), bytes(STATEMENT_BYTES))
                client.publish_all(_messages(blobs))

            client = _OurClient(broker)
            sent.wait_for(0)  # the genesis: the connection stands
            works: dict[str, Work] = {"ours": ours, "floor": least, "client_floor": least_by_our_client}
            took = _take_turns(rounds, cases, works)
            client.close()
            bare.close()
    finally:
        broker.stop()
        floor.close()
    ratios = {"ratio": _ratio(took, "floor_ms"), "client_ratio": _ratio(took, "client_floor_ms")}
    return {**took, **ratios}


def _messages(blobs: dict[str, bytes]) -> list[tuple[str, bytes]]:
    """The same bytes: the pictures whole, and an envelope of the usual size."""
    pictures = [(f"bench/att/{sha256}", data) for sha256, data in blobs.items()]
    return [*pictures, ("bench/stmt", bytes(STATEMENT_BYTES * 4 // 3))]


class _OurClient:
    """The uplink's own MQTT client, without outbox, window or chunks."""

    def __init__(self, broker: Mosquitto) -> None:
        self._waker = Waker()
        options = LinkOptions(client_id="bench-client", mqtt5=True)
        self._link = MqttLink(BrokerSettings(port=broker.port), options, self._waker)
        self._link.open()
        self._until(Connected, 1)

    def publish_all(self, messages: list[tuple[str, bytes]]) -> None:
        for topic, payload in messages:
            self._link.publish(Message(topic, payload))
        self._until(Acked, len(messages))

    def close(self) -> None:
        self._link.disconnect()
        self._waker.close()

    def _until(self, kind: type[Connected | Acked], count: int) -> None:
        give_up = time.monotonic() + GIVE_UP_S
        while count > 0:
            count -= sum(isinstance(event, kind) for event in self._link.poll(1.0))
            if time.monotonic() > give_up:
                raise DeviceError(f"no {kind.__name__} in {GIVE_UP_S:.0f} s")


Work = Callable[[Seal, dict[str, bytes]], None]


def _take_turns(
    rounds: int, cases: Iterator[tuple[Seal, dict[str, bytes]]], works: dict[str, Work]
) -> dict[str, Any]:
    """In turns, another one first in every round; two rounds of warm-up are thrown away."""
    took: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(rounds + 2):
        names = list(works)
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            case = next(cases)
            start = time.perf_counter()
            works[name](*case)
            took[name].append((time.perf_counter() - start) * 1000)
    return {f"{name}_ms": _summary(values[2:]) for name, values in took.items()}


def _ratio(took: dict[str, Any], floor: str) -> float:
    ours: float = took["ours_ms"]["median"]
    return round(ours / float(took[floor]["median"]), 3)


def _summary(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    return {"median": round(statistics.median(values), 3), "p95": round(p95, 3)}


def _cases(picture_bytes: int) -> Iterator[tuple[Seal, dict[str, bytes]]]:
    """Case after case with pictures that nothing can compress or have seen before."""
    chance = random.Random(5)  # noqa: S311 - noise, no secret
    number = 0
    while True:
        number += 1
        yield a_case(number, pictures_of=[chance.randbytes(picture_bytes) for _ in range(PICTURES)])


@contextmanager
def _store(folder: Path) -> Iterator[EvidenceStore]:
    with a_store(folder, settings=store_settings(folder)) as store:
        yield store


class _Sent:
    """Waits for the PUBACK of a statement, and wakes the uplink as the sealing thread does."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._acked: set[int] = set()
        self.uplink: Uplink | None = None

    def hear(self, event: UplinkEvent) -> None:
        if event.kind is UplinkEventKind.STATEMENT_ACKED and event.seq is not None:
            with self._condition:
                self._acked.add(event.seq)
                self._condition.notify_all()

    def wait_for(self, seq: int) -> None:
        assert self.uplink is not None
        self.uplink.wake()
        with self._condition:
            if not self._condition.wait_for(lambda: seq in self._acked, GIVE_UP_S):
                raise DeviceError(f"no PUBACK for statement {seq} in {GIVE_UP_S:.0f} s")


@contextmanager
def _sending(store: EvidenceStore, broker: Mosquitto, window_kib: int) -> Iterator[_Sent]:
    """The real uplink. Nobody receipts here, so its window of receipts is opened wide."""
    settings = UplinkSettings(
        mqtt=BrokerSettings(port=broker.port),
        window_bytes=window_kib * 1024,
        receipt_window=4096,
        resend_min_s=3600,
        resend_max_s=3600,
    )
    sent = _Sent()
    uplink = Uplink(store, settings, KeyRing({}), tenant="city", device_id="ea-test-0001", on_event=sent.hear)
    sent.uplink = uplink
    uplink.start()
    try:
        yield sent
    finally:
        uplink.stop(drain_s=0)


@contextmanager
def _subscriber(port: int) -> Iterator[None]:
    """Somebody who listens, in a process of its own: without one the broker answers "no subscribers"."""
    command = [sys.executable, "-m", "edge_agent.bench.bare_mqtt", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own program
        try:
            assert process.stdout is not None
            if process.stdout.readline() != b"subscribed\n":
                raise DeviceError("the bench's subscriber did not start")
            yield
        finally:
            process.terminate()
