"""What stands still on the pavement, and what only looks as if something did."""

import cv2
import numpy as np
import pytest

from edge_agent.core.units import Ns, S
from edge_agent.devices.scene import Scene, SceneSettings
from edge_agent.devices.scene.scene import SHOWS_GONE
from edge_agent.devices.scene.settings import LayerSettings

CRATE = (200, 150, 46, 40)  # x, y, wide, tall


class Watching:
    """A camera over a pavement; `see` shows it one picture a period and keeps what was told."""

    def __init__(self, street, bank, period_s=1.0, **layer):
        self.street = street
        settings = SceneSettings(layer=LayerSettings(**{"settle_ms": 3_000, **layer}))
        self.scene = Scene("cam1", settings, (street.ZONE,), bank)
        self.period_s = period_s
        self.now_s = 100.0
        self.told = []

    def see(self, picture, seconds, found=(), **taken):
        until = self.now_s + seconds
        while self.now_s < until:
            at = Ns(round(self.now_s * S))
            seed = round(self.now_s * 10)
            seen = self.scene.look(self.street.taken(picture, seed=seed, **taken), at, Ns(0), found, "m", at)
            self.told.append(seen.still)
            self.now_s += self.period_s
        return self.told[-1]


@pytest.fixture
def ground(street):
    return street.paved()


@pytest.fixture
def watching(street, bank_of, ground):
    return lambda **kw: Watching(street, bank_of(ground), **kw)


def box_px(still):
    return (
        still.x_min * 480 // 1000,
        still.y_min * 270 // 1000,
        still.x_max * 480 // 1000,
        still.y_max * 270 // 1000,
    )


@pytest.mark.parametrize("period_s", [0.2, 1.0, 2.0, 5.0])
def test_a_crate_put_down_is_found_where_it_stands(watching, street, ground, period_s):
    watch = watching(period_s=period_s)
    watch.see(ground, 20)
    put_down = watch.now_s

    [crate] = watch.see(street.with_box(ground, *CRATE), 30)

    x, y, wide, tall = CRATE
    found = box_px(crate)
    assert np.abs(np.array(found) - (x, y, x + wide, y + tall)).max() <= 4
    assert round(put_down * S) <= crate.since <= round((put_down + max(3, 2 * period_s)) * S)
    assert all(still == () for still in watch.told[: int(20 / period_s)])


def test_its_age_does_not_jump_when_more_is_put_beside_it(watching, street, ground):
    watch = watching()
    one = street.with_box(ground, *CRATE)
    [before] = watch.see(one, 20)

    [after] = watch.see(street.with_box(one, 244, 150, 40, 38, (160, 90, 30)), 20)

    assert after.since == before.since
    assert after.area > before.area


def test_it_is_told_no_more_once_it_is_taken_away(watching, street, ground):
    watch = watching()
    watch.see(street.with_box(ground, *CRATE), 60)

    assert len(watch.told[-1]) == 1
    assert watch.see(ground, 2) == ()
    assert watch.see(ground, 20) == ()


def test_people_who_stand_about_are_no_objects(watching, street, ground):
    watch = watching()
    person = street.with_box(ground, 220, 90, 30, 110)

    watch.see(person, 120, (street.detection("person", 220, 90, 250, 200),))

    assert all(still == () for still in watch.told)


def test_a_person_whom_the_detector_loses_now_and_then_is_none_either(watching, street, ground):
    watch = watching()
    person, found = street.with_box(ground, 220, 90, 30, 110), street.detection("person", 220, 90, 250, 200)

    for _ in range(40):
        watch.see(person, 2, (found,))
        watch.see(person, 1, ())

    assert all(still == () for still in watch.told)


def test_a_crate_behind_a_passer_by_keeps_its_age_and_is_told_again(watching, street, ground):
    watch = watching()
    crate = street.with_box(ground, *CRATE)
    [before] = watch.see(crate, 20)
    hiding = street.with_box(crate, 190, 80, 70, 120, (90, 90, 90))

    hidden = watch.see(hiding, 10, (street.detection("person", 190, 80, 260, 200),))
    [after] = watch.see(crate, 5)

    assert hidden == ()
    assert after.since == before.since


def test_somebody_who_walks_through_leaves_nothing(watching, street, ground):
    watch = watching(period_s=0.5)

    for x in range(40, 420, 6):
        watch.see(street.with_box(ground, x, 110, 26, 100), 0.5)
    watch.see(ground, 10)

    assert all(still == () for still in watch.told)


@pytest.mark.parametrize("gain", [0.5, 0.75, 1.3])
def test_a_crate_is_found_under_another_exposure_and_the_ground_is_not(watching, street, ground, gain):
    watch = watching()
    watch.see(ground, 15, gain=1.0)
    watch.see(ground, 15, gain=gain)
    assert all(still == () for still in watch.told)

    assert len(watch.see(street.with_box(ground, *CRATE), 15, gain=gain)) == 1


def test_a_shadow_that_stays_is_no_object(watching, street, ground):
    watch = watching()
    shade = np.ones(ground.shape[:2], np.float32)
    cv2.fillPoly(shade, [np.array([(100, 130), (330, 130), (380, 230), (120, 230)])], 0.62)
    shadowed = np.clip(ground * cv2.GaussianBlur(shade, (0, 0), 1.5)[..., None], 0, 255)

    watch.see(shadowed, 60)

    assert all(still == () for still in watch.told)


def test_a_view_that_shakes_is_no_object(watching, street, ground):
    watch = watching()
    rng = np.random.default_rng(1)
    for _ in range(40):
        matrix = np.float32([[1, 0, rng.uniform(-3, 3)], [0, 1, rng.uniform(-3, 3)]])
        watch.see(cv2.warpAffine(ground, matrix, (480, 270), borderMode=cv2.BORDER_REFLECT), 1)

    assert all(still == () for still in watch.told)


def test_what_the_reference_has_and_the_ground_no_longer_is_not_told_as_a_thing(street, bank_of, ground):
    watch = Watching(street, bank_of(street.with_box(ground, *CRATE)))

    watch.see(ground, 30)

    assert all(still == () for still in watch.told)
    assert watch.scene.trouble == SHOWS_GONE


def test_goods_stay_goods_however_long_they_stand(watching, street, ground):
    watch = watching(period_s=5.0, slow_s=10)

    [crate] = watch.see(street.with_box(ground, *CRATE), 1200)

    assert crate.since <= 110 * S


def test_slow_change_of_light_over_an_afternoon_is_followed(watching, street, ground):
    watch = watching(period_s=5.0, slow_s=60)
    ramp = np.linspace(-1, 1, 480, dtype=np.float32)[None, :, None]

    for k in range(100):
        watch.see(np.clip(ground * (1 + 0.1 * k / 100 * ramp), 0, 255), 5)

    assert all(still == () for still in watch.told)


def test_the_reference_never_drifts_further_than_it_may(watching, street, ground):
    watch = watching(period_s=5.0, slow_s=10, drift=6)
    faint = ground.astype(np.float32)
    faint[120:200, 150:300] += 9  # too little to be a thing

    watch.see(np.clip(faint, 0, 255), 300)

    slow, accepted = watch.scene._layer._slow, watch.scene._layer._accepted
    assert np.abs(slow.luma - accepted.luma).max() <= 6 + 1e-3
    assert np.abs(slow.luma - accepted.luma).max() > 4


def test_burnt_in_text_is_left_out(street, bank_of, ground):
    bank = bank_of(ground)
    masked = SceneSettings(
        masks=(((0.3, 0.5), (0.6, 0.5), (0.6, 0.62), (0.3, 0.62)),), layer=LayerSettings(settle_ms=1_000)
    )
    scene = Scene("cam1", masked, (street.ZONE,), bank)
    written = ground.copy()
    cv2.putText(written, "ALARM 3", (150, 162), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (255, 255, 255), 3)

    told = [
        scene.look(street.taken(written, seed=k), Ns(k * S), Ns(0), (), "m", Ns(k * S)).still
        for k in range(1, 20)
    ]

    assert all(still == () for still in told)


def test_things_beside_the_zones_are_not_told(watching, street, ground):
    watch = watching()

    assert watch.see(street.with_box(ground, 4, 150, 36, 40), 20) == ()


def test_a_camera_that_was_away_neither_adds_nor_takes_time(watching, street, ground):
    watch = watching()
    [before] = watch.see(street.with_box(ground, *CRATE), 20)
    watch.now_s += 3600

    told = watch.see(street.with_box(ground, *CRATE), 10)

    assert [one.since for one in told] == [before.since]


def test_when_nearly_everything_differs_the_view_is_called_unknown_not_full_of_things(
    watching, street, ground
):
    watch = watching()
    watch.see(ground, 10)
    snow = ground.copy()
    snow[80:] = (snow[80:] * 0.25 + 170).astype(np.uint8)
    snow[80:, ::2] //= 2

    watch.see(snow, 30)

    assert all(still == () for still in watch.told)


def test_a_grey_box_on_grey_ground_counts_where_the_detector_names_it(street, bank_of):
    plain = np.full((270, 480, 3), 130, np.uint8)
    plain[:67] = street.paved()[:67]
    grey = plain.copy()
    grey[150:190, 200:250] = 98
    named = street.detection("goods_pile", 200, 150, 250, 190, role="evidence")

    unnamed = Watching(street, bank_of(plain))
    unnamed.see(grey, 20)
    with_name = Watching(street, bank_of(plain))
    with_name.see(grey, 20, (named,))

    assert unnamed.told[-1] == ()  # it may be a shadow: the price of not calling shadows things
    assert len(with_name.told[-1]) == 1
