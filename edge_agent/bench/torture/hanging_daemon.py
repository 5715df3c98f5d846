"""The daemon with a hook: SIGUSR1 makes one of its parts hang for real. A child of row L1b.

`python -m edge_agent.bench.torture.hanging_daemon SITE.yaml PART`

    store    its lock is taken and never given back: sealer and uplink hang in it
    runner   a listener of decisions never returns
    clock    the clock's source never answers
"""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from edge_agent.compose import Agent, Hooks
from edge_agent.config.loader import load
from edge_agent.core.decisions import Decision
from edge_agent.devices import clock
from edge_agent.evidence.sealer import Order
from edge_agent.evidence.store import Sealed

LIMIT_S = 1.0  # of every part, so that a hang is seen before a person is bored


class _Hang:
    """Where a part waits for ever, once it is armed."""

    def __init__(self, part: str) -> None:
        self._part = part
        self._armed = threading.Event()

    def arm(self, _number: int, _frame: FrameType | None) -> None:
        self._armed.set()

    def here(self, part: str) -> None:
        if part == self._part and self._armed.is_set():
            threading.Event().wait()

    def hold(self, lock: threading.RLock) -> None:
        """Take the lock and keep it."""
        self._armed.wait()
        lock.acquire()
        threading.Event().wait()


def main(path: str, part: str) -> None:
    """Until it is killed, or told to end."""
    hang = _Hang(part)
    site = load(Path(path))

    def kernel() -> clock.KernelClock | None:
        hang.here("clock")
        return clock.kernel_clock()

    def say(_order: Order, sealed: Sealed) -> None:
        # As cli/run.py logs it: one write of one whole line.
        line = f"sealed seq {sealed.seq} epoch {sealed.epoch} packet_id {sealed.packet_id} "
        sys.stdout.write(f"{line}sha256 {sealed.payload_sha256}\n")
        sys.stdout.flush()

    def decided(_decision: Decision) -> None:
        hang.here("runner")

    agent = Agent(site, Hooks(decided=decided, sealed=say), time=clock.Clock(site.clock, kernel=kernel))
    for pulse in agent.pulses:
        pulse.limit_s = LIMIT_S
    if part == "store":
        threading.Thread(target=hang.hold, args=(agent.store._lock,), daemon=True).start()  # noqa: SLF001 - to hang it
    signal.signal(signal.SIGUSR1, hang.arm)
    signal.signal(signal.SIGTERM, lambda _number, _frame: agent.stop())
    agent.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
