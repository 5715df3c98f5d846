"""kill -9 of the box, the broker and the platform at random moments, with evidence on the move.

The promise: whatever `seal` returned for reaches the platform, in one chain without a gap, and a
statement that is sent twice is the same bytes twice. The box's claims file says what was sealed; the
platform's database says what arrived; the two are compared at the end.
"""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import random
import signal
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from edge_agent.bench.broker import Mosquitto
from edge_agent.bench.kill_box import DEVICE, TENANT, BoxPlan, live, open_store
from edge_agent.errors import DeviceError
from edge_agent.evidence.examples import KEY
from edge_agent.evidence.keys import FileKey
from edge_agent.evidence.store import EvidenceStore
from edge_agent.evidence.uplink.settings import UplinkSettings
from edge_agent.ingest.service import Ingest
from edge_agent.ingest.settings import IngestSettings

# How often each is killed, of ten. The box holds what must not be lost.
WEIGHTS = {"box": 5, "broker": 3, "ingest": 2}
# Share of the box's restarts that are not waited for.
EARLY = 0.2
RESTART_S = 30.0
PRELOAD = ["edge_agent.bench.kill_box", "edge_agent.ingest.service"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement whose `seal` returned."""

    epoch: str
    seq: int
    payload_sha256: str


def run(
    kills: int = 200,
    seed: int = 1,
    *,
    per_second: float = 40.0,
    picture_bytes: int = 40_000,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Kill that often, let everything come to rest, compare.

    Args:
        kills: of all processes together.
        seed: of whom and when; the moments themselves are as random as the machine is.
        per_second: statements that the box tries to seal.
        picture_bytes: size of each of the three attachments of a statement.
        progress: told the number of kills so far.

    Returns:
        counts; `good` is True only if nothing is lost, doubled, broken or left over.
    """
    with tempfile.TemporaryDirectory(prefix="edge-agent-kill-") as name:
        arena = _Arena(Path(name), seed, per_second, picture_bytes)
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
        found = compare(Path(name))
        return {
            "kills": kills,
            "killed": dict(sorted(arena.killed.items())),
            "seed": seed,
            "seconds": round(time.monotonic() - started_s, 1),
            "came_to_rest": idle,
            **found,
            "good": idle and found["lost"] == 0 and found["bad"] == 0,
        }


def text(result: dict[str, Any]) -> str:
    """For a person."""
    killed = ", ".join(f"{name} {count}" for name, count in result["killed"].items())
    lines = [
        f"kill -9: {result['kills']} kills ({killed}) in {result['seconds']} s, seed {result['seed']}",
        f"  {result['claimed']:>8} statements claimed as sealed",
        f"  {result['arrived']:>8} at the platform, chain of {result['chain_length']}",
        f"  {result['lost']:>8} lost",
        f"  {result['bad']:>8} gaps, broken links, differing duplicates, alarms, leftovers",
    ]
    return "\n".join([*lines, "good" if result["good"] else "NOT GOOD"])


class _Arena:
    """The three processes, each of which can die at any moment and is started again."""

    def __init__(self, folder: Path, seed: int, per_second: float, picture_bytes: int) -> None:
        self._folder = folder
        self._rng = random.Random(seed)  # noqa: S311 - chooses victims
        # Every life is a process of its own, forked from one that has the imports done.
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOAD)
        self.killed: Counter[str] = Counter()
        self._life = 0
        self._box: BaseProcess | None = None
        self._platform: BaseProcess | None = None
        self._per_second = per_second
        self._picture_bytes = picture_bytes
        (folder / "devices").mkdir()
        (folder / "devices" / f"{DEVICE}.pem").write_bytes(KEY.public.pem)
        (folder / "receipts.pub.pem").write_bytes(FileKey.generate(folder / "receipts.pem").public.pem)
        self._broker = Mosquitto(folder)

    def start(self) -> None:
        """All three, and wait for the first claim."""
        self._broker.start()
        self._start_platform()
        self._start_box()
        self._wait_for_a_claim()

    def kill_somebody(self) -> None:
        """At a random moment; then start it again."""
        victim = self._rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        time.sleep(self._rng.uniform(0.0, 0.4))
        self.killed[victim] += 1
        if victim == "broker":
            self._broker.kill()
            time.sleep(self._rng.choice([0.0, 0.0, 0.1, 0.5]))
            self._broker.start()
        elif victim == "ingest":
            kill_process(self._platform)
            self._start_platform()
        else:
            kill_process(self._box)
            self._start_box()
            if self._rng.random() < EARLY:
                return  # the next one may hit it while it looks at what the last left behind
            self._wait_for_a_claim()

    def come_to_rest(self) -> bool:
        """No more sealing; True when the box then had a receipt for everything."""
        (self._folder / "stop").touch()
        assert self._box is not None
        self._box.join(timeout=150)
        return (self._folder / "idle").exists()

    def end(self) -> None:
        """Whatever still runs."""
        for process in (self._box, self._platform):
            if process is not None and process.is_alive():
                kill_process(process)
        self._broker.stop()

    def _start_box(self) -> None:
        self._life += 1
        plan = BoxPlan(
            folder=self._folder,
            uplink=uplink_settings(self._broker),
            life=self._life,
            per_second=self._per_second,
            picture_bytes=self._picture_bytes,
        )
        self._box = self._context.Process(target=live, args=(plan,), daemon=True)
        self._box.start()

    def _wait_for_a_claim(self) -> None:
        claims = self._folder / "claims"
        before = _size(claims)
        assert self._box is not None
        _until(lambda: _size(claims) > before, self._box, "the box sealed nothing")

    def _start_platform(self) -> None:
        settings = platform_settings(self._broker, self._folder)
        self._platform = self._context.Process(target=serve, args=(settings,), daemon=True)
        self._platform.start()


def serve(settings: IngestSettings) -> None:
    """One life of the platform."""
    ingest = Ingest(settings)
    ingest.start()
    ingest.join()


def uplink_settings(broker: Mosquitto) -> UplinkSettings:
    """As in the field, but less patient."""
    return UplinkSettings(
        mqtt=broker.settings(DEVICE), resend_min_s=1.0, resend_max_s=8.0, head_interval_s=3.0, will_delay_s=0
    )


def platform_settings(broker: Mosquitto, folder: Path) -> IngestSettings:
    """The platform's side."""
    return IngestSettings(
        mqtt=broker.settings("bench-ingest"),
        tenant=TENANT,
        data_dir=folder / "platform",
        devices_dir=folder / "devices",
        receipt_key_file=folder / "receipts.pem",
        need_grace_s=0.5,
    )


def compare(folder: Path) -> dict[str, Any]:
    """What the box of `kill_box` claimed, what it holds, and what the platform has."""
    with open_store(folder) as store:
        return compare_with(read_claims(folder / "claims"), store, folder / "platform")


def compare_with(claims: set[Claim], store: EvidenceStore, platform: Path) -> dict[str, Any]:
    """What a box claimed, what its store holds, and what the platform has."""
    with contextlib.closing(sqlite3.connect(platform / "ingest.db")) as db:
        rows = db.execute("SELECT epoch, seq, payload_sha256, prev, complete FROM statement").fetchall()
        refused = db.execute("SELECT COUNT(*) FROM refused").fetchone()[0]
        alarms = db.execute("SELECT COUNT(*) FROM alarm").fetchone()[0]
    arrived = {(epoch, seq): sha256 for epoch, seq, sha256, _, complete in rows if complete}
    head = store.head()
    held = store.stats()
    bad = {
        "epochs_beyond_the_first": len({epoch for epoch, *_ in rows}) - 1,
        "claims_for_one_place_that_differ": len(claims) - len({(c.epoch, c.seq) for c in claims}),
        "gaps_at_the_platform": _gaps([seq for _, seq, *_ in rows], head.seq),
        "broken_links": _broken_links(rows),
        "refused_at_the_platform": refused,
        "alarms_at_the_platform": alarms,
        "attachments_with_another_digest": _wrong_files(platform / "attachments"),
        "quarantined_or_rejected": held.quarantined + held.rejected,
        "without_a_receipt": held.pending,
    }
    lost = [c for c in claims if arrived.get((c.epoch, c.seq)) != c.payload_sha256]
    return {
        "claimed": len(claims),
        "chain_length": head.seq + 1,
        "arrived": len(arrived),
        "lost": len(lost),
        "bad": sum(bad.values()),
        **bad,
    }


def read_claims(path: Path) -> set[Claim]:
    """Whole lines only: a line that was being written when the process died is no claim."""
    lines = path.read_text(encoding="ascii").split("\n")[:-1]
    return {Claim(epoch, int(seq), sha256) for epoch, seq, sha256 in map(str.split, lines)}


def _gaps(seqs: list[int], head: int) -> int:
    return len(set(range(head + 1)) - set(seqs))


def _broken_links(rows: list[tuple[str, int, str, str | None, int]]) -> int:
    digests = {(epoch, seq): sha256 for epoch, seq, sha256, _, _ in rows}
    return sum(digests.get((epoch, seq - 1)) != prev for epoch, seq, _, prev, _ in rows)


def _wrong_files(directory: Path) -> int:
    files = [path for path in directory.rglob("*") if path.is_file()]
    return sum(hashlib.sha256(path.read_bytes()).hexdigest() != path.name for path in files)


def kill_process(process: BaseProcess | None) -> None:
    """SIGKILL, and wait until it is gone."""
    assert process is not None
    assert process.pid is not None
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
    process.join(timeout=10)


def _until(true: Callable[[], bool], process: BaseProcess, otherwise: str) -> None:
    until_s = time.monotonic() + RESTART_S
    while not true():
        if not process.is_alive() or time.monotonic() > until_s:
            raise DeviceError(f"bench kill: {otherwise}")
        time.sleep(0.005)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
