"""The zero follows the empty scale and nothing else."""

import numpy as np

from edge_agent.core.units import MS, Ns, S
from edge_agent.core.weigh.settings import ZeroSettings
from edge_agent.core.weigh.zero import BIN_NS, ZeroEvent, ZeroTracker

ON_G = 250_000


def a_tracker(**settings) -> ZeroTracker:
    return ZeroTracker(1, ZeroSettings(**settings), ON_G)


def idle(
    tracker: ZeroTracker, start_s: float, end_s: float, level_g: int, *, noise_g=0, hum_g=0
) -> list[ZeroEvent]:
    """1 kHz samples of an empty scale, a bin at a time."""
    rng = np.random.default_rng(0)
    events = []
    for start in range(round(start_s * S), round(end_s * S), BIN_NS):
        at = np.arange(start, start + BIN_NS, MS, dtype=np.int64)
        grams = level_g + noise_g * rng.standard_normal(at.size) + hum_g * np.sin(2 * np.pi * 50 * at / 1e9)
        event = tracker.add(at, np.rint(grams).astype(np.int64)[:, None])
        events += [event] if event else []
    return events


def level(tracker: ZeroTracker) -> int:
    assert tracker.level is not None
    return int(tracker.level[0])


def test_there_is_no_zero_before_a_second_has_been_seen():
    tracker = a_tracker()

    idle(tracker, 0, 1.0, 7_000)
    assert tracker.level is None

    idle(tracker, 1.0, 2.0, 7_000)
    assert level(tracker) == 7_000


def test_noise_and_mains_hum_do_not_move_the_zero():
    tracker = a_tracker()

    idle(tracker, 0, 10, 5_000, noise_g=20_000, hum_g=100_000)

    assert abs(level(tracker) - 5_000) < 2_000


def test_a_step_is_followed_after_half_the_window():
    tracker = a_tracker(window_s=20)
    idle(tracker, 0, 30, 0)

    idle(tracker, 30, 39, 40_000)
    assert level(tracker) == 0

    idle(tracker, 39, 42, 40_000)
    assert level(tracker) == 40_000


def test_samples_just_before_and_after_a_vehicle_do_not_count():
    tracker = a_tracker(window_s=2, guard_ms=300, settle_ms=500)
    idle(tracker, 0, 3, 0)

    idle(tracker, 3, 3.3, 90_000)  # the tyre is on the ramp already
    tracker.freeze()
    tracker.thaw(Ns(6 * S))
    idle(tracker, 6, 6.5, -90_000)  # the pad swings back
    idle(tracker, 6.5, 10, 0)

    assert level(tracker) == 0
    assert not tracker.suspect(Ns(10 * S))


def test_an_empty_scale_that_reads_off_zero_makes_weights_suspect_until_it_has_been_followed():
    tracker = a_tracker(window_s=20, suspect_g=50_000)
    idle(tracker, 0, 25, 0)

    assert idle(tracker, 25, 30, 100_000) == [ZeroEvent.SUSPECT]
    assert tracker.suspect(Ns(30 * S))

    assert idle(tracker, 30, 60, 100_000) == [ZeroEvent.RECOVERED]
    assert not tracker.suspect(Ns(60 * S))


def test_a_zero_that_was_taken_under_load_is_dropped_when_the_load_leaves():
    tracker = a_tracker()
    idle(tracker, 0, 10, 3_000_000)  # a lorry stood there at power-up

    assert ZeroEvent.BELOW in idle(tracker, 10, 15, 0)
    assert level(tracker) == 0
    assert tracker.suspect(Ns(15 * S))


def test_a_zero_not_seen_for_long_or_far_from_the_calibrated_one_is_suspect():
    tracker = a_tracker(max_age_s=300, range_g=5_000_000)
    idle(tracker, 0, 10, 0)
    assert not tracker.suspect(Ns(300 * S))
    assert tracker.suspect(Ns(320 * S))

    far = a_tracker(range_g=5_000_000)
    idle(far, 0, 10, 6_000_000)
    assert far.suspect(Ns(10 * S))


def test_noise_is_known_from_the_empty_scale():
    tracker = a_tracker()

    idle(tracker, 0, 10, 0, noise_g=20_000)

    assert 18_000 < tracker.noise < 22_000
