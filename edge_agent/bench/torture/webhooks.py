"""The row about telling others: receivers away, the platform killed, nothing untold or misdirected."""

from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from edge_agent.bench.broker import Mosquitto
from edge_agent.bench.receiver import Posted, Receiver, Reply
from edge_agent.bench.torture.rig import DEVICE, WAIT_S
from edge_agent.bench.torture.row import Effort, Outcome, Row
from edge_agent.bench.torture.waiting import came_true
from edge_agent.core.records import UseClass
from edge_agent.evidence import dsse
from edge_agent.evidence.examples import KEY, Clock, a_case, store_settings
from edge_agent.evidence.examples_street import a_report, a_street_identity, a_zone_case
from edge_agent.evidence.keys import FileKey, KeyRing
from edge_agent.evidence.statement import is_shared, parse
from edge_agent.evidence.store import EvidenceStore, Sealed
from edge_agent.evidence.uplink.settings import UplinkSettings
from edge_agent.evidence.uplink.uplink import Uplink
from edge_agent.ingest.fanout import LEASE_US, WAITING, Fanout
from edge_agent.ingest.keepers import attachment_reader
from edge_agent.ingest.settings import IngestSettings
from edge_agent.ingest.store import PlatformStore
from edge_agent.ingest.webhooks import Webhooks

OWNER, OFFICER, PLATFORM = ROUTES = ("owner", "officer", "platform")


def receivers_away_platform_killed(effort: Effort, folder: Path) -> Outcome:
    """W1: after all of it, each route has taken all that is its own at least once, and nothing else."""
    outcome = Outcome()
    rng = random.Random(effort.seed)  # noqa: S311 - when to kill
    with _site(folder) as site:
        site.start("ingest")
        site.start("inbox")
        for _ in range(effort.times(1, 30)):
            away = rng.choice([OWNER, OFFICER])
            site.receivers[away].stop()
            site.kill_at_next_post(away, after_answer=rng.random() < 0.5)
            site.seal(rng)
            killed = came_true(lambda: not site.alive("inbox"), WAIT_S)
            outcome.expect(killed, f"{away} was not refused, or the process that tells not killed")
            outcome.tried += 2
            site.seal(rng)
            time.sleep(rng.uniform(0.0, 0.3))
            outcome.expect(site.alive("ingest"), "the ingest had ended by itself")
            site.kill("ingest")
            outcome.tried += 1
            site.receivers[away].start()
            site.start("ingest")
            if effort.full:
                site.start("inbox")
        outcome.expect(site.uplink.wait_idle(2 * WAIT_S), "not everything was receipted")
        site.stop()
        _tell_the_rest(site, outcome)
        _judge(site, outcome)
    return outcome


class _Site:
    """A box, a broker, a platform of two processes on SQLite, and a receiver for each route."""

    def __init__(self, folder: Path, broker: Mosquitto, box: EvidenceStore) -> None:
        self.box = box
        self.routes_of: dict[str, tuple[str, ...]] = {}  # by packet id: who must be told
        self.not_for_owners: set[str] = set()  # digests
        self.receivers = {route: Receiver().start() for route in ROUTES}
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._numbers = itertools.count(1)
        (folder / "devices").mkdir()
        (folder / "devices" / f"{DEVICE.device_id}.pem").write_bytes(KEY.public.pem)
        key = FileKey.generate(folder / "receipt.pem")
        self.settings = IngestSettings.model_validate(
            {
                "tenant": DEVICE.tenant,
                "mqtt": broker.settings("ingest"),
                "data_dir": folder / "platform",
                "devices_dir": folder / "devices",
                "receipt_key_file": folder / "receipt.pem",
                "need_grace_s": 0.3,
                "inbox": {"port": 0},
                "webhooks": [
                    {"name": route, "route": route, "url": receiver.url}
                    for route, receiver in self.receivers.items()
                ],
            }
        )
        self.store = PlatformStore.of(self.settings, serving=False)
        self.fanout = Fanout(self.store.database, self.settings.webhooks)
        (folder / "platform.yaml").write_text(yaml.safe_dump(self.settings.model_dump(mode="json")), "utf-8")
        self.uplink = Uplink(
            box,
            UplinkSettings(mqtt=broker.settings(DEVICE.device_id), resend_min_s=1.0, resend_max_s=4.0),
            KeyRing({dsse.RECEIPT_TYPE: [key.public]}),
            tenant=DEVICE.tenant,
            device_id=DEVICE.device_id,
        )
        self.uplink.start()

    # Evidence

    def seal(self, rng: random.Random) -> None:
        """A shop's case, one that is nobody's, one of a trial, a weighing: in any order."""
        number = next(self._numbers)
        street = a_zone_case(number)
        trial, blobs = a_zone_case(1000 + number)
        records: list[tuple[tuple[Any, dict[str, bytes]], tuple[str, ...]]] = [
            (street, ROUTES),
            ((replace(trial, use_class=UseClass.TEST), blobs), ()),
            (a_zone_case(2000 + number, report=a_report(shop="")), (OFFICER, PLATFORM)),
            (a_case(number), (OFFICER, PLATFORM)),
        ]
        rng.shuffle(records)
        for record, routes in records:
            self._note(self.box.seal(*record), routes)

    def _note(self, sealed: Sealed, routes: tuple[str, ...]) -> None:
        self.routes_of[sealed.packet_id] = routes
        files = parse(sealed.payload).attachments
        self.not_for_owners |= {file.sha256 for file in files if not is_shared(file.role)}

    # Processes

    def start(self, name: str) -> None:
        """`ingest` or `inbox`; it serves when it does."""
        words = {"ingest": ["ingest"], "inbox": ["inbox", "serve"]}[name]
        with (self._folder / f"{name}.log").open("wb") as log:
            self._running[name] = subprocess.Popen(  # noqa: S603 - our own argument list
                [sys.executable, "-m", "edge_agent", *words, "--config", str(self._folder / "platform.yaml")],
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )

    def alive(self, name: str) -> bool:
        """Whether it runs."""
        return name in self._running and self._running[name].poll() is None

    def kill(self, name: str) -> None:
        """SIGKILL."""
        self._running[name].kill()
        self._running[name].wait()

    def kill_at_next_post(self, away: str, *, after_answer: bool) -> None:
        """The process that tells dies while a receiver has its message: taken, or not answered at all.

        Not before it has been refused by the route that is away.
        """
        before = self._refused(away)

        def reply(_: Posted) -> Reply:
            receiver.reply = lambda _: Reply()
            if came_true(lambda: self._refused(away) > before, WAIT_S):
                self.kill("inbox")
            if not after_answer:
                raise ConnectionAbortedError
            return Reply()

        receiver = self.receivers[PLATFORM]
        receiver.reply = reply

    def _refused(self, route: str) -> int:
        waiting = self.fanout.newest(1000, WAITING)
        return sum(o.attempts for o in waiting if o.hook == route and o.said.startswith("ConnectError"))

    def stop(self) -> None:
        """SIGTERM to what runs, and no more uplink."""
        self.uplink.stop(drain_s=0)
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            process.wait(timeout=WAIT_S)


@contextmanager
def _site(folder: Path) -> Iterator[_Site]:
    broker = Mosquitto(folder).start()
    settings = store_settings(folder / "box")
    with EvidenceStore.open(settings, KEY, a_street_identity(), utc_us=Clock()) as box:
        site = _Site(folder, broker, box)
        try:
            yield site
        finally:
            site.stop()
            site.store.close()
            for receiver in site.receivers.values():
                receiver.stop()
            broker.stop()


def _tell_the_rest(site: _Site, outcome: Outcome) -> None:
    """The next process, at a time when attempts that died count as dead and every wait is over."""
    fanout, store, hooks = site.fanout, site.store, site.settings.webhooks
    outcome.measured["told before the last process"] = fanout.counts().get("done", 0)
    ahead_us = itertools.count(LEASE_US, 3600 * 1_000_000)
    now_us = [0]
    read = attachment_reader(site.settings, store).read
    webhooks = Webhooks(hooks, fanout, store, read, "", lambda: now_us[0])
    try:
        for _ in range(10):
            now_us[0] = time.time_ns() // 1000 + next(ahead_us)
            for hook in hooks:
                while webhooks.step(hook.name):
                    pass
        outcome.expect(not fanout.counts().get(WAITING), "deliveries still wait")
        outcome.expect(store.alarms() == [], "an alarm")
    finally:
        webhooks.stop()


def _judge(site: _Site, outcome: Outcome) -> None:
    posted = {route: _packets(receiver.posted) for route, receiver in site.receivers.items()}
    taken = {route: _packets(receiver.taken) for route, receiver in site.receivers.items()}
    outcome.sealed = len(site.routes_of)
    for packet_id, routes in site.routes_of.items():
        outcome.lost += sum(packet_id not in taken[route] for route in routes)
        outcome.differing += sum(packet_id in posted[route] for route in ROUTES if route not in routes)
    strange = sum(packet_id not in site.routes_of for route in ROUTES for packet_id in posted[route])
    outcome.expect(strange == 0, f"{strange} messages about something else")
    for message in site.receivers[OWNER].posted:
        body = json.loads(message.body)
        outcome.expect("envelope" not in body and "plate" not in body, "an owner was sent an envelope")
        leaked = {sha256 for sha256 in site.not_for_owners if sha256.encode() in message.body}
        outcome.expect(not leaked, f"an owner was told of {leaked}")
    ids = Counter(m.headers["x-delivery-id"] for r in site.receivers.values() for m in r.posted)
    again = sum(count - 1 for count in ids.values())
    outcome.expect(again > 0, "no message came twice, so no attempt was cut off")
    outcome.measured |= {"messages": sum(ids.values()), "of them again": again}


def _packets(messages: list[Posted]) -> set[str]:
    return {json.loads(message.body)["packet_id"] for message in messages}


ROWS = (
    Row(
        "W1",
        "webhook receiver away, platform killed",
        "a route's receiver refuses connections; kill -9 to the process that tells while a receiver has its "
        "message, and to the ingest under load; what is left is told by a process that lives an hour later",
        "every complete statement delivered at least once to each route that is its own, none to another",
        receivers_away_platform_killed,
        ("mosquitto",),
    ),
)
