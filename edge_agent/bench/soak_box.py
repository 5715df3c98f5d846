"""One life of the box of `bench soak`: the real core, journal, sealer, store and uplink, on compressed time.

Event time runs as fast as the core and the store are; the store's clock, its keep time and the staging of
pictures run with it, and its purge is called every ten minutes of it. The uplink's timers are real.
"""

from __future__ import annotations

import logging
import os
import signal
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep, thread_time

from edge_agent import runner
from edge_agent.bench.kill_box import DEVICE, IDENTITY, TENANT
from edge_agent.bench.soak_site import HOUR, Time, Week, site
from edge_agent.core.decisions import CrossingSeen, Decision
from edge_agent.core.events import Event, Started, Stopped
from edge_agent.core.site import Site
from edge_agent.core.units import Ns
from edge_agent.devices.staging import Staging
from edge_agent.errors import StoreFault
from edge_agent.evidence import dsse
from edge_agent.evidence.examples import KEY
from edge_agent.evidence.keys import KeyRing, read_public_keys
from edge_agent.evidence.sealer import Order, Sealer
from edge_agent.evidence.settings import StoreSettings
from edge_agent.evidence.store import EvidenceStore, Sealed
from edge_agent.evidence.uplink.settings import UplinkSettings
from edge_agent.evidence.uplink.uplink import Uplink
from edge_agent.journal.raw_ring import RawRing
from edge_agent.journal.recorder import Recorder
from edge_agent.journal.settings import JournalSettings
from edge_agent.journal.writer import RecordingHeader
from edge_agent.sinks import LiveSink, Tee

JOURNAL_MB = 16  # the least quota there is
PURGE_EVERY = HOUR // 6
HEADER = RecordingHeader(software="bench soak", config_sha256="", simulated=True)
# What a life writes down as it goes: event time, ns; crossings, of all lives.
PROGRESS = struct.Struct("<qq")
# What may wait for the broker before event time waits too: in real time no week is a few minutes long.
MOST_PENDING = 3_000


@dataclass(frozen=True, slots=True)
class BoxPlan:
    """What one life gets."""

    folder: Path
    uplink: UplinkSettings
    per_hour: float
    seed: int
    until: int  # event time, ns
    keep_hours: int  # pictures after their receipt
    steps: tuple[tuple[int, int], ...]
    life: int


@dataclass(slots=True)
class _Life:
    """Counts, claims, and who waits for a seal."""

    plan: BoxPlan
    clock: Time
    crossings: int
    claims: int = -1
    seals: int = -1  # processor time of each, us
    cpu_s: float = 0.0
    progress: int = -1
    stopping: bool = False
    fault: StoreFault | None = None
    done: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def decided(self, decision: Decision) -> None:
        """Count crossings."""
        self.crossings += isinstance(decision, CrossingSeen)

    def sealed(self, order: Order, sealed: Sealed) -> None:
        """A line in the claims file; only now it is claimed."""
        del order
        cpu_s = thread_time()  # this is the sealer's thread
        os.write(self.seals, b"%d\n" % ((cpu_s - self.cpu_s) * 1_000_000))
        self.cpu_s = cpu_s
        os.write(self.claims, f"{sealed.epoch} {sealed.seq} {sealed.payload_sha256}\n".encode())
        self.done.release()

    def refused(self, order: Order, reason: str) -> None:
        """Counted by the parent: this must not happen here."""
        with (self.plan.folder / "refused").open("a", encoding="utf-8") as file:
            file.write(f"{order.name}: {reason}\n")
        self.done.release()

    def failed(self, fault: StoreFault) -> None:
        """The disk."""
        self.fault = fault
        self.done.release()


def live(plan: BoxPlan) -> None:
    """Until the week is over, or told to stop, or killed."""
    at, crossings = read_progress(plan.folder)
    clock = Time(Ns(at), plan.steps)
    life = _Life(plan, clock, crossings)
    logging.disable(logging.WARNING)  # a broker that is away is what this is about
    signal.signal(signal.SIGTERM, lambda *_: setattr(life, "stopping", True))
    life.claims = os.open(plan.folder / "claims", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    life.seals = os.open(plan.folder / "seals", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    life.progress = os.open(plan.folder / "progress", os.O_WRONLY | os.O_CREAT, 0o600)
    settings = StoreSettings(
        directory=plan.folder / "box", ballast_bytes=0, keep_receipted_hours=plan.keep_hours
    )
    store = EvidenceStore.open(settings, KEY, IDENTITY, utc_us=clock.utc_us)
    ring = KeyRing({dsse.RECEIPT_TYPE: read_public_keys(plan.folder / "receipts.pub.pem")})
    uplink = Uplink(store, plan.uplink, ring, tenant=TENANT, device_id=DEVICE)
    _run(life, store, uplink)
    idle = uplink.wait_idle(120) if not life.stopping else True
    store.purge()
    uplink.stop()
    store.close()
    if not life.stopping:
        (plan.folder / ("idle" if idle and life.fault is None else "not-idle")).touch()


def _run(life: _Life, store: EvidenceStore, uplink: Uplink) -> None:
    staging = Staging(life.clock.mono)
    sealer = Sealer(store, staging.get, life, uplink.wake, staging.release)
    recorder = Recorder(
        life.plan.folder / "journal",
        JournalSettings(dir=life.plan.folder / "journal", quota_mb=JOURNAL_MB, segment_mb=1),
        HEADER,
    )
    raw = RawRing()
    core = Site(site().core())

    def seal(order: Order) -> None:
        # Event time stands still until it is sealed: on the road the sealer has seconds for it.
        sealer.put(order)
        life.done.acquire()

    def nothing(_decision: object) -> None:
        return

    sink = LiveSink(raw, seal, nothing, nothing, nothing, nothing, (life.decided,))
    uplink.start()
    sealer.start()
    week = Week(life.plan.per_hour, life.plan.seed, life.clock, staging.put, _Watch(life, store).before)
    runner.run(core, _Source(week, life), Tee(recorder, raw), sink)
    sealer.stop()
    recorder.close()


@dataclass(slots=True)
class _Watch:
    """Looks at every event before it happens: writes progress down, purges, ends the week."""

    life: _Life
    store: EvidenceStore
    purged: int = 0

    def before(self, event: Event) -> bool:
        """Whether it goes on."""
        life = self.life
        if event.at - self.purged >= PURGE_EVERY:
            self.purged = event.at
            self.store.purge()
            while self.store.stats().pending > MOST_PENDING and not life.stopping:
                sleep(0.05)
        os.pwrite(life.progress, PROGRESS.pack(event.at, life.crossings), 0)
        return not life.stopping and event.at < life.plan.until and life.fault is None


@dataclass(frozen=True, slots=True)
class _Source:
    """The week, between a start and an end as the daemon gives them to the core."""

    week: Week
    life: _Life

    def events(self, deadline: runner.Deadline) -> Iterator[Event]:
        """In order."""
        yield Started(self.life.clock.now, f"life-{self.life.plan.life}", "bench soak", "")
        yield from self.week.events(deadline)
        yield Stopped(self.life.clock.now)


def read_progress(folder: Path) -> tuple[int, int]:
    """Event time that the box has reached, and crossings so far."""
    path = folder / "progress"
    data = path.read_bytes() if path.exists() else b""
    return PROGRESS.unpack(data) if len(data) == PROGRESS.size else (0, 0)
