"""Rows N7 and N9: faults of our own network code, and a city of boxes that reconnects at once."""

from __future__ import annotations

import heapq
import random
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from edge_agent.bench.torture.rig import a_rig, wait_for
from edge_agent.bench.torture.row import Effort, Outcome, Row
from edge_agent.evidence.uplink.backoff import Backoff
from edge_agent.evidence.uplink.mqtt import MqttLink, Waker
from edge_agent.evidence.uplink.port import LinkEvent, LinkOptions

KEEPALIVE_S = 2
ACKS_BEFORE = 5  # on each connection
BOXES = 1000
CEILING_S = 60.0  # as in the field
# A broker that comes back takes so many connections in a second; the others fail and wait again.
BROKER_TAKES = 200


def callback_raises(effort: Effort, folder: Path) -> Outcome:
    """N7a. paho's callback for a PUBACK raises."""
    outcome = Outcome()

    class Raising(MqttLink):
        acks = 0

        def _on_publish(self, *args: Any) -> None:
            self.acks += 1
            if outcome.tried < times and self.acks == ACKS_BEFORE:
                outcome.tried += 1
                raise RuntimeError("a bug in a callback")
            super()._on_publish(*args)

    times = effort.times(2, 20)
    with a_rig(folder) as rig:
        rig.start_platform()
        mqtt, waker = rig.mqtt(), Waker()
        uplink = rig.start_uplink(connect=lambda options: Raising(mqtt, options, waker))
        rig.seal(effort.times(5, 50), 5000)
        wait_for(lambda: outcome.tried == times or not rig.seal(1), "that many exceptions")
        rig.conclude(outcome)
        waker.close()
        faults = uplink.counters.faults
        outcome.expect(faults == times, f"counted {faults} of {times} exceptions")
        outcome.measured = {"disconnects": uplink.counters.disconnects}
    return outcome


def loop_is_dead(effort: Effort, folder: Path) -> Outcome:
    """N7b. Nothing moves the connection's bytes any more, as when paho's own thread has died."""
    outcome = Outcome()

    class Dying(MqttLink):
        dead = False

        def poll(self, timeout_s: float) -> list[LinkEvent]:
            if self.dead:
                threading.Event().wait(min(timeout_s, 0.05))
                return []
            return super().poll(timeout_s)

    links: list[Dying] = []
    with a_rig(folder) as rig:
        waker, mqtt = Waker(), rig.mqtt(keepalive_s=KEEPALIVE_S)

        def connect(options: LinkOptions) -> Dying:
            links.append(Dying(mqtt, options, waker))
            return links[-1]

        rig.start_platform()
        uplink = rig.start_uplink(mqtt, connect=connect)
        for _ in range(effort.times(1, 10)):
            rig.seal(2, 2000)
            wait_for(lambda: uplink.wait_idle(1.0), "receipts")
            links[-1].dead = True
            rig.seal(2, 2000)
            outcome.tried += 1
            wait_for(lambda: uplink.counters.watchdog == outcome.tried, "the watchdog")
        rig.conclude(outcome)
        waker.close()
        outcome.measured = {"watchdog": uplink.counters.watchdog}
    return outcome


def city_reconnects(effort: Effort, _folder: Path) -> Outcome:
    """N9. A thousand boxes with the real back-off, simulated time: a blip, and an outage of ten minutes."""
    outcome = Outcome()
    for name, away_s in (("blip", 0.0), ("10 min away", 600.0)):
        attempts, connected = _simulate(away_s, random.Random(effort.seed))  # noqa: S311 - jitter
        peak = max(count for second, count in attempts.items() if second >= away_s)
        last_s = max(connected.values())
        outcome.tried += len(connected)
        outcome.expect(len(connected) == BOXES, "some never came back")
        outcome.expect(last_s - away_s <= 3 * CEILING_S, f"{name}: the last came back after {last_s:.0f} s")
        if away_s:
            steady = BOXES / CEILING_S * 2  # each waits half the ceiling on average
            outcome.expect(peak <= 2 * steady, f"{name}: {peak} attempts in one second")
        outcome.measured |= {
            f"{name}: most attempts/s": peak,
            f"{name}: half back after s": round(sorted(connected.values())[BOXES // 2] - away_s, 1),
            f"{name}: all back after s": round(last_s - away_s, 1),
        }
    return outcome


def _simulate(away_s: float, rng: random.Random) -> tuple[Counter[int], dict[int, float]]:
    """Attempts by second, and when each box was connected. All lose the broker at time 0."""
    backoffs = {box: Backoff(CEILING_S, rng.random) for box in range(BOXES)}
    due = [(backoff.next_s(), box) for box, backoff in backoffs.items()]
    heapq.heapify(due)
    attempts: Counter[int] = Counter()
    taken: Counter[int] = Counter()
    connected: dict[int, float] = {}
    while due:
        at_s, box = heapq.heappop(due)
        attempts[int(at_s)] += 1
        if at_s >= away_s and taken[int(at_s)] < BROKER_TAKES:
            taken[int(at_s)] += 1
            connected[box] = at_s
        else:
            heapq.heappush(due, (at_s + backoffs[box].next_s(), box))
    return attempts, connected


ROWS = (
    Row(
        "N7a",
        "exception in a network callback",
        "the MQTT library's PUBACK callback raises",
        "that connection ends, the next one goes on",
        callback_raises,
        ("mosquitto",),
    ),
    Row(
        "N7b",
        "network loop dead",
        "nothing moves the connection's bytes any more while it says that it is connected",
        "the watchdog counts one and reconnects",
        loop_is_dead,
        ("mosquitto",),
    ),
    Row(
        "N9",
        "1000 boxes reconnect at once",
        f"simulated time with the real back-off; the broker takes {BROKER_TAKES} connections a second",
        "jitter spreads them; all come back",
        city_reconnects,
    ),
)
