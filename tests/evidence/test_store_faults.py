"""What the sweeps over every file call found, and what a store does about room, forks and damage."""

import contextlib
import errno
import json
import shutil
import sqlite3

import pytest

from edge_agent.core.records import UseClass
from edge_agent.errors import StoreFault, StoreFull
from edge_agent.evidence import losses, trust
from edge_agent.evidence.disk import Disk
from edge_agent.evidence.examples import a_case, a_store, store_settings
from edge_agent.evidence.examples_street import a_coverage
from edge_agent.evidence.notes import HeadNote
from edge_agent.evidence.opening import Parts
from edge_agent.evidence.outbox import Lane
from edge_agent.evidence.pressure import Step
from edge_agent.evidence.receipts import Receipt, ReceiptItem, ReceiptStatus
from edge_agent.evidence.verify import verify
from edge_agent.evidence.verify_sources import open_material

LOW = {"use_class": UseClass.REFERENCE, "reasons": ("site_reference",)}
SIZE = 1000
CASE = 3 * SIZE


def small(directory, cases, **other):
    """A quota of so many cases."""
    return store_settings(directory, **other).model_copy(update={"quota_bytes": cases * CASE})


def records(store, kind):
    rows = store._db.execute("SELECT payload FROM packet WHERE kind = ? ORDER BY seq", (kind,))
    return [json.loads(payload)["record"] for (payload,) in rows.fetchall()]


def incidents(store):
    return [(r["what"], r["detail"]) for r in records(store, "incident")]


def whole(directory):
    report = verify(open_material(directory))
    assert report.good, report.problems
    assert report.links == report.statements - 1


def receipt_for(store, *sealed):
    items = tuple(
        ReceiptItem(packet_id=s.packet_id, payload_sha256=s.payload_sha256, status=ReceiptStatus.ACCEPTED)
        for s in sealed
    )
    return Receipt(
        tenant="city",
        device_id="ea-test-0001",
        epoch=store.head().epoch,
        received_utc_us=1,
        items=items,
    )


# --- the ladder ---------------------------------------------------------------------------------


def test_a_low_class_keeps_one_picture_then_none_and_says_what_is_missing(tmp_path):
    with a_store(tmp_path, settings=small(tmp_path, 100)) as store:
        for number in range(1, 92):
            store.seal(*a_case(number, SIZE))
        seal, blobs = a_case(500, SIZE, **LOW)
        said = json.loads(store.seal(seal, blobs, b"raw").payload)
        assert [a["role"] for a in said["attachments"]] == ["plate", "raw_serial"]
        assert said["missing"] == [p.sha256 for p in seal.pictures[:2]]
        assert "pictures_lost" in said["legal"]["reasons"]
        high = json.loads(store.seal(*a_case(501, SIZE)).payload)
        assert high["missing"] == []
        for number in range(92, 96):
            store.seal(*a_case(number, SIZE))
        with pytest.raises(StoreFull, match="low class"):
            store.seal(*a_case(502, SIZE, **LOW))
        assert store.stats().pressure is Step.NO_LOW_CLASS
        assert store.stats().pressed == {Step.ONE_PICTURE: 1, Step.NO_LOW_CLASS: 1}
        assert store.seal(a_coverage(), {})  # what was watched is always said
        assert store.stats().lost == 1


def test_a_case_that_is_sealed_already_is_not_counted_as_lost(tmp_path):
    with a_store(tmp_path, settings=small(tmp_path, 2)) as store:
        first = store.seal(*a_case(1, SIZE, **LOW))
        store.seal(*a_case(2, SIZE))
        assert store.seal(*a_case(1, SIZE, **LOW)) == first
        assert store.stats().lost == 0


def test_receipted_pictures_go_before_anything_is_left_out(tmp_path):
    with a_store(tmp_path, settings=small(tmp_path, 10)) as store:
        sealed = [store.seal(*a_case(number, SIZE)) for number in range(1, 10)]
        store.apply_receipt(receipt_for(store, *sealed), b"receipt")
        assert json.loads(store.seal(*a_case(50, SIZE, **LOW)).payload)["missing"] == []
        assert store.stats().pressure is Step.ALL


def test_losses_are_told_once_a_period_and_counted_through_a_restart(tmp_path, monkeypatch):
    settings = small(tmp_path, 1)
    with a_store(tmp_path, settings=settings) as store:
        store.seal(*a_case(1, SIZE))
        for number in range(2, 7):
            with pytest.raises(StoreFull, match="quota"):
                store.seal(*a_case(number, SIZE))
        with pytest.raises(StoreFull, match="quota"):
            store.seal(*a_case(7, SIZE, **LOW))
        store.keep_house()
        assert [(r["lost_class"], r["count"]) for r in records(store, "loss")] == [
            ("enforcement", 1),
            ("reference", 1),
        ]
        assert store.stats().lost == 6
        wreck = tmp_path.with_name(tmp_path.name + "-killed")
        shutil.copytree(tmp_path, wreck)
        monkeypatch.setattr(losses, "PERIOD_S", 0.0)
        store.keep_house()
        told = records(store, "loss")[-1]
        assert (told["lost_class"], told["count"], told["reason"]) == ("enforcement", 4, "quota")
        assert told["first_utc_us"] < told["last_utc_us"]
        assert store.stats().lost == 6
    with a_store(wreck) as store:
        assert sum(r["count"] for r in records(store, "loss")) == 6
        assert store.stats().lost == 6


def test_losses_that_are_not_told_yet_are_told_when_the_store_closes(tmp_path):
    with a_store(tmp_path, settings=small(tmp_path, 1)) as store:
        store.seal(*a_case(1, SIZE))
        for number in range(2, 5):
            with pytest.raises(StoreFull):
                store.seal(*a_case(number, SIZE))
    with a_store(tmp_path) as store:
        assert [r["count"] for r in records(store, "loss")] == [1, 2]


# --- no room in the database --------------------------------------------------------------------


class Full(sqlite3.OperationalError):
    sqlite_errorcode = sqlite3.SQLITE_FULL


class Broken(sqlite3.OperationalError):
    sqlite_errorcode = sqlite3.SQLITE_IOERR


def failing_at(statement, error):
    """A connector whose connection fails one statement while `failing.on` is set."""

    class Failing(sqlite3.Connection):
        on = False

        def execute(self, sql, *args):
            if Failing.on and sql.startswith(statement):
                raise error("injected")
            return super().execute(sql, *args)

    def connector(path):
        return sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=Failing)

    return Failing, connector


@pytest.mark.parametrize("statement", ["INSERT INTO packet", "UPDATE head", "COMMIT"])
def test_no_room_inside_the_commit_costs_the_case_and_leaves_no_file(tmp_path, statement):
    failing, connector = failing_at(statement, Full)
    settings = store_settings(tmp_path, ballast_bytes=4096)
    with a_store(tmp_path, settings=settings, connector=connector) as store:
        failing.on = True
        with pytest.raises(StoreFull, match="disk full"):
            store.seal(*a_case(1))
        assert list((tmp_path / "attachments").iterdir()) == []
        assert not (tmp_path / "ballast").exists()
        with pytest.raises(StoreFull, match="no room"):
            store.heartbeat()
        failing.on = False
        assert store.seal(*a_case(2)).seq == 1
        store.keep_house()
        assert (tmp_path / "ballast").exists()
        assert [(r["count"], r["reason"]) for r in records(store, "loss")] == [(1, "disk full")]
    whole(tmp_path)


def test_a_checkpoint_that_fails_stops_the_store(tmp_path):
    """SQLite's own checkpoint, at the end of a commit, hides what fails in it."""
    failing, connector = failing_at("PRAGMA wal_checkpoint", Broken)
    store = a_store(tmp_path, connector=connector)
    failing.on = True
    for _ in range(100):
        with contextlib.suppress(StoreFault):
            store.heartbeat()
    with pytest.raises(StoreFault, match="injected"):
        store.head()
    failing.on = False
    store.close()
    with a_store(tmp_path) as store:
        assert incidents(store) == [("store_not_closed", "injected")]
    whole(tmp_path)


def test_a_checkpoint_without_room_waits(tmp_path):
    failing, connector = failing_at("PRAGMA wal_checkpoint", Full)
    with a_store(tmp_path, connector=connector) as store:
        failing.on = True
        for _ in range(200):
            store.heartbeat()
        store.check_integrity()  # of a file that is not whole nothing can be said
        failing.on = False
    whole(tmp_path)


def test_a_last_checkpoint_that_fails_ends_the_process_with_an_error(tmp_path):
    failing, connector = failing_at("PRAGMA wal_checkpoint", Broken)
    store = a_store(tmp_path, connector=connector)
    failing.on = True
    with pytest.raises(StoreFault):
        store.close()
    with a_store(tmp_path) as store:
        assert [what for what, _ in incidents(store)] == ["store_not_closed"]


def test_a_database_without_its_log_is_not_opened(tmp_path):
    """SQLite answers "delete", and raises nothing, when the disk fails it while the mode is set."""

    class NoLog(sqlite3.Connection):
        def execute(self, sql, *args):
            return super().execute(sql.replace("journal_mode = WAL", "journal_mode = DELETE"), *args)

    def connector(path):
        return sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=NoLog)

    with pytest.raises(StoreFault, match="journal mode delete"):
        a_store(tmp_path, connector=connector)


def test_room_is_not_given_to_the_ballast_when_nothing_else_has_any(tmp_path):
    class Small(Disk):
        def free(self, _directory):
            return 5_000_000

    with a_store(tmp_path, settings=store_settings(tmp_path, ballast_bytes=4_000_000), disk=Small()) as store:
        assert not (tmp_path / "ballast").exists()
        assert store.stats().pressure is Step.FULL


def test_a_start_for_which_there_is_no_room_gives_up_the_ballast_for_the_next_one(tmp_path):
    settings = store_settings(tmp_path, ballast_bytes=4096)
    with a_store(tmp_path, settings=settings) as store:
        store.seal(*a_case(1))
    assert (tmp_path / "ballast").exists()
    (tmp_path / "running").touch()  # so that the start has something to say
    failing, connector = failing_at("INSERT INTO packet", Full)
    failing.on = True
    with pytest.raises(StoreFault):
        a_store(tmp_path, settings=settings, connector=connector)
    assert not (tmp_path / "ballast").exists()
    with a_store(tmp_path, settings=settings) as store:
        assert incidents(store)[0][0] == "store_not_closed"
        assert (tmp_path / "ballast").exists()


# --- starts -------------------------------------------------------------------------------------


def test_an_orderly_end_leaves_nothing_to_tell_and_a_death_is_told(tmp_path):
    with a_store(tmp_path) as store:
        store.seal(*a_case(1))
    with a_store(tmp_path) as store:
        assert incidents(store) == []
        wreck = tmp_path.with_name(tmp_path.name + "-killed")
        shutil.copytree(tmp_path, wreck)
    with a_store(wreck) as store:
        assert incidents(store) == [("store_not_closed", "the process was killed, or the power failed")]
    with a_store(wreck) as store:
        assert len(incidents(store)) == 1


def test_an_interrupted_quarantine_ends_in_one_place(tmp_path):
    """The log belongs to the database: apart from it, it is lost."""
    with a_store(tmp_path) as store:
        lost = store.seal(*a_case(1))
        for name in ("evidence.db", "evidence.db-wal"):
            shutil.copy(tmp_path / name, tmp_path / f"{name}.open")
    for name in ("evidence.db", "evidence.db-wal"):  # as a killed process leaves them
        (tmp_path / f"{name}.open").rename(tmp_path / name)
    (tmp_path / "forked").write_text(f"{lost.epoch} {7:020d} {'0' * 64}\n")

    class Dying(Disk):
        def rename(self, old, new):
            if old.name == "evidence.db":
                raise OSError(errno.EIO, "died")
            super().rename(old, new)

    with pytest.raises(StoreFault):
        a_store(tmp_path, disk=Dying())
    assert (tmp_path / "evidence.db").exists()
    with a_store(tmp_path) as store:
        assert records(store, "genesis")[0]["reason"] == "store_restored"
    assert [p.name for p in (tmp_path / "quarantine").iterdir()] == ["0001"]
    with contextlib.closing(sqlite3.connect(tmp_path / "quarantine" / "0001" / "evidence.db")) as db:
        found = db.execute("SELECT payload_sha256 FROM packet WHERE seq = ?", (lost.seq,)).fetchone()
    assert found == (lost.payload_sha256,)
    assert len(list((tmp_path / "quarantine" / "0001" / "attachments").iterdir())) == 3


def test_a_young_database_that_lost_its_log_takes_its_pictures_along(tmp_path):
    with a_store(tmp_path / "box") as store:
        store.seal(*a_case(1))
        shutil.copytree(tmp_path / "box", tmp_path / "killed")
    (tmp_path / "killed" / "evidence.db-wal").unlink()
    with a_store(tmp_path / "killed") as store:
        assert records(store, "genesis")[0]["reason"] == "store_corrupt"
    assert len(list((tmp_path / "killed" / "quarantine" / "0001" / "attachments").iterdir())) == 3


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE head SET epoch = replace(epoch, substr(epoch, 1, 1), 'g')",
        "UPDATE head SET genesis_sha256 = '" + "0" * 64 + "'",
        "UPDATE packet SET state = 'sealdd' WHERE seq = 1",
        "UPDATE attachment SET state = 'keqt'",
        "INSERT INTO untold_loss VALUES ('enforcement', 'quota', -4, 1, 2)",
        "DROP TABLE receipt",
    ],
)
def test_a_database_that_contradicts_itself_is_set_aside(tmp_path, harm):
    with a_store(tmp_path) as store:
        before = store.seal(*a_case(1))
    with contextlib.closing(sqlite3.connect(tmp_path / "evidence.db")) as db:
        db.execute(harm)
        db.commit()
    with a_store(tmp_path) as store:
        genesis = records(store, "genesis")[0]
        assert genesis["reason"] == "store_corrupt"
        assert genesis["last_payload_sha256"] == before.payload_sha256


def test_damage_that_only_a_full_check_sees_is_found_and_set_aside(tmp_path):
    """A digest in an index: the receipt of that statement would never find it."""
    with a_store(tmp_path) as store:
        sealed = [store.seal(*a_case(number)) for number in range(1, 6)]
    path = tmp_path / "evidence.db"
    data = path.read_bytes()
    digest = sealed[2].payload_sha256.encode()
    places = [at for at in range(len(data)) if data.startswith(digest, at)]
    harmed = [at for at in places if b"composite" not in data[max(0, at - 300) : at]]
    for at in harmed:
        data = data[:at] + b"0000" + data[at + 4 :]
    assert harmed
    path.write_bytes(data)
    store = a_store(tmp_path)
    if store.head().epoch == sealed[0].epoch:
        with pytest.raises(StoreFault, match="integrity_check"):
            store.check_integrity()
        with pytest.raises(StoreFault):
            store.heartbeat()
    store.close()
    with a_store(tmp_path) as store:
        assert store.head().epoch != sealed[0].epoch
        assert records(store, "genesis")[0]["reason"] == "store_corrupt"


def test_a_check_that_finds_nothing_disturbs_nothing(tmp_path):
    with a_store(tmp_path) as store:
        store.seal(*a_case(1))
        store.check_integrity()
        store.seal(*a_case(2))
        store.check_integrity()
    whole(tmp_path)


@pytest.mark.parametrize("name", ["a%41", "a?b#c"])
def test_a_path_with_marks_of_a_uri_in_it_is_checked_like_any(tmp_path, name):
    with a_store(tmp_path / name) as store:
        store.check_integrity()
        store.seal(*a_case(1))
    assert [path.name for path in tmp_path.iterdir()] == [name]  # and no other database was looked at


def test_a_process_without_descriptors_does_not_take_good_pictures_for_damaged(tmp_path):
    """What is damaged is never sent again: this one only cannot be read now."""

    class Short(Disk):
        def read(self, path):
            raise OSError(errno.EMFILE, "Too many open files")

    with a_store(tmp_path) as store:
        seal, blobs = a_case(1)
        sealed = store.seal(seal, blobs)
    with a_store(tmp_path, disk=Short()) as store:
        assert store.kept(next(iter(blobs))) is None
        with pytest.raises(StoreFault, match="Too many open files"):
            store.attachment(next(iter(blobs)))
    with a_store(tmp_path) as store:
        assert len(store.packet(sealed.seq).attachments) == len(blobs)
        assert store.stats().quarantined == 0


# --- an older copy of itself --------------------------------------------------------------------


def test_a_store_that_the_platform_has_further_stops_and_begins_a_new_epoch(tmp_path):
    with a_store(tmp_path) as store:
        sealed = store.seal(*a_case(1))
        here = HeadNote(sealed.epoch, sealed.seq, sealed.payload_sha256)
        ahead = HeadNote(sealed.epoch, 9, "ab" * 32)
        assert not store.is_fork(here)
        assert not store.is_fork(HeadNote("0" * 32, 9, "ab" * 32))
        assert store.is_fork(HeadNote(sealed.epoch, sealed.seq, "ab" * 32))
        assert store.is_fork(ahead)
        with pytest.raises(StoreFault, match="older copy"):
            store.stop_for_fork(ahead)
        with pytest.raises(StoreFault):
            store.seal(*a_case(2))
    with a_store(tmp_path) as store:
        genesis = records(store, "genesis")[0]
        assert (
            genesis["reason"],
            genesis["last_epoch"],
            genesis["last_seq"],
            genesis["last_payload_sha256"],
        ) == (
            "store_restored",
            sealed.epoch,
            9,
            "ab" * 32,
        )
        assert incidents(store)[0][0] == "store_restored"
        store.seal(*a_case(2))
    with a_store(tmp_path) as store:  # the note of the fork is about another chain now
        assert records(store, "genesis")[0] == genesis
    assert len(list((tmp_path / "quarantine").iterdir())) == 1
    whole(tmp_path / "quarantine" / "0001")


def test_a_statement_of_a_later_program_is_sent_as_it_is(tmp_path):
    with a_store(tmp_path) as store:
        store.seal(*a_case(1))
    with contextlib.closing(sqlite3.connect(tmp_path / "evidence.db")) as db:
        db.execute("UPDATE packet SET kind = 'of_the_future' WHERE seq = 1")
        db.commit()
    with a_store(tmp_path) as store:
        assert [p.kind for p in store.pending(10**9, 0, Lane.BACKLOG)] == ["genesis", "of_the_future"]


def test_a_store_of_a_later_version_is_left_alone(tmp_path):
    with a_store(tmp_path) as store:
        store.seal(*a_case(1))
    with contextlib.closing(sqlite3.connect(tmp_path / "evidence.db")) as db:
        db.execute("PRAGMA user_version = 9")
    before = (tmp_path / "evidence.db").read_bytes()
    with pytest.raises(Exception, match="store version 9"):
        a_store(tmp_path)
    assert (tmp_path / "evidence.db").read_bytes() == before
    assert not (tmp_path / "running").exists()
    assert len(list((tmp_path / "attachments").iterdir())) == 3


def test_damage_that_a_start_runs_into_makes_the_next_start_look_at_every_page(tmp_path, monkeypatch):
    """An index that only the start's own words read: without that every start would end at the same place."""
    with a_store(tmp_path) as store:
        store.seal(*a_case(1))

    def malformed(*_):
        raise sqlite3.DatabaseError("database disk image is malformed")

    with monkeypatch.context() as damage:
        damage.setattr(Parts, "begin", malformed)
        with pytest.raises(StoreFault, match="malformed"):
            a_store(tmp_path)
    looked = []
    whole = trust._check_pages
    monkeypatch.setattr(trust, "_check_pages", lambda db, how: (looked.append(how), whole(db, how)))
    with a_store(tmp_path):
        pass
    assert looked == ["integrity_check(1)"]


def test_damage_that_a_start_meets_before_its_first_word_closes_what_is_open_and_is_looked_for(
    tmp_path, monkeypatch
):
    with a_store(tmp_path) as store:
        store.seal(*a_case(1))
    failing, connector = failing_at("SELECT class, reason", Broken)
    failing.on = True
    with pytest.raises(StoreFault, match="injected") as caught:
        a_store(tmp_path, connector=connector)
    assert not list((tmp_path).glob("evidence.db-*"))  # SQLite has closed it, whoever still holds the error
    del caught
    looked = []
    whole = trust._check_pages
    monkeypatch.setattr(trust, "_check_pages", lambda db, how: (looked.append(how), whole(db, how)))
    with a_store(tmp_path) as store:
        assert incidents(store) == [("store_not_closed", "injected")]
    assert looked == ["integrity_check(1)"]


def test_a_start_that_somebody_interrupts_leaves_the_next_one_to_tell_what_it_did_not(tmp_path, monkeypatch):
    with a_store(tmp_path):
        pass
    (tmp_path / "running").touch()  # as a killed process leaves it

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as person:
        person.setattr(Parts, "begin", interrupted)
        with pytest.raises(KeyboardInterrupt):
            a_store(tmp_path)
    with a_store(tmp_path) as store:
        assert [what for what, _ in incidents(store)] == ["store_not_closed"]


def test_a_flipped_bit_in_a_table_s_definition_is_found_at_the_start(tmp_path):
    """Still good SQL, and every page in order: each start would end at its first insert."""
    with a_store(tmp_path) as store:
        store.seal(*a_case(1))
        epoch = store.head().epoch
    path = tmp_path / "evidence.db"
    data = path.read_bytes()
    assert data.count(b"REFERENCES receipt (id)") == 1
    path.write_bytes(data.replace(b"REFERENCES receipt (id)", b"REFERENCES raceipt (id)"))
    with a_store(tmp_path) as store:
        assert store.head().epoch != epoch
        assert "the definition of packet is damaged" in incidents(store)[0][1]
