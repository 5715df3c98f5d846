"""What the badge says, and when it must not say it."""

import pytest
from sqlalchemy import delete, update

from edge_agent.evidence import dsse
from edge_agent.evidence.examples import Clock, a_case, store_settings
from edge_agent.evidence.keys import FileKey
from edge_agent.evidence.statement import parse
from edge_agent.evidence.store import EvidenceStore
from edge_agent.inbox.checks import check
from edge_agent.inbox.texts import TEXTS
from edge_agent.ingest.devices import Devices
from edge_agent.ingest.keepers import attachment_reader
from edge_agent.ingest.place import Place
from edge_agent.ingest.tables import statement
from edge_agent.web.words import Words
from tests.inbox.city import DEVICE, IDENTITY, KEY, City

WORDS = Words(TEXTS, "en")


class Shelf:
    """A platform with three weighings (seq 1, 2, 3), on SQLite."""

    def __init__(self, folder):
        self.city = City(folder)
        self.folder = folder
        self.sealed = []

    def fill(self, key, *successors, without=()):
        """Three weighings by the key, and two by each that takes over."""
        with self.box(key) as box:
            self.seal(box, 3, without)
        for successor in successors:
            with self.box(key, successor=successor) as box:
                self.seal(box, 2, without)
            key = successor
        return self

    def box(self, key, **options):
        return EvidenceStore.open(
            store_settings(self.folder / "box"), key, IDENTITY, utc_us=Clock(), **options
        )

    def seal(self, box, count, without):
        self.sealed += [box.seal(*a_case(len(self.sealed) + n)) for n in range(1, count + 1)]
        self.city.take(box, without=without)

    def place(self, number):
        one = self.sealed[number]
        return Place(DEVICE.device_id, one.epoch, one.seq)

    def check(self, number=1, envelope=None):
        settings, store, place = self.city.settings, self.city.store, self.place(number)
        return check(
            store,
            Devices(settings.devices_dir),
            attachment_reader(settings, store),
            store.get(place),
            envelope or store.envelope(place),
            WORDS,
        )

    def file_of(self, number):
        """The path of one of its attachments."""
        sha256 = parse(dsse.decode(self.city.store.envelope(self.place(number)))[1]).attachments[0].sha256
        return next((self.city.settings.data_dir / "attachments").rglob(sha256))

    def sql(self, change):
        with self.city.store.database.transaction() as connection:
            connection.execute(change)


@pytest.fixture
def empty(tmp_path):
    made = Shelf(tmp_path)
    yield made
    made.city.close()


@pytest.fixture
def shelf(empty):
    return empty.fill(KEY)


def at(place):
    return (statement.c.epoch == place.epoch) & (statement.c.seq == place.seq)


def said(lines):
    return {one.key for one in lines}


def test_what_is_whole_is_verified_and_what_cannot_be_said_is_not(shelf):
    found = shelf.check()
    assert found.verified
    assert found.acceptable
    assert found.problems == []
    assert said(found.checked) == {
        "check_signature",
        "check_attachments",
        "check_before",
        "check_after",
        "check_received",
        "check_watermark",
    }
    assert said(found.not_checked) == {"not_neighbours", "not_receipt", "not_time", "not_truth"}
    assert all(one.in_words(Words(TEXTS, language)) for one in found.checked for language in ("zh", "en"))


def test_of_the_newest_nobody_knows_whether_the_chain_goes_on(shelf):
    found = shelf.check(2)
    assert found.verified
    assert "not_after" in said(found.not_checked)
    assert "check_after" not in said(found.checked)


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: b"\0" + data[1:], lambda _: b""])
def test_a_damaged_picture_is_seen(shelf, damage):
    path = shelf.file_of(1)
    path.chmod(0o600)
    path.write_bytes(damage(path.read_bytes()))
    found = shelf.check()
    assert not found.verified
    assert not found.acceptable
    assert found.problems
    assert not said(found.checked) & {"check_signature", "check_attachments", "check_before", "check_after"}


def test_a_picture_that_is_gone_is_seen(shelf):
    shelf.file_of(1).unlink()
    assert not shelf.check().acceptable


def test_a_picture_of_a_neighbour_is_the_neighbour_s_matter(shelf):
    shelf.file_of(0).unlink()
    found = shelf.check()
    assert found.verified
    assert "not_neighbours" in said(found.not_checked)
    assert not shelf.check(0).verified


def test_what_has_not_all_come_cannot_be_accepted(empty):
    _, blobs = a_case(1)
    empty.fill(KEY, without=set(blobs))
    assert not empty.check(0).complete
    assert not empty.check(0).acceptable


def test_a_signature_that_does_not_fit_is_seen(shelf):
    kind, payload, _ = dsse.decode(shelf.city.store.envelope(shelf.place(1)))
    forged = dsse.sign(kind, payload, [FileKey.from_seed(b"f" * 32)])
    found = shelf.check(envelope=forged)
    assert not found.verified
    assert found.problems


def test_another_record_in_its_place_is_seen_though_the_box_signed_it(shelf):
    envelope = shelf.city.store.envelope(shelf.place(1))
    kind, payload, _ = dsse.decode(envelope)
    changed = payload.replace(b'"lane":"1"', b'"lane":"2"')
    assert changed != payload
    other = dsse.sign(kind, changed, [KEY])
    found = shelf.check(envelope=other)  # rightly signed, but not what the record after it follows from
    assert not found.verified


def test_a_box_that_is_not_enrolled_has_no_badge(shelf):
    (shelf.city.settings.devices_dir / f"{DEVICE.device_id}.pem").unlink()
    found = shelf.check()
    assert not found.verified
    assert found.problems == [TEXTS["not_enrolled"][1]]
    assert said(found.checked) == set()


def test_a_neighbour_that_cannot_be_read_is_named_and_nothing_breaks(shelf):
    shelf.sql(update(statement).where(at(shelf.place(0))).values(envelope=b"not an envelope"))
    found = shelf.check()
    assert not found.verified
    assert any(f"seq {shelf.place(0).seq}" in problem for problem in found.problems)


def test_a_missing_neighbour_is_not_claimed(shelf):
    shelf.sql(delete(statement).where(at(shelf.place(0))))
    found = shelf.check()
    assert found.verified
    assert "not_before" in said(found.not_checked)
    assert "check_before" not in said(found.checked)


def test_what_a_key_signed_that_took_over_is_verified_as_what_the_old_one_signed(empty):
    new = FileKey.from_seed(b"n" * 32)
    empty.fill(KEY, new)
    first, last = empty.check(0), empty.check(-1)
    assert first.verified
    assert last.verified
    signers = [
        parse(dsse.decode(empty.city.store.envelope(empty.place(number)))[1]).keyid for number in (0, -1)
    ]
    assert signers == [KEY.public.keyid, new.public.keyid]


def test_once_the_enrolled_key_is_barred_so_is_the_one_that_took_over(empty):
    empty.fill(KEY, FileKey.from_seed(b"n" * 32))
    other = FileKey.from_seed(b"o" * 32).public.pem
    (empty.city.settings.devices_dir / f"{DEVICE.device_id}.pem").write_bytes(other)
    assert not empty.check(-1).verified
