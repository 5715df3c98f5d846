"""Days on the street: who is where when is what the truth says, whatever the camera saw of it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from edge_agent.core.units import S
from edge_agent.sim.street import (
    Actor,
    Knock,
    Sky,
    StreetDay,
    StreetScene,
    make,
    stays,
    walks,
    write_clip,
    zones_of,
)
from edge_agent.sim.street.day import DayProfile, generate_day
from edge_agent.sim.street.incidents import INCIDENTS
from edge_agent.sim.street.truth import merged, share_in

SCENE = StreetScene(width=320, height=180)
MIDDLE = zones_of(SCENE)[1]
SMALL = DayProfile(width=320, height=180, length_s=150, stay_s=10)


def a_day(*actors: Actor, **more) -> StreetDay:
    return StreetDay(SCENE, actors, 60 * S, **more)


def pile(
    from_s: int, until_s: int, x: int = 0, y: int = 1_200, kind: str = "goods_pile", look: int = 3
) -> Actor:
    return stays(f"{kind}-{x}", "goods", make(kind, x, y, look), from_s * S, until_s * S)


def test_a_strong_thing_past_the_line_occupies_the_zone_while_it_stands():
    assert a_day(pile(5, 40)).true_occupancy(MIDDLE) == ((5 * S, 40 * S),)


def test_goods_added_piece_by_piece_are_one_stretch():
    assert a_day(pile(5, 20), pile(15, 30, x=1_500), pile(30, 50, x=-900)).true_occupancy(MIDDLE) == (
        (5 * S, 50 * S),
    )


def test_one_weak_thing_is_too_little_and_two_are_enough():
    one = pile(5, 40, kind="table")
    assert a_day(one).true_occupancy(MIDDLE) == ()
    two = pile(10, 30, x=1_500, kind="seat")
    assert a_day(one, two).true_occupancy(MIDDLE) == ((10 * S, 30 * S),)


@pytest.mark.parametrize("kind", ["person", "two_wheeler", "street_furniture", "rubbish_bag", "hand_truck"])
def test_people_and_what_is_no_goods_occupy_nothing(kind):
    assert a_day(pile(5, 40, kind=kind)).true_occupancy(MIDDLE) == ()


def test_goods_on_the_shops_own_side_do_not_count():
    scene = replace(SCENE, line_mm=1_500)
    day = StreetDay(scene, (pile(5, 40, y=700),), 60 * S)
    assert day.true_occupancy(day.zones[1]) == ()
    assert share_in(day.zones[1], make("goods_pile", 0, 1_500, 3)) == pytest.approx(500, abs=60)


def test_a_thing_on_the_move_does_not_stand():
    cart = make("vendor_cart", 0, 0, 3)
    passing = walks("cart", "passer", cart, 0, ((-6_000, 1_200), (6_000, 1_200)), 1_000)
    assert a_day(passing).true_occupancy(MIDDLE) == ()
    waiting = walks("cart", "passer", cart, 0, ((-6_000, 1_200), (0, 1_200), (6_000, 1_200)), 1_000, 4_000)
    assert a_day(waiting).true_occupancy(MIDDLE) == ((6 * S, 10 * S),)


def test_cartons_of_a_delivery_stand_only_while_it_unloads():
    seen = 0
    for seed in range(8):
        day = generate_day(seed, replace(SMALL, weights={"delivery": 1.0}))
        for zone in day.zones:
            unloading = day.deliveries(zone)
            for start, end in day.true_occupancy(zone):
                assert any(a <= start and end <= b for a, b in unloading)
                seen += 1
    assert seen > 10


def test_an_outage_hides_nothing_from_the_truth():
    day = a_day(pile(5, 40), outages=((10 * S, 50 * S),))
    assert day.true_occupancy(MIDDLE) == ((5 * S, 40 * S),)
    assert day.camera_up(9 * S)
    assert not day.camera_up(10 * S)
    assert day.camera_up(50 * S)


def test_a_walker_steps_and_faces_where_he_goes():
    man = walks(
        "man", "passer", make("person", 0, 0, 5), 0, ((0, 2_000), (5_000, 2_000), (5_000, 4_000)), 1_000
    )
    assert {t.pose for k in range(20) if (t := man.at(k * S // 5)) is not None} > {"walk0", "walk3"}
    there, later = man.at(S), man.at(6 * S)
    assert there is not None
    assert later is not None
    assert (there.x_mm, there.yaw_deg) == (1_000, 0)
    assert later.yaw_deg == 90
    assert man.at(7 * S) is None


def test_the_true_boxes_of_a_day_name_their_actors():
    day = a_day(pile(5, 40), stays("man", "crowd", make("person", 1_500, 1_800, 4), 0, 60 * S))
    assert {(a.name, b.label) for a, b in day.true_boxes(6 * S)} == {
        ("goods_pile-0", "goods_pile"),
        ("man", "person"),
    }
    assert [b.label for _, b in day.true_boxes(4 * S)] == ["person"]


def test_light_fades_from_one_sky_to_the_next_and_the_references_are_clear():
    day = a_day(pile(0, 60), skies=(Sky(0), Sky(20 * S, "night")))
    levels = [float(day.render(t * S).mean()) for t in (19, 24, 30)]
    assert levels[0] > levels[1] > levels[2]
    references = dict(day.references())
    assert set(references) == {"day-dry", "night-dry"}
    [(_, box)] = day.true_boxes(S)
    region = np.s_[int(box.y_min) : int(box.y_max), int(box.x_min) : int(box.x_max)]
    assert np.abs(references["day-dry"][region].astype(int) - day.render(S)[region]).mean() > 15


def test_the_clear_pavement_is_known_under_each_sun_with_its_shadows():
    skies = (Sky(0), Sky(20 * S, sun_deg=(170, 48)), Sky(40 * S, clouds=True), Sky(50 * S, clouds=True))
    assert [name for name, _ in a_day(skies=skies).references()] == ["day-dry", "day-dry-2", "day-dry-clouds"]


def test_a_knock_lasts_until_it_is_put_right():
    day = a_day(knocks=(Knock(10 * S, (30, 0), 4), Knock(20 * S, (0, 0))))
    day = replace(day, scene=replace(day.scene, roll_millirad=-10))
    views = [day.scene_at(t * S) for t in (9, 10, 19, 20)]
    assert [view.turn_permille[0] for view in views] == [0, 30, 30, 0]
    assert [view.roll_millirad for view in views] == [-10, -6, -6, -10]


def test_a_day_of_the_same_seed_is_the_same_day():
    assert generate_day(5, SMALL) == generate_day(5, SMALL)
    assert generate_day(5, SMALL) != generate_day(6, SMALL)


@pytest.mark.parametrize("seed", range(6))
def test_no_day_turns_on_a_second(seed):
    profile = replace(SMALL, weights={k: v for k, v in DayProfile().weights.items() if k != "delivery"})
    day = generate_day(seed, profile)
    stay = profile.stay_s * S
    for zone in day.zones:
        for start, end in merged(day.true_occupancy(zone), stay):
            assert end - start <= 0.5 * stay or end - start >= 2 * stay or end == day.length_ns


def test_days_have_all_that_was_asked_for():
    told = " ".join(note for seed in range(14) for note in generate_day(seed, SMALL).notes)
    for word in (
        "overflow",
        "weak",
        "brief",
        "stray",
        "crowd",
        "parked",
        "delivery",
        "vendor",
        "rubbish",
        "awning",
    ):
        assert word in told
    assert len(INCIDENTS) == 11


def test_the_clip_plays_what_the_day_shows_without_the_outage(tmp_path):
    day = a_day(pile(1, 40), outages=((2 * S, 3 * S),))
    path = tmp_path / "day.mp4"
    assert write_clip(path, SCENE, day, 0, 4 * S, 5, (320, 180), gop=10) == 15
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [
            (f.pts * (f.time_base or Fraction(0)), f.to_ndarray(format="bgr24"))
            for f in container.decode(stream)
        ]
    assert [round(float(t) * 5) for t, _ in frames] == [*range(10), *range(15, 20)]
    wanted = day.render(18 * S // 5)
    assert np.abs(frames[13][1].astype(int) - wanted).mean() < 8
