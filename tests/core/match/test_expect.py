from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.match.expect import behind, expect, read_sd, widest_window
from edge_agent.core.match.offset import Offset
from edge_agent.core.match.settings import LaneMatchSettings, MatchSettings, Reference
from edge_agent.core.records import Flag, SpeedSource
from edge_agent.core.units import MS, MmPerS, Ns
from edge_agent.sim.matching_traffic import plain_crossing

LANE = LaneMatchSettings(lane="1", distance_mm=12_000)
EXACT = Offset(Ns(0), Ns(0))


def settings(**changed):
    return MatchSettings(lanes=(LANE,), **changed)


def lane(**changed):
    return LANE.model_copy(update=changed)


def test_the_front_plate_is_at_the_line_an_overhang_before_the_first_axle():
    found = expect(plain_crossing(first_axle_ms=1_000, speed=10_000), LANE, EXACT, settings())

    assert found.at == 1_000 * MS + 1_070 * MS  # (12 m - 1.3 m) / 10 m/s


def test_every_reference_shifts_the_prediction_by_its_own_length():
    truck = plain_crossing(first_axle_ms=0, speed=10_000, offsets_mm=(0, 3_800, 5_150))
    at = {r: expect(truck, lane(reference=r), EXACT, settings()).at // MS for r in Reference}

    assert at == {
        Reference.FRONT_BUMPER: 1_070,
        Reference.FIRST_AXLE: 1_200,
        Reference.LAST_AXLE: 1_715,
        Reference.REAR_BUMPER: 1_895,
    }


def test_the_error_budget_is_that_of_the_textbook():
    # 12 m at 20 km/h with 2 % of speed: 43 ms; clock 50 ms, camera 150 ms: 165 ms altogether.
    crossing = plain_crossing(speed=5_556)
    chosen = settings(clock_sd_ms=50, camera_sd_ms=150, acceleration_sd_mm_s2=0)
    found = expect(crossing, lane(reference=Reference.FIRST_AXLE), EXACT, chosen)

    assert abs(read_sd(found, Ns(0), chosen) - 164 * MS) < 2 * MS


def test_a_speed_that_is_worse_known_widens_the_window():
    measured = plain_crossing()
    inferred = replace(measured, speed_source=SpeedSource.INFERRED)
    unknown = replace(measured, speed=None, speed_sd=None, speed_source=SpeedSource.UNKNOWN)
    spreads = [expect(c, LANE, EXACT, settings()).variance for c in (measured, inferred, unknown)]

    assert spreads == sorted(spreads)
    assert len(set(spreads)) == 3


def test_braking_and_stopping_widen_the_window():
    steady = plain_crossing(speed=3_000)
    braking = replace(steady, acceleration=-1_500)
    stopped = replace(steady, flags=(Flag.STOP_ON_PAD,))

    assert (
        expect(braking, LANE, EXACT, settings()).variance > expect(steady, LANE, EXACT, settings()).variance
    )
    assert expect(stopped, LANE, EXACT, settings()).variance >= (1_000 * MS) ** 2


def test_spreads_that_proved_too_narrow_are_widened():
    crossing = plain_crossing()
    chosen = settings()
    plain = expect(crossing, LANE, EXACT, chosen)
    wide = expect(crossing, LANE, Offset(Ns(0), Ns(0), 2_000), chosen)

    assert read_sd(wide, Ns(0), chosen) > 1.5 * read_sd(plain, Ns(0), chosen)


def test_a_read_that_says_its_time_is_bad_is_taken_at_its_word():
    chosen = settings()
    found = expect(plain_crossing(), LANE, EXACT, chosen)

    assert read_sd(found, Ns(700 * MS), chosen) > 690 * MS


@given(
    speed=st.one_of(st.none(), st.integers(-5, 60_000)),
    sd=st.one_of(st.none(), st.integers(0, 60_000)),
    acceleration=st.one_of(st.none(), st.integers(-20_000, 20_000)),
    source=st.sampled_from(SpeedSource),
    at_sd=st.integers(0, 10**12),
    distance=st.integers(-100_000, 200_000),
    reference=st.sampled_from(Reference),
)
def test_no_crossing_is_expected_over_a_window_wider_than_the_widest(
    speed, sd, acceleration, source, at_sd, distance, reference
):
    crossing = replace(
        plain_crossing(),
        speed=None if speed is None else MmPerS(speed),
        speed_sd=None if sd is None else MmPerS(sd),
        acceleration=acceleration,
        speed_source=source,
    )
    chosen = settings()
    prior = Offset(Ns(0), Ns(150 * MS))
    found = expect(crossing, lane(distance_mm=distance, reference=reference), prior, chosen)

    assert chosen.window_sigmas * read_sd(found, Ns(at_sd), chosen) <= widest_window(chosen)


def test_a_fast_vehicle_behind_a_slow_one_is_expected_after_it():
    slow = plain_crossing(number=1, first_axle_ms=1_000, speed=5_000)
    fast = plain_crossing(number=2, first_axle_ms=2_500, speed=15_000)
    ahead = expect(slow, LANE, EXACT, settings())
    alone = expect(fast, LANE, EXACT, settings())
    held = behind(alone, fast, (ahead, slow), settings())

    assert alone.at < ahead.at + 1_030 * MS  # it would drive through the leader's load bed
    assert held.at == ahead.at + 1_030 * MS + 300 * MS
    assert held.variance > alone.variance


def test_a_vehicle_with_a_free_road_is_not_held_up():
    first = plain_crossing(number=1, first_axle_ms=1_000)
    second = plain_crossing(number=2, first_axle_ms=9_000)
    alone = expect(second, LANE, EXACT, settings())

    assert behind(alone, second, (expect(first, LANE, EXACT, settings()), first), settings()) == alone
