"""Rows N1 to N3: the broker is away, dies after its PUBACK, or has nobody to deliver to."""

from __future__ import annotations

import time
from pathlib import Path

from edge_agent.bench.torture.rig import TOPICS, Rig, a_rig, quantile, rss_kib, wait_for
from edge_agent.bench.torture.row import Effort, Outcome, Row
from edge_agent.evidence.uplink.events import UplinkEventKind

AWAY_US = 3 * 24 * 3600 * 1_000_000
MIB = 1024 * 1024
# Python's own growth while a few thousand statements pass through; a queue in memory would be ten times it.
FLAT_KIB = 24 * 1024
# Indexes and half-filled pages; the write-ahead log.
DISK_PER_BYTE, DISK_ALWAYS = 2, 16 * MIB
ALARM_BOUND_S = 3.0
ALARM_EVERY_S = 0.5


def days_away(effort: Effort, folder: Path) -> Outcome:
    """N1. Three days of statements sealed while the broker is away; alarms while they drain."""
    outcome = Outcome(tried=1)
    count, rate = effort.times(80, 10_000), effort.times(250_000, 1_000_000)
    with a_rig(folder) as rig:
        rig.proxy.refuse(True)
        # The live lane's burst is to be spent long before the backlog is gone.
        uplink = rig.start_uplink(live_burst_bytes=effort.times(64, 4096) * 1024)
        picture_bytes = effort.times(2000, 10_000)
        grown_kib = _outage(rig, count, picture_bytes)
        outcome.expect(grown_kib < FLAT_KIB, f"memory grew by {grown_kib} KiB")
        wait_for(lambda: uplink.counters.connect_failures > 1, "attempts in vain: the broker was not away")
        stats = rig.store.stats()
        disk = sum(path.stat().st_size for path in (folder / "box").rglob("*") if path.is_file())
        outcome.expect(disk <= DISK_PER_BYTE * stats.pending_bytes + DISK_ALWAYS, f"{disk} bytes on disk")
        outcome.expect(stats.pending >= count, "it was sent while the broker was away")
        rig.start_platform()
        rig.proxy.line.rate = rate
        rig.proxy.refuse(False)
        started_s = time.monotonic()
        latencies_s = _alarms_while_it_drains(rig, picture_bytes)
        drained_s = time.monotonic() - started_s
        needed = sum(_bytes_of(rig, claim.seq) for claim in rig.claims)
        needed_s = needed / rate
        outcome.expect(bool(latencies_s), "the backlog was gone before an alarm")
        worst_s = max(latencies_s, default=0.0)
        outcome.expect(worst_s <= ALARM_BOUND_S, f"an alarm took {worst_s:.2f} s")
        outcome.expect(drained_s <= 2 * needed_s, f"drained in {drained_s:.1f} s")
        outcome.measured = {
            "backlog": count,
            "disk MiB": round(disk / MIB, 1),
            "MiB": round(needed / MIB, 1),
            "Mbit/s": round(rate * 8 / 1e6, 1),
            "drain s": round(drained_s, 1),
            "at line rate s": round(needed_s, 1),
            "memory KiB": grown_kib,
            "alarms": len(latencies_s),
            "alarm p50 ms": round(1000 * quantile(latencies_s, 500)) if latencies_s else None,
            "alarm p99 ms": round(1000 * quantile(latencies_s, 990)) if latencies_s else None,
            "alarm max ms": round(1000 * worst_s),
        }
        return rig.conclude(outcome)


def _outage(rig: Rig, count: int, picture_bytes: int) -> int:
    """Seal for three days; KiB by which memory grew after the first tenth."""
    rig.clock.behind_us = AWAY_US
    warm = count // 10
    rig.seal(warm, picture_bytes)
    before_kib = rss_kib()
    for _ in range(count - warm):
        rig.seal(1, picture_bytes)
        rig.clock.behind_us -= AWAY_US // count
    rig.clock.behind_us = 0
    return rss_kib() - before_kib


def _alarms_while_it_drains(rig: Rig, picture_bytes: int) -> list[float]:
    """Seal a case now and then until the backlog is receipted; how long each took to its receipt."""
    assert rig.uplink is not None
    sealed_s: dict[int, float] = {}
    backlog = {claim.seq for claim in rig.claims}
    while not backlog <= rig.receipted_s.keys():
        (alarm,) = rig.seal(1, picture_bytes)
        sealed_s[alarm.seq] = time.monotonic()
        time.sleep(ALARM_EVERY_S)
    wait_for(lambda: sealed_s.keys() <= rig.receipted_s.keys(), "the receipts of the alarms")
    return [rig.receipted_s[seq] - at_s for seq, at_s in sealed_s.items()]


def _bytes_of(rig: Rig, seq: int) -> int:
    packet = rig.store.packet(seq)
    assert packet is not None
    return packet.bytes


def killed_after_puback(effort: Effort, folder: Path) -> Outcome:
    """N2. The broker acknowledges to the box, holds for a platform that is slow, and is killed."""
    outcome = Outcome()
    with a_rig(folder) as rig:
        uplink = rig.start_uplink(head_interval_s=2.0)
        for _ in range(effort.times(3, 50)):
            _acknowledge_and_die(rig)
            outcome.tried += 1
        outcome.expect(uplink.counters.receipted == 0, "a PUBACK was taken for a receipt")
        outcome.expect(uplink.counters.disconnects >= outcome.tried, "the broker was not killed")
        rig.start_platform()
        rig.conclude(outcome)
        outcome.measured = {"envelopes sent": uplink.counters.statements}
    return outcome


def _acknowledge_and_die(rig: Rig) -> None:
    """PUBACK for a subscriber that takes nothing: the broker alone has the statements, then nobody."""
    assert rig.broker is not None
    listener = rig.client("slow", f"{TOPICS.base}/#")
    before = rig.saw(UplinkEventKind.STATEMENT_ACKED)
    rig.seal(5, 5000)
    wait_for(lambda: rig.saw(UplinkEventKind.STATEMENT_ACKED) >= before + 5, "PUBACK")
    rig.broker.kill()
    listener.close()
    rig.broker.start()


def nobody_listens(effort: Effort, folder: Path) -> Outcome:
    """N3. PUBACK 0x10 until the platform comes."""
    outcome = Outcome(tried=1)
    with a_rig(folder) as rig:
        uplink = rig.start_uplink()
        rig.seal(effort.times(10, 500), 5000)
        wait_for(lambda: uplink.counters.held, "PUBACK 0x10")
        outcome.expect(rig.saw(UplinkEventKind.HELD) > 0, "nothing was held")
        outcome.expect(uplink.counters.receipted == 0, "something was receipted")
        rig.start_platform()
        started_s = time.monotonic()
        rig.conclude(outcome)
        outcome.measured = {
            "held": uplink.counters.held,
            "then drained s": round(time.monotonic() - started_s, 1),
        }
    return outcome


ROWS = (
    Row(
        "N1",
        "broker down for three days",
        "connections refused while statements are sealed, UTC compressed; then a throttled line, and fresh "
        "cases while the backlog drains",
        "memory flat, disk bounded; drained in at most twice what the bytes need; an alarm is receipted "
        f"within {ALARM_BOUND_S:.0f} s",
        days_away,
        ("mosquitto",),
    ),
    Row(
        "N2",
        "broker killed after its PUBACK",
        "kill -9 of Mosquitto without persistence while a subscriber holds back",
        "sent again; the platform has all, once",
        killed_after_puback,
        ("mosquitto",),
    ),
    Row(
        "N3",
        "PUBACK 0x10: nobody listens",
        "no subscriber at Mosquitto; then the platform comes",
        "held, not receipted; flows at once when it comes",
        nobody_listens,
        ("mosquitto",),
    ),
)
