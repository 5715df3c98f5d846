"""A command's way over the desk: what is accepted, what is refused and recorded, what is only counted."""

import hashlib
import json
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.events import ClockSource, ClockStatus
from edge_agent.core.records import Picture
from edge_agent.core.units import US
from edge_agent.errors import StoreFault, StoreFull, VerificationError
from edge_agent.evidence import dsse, strict_json
from edge_agent.evidence.command_desk import REFUSALS_AN_HOUR, CommandDesk
from edge_agent.evidence.commands import (
    NOT_FINAL,
    ROLE_OF,
    Command,
    Issuer,
    Issuers,
    Refusal,
    Role,
    encode,
    open_signed,
    parse,
    sign,
)
from edge_agent.evidence.contract_vectors_commands import (
    BOX,
    COMMAND_KEY,
    NOW_US,
    REVOKED_KEY,
    STRANGER,
    a_command,
)
from edge_agent.evidence.examples import a_store
from edge_agent.evidence.outbox import Lane
from edge_agent.evidence.statement import Kind
from edge_agent.evidence.statement import parse as parse_statement

VECTORS = Path(__file__).parents[2] / "contract" / "vectors"
INDEX = json.loads((VECTORS / "index.json").read_text("utf-8"))["commands"]
KEYS = {"keys/command.pem": COMMAND_KEY.public, "keys/command-revoked.pem": REVOKED_KEY.public}
ISSUERS = Issuers(
    Issuer(one["name"], (KEYS[one["key"]],), frozenset(map(Role, one["roles"]))) for one in BOX["issuers"]
)
EVERYTHING = Issuers([Issuer("city-platform", (COMMAND_KEY.public,), frozenset(Role))])


class Desk:
    """A desk over a real store, on a clock that a test sets."""

    def __init__(self, folder, issuers=ISSUERS, **store) -> None:
        self.folder, self.issuers = folder, issuers
        self.now_us, self.synced, self.monotonic_s = NOW_US, True, 0.0
        self.store = a_store(folder, **store)
        self.desk = self._desk()

    def _desk(self):
        return CommandDesk(
            self.store,
            self.issuers,
            tenant=BOX["tenant"],
            device_id=BOX["device_id"],
            config_sha256=BOX["config_sha256"],
            clock=self.clock,
            monotonic_s=lambda: self.monotonic_s,
        )

    def clock(self):
        source = ClockSource.NTP if self.synced else ClockSource.NONE
        return ClockStatus(0, self.now_us * US, source, self.synced, 0, 1_000_000 if self.synced else None)

    def restart(self):
        self.store.close()
        self.store = a_store(self.folder)
        self.desk = self._desk()

    def take(self, command, keys=(COMMAND_KEY,)):
        return self.desk.take(sign(command, keys))

    def records(self, kind=Kind.COMMAND_RESULT):
        found = (
            parse_statement(dsse.decode(self.store.packet(seq).envelope)[1]) for seq in self.store.seqs()
        )
        return [one.record for one in found if one.kind is kind]

    def reasons(self):
        return [record.reason for record in self.records()]


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path)
    yield desk
    desk.store.close()


def has_counter(desk, counter):
    with desk.store.commands() as log:
        log.begin(a_command(counter=counter, cmd_id="earlier"), b"x", "00" * 32, NOW_US)
        log.settle(a_command(cmd_id="earlier"), "00" * 32, "done")


# --- every vector of the contract ----------------------------------------------------------------


@pytest.mark.parametrize("entry", INDEX["good"], ids=lambda entry: Path(entry["file"]).name)
def test_a_good_vector_is_accepted_once(desk, entry):
    has_counter(desk, BOX["last_counter"])
    data = (VECTORS / entry["file"]).read_bytes()

    accepted = desk.desk.take(data)

    assert accepted.payload_sha256 == entry["payload_sha256"]
    assert desk.desk.take(data) is None
    assert desk.desk.counters.repeated == 1
    assert desk.records() == []


@pytest.mark.parametrize("entry", INDEX["bad"], ids=lambda entry: Path(entry["file"]).name)
def test_a_bad_vector_is_refused_by_the_check_it_names(desk, entry):
    has_counter(desk, BOX["last_counter"])

    for _ in range(3):
        assert desk.desk.take((VECTORS / entry["file"]).read_bytes()) is None

    if entry["check"] in {"signature", "type"}:
        assert desk.records() == []
        assert desk.desk.counters.unsigned == 3
        [incident] = desk.records(Kind.INCIDENT)
        assert incident.what == "commands_ignored"
    else:
        assert desk.reasons() == [entry["check"]]  # once, however often it comes
    with desk.store.commands() as log:
        assert log.begun() == ()


def test_every_reason_that_needs_no_execution_has_a_vector():
    later = {Refusal.CONFIG_INVALID, Refusal.CONFIG_PROTECTED, Refusal.CLOCK_NOT_SYNCED}
    assert {e["check"] for e in INDEX["bad"]} == {*set(Refusal) - later, "signature", "type"}


# --- replay, time, restarts ----------------------------------------------------------------------


def test_what_was_accepted_is_on_the_disk_before_anything_is_done(desk):
    accepted = desk.take(a_command())
    desk.restart()

    with desk.store.commands() as log:
        [begun] = log.begun()
        assert log.counter("city-platform") == a_command().counter
    assert begun.command == accepted.command


def test_another_message_with_an_old_counter_or_a_used_id_is_a_replay(desk):
    assert desk.take(a_command())
    assert desk.take(a_command(counter=42, cmd_id="other")) is None
    assert desk.take(a_command(counter=43)) is None

    assert desk.reasons() == [Refusal.REPLAYED, Refusal.REPLAYED]


def test_a_replay_after_its_time_is_recorded_once_and_after_a_restart_not_again(desk):
    assert desk.take(a_command())
    desk.now_us = a_command().expires_utc_us
    for _ in range(5):
        assert desk.take(a_command()) is None
    desk.restart()
    assert desk.take(a_command()) is None

    assert desk.reasons() == [Refusal.REPLAYED]


def test_counters_count_for_each_issuer_by_itself(tmp_path):
    other = Issuer("other", (STRANGER.public,), frozenset(Role))
    desk = Desk(tmp_path, Issuers([EVERYTHING[COMMAND_KEY.keyid], other]))
    assert desk.take(a_command(counter=100))
    assert desk.take(a_command(counter=1, issuer="other", cmd_id="c2"), [STRANGER])
    desk.store.close()


def test_without_a_clock_only_what_does_no_harm_is_taken_and_the_rest_may_come_again(desk):
    desk.synced = False
    assert desk.take(a_command()) is None
    report = a_command({"name": "clock_report"}, role="operate", counter=50, cmd_id="c2")
    assert desk.take(report)

    desk.synced = True
    assert desk.take(a_command(counter=51, cmd_id="c3"))
    assert desk.reasons() == [Refusal.CLOCK_NOT_SYNCED]


def test_a_refusal_that_time_mends_is_accepted_when_it_comes_again(desk):
    early = a_command(not_before_utc_us=NOW_US + 5)
    assert desk.take(early) is None
    desk.now_us += 5

    assert desk.take(early)
    assert desk.reasons() == [Refusal.NOT_YET_VALID]
    assert {Refusal.NOT_YET_VALID, Refusal.CLOCK_NOT_SYNCED} == NOT_FINAL


# --- nobody can fill the chain -------------------------------------------------------------------


def test_thousands_of_unsigned_messages_are_two_incidents_in_two_hours(desk):
    for n in range(2000):
        desk.take(a_command(counter=n + 1), [STRANGER])
    desk.monotonic_s = 3600.0
    desk.desk.tick()
    desk.desk.tick()

    incidents = desk.records(Kind.INCIDENT)
    assert [i.detail for i in incidents] == [
        "1 that no command key signed",
        "1999 that no command key signed",
    ]


def test_a_key_gone_wild_gets_so_many_refusals_an_hour_and_the_rest_are_counted(desk):
    for n in range(100):
        desk.take(a_command(device_id="other", counter=n + 1, cmd_id=f"c{n}"))
    assert len(desk.records()) == REFUSALS_AN_HOUR
    [first] = desk.records(Kind.INCIDENT)
    assert first.detail == "1 of city-platform, refused as wrong_audience"

    desk.monotonic_s = 3600.0
    desk.take(a_command(device_id="other", counter=1000, cmd_id="x"))
    desk.desk.tick()
    assert len(desk.records()) == REFUSALS_AN_HOUR + 1
    assert desk.records(Kind.INCIDENT)[-1].detail == "79 of city-platform, refused as wrong_audience"


def test_the_memory_of_commands_is_bounded(desk, monkeypatch):
    monkeypatch.setattr("edge_agent.evidence.command_log.KEPT", 10)
    for n in range(50):
        accepted = desk.take(
            a_command({"name": "recheck", "case": "c"}, role="inspect", counter=100 + n, cmd_id=f"c{n}")
        )
        desk.desk.finish(accepted, "failed", "no such case")
    with desk.store.commands() as log:
        (rows,) = log._db.execute("SELECT count(*) FROM command").fetchone()
    assert rows == 10


# --- results --------------------------------------------------------------------------------------


def test_the_result_says_whose_command_it_was_and_stands_with_its_row_in_one_commit(desk):
    accepted = desk.take(a_command())
    desk.desk.finish(accepted, "done", "shop door-1 is red")

    [result] = desk.records()
    assert (result.command_id, result.issuer, result.counter) == (a_command().cmd_id, "city-platform", 42)
    assert (result.name, result.outcome, result.reason) == ("set_tier", "done", "")
    assert result.payload_sha256 == hashlib.sha256(encode(a_command())).hexdigest()
    with desk.store.commands() as log:
        assert log.begun() == ()
        assert [one.command.action.tier for one in log.standing(NOW_US)] == ["red"]


def test_only_the_last_tier_of_a_shop_stands(desk):
    for n, tier in enumerate(["red", "green", "yellow"]):
        action = {"name": "set_tier", "shop": "a", "tier": tier}
        desk.desk.finish(desk.take(a_command(action, counter=100 + n, cmd_id=f"c{n}")), "done", "")
    other = {"name": "set_tier", "shop": "b", "tier": "red"}
    desk.desk.finish(desk.take(a_command(other, counter=200, cmd_id="c9")), "failed", "no such shop")

    with desk.store.commands() as log:
        assert [one.command.action.tier for one in log.standing(NOW_US)] == ["yellow"]


class Failing(sqlite3.Connection):
    """Refuses to note a command."""

    armed = False

    def execute(self, sql, *values):
        if Failing.armed and "INTO command " in sql:
            raise sqlite3.OperationalError("disk I/O error")
        return super().execute(sql, *values)


def test_a_disk_that_fails_accepts_nothing(tmp_path, monkeypatch):
    def connector(path):
        return sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=Failing)

    desk = Desk(tmp_path, connector=connector)
    monkeypatch.setattr(Failing, "armed", True)
    with pytest.raises(StoreFault):
        desk.take(a_command())
    monkeypatch.setattr(Failing, "armed", False)
    desk.restart()
    with desk.store.commands() as log:
        assert log.begun() == ()
        assert log.counter("city-platform") == 0
    desk.store.close()


# --- the parser ----------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
GOOD = strict_json.loads(encode(a_command()))


@given(st.binary(max_size=300))
def test_bytes_that_are_no_command_are_refused_and_nothing_else_happens(data):
    with pytest.raises(VerificationError):
        parse(data)
    with pytest.raises(VerificationError):
        open_signed(data, ISSUERS)


@given(st.sampled_from(sorted(GOOD)), JSON)
def test_one_field_changed_gives_a_command_or_a_refusal(field, value):
    try:
        payload = strict_json.dumps(GOOD | {field: value})
    except ValueError:
        return
    try:
        command = parse(payload)
    except VerificationError:
        return
    assert isinstance(command, Command)
    assert parse(encode(command)) == command


@given(st.dictionaries(st.sampled_from(["name", "shop", "tier", "zone", "case", "camera", "sha256"]), JSON))
def test_no_action_does_more_than_it_says(action):
    try:
        command = parse(strict_json.dumps(GOOD | {"action": action}))
    except (VerificationError, ValueError):
        return
    assert type(command.action) in ROLE_OF
    assert command.action.model_dump().keys() == action.keys()


@settings(max_examples=300)
@given(st.integers(0, len(sign(a_command(), [COMMAND_KEY])) - 1), st.integers(0, 7))
def test_one_bit_flipped_is_never_another_command(place, bit):
    good = sign(a_command(), [COMMAND_KEY])
    flipped = good[:place] + bytes([good[place] ^ 1 << bit]) + good[place + 1 :]
    try:
        signed = open_signed(flipped, ISSUERS)
    except VerificationError:
        return
    assert signed.payload == encode(a_command())


def test_every_action_has_one_role():
    names = {action.model_fields["name"].default for action in ROLE_OF}
    assert len(names) == len(ROLE_OF) == 8
    assert set(ROLE_OF.values()) == set(Role)
    assert dsse.COMMAND_TYPE.endswith("command.v1+json")


def without_room(desk, monkeypatch):
    """A disk that takes nothing, until the returned call."""

    def full(*_args, **_named):
        raise StoreFull("no room on the disk")

    for name in ("answer_command", "record"):
        monkeypatch.setattr(desk.store, name, full)
    return monkeypatch.undo


def test_a_result_for_which_there_was_no_room_is_said_later(desk, monkeypatch):
    accepted = desk.take(a_command())
    room = without_room(desk, monkeypatch)
    desk.desk.finish(accepted, "done", "said late")
    desk.desk.tick()
    room()
    assert desk.records() == []

    desk.desk.tick()
    desk.desk.tick()
    assert [(r.outcome, r.detail) for r in desk.records()] == [("done", "said late")]


def test_an_incident_for_which_there_was_no_room_is_said_later(desk, monkeypatch):
    room = without_room(desk, monkeypatch)
    with pytest.raises(StoreFull):
        desk.take(a_command(), [STRANGER])
    room()
    desk.desk.tick()
    assert [r.detail for r in desk.records(Kind.INCIDENT)] == ["1 that no command key signed"]


def test_an_answer_does_not_wait_behind_a_backlog_and_a_snapshot_does(desk):
    desk.store.heartbeat()
    desk.desk.finish(desk.take(a_command()), "done", "told at once")
    answer = desk.store.head().seq
    data = b"picture"
    digest = hashlib.sha256(data).hexdigest()
    shot = Picture("snapshot", digest, len(data), "image/jpeg", 8, 8, 0, "c1")
    known = desk.take(a_command(counter=a_command().counter + 1, cmd_id="next"))
    desk.desk.finish(known, "done", "shot", files=[shot], blobs={digest: data})

    assert [item.seq for item in desk.store.pending(10**6, 0, Lane.LIVE)] == [answer]
    assert [item.seq for item in desk.store.pending(10**6, 0)][-2:] == [answer, answer + 1]


def test_a_box_that_lost_its_memory_does_nothing_a_second_time(tmp_path):
    now = [NOW_US - 1]
    desk = Desk(tmp_path, EVERYTHING, utc_us=lambda: now[0])
    assert desk.take(a_command()) is not None
    desk.store.close()
    (tmp_path / "evidence.db").write_bytes(b"not a database any more" * 1000)
    now[0] = NOW_US + 1
    desk = Desk(tmp_path, EVERYTHING, utc_us=lambda: now[0])
    try:
        assert desk.take(a_command()) is None
        assert desk.reasons() == ["replayed"]
        later = {"issued_utc_us": NOW_US + 2, "counter": a_command().counter + 1, "cmd_id": "new"}
        assert desk.take(a_command(**later)) is not None
    finally:
        desk.store.close()
