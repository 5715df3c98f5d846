"""One thing is wrong with a good box: it is named, and nothing else is."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.core.units import S
from edge_agent.devices.camera.settings import CameraSettings
from edge_agent.doctor.observed import Chunk, SerialSeen
from edge_agent.doctor.own_eyes import OwnEyes
from edge_agent.doctor.watching import watch
from edge_agent.sim.uart import resampled
from tests.doctor import seen
from tests.doctor.seen import PASSING, a_box, a_healthy_look, a_road, heard
from tests.doctor.test_cover import fingers
from tests.doctor.test_own_eyes import a_film


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    return a_box(tmp_path_factory.mktemp("references"))


def wired(config, *order):
    """The same box with its cells on these channels, in the order of the configured ones."""
    channels, sensors = iter(order), []
    for sensor in config.lanes["1"].scale.sensors:
        own = tuple(one.model_copy(update={"index": next(channels)}) for one in sensor.channels)
        sensors.append(sensor.model_copy(update={"channels": own}))
    return seen.with_scale(config, sensors=tuple(sensors))


def read_at(right: SerialSeen, baud: int) -> SerialSeen:
    """The same line, read by a port that is set to another rate."""
    chunks = tuple(Chunk(c.at_ns, resampled([c.data], right.baud, baud)) for c in right.chunks[:60])
    return SerialSeen(chunks, right.seconds, baud)


def wrong_baud(config, look):
    right = look.lines["wim"]
    port = config.ports["wim"].model_copy(update={"baud": 115_200})
    look.lines["wim"] = read_at(right, 115_200)
    look.at_rates = {921_600: right}
    return config.model_copy(update={"ports": {"wim": port}})


def line(**errors):
    def plant(config, look):
        look.lines["wim"] = heard(a_road(*PASSING, **errors))
        return config

    return plant


def swapped(*order):
    return lambda config, look: wired(config, *order)


def unplugged(config, look):
    missing = OwnEyes(config.model_copy(update={"ports": {"wim": unplugged_port(config)}}))
    look.lines["wim"] = missing.serial("wim", 0.5)
    return config


def unplugged_port(config):
    return config.ports["wim"].model_copy(update={"device": "/dev/edge-agent/unplugged"})


def street_camera(change):
    def plant(config, look):
        look.cameras["east"] = change(look.cameras["east"])
        return config

    return plant


def nudged(camera):
    """The view moved to the side, other things at its edge."""
    moved = (np.concatenate([p[:, 70:], p[:, :70][:, ::-1]], axis=1) for p in camera.pictures)
    return replace(camera, pictures=tuple(moved))


def knocked(camera):
    """Turned by a ninth of the picture: the same street, drawn as it is seen then."""
    play, _ = seen.the_street()
    turned = replace(play.day, scene=replace(play.day.scene, turn_permille=(110, 0)))
    return replace(camera, pictures=tuple(turned.render(t * S) for t in range(0, 6, 2)))


def capped(camera):
    """In the dark under a cap the sensor's noise is all there is."""
    chance = np.random.default_rng(1)
    cap = [np.clip(chance.normal(14, 2, p.shape), 0, 255).astype(np.uint8) for p in camera.pictures]
    return replace(camera, pictures=tuple(cap))


def under_a_hand(camera):
    """Fingers on the lens, light between them: bright, dark, and far out of focus."""
    tall, wide, _ = camera.pictures[0].shape
    level = cv2.resize(fingers(), (wide, tall))[..., None]
    shots = (np.random.default_rng(k).normal(level, 3, (tall, wide, 3)) for k in range(3))
    return replace(camera, pictures=tuple(np.clip(shot, 0, 255).astype(np.uint8) for shot in shots))


def large(config, look):
    """A real 3840x2160 stream, decoded here: what it costs is measured, not told.

    Of 25 pictures a second a quick processor's core would not even be half busy.
    """
    with tempfile.TemporaryDirectory() as folder:
        film = a_film(Path(folder) / "4k.mp4", count=6, fps=60, size=(3840, 2160), busy=True)
        measured = watch(CameraSettings(url=str(film)), seen.SECONDS)
    pictures = look.cameras["east"].pictures
    look.cameras["east"] = replace(measured, pictures=pictures)
    return config


def elsewhere(config, look):
    look.pairs = seen.matched_traffic(distance_mm=12_000)
    return config


PLANTED = {
    "wrong baud": (wrong_baud, {"serial.wrong_baud"}),
    "adapter unplugged": (unplugged, {"serial.missing"}),
    "dead cell": (line(dead_channels=(2,)), {"cell.dead"}),
    "stuck cell": (line(stuck_channels=(1,), stuck_at_s=0), {"cell.dead"}),
    "hum": (line(hum_g=60_000), {"cell.hum"}),
    "strong hum": (line(hum_g=200_000), {"cell.hum"}),
    "noise": (line(noise_g=60_000), {"cell.noise"}),
    "a zero far off": (line(zero_g=6_000_000), {"cell.zero"}),
    "cells of two pads swapped": (swapped(0, 2, 1, 3), {"cell.swapped"}),
    "pads swapped": (swapped(2, 3, 0, 1), {"cell.pads_swapped"}),
    "camera nudged": (street_camera(nudged), {"camera.moved"}),
    "camera knocked": (street_camera(knocked), {"camera.moved_far"}),
    "lens covered by a cap": (street_camera(capped), {"camera.covered"}),
    "lens covered by a hand": (street_camera(under_a_hand), {"camera.covered"}),
    "4K decoded in software": (large, {"camera.decode_cost"}),
    "wrong lane distance": (elsewhere, {"lane.wrong_distance"}),
}  # fmt: skip


def test_the_healthy_box_has_no_warning_and_no_fault(box):
    found = seen.findings(box, a_healthy_look())

    assert seen.wrong(found) == set()
    assert {one.key for one in found} == {"serial.ok", "cell.ok", "camera.ok", "lane.ok"}


@pytest.mark.parametrize("seed", range(2, 6))
def test_nor_with_other_vehicles_and_other_noise(box, seed):
    look = replace(a_healthy_look(), lines={"wim": heard(a_road(*PASSING), seed)})

    assert seen.wrong(seen.findings(box, look)) == set()


@pytest.mark.parametrize("fault", PLANTED)
def test_what_is_wrong_is_named_and_nothing_else(box, fault):
    plant, named = PLANTED[fault]
    look = a_healthy_look()
    config = plant(box, look)
    adapter_of = seen.missing if fault == "adapter unplugged" else seen.there

    assert seen.wrong(seen.findings(config, look, adapter_of)) == named
