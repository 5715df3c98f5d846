import hashlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from edge_agent.evidence.uplink.chunks import Chunk
from edge_agent.ingest.assembly import Assembly
from edge_agent.ingest.attachment_rows import AttachmentRows
from edge_agent.ingest.attachments import Fate
from edge_agent.ingest.settings import AssemblySettings
from edge_agent.ingest.store import PlatformStore
from edge_agent.ingest.tables import attachment, chunk_row


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def pieces(data: bytes, size: int) -> list[Chunk]:
    return [Chunk(at, len(data), data[at : at + size]) for at in range(0, len(data), size)]


UNBOUND = AssemblySettings()


class Rows:
    """Attachments in PostgreSQL, one batch a chunk."""

    def __init__(self, store, limits) -> None:
        self.store = store
        self.rows = AttachmentRows(store, limits)

    def add(self, device, sha256, chunk) -> Fate:
        [fate] = self.add_all(device, sha256, [chunk])
        return fate

    def add_all(self, device, sha256, chunks) -> list:
        with self.store.commit():
            self.rows.begin({(device, sha256)}, set())
            fates = [self.rows.add(device, sha256, chunk) for chunk in chunks]
            self.rows.sync()
        self.rows.begin(set(), set())  # what it knew of the batch
        return fates

    def held(self) -> list[int]:
        """Bytes of each piece that is kept."""
        return [last - first for first, last in self.store.rows(select(chunk_row.c.first, chunk_row.c.last))]

    def __getattr__(self, name) -> object:
        return getattr(self.rows, name)


class Files(Assembly):
    """Attachments in files."""

    def held(self) -> list[int]:
        """Bytes of each piece that is kept."""
        return [file.stat().st_size for file in self._partial_dir.iterdir()]


@pytest.fixture
def keeper(tmp_path, database):
    """Limits in, a keeper over either database out; again: as after a restart."""
    store = PlatformStore(database) if database else None
    yield lambda limits=UNBOUND: Rows(store, limits) if store else Files(tmp_path, limits)
    if store:
        store.close()


@settings(max_examples=20, deadline=None)
@given(
    data=st.binary(min_size=1, max_size=3000),
    size=st.integers(1, 500),
    seed=st.integers(0, 99),
    batch=st.integers(1, 9),
)
def test_chunks_in_any_order_and_batches_make_the_same_row(pieces_store, data, size, seed, batch):
    rows = Rows(pieces_store, AssemblySettings(ranges=10_000))
    with pieces_store.commit():
        for table in (attachment, chunk_row):
            pieces_store.write(delete(table))
    # Of two sizes, so that pieces overlap.
    chunks = pieces(data, size) + pieces(data, size // 2 + 1)
    random.Random(seed).shuffle(chunks)

    fates = []
    for at in range(0, len(chunks), batch):
        fates += rows.add_all("box", sha(data), chunks[at : at + batch])

    assert fates.count(Fate.COMPLETE) == 1
    assert rows.read(sha(data)) == data
    assert rows.held() == []


@pytest.fixture(scope="module")
def pieces_store(postgres):
    store = PlatformStore(postgres.new_database("pieces"))
    yield store
    store.close()


@settings(max_examples=30, deadline=None)
@given(data=st.binary(min_size=1, max_size=3000), size=st.integers(1, 500), seed=st.integers(0, 99))
def test_chunks_in_any_order_and_twice_make_the_same_file(tmp_path_factory, data, size, seed):
    assembly = Assembly(tmp_path_factory.mktemp("a"), AssemblySettings(ranges=10_000))
    chunks = pieces(data, size) * 2
    random.Random(seed).shuffle(chunks)

    fates = [assembly.add("box", sha(data), chunk) for chunk in chunks]

    assert fates.count(Fate.COMPLETE) == 1
    assert assembly.path(sha(data)).read_bytes() == data


def test_what_is_missing_is_told_by_its_bytes(keeper):
    assembly = keeper()
    data = bytes(1000)
    assembly.add("box", sha(data), Chunk(100, 1000, data[100:300]))
    assembly.add("box", sha(data), Chunk(800, 1000, data[800:]))

    assert assembly.missing("box", sha(data)) == ((0, 100), (300, 800))
    assert assembly.missing("box", "0" * 64) == ()


def test_bytes_that_are_not_what_their_name_says_are_dropped(keeper):
    assembly = keeper()

    assert assembly.add("box", sha(b"right"), Chunk(0, 5, b"wrong")) is Fate.WRONG_DIGEST
    assert assembly.size(sha(b"right")) is None
    assert assembly.add("box", sha(b"right"), Chunk(0, 5, b"right")) is Fate.COMPLETE


def test_an_attachment_that_changes_its_size_starts_again(keeper):
    assembly = keeper()
    data = b"0123456789"
    assembly.add("box", sha(data), Chunk(0, 99, b"01234"))

    assert assembly.add("box", sha(data), Chunk(0, 10, b"01234")) is Fate.CONTRADICTS
    assert assembly.add("box", sha(data), Chunk(0, 10, data)) is Fate.COMPLETE


def test_a_hostile_box_cannot_hold_more_than_its_share(keeper):
    limits = AssemblySettings(per_device_count=10, per_device_bytes=20_000, max_attachment_bytes=50_000)
    assembly = keeper(limits)

    assert assembly.add("box", "f" * 64, Chunk(0, 1 << 39, b"x")) is Fate.TOO_LARGE
    for n in range(500):
        assembly.add("box", f"{n:064x}", Chunk(0, 50_000, bytes(5_000)))

    assert len(assembly.held()) <= 10
    assert sum(assembly.held()) <= 20_000
    assert assembly.evicted >= 490


def test_a_file_in_a_million_pieces_is_refused(keeper):
    assembly = keeper(AssemblySettings(ranges=100))

    fates = [assembly.add("box", "0" * 64, Chunk(2 * n, 10_000, b"x")) for n in range(1000)]

    assert fates[99] is Fate.KEPT
    assert set(fates[100:]) == {Fate.FRAGMENTED}


def test_one_boxs_flood_does_not_touch_anothers_pieces(keeper):
    assembly = keeper(AssemblySettings(per_device_count=2))
    data = bytes(range(200))
    assembly.add("honest", sha(data), Chunk(0, 200, data[:100]))
    for n in range(50):
        assembly.add("flood", f"{n:064x}", Chunk(0, 200, b"x"))

    assert assembly.add("honest", sha(data), Chunk(100, 200, data[100:])) is Fate.COMPLETE


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("restart", [False, True])
def test_whole_files_outlive_a_restart_and_pieces_do_not(keeper, restart):
    assembly = keeper()
    assembly.add("box", sha(b"whole"), Chunk(0, 5, b"whole"))
    assembly.add("box", sha(b"half"), Chunk(0, 4, b"ha"))

    if restart:
        assembly = keeper()

    assert assembly.size(sha(b"whole")) == 5
    assert assembly.missing("box", sha(b"half")) == (() if restart else ((2, 4),))


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_pieces_in_rows_outlive_a_restart_but_not_a_day(keeper, monkeypatch):
    keeper().add("box", sha(b"half"), Chunk(0, 4, b"ha"))
    assert keeper().missing("box", sha(b"half")) == ((2, 4),)

    monkeypatch.setattr("edge_agent.ingest.attachment_rows.ABANDONED_US", -1)
    assert keeper().missing("box", sha(b"half")) == ()


def test_what_nobody_names_can_be_dropped_and_come_again(keeper):
    assembly = keeper()
    assembly.add("box", sha(b"whole"), Chunk(0, 5, b"whole"))
    assert assembly.add("box", sha(b"whole"), Chunk(0, 5, b"whole")) is Fate.HAVE

    assembly.drop(sha(b"whole"))

    assert assembly.read(sha(b"whole")) is None
    assert assembly.add("box", sha(b"whole"), Chunk(0, 5, b"whole")) is Fate.COMPLETE
    assert assembly.read(sha(b"whole")) == b"whole"
