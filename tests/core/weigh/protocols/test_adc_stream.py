"""The converter's stream, held to the page that documents it."""

from __future__ import annotations

import re
import time
import zlib
from pathlib import Path

import numpy as np
import pytest

from edge_agent.core.units import MS, Ns, S
from edge_agent.core.weigh.protocols import make_decoder
from edge_agent.core.weigh.protocols.settings import AdcSettings
from edge_agent.core.weigh.samples import BAD_OVERLOAD, INFO_GAP, ProtocolFault, Samples, Unit
from edge_agent.sim.encoders.adc import AdcEncoder

PAGE = Path(__file__).parents[4] / "docs" / "protocols" / "adc-stream.md"
TWO = AdcSettings(channels=2, samples_per_frame=3)


def block(rows: int, channels: int = 2, start: int = 0) -> np.ndarray:
    return np.arange(start, start + rows * channels, dtype=np.int64).reshape(rows, channels)


def encode(encoder: AdcEncoder, values: np.ndarray, status: int = 0, inputs: int = 0) -> bytes:
    bits = np.full(values.shape, status, dtype=np.uint8)
    return encoder.encode(0, values, bits, np.full(len(values), inputs, dtype=np.int64))


def split(out: tuple) -> tuple[list[Samples], list[str]]:
    samples = [b for b in out if isinstance(b, Samples)]
    return samples, [f.detail for f in out if isinstance(f, ProtocolFault)]


def test_the_golden_frame_of_the_page_means_what_the_page_says():
    listing = re.search(r"```hex\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert listing is not None
    golden = bytes.fromhex(re.sub(r"#.*", "", listing[1]))
    encoder = AdcEncoder(TWO, sequence=7)
    values = np.array([[1, -1], [1_000_000, -2], [2**31 - 1, -3]])
    status = np.zeros((3, 2), dtype=np.uint8)
    status[2, 0] = BAD_OVERLOAD

    assert encoder.encode(0, values, status, np.array([0, 5, 0])) == golden
    [[samples], faults] = split(make_decoder(TWO).feed(Ns(S), golden))
    assert faults == []
    assert samples.values.tolist() == values.tolist()
    assert samples.status.tolist() == [[BAD_OVERLOAD, 0]] * 3
    assert samples.inputs.tolist() == [5, 5, 5]
    assert samples.at.tolist() == [S - 2 * MS, S - MS, S]
    assert samples.unit is Unit.COUNTS


def test_samples_wait_until_their_frame_is_full():
    encoder = AdcEncoder(TWO)

    assert encode(encoder, block(2)) == b""
    assert len(encode(encoder, block(2, start=4))) == 20 + 4 * 6 + 4


def test_lost_frames_are_marked_with_the_right_length():
    encoder, decoder = AdcEncoder(TWO), make_decoder(TWO)
    first = encode(encoder, block(3))
    encoder.skip_frame()
    encoder.skip_frame()
    [[samples], faults] = split(decoder.feed(Ns(S), first + encode(encoder, block(3))))

    assert faults == []
    assert (samples.status & INFO_GAP).any(axis=1).tolist() == [False, False, False, True, False, False]
    assert samples.at[3] - samples.at[2] == 7 * MS
    assert (decoder.counters.gaps, decoder.counters.gap_ms_max) == (1, 6)


def test_the_sequence_number_may_wrap():
    encoder, decoder = AdcEncoder(TWO, sequence=2**32 - 1), make_decoder(TWO)

    decoder.feed(Ns(S), encode(encoder, block(6)))

    assert decoder.counters.gaps == 0
    assert decoder.counters.frames == 2


def test_a_frame_sent_twice_is_used_once():
    encoder, decoder = AdcEncoder(TWO), make_decoder(TWO)
    frame = encode(encoder, block(3))

    [[samples], faults] = split(decoder.feed(Ns(S), frame + frame))

    assert len(samples.at) == 3
    assert faults == ["a frame was sent twice"]


def test_a_converter_that_restarted_is_told():
    decoder = make_decoder(TWO)
    decoder.feed(Ns(S), encode(AdcEncoder(TWO, sequence=5_000_000), block(3)))

    [[samples], faults] = split(decoder.feed(Ns(2 * S), encode(AdcEncoder(TWO), block(3))))

    assert faults == ["the instrument's sequence started afresh"]
    assert samples.status[0, 0] & INFO_GAP
    assert samples.at[-1] == 2 * S


def test_samples_that_the_converter_itself_dropped_are_a_gap():
    encoder, decoder = AdcEncoder(TWO), make_decoder(TWO)
    decoder.feed(Ns(S), encode(encoder, block(3)))
    frame = bytearray(encode(encoder, block(3)))
    frame[18] = 1
    frame[-4:] = zlib.crc32(frame[:-4]).to_bytes(4, "little")

    [[samples], faults] = split(decoder.feed(Ns(S + 3 * MS), bytes(frame)))

    assert faults == ["the instrument lost samples of its own"]
    assert samples.status[0].tolist() == [INFO_GAP, INFO_GAP]
    assert decoder.counters.gaps == 1


@pytest.mark.parametrize(
    "other",
    [
        AdcSettings(channels=3, samples_per_frame=3),
        AdcSettings(channels=2, samples_per_frame=2),
        AdcSettings(channels=2, samples_per_frame=3, period_ns=2 * MS),
    ],
)
def test_a_layout_that_is_not_the_configured_one_gives_no_samples(other):
    data = encode(AdcEncoder(other), block(60, other.channels))

    samples, faults = split(make_decoder(TWO).feed(Ns(S), data))

    assert samples == []
    assert faults[0] == "channels, samples or period are not as configured"


def test_counts_beyond_32_bits_are_saturated():
    settings = AdcSettings(channels=1, samples_per_frame=1)
    data = AdcEncoder(settings).encode(
        0, np.array([[2**40]]), np.zeros((1, 1), dtype=np.uint8), np.zeros(1, dtype=np.int64)
    )

    [[samples], _] = split(make_decoder(settings).feed(Ns(S), data))

    assert samples.status.tolist() == [[BAD_OVERLOAD]]


@pytest.mark.slow
def test_eight_channels_at_a_kilohertz_decode_a_hundred_times_faster_than_they_come():
    settings = AdcSettings(channels=8)
    data = encode(AdcEncoder(settings), block(20_000, 8))
    read = len(data) // 1_000  # a read every 20 ms
    decoder = make_decoder(settings)

    began = time.process_time()
    for i in range(1_000):
        decoder.feed(Ns(S + i * 20 * MS), data[i * read : (i + 1) * read])
    used = time.process_time() - began

    assert decoder.counters.frames == 1_000
    assert 20 / used > 100
