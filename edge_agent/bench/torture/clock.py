"""T1: the box's clock is set wrong, back, found dead at boot, and gets a leap second.

The real daemon on a terminal line; its `Clock` reads a UTC and a kernel's account that the row moves, as
settimeofday(2) does: the kernel calls itself unsynchronised from then on (`ntp_clear`), and after a leap
second it does not.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_agent.bench.torture.line_site import Line, line_site
from edge_agent.bench.torture.row import Effort, Outcome, Row
from edge_agent.box_store import open_store
from edge_agent.compose import Agent, Hooks
from edge_agent.config.settings import SiteConfig
from edge_agent.core.decisions import Decision, Status
from edge_agent.core.units import MS, US, Ns, S
from edge_agent.devices import clock
from edge_agent.errors import DeviceError
from edge_agent.evidence import dsse
from edge_agent.evidence.statement import Kind
from edge_agent.evidence.store import Sealed
from edge_agent.evidence.verify import verify
from edge_agent.evidence.verify_sources import open_material

DAY = 86_400 * S
LOOK_MS = 100
WAIT_S = 20.0
NEAR_US = 2_000_000  # between the weighing and the row's own look at the clock


@dataclass(slots=True)
class World:
    """A UTC of our own, and what the kernel thinks of it."""

    ahead: int = 0  # of the true UTC, ns
    synced: bool = True

    def utc_ns(self) -> int:
        """What the system says."""
        return time.time_ns() + self.ahead

    def kernel(self) -> clock.KernelClock:
        """What adjtimex(2) says."""
        return clock.KernelClock(self.synced, Ns(0), Ns(5 * MS if self.synced else 16 * S))


@dataclass(slots=True)
class Box:
    """The daemon in a thread."""

    line: Line
    sealed: queue.Queue[Sealed] = field(default_factory=queue.Queue)
    up: threading.Event = field(default_factory=threading.Event)

    def next(self, kind: str) -> dict[str, Any]:
        """The next statement of that kind."""
        while True:
            said: dict[str, Any] = json.loads(self.sealed.get(timeout=WAIT_S).payload)
            if said["kind"] == kind:
                return said

    def weigh(self) -> dict[str, Any]:
        """Somebody crosses; the statement that comes of it."""
        self.line.weigh()
        return self.next("wim")


@contextmanager
def running(site: SiteConfig, line: Line, world: World) -> Iterator[Box]:
    """From the first byte's readiness to the end."""
    box = Box(line)

    def decided(decision: Decision) -> None:
        if isinstance(decision, Status) and decision.part == "port/wim" and decision.state == "ok":
            box.up.set()

    hooks = Hooks(decided=decided, sealed=lambda _order, sealed: box.sealed.put(sealed))
    watched = clock.Clock(site.clock, world.utc_ns, world.kernel, lambda: None)
    agent = Agent(site, hooks, time=watched)
    thread = threading.Thread(target=agent.run, name="daemon")
    thread.start()
    try:
        if not box.up.wait(WAIT_S):
            raise DeviceError("bench torture: the line did not come up")
        yield box
    finally:
        agent.stop()
        thread.join(WAIT_S)


def set_forward(effort: Effort, folder: Path) -> Outcome:
    """T1a."""
    return _set_by_hand(effort, folder, DAY)


def set_back(effort: Effort, folder: Path) -> Outcome:
    """T1b."""
    return _set_by_hand(effort, folder, -DAY)


def _set_by_hand(effort: Effort, folder: Path, step: int) -> Outcome:
    """Somebody sets it; time goes on; the box is restarted as it is."""

    def provoke(outcome: Outcome, site: SiteConfig, line: Line) -> None:
        world = World()
        with running(site, line, world) as box:
            _expect_good(outcome, box.weigh())
            world.ahead, world.synced = step, False
            _expect_step(outcome, box.next("time_step"), step)
            for _ in range(effort.times(2, 20)):
                after = box.weigh()
                _expect_doubt(outcome, after)
                outcome.expect(_is_now(after), "an event's UTC followed the wrong clock")
        with running(site, line, world) as box:
            _expect_doubt(outcome, box.weigh())

    return _run(effort, folder, provoke)


def dead_at_boot(effort: Effort, folder: Path) -> Outcome:
    """T1c: 1970, until the network answers."""

    def provoke(outcome: Outcome, site: SiteConfig, line: Line) -> None:
        world = World(ahead=-time.time_ns(), synced=False)
        with running(site, line, world) as box:
            before = box.weigh()
            _expect_doubt(outcome, before)
            outcome.expect(before["time"]["source"] == "none", "a clock of 1970 has a source")
            step, world.ahead, world.synced = -world.ahead, 0, True
            _expect_step(outcome, box.next("time_step"), step)
            after = box.weigh()
            outcome.expect(_is_now(after), "after the clock was set, an event's UTC is still wrong")
            outcome.expect(not after["time"]["synced"], "believed at once after a step of decades")

    return _run(effort, folder, provoke)


def leap_second(effort: Effort, folder: Path) -> Outcome:
    """T1d: the kernel repeats a second and goes on calling itself synchronised."""

    def provoke(outcome: Outcome, site: SiteConfig, line: Line) -> None:
        world = World()
        with running(site, line, world) as box:
            _expect_good(outcome, box.weigh())
            world.ahead = -S
            _expect_step(outcome, box.next("time_step"), -S)
            after = box.weigh()
            outcome.expect("clock_unsynced" in after["legal"]["reasons"], "a second twice, and no doubt")

    return _run(effort, folder, provoke)


def _run(effort: Effort, folder: Path, provoke: Callable[[Outcome, SiteConfig, Line], None]) -> Outcome:
    outcome = Outcome()
    for number in range(effort.times(1, 10)):
        place = folder / str(number)
        place.mkdir()
        with Line() as line:
            watch = {"source": "gnss", "interval_ms": LOOK_MS, "chrony_port": 0}
            site = line_site(place, line.device, clock=watch)
            provoke(outcome, site, line)
        outcome.tried += 1
        _check_chain(outcome, site)
    return outcome


def _check_chain(outcome: Outcome, site: SiteConfig) -> None:
    """Whole, and its crossings in the order of the monotonic clock within each boot, whatever UTC did."""
    report = verify(open_material(site.evidence.store.directory))
    outcome.sealed += report.statements
    outcome.gaps += len(report.problems)
    with open_store(site, "comparing") as store:
        packets = [packet for seq in store.seqs() if (packet := store.packet(seq))]
        crossings = [
            json.loads(dsse.decode(packet.envelope)[1]) for packet in packets if packet.kind is Kind.WIM
        ]
    newest: dict[str, int] = {}
    for said in crossings:
        at, boot = said["time"]["event_monotonic_us"], said["chain"]["boot_id"]
        outcome.expect(at > newest.get(boot, 0), "the chain is not in the order of the monotonic clock")
        newest[boot] = at


def _expect_good(outcome: Outcome, said: dict[str, Any]) -> None:
    doubts = [reason for reason in said["legal"]["reasons"] if reason.startswith("clock")]
    outcome.expect(said["time"]["synced"] and not doubts, f"doubts before anything was wrong: {doubts}")
    outcome.expect(_is_now(said), "a good clock gave a wrong time")


def _expect_doubt(outcome: Outcome, said: dict[str, Any]) -> None:
    doubts = [reason for reason in said["legal"]["reasons"] if reason.startswith("clock")]
    outcome.expect(not said["time"]["synced"] and bool(doubts), "a wrong clock is not doubted")
    outcome.expect(said["legal"]["use_class"] != "enforcement", "a wrong clock supports enforcement")


def _expect_step(outcome: Outcome, said: dict[str, Any], step: int) -> None:
    outcome.expect(
        abs(said["record"]["step_us"] - step // US) < NEAR_US // 2,
        f"the record says {said['record']['step_us']} us of {step // US}",
    )


def _is_now(said: dict[str, Any]) -> bool:
    return bool(abs(said["time"]["event_utc_us"] - time.time_ns() // US) < NEAR_US)


_EXPECTED = "order by the monotonic clock, a time_step record, synced false, use class reference"
_HOW = "the daemon's UTC and kernel account moved under it, statements before and after compared"
CLOCK_ROWS = (
    Row("T1a", "clock set a day ahead", _HOW, _EXPECTED, set_forward),
    Row("T1b", "clock set a day back", _HOW, _EXPECTED, set_back),
    Row("T1c", "clock dead at boot (1970), then set", _HOW, _EXPECTED, dead_at_boot),
    Row("T1d", "leap second", _HOW, _EXPECTED, leap_second),
)
