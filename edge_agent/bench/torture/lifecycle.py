"""L1b: a part of the real daemon hangs, and the service manager's watchdog ends it."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from edge_agent.bench.kill import Claim
from edge_agent.bench.kill_daemon import SEALED
from edge_agent.bench.torture.line_site import Line, line_site
from edge_agent.bench.torture.row import Effort, Outcome, Row
from edge_agent.bench.torture.supervisor import Supervisor
from edge_agent.box_store import open_store
from edge_agent.config.recorded import to_text
from edge_agent.config.settings import SiteConfig
from edge_agent.errors import DeviceError
from edge_agent.evidence.verify import verify
from edge_agent.evidence.verify_sources import open_material

WATCHDOG_S = 1.0
WAIT_S = 30.0
AGAIN_S = 0.3
PARTS = ("store", "runner", "clock")


def watchdog_fires(effort: Effort, folder: Path) -> Outcome:
    """One part after the other hangs, each in a life of its own; statements are sealed until it does."""
    outcome = Outcome()
    for number in range(effort.times(1, 12)):
        part = PARTS[(number + effort.seed - 1) % len(PARTS)]
        place = folder / str(number)
        place.mkdir()
        with Line() as line:
            _hang(outcome, line, place, part)
    return outcome


def _hang(outcome: Outcome, line: Line, folder: Path, part: str) -> None:
    site = line_site(folder, line.device, clock={"source": "ntp", "interval_ms": 200, "chrony_port": 0})
    path, log = folder / "site.yaml", folder / "daemon.log"
    path.write_text(to_text(site), encoding="utf-8")
    command = [sys.executable, "-m", "edge_agent.bench.torture.hanging_daemon", str(path), part]
    supervisor = Supervisor(command, log, f"@edge-agent-{os.getpid()}-{folder.name}", WATCHDOG_S)
    supervisor.start()
    try:
        _until(supervisor, lambda: supervisor.ready, "ready")
        for _ in range(3):
            _seal(supervisor, line, log)
        outcome.expect(supervisor.killed == 0, "killed although everything went round")
        os.kill(supervisor.pid, signal.SIGUSR1)
        hung_s = time.monotonic()
        line.weigh()  # and this one falls into it
        _until(supervisor, lambda: supervisor.killed == 1, "the watchdog")
        outcome.measured[f"{part}: seconds from hang to kill"] = round(time.monotonic() - hung_s, 1)
        _until(supervisor, lambda: supervisor.ready, "ready again")
        _seal(supervisor, line, log)
    finally:
        outcome.expect(supervisor.stop() == 0, "it did not end well")
    outcome.expect("STOPPING" in supervisor.said, "it did not say that it ends")
    outcome.tried += 1
    _compare(outcome, site, _claims(log), folder / "evidence")


def _seal(supervisor: Supervisor, line: Line, log: Path) -> None:
    """Somebody crosses, again and again: a line that is not open yet loses what was said on it."""
    before, again_s = len(_claims(log)), 0.0

    def sealed() -> bool:
        nonlocal again_s
        if time.monotonic() >= again_s:
            line.weigh()
            again_s = time.monotonic() + AGAIN_S
        return len(_claims(log)) > before

    _until(supervisor, sealed, "a statement")


def _claims(log: Path) -> set[Claim]:
    said = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return {Claim(epoch, int(seq), sha256) for seq, epoch, sha256 in SEALED.findall(said)}


def _compare(outcome: Outcome, site: SiteConfig, claims: set[Claim], store: Path) -> None:
    outcome.sealed += len(claims)
    with open_store(site, "comparing") as evidence:
        for claim in claims:
            kept = evidence.packet(claim.seq)
            outcome.lost += kept is None
            outcome.differing += kept is not None and kept.payload_sha256 != claim.payload_sha256
    outcome.gaps += len(verify(open_material(store)).problems)


def _until(supervisor: Supervisor, true: Callable[[], bool], what: str) -> None:
    until_s = time.monotonic() + WAIT_S
    while not true():
        supervisor.look()
        if time.monotonic() > until_s:
            raise DeviceError(f"bench torture: {what} did not come within {WAIT_S:.0f} s")


LIFECYCLE_ROWS = (
    Row(
        "L1b",
        "a part hangs, the systemd watchdog fires",
        "a lock held for ever, a listener or a clock that never returns; a supervisor that owns the notify "
        "socket kills with SIGKILL and restarts",
        "as S1: nothing that was called sealed is lost",
        watchdog_fires,
    ),
)
