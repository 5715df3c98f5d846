"""Rows N4 and N8: messages that the broker does not take, said so or not."""

from __future__ import annotations

from pathlib import Path

from edge_agent.bench.torture.rig import WAIT_S, Rig, a_rig, wait_for
from edge_agent.bench.torture.row import Effort, Outcome, Row
from edge_agent.evidence.uplink.events import UplinkEventKind
from edge_agent.evidence.uplink.uplink import Uplink

KIB = 1024
PICTURE_BYTES = 60_000
# A case's envelope is some 11 kB, a heartbeat's 3 kB.
ROOM_FOR_CHUNKS_ONLY = 6000
ROOM_FOR_ENVELOPES = 16 * KIB
# How a Mosquitto says that a message is too large: in its CONNACK, or only when it is there.
SAID, UNSAID = "max_packet_size {}\n", "message_size_limit {}\n"
MARKER = b"poison-of-row-N8"


def too_large(effort: Effort, folder: Path) -> Outcome:
    """N4a. Limits that hold from the first connection on."""
    outcome = Outcome()
    for protocol in ("5", "3.1.1"):
        for limit in (SAID, UNSAID):
            part = folder / f"{outcome.tried}"
            part.mkdir()
            with a_rig(part, limit.format(ROOM_FOR_ENVELOPES)) as rig:
                _start(rig, protocol)
                rig.seal(effort.times(2, 50), PICTURE_BYTES)
                _add(outcome, rig.conclude(Outcome()))
                assert rig.uplink is not None
                outcome.measured[f"MQTT {protocol} {limit.split()[0]}"] = (
                    f"{rig.uplink.counters.messages} messages"
                )
    return outcome


def lowered(effort: Effort, folder: Path) -> Outcome:
    """N4b. The broker comes back with a lower limit while evidence is on its way."""
    outcome = Outcome()
    for protocol in ("5", "3.1.1"):
        for limit in (SAID, UNSAID):
            part = folder / f"{outcome.tried}"
            part.mkdir()
            with a_rig(part) as rig:
                uplink = _start(rig, protocol)
                rig.seal(effort.times(1, 20), PICTURE_BYTES)
                outcome.expect(uplink.wait_idle(WAIT_S), "nothing arrived even without a limit")
                _lower(rig, limit, effort.times(2, 50))
                _add(outcome, rig.conclude(Outcome()))
                outcome.expect(uplink.counters.disconnects > 0, "the broker was not started again")
    return outcome


def _lower(rig: Rig, limit: str, count: int) -> None:
    """With bytes on their way."""
    assert rig.broker is not None
    rig.proxy.line.rate = 200_000
    before = rig.proxy.bytes_up
    rig.seal(count, PICTURE_BYTES)
    wait_for(lambda: rig.proxy.bytes_up > before + 20_000, "bytes on their way")
    rig.broker.stop()
    rig.broker.configure(limit.format(ROOM_FOR_ENVELOPES))
    rig.broker.start()
    rig.proxy.line.rate = 0


def no_room_for_a_statement(_: Effort, folder: Path) -> Outcome:
    """N4c. Statements that no message can hold, and heartbeats that one can."""
    outcome = Outcome(tried=1)
    with a_rig(folder, SAID.format(ROOM_FOR_CHUNKS_ONLY)) as rig:
        uplink = _start(rig, "5")
        sealed = rig.seal(3, 1000)
        wait_for(lambda: rig.store.stats().quarantined == len(sealed), "quarantine")
        rig.conclude(outcome, aside=[s.seq for s in sealed])
        went = rig.store.stats().receipted
        outcome.expect(went > len(sealed), f"of genesis, heartbeat and incidents only {went} went")
        outcome.measured = {"set aside": uplink.counters.quarantined}
    return outcome


def poison(effort: Effort, folder: Path) -> Outcome:
    """N8. The connection ends whenever one certain statement is sent."""
    outcome = Outcome()
    with a_rig(folder) as rig:
        rig.start_platform()
        rig.proxy.line.close_at = MARKER
        uplink = rig.start_uplink(poison_pause_s=1.0)
        wait_for(lambda: uplink.wait_idle(1.0), "the first receipts")
        poisoned = [
            rig.seal(1, pictures_of=[_marked(number, role) for role in range(3)])[0]
            for number in range(effort.times(1, 10))
        ]
        good = rig.seal(effort.times(10, 200), 2000)
        seconds = wait_for(lambda: {s.seq for s in good} <= rig.receipted_s.keys(), "the neighbours", 120)
        wait_for(lambda: rig.saw(UplinkEventKind.ASIDE) >= len(poisoned), "set aside", 120)
        rig.seal(1, 2000)  # what passes in between convicts the other
        wait_for(lambda: rig.store.stats().quarantined >= len(poisoned), "quarantine", 120)
        outcome.tried = uplink.counters.disconnects
        outcome.expect(outcome.tried >= 2 * 3 * len(poisoned), "fewer than two rounds of three strikes")
        outcome.measured = {"disconnects": uplink.counters.disconnects, "neighbours s": round(seconds, 1)}
        return rig.conclude(outcome, aside=[s.seq for s in poisoned])


def _start(rig: Rig, protocol: str) -> Uplink:
    rig.start_platform()
    return rig.start_uplink(rig.mqtt(protocol=protocol), poison_pause_s=0.5)


def _marked(number: int, role: int) -> bytes:
    return MARKER + f" {number} {role} ".encode() * 200


def _add(whole: Outcome, part: Outcome) -> None:
    whole.tried += 1
    whole.sealed += part.sealed
    whole.lost += part.lost
    whole.gaps += part.gaps
    whole.differing += part.differing
    whole.problems += part.problems


ROWS = (
    Row(
        "N4a",
        "packet too large",
        "Mosquitto with max_packet_size (said in CONNACK) and message_size_limit (not said) of 16 KiB, "
        "MQTT 5 and 3.1.1",
        "cut smaller; everything arrives",
        too_large,
        ("mosquitto",),
    ),
    Row(
        "N4b",
        "packet limit lowered at run time",
        "the same limits with a restart while evidence is on its way",
        "cut smaller; everything arrives",
        lowered,
        ("mosquitto",),
    ),
    Row(
        "N4c",
        "a statement that no packet can hold",
        "Mosquitto with max_packet_size 6000",
        "set aside, with an incident in the chain; the neighbours flow",
        no_room_for_a_statement,
        ("mosquitto",),
    ),
    Row(
        "N8",
        "connections end on one item",
        "a proxy closes whenever the bytes of one picture come by",
        "set aside after 3 connections, given up after 3 more; the queue goes on",
        poison,
        ("mosquitto",),
    ),
)
