"""When a picture was taken, told from packets that arrive more or less late."""

from __future__ import annotations

import numpy as np

from edge_agent.core.units import MS, Ns, S
from edge_agent.devices.camera.timeline import Timeline

TAKEN_AT_ZERO = 5_000 * S  # the box's clock when the stream's time line reads 0


def follow(timeline: Timeline, seconds: int, drift_ppm: int = 0, seed: int = 1) -> int:
    """Packets 25 times a second, 20 ms on the way and up to 150 ms more; returns the last `shown`."""
    rng = np.random.default_rng(seed)
    shown = 0
    for k in range(seconds * 25):
        shown = k * 40 * MS
        taken = TAKEN_AT_ZERO + shown + shown * drift_ppm // 1_000_000
        timeline.arrived(shown, Ns(taken + 20 * MS + int(rng.uniform(0, 150) * MS)))
    return shown


def test_nothing_is_known_before_the_first_packet():
    assert Timeline(0, 0).offset is None


def test_the_least_delayed_packet_tells_the_time_and_the_known_delay_is_taken_off():
    timeline = Timeline(20 * MS, 5 * MS)
    follow(timeline, 10)
    assert abs(timeline.offset - TAKEN_AT_ZERO) < 5 * MS


def test_a_burst_of_old_packets_at_the_start_does_not_last():
    timeline = Timeline(0, 0)
    for k in range(50):  # the camera sends what it had kept: all at once, up to two seconds old
        timeline.arrived(k * 40 * MS, Ns(TAKEN_AT_ZERO + 2 * S))
    assert timeline.offset - TAKEN_AT_ZERO < 60 * MS


def test_a_camera_clock_that_runs_fast_is_followed():
    timeline = Timeline(20 * MS, 0)
    shown = follow(timeline, 600, drift_ppm=100)
    true_offset = TAKEN_AT_ZERO + shown * 100 // 1_000_000
    assert abs(timeline.offset - true_offset) < 10 * MS


def test_late_packets_widen_the_stated_uncertainty():
    calm, wild = Timeline(0, 10 * MS), Timeline(0, 10 * MS)
    for k in range(200):
        calm.arrived(k * 40 * MS, Ns(k * 40 * MS))
    follow(wild, 8)
    assert calm.uncertainty == 10 * MS
    assert wild.uncertainty > 30 * MS


def test_a_file_paced_by_the_box_has_an_exact_time():
    timeline = Timeline(50 * MS, 50 * MS)
    timeline.fix(7 * S)
    timeline.arrived(0, Ns(99 * S))
    assert (timeline.offset, timeline.uncertainty) == (7 * S, 0)


def test_the_sender_s_clock_takes_the_delay_out_while_it_agrees_with_the_arrivals():
    timeline = Timeline(0, 60 * MS, sender_bound=500 * MS, sender_sd=30 * MS)
    shown = follow(timeline, 10)
    assert timeline.source == "arrival"
    timeline.reported(shown, Ns(TAKEN_AT_ZERO + shown - 3 * MS))
    assert (timeline.source, timeline.offset) == ("sender", TAKEN_AT_ZERO - 3 * MS)
    assert timeline.uncertainty == 30 * MS


def test_a_sender_s_clock_that_is_wrong_is_not_believed():
    timeline = Timeline(0, 60 * MS, sender_bound=500 * MS, sender_sd=30 * MS)
    shown = follow(timeline, 10)
    before = timeline.offset
    for wrong in (-3_600 * S, -600 * MS, 700 * MS, 8 * 3_600 * S):
        timeline.reported(shown, Ns(TAKEN_AT_ZERO + shown + wrong))
        assert (timeline.source, timeline.offset) == ("arrival", before)


def test_nothing_is_taken_after_it_came_and_a_clock_that_says_so_is_that_much_less_certain():
    timeline = Timeline(0, 60 * MS, sender_bound=500 * MS, sender_sd=30 * MS)
    timeline.arrived(0, Ns(TAKEN_AT_ZERO))
    timeline.reported(0, Ns(TAKEN_AT_ZERO + 100 * MS))
    assert timeline.offset == TAKEN_AT_ZERO
    assert timeline.uncertainty == 130 * MS
