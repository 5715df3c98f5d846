"""Rows C1 and C2: commands that must not be obeyed, and one that must not be obeyed twice.

C1 publishes on the box's command topic whatever the row says, through a real Mosquitto, between commands
that must be obeyed; C2 kills the box with SIGKILL at each step of a command.
"""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from edge_agent.bench.bare_mqtt import BareClient
from edge_agent.bench.broker import Mosquitto
from edge_agent.bench.kill import compare_with, platform_settings, uplink_settings
from edge_agent.bench.kill_box import DEVICE, TENANT, open_store
from edge_agent.bench.torture.commands_box import ACCEPTED, ANSWERED, CARRIED_OUT, BoxPlan, CommandBox, live
from edge_agent.bench.torture.row import Effort, Outcome, Row
from edge_agent.bench.torture.waiting import came_true
from edge_agent.evidence import dsse
from edge_agent.evidence.commands import (
    ClockReport,
    Command,
    Issuer,
    Issuers,
    Refusal,
    Role,
    SetTier,
    Snapshot,
    sign,
)
from edge_agent.evidence.examples import KEY
from edge_agent.evidence.keys import FileKey
from edge_agent.evidence.statement import Kind, parse
from edge_agent.evidence.statement_records import CommandResult, Incident, Record
from edge_agent.evidence.store import EvidenceStore
from edge_agent.evidence.uplink.topics import Topics
from edge_agent.ingest.commands import Commands
from edge_agent.ingest.service import Ingest
from edge_agent.ingest.settings import IngestSettings, IssuingSettings
from edge_agent.ingest.store import PlatformStore

WAIT_S = 20.0
HOUR_US = 3_600_000_000
ISSUER, REVOKED, GONE = "platform", "old-platform", "former-platform"
TOPIC = Topics("ea/v1", TENANT, DEVICE).commands


class _Scene:
    """Broker, platform and keys in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "devices").mkdir()
        (folder / "devices" / f"{DEVICE}.pem").write_bytes(KEY.public.pem)
        (folder / "receipts.pub.pem").write_bytes(FileKey.generate(folder / "receipts.pem").public.pem)
        self.keys = {name: FileKey.generate(folder / f"{name}.pem") for name in (ISSUER, REVOKED, GONE)}
        self.issuers = Issuers(
            [
                Issuer(ISSUER, (self.keys[ISSUER].public,), frozenset(Role)),
                Issuer(REVOKED, (self.keys[REVOKED].public,), frozenset()),
            ]
        )
        self.broker = Mosquitto(folder).start()
        issuing = IssuingSettings(issuer=ISSUER, key_file=folder / f"{ISSUER}.pem")
        self.settings: IngestSettings = platform_settings(self.broker, folder).model_copy(
            update={"commands": issuing}
        )
        self.ingest = Ingest(self.settings)
        self.ingest.start()
        self.ingest.wait_subscribed(WAIT_S)
        self._serving = True
        self.platform = PlatformStore.of(self.settings, serving=False)
        self.commands = Commands(self.settings, self.platform)

    def plan(self, die: str = "") -> BoxPlan:
        """Of one life of the box."""
        return BoxPlan(self.folder, uplink_settings(self.broker), self.issuers, die)

    def state(self, cmd_id: str) -> str:
        """The outcome of a command of the platform's; empty while there is none."""
        return next((one.outcome for one in self.commands.listed() if one.cmd_id == cmd_id), "")

    def done(self) -> Counter[str]:
        """What the box really did, each with how often."""
        path = self.folder / "done"
        return Counter(path.read_text("ascii").splitlines() if path.exists() else ())

    def close(self) -> None:
        """All of it."""
        self._stop_platform()
        self.broker.stop()

    def _stop_platform(self) -> None:
        if self._serving:
            self._serving = False
            self.platform.close()
            self.ingest.stop()

    def compare(self, outcome: Outcome) -> tuple[Record, ...]:
        """Chain and platform against each other, after the end of the box; what the box says of itself."""
        self._stop_platform()
        with open_store(self.folder) as store:
            found = compare_with(set(), store, self.folder / "platform")
            outcome.sealed = found["chain_length"]
            outcome.lost = found["chain_length"] - found["arrived"]
            outcome.gaps = found["gaps_at_the_platform"] + found["broken_links"]
            outcome.expect(found["bad"] == 0, f"chain and platform: {found}")
            return tuple(_records(store))


def _records(store: EvidenceStore) -> Iterator[Record]:
    for seq in store.seqs():
        packet = store.packet(seq)
        assert packet is not None
        if packet.kind in {Kind.COMMAND_RESULT, Kind.INCIDENT}:
            record = parse(dsse.decode(packet.envelope)[1]).record
            assert record is not None
            yield record


@contextmanager
def _scene(folder: Path) -> Iterator[_Scene]:
    scene = _Scene(folder)
    try:
        yield scene
    finally:
        scene.close()


def _until(true: Callable[[], object], what: str, outcome: Outcome) -> None:
    outcome.expect(came_true(true, WAIT_S), f"{what}: not within {WAIT_S:.0f} s")


def _command(number: int, **other: Any) -> Command:
    now = time.time_ns() // 1000
    return Command.model_validate(
        {
            "schema": "command.v1",
            "tenant": TENANT,
            "device_id": DEVICE,
            "cmd_id": f"row-{number}",
            "issuer": ISSUER,
            "role": Role.OPERATE,
            "issued_utc_us": now,
            "not_before_utc_us": now - 60_000_000,
            "expires_utc_us": now + HOUR_US,
            # Far above the platform's own, so that nothing is refused for its counter that is not meant to.
            "counter": 2**52 + number,
            "action": Snapshot(camera=f"row-{number}"),
            "expected_config_sha256": None,
            **other,
        }
    )


Make = Callable[[_Scene, int], bytes]


def _expired(scene: _Scene, number: int) -> bytes:
    past = time.time_ns() // 1000 - HOUR_US
    times = {"issued_utc_us": past, "not_before_utc_us": past, "expires_utc_us": past + 1}
    return sign(_command(number, **times), [scene.keys[ISSUER]])


def _wrong_audience(scene: _Scene, number: int) -> bytes:
    other: dict[str, Any] = {"device_id": "another-box"} if number % 2 else {"tenant": "another-city"}
    return sign(_command(number, **other), [scene.keys[ISSUER]])


def _wrong_role(scene: _Scene, number: int) -> bytes:
    role = (Role.GRADE, Role.INSPECT, Role.MAINTAIN)[number % 3]
    return sign(_command(number, role=role), [scene.keys[ISSUER]])


def _revoked(scene: _Scene, number: int) -> bytes:
    return sign(_command(number, issuer=REVOKED), [scene.keys[REVOKED]])


def _obey(scene: _Scene, outcome: Outcome) -> None:
    """A command that must be obeyed: the refused ones before it have been looked at when it is answered."""
    wanted = scene.commands.make(DEVICE, ClockReport())
    _until(lambda: scene.state(wanted) == "done", "a good command is answered", outcome)


def _refused(make: Make, reason: Refusal, effort: Effort, folder: Path) -> Outcome:
    """Each message three times: one refusal in the chain, nothing done."""
    outcome = Outcome()
    count = effort.times(6, 18)
    with _scene(folder) as scene:
        box = CommandBox(scene.plan())
        _obey(scene, outcome)
        stranger = BareClient(scene.broker.port, "stranger")
        messages = [make(scene, number) for number in range(count)]
        for _ in range(3):
            stranger.publish_all([(TOPIC, message) for message in messages])
        outcome.tried = 3 * count
        _until(lambda: box.desk.counters.refused == outcome.tried, "everything is refused", outcome)
        if reason is Refusal.KEY_REVOKED:
            outcome.tried += _nobodys(scene, stranger, box, outcome, effort.times(50, 2000))
        stranger.close()
        _obey(scene, outcome)
        outcome.expect(box.end(WAIT_S), "everything is receipted")
        _expect_refusals(scene, outcome, {f"row-{n}": reason for n in range(count)})
    return outcome


def _nobodys(scene: _Scene, stranger: BareClient, box: CommandBox, outcome: Outcome, count: int) -> int:
    """A key that the box does not know any more: nobody's word, one incident an hour."""
    keys = [scene.keys[GONE]]
    stranger.publish_all([(TOPIC, sign(_command(n, issuer=GONE), keys)) for n in range(count)])
    # Those beyond the few that may wait are dropped, and counted too.
    _until(lambda: box.desk.counters.unsigned + box.orders.dropped == count, "everything is counted", outcome)
    return count


def _replayed(effort: Effort, folder: Path) -> Outcome:
    """Obeyed once; again while it is valid: nothing; after its time, or altered: one refusal."""
    outcome = Outcome()
    count = effort.times(5, 8)
    with _scene(folder) as scene:
        box = CommandBox(scene.plan())
        key = [scene.keys[ISSUER]]
        first = [sign(_command(number), key) for number in range(count)]
        stranger = BareClient(scene.broker.port, "stranger")
        _obey(scene, outcome)
        for _ in range(4):  # the first is no replay
            stranger.publish_all([(TOPIC, message) for message in first])
        _until(lambda: box.desk.counters.repeated == 3 * count, "replays are recognised", outcome)
        outcome.expect(box.desk.counters.refused == 0, "a repeated delivery is no refusal")
        # The same counters for something else, as a captured key's owner would.
        altered = [
            sign(_command(n, action=Snapshot(camera="other"), cmd_id=f"alt-{n}"), key) for n in range(count)
        ]
        box.later_us = 2 * HOUR_US
        for _ in range(3):
            stranger.publish_all([(TOPIC, message) for message in first + altered])
        outcome.tried = 3 * count + 6 * count
        _until(lambda: box.desk.counters.refused == 6 * count, "replays are refused", outcome)
        stranger.close()
        outcome.expect(box.end(WAIT_S), "everything is receipted")
        did = scene.done()
        outcome.expect(
            did == {f"picture row-{n}": 1 for n in range(count)}, f"each is carried out once: {dict(did)}"
        )
        names = [f"row-{n}" for n in range(count)] + [f"alt-{n}" for n in range(count)]
        _expect_refusals(scene, outcome, dict.fromkeys(names, Refusal.REPLAYED), carried_out=True)
    return outcome


def _expect_refusals(
    scene: _Scene, outcome: Outcome, expected: dict[str, Refusal], *, carried_out: bool = False
) -> None:
    """One chained record for each, the right one; nothing done."""
    did = scene.done()
    outcome.expect(carried_out or not did, f"nothing is carried out: {dict(did)}")
    records = scene.compare(outcome)
    refused = [r for r in records if isinstance(r, CommandResult) and r.outcome == "refused"]
    found = Counter((r.command_id, r.reason) for r in refused)
    wanted = Counter({(cmd_id, reason.value): 1 for cmd_id, reason in expected.items()})
    outcome.expect(found == wanted, f"one refusal each: {dict(found)}, not {dict(wanted)}")
    incidents = [r for r in records if isinstance(r, Incident) and r.what == "commands_ignored"]
    outcome.expect(len(incidents) <= 1, f"{len(incidents)} incidents within an hour")
    outcome.measured = {"refusals in the chain": len(refused), "incidents": len(incidents)}


def _killed(effort: Effort, folder: Path) -> Outcome:
    """The box dies at a step of each command; what was begun is answered, and never done twice."""
    outcome = Outcome()
    rng = random.Random(effort.seed)  # noqa: S311 - chooses where to die
    steps = [ACCEPTED, CARRIED_OUT, ANSWERED]
    plan = steps if not effort.full else rng.choices(steps, k=60)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["edge_agent.bench.torture.commands_box"])
    with _scene(folder) as scene:
        sent: list[tuple[str, str, bool]] = []
        for number, step in enumerate(plan):
            tier = number % 4 == 3
            action = SetTier(shop=f"s{number}", tier="red") if tier else Snapshot(camera=f"c{number}")
            box = context.Process(target=live, args=(scene.plan(step),), daemon=True)
            box.start()
            if sent:  # its start answers for the life before, and dies at the next command
                _until(lambda: scene.state(sent[-1][0]), "the last command is answered", outcome)
            cmd_id = scene.commands.make(DEVICE, action)
            sent.append((cmd_id, step, tier))
            box.join(timeout=WAIT_S)
            outcome.expect(box.exitcode == -9, f"it was to be killed when {step}: {box.exitcode}")
        last = context.Process(target=live, args=(scene.plan(),), daemon=True)
        last.start()
        _until(lambda: all(scene.state(cmd_id) for cmd_id, _, _ in sent), "all are answered", outcome)
        (folder / "stop").touch()
        last.join(timeout=2 * WAIT_S)
        outcome.expect((folder / "idle").exists(), "everything is receipted")
        outcome.tried = len(plan)
        did = scene.done()
        states = {cmd_id: scene.state(cmd_id) for cmd_id, _, _ in sent}
        for number, (cmd_id, step, tier) in enumerate(sent):
            if tier:  # the core may be told twice: it knows orders by their id
                outcome.expect(states[cmd_id] == "done", f"tier, {step}: {states[cmd_id]}")
                continue
            shots = did[f"picture c{number}"]
            outcome.expect(shots == (step != ACCEPTED), f"{step}: {shots} pictures")
            wanted = "done" if step == ANSWERED else "failed"
            outcome.expect(states[cmd_id] == wanted, f"{step}: {states[cmd_id]}, not {wanted}")
        records = scene.compare(outcome)
        results = Counter(r.command_id for r in records if isinstance(r, CommandResult))
        outcome.expect(set(results.values()) == {1}, f"one result each: {dict(results)}")
        outcome.measured = {"carried out twice": sum(n > 1 for line, n in did.items() if "picture" in line)}
    return outcome


def _row(letter: str, fault: str, how: str, run: Callable[[Effort, Path], Outcome]) -> Row:
    return Row(
        f"C1{letter}",
        f"command {fault}",
        how,
        "not carried out; one refusal in the chain for each message; the chain cannot be filled",
        run,
        ("mosquitto",),
    )


ROWS = (
    _row(
        "a",
        "replayed",
        "the same bytes while valid and after their time; an old counter for something else",
        _replayed,
    ),
    _row("b", "expired", "well signed, an hour too late", partial(_refused, _expired, Refusal.EXPIRED)),
    _row(
        "c",
        "for another box",
        "another device, another tenant, on this box's topic",
        partial(_refused, _wrong_audience, Refusal.WRONG_AUDIENCE),
    ),
    _row(
        "d",
        "in the wrong role",
        "each role that does not allow the action",
        partial(_refused, _wrong_role, Refusal.WRONG_ROLE),
    ),
    _row(
        "e",
        "of a revoked key",
        "a key without roles; a key that was taken out (only counted)",
        partial(_refused, _revoked, Refusal.KEY_REVOKED),
    ),
    Row(
        "C2",
        "kill -9 between persisting the counter and executing",
        "SIGKILL when accepted, when carried out, when answered",
        "no picture is taken twice; each command has exactly one result",
        _killed,
        ("mosquitto",),
    ),
)
