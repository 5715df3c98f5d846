"""kill -9 of the real daemon and of the broker at random moments, with traffic on the road.

`bench kill` seals forty times a second in a process that does nothing else; here it is `edge-agent run`
on a real terminal, with plates pushed over real HTTP. The daemon's log says what was sealed, the
platform says what arrived. Traffic does not wait: whoever crosses while the daemon is dead is lost to it,
and that is no fault. What must not be is a statement that was called sealed and does not arrive.
"""

from __future__ import annotations

import os
import pty
import random
import re
import subprocess
import sys
import tempfile
import time
import tty
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge_agent.bench import kill, kill_site
from edge_agent.bench.broker import ADDRESS, Mosquitto, free_port
from edge_agent.bench.kill import Claim
from edge_agent.box_store import open_store
from edge_agent.config.recorded import to_text
from edge_agent.config.settings import SiteConfig
from edge_agent.demo.site import INGEST_ID, Places, ingest_settings, introduce
from edge_agent.devices import clock
from edge_agent.errors import DeviceError
from edge_agent.evidence.keys import read_public_keys
from edge_agent.evidence.verify import verify
from edge_agent.evidence.verify_sources import open_material
from edge_agent.ingest.export import export_bundle
from edge_agent.ingest.service import Ingest
from edge_agent.ingest.store import PlatformStore
from edge_agent.sim.live import LiveTraffic
from edge_agent.sim.push import HttpPush
from edge_agent.sim.render.pictures import plate_picture

# What cli/run.py logs. A line that the process died in has no end and is no claim.
SEALED = re.compile(r"sealed seq (\d+) epoch (\S+) packet_id \S+ sha256 ([0-9a-f]{64})\n")
UP = b"edge-agent: "  # what it says when it listens to signals
# How often each is killed, of ten.
WEIGHTS = {"daemon": 7, "broker": 3}
# Share of the kills that come at any moment. The others come while a statement is made durable, sent or
# receipted: those few milliseconds are where something could be lost, and any moment seldom hits them.
ANY_MOMENT = 0.4
ANY_MOMENT_S = 3.5
SEALING_S = 0.08
FIRST_SEAL_S = 60.0
REST_S = 120.0
# Longer than a case waits for its match, a statement for its second sending, and a heartbeat for the next.
QUIET_S = 10.0
SCENARIO_S_PER_KILL = 15.0


def run(kills: int = 200, seed: int = 1, progress: Callable[[int], None] | None = None) -> dict[str, Any]:
    """Kill that often, let everything come to rest, compare.

    Args:
        kills: of both together.
        seed: of the traffic, and of whom and when; the moments themselves are as random as the machine is.
        progress: told the number of kills so far.

    Returns:
        counts; `good` is True only if nothing is lost, doubled, broken or left over.
    """
    with tempfile.TemporaryDirectory(prefix="edge-agent-kill-") as name:
        arena = Arena(Places(Path(name)), seed, FIRST_SEAL_S * 2 + kills * SCENARIO_S_PER_KILL)
        started_s = time.monotonic()
        try:
            arena.start()
            for done in range(kills):
                arena.kill_somebody()
                if progress is not None:
                    progress(done + 1)
            idle = arena.come_to_rest()
        finally:
            arena.end()
        found = arena.compare()
    return {
        "kills": kills,
        "killed": dict(sorted(arena.killed.items())),
        "seed": seed,
        "seconds": round(time.monotonic() - started_s, 1),
        "came_to_rest": idle,
        **found,
        "good": idle and found["claimed"] > 0 and found["lost"] == 0 and found["bad"] == 0,
    }


def text(result: dict[str, Any]) -> str:
    """For a person."""
    again = (
        f"  {result['sent_again']:>8} sent again and found identical, {result['verified']} verified offline"
    )
    head, *rest = kill.text(result).splitlines()
    return "\n".join([f"the real daemon, simulated traffic; {head}", *rest[:-1], again, rest[-1]])


class Daemon:
    """`edge-agent run` as a child; its log goes to one file through all its lives."""

    def __init__(self, config: Path, log: Path) -> None:
        self._command = [sys.executable, "-m", "edge_agent", "run", "--config", str(config)]
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._said_before = 0  # bytes of the log that are of earlier lives

    def start(self) -> None:
        """Begin a life."""
        with self.log.open("ab") as log:
            self._said_before = log.tell()
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)  # noqa: S603 - ours

    @property
    def pid(self) -> int:
        """Of the life that runs, or ran last."""
        assert self._process is not None
        return self._process.pid

    @property
    def up(self) -> bool:
        """Whether this life has come so far that SIGTERM ends it well."""
        with self.log.open("rb") as log:
            log.seek(self._said_before)
            return UP in log.read()

    def kill(self) -> None:
        """End it with SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def finish(self) -> bool:
        """End it with SIGTERM; whether it then said that all went well."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(REST_S) == 0

    def check(self) -> None:
        """Raise when it ended by itself: nobody but us may end it."""
        assert self._process is not None
        if self._process.poll() is not None:
            said = self.log.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise DeviceError(f"bench kill: the daemon ended with {self._process.returncode}:\n{said}")

    def claims(self) -> set[Claim]:
        """What it ever called sealed."""
        said = self.log.read_text(encoding="utf-8", errors="replace")
        return {Claim(epoch, int(seq), sha256) for seq, epoch, sha256 in SEALED.findall(said)}


class Arena:
    """The road, the daemon, the broker and the platform; two of them can die at any moment."""

    def __init__(self, places: Places, seed: int, seconds: float) -> None:
        self.killed: Counter[str] = Counter()
        self._places = places
        self._rng = random.Random(seed)  # noqa: S311 - chooses victims
        self._terminal = pty.openpty()
        tty.setraw(self._terminal[1])
        self._broker = Mosquitto(places.root)
        self.config = self._configure(os.ttyname(self._terminal[1]), http_port := free_port())
        self.daemon = Daemon(places.root / "site.yaml", places.root / "daemon.log")
        self.platform = ingest_settings(self.config, places, self._broker.settings(INGEST_ID))
        self._ingest = Ingest(self.platform)
        self.traffic = LiveTraffic(
            kill_site.scenario(seconds),
            seed,
            self._terminal[0],
            HttpPush(ADDRESS, http_port),
            plate_picture,
            clock.monotonic,
            clock.utc_minus_mono(),
        )

    def start(self) -> None:
        """All of them, and wait until something is sealed."""
        self._broker.start()
        self._ingest.start()
        self.traffic.start()
        self.daemon.start()
        if not self.wait_until(lambda: bool(self.daemon.claims()), FIRST_SEAL_S):
            self.daemon.check()
            raise DeviceError(f"bench kill: nothing was sealed within {FIRST_SEAL_S:.0f} s")

    def kill_somebody(self) -> None:
        """At a random moment; then start it again."""
        if self._rng.random() < ANY_MOMENT:
            time.sleep(self._rng.uniform(0.0, ANY_MOMENT_S))
        else:
            before = self._touched()
            self.wait_until(lambda: self._touched() != before, FIRST_SEAL_S)
            time.sleep(self._rng.uniform(0.0, SEALING_S))
        self.daemon.check()
        victim = self._rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        self.killed[victim] += 1
        if victim == "daemon":
            self.daemon.kill()
            self.daemon.start()
        else:
            self._broker.kill()
            time.sleep(self._rng.choice([0.0, 0.0, 0.1, 1.0]))
            self._broker.start()

    def come_to_rest(self) -> bool:
        """No more traffic; True when the daemon then had a receipt for everything, and ended well."""
        self.traffic.stop()
        for _ in range(5):  # what it seals while it ends, it sends in its next life
            up = self.wait_until(lambda: self.daemon.up, REST_S)
            if not up or not self.wait_until(self._is_quiet, REST_S) or not self.daemon.finish():
                return False
            with open_store(self.config, "looking") as store:
                if store.stats().pending == 0:
                    return True
            self.daemon.start()
        return False

    def end(self) -> None:
        """Whatever still runs."""
        self.traffic.stop()
        self.daemon.kill()
        self._ingest.stop()
        self._broker.stop()
        self.traffic.join(10)
        for descriptor in self._terminal:
            os.close(descriptor)

    def compare(self) -> dict[str, Any]:
        """What was claimed, what the box holds, what the platform has, and what it is worth offline."""
        with open_store(self.config, "comparing") as store:
            found = kill.compare_with(self.daemon.claims(), store, self.platform.data_dir)
        report = verify(
            open_material(self._export()),
            read_public_keys(self._places.devices / f"{self.config.site.device_id}.pem"),
            read_public_keys(self._places.receipt_public),
        )
        return found | {
            "bad": found["bad"] + len(report.problems),
            "problems_found_offline": len(report.problems),
            "verified": report.statements,
            "sent_again": self._ingest.stats.duplicates,
        }

    def _configure(self, device: str, http_port: int) -> SiteConfig:
        config = kill_site.site(self._places, device, http_port, self._broker.settings())
        introduce(config, self._places)
        (self._places.root / "site.yaml").write_text(to_text(config), encoding="utf-8")
        return config

    def _export(self) -> Path:
        bundle = self._places.root / "bundle"
        store = PlatformStore.of(self.platform, serving=False)
        try:
            chosen = store.of_device(self.config.site.device_id, 1_000_000)
            return export_bundle(self.platform, store, chosen, bundle)
        finally:
            store.close()

    def _touched(self) -> int:
        """Changes whenever a file of a statement is made or removed."""
        folder = self.config.evidence_settings().store.directory / "attachments"
        try:
            return folder.stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def _is_quiet(self) -> bool:
        """Whether for a while nothing was sealed and nothing arrived."""
        before = self._counts()
        time.sleep(QUIET_S)
        return before == self._counts()

    def _counts(self) -> tuple[int, int]:
        return len(self.daemon.claims()), self._ingest.stats.messages

    def wait_until(self, true: Callable[[], bool], timeout_s: float) -> bool:
        """Whether it became true in time; raises when the daemon ended by itself."""
        until_s = time.monotonic() + timeout_s
        while not true():
            self.daemon.check()
            if time.monotonic() > until_s:
                return False
            time.sleep(0.002)
        return True
