"""Street cases of a sweep beside the truth, by each combination's own rule; the truth is counted by hand."""

import json

import pytest

from edge_agent.bench.day_live import LiveDay, live_through
from edge_agent.bench.day_site import site
from edge_agent.bench.day_street import StreetCamera
from edge_agent.cli.main import main
from edge_agent.comparing.gather import outcomes_of
from edge_agent.core.events import ClockSource, ClockStatus, Started, Tick
from edge_agent.core.site import Site
from edge_agent.core.units import S
from edge_agent.errors import UsageError
from edge_agent.journal.opening import open_all
from edge_agent.replaying.street_truth import StreetScore, street_score
from edge_agent.replaying.sweep import Tally, Unit, tally, units
from edge_agent.replaying.what_if import changed
from edge_agent.sim.street.actors import stays
from edge_agent.sim.street.day import DayProfile, generate_day
from edge_agent.sim.street.day_truth import StreetTruth, read_street_truth, write_street_truth
from edge_agent.sim.street.scene import StreetScene
from edge_agent.sim.street.script import StreetDay
from edge_agent.sim.street.things import STRONG, WEAK, make

BASE, SECONDS = 100 * S, 640
NINE = 1_781_485_200 * S  # 2026-06-15 09:00 in Beijing, a Monday
STAY = "street.rules.overflow.stay_s"
TIER = "street.shops.shop_2_east.tier"
LONG = ("goods_pile", -3_600, 40, 560)  # before the first shop for 520 s
SHORT = ("stall", 300, 60, 330)  # before the second shop for 270 s


def a_camera(*more):
    goods = [
        stays(f"{kind}-{n}", "goods", make(kind, x, 1_250, 10 + n), start * S, end * S)
        for n, (kind, x, start, end) in enumerate((LONG, SHORT))
    ]
    day = StreetDay(StreetScene(), (*goods, *more), SECONDS * S)
    return StreetCamera("east", 1, 9, SECONDS * S, BASE, day)


def a_street_site(camera, *settings):
    yellow = [f"street.shops.{zone.name}_east.tier=yellow" for zone in camera.zones]
    return changed(changed(site({"east": camera.zones}), yellow), settings)


def a_truth(camera):
    return StreetTruth(2, NINE - BASE, {"east": camera.truth()})


def truly(*settings, camera=None):
    """How many stays are cases by the rule with these settings; nothing was reported."""
    camera = camera or a_camera()
    config = a_street_site(camera, *settings)
    return street_score(outcomes_of(()), a_truth(camera), config, BASE + SECONDS * S)


def clocks():
    yield Started(BASE, "boot", "test", "")
    for second in range(SECONDS):
        at = BASE + second * S + 1
        if second % 60 == 0:
            yield ClockStatus(at, NINE - BASE, ClockSource.NTP, synced=True, offset=0, est_error=1_000_000)
        else:
            yield Tick(at)


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """The day as a box recorded it, with its truth in the folder."""
    folder = tmp_path_factory.mktemp("street") / "day"
    camera = a_camera()
    live = LiveDay(clocks(), [camera], lambda _at: None)
    live_through(live, a_street_site(camera), folder, "test", "two stays")
    write_street_truth(folder / "truth.street.json", a_truth(camera))
    return folder


def reported(folder, config):
    """What the core decides of the day with that configuration."""
    core = Site(config.core())
    events = (event for recording in open_all(folder) for event in recording.events())
    return outcomes_of(decision for event in events for decision in core.step(event))


@pytest.mark.parametrize(
    ("stay_s", "cases", "either"),
    [
        (150, 2, 0),  # 520 and 270 s are both more than 1.5 x 150 s
        (200, 1, 1),  # 270 s is more than 200 s, and less than 1.5 x 200 s
        (300, 1, 0),  # 270 s is no case any more
        (600, 0, 0),
    ],
)
def test_which_stays_are_cases_depends_on_the_dwell_that_is_asked_for(stay_s, cases, either):
    found = truly(f"{STAY}={stay_s}")

    assert (found.cases, found.either) == (cases, either)


def test_the_file_says_what_the_day_itself_says_of_occupied_ground():
    day = generate_day(5, DayProfile(length_s=600, stay_s=60))
    camera = StreetCamera("east", 5, 9, 600 * S, BASE, day)

    zones = camera.truth().zones
    told = [zones[f"{zone.name}_east"].occupied(STRONG, WEAK, 2, ()) for zone in camera.zones]

    assert told == [
        tuple((BASE + a, BASE + b) for a, b in camera.day.true_occupancy(zone)) for zone in camera.zones
    ]
    assert any(told)


def test_the_grade_of_a_shop_counts():
    assert truly(f"{STAY}=150", f"{TIER}=green").cases == 1  # twice 150 s are more than 270 s


@pytest.mark.parametrize(
    ("stay_s", "opens", "cases"),
    [
        (120, "09:06", 1),  # from 360 s on: the short stay is over, of the long one 200 s are left
        (150, "09:06", 0),  # 200 s are less than 1.5 x 150 s
        (150, "10:00", 0),
    ],
)
def test_the_hours_of_the_rule_count(stay_s, opens, cases):
    hours = f"street.rules.overflow.hours.enforce=[{{start: '{opens}', end: '22:00'}}]"

    assert truly(f"{STAY}={stay_s}", hours).cases == cases


def test_goods_on_a_permitted_strip_are_no_case():
    whole = next(zone for zone in a_camera().zones if zone.name == "shop_2").polygon
    left = [[x - 0.5, y] for x, y in whole]

    def permitting(strip):
        return truly(f"{STAY}=150", f"street.cameras.east.zones.shop_2_east.permitted=[{strip}]").cases

    assert permitting([list(corner) for corner in whole]) == 1
    assert permitting([[max(0, x), y] for x, y in left]) == 2


def test_a_delivery_is_excused_as_far_as_the_rule_says():
    van = make("motor_vehicle", SHORT[1], StreetScene().pavement_mm + 1_100, 5, 180)
    camera = a_camera(stays("van-1", "delivery", van, 10 * S, 200 * S))  # 130 s of the short stay are left
    rule = "street.rules.overflow"

    assert truly(f"{STAY}=150", camera=camera).cases == 1
    assert truly(f"{STAY}=150", f"{rule}.unloading_grace_s=0", camera=camera).cases == 2
    assert truly(f"{STAY}=150", f"{rule}.unloading=[hand_truck]", camera=camera).cases == 2


def test_a_zone_that_was_redrawn_is_not_judged():
    moved = "street.cameras.east.zones.shop_2_east.polygon=[[0.4, 0.4], [0.5, 0.4], [0.5, 0.6]]"

    found = truly(f"{STAY}=150", moved)

    assert (found.cases, found.unjudged) == (1, 1)


def test_a_journal_over_a_change_of_configuration_is_not_judged_and_says_so(lived):
    recordings = [*open_all(lived), *open_all(lived)]
    one = a_street_site(a_camera())

    found = tally(recordings, [one, changed(one, [f"{STAY}=150"])], None, lived / "truth.street.json")

    assert found.street == StreetScore(unjudged=len(a_camera().zones))


def test_reports_are_held_to_the_truth_of_their_own_rule_and_not_of_another(lived):
    camera = a_camera()
    quick, slow = (a_street_site(camera, f"{STAY}={stay_s}") for stay_s in (150, 300))
    two, one = (reported(lived, config) for config in (quick, slow))

    def shares(outcomes, config):
        found = street_score(outcomes, a_truth(camera), config, BASE + SECONDS * S)
        return found.precision, found.recall

    assert (len(two.cases), len(one.cases)) == (2, 1)
    assert (shares(two, quick), shares(one, slow)) == ((1, 1), (1, 1))
    assert (shares(two, slow), shares(one, quick)) == ((1 / 2, 1), (1, 1 / 2))


def test_the_table_says_precision_and_recall_by_combination_and_where_nothing_is_true(
    lived, tmp_path, capsys
):
    out = tmp_path / "out"

    status = main(["sweep", str(lived), "--set", f"{STAY}=150,300,600", "--out", str(out), "--workers", "1"])

    assert status == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[-3:] == ["true", "P(street)", "R(street)"]
    shares = [" ".join(line.split()[9:]) for line in lines[1:4]]
    assert shares == ["2 100.0 % 100.0 %", "1 100.0 % 100.0 %", "0 - none true"]
    assert "none true: no case in truth by this rule" in lines
    said = json.loads((out / "sweep.json").read_text("utf-8"))
    assert [point["street"]["true"] for point in said["points"]] == [2, 1, 0]
    assert said["points"][2]["street"]["note"] == "no case in truth by this rule"
    assert (out / "sweep.png").stat().st_size > 10_000


def test_the_truth_of_the_street_is_found_beside_a_recording_or_given(tmp_path):
    rec, other = tmp_path / "rec.mcap", tmp_path / "other.truth.jsonl"
    beside = tmp_path / "rec.truth.street.json"
    for path in (beside, other, tmp_path / "other.truth.street.json"):
        path.touch()

    assert units([rec], []) == (Unit(rec, None, beside),)
    assert units([rec], [other]) == (Unit(rec, other, tmp_path / "other.truth.street.json"),)
    assert units([rec], [beside]) == (Unit(rec, None, beside),)


def test_a_truth_of_an_older_form_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "t.street.json").write_text('{"shop_1_east": [[1, 2]]}')

    with pytest.raises(UsageError, match="record the day again"):
        read_street_truth(tmp_path / "t.street.json")


def test_scores_of_several_recordings_add_up():
    one, other = Tally(street=StreetScore(2, 1, 1, 0, 3, 0)), Tally()

    assert (one + other + one).street == StreetScore(4, 2, 2, 0, 6, 0)
    assert (other + other).street is None
