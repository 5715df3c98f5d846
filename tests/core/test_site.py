"""From events to decisions: what a bridge's box concludes of the traffic over it."""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from edge_agent.core import events as ev
from edge_agent.core.decisions import Capture, CrossingSeen, Fault, FaultKind, ReadPlates, Seal
from edge_agent.core.records import MatchStatus, Outcome, ReadingMeans, UseClass
from edge_agent.core.site import Site
from edge_agent.core.site_settings import SiteSettings
from edge_agent.core.units import MS, S
from edge_agent.sim.events import events
from edge_agent.sim.traffic import generate
from tests.road import POSTED, a_scenario, decide, drive, site_settings, taken

LORRY = {"at_s": 3, "kind": "truck3", "gross_kg": 25_800, "speed_kmh": 20}
LIGHT = {"at_s": 9, "kind": "truck2", "gross_kg": 9_200, "speed_kmh": 24}


def plates_of(scenario, seed=1):
    return [passage.vehicle.plate for passage in generate(scenario, seed)]


def test_an_overweight_lorry_is_sealed_with_its_plate_and_a_light_one_is_not():
    scenario = a_scenario(LORRY, LIGHT)

    crossings, seals = drive(scenario)

    assert len(crossings) == 2
    [seal] = seals
    assert seal.match.read.text == plates_of(scenario)[0]
    assert abs(seal.crossing.gross - 25_800_000) < seal.crossing.gross_interval
    [posted] = [v for v in seal.verdicts if v.evaluator == "posted"]
    assert posted.outcome is Outcome.OVER
    assert posted.excess == seal.crossing.gross - 20_000_000
    assert seal.use_class is UseClass.TEST


def test_a_lorry_with_a_covered_plate_is_sealed_without_a_name():
    _, [seal] = drive(a_scenario(LORRY | {"behaviours": ["covered_plate"]}))

    assert seal.match.status is MatchStatus.UNMATCHED
    assert seal.match.read is None


def test_pictures_are_asked_for_at_the_predicted_arrival_and_go_with_the_statement():
    scenario = a_scenario(LORRY)
    site = Site(site_settings(scenario))
    seals = []
    for event in events(scenario, 1):
        for decision in site.step(event):
            if isinstance(decision, Capture):
                seals += decide(site, [taken(decision.request, decision.at)])
            elif isinstance(decision, Seal):
                seals.append(decision)

    [seal] = [s for s in seals if isinstance(s, Seal)]
    assert [p.role for p in seal.pictures] == ["full_view_1", "full_view_2"]
    assert seal.vehicle_confirmed is True
    assert len(seal.model_sha256) == 64


def test_a_statement_does_not_wait_for_ever_for_its_pictures():
    scenario = a_scenario(LORRY)
    site = Site(site_settings(scenario))

    decided = decide(site, list(events(scenario, 1)))

    [capture] = [d for d in decided if isinstance(d, Capture)]
    [seal] = [d for d in decided if isinstance(d, Seal)]
    assert seal.pictures == ()
    assert seal.vehicle_confirmed is None
    assert "vehicle_unchecked" in seal.reasons
    assert seal.at - max(*capture.times, capture.at) <= 5 * S


def test_nobody_in_the_lane_of_the_pictures_is_said():
    scenario = a_scenario(LORRY)
    site = Site(site_settings(scenario))
    stream = list(events(scenario, 1))
    decided = []
    for event in stream:
        for decision in site.step(event):
            decided.append(decision)
            if isinstance(decision, Capture):
                decided += decide(site, [taken(decision.request, decision.at, in_lane=False)])

    [seal] = [d for d in decided if isinstance(d, Seal)]
    assert seal.vehicle_confirmed is False
    assert "vehicle_not_confirmed" in seal.reasons


def test_plates_are_read_on_the_box_only_around_an_overweight_crossing():
    scenario = a_scenario(LORRY, LIGHT)
    link = site_settings(scenario).cameras["cam1"].model_dump() | {"plates": "box"}
    site = Site(site_settings(scenario, cameras={"cam1": link}))

    decided = decide(site, list(events(scenario, 1)))

    [asked] = [d for d in decided if isinstance(d, ReadPlates)]
    [over] = [d for d in decided if isinstance(d, Capture)]
    assert asked.request == over.request
    assert asked.start < over.times[0] < asked.predicted < over.times[1] < asked.end
    assert asked.side == "front"


MEANS = ReadingMeans((("recogniser", "a" * 64),), (("pictures", 5),), 12, 2)


def read_on_the_box(answer, plates="box", pushed=(), wait_ms=4_000):
    """A lorry and a light one; `answer(request)` says what comes back for the lorry, and how much later."""
    scenario = a_scenario(LORRY, LIGHT)
    link = site_settings(scenario).cameras["cam1"].model_dump() | {"plates": plates, "read_wait_ms": wait_ms}
    site = Site(site_settings(scenario, cameras={"cam1": link}))
    waiting = [event for event in events(scenario, 1) if not isinstance(event, ev.PlateSeen)]
    waiting = sorted([*waiting, *pushed], key=lambda event: event.at)
    seals = []
    while waiting:
        event = waiting.pop(0)
        decided = [*tick_until(site, event.at), *site.step(event)]
        for decision in decided:
            if isinstance(decision, ReadPlates):
                waiting = sorted([*waiting, *answer(decision)], key=lambda coming: coming.at)
            elif isinstance(decision, Capture):
                waiting = sorted([*waiting, taken(decision.request, decision.at)], key=lambda e: e.at)
            elif isinstance(decision, Seal):
                seals.append(decision)
    return scenario, seals


def tick_until(site, at):
    """Wake the core when it asked to be woken, as a source does."""
    while site.deadline is not None and site.deadline < at:
        yield from site.step(ev.Tick(site.deadline))


def box_read(asked, text, late_ms=1_500, vehicle=1, at=None, confidence=970):
    return ev.PlateSeen(
        asked.at + late_ms * MS,
        "cam1",
        "1",
        None,
        text,
        confidence,
        event_id=f"{asked.request}/{vehicle}",
        request=asked.request,
        captured_at=asked.predicted + 20 * MS if at is None else at,
        captured_sd=15 * MS,
        side=asked.side,
    )


def test_a_plate_read_on_the_box_names_the_lorry_and_says_with_what():
    _, [seal] = read_on_the_box(
        lambda asked: [
            *(box_read(asked, "沪B12345") for _ in range(2)),
            ev.PlatesDone(asked.at + 1_500 * MS, asked.request, means=MEANS),
        ]
    )

    assert seal.match.status is MatchStatus.MATCHED
    assert (seal.match.read.text, seal.match.read.side) == ("沪B12345", "front")
    assert not seal.match.late
    assert seal.revision == 0


def test_an_answer_waits_for_the_reader_and_no_longer():
    """The window closed long before the slow reader was done; unreadable is said as soon as it is."""
    _, [seal] = read_on_the_box(
        lambda asked: [
            box_read(asked, "", late_ms=3_000),
            ev.PlatesDone(asked.at + 3_000 * MS, asked.request, means=MEANS),
        ]
    )

    assert seal.match.status is MatchStatus.UNMATCHED
    asked_at = seal.crossing.closed_at
    assert 3_000 * MS <= seal.match.decided_at - asked_at < 3_100 * MS


def test_a_reader_that_never_answers_does_not_hold_a_case_for_ever():
    _, [seal] = read_on_the_box(lambda _asked: [], wait_ms=2_000)

    assert seal.match.status is MatchStatus.UNMATCHED
    assert seal.match.decided_at - seal.crossing.closed_at <= 2_100 * MS


def test_one_picture_is_too_little_to_name_anybody():
    _, [seal] = read_on_the_box(
        lambda asked: [
            box_read(asked, "沪B12345", confidence=1_000),
            ev.PlatesDone(asked.at + 1_500 * MS, asked.request, means=MEANS),
        ]
    )

    assert seal.match.status is MatchStatus.UNMATCHED


def test_a_second_vehicle_at_the_line_leaves_it_open_whose_the_plate_is():
    _, [seal] = read_on_the_box(
        lambda asked: [
            *(box_read(asked, "沪B12345", at=asked.predicted - 150 * MS) for _ in range(2)),
            box_read(asked, "", vehicle=2, at=asked.predicted + 150 * MS),
            ev.PlatesDone(asked.at + 1_500 * MS, asked.request, means=MEANS),
        ]
    )

    assert seal.match.status is MatchStatus.AMBIGUOUS


@pytest.mark.parametrize(
    ("said", "status"), [("沪B12345", MatchStatus.MATCHED), ("沪C54321", MatchStatus.AMBIGUOUS)]
)
def test_where_camera_and_box_both_read_they_must_agree(said, status):
    pushed = []

    def answer(asked):
        read = ev.PlateSeen(asked.at + 1_400 * MS, "cam1", "1", None, said, 970, captured_at=asked.predicted)
        return [
            replace(read, captured_at=None, captured_utc=None, at=asked.at),
            *(box_read(asked, "沪B12345") for _ in range(2)),
            ev.PlatesDone(asked.at + 1_500 * MS, asked.request, means=MEANS),
        ]

    _, seals = read_on_the_box(answer, plates="both", pushed=pushed)

    assert seals[-1].match.status is status


def test_a_box_without_a_camera_still_seals_what_it_weighed():
    scenario = a_scenario(LORRY)
    chosen = site_settings(scenario)
    lane = chosen.lanes["1"].model_dump() | {"camera": ""}
    site = Site(site_settings(scenario, lanes={"1": lane}, cameras={}))

    decided = decide(site, list(events(scenario, 1)))

    [seal] = [d for d in decided if isinstance(d, Seal)]
    assert seal.match.status is MatchStatus.UNMATCHED
    assert {d.kind for d in decided if isinstance(d, Fault)} == {FaultKind.UNKNOWN_SOURCE}


def test_what_the_driver_counted_can_be_asked_for():
    scenario = a_scenario(LORRY, duration_s=4)
    site = Site(site_settings(scenario))

    decide(site, list(events(scenario, 1)))

    counted = site.counters["wim"]
    assert counted.frames == 4 * 1000 // 20
    assert counted.bad_checksum == counted.resync_bytes == 0
    assert abs(counted.rate_mhz - 50_000) < 500


def test_the_same_events_give_the_same_decisions():
    scenario = a_scenario(LORRY, LIGHT)
    stream = list(events(scenario, 1))

    assert decide(Site(site_settings(scenario)), stream) == decide(Site(site_settings(scenario)), stream)


def test_a_port_that_stops_speaking_is_a_fault():
    scenario = a_scenario(LORRY)
    stream = [e for e in events(scenario, 1) if not isinstance(e, ev.SerialBytes) or e.at < 105 * S]

    decided = decide(Site(site_settings(scenario)), [*stream, ev.Tick(130 * S)])

    assert FaultKind.SENSOR_SILENT in {d.kind for d in decided if isinstance(d, Fault)}


@pytest.mark.parametrize(
    ("event", "source"),
    [
        (ev.SerialBytes(1, "elsewhere", b"x"), "port/elsewhere"),
        (ev.RegistersRead(1, "elsewhere", 0, (1,)), "port/elsewhere"),
        (ev.TemperatureRead(1, "9", 20_000), "lane/9"),
        (ev.PlateSeen(1, "cam9", None, None, "沪A12345", 900), "camera/cam9"),
    ],
)
def test_what_is_not_configured_is_named_and_not_used(event, source):
    [fault, *_] = Site(site_settings(a_scenario())).step(event)

    assert (fault.kind, fault.source) == (FaultKind.UNKNOWN_SOURCE, source)


NS = st.integers(0, 300 * S)
WORD = st.integers(0, 65_535)
NAME = st.sampled_from(["wim", "1", "cam1", "other", ""])
TEXT = st.one_of(st.sampled_from(["沪A12345", "沪AD12345", "", "京A1234挂"]), st.text(max_size=10))
ANY_EVENT = st.one_of(
    st.builds(ev.Started, NS, NAME, NAME, NAME),
    st.builds(ev.SerialBytes, NS, NAME, st.binary(max_size=200)),
    st.builds(
        ev.RegistersRead, NS, NAME, st.integers(0, 65_535), st.lists(st.integers(0, 65_535)).map(tuple)
    ),
    st.builds(ev.TemperatureRead, NS, NAME, st.integers(-50_000, 90_000)),
    st.builds(
        ev.PlateSeen,
        NS,
        NAME,
        st.none() | NAME,
        st.none() | NS,
        TEXT,
        st.integers(0, 1000),
        direction=NAME,
        event_id=NAME,
        request=NAME,
        captured_at=st.none() | NS,
    ),
    st.builds(ev.PlatesDone, NS, NAME, NAME),
    st.builds(ev.Captured, NS, NAME, NAME, st.just(()), st.just(())),
    st.builds(ev.ClockStatus, NS, NS, st.sampled_from(ev.ClockSource), st.booleans(), NS, st.none() | NS),
    st.builds(ev.DeviceChanged, NS, NAME, st.sampled_from(["up", "down", "degraded", "?"])),
    st.builds(ev.Tick, NS),
)
ROAD = a_scenario(LORRY, duration_s=8)
REAL = list(events(ROAD, 1))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(noise=st.lists(st.tuples(st.integers(0, len(REAL)), ANY_EVENT), max_size=25), keep=st.integers(1, 7))
def test_no_sequence_of_events_ever_raises(noise, keep):
    stream = [event for number, event in enumerate(REAL) if number % 8 < keep or number % 8 == 7]
    for place, event in noise:
        stream.insert(place, event)
    site = Site(site_settings(ROAD))

    for event in stream:
        for decision in site.step(event):
            assert isinstance(decision, CrossingSeen) or decision.at >= 0
        assert site.deadline is None or site.deadline > 0


# Clocks that jump while traffic flows

UTC = 1_790_000_000 * S
HEADWAY = 2 * S


def controller_settings():
    """The smallest bridge: a controller that reports whole vehicles, one lane, one camera."""
    return SiteSettings.model_validate(
        {
            "id": "bridge-test",
            "ports": {"wim": {"protocol": {"kind": "wim_json", "lanes": {"1": "1"}}}},
            "lanes": {
                "1": {
                    "port": "wim",
                    "camera": "cam1",
                    "scale": {"calibration": {"id": "test"}},
                    "limits": {"posted": POSTED},
                }
            },
            "cameras": {
                "cam1": {"pictures": False, "match": {"lanes": [{"lane": "1", "distance_mm": 12_000}]}}
            },
            "legal": {"use_class": "reference"},
        }
    )


def reported(at, number, gross_kg=25_000):
    """A three-axle lorry at 30 km/h whose first axle was on the scale two seconds ago."""
    loads = [gross_kg * 1000 - 2 * (gross_kg * 300), gross_kg * 300, gross_kg * 300]
    record = {
        "v": 1,
        "id": f"r{number}",
        "lane": "1",
        "first_axle_age_ms": 2_000,
        "last_axle_age_ms": 800,
        "axles": [{"load_g": load, "offset_mm": 3_000 * k} for k, load in enumerate(loads)],
        "gross_g": sum(loads),
        "speed_mm_s": 8_333,
    }
    return ev.SerialBytes(at, "wim", json.dumps(record).encode() + b"\n")


def platoon(count, camera_error=lambda _n: 0):
    """Lorries two seconds apart, each read 1.28 s after the scale; and their plates by number."""
    plates = {n: f"沪{'ABCDEFGHJK'[n % 10]}{n * 7919 % 100_000:05d}" for n in range(1, count + 1)}
    stream = [ev.Started(0, "boot", "test", "0" * 64), clock(S)]
    for n, plate in plates.items():
        first = 5 * S + n * HEADWAY
        seen = first + 1_280 * MS
        stream.append(reported(first + 2 * S, n))
        stamp = seen + UTC + camera_error(n)
        stream.append(ev.PlateSeen(seen + 400 * MS, "cam1", "1", stamp, plate, 950))
    return sorted(stream, key=lambda event: event.at), plates


def clock(at, utc_minus_mono=UTC):
    return ev.ClockStatus(at, utc_minus_mono, ev.ClockSource.NTP, True, 0, MS)


def awake(site, stream, until):
    """The stream with ticks whenever the site asks, as the runner gives them."""
    decided = []
    for event in (*stream, ev.Tick(until)):
        while site.deadline is not None and site.deadline < event.at:
            decided += site.step(ev.Tick(max(site.deadline, site._now)))
        decided += site.step(event)
    return decided


def last_seals(decided):
    return {d.crossing.number: d for d in decided if isinstance(d, Seal)}


@pytest.mark.parametrize("step_s", [-2, 2, 4])
def test_a_box_clock_that_jumps_by_a_headway_gives_nobody_his_neighbours_plate(step_s):
    stream, plates = platoon(30)
    stream = sorted([*stream, clock(35 * S, UTC + step_s * S)], key=lambda event: event.at)

    seals = last_seals(awake(Site(controller_settings()), stream, 200 * S))

    assert {n: seal.match.read.text for n, seal in seals.items()} == plates


@pytest.mark.parametrize("step_s", [-2, 2])
def test_a_camera_clock_that_jumps_by_a_headway_names_nobody_and_is_a_fault(step_s):
    stream, plates = platoon(30, lambda n: step_s * S if n > 15 else 0)

    decided = awake(Site(controller_settings()), stream, 200 * S)

    named = {n: s.match.read.text for n, s in last_seals(decided).items() if s.match.read}
    assert named.items() <= plates.items()
    assert max(named) <= 15
    stepped = [d for d in decided if isinstance(d, Fault) and d.kind is FaultKind.CLOCK_STEPPED]
    assert [fault.source for fault in stepped] == ["camera/cam1"]


def with_pictures():
    """The same, with a camera that can be asked for pictures."""
    tree = controller_settings().model_dump()
    tree["cameras"]["cam1"]["pictures"] = True
    return SiteSettings.model_validate(tree)


def test_a_box_that_is_stopped_seals_the_vehicle_whose_plate_or_pictures_had_not_come():
    stream, plates = platoon(2)
    [_, read] = [event for event in stream if isinstance(event, ev.PlateSeen)]
    site = Site(with_pictures())
    decided = awake(site, [event for event in stream if event is not read], read.at)
    assert last_seals(decided) == {}

    stopped = site.step(ev.Stopped(read.at + MS))

    first, second = last_seals(stopped)[1], last_seals(stopped)[2]
    assert first.match.read.text == plates[1]
    # Its plate might still have come: that nobody read it is not known.
    assert (second.match.status, second.match.candidates) == (MatchStatus.AMBIGUOUS, ())
    assert second.match.none_posterior == 0
    assert first.pictures == second.pictures == ()
    assert {"pictures_missing", "vehicle_unchecked"} <= set(first.reasons)
    assert "match_ambiguous" in second.reasons


def test_nothing_is_asked_for_any_more_when_a_box_is_stopped():
    site = Site(with_pictures())
    site.step(ev.Started(0, "boot", "test", "0" * 64))
    lorry = reported(7 * S, 1)

    decided = site.step(ev.Stopped(8 * S)) if site.step(lorry) else ()

    assert not {type(decision) for decision in decided} & {Capture, ReadPlates}
    assert [type(decision) for decision in decided] == [Seal]


def test_a_restarted_box_begins_anew_whatever_its_clock_says():
    stream, plates = platoon(3)
    later = [replace(event, at=event.at + 5_000 * S) for event in stream]
    site = Site(controller_settings())
    awake(site, later, 6_000 * S)

    again = awake(site, stream, 200 * S)

    assert again == awake(Site(controller_settings()), stream, 200 * S)
    assert {n: seal.match.read.text for n, seal in last_seals(again).items()} == plates


def test_a_flood_of_overweight_vehicles_loses_no_case():
    flood = b"".join(reported(100 * S, n).data for n in range(600))
    site = Site(controller_settings())

    decided = awake(site, [ev.Started(0, "b", "t", ""), ev.SerialBytes(100 * S, "wim", flood)], 900 * S)

    assert len(last_seals(decided)) == 600


def test_a_camera_that_does_not_know_a_lane_that_uses_it_is_refused():
    chosen = controller_settings().model_dump()
    chosen["cameras"]["cam1"]["match"]["lanes"][0]["lane"] = "2"

    with pytest.raises(ValidationError, match=r"lanes\.1\.camera: camera 'cam1' does not know this lane"):
        SiteSettings.model_validate(chosen)


PREDICTED = 716 * MS  # a front is at the reading line so long before its crossing's record


def box_site(plates="box"):
    tree = controller_settings().model_dump()
    tree["cameras"]["cam1"] |= {"plates": plates, "pictures": False}
    return Site(SiteSettings.model_validate(tree))


def run_with_reader(site, stream, answer, until):
    """Like a source: ticks when asked, and what `answer` makes of each request comes in its time."""
    waiting = [*stream]
    decided = []
    while waiting:
        waiting.sort(key=lambda event: event.at)
        event = waiting.pop(0)
        now = [*tick_until(site, event.at), *site.step(event)]
        for asked in [d for d in now if isinstance(d, ReadPlates)]:
            waiting += answer(asked)
        decided += now
    return [*decided, *tick_until(site, until)]


def read_at(asked, text, at, vehicle=1):
    came = max(asked.at, asked.end) + 500 * MS
    read = box_read(asked, text, vehicle=vehicle, at=at)
    return replace(read, at=came), ev.PlatesDone(came, asked.request, means=MEANS)


def numbered(k):
    return f"沪{'ABCDEFGHJK'[k % 10]}{k * 7919 % 100_000:05d}"


@pytest.mark.parametrize("step", [150 * MS, 3 * S])
def test_a_step_of_utc_says_nothing_of_reads_that_are_on_the_box_s_own_clock(step):
    lorries = [reported(100 * S + k * 60 * S, k) for k in range(4)]
    count = iter(range(4))

    def answer(asked):
        k = next(count)
        read, done = read_at(asked, numbered(k), 100 * S + k * 60 * S - PREDICTED)
        return [read, read, done]

    stream = [ev.Started(0, "b", "t", "0" * 64), clock(S), clock(50 * S, UTC + step), *lorries]
    decided = run_with_reader(box_site(), stream, answer, 900 * S)

    assert [d.match.read.text for d in decided if isinstance(d, Seal)] == [numbered(k) for k in range(4)]


def test_light_vehicles_that_nobody_reads_do_not_make_the_clocks_suspect():
    """Beside each lorry something crosses the line that no scale weighs, a motorcycle say."""
    lorries = {k: 100 * S + k * 60 * S for k in range(12)}
    light = [
        reported(at + j * 10 * S, 100 + 5 * k + j, 9_000) for k, at in lorries.items() for j in range(1, 5)
    ]
    count = iter(lorries.items())

    def answer(asked):
        k, at = next(count)
        read, done = read_at(asked, numbered(k), at - PREDICTED)
        other, _ = read_at(asked, "", at - PREDICTED + 900 * MS, vehicle=2)
        return [read, read, other, done]

    stream = [
        ev.Started(0, "b", "t", "0" * 64),
        clock(S),
        *(reported(at, k) for k, at in lorries.items()),
        *light,
    ]
    decided = run_with_reader(box_site(), stream, answer, 1_200 * S)

    reads = [d.match.read for d in decided if isinstance(d, Seal)]
    assert [read and read.text for read in reads] == [numbered(k) for k in lorries]


@pytest.mark.parametrize("fast", [350 * MS, -350 * MS])
def test_a_camera_s_own_clock_is_not_the_clock_of_its_video(fast):
    """What 40 light vehicles teach of how wrong the pushes' clock is must not move the lorry's window."""
    stream = [ev.Started(0, "b", "t", "0" * 64), clock(S)]
    for k in range(40):
        at = 20 * S + k * 10 * S
        stamp = at - PREDICTED + UTC + fast
        stream += [
            reported(at, k, 9_000),
            ev.PlateSeen(at - PREDICTED + 400 * MS, "cam1", "1", stamp, numbered(k), 950),
        ]
    lorry, asked_for = 20 * S + 41 * 10 * S, []

    def answer(asked):
        asked_for.append(asked)
        read, done = read_at(asked, "沪Z99999", lorry - PREDICTED)
        return [read, read, done]

    decided = run_with_reader(box_site("both"), [*stream, reported(lorry, 99)], answer, lorry + 60 * S)

    [asked] = asked_for
    assert abs(asked.predicted - (lorry - PREDICTED)) < 60 * MS
    [seal] = [d for d in decided if isinstance(d, Seal)]
    assert seal.match.read.text == "沪Z99999"


def test_what_a_camera_pushes_is_not_used_where_plates_are_read_on_the_box():
    site = box_site()
    site.step(ev.Started(0, "b", "t", "0" * 64))

    [fault] = [
        d for d in site.step(ev.PlateSeen(S, "cam1", "1", None, "沪A12345", 950)) if isinstance(d, Fault)
    ]

    assert fault.kind is FaultKind.UNKNOWN_SOURCE
    assert "plates: both" in fault.detail
