import hashlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.evidence.uplink.chunks import Chunk
from edge_agent.ingest.assembly import Assembly
from edge_agent.ingest.attachments import Fate
from edge_agent.ingest.settings import AssemblySettings


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def pieces(data: bytes, size: int) -> list[Chunk]:
    return [Chunk(at, len(data), data[at : at + size]) for at in range(0, len(data), size)]


@settings(max_examples=30, deadline=None)
@given(data=st.binary(min_size=1, max_size=3000), size=st.integers(1, 500), seed=st.integers(0, 99))
def test_chunks_in_any_order_and_twice_make_the_same_file(tmp_path_factory, data, size, seed):
    assembly = Assembly(tmp_path_factory.mktemp("a"), AssemblySettings(ranges=10_000))
    chunks = pieces(data, size) * 2
    random.Random(seed).shuffle(chunks)

    fates = [assembly.add("box", sha(data), chunk) for chunk in chunks]

    assert fates.count(Fate.COMPLETE) == 1
    assert assembly.path(sha(data)).read_bytes() == data


def test_what_is_missing_is_told_by_its_bytes(tmp_path):
    assembly = Assembly(tmp_path, AssemblySettings())
    data = bytes(1000)
    assembly.add("box", sha(data), Chunk(100, 1000, data[100:300]))
    assembly.add("box", sha(data), Chunk(800, 1000, data[800:]))

    assert assembly.missing("box", sha(data)) == ((0, 100), (300, 800))
    assert assembly.missing("box", "0" * 64) == ()


def test_bytes_that_are_not_what_their_name_says_are_dropped(tmp_path):
    assembly = Assembly(tmp_path, AssemblySettings())

    assert assembly.add("box", sha(b"right"), Chunk(0, 5, b"wrong")) is Fate.WRONG_DIGEST
    assert assembly.size(sha(b"right")) is None
    assert assembly.add("box", sha(b"right"), Chunk(0, 5, b"right")) is Fate.COMPLETE


def test_an_attachment_that_changes_its_size_starts_again(tmp_path):
    assembly = Assembly(tmp_path, AssemblySettings())
    data = b"0123456789"
    assembly.add("box", sha(data), Chunk(0, 99, b"01234"))

    assert assembly.add("box", sha(data), Chunk(0, 10, b"01234")) is Fate.CONTRADICTS
    assert assembly.add("box", sha(data), Chunk(0, 10, data)) is Fate.COMPLETE


def test_a_hostile_box_cannot_hold_more_than_its_share(tmp_path):
    limits = AssemblySettings(per_device_count=10, per_device_bytes=20_000, max_attachment_bytes=50_000)
    assembly = Assembly(tmp_path, limits)

    assert assembly.add("box", "f" * 64, Chunk(0, 1 << 39, b"x")) is Fate.TOO_LARGE
    for n in range(500):
        assembly.add("box", f"{n:064x}", Chunk(0, 50_000, bytes(5_000)))

    files = list((tmp_path / "partial").iterdir())
    assert len(files) <= 10
    assert sum(file.stat().st_size for file in files) <= 20_000
    assert assembly.evicted >= 490


def test_a_file_in_a_million_pieces_is_refused(tmp_path):
    assembly = Assembly(tmp_path, AssemblySettings(ranges=100))

    fates = [assembly.add("box", "0" * 64, Chunk(2 * n, 10_000, b"x")) for n in range(1000)]

    assert fates[99] is Fate.KEPT
    assert set(fates[100:]) == {Fate.FRAGMENTED}


def test_one_boxs_flood_does_not_touch_anothers_pieces(tmp_path):
    assembly = Assembly(tmp_path, AssemblySettings(per_device_count=2))
    data = bytes(range(200))
    assembly.add("honest", sha(data), Chunk(0, 200, data[:100]))
    for n in range(50):
        assembly.add("flood", f"{n:064x}", Chunk(0, 200, b"x"))

    assert assembly.add("honest", sha(data), Chunk(100, 200, data[100:])) is Fate.COMPLETE


@pytest.mark.parametrize("restart", [False, True])
def test_whole_files_outlive_a_restart_and_pieces_do_not(tmp_path, restart):
    assembly = Assembly(tmp_path, AssemblySettings())
    assembly.add("box", sha(b"whole"), Chunk(0, 5, b"whole"))
    assembly.add("box", sha(b"half"), Chunk(0, 4, b"ha"))

    if restart:
        assembly = Assembly(tmp_path, AssemblySettings())

    assert assembly.size(sha(b"whole")) == 5
    assert assembly.missing("box", sha(b"half")) == (() if restart else ((2, 4),))
