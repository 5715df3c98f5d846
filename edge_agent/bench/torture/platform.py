"""Rows of the platform's side: two ingest processes on one PostgreSQL behind one broker."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import func, select

from edge_agent.bench.bare_mqtt import BareClient
from edge_agent.bench.platform_boxes import Box
from edge_agent.bench.platform_check import compare
from edge_agent.bench.platform_load import Load
from edge_agent.bench.platform_site import TENANT, PlatformSite
from edge_agent.bench.torture.row import Effort, Outcome, Row
from edge_agent.bench.torture.waiting import came_true
from edge_agent.evidence import dsse
from edge_agent.evidence.examples import KEY, a_case, a_store, an_identity
from edge_agent.evidence.keys import KeyRing
from edge_agent.evidence.settings import DeviceSettings
from edge_agent.evidence.store import EvidenceStore
from edge_agent.evidence.uplink.settings import UplinkSettings
from edge_agent.evidence.uplink.uplink import Uplink
from edge_agent.ingest.store import PlatformStore
from edge_agent.ingest.tables import statement

PICTURE_BYTES = 3000
WAIT_S = 60.0


def ingest_killed(effort: Effort, folder: Path) -> Outcome:
    """P1: one of two is killed under load, again and again; neither loses nor doubles anything."""
    outcome = Outcome()
    boxes, rate = effort.times(20, 200), effort.times(100, 300)
    rng = random.Random(effort.seed)  # noqa: S311 - when to kill
    plan = {
        "resend_s": 1.0,
        "seed": effort.seed,
        "picture_bytes": PICTURE_BYTES,
        "with_picture_permille": 500,
    }
    with _site(folder) as site:
        for number in range(boxes):
            box = _box(number, effort.seed)
            site.enrol(box.device, box.key)
        site.start()
        load = Load({**plan, "boxes": range(boxes), "port": site.broker.port})
        for _ in range(effort.times(2, 50)):
            load.sign(3 * rate // boxes + 2)
            load.steady(rng.uniform(0.3, 0.8), rate)
            victim = rng.randrange(2)
            site.kill_ingest(victim)
            outcome.tried += 1
            outcome.expect(site.alive() == 1, "the killed process was not dead")
            load.steady(rng.uniform(0.1, 0.5), rate)
            site.start_ingest(victim)
            if rng.random() < 0.5:
                site.wait_serving(victim)
        load.drain(WAIT_S)
        told = load.told()
        load.close()
        outcome.expect(told["waiting"] == 0, f"{told['waiting']} statements without a receipt")
        outcome.expect(told["refused"] == 0, f"{told['refused']} statements refused")
        with closing(site.store()) as store:
            found = compare(store, [_box(number, effort.seed) for number in range(boxes)], load.chains())
    outcome.sealed, outcome.lost, outcome.gaps = found["sent"], found["lost"], found["watermarks_behind"]
    outcome.differing = found["twice"] + found["differing"]
    outcome.expect(found["pictures_bad"] == 0, f"{found['pictures_bad']} pictures lost or changed")
    outcome.expect(found["alarms"] + found["refusals"] == 0, "an alarm or a refusal")
    outcome.measured = {"sent again": told["again"], "pictures": found["pictures"]}
    return outcome


def database_lost(effort: Effort, folder: Path) -> Outcome:
    """R4: the database is gone with all in it; the box's receipted statements are sent again."""
    outcome = Outcome()
    device = an_identity().settings.device
    with _site(folder) as site, _box_that_sends(site, folder / "box", device) as (store, uplink):
        for number in range(effort.times(20, 500)):
            store.seal(*a_case(number, PICTURE_BYTES))
        for _ in range(effort.times(1, 10)):
            uplink.wake()
            outcome.expect(uplink.wait_idle(WAIT_S), "not everything was receipted at first")
            outcome.expect(
                _complete(site, device) == store.head().seq + 1, "not everything was stored at first"
            )
            for number in range(2):
                site.kill_ingest(number)
            site.lose_database()
            with closing(site.store()) as empty:
                outcome.expect(empty.counts()["statements"] == 0, "the database was not empty")
            outcome.tried += 1
            site.start_ingests()
            came_true(lambda: _complete(site, device) == store.head().seq + 1, WAIT_S, look_s=0.1)
        outcome.sealed = store.head().seq + 1
        with closing(site.store()) as after:
            for seq in store.seqs():
                packet = store.packet(seq)
                assert packet is not None
                kept = after.by_packet_id(packet.packet_id)
                outcome.lost += kept is None or not kept.complete
                outcome.differing += kept is not None and after.envelope(kept.place) != packet.envelope
            mark = after.watermark(device.device_id, store.head().epoch)
            outcome.gaps = store.head().seq - (mark.seq if mark else -1)
            outcome.expect(after.alarms() == [], "an alarm")
    return outcome


def clone_between_processes(effort: Effort, folder: Path) -> Outcome:
    """K2c: a box and its clone sign two payloads for one place at once; the broker deals them out."""
    outcome = Outcome()
    with _site(folder) as site:
        pairs = [
            (_box(n, effort.seed), _box(n, effort.seed, 2 * PICTURE_BYTES))
            for n in range(effort.times(20, 500))
        ]
        for box, _ in pairs:
            site.enrol(box.device, box.key)
        site.start()
        with closing(BareClient(site.broker.port, "boxes")) as client:
            for box, clone in pairs:
                clone.sign_next()
                client.publish_all(list(box.messages(box.sign_next())))
            for box, clone in pairs:
                client.publish_all([*box.messages(box.sign_next()), *clone.messages(clone.sign_next())])
                outcome.tried += 1
        with closing(site.store()) as store:
            came_true(
                lambda: len(store.frozen()) == len(pairs) and len(store.alarms(10_000)) >= len(pairs),
                WAIT_S,
                look_s=0.1,
            )
            frozen, alarms = store.frozen(), store.alarms(10_000)
            cases = select(statement.c.device, func.count()).where(statement.c.seq == 1)
            kept = dict(map(tuple, store.rows(cases.group_by(statement.c.device))))
        served = [site.served(number) for number in range(2)]
    outcome.sealed = 2 * len(pairs)  # each box's genesis and one of its two
    outcome.lost = len(pairs) - len(kept)
    outcome.differing = sum(count - 1 for count in kept.values())
    outcome.expect(len(frozen) == len(pairs), f"{len(frozen)} of {len(pairs)} boxes frozen")
    kinds = {what for _, _, what, _ in alarms}
    outcome.expect(kinds == {"equivocation"}, f"alarms: {kinds}")
    outcome.expect(all(served), f"messages to each process: {served}")
    outcome.measured = {"messages to each process": served}
    return outcome


@contextmanager
def _site(folder: Path) -> Iterator[PlatformSite]:
    site = PlatformSite(folder)
    try:
        yield site
    finally:
        site.stop()


@contextmanager
def _box_that_sends(
    site: PlatformSite, folder: Path, device: DeviceSettings
) -> Iterator[tuple[EvidenceStore, Uplink]]:
    """A real store and a real uplink. Starts the site."""
    site.enrol(device.device_id, KEY)
    site.start()
    ring = KeyRing({dsse.RECEIPT_TYPE: [site.key.public]})
    settings = UplinkSettings(
        mqtt=site.broker.settings(device.device_id), resend_min_s=1.0, resend_max_s=4.0, head_interval_s=2.0
    )
    with a_store(folder) as store:
        uplink = Uplink(store, settings, ring, tenant=TENANT, device_id=device.device_id)
        uplink.start()
        try:
            yield store, uplink
        finally:
            uplink.stop()


def _box(number: int, seed: int, picture_bytes: int = PICTURE_BYTES) -> Box:
    return Box(number, seed, picture_bytes, 500 if picture_bytes == PICTURE_BYTES else 1000)


def _complete(site: PlatformSite, device: DeviceSettings) -> int:
    with closing(site.store()) as store:
        return _complete_of(store, device.device_id)


def _complete_of(store: PlatformStore, device: str) -> int:
    here = (statement.c.device == device) & statement.c.complete
    return int(store.rows(select(func.count()).where(here))[0][0])


NEEDS = ("mosquitto", "postgres")
ROWS = (
    Row(
        "P1",
        "one of two ingest processes killed under load",
        "kill -9 at a random moment, started again; simulated boxes, Mosquitto, PostgreSQL",
        "nothing lost, nothing stored twice, every statement receipted",
        ingest_killed,
        NEEDS,
    ),
    Row(
        "R4",
        "the platform loses its database",
        "both ingest processes killed, the PostgreSQL database dropped; the box's store and uplink are real",
        "the watermark falls back, the box sends again what was receipted",
        database_lost,
        NEEDS,
    ),
    Row(
        "K2c",
        "a box and its clone at two ingest processes at once",
        "two payloads for one place of a chain, dealt out by the broker",
        "one is kept, the other refused; alarm, box frozen for both processes",
        clone_between_processes,
        NEEDS,
    ),
)
