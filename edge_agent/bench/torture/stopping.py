"""Row L1a: the real daemon is told to stop while lorries cross and evidence is on its way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_agent.bench.kill import compare_with
from edge_agent.bench.kill_daemon import Arena
from edge_agent.bench.torture.row import Effort, Outcome, Row
from edge_agent.box_store import open_store
from edge_agent.demo.site import Places
from edge_agent.evidence import dsse
from edge_agent.evidence.keys import KeyRing, read_public_keys
from edge_agent.evidence.uplink.uplink import Uplink

STOP_S = 10.0
TRAFFIC_S = 600.0
REST_S = 60.0


def sigterm_under_load(effort: Effort, folder: Path) -> Outcome:
    """SIGTERM while statements are being sealed and sent; exit code and time; then the rest is sent."""
    outcome, took_s = Outcome(), []
    with _arena(folder, effort.seed) as arena:
        arena.start()
        for life in range(effort.times(1, 10)):
            if life:
                arena.daemon.start()
            _wait_for_a_claim(arena)
            started_s = time.monotonic()
            ended_well = arena.daemon.finish()
            took_s.append(time.monotonic() - started_s)
            outcome.tried += 1
            outcome.expect(ended_well, "the daemon did not exit with 0")
        arena.traffic.stop()
        pending = _send_the_rest(arena)
        outcome.expect(pending == 0, f"without a receipt: {pending}")
    with open_store(arena.config, "comparing") as store:
        found = compare_with(arena.daemon.claims(), store, arena.platform.data_dir)
    outcome.expect(max(took_s) <= STOP_S, f"stopping took {max(took_s):.1f} s")
    outcome.sealed = found["claimed"]
    outcome.lost = found["lost"]
    outcome.gaps = found["gaps_at_the_platform"] + found["broken_links"]
    outcome.differing = found["claims_for_one_place_that_differ"] + found["alarms_at_the_platform"]
    outcome.measured = {"slowest stop s": round(max(took_s), 1), "SIGTERMs": outcome.tried}
    return outcome


def _wait_for_a_claim(arena: Arena) -> None:
    before = len(arena.daemon.claims())
    arena.wait_until(lambda: len(arena.daemon.claims()) > before, REST_S)


@contextmanager
def _arena(folder: Path, seed: int) -> Iterator[Arena]:
    arena = Arena(Places(folder), seed, TRAFFIC_S)
    try:
        yield arena
    finally:
        arena.end()


def _send_the_rest(arena: Arena) -> int:
    """What the daemon sealed while it ended; how many then still have no receipt."""
    config = arena.config
    assert config.uplink is not None
    assert config.uplink.receipt_keys_file is not None
    ring = KeyRing({dsse.RECEIPT_TYPE: read_public_keys(config.uplink.receipt_keys_file)})
    device = config.evidence_settings().device
    with open_store(config, "sending the rest") as store:
        uplink = Uplink(store, config.uplink, ring, tenant=device.tenant, device_id=device.device_id)
        uplink.start()
        uplink.wait_idle(REST_S)
        uplink.stop(drain_s=0)
        return store.stats().pending


ROWS = (
    Row(
        "L1a",
        "SIGTERM under load",
        "`edge-agent run` on a simulated site with two statements a second, stopped in mid-traffic",
        "drains and ends within 10 s with 0; everything sealed is there and later receipted",
        sigterm_under_load,
        ("mosquitto",),
    ),
)
