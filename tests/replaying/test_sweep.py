"""`edge-agent sweep`: a grid of settings over recordings, counted, and scored where the truth is known."""

import csv
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.cli import sweep as command
from edge_agent.cli.main import main
from edge_agent.config.recorded import from_text
from edge_agent.core.units import S
from edge_agent.errors import ConfigError, UsageError
from edge_agent.journal.opening import open_all
from edge_agent.replaying.grid import MAX_POINTS, Axis, Point, axis, points
from edge_agent.replaying.sweep import Tally, Unit, check, tally, units
from edge_agent.replaying.sweep_plots import draw
from edge_agent.replaying.truth import Score, read_truth
from edge_agent.replaying.what_if import changed
from tests.replaying.recorded import a_run, a_site, a_street, recording

KEY = "lanes.1.limits.posted.limit_kg"
OTHER = "lanes.2.limits.posted.limit_kg"


# -- the grid ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("240,300", ("240", "300")),
        ("240..360:60", ("240", "300", "360")),
        ("1..3", ("1", "2", "3")),
        ("0.1..0.3:0.1,7", ("0.1", "0.2", "0.3", "7")),
        ("-2..2:2", ("-2", "0", "2")),
        ("null, {}", ("null", "{}")),
        ("[[1, 2], [3, 4]]", ("[1, 2]", "[3, 4]")),
        ("{a: 1, b: 2}", ("{a: 1, b: 2}",)),
        ("07:00,08:00", ("07:00", "08:00")),
        ("5,5", ("5",)),
    ],
)
def test_values_are_a_list_or_a_range_or_yaml(text, values):
    assert axis(f"key={text}").values == values


@pytest.mark.parametrize("text", ["3..1", "1..3:0", "0..1000000", "[]", ""])
def test_a_range_that_is_none_or_too_long_is_refused(text):
    with pytest.raises((UsageError, ConfigError)):
        axis(f"key={text}")


def test_every_combination_comes_once_and_the_last_setting_turns_fastest():
    grid = points([axis("a=1,2"), axis("b=x,y")])

    assert [point.settings for point in grid] == [
        ("a=1", "b=x"),
        ("a=1", "b=y"),
        ("a=2", "b=x"),
        ("a=2", "b=y"),
    ]


def test_a_grid_that_would_take_all_day_says_how_large_it_is():
    with pytest.raises(UsageError, match="101 x 101 = 10201 combinations"):
        points([axis("a=0..100"), axis("b=0..100")])
    with pytest.raises(UsageError, match="given twice"):
        points([axis("a=1"), axis("a=2")])
    with pytest.raises(UsageError, match="nothing to change"):
        points([])


@given(st.text(max_size=30) | st.from_regex(r"[0-9.:,\[\]{} -]{0,30}", fullmatch=True))
def test_whatever_is_typed_is_a_bounded_axis_or_a_mistake_that_is_named(text):
    try:
        found = axis(f"key={text}")
    except (UsageError, ConfigError):
        return
    assert 0 < len(found.values) <= MAX_POINTS * len(text)


# -- the truth -----------------------------------------------------------------------------------------


def a_passage(lane, first_s, *, overweight, plate="沪A12345", last_s=None):
    last = first_s + 1 if last_s is None else last_s
    return {
        "id": 1,
        "lane": lane,
        "plate": plate,
        "plate_rear": plate,
        "overweight": overweight,
        "first_axle_at": round(first_s * S),
        "last_axle_at": round(last * S),
    }


def a_truth(path, *passages):
    path.write_text("".join(json.dumps(passage) + "\n" for passage in passages), "utf-8")
    return path


def what_drove():
    """What `a_run` records: a vehicle each 20 s, its first axle 900 ms before its line."""
    for n in range(6):
        yield a_passage(str(n % 2 + 1), 11 + 20 * n - 0.9, overweight=n in (2, 3))


def scored(folder, passages, *settings):
    site = a_site(folder)
    path = recording(folder / "rec.mcap", a_run(), site)
    return tally(open_all(path), [changed(site, settings)], a_truth(folder / "t.jsonl", *passages)).score


def test_a_core_that_is_right_scores_everything(tmp_path):
    found = scored(tmp_path, what_drove())

    assert (found.over_precision, found.over_recall) == (1, 1)
    assert (found.cases, found.plate_precision, found.plate_recall) == (2, None, 0)  # there is no camera


def test_a_limit_that_is_too_low_costs_precision_and_one_too_high_recall(tmp_path):
    low = scored(tmp_path, what_drove(), f"{KEY}=8000")
    high = scored(tmp_path, what_drove(), f"{KEY}=30000")

    assert (low.over_precision, low.over_recall) == (2 / 4, 1)
    assert (high.over_precision, high.over_recall) == (1, 1 / 2)


def test_a_heavy_vehicle_that_was_not_seen_is_missed_unless_the_recording_ended(tmp_path):
    seen = list(what_drove())
    unseen = a_passage("1", 71, overweight=True)
    too_late = a_passage("1", 158, overweight=True)

    assert scored(tmp_path, [*seen, unseen]).overweight == 3
    assert scored(tmp_path, [*seen, too_late]).overweight == 2


def test_a_crossing_where_nothing_drove_is_falsely_over(tmp_path):
    only_light = [passage for passage in what_drove() if not passage["overweight"]]

    assert scored(tmp_path, only_light) == Score(over_wrong=2)


@pytest.mark.parametrize("line", ["{}", "null", "{", '{"lane": 1}', "\ufeff{}"])
def test_a_file_that_is_no_truth_is_named_with_its_line(tmp_path, line):
    good = json.dumps(a_passage("1", 5, overweight=False))
    (tmp_path / "t.jsonl").write_text(f"{good}\n{line}\n", "utf-8")

    with pytest.raises(UsageError, match=r"t\.jsonl:2: no passage"):
        read_truth(tmp_path / "t.jsonl")


def test_the_truth_of_simulate_lies_beside_the_recording(tmp_path):
    rec = recording(tmp_path / "rec.mcap", a_run(), a_site(tmp_path))
    beside = a_truth(tmp_path / "rec.truth.jsonl")
    other = a_truth(tmp_path / "other.jsonl")

    assert units([rec], []) == (Unit(rec, beside),)
    assert units([rec], [other]) == (Unit(rec, other),)
    assert units([tmp_path / "else.mcap"], [])[0].truth is None
    with pytest.raises(UsageError, match="one for each"):
        units([rec, rec], [other])


def test_a_longer_stay_has_fewer_street_cases(tmp_path):
    recordings = open_all(a_street(tmp_path / "rec.mcap"))
    site = from_text(recordings[0].config_text)

    found = [
        tally(recordings, [changed(site, [f"street.rules.shopfront.stay_s={stay}"])], None)
        for stay in (240, 400, 600)
    ]

    assert [one.street_cases for one in found] == [1, 1, 0]
    assert found[0].score is None


# -- the command ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_two_settings_over_two_recordings_are_counted_scored_and_drawn(tmp_path, capsys):
    for name in ("a", "b"):
        recording(tmp_path / f"{name}.mcap", a_run(), a_site(tmp_path))
        a_truth(tmp_path / f"{name}.truth.jsonl", *what_drove())
    recs = [str(tmp_path / "a.mcap"), str(tmp_path / "b.mcap")]
    out = tmp_path / "out"
    grid = ["--set", f"{KEY}=8000,20000", "--set", f"{OTHER}=20000,30000"]

    status = main(["sweep", *recs, *grid, "--out", str(out), "--workers", "2"])

    assert status == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].split()[:4] == ["A", "B", "crossings", "over"]
    assert [line.split()[:4] for line in table[1:5]] == [
        ["8000", "20000", "12", "8"],
        ["8000", "30000", "12", "6"],
        ["20000", "20000", "12", "4"],
        ["20000", "30000", "12", "2"],
    ]
    said = json.loads((out / "sweep.json").read_text("utf-8"))
    assert [one["overweight"]["recall"] for one in said["points"]] == [1, 0.5, 1, 0.5]
    with (out / "sweep.csv").open(encoding="utf-8") as file:
        assert [row["overweight_precision"] for row in csv.DictReader(file)] == [
            "0.5",
            "0.3333333333333333",
            "1.0",
            "1.0",
        ]
    assert (out / "sweep.png").read_bytes().startswith(b"\x89PNG")


def test_a_mistyped_key_is_said_before_the_first_replay(tmp_path, capsys):
    rec = recording(tmp_path / "rec.mcap", a_run(), a_site(tmp_path))

    assert main(["sweep", str(rec), "--set", "lanes.1.limts.x=1,2", "--out", str(tmp_path / "out")]) == 2
    assert "did you mean limits?" in capsys.readouterr().err
    assert main(["sweep", str(rec), "--set", f"{KEY}=20000,heavy"]) == 2
    assert "is not a whole number" in capsys.readouterr().err


def test_too_many_replays_are_refused_whatever_the_grid_is(tmp_path):
    rec = recording(tmp_path / "rec.mcap", a_run(), a_site(tmp_path))

    with pytest.raises(UsageError, match="at most 10000 replays"):
        check([Unit(rec, None)] * 11, None, points([axis("a=1..1000")]))


def test_without_matplotlib_there_are_the_table_and_how_to_get_a_picture(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "find_spec", lambda _name: None)
    axes = [Axis(KEY, ("1", "2"))]
    rows = [{"settings": {KEY: value}, "crossings": 1} for value in ("1", "2")]

    note = command._write(tmp_path, {"points": rows}, axes, [Tally(), Tally()], [])

    assert "edge-agent[plots]" in note
    assert {path.name for path in tmp_path.iterdir()} == {"sweep.csv", "sweep.json"}


def test_three_settings_are_a_table_and_no_picture(tmp_path):
    axes = [Axis(key, ("1", "2")) for key in "abc"]
    rows = [{"settings": dict(point.values), "crossings": 1} for point in points(axes)]

    assert "shows one or two settings, of 3" in command._write(tmp_path, {"points": rows}, axes, [], [])


@pytest.mark.parametrize("score", [None, Score(), Score(2, 1, 1, 2, 1, 0)])
@pytest.mark.parametrize(
    "axes",
    [[Axis("a", ("1", "2"))], [Axis("a", ("x", "[1]"))], [Axis("a", ("1", "2")), Axis("b", ("3", "4"))]],
)
def test_a_picture_is_drawn_of_counts_or_shares_of_numbers_or_words(tmp_path, axes, score):
    found = [Tally(over=n, score=score) for n, _ in enumerate(points(axes))]

    draw(axes, found, "title", tmp_path / "sweep.png")

    assert (tmp_path / "sweep.png").stat().st_size > 10_000


def test_a_point_is_what_a_replay_takes(tmp_path):
    assert Point((("a", "[1, 2]"), ("b", "null"))).settings == ("a=[1, 2]", "b=null")
