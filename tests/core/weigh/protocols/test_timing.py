"""When a frame was measured, though it is read late, in bursts, or not at all."""

from __future__ import annotations

import random

import numpy as np
import pytest

from edge_agent.core.units import MS, Ns, S
from edge_agent.core.weigh.protocols import make_decoder
from edge_agent.core.weigh.protocols.settings import AdcSettings, YaohuaA9Settings
from edge_agent.core.weigh.protocols.timing import SampleClock, gap_after
from edge_agent.core.weigh.samples import INFO_GAP, Samples
from edge_agent.sim.encoders import make_encoder

FRAME = bytes.fromhex("02 2B 30 30 32 30 30 30 32 31 42 03")
BAD_FRAME = bytes.fromhex("02 2B 30 30 32 30 30 30 32 31 43 03")
EIGHTY_HZ = 12_500_000


def clock(period: int = EIGHTY_HZ) -> SampleClock:
    return SampleClock(period, gap_after(period, 0))


def reads(clock: SampleClock, raw: list[list[int]]) -> tuple[np.ndarray, list[int]]:
    """Times of all frames, and the gaps told, where each inner list is one read."""
    placed = [clock.place(np.array(r), np.ones(len(r), dtype=np.int64)) for r in raw]
    return np.concatenate([at for at, _ in placed]), [gap for _, gap in placed if gap]


def test_frames_of_a_steady_instrument_come_out_evenly_though_the_reads_jitter():
    rng = random.Random(3)
    true = [S + i * EIGHTY_HZ for i in range(2_000)]

    at, gaps = reads(clock(), [[t + rng.randint(0, 16 * MS)] for t in true])

    error = (at - np.array(true))[320:]
    assert gaps == []
    assert np.ptp(error) < 1 * MS  # of 16 ms that the reads spread
    assert abs(np.diff(at)[320:] - EIGHTY_HZ).max() < 500_000


def test_a_stalled_reader_does_not_squeeze_the_backlog_together():
    true = [S + i * EIGHTY_HZ for i in range(300)]
    on_time = [[t] for t in true[:200]]
    backlog = [[true[259]] * 60]  # 0.75 s of frames in one read

    at, gaps = reads(clock(), on_time + backlog + [[t] for t in true[260:]])

    assert gaps == []
    assert abs(at - np.array(true)).max() < 1 * MS


def test_after_a_gap_the_clock_starts_afresh():
    before = [S + i * EIGHTY_HZ for i in range(100)]
    after = [t + 5 * S + 7 * MS for t in before]

    at, gaps = reads(clock(), [[t] for t in before + after])

    assert at.tolist() == before + after
    assert [gap // MS for gap in gaps] == [5_000 + 7 - 99 * EIGHTY_HZ // MS - 13]


@pytest.mark.parametrize("slower_ppm", [-5_000, -200, 200, 5_000])
def test_an_instrument_that_is_not_quite_nominal_is_followed(slower_ppm):
    period = EIGHTY_HZ + EIGHTY_HZ * slower_ppm // 1_000_000
    true = [S + i * period for i in range(4_000)]
    rng = random.Random(5)

    at, gaps = reads(clock(), [[t + rng.randint(0, 2 * MS)] for t in true])

    assert gaps == []
    error = (at - np.array(true))[1_000:]
    assert (error.min() > -500_000, error.max() < 1 * MS) == (True, True)


def test_frames_lost_without_a_trace_are_noticed_within_a_few_frames():
    period = 50 * MS
    true = [S + i * period for i in range(40)]
    del true[20:22]  # shorter than a gap

    at, gaps = reads(SampleClock(period, gap_after(period, 0)), [[t] for t in true])

    assert gaps == [pytest.approx(2 * period, abs=10 * MS)]
    assert abs(at - np.array(true))[30:].max() < 5 * MS


def test_without_a_nominal_rate_the_raw_times_are_kept():
    raw = [S, S + 13 * MS, S + 11 * MS, S + 700 * MS]

    at, gaps = reads(SampleClock(0, gap_after(0, 0)), [[t] for t in raw])

    assert at.tolist() == [S, S + 13 * MS, S + 13 * MS, S + 700 * MS]
    assert len(gaps) == 1


def a9_times(chunks: list[tuple[int, bytes]], char_ns: int = 0) -> tuple[list[int], list[int]]:
    decoder = make_decoder(YaohuaA9Settings(frame_rate_mhz=80_000), char_ns=char_ns)
    at: list[int] = []
    status: list[int] = []
    for time, data in chunks:
        for block in decoder.feed(Ns(time), data):
            if isinstance(block, Samples):
                at += block.at.tolist()
                status += block.status[:, 0].tolist()
    return at, status


def test_a_frame_with_a_bad_checksum_leaves_a_hole_of_its_own_length():
    frames = [FRAME] * 20
    frames[10] = BAD_FRAME

    at, status = a9_times([(S + i * EIGHTY_HZ, frame) for i, frame in enumerate(frames)])

    assert at == [S + i * EIGHTY_HZ for i in range(20) if i != 10]
    assert [i for i, bits in enumerate(status) if bits & INFO_GAP] == [10]


def test_frames_are_back_dated_by_their_time_on_the_line():
    char_ns = 1_041_666  # 9600 baud

    at, _ = a9_times([(S, FRAME)], char_ns)

    assert at == [S - 12 * char_ns]


def test_two_frames_in_one_read_are_a_period_apart():
    at, _ = a9_times([(S, FRAME * 2)])

    assert at[1] - at[0] == EIGHTY_HZ


def test_half_a_frame_waits_for_the_other_half_and_is_dropped_after_a_silence():
    decoder = make_decoder(YaohuaA9Settings())

    assert decoder.feed(Ns(S), FRAME[:6]) == ()
    [told] = decoder.feed(Ns(2 * S), FRAME[6:])

    assert told.detail == "a frame was cut off by silence"
    assert decoder.counters.frames == 0


def test_the_adc_stream_is_timed_by_its_sequence_numbers():
    settings = AdcSettings(channels=2, samples_per_frame=10, period_ns=MS)
    encoder, decoder = make_encoder(settings), make_decoder(settings)
    rng = random.Random(7)
    at: list[int] = []
    for i in range(400):
        rows = np.full((10, 2), i)
        data = encoder.encode(0, rows, np.zeros((10, 2), dtype=np.uint8), np.zeros(10, dtype=np.int64))
        taken = S + (10 * i + 9) * MS  # when the last sample was taken
        if not 200 <= i < 203:  # three frames are lost on the line
            for block in decoder.feed(Ns(taken + rng.randint(0, 20 * MS)), data):
                assert isinstance(block, Samples)
                at += block.at.tolist()
    expected = [S + i * MS for i in range(4_000) if not 2_000 <= i < 2_030]

    error = np.array(at) - np.array(expected)
    assert np.ptp(error[2_000:]) < 2 * MS
    assert decoder.counters.gaps == 1
    assert decoder.counters.gap_ms_max == 30
