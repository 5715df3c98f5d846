"""What sealing and sending cost, against the least that the same durability and the same bytes can cost.

    seal          a case with three pictures  :  three files written and fsynced, one FULL commit
    to PUBACK     decision -> PUBACK of its statement, by the real store and the real uplink
                  :  the same floor, then the same bytes published bare to the same broker

Both sides take turns, round by round, on the same disk and the same broker; the ratio is of medians.
"""

from __future__ import annotations

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
from edge_agent.evidence.uplink.settings import BrokerSettings, UplinkSettings
from edge_agent.evidence.uplink.uplink import Uplink

LIMIT = 1.5  # of either ratio
PICTURES = 3
STATEMENT_BYTES = 10_000  # a usual statement, for the floor's commit and message
GIVE_UP_S = 30.0


def run(*, rounds: int = 40, picture_bytes: int = 300_000, folder: Path | None = None) -> dict[str, Any]:
    """Measure, print and return; `folder` is on the disk to measure."""
    with tempfile.TemporaryDirectory(prefix="bench-seal-", dir=folder) as temporary:
        here = Path(temporary)
        result: dict[str, Any] = {"rounds": rounds, "picture_bytes": picture_bytes, "limit": LIMIT}
        result["seal"] = _seal(here / "seal", rounds, picture_bytes)
        if find_mosquitto() is None:
            result["puback"] = {"skipped": "mosquitto is not installed"}
        else:
            result["puback"] = _puback(here / "puback", rounds, picture_bytes)
    print(text(result))
    return result


def text(result: dict[str, Any]) -> str:
    """The result for a person."""
    pictures = f"{PICTURES} x {result['picture_bytes'] / 1000:.0f} KB, {result['rounds']} rounds, interleaved"
    lines = [f"{pictures}; median (p95) in ms, ratio of medians, limit {LIMIT}"]
    for name, what in (("seal", "seal / floor"), ("puback", "decision to PUBACK / floor")):
        row = result[name]
        if "skipped" in row:
            lines.append(f"  {what:<28} skipped: {row['skipped']}")
            continue
        ours, floor = row["ours_ms"], row["floor_ms"]
        lines.append(
            f"  {what:<28} {ours['median']:7.2f} ({ours['p95']:6.2f})  / "
            f"{floor['median']:7.2f} ({floor['p95']:6.2f})  = {row['ratio']:.2f}"
        )
    return "\n".join(lines)


class Floor:
    """Three fsynced files and one commit: durable, and nothing else."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._count = 0
        self._db = sqlite3.connect(folder / "floor.db", isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("CREATE TABLE packet (seq INTEGER PRIMARY KEY, payload BLOB)")

    def keep(self, pictures: list[bytes], statement: bytes) -> None:
        """Once."""
        for picture in pictures:
            self._count += 1
            with (self._folder / str(self._count)).open("wb", buffering=0) as file:
                file.write(picture)
                os.fsync(file.fileno())
        self._db.execute("INSERT INTO packet (payload) VALUES (?)", (statement,))

    def close(self) -> None:
        """Done."""
        self._db.close()


def _seal(folder: Path, rounds: int, picture_bytes: int) -> dict[str, Any]:
    floor = Floor(folder / "floor")
    with _store(folder / "store") as store:
        cases = _cases(picture_bytes)

        def ours(seal: Seal, blobs: dict[str, bytes]) -> None:
            store.seal(seal, blobs)

        def least(_: Seal, blobs: dict[str, bytes]) -> None:
            floor.keep(list(blobs.values()), bytes(STATEMENT_BYTES))

        took = _take_turns(rounds, cases, ours, least)
    floor.close()
    return took


def _puback(folder: Path, rounds: int, picture_bytes: int) -> dict[str, Any]:
    folder.mkdir(parents=True)
    floor = Floor(folder / "floor")
    broker = Mosquitto(folder)
    broker.start()
    try:
        with _subscriber(broker.port), _store(folder / "store") as store, _sending(store, broker) as sent:
            bare = BareClient(broker.port, "bench-floor")
            cases = _cases(picture_bytes)

            def ours(seal: Seal, blobs: dict[str, bytes]) -> None:
                sent.wait_for(store.seal(seal, blobs).seq)

            def least(_: Seal, blobs: dict[str, bytes]) -> None:
                floor.keep(list(blobs.values()), bytes(STATEMENT_BYTES))
                messages = [(f"bench/att/{sha256}", data) for sha256, data in blobs.items()]
                bare.publish_all([*messages, ("bench/stmt", bytes(STATEMENT_BYTES * 4 // 3))])

            sent.wait_for(0)  # the genesis: the connection stands
            took = _take_turns(rounds, cases, ours, least)
            bare.close()
    finally:
        broker.stop()
        floor.close()
    return took


Work = Callable[[Seal, dict[str, bytes]], None]


def _take_turns(
    rounds: int, cases: Iterator[tuple[Seal, dict[str, bytes]]], ours: Work, least: Work
) -> dict[str, Any]:
    """Alternately, who goes first changes every round; two rounds of warm-up are thrown away."""
    took: dict[str, list[float]] = {"ours": [], "floor": []}
    for turn in range(rounds + 2):
        order = [("ours", ours), ("floor", least)]
        for name, work in order if turn % 2 else reversed(order):
            case = next(cases)
            start = time.perf_counter()
            work(*case)
            took[name].append((time.perf_counter() - start) * 1000)
    mine, bare = took["ours"][2:], took["floor"][2:]
    ratio = statistics.median(mine) / statistics.median(bare)
    return {"ours_ms": _summary(mine), "floor_ms": _summary(bare), "ratio": round(ratio, 3)}


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
def _sending(store: EvidenceStore, broker: Mosquitto) -> Iterator[_Sent]:
    """The real uplink. Nobody receipts here, so its window of receipts is opened wide."""
    settings = UplinkSettings(
        mqtt=BrokerSettings(port=broker.port), receipt_window=4096, resend_min_s=3600, resend_max_s=3600
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
