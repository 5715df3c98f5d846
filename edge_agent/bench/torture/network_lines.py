"""Rows N5 and N6: a line that goes silent, is slow, or is reset again and again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

from edge_agent.bench.torture.proxy import Proxy
from edge_agent.bench.torture.rig import Rig, a_rig, quantile, wait_for
from edge_agent.bench.torture.row import Effort, Outcome, Row
from edge_agent.evidence.store import Sealed

KEEPALIVE_S = 2
SCHEDULING_S = 0.5  # on a machine with other things to do
SLOW_RATE = 8_000  # bytes/s: 64 kbit/s
# On a slow line an alarm waits for the bytes in flight (a second of line, or one smallest window of 16 KiB),
# for its own bytes, and for the answer.
IN_FLIGHT_S = 3.0
RESET_SHARE = 0.3
WASTE = 1.5  # bytes sent for each byte needed, with resets


def silent_cut(effort: Effort, folder: Path) -> Outcome:
    """N5a. Nothing is forwarded any more while evidence is on its way."""
    return _gone(effort, folder, Proxy.silence, sealing=True)


def half_open(effort: Effort, folder: Path) -> Outcome:
    """N5b. The broker's end is gone, ours never hears of it; nothing is on its way."""
    return _gone(effort, folder, Proxy.lose_broker, sealing=False)


def _gone(effort: Effort, folder: Path, fault: Callable[[Proxy], None], *, sealing: bool) -> Outcome:
    outcome, took_s = Outcome(), []
    with a_rig(folder) as rig:
        rig.start_platform()
        uplink = rig.start_uplink(rig.mqtt(keepalive_s=KEEPALIVE_S))
        for _ in range(effort.times(1, 10)):
            rig.seal(3, 5000)
            wait_for(lambda: uplink.wait_idle(1.0), "receipts")
            fault(rig.proxy)
            cut_s = time.monotonic()
            if sealing:
                rig.seal(3, 5000)
            outcome.tried += 1
            wait_for(lambda: uplink.counters.watchdog == outcome.tried, "the watchdog")
            took_s.append(time.monotonic() - cut_s)
            wait_for(lambda: uplink.counters.connects > outcome.tried, "a new connection")
        worst_s = max(took_s)
        outcome.expect(worst_s <= 1.5 * KEEPALIVE_S + SCHEDULING_S, f"noticed after {worst_s:.2f} s")
        outcome.measured = {"keepalive s": KEEPALIVE_S, "noticed after s": round(worst_s, 2)}
        return rig.conclude(outcome)


def slow_line(effort: Effort, folder: Path) -> Outcome:
    """N6a. 64 kbit/s, the settings as they come, a backlog of large cases, and alarms."""
    outcome, over_s, latencies_s = Outcome(), [], []
    with a_rig(folder) as rig:
        rig.clock.behind_us = 24 * 3600 * 1_000_000
        rig.seal(10, 200_000)
        rig.clock.behind_us = 0
        rig.start_platform()
        rig.proxy.line.rate = SLOW_RATE
        uplink = rig.start_uplink(rig.mqtt(keepalive_s=30))
        wait_for(lambda: uplink.connected, "a connection")
        for _ in range(effort.times(1, 20)):
            time.sleep(1.0)  # the line is full of backlog again
            alarm, took_s = _alarm(rig, effort.times(1000, 20_000))
            outcome.tried += 1
            latencies_s.append(took_s)
            over_s.append(took_s - _bytes_of(rig, alarm) / SLOW_RATE)
        outcome.expect(uplink.counters.watchdog == 0, "a slow line was called dead")
        outcome.expect(
            max(over_s) <= IN_FLIGHT_S, f"an alarm waited {max(over_s):.1f} s beside its own bytes"
        )
        outcome.measured = {
            "kbit/s": SLOW_RATE * 8 // 1000,
            "alarm bytes": _bytes_of(rig, alarm),
            "alarm p50 s": round(quantile(latencies_s, 500), 1),
            "alarm max s": round(max(latencies_s), 1),
            "beside its own bytes s": round(max(over_s), 1),
        }
        rig.proxy.line.rate = 0
        return rig.conclude(outcome)


def resets(effort: Effort, folder: Path) -> Outcome:
    """N6b. Three connections of ten are reset, at a random byte."""
    outcome = Outcome()
    rng = random.Random(effort.seed)  # noqa: S311 - chooses victims
    with a_rig(folder) as rig:
        rig.start_platform()
        rig.proxy.line.rate = effort.times(400_000, 125_000)
        rig.proxy.line.reset_after = lambda: rng.randrange(200_000) if rng.random() < RESET_SHARE else 60_000
        rig.seal(effort.times(2, 40), 100_000)
        needed = rig.store.stats().pending_bytes
        uplink = rig.start_uplink()
        wait_for(lambda: uplink.wait_idle(1.0), "receipts", 300)
        sent = rig.proxy.bytes_up
        outcome.tried = rig.proxy.resets
        outcome.expect(sent <= WASTE * needed, f"{sent} bytes sent, {needed} needed")
        outcome.expect(uplink.counters.disconnects >= 1, "no connection was reset")
        outcome.measured = {
            "resets": rig.proxy.resets,
            "bytes needed": needed,
            "bytes sent": sent,
            "sent/needed": round(sent / needed, 2),
        }
        rig.proxy.line.reset_after = lambda: None
        return rig.conclude(outcome)


def _alarm(rig: Rig, picture_bytes: int) -> tuple[Sealed, float]:
    """A fresh case, and the seconds to its receipt."""
    (alarm,) = rig.seal(1, picture_bytes)
    sealed_s = time.monotonic()
    wait_for(lambda: alarm.seq in rig.receipted_s, "the alarm's receipt", 120)
    return alarm, rig.receipted_s[alarm.seq] - sealed_s


def _bytes_of(rig: Rig, sealed: Sealed) -> int:
    packet = rig.store.packet(sealed.seq)
    assert packet is not None
    return packet.bytes


ROWS = (
    Row(
        "N5a",
        "silent cut",
        "a proxy stops forwarding in both directions, without FIN or RST, with evidence on its way",
        "noticed within 1.5 keepalives; sent again",
        silent_cut,
        ("mosquitto",),
    ),
    Row(
        "N5b",
        "half-open TCP",
        "the broker's side of an idle connection is closed, the box is not told",
        "noticed within 1.5 keepalives; sent again",
        half_open,
        ("mosquitto",),
    ),
    Row(
        "N6a",
        "64 kbit/s",
        "a throttling proxy, default settings, a backlog of cases of 600 kB, fresh cases now and then",
        f"an alarm waits at most {IN_FLIGHT_S:.0f} s beside its own bytes; the slow line is not called dead",
        slow_line,
        ("mosquitto",),
    ),
    Row(
        "N6b",
        "connections reset at random bytes",
        "every connection ends with RST: 30 % at a random byte, the others after 60 kB",
        f"nothing begins again from zero: at most {WASTE} bytes sent for each needed",
        resets,
        ("mosquitto",),
    ),
)
