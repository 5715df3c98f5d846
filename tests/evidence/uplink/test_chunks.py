import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.evidence.uplink.chunks import (
    HEADER,
    MAX_TOTAL_BYTES,
    BadChunk,
    Chunk,
    add_range,
    body_limit,
    decode_chunk,
    encode_chunk,
    missing_ranges,
)

SPANS = st.tuples(st.integers(0, 60), st.integers(1, 12)).map(lambda span: (span[0], span[0] + span[1]))


@given(st.integers(0, 2**30), st.binary(min_size=1, max_size=300), st.integers(0, 2**20))
def test_what_is_cut_is_read_back(offset, body, more):
    chunk = Chunk(offset, offset + len(body) + more, body)

    assert decode_chunk(encode_chunk(chunk)) == chunk


@given(st.binary(max_size=200))
def test_any_bytes_are_a_chunk_or_refused_and_nothing_else(message):
    try:
        chunk = decode_chunk(message)
    except BadChunk:
        return
    assert encode_chunk(chunk) == message


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (b"", "more than"),
        (HEADER.pack(b"EAC1", 0, 10), "more than"),  # no body
        (HEADER.pack(b"EAC2", 0, 10) + b"x", "starts with"),
        (HEADER.pack(b"EAC1", 10, 10) + b"x", "beyond the total"),
        (HEADER.pack(b"EAC1", 2**64 - 1, 10) + b"x", "beyond the total"),
        (HEADER.pack(b"EAC1", 0, MAX_TOTAL_BYTES + 1) + b"x", "is beyond"),
    ],
)
def test_a_damaged_chunk_is_named(message, why):
    with pytest.raises(BadChunk, match=why):
        decode_chunk(message)


@given(st.lists(SPANS, max_size=30), st.integers(0, 20))
def test_ranges_say_the_same_as_a_set_of_bytes(spans, more):
    total = max((last for _, last in spans), default=0) + more
    ranges = []
    for span in spans:
        ranges = add_range(ranges, span)

    held = {byte for first, last in spans for byte in range(first, last)}
    assert {byte for first, last in ranges for byte in range(first, last)} == held
    assert all(earlier[1] < later[0] for earlier, later in itertools.pairwise(ranges))
    holes = {byte for first, last in missing_ranges(ranges, total) for byte in range(first, last)}
    assert holes == set(range(total)) - held


def test_a_chunk_leaves_room_for_the_packet_around_it():
    assert body_limit(96 * 1024, 128 * 1024) == 96 * 1024
    assert body_limit(96 * 1024, 64 * 1024) == 60 * 1024
    assert body_limit(96 * 1024, 100) == 1024  # never nothing
