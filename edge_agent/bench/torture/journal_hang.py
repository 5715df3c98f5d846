"""J2: the journal's disk hangs under the real daemon; times to a statement are held against a free disk's."""

from __future__ import annotations

import queue
import statistics
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from edge_agent.bench.torture.journal_road import Road, unaccounted
from edge_agent.bench.torture.line_site import Line, line_site
from edge_agent.bench.torture.row import Effort, Outcome
from edge_agent.bench.torture.storage_disks import LoopDisk
from edge_agent.bench.torture.storage_work import compare
from edge_agent.bench.torture.waiting import came_true
from edge_agent.compose import Agent, Hooks
from edge_agent.core.decisions import Decision, Status
from edge_agent.core.events import SerialBytes
from edge_agent.core.units import Ns
from edge_agent.evidence.store import Sealed
from edge_agent.journal.black_box import CLOSE_S
from edge_agent.journal.lacking import incomplete
from edge_agent.journal.opening import open_all
from edge_agent.journal.recorder import LONGEST

WAIT_S = 60.0
# A statement may take so much longer: other programs have the machine, too.
SLOWER, SLACK_S = 2.0, 0.05
READ = 1_000_000  # bytes of an event
READS = 40


class Daemon:
    """In a thread, with a journal on a disk of its own. Use as a context."""

    def __init__(self, folder: Path, journal: Path) -> None:
        self._line = Line()
        self._sealed: queue.Queue[Sealed] = queue.Queue()
        self._ready = threading.Event()
        self.claims: list[Sealed] = []
        hooks = Hooks(decided=self._decided, sealed=lambda _order, sealed: self._sealed.put(sealed))
        chosen = {"dir": str(journal), "flush_ms": 10, "reserve_mb": 0}
        self.site = line_site(folder, self._line.device, journal=chosen)
        self._agent = Agent(self.site, hooks)
        self._thread = threading.Thread(target=self._agent.run)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(WAIT_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._line.__exit__(kind, error, trace)

    def crossing(self) -> float:
        """Somebody crosses; seconds until it is sealed."""
        began_s = time.monotonic()
        self._line.weigh()
        self.claims.append(self._sealed.get(timeout=WAIT_S))
        return time.monotonic() - began_s

    def stop(self) -> float:
        """As SIGTERM does; seconds that it took."""
        began_s = time.monotonic()
        self._agent.stop()
        self._thread.join(WAIT_S)
        while not self._sealed.empty():  # what it says of itself
            self.claims.append(self._sealed.get())
        return time.monotonic() - began_s

    def _decided(self, decision: Decision) -> None:
        if isinstance(decision, Status) and decision.part == "port/wim":
            self._ready.set()


def hanging(effort: Effort, folder: Path) -> Outcome:
    """J2: both parts of it."""
    found = Outcome()
    with LoopDisk(folder / "disk") as disk:
        _as_fast(effort, folder, disk, found)
        _overflown(folder, disk, found)
    return found


def _as_fast(effort: Effort, folder: Path, disk: LoopDisk, found: Outcome) -> None:
    free_s: list[float] = []
    hung_s: list[float] = []
    crossings = effort.times(4, 20)
    with Daemon(folder, disk.mount / "journal") as daemon:
        for _ in range(effort.times(2, 10)):
            free_s += [daemon.crossing() for _ in range(crossings)]
            with disk.hanging():
                hung_s += [daemon.crossing() for _ in range(crossings)]
        found.tried += len(hung_s)
        with disk.hanging():
            daemon.crossing()
            stop_s = daemon.stop()
    free, hung = statistics.median(free_s), statistics.median(hung_s)
    found.expect(hung <= SLOWER * free + SLACK_S, f"sealed after {free:.3f} s, {hung:.3f} s while it hangs")
    found.expect(max(hung_s) < CLOSE_S, f"sealed after {max(hung_s):.1f} s while it hangs")
    found.expect(stop_s < 2 * CLOSE_S, f"the end took {stop_s:.1f} s")
    found.measured = {
        "ms to sealed, free p50": round(free * 1e3, 1),
        "hung p50": round(hung * 1e3, 1),
        "free max": round(max(free_s) * 1e3, 1),
        "hung max": round(max(hung_s) * 1e3, 1),
        "end s": round(stop_s, 1),
    }
    compare(daemon.site.evidence.store.directory, daemon.claims, found)
    found.expect(came_true(lambda: _is_whole(disk.mount / "journal"), WAIT_S), "the journal is not whole")


def _is_whole(folder: Path) -> bool:
    """Nothing was lost, and the end is there: the thread went on when the disk did."""
    recordings = open_all(folder)
    for recording in recordings:
        for _ in recording.events():
            pass
    return not incomplete(recordings) and not any(recording.torn for recording in recordings)


def _overflown(folder: Path, disk: LoopDisk, found: Outcome) -> None:
    """More than the queue holds."""
    evidence = folder / "overflown"
    with Road(evidence, disk.mount / "overflown") as road:
        road.case(1)
        road.settle()
        with disk.hanging():
            for number in range(READS):
                road.event(SerialBytes(Ns(LONGEST // 2 + number), "wim", bytes(READ)))
            road.case(2)
            found.tried += 1
        road.settle()
        road.case(3)
        found.expect(road.settle(), "does not go on by itself")
    compare(evidence, road.claims, found)
    found.problems += unaccounted(road.journal, road.events, road.events)
    found.expect(road.box.lost_events > 0, "the queue was never full")
    found.measured["events refused by the queue"] = road.box.lost_events
