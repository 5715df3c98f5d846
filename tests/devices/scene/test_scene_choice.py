"""The best of several references, without fluttering; the part of a picture that the detector is shown."""

import numpy as np
import pytest

from edge_agent.core.units import Ns, S
from edge_agent.devices.scene import Scene, SceneSettings
from edge_agent.devices.scene.choice import Chooser, Look, likeness
from edge_agent.devices.scene.crop import WHOLE, around
from edge_agent.devices.scene.pixels import WIDTH
from edge_agent.devices.scene.scene import OTHER_LIGHT
from edge_agent.devices.scene.settings import BankSettings

NOWHERE = np.zeros((270, 480), bool)


@pytest.fixture
def day(street):
    return street.paved()


@pytest.fixture
def night(street):
    """Grey (infrared), lit from one side."""
    grey = street.paved().mean(axis=2, keepdims=True)
    lamp = np.linspace(0.15, 0.7, 480)[None, :, None]
    return np.repeat(np.clip(grey * lamp, 0, 255), 3, axis=2).astype(np.uint8)


def test_a_picture_is_most_like_the_one_of_its_own_light(street, day, night):
    looks = Look.of(day), Look.of(night)

    for k, picture in enumerate((day, night)):
        now = Look.of(street.taken(picture, gain=0.85, noise=4))
        scores = [likeness(now, look) for look in looks]
        assert scores[k] > 850
        assert scores[k] > scores[1 - k] + 150


def test_goods_do_not_make_it_unlike(street, day):
    laden = street.with_box(day, 100, 130, 200, 100)

    assert likeness(Look.of(laden), Look.of(day)) > 700


@pytest.fixture
def wet(day):
    """The same stones, darker near the camera."""
    out = day.astype(np.float32)
    out[210:] *= 0.72
    return out.astype(np.uint8)


def test_it_changes_only_when_another_has_been_better_for_a_while(street, day, wet):
    chooser = Chooser(BankSettings(margin=20, patience_s=100), (day, wet), NOWHERE)
    shown = [day] * 5 + [wet] * 4 + [day] * 5 + [wet] * 30  # something dark passes, then rain

    chosen = [chooser.choose(street.taken(p, seed=k), NOWHERE, Ns(k * S)).index for k, p in enumerate(shown)]

    assert chosen[:17] == [0] * 17
    assert chosen[30:] == [1] * 14


def test_one_that_does_not_show_the_light_is_left_at_once_for_one_that_does(street, day, night):
    chooser = Chooser(BankSettings(patience_s=3600), (day, night), NOWHERE)
    chooser.choose(street.taken(day), NOWHERE, Ns(0))

    chosen = chooser.choose(street.taken(night), NOWHERE, Ns(S))

    assert (chosen.index, chosen.fits) == (1, True)


def test_under_a_light_that_nobody_accepted_the_view_is_unknown_and_the_operator_is_told(
    street, bank_of, day, night
):
    scene = Scene("cam1", SceneSettings(), (street.ZONE,), bank_of(day))

    seen = scene.look(street.taken(night), Ns(S), Ns(0), (), "m", Ns(S))

    assert not seen.view.registered
    assert seen.still == ()
    assert scene.trouble == OTHER_LIGHT


def test_the_first_picture_chooses_at_once(street, day, night):
    chosen = Chooser(BankSettings(), (day, night), NOWHERE).choose(street.taken(night), NOWHERE, Ns(0))

    assert (chosen.index, chosen.fits) == (1, True)


def test_what_stands_is_remembered_when_the_reference_changes_at_dusk(street, bank_of, day, night):
    bank = bank_of(day, night)
    scene = Scene("cam1", SceneSettings(), (street.ZONE,), bank)
    crate = (200, 150, 46, 40)
    told = []
    for k in range(1, 121):
        picture = street.with_box(day, *crate) if k < 60 else street.with_box(night, *crate, (140, 140, 140))
        told.append(scene.look(street.taken(picture, seed=k), Ns(k * S), Ns(0), (), "m", Ns(k * S)))

    references = [event.view.reference for event in told]
    assert references[50] == bank.active[0].sha256
    assert references[-1] == bank.active[1].sha256
    [before], [after] = told[50].still, told[-1].still
    assert after.since == before.since


@pytest.mark.parametrize(
    "zones", [(), (((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0)),), (((0, 0), (0.1, 0), (0.9, 0.9)),)]
)
def test_a_picture_full_of_zones_is_shown_whole(zones):
    assert around(zones) == WHOLE


def test_a_small_zone_is_cut_out_with_its_surroundings_and_boxes_find_their_way_back(street):
    picture = np.zeros((1080, 1920, 3), np.uint8)
    crop = around((((0.6, 0.5), (0.8, 0.5), (0.8, 0.8), (0.6, 0.8)),))

    part = crop.of(picture)
    [box] = crop.back([street.detection("person", 0, 0, 480, 270)], picture)

    assert part.shape[0] < 0.6 * 1080
    assert part.shape[1] < 0.6 * 1920
    assert box.x_min <= 520
    assert box.x_max >= 870
    assert box.y_min <= 420
    assert box.y_max >= 880
    assert abs((box.x_max - box.x_min) / 1000 - part.shape[1] / 1920) < 0.003


def test_a_picture_is_made_as_wide_as_its_cut_out_fills_the_network_and_no_wider():
    crop = around((((0.6, 0.5), (0.8, 0.5), (0.8, 0.8), (0.6, 0.8)),))
    wide = crop.picture_width(640)
    part = crop.of(np.zeros((wide * 9 // 16, wide, 3), np.uint8))
    assert 640 <= part.shape[1] <= 645
    assert WHOLE.picture_width(448) == 2 * WIDTH  # the still layer's shrinking needs twice its own
    assert crop.picture_width(0) == 0  # a library that fits pictures by itself is given whole ones
