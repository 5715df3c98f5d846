"""What must hold whatever happens."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from edge_agent.bench.match import drive, site_settings, stretch
from edge_agent.core.decisions import Fault
from edge_agent.core.match.assign import marginals
from edge_agent.core.match.matcher import Matcher
from edge_agent.core.match.settings import LaneMatchSettings, MatchSettings
from edge_agent.core.records import Crossing, Flag, Match, MatchStatus, SpeedSource
from edge_agent.core.units import MS, Grams, MmPerS, Ns, Permille
from edge_agent.sim.matching_traffic import CAMERA, REGIMES, Arrival, make, plain_crossing, plain_read

LANES = tuple(LaneMatchSettings(lane=n, distance_mm=12_000) for n in ("1", "2"))
# Few strangers and a low bar, so that much is decided early in what Hypothesis finds.
SETTINGS = MatchSettings(lanes=LANES, stray_per_hour=1, decide_ppm=995_000, margin_ppm=990_000)
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

PLATES = ("", "粤B11111", "粤B11112", "湘A99999", "京C00000")
ANY_TIME = st.one_of(st.integers(0, 60_000), st.integers(-(2**62) // MS, 2**62 // MS))


@st.composite
def any_crossing(draw):
    crossing = plain_crossing(
        lane=draw(st.sampled_from(["1", "2", "x"])),
        number=draw(st.integers(1, 30)),
        first_axle_ms=draw(ANY_TIME),
        speed=draw(st.integers(100, 40_000)),
        offsets_mm=draw(st.sampled_from([(0,), (0, 2_700), (0, 3_800, 5_150)])),
    )
    return replace(
        crossing,
        axles=draw(st.sampled_from([(), crossing.axles])),
        speed=draw(st.one_of(st.none(), st.integers(-1, 60_000).map(MmPerS))),
        speed_sd=draw(st.one_of(st.none(), st.integers(0, 60_000).map(MmPerS))),
        acceleration=draw(st.one_of(st.none(), st.integers(-50_000, 50_000))),
        speed_source=draw(st.sampled_from(SpeedSource)),
        gross=draw(st.one_of(st.none(), st.integers(-1, 10**9).map(Grams))),
        flags=draw(st.sampled_from([(), (Flag.ACCEL,), (Flag.CREEP, Flag.REVERSE)])),
    )


@st.composite
def any_read(draw):
    read = plain_read(
        read_id=f"r{draw(st.integers(1, 30))}",
        at_ms=draw(ANY_TIME),
        text=draw(st.sampled_from(PLATES)),
        lane=draw(st.sampled_from([None, "1", "2", "x"])),
        colour=draw(st.sampled_from(["", "yellow", "blue", "pink"])),
        vehicle=draw(st.sampled_from(["", "truck", "CAR", "ufo"])),
    )
    return replace(
        read,
        camera=draw(st.sampled_from([CAMERA, CAMERA, CAMERA, "cam9"])),
        at_sd=Ns(draw(st.integers(0, 10**13))),
        confidence=Permille(draw(st.integers(0, 1_000))),
        direction=draw(st.sampled_from(["", "leaving", "up"])),
    )


HAPPENINGS = st.lists(st.tuples(ANY_TIME, st.one_of(any_crossing(), any_read())), max_size=40)


def said_of(matcher, rows):
    said = []
    for ms, item in rows:
        (matcher.crossing if isinstance(item, Crossing) else matcher.read)(item)
        said += matcher.advance(Ns(ms * MS))
    for _ in range(10_000):
        wake = matcher.deadline
        if wake is None:
            return said
        said += matcher.advance(wake)
    raise AssertionError("it never stops asking to be woken")


@given(HAPPENINGS)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_it_never_raises_and_never_gives_one_read_to_two_crossings(rows):
    said = said_of(Matcher(CAMERA, SETTINGS), rows)

    owner = {}
    for match in (m for m in said if isinstance(m, Match) and m.read):
        assert owner.setdefault(match.read.id, (match.lane, match.crossing)) == (match.lane, match.crossing)
        assert match.read.text


@given(HAPPENINGS)
@SLOW
def test_every_crossing_in_a_known_lane_is_answered(rows):
    said = said_of(Matcher(CAMERA, SETTINGS), rows)

    assert {(m.lane, m.crossing) for m in said if isinstance(m, Match)} == {
        (i.lane, i.number) for _, i in rows if isinstance(i, Crossing) and i.lane != "x"
    }


@given(HAPPENINGS)
@SLOW
def test_after_an_advance_it_asks_only_for_what_is_still_to_come(rows):
    matcher = Matcher(CAMERA, SETTINGS)
    now = -(2**63)
    for ms, item in rows:
        (matcher.crossing if isinstance(item, Crossing) else matcher.read)(item)
        now = max(now, ms * MS)
        matcher.advance(Ns(ms * MS))
        assert matcher.deadline is None or matcher.deadline > now


# lane, milliseconds behind the vehicle before it in the lane, speed
NEAR_CROSSINGS = st.lists(
    st.tuples(st.sampled_from(["1", "2"]), st.integers(200, 2_000), st.sampled_from([5_000, 10_000])),
    max_size=5,
)
NEAR_READS = st.lists(
    st.tuples(st.integers(1_500, 6_000), st.sampled_from(PLATES), st.sampled_from([None, "1", "2"])),
    max_size=5,
)


def near_items(crossings, reads):
    free = {"1": 1_000, "2": 1_000}
    items = []
    for number, (lane, gap, speed) in enumerate(crossings, start=1):
        items.append(plain_crossing(lane, number, free[lane] + gap, speed))
        free[lane] = items[-1].last_axle_at // MS
    return [*items, *(plain_read(f"r{n}", at, text, lane) for n, (at, text, lane) in enumerate(reads))]


@given(NEAR_CROSSINGS, NEAR_READS, st.randoms(use_true_random=False))
@SLOW
def test_the_order_of_simultaneous_inputs_does_not_matter(crossings, reads, random):
    items = near_items(crossings, reads)
    shuffled = list(items)
    random.shuffle(shuffled)

    def said(order):
        matcher = Matcher(CAMERA, SETTINGS)
        for item in order:
            (matcher.crossing if isinstance(item, Crossing) else matcher.read)(item)
        return said_of(matcher, [(7_000, replace(plain_read("other", 0), camera="cam9"))])

    assert said(items) == said(shuffled)


@given(NEAR_CROSSINGS, NEAR_READS)
# The second read names this lane, so that hardly anybody of lane 2 can be its vehicle; when that last doubt
# ended, nobody looked again.
@example([("1", 200, 5_000)], [(2_719, "粤B11111", None), (4_167, "", "1")])
@SLOW
def test_an_early_decision_that_stands_is_the_one_made_with_everything_known(crossings, reads):
    """Everything at once when all windows have closed, against everything as it comes."""
    items = near_items(crossings, reads)

    def at(item):
        return item.closed_at if isinstance(item, Crossing) else item.at + 200 * MS

    timed = sorted((Arrival(Ns(at(i)), i) for i in items), key=lambda a: a.at)
    early, _ = drive(Matcher(CAMERA, SETTINGS), timed)
    matcher = Matcher(CAMERA, SETTINGS)
    for item in items:
        (matcher.crossing if isinstance(item, Crossing) else matcher.read)(item)
    late = {(m.lane, m.crossing): m for m in matcher.advance(Ns(30_000 * MS)) if isinstance(m, Match)}

    for key, answers in early.items():
        last = answers[-1]
        if last.status is MatchStatus.MATCHED:
            # Nothing took it back: seen with everything known, it is still the one. Which of several
            # reads of one sighting stands for it may differ: later ones may fit its time better.
            assert late[key].candidates[0].read.text == last.candidates[0].read.text
            assert late[key].candidates[0].posterior >= SETTINGS.contradict_ppm


@given(st.integers(1, 4), st.integers(1, 4), st.data())
@settings(max_examples=100, deadline=None)
def test_every_worth_of_a_read_still_to_come_lies_between_the_corners(vehicles, sightings, data):
    """The bound that early decisions rest on: inside the box no posterior is below the worst corner."""
    weight = st.integers(1, 10_000)
    pairs = [{v: data.draw(weight) for v in range(vehicles)} for _ in range(sightings)]
    stray = [data.draw(st.integers(1, 100)) for _ in range(sightings)]
    low, high = 5, 100

    def posterior(none):
        found = marginals(pairs, none, stray, 10_000)
        assert found is not None
        return found.ppm(0, 0)

    corners = [posterior(list(c)) for c in product((low, high), repeat=vehicles)]
    inside = posterior([data.draw(st.integers(low, high)) for _ in range(vehicles)])

    assert min(corners) <= inside <= max(corners)


def test_what_it_remembers_does_not_grow_with_time():
    traffic = REGIMES[3]
    arrivals, _ = make(traffic, 1_500, seed=5)
    matcher = Matcher(CAMERA, site_settings(traffic))
    most = []
    for arrival in arrivals:
        (matcher.crossing if isinstance(arrival.item, Crossing) else matcher.read)(arrival.item)
        matcher.advance(arrival.at)
        most.append(
            len(matcher._pool.vehicles) + matcher._pool.reads + len(matcher._awarded) + len(matcher._plates)
        )
    half = len(most) // 2

    assert max(most[half:]) <= max(most[:half]) + 60
    assert max(most) < 400


def test_the_same_history_gives_the_same_answers():
    arrivals, _ = make(REGIMES[4], 200, seed=3)
    first = drive(Matcher(CAMERA, SETTINGS), arrivals)
    again = drive(Matcher(CAMERA, SETTINGS), arrivals)

    assert first == again


def test_faults_name_the_camera():
    matcher = Matcher(CAMERA, SETTINGS)
    matcher.crossing(plain_crossing(lane="x"))

    [fault] = matcher.advance(Ns(0))
    assert isinstance(fault, Fault)
    assert fault.source == "camera/cam1"


def test_on_a_small_run_it_is_wrong_hardly_ever_and_right_nearly_always():
    tallies = [stretch(replace(regime, clock_error_s=0.15), 500, seed=77) for regime in REGIMES]

    decided = sum(t.decided for t in tallies)
    assert sum(t.wrong for t in tallies) <= decided // 1_000
    assert sum(t.decidable_correct for t in tallies) >= 0.985 * sum(t.decidable for t in tallies)
