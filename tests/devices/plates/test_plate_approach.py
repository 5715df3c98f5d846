from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edge_agent.core.records import Detection
from edge_agent.core.units import MS
from edge_agent.devices.plate_reader.approach import Approach, approaches, at_line

LINE = ((200, 600), (800, 600))


def box(foot, left=300, label="truck", role="evidence", in_lane=True):
    return Detection(label, role, 900, left, foot - 400, left + 300, foot, in_lane)


def moving(times_ms, foot_of, **look):
    return [(t * MS, [box(foot_of(t), **look)]) for t in times_ms]


def test_the_time_lies_between_the_pictures_on_both_sides_of_the_line():
    [vehicle] = approaches(moving((0, 100, 200, 300), lambda t: 500 + t // 2))

    crossed = at_line(vehicle, LINE)

    assert crossed.at == 200 * MS
    assert crossed.direction == "approaching"
    assert crossed.in_lane
    assert crossed.sd == 10 * MS


def test_a_vehicle_that_drives_away_crosses_upwards():
    [vehicle] = approaches(moving((0, 100, 200), lambda t: 650 - t // 2))

    crossed = at_line(vehicle, LINE)

    assert (crossed.at, crossed.direction) == (100 * MS, "leaving")


def test_a_slanted_line_is_met_where_the_foot_is():
    [vehicle] = approaches(moving((0, 100, 200), lambda t: 500 + t, left=300))

    # At the box's middle, u = 450, the line is at 500 + (450 - 200) / 600 * 200 = 583.
    assert abs(at_line(vehicle, ((200, 500), (800, 700))).at - 83 * MS) < 1 * MS


def test_two_vehicles_behind_each_other_stay_two():
    pictures = [(t * MS, [box(500 + t // 2), box(900 + t // 5, left=350)]) for t in (0, 100, 200)]

    assert [len(vehicle.seen) for vehicle in approaches(pictures)] == [3, 3]


def test_a_vehicle_that_was_not_seen_for_long_is_another():
    pictures = [(0, [box(500)]), (100 * MS, []), (700 * MS, [box(510)])]

    assert [len(vehicle.seen) for vehicle in approaches(pictures)] == [1, 1]


def test_only_what_the_model_calls_a_vehicle_counts():
    assert approaches([(0, [box(500, label="person", role="context")])]) == []


def test_who_was_not_seen_on_both_sides_of_the_line_was_not_on_it():
    [coming] = approaches(moving((0, 100, 200), lambda t: 400 + t // 2))
    [standing] = approaches(moving((0, 100, 200, 300), lambda _t: 590))
    [once] = approaches([(50 * MS, [box(500)])])

    assert at_line(coming, LINE) is at_line(standing, LINE) is at_line(once, LINE) is None


def test_a_foot_at_the_pictures_edge_is_not_seen():
    [vehicle] = approaches(moving((0, 100, 200, 300), lambda t: min(1000, 700 + 2 * t)))

    assert at_line(vehicle, ((200, 995), (800, 995))) is None


def test_the_lane_counts_where_the_line_is_crossed():
    boxes = [(0, box(450)), (100 * MS, box(550, in_lane=False)), (200 * MS, box(650, in_lane=False))]
    [vehicle] = approaches([(at, [one]) for at, one in boxes])

    assert not at_line(vehicle, LINE).in_lane


def test_its_name_is_what_it_was_called_most():
    vehicle = Approach([(0, box(500, label="car")), (1, box(510)), (2, box(520))])

    assert vehicle.label == "truck"


@settings(deadline=None)
@given(
    st.integers(-300, 300),
    st.integers(1, 8),
    st.lists(st.integers(0, 40), min_size=3, max_size=12, unique=True).map(sorted),
)
def test_a_steady_vehicle_is_timed_to_a_few_milliseconds(shift, pace, ticks):
    """`pace` permille every 10 ms; the truth is where the foot really is on the line."""
    pictures = [
        (t * 25 * MS, [box(foot)]) for t in ticks if 400 < (foot := 600 + shift + pace * t * 5 // 2) < 990
    ]
    found = approaches(pictures)
    assume(len(found) == 1)
    crossed = at_line(found[0], LINE)
    truth = -shift * 10 * MS // pace

    if crossed is not None:
        assert abs(crossed.at - truth) <= 3 * crossed.sd + 10 * MS
