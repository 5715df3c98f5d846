"""The platform's commands: signed, counted, sent again, answered by the box's chain and by nothing else."""

import hashlib
import stat

import pytest

from edge_agent.errors import UsageError
from edge_agent.evidence import dsse
from edge_agent.evidence.commands import (
    ClockReport,
    Issuer,
    Issuers,
    Refusal,
    Role,
    SetTier,
    UpdateConfig,
    open_signed,
    parse,
)
from edge_agent.evidence.examples import KEY, a_store, an_identity
from edge_agent.evidence.keys import FileKey, KeyRing
from edge_agent.evidence.statement_records import CommandResult
from edge_agent.ingest.commands import Commands
from edge_agent.ingest.settings import IngestSettings, IssuingSettings
from edge_agent.ingest.store import PlatformStore
from edge_agent.ingest.verify import open_statement

DEVICE = an_identity().settings.device
START_US = 1_795_000_000_000_000
TIER = SetTier(shop="a", tier="red")


class Platform:
    def __init__(self, folder, database=""):
        self.settings = IngestSettings(
            tenant=DEVICE.tenant,
            data_dir=folder,
            database=database,
            devices_dir=folder,
            receipt_key_file=folder / "receipt.pem",
            commands=IssuingSettings(issuer="city", key_file=folder / "command.pem"),
        )
        self.now_us, self.now_s = START_US, 0.0
        self.store = PlatformStore.of(self.settings)
        self.commands = Commands(self.settings, self.store, lambda: self.now_us)

    def due(self):
        self.now_s += 10
        self.now_us += 10_000_000
        return self.commands.due(self.now_s)

    def opened(self, due):
        public = FileKey.load(self.settings.commands.key_file).public
        return open_signed(due.envelope, Issuers([Issuer("city", (public,), frozenset(Role))]))

    def answer(self, box, payload_sha256, outcome="done", reason=""):
        result = CommandResult(
            command_id="c",
            payload_sha256=payload_sha256,
            issuer="city",
            counter=1,
            name="set_tier",
            outcome=outcome,
            reason=reason,
            detail="said",
        )
        sealed = box.record(result)
        ring = KeyRing({dsse.EVIDENCE_TYPE: [KEY.public]})
        found = open_statement(box.packet(sealed.seq).envelope, ring, DEVICE.tenant, DEVICE.device_id)
        with self.store.commit():
            self.commands.answered(found.statement)
        return sealed

    @property
    def newest(self):
        return self.commands.listed()[0]


@pytest.fixture
def platform(tmp_path, database):
    platform = Platform(tmp_path, database)
    yield platform
    platform.store.close()


@pytest.fixture
def box(tmp_path):
    with a_store(tmp_path / "box") as store:
        yield store


def test_a_command_says_all_that_the_box_checks(platform):
    cmd_id = platform.commands.make(DEVICE.device_id, TIER, 3_600_000_000)
    [due] = platform.due()
    command = parse(platform.opened(due).payload)

    assert (command.cmd_id, command.issuer, command.role) == (cmd_id, "city", Role.GRADE)
    assert (command.tenant, command.device_id) == (DEVICE.tenant, DEVICE.device_id)
    assert command.not_before_utc_us < START_US < command.expires_utc_us == START_US + 3_600_000_000
    assert command.action == TIER
    assert 3500 < due.expiry_s <= 3600
    assert stat.S_IMODE(platform.settings.commands.key_file.stat().st_mode) == 0o600


def test_counters_rise_for_a_box_and_go_on_when_the_database_was_lost(platform, tmp_path):
    for _ in range(3):
        platform.commands.make("b1", TIER)  # within one millisecond
    first = [sent.counter for sent in platform.commands.listed()]
    assert len(set(first)) == 3

    platform.now_us += 1_000_000
    other = PlatformStore(tmp_path / "new.db")
    again = Commands(platform.settings, other, lambda: platform.now_us)
    again.make("b1", TIER)
    assert again.listed()[0].counter > max(first)
    other.close()


def test_it_is_sent_at_once_and_again_when_the_box_is_heard_of_until_it_is_answered(platform, box):
    platform.commands.make(DEVICE.device_id, TIER)
    [due] = platform.due()
    assert platform.due() == []  # nothing says that it is there
    platform.commands.heard("another")
    assert platform.due() == []
    platform.commands.heard(DEVICE.device_id)
    assert [again.envelope for again in platform.due()] == [due.envelope]
    assert (platform.newest.state, platform.newest.tries) == ("open", 2)

    sealed = platform.answer(box, platform.opened(due).sha256)
    platform.commands.heard(DEVICE.device_id)
    assert platform.due() == []
    assert (platform.newest.state, platform.newest.outcome) == ("answered", "done")
    assert platform.newest.result_packet_id == sealed.packet_id


def test_what_time_mends_leaves_it_open_and_what_does_not_ends_it(platform, box):
    platform.commands.make(DEVICE.device_id, ClockReport())
    [due] = platform.due()
    platform.answer(box, platform.opened(due).sha256, "refused", Refusal.CLOCK_NOT_SYNCED)
    assert (platform.newest.state, platform.newest.reason) == ("open", "clock_not_synced")
    platform.commands.heard(DEVICE.device_id)
    assert len(platform.due()) == 1
    platform.answer(box, platform.opened(due).sha256, "refused", Refusal.WRONG_ROLE)
    assert (platform.newest.state, platform.newest.reason) == ("answered", "wrong_role")


def test_a_replay_that_is_refused_later_does_not_undo_what_was_done(platform, box):
    platform.commands.make(DEVICE.device_id, TIER)
    [due] = platform.due()
    platform.answer(box, platform.opened(due).sha256)
    platform.answer(box, platform.opened(due).sha256, "refused", Refusal.REPLAYED)
    assert (platform.newest.outcome, platform.newest.state) == ("done", "answered")


def test_a_refused_replay_that_overtakes_the_result_does_not_hide_it(platform, box):
    platform.commands.make(DEVICE.device_id, TIER)
    [due] = platform.due()
    platform.answer(box, platform.opened(due).sha256, "refused", Refusal.REPLAYED)
    sealed = platform.answer(box, platform.opened(due).sha256)
    assert (platform.newest.outcome, platform.newest.reason) == ("done", "")
    assert platform.newest.result_packet_id == sealed.packet_id


def test_a_result_of_another_message_or_another_box_answers_nothing(platform, box):
    platform.commands.make(DEVICE.device_id, TIER)
    platform.commands.make("b2", TIER)
    dues = platform.due()
    other = next(due for due in dues if due.device == "b2")
    platform.answer(box, "ab" * 32)
    platform.answer(box, platform.opened(other).sha256)
    assert {sent.state for sent in platform.commands.listed()} == {"open"}


def test_it_expires(platform):
    platform.commands.make("b1", TIER, 15_000_000)
    assert len(platform.due()) == 1
    platform.commands.heard("b1")
    assert platform.due() == []
    assert platform.newest.state == "expired"


def test_of_several_processes_that_look_at_once_one_sends(platform):
    cmd_id = platform.commands.make("b1", TIER)
    other = Commands(platform.settings, platform.store, lambda: platform.now_us)
    claims = [one._claim(cmd_id, 0, START_US, expired=False) for one in (platform.commands, other)]
    assert claims == [True, False]


def test_one_that_does_not_fit_is_not_made(platform):
    text = "车" * 30_000
    action = UpdateConfig(text=text, sha256=hashlib.sha256(text.encode()).hexdigest())
    with pytest.raises(UsageError, match="65536 fit"):
        platform.commands.make("b1", action, expected_config_sha256="00" * 32)
    assert platform.commands.listed() == []


def test_without_a_key_nobody_is_commanded(platform):
    with pytest.raises(UsageError, match="no section `commands`"):
        Commands(platform.settings.model_copy(update={"commands": None}), platform.store)
