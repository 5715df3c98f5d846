"""What holds for every protocol, whatever the line does to the bytes."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from edge_agent.core.units import MS, Ns, S
from edge_agent.core.weigh.protocols import Decoder, ProtocolSettings, make_decoder
from edge_agent.core.weigh.samples import BAD, BAD_OVERLOAD, INFO_GAP, INFO_MOTION, Samples
from edge_agent.sim.encoders import make_encoder

SETTINGS: TypeAdapter[Any] = TypeAdapter(ProtocolSettings)
SEED = 20_240_517


class Case(NamedTuple):
    """A protocol in one of its forms."""

    name: str
    settings: dict[str, Any]
    checksum: bool = False  # every single-bit flip is caught
    overload: bool = False  # the form can say overload
    motion: bool = False  # the form can say motion
    decimals: int = 0
    most_kg: int = 99_999
    warm_up: int = 0  # good frames that are needed before the first is read


CASES = [
    Case("a9", {"kind": "yaohua_a9"}, checksum=True),
    Case("a9 hundredths", {"kind": "yaohua_a9"}, checksum=True, decimals=2, most_kg=9_999),
    Case("a12", {"kind": "yaohua_a12"}, checksum=True, overload=True),
    Case("a12 point", {"kind": "yaohua_a12"}, checksum=True, overload=True, decimals=1, most_kg=9_999),
    Case("a12 text", {"kind": "yaohua_a12", "form": "text"}, decimals=1, most_kg=9_999),
    Case("eq forward", {"kind": "yaohua_eq", "direction": "forward"}),
    Case("eq reversed", {"kind": "yaohua_eq", "direction": "reversed"}, decimals=1, most_kg=9_999),
    Case("cmd", {"kind": "yaohua_cmd"}, checksum=True),
    Case("toledo 18", {"kind": "toledo_cont"}, checksum=True, overload=True, motion=True),
    Case(
        "toledo 17",
        {"kind": "toledo_cont", "length": 17},
        overload=True,
        motion=True,
        decimals=1,
        most_kg=9_999,
    ),
    Case("toledo 12", {"kind": "toledo_cont", "length": 12}, checksum=True, overload=True, motion=True),
    Case("toledo 11", {"kind": "toledo_cont", "length": 11}, overload=True, motion=True),
    Case("toledo 7e1", {"kind": "toledo_cont", "strip_bit7": True}, overload=True, motion=True),
    Case("stgs", {"kind": "ascii_stgs"}, overload=True, motion=True),
    Case("stgs address", {"kind": "ascii_stgs", "address": "07"}, overload=True, motion=True, decimals=1),
    Case(
        "stgs short",
        {"kind": "ascii_stgs", "second_header": False, "number_chars": 9},
        overload=True,
        motion=True,
    ),
    Case("cas22", {"kind": "cas22"}, overload=True, motion=True, decimals=2),
    Case("rinstrum", {"kind": "rinstrum"}, overload=True, motion=True, decimals=1),
    Case("laumas fast", {"kind": "laumas_fast"}, warm_up=1),
    Case("hbm 0", {"kind": "hbm_aed", "format": 0}, most_kg=8_000, warm_up=4),
    Case("hbm 2", {"kind": "hbm_aed", "format": 2}, most_kg=32, warm_up=4),
    Case("hbm 6", {"kind": "hbm_aed", "format": 6}, most_kg=32, warm_up=4),
    Case("hbm 8", {"kind": "hbm_aed", "status_overload_mask": 4}, overload=True, most_kg=8_000, warm_up=4),
    Case(
        "hbm 12",
        {"kind": "hbm_aed", "format": 12, "status_overload_mask": 4},
        overload=True,
        most_kg=8_000,
        warm_up=4,
    ),
    Case("adc", {"kind": "adc", "channels": 1, "samples_per_frame": 1}, checksum=True, overload=True),
]
ALL = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


def decoder(case: Case) -> Decoder:
    return make_decoder(SETTINGS.validate_python(case.settings))


def frames(case: Case, rows: list[tuple[int, int]]) -> list[bytes]:
    """Each (value, status) as the instrument sends it."""
    encoder = make_encoder(SETTINGS.validate_python(case.settings), decimals=case.decimals)
    return [
        encoder.encode(
            0, np.array([[value]]), np.array([[bits]], dtype=np.uint8), np.zeros(1, dtype=np.int64)
        )
        for value, bits in rows
    ]


def decode(line: Decoder, chunks: list[bytes]) -> list[tuple[int, int]]:
    """(value, status) of every sample; the value is 0 where there is none."""
    rows: list[tuple[int, int]] = []
    for i, chunk in enumerate(chunks):
        for block in line.feed(Ns(S + i * MS), chunk):
            if isinstance(block, Samples):
                rows += zip(block.values[:, 0].tolist(), block.status[:, 0].tolist(), strict=True)
    return [(0 if bits & BAD else value, bits) for value, bits in rows]


def shown(case: Case, kilograms: int) -> int:
    """A weight in the unit of the samples that the form can show exactly."""
    if case.settings["kind"] in ("hbm_aed", "adc"):
        return kilograms * 1_000 if case.most_kg > 1_000 else kilograms * 1_000 + 7
    return kilograms * 1_000


def some_rows(case: Case, seed: int, count: int) -> list[tuple[int, int]]:
    rng = random.Random(seed)
    rows = []
    for _ in range(count):
        bits = 0
        if case.overload and rng.random() < 0.2:
            bits = BAD_OVERLOAD
        elif case.motion and rng.random() < 0.5:
            bits = INFO_MOTION
        rows.append((shown(case, rng.randint(-min(case.most_kg, 999), case.most_kg)), bits))
    return rows


def same(case: Case, rows: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """What of the rows a form can carry."""
    asked = BAD | (INFO_MOTION if case.motion else 0)
    return [(0 if bits & BAD else value, bits & asked) for value, bits in rows]


@ALL
def test_what_an_instrument_sends_is_what_the_scale_gets(case):
    rows = some_rows(case, SEED, 200)
    lead = [(shown(case, 1), 0), (shown(case, 2), 0), (shown(case, 3), 0), (shown(case, 4), 0)]

    got = decode(decoder(case), frames(case, lead + rows))

    assert same(case, got)[-len(rows) :] == same(case, rows)
    assert len(got) >= len(rows) + len(lead) - (1 if case.name == "laumas fast" else 0)


@ALL
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_bytes_may_be_split_anywhere(case, data):
    sent = frames(case, some_rows(case, data.draw(st.integers(0, 99)), 12))
    damage = st.sampled_from(["whole", "whole", "whole", "cut", "noise", "zeros", "glued"])
    stream = b""
    for frame in sent:
        kind = data.draw(damage)
        cut = data.draw(st.integers(0, len(frame)))
        if kind == "cut":
            frame = frame[:cut]
        stream += {"noise": data.draw(st.binary(max_size=9)), "zeros": b"\0" * 5, "glued": frame[cut:]}.get(
            kind, b""
        )
        stream += frame
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    whole, split = decoder(case), decoder(case)

    assert decode(split, chunks) == decode(whole, [stream])
    assert split.counters == whole.counters


@ALL
def test_noise_zeros_and_pieces_between_frames_cost_at_most_their_neighbours(case):
    rng = random.Random(SEED)
    rows = [(shown(case, 10 + i % 20), 0) for i in range(200)]
    stream: list[bytes] = []
    for i, frame in enumerate(frames(case, rows)):
        if i % 20 == 10:
            stream.append([rng.randbytes(7), b"\0" * 9, frame[: len(frame) // 2], frame[1:]][i // 20 % 4])
        stream.append(frame)

    got = [value for value, bits in decode(decoder(case), stream) if not bits & BAD]

    # The ten damages may cost a frame or two each, and a glued half frame may show one twice.
    assert len(rows) - 25 - case.warm_up <= len(got) <= len(rows) + 5
    assert set(got) <= {value for value, _ in rows}


@pytest.mark.parametrize("case", [c for c in CASES if c.checksum], ids=[c.name for c in CASES if c.checksum])
def test_every_single_bit_flip_is_caught_where_there_is_a_checksum(case):
    rows = [*some_rows(case, SEED, 6), (0, BAD_OVERLOAD if case.overload else 0)]
    before, after = (shown(case, 11), 0), (shown(case, 12), 0)
    expected = same(case, [before, after])
    for row in rows:
        first, frame, last = frames(case, [before, row, after])
        for bit in range(8 * len(frame)):
            flipped = bytearray(frame)
            flipped[bit // 8] ^= 1 << bit % 8
            got = decode(decoder(case), [first + bytes(flipped) + last])
            assert same(case, got) == expected, (case.name, row, bit)


def test_parity_bits_are_the_only_flips_that_a_stripped_line_does_not_see():
    case = next(c for c in CASES if c.name == "toledo 7e1")
    [frame] = frames(case, [(20_000_000, 0)])
    passed = []
    for bit in range(8 * len(frame)):
        flipped = bytearray(frame)
        flipped[bit // 8] ^= 1 << bit % 8
        passed += [bit] * bool(decode(decoder(case), [bytes(flipped)]))

    assert passed == [8 * i + 7 for i in range(len(frame))]


# A frame of random bytes is believed with this probability a byte, at most. The worst form is
# Toledo without a checksum, whose out-of-range bit needs no digits; it then says "no value".
RANDOM_BYTES = 1_000_000
FALSE_FRAMES_PER_BYTE = 1e-4


@ALL
def test_a_million_random_bytes_never_raise_and_are_hardly_ever_a_frame(case):
    rng = random.Random(SEED)
    line = decoder(case)
    believed = 0
    for i in range(RANDOM_BYTES // 4_000):
        believed += len(decode(line, [rng.randbytes(4_000)]))
        assert line.counters.frames == believed, i
        assert len(line._tail) <= 32  # it keeps no more than a frame or the search for one needs

    assert believed <= FALSE_FRAMES_PER_BYTE * RANDOM_BYTES
    assert line.counters.resync_bytes > RANDOM_BYTES * 0.9


@ALL
def test_noise_out_of_the_frames_own_bytes_never_raises(case):
    rng = random.Random(SEED)
    alphabet = b"".join(frames(case, some_rows(case, SEED, 4)))
    line = decoder(case)
    for _ in range(20):
        decode(line, [bytes(rng.choices(alphabet, k=2_000))])

    assert line.counters.resync_bytes + line.counters.bad_frame > 0


@ALL
@settings(max_examples=20, deadline=None)
@given(times=st.lists(st.integers(-2 * S, 20 * S), min_size=2, max_size=12))
def test_sample_times_never_decrease_whatever_the_clock_does(case, times):
    line = make_decoder(SETTINGS.validate_python(case.settings), char_ns=1_041_666)
    sent = frames(case, [(shown(case, 5), 0)] * 5 * len(times))
    got: list[int] = []
    for i, at in enumerate(times):
        for block in line.feed(Ns(30 * S + at), b"".join(sent[5 * i : 5 * i + 5])):
            if isinstance(block, Samples):
                got += block.at.tolist()

    assert got == sorted(got)


@ALL
def test_a_frame_lost_on_the_line_is_marked_and_counted(case):
    sent = frames(case, [(shown(case, 10 + i), 0) for i in range(20)])
    del sent[10]
    torn = sent[10][1:]  # the first byte is gone: the frame cannot be read
    line = decoder(case)

    got = decode(line, [*sent[:10], torn, *sent[11:]])

    assert sum(bool(bits & INFO_GAP) for _, bits in got) == 1
    assert line.counters.gaps == 1


@ALL
def test_half_a_frame_before_a_silence_does_not_meet_half_a_frame_after(case):
    sent = frames(case, [(shown(case, 10 + i), 0) for i in range(12)])
    line = decoder(case)
    rows = decode(line, [b"".join(sent[:6]) + sent[6][: len(sent[6]) // 2]])
    line.reset()

    rows += decode(line, [sent[7][len(sent[7]) // 2 :] + b"".join(sent[8:])])

    expected = [(shown(case, 10 + i), 0) for i in [*range(6), *range(8, 12)]]
    assert {value for value, _ in rows} <= {value for value, _ in expected}
    assert len(rows) >= len(expected) - case.warm_up - 1
