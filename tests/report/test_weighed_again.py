"""A vehicle weighed once more out of the raw bytes: the core's own numbers, and where they were told."""

from functools import cache

import pytest

from edge_agent.core.decisions import Seal
from edge_agent.core.events import SerialBytes
from edge_agent.core.site import Site
from edge_agent.core.units import US, S
from edge_agent.evidence.measured import measurement
from edge_agent.report.weighed_again import weigh_again
from edge_agent.sim.events import events
from tests.road import a_scenario, site_settings

LORRY = {"at_s": 4.0, "lane": "1", "kind": "semi6", "gross_kg": 52_000, "speed_kmh": 20}


@cache
def a_case(neighbour=False):
    """What the box concluded of a lorry, and the bytes of the instrument around it."""
    passages = [LORRY]
    if neighbour:  # its axles lie in the statement's window
        passages.append({"at_s": 8.2, "lane": "1", "kind": "car", "gross_kg": 1_500, "speed_kmh": 30})
    scenario = a_scenario(*passages)
    cameras = {"cam1": {**site_settings(scenario).cameras["cam1"].model_dump(), "pictures": False}}
    settings = site_settings(scenario, cameras=cameras)
    site, stream = Site(settings), list(events(scenario, 1))
    seal = next(d for event in stream for d in site.step(event) if isinstance(d, Seal))
    raw = [e for e in stream if isinstance(e, SerialBytes) and seal.raw.start <= e.at <= seal.raw.end]
    return settings, seal, raw


def again(settings, seal, raw, scale=None):
    lane = settings.lanes["1"]
    return weigh_again(raw, settings.ports[lane.port].protocol, scale or lane.scale, measurement(seal, None))


@pytest.mark.parametrize("neighbour", [False, True])
def test_it_comes_to_the_same_weight_though_a_neighbour_follows(neighbour):
    settings, seal, raw = a_case(neighbour)
    found = again(settings, seal, raw)

    assert found.same
    assert abs(found.gross - seal.crossing.gross) <= 2_000  # grams: the zero was found anew
    for number, axle in enumerate(seal.crossing.axles):
        on_pads = [one.load for one in found.axles if one.axle == number]
        assert len(on_pads) == 2
        assert abs(sum(on_pads) / 2 - axle.load) <= 1_000


def test_every_plateau_lies_within_its_axles_time_on_the_sensor():
    settings, seal, raw = a_case()
    found = again(settings, seal, raw)

    assert len(found.axles) == 2 * len(seal.crossing.axles)
    for one in found.axles:
        [(start, end)] = one.windows
        assert one.enter < start < end < one.leave
        assert one.by_area
    first = [one for one in found.axles if one.sensor == 0]
    for one, axle in zip(first, seal.crossing.axles, strict=True):
        assert abs((one.enter + one.leave) // 2 - axle.at) <= 10 * US  # the zero was found anew


def test_another_calibration_than_the_one_that_weighed_is_not_called_the_same():
    settings, seal, raw = a_case()
    scale = settings.lanes["1"].scale
    sensors = tuple(
        sensor.model_copy(
            update={
                "channels": tuple(
                    c.model_copy(update={"grams_num": c.grams_num * 2}) for c in sensor.channels
                )
            }
        )
        for sensor in scale.sensors
    )
    found = again(settings, seal, raw, scale.model_copy(update={"sensors": sensors}))

    assert not found.same
    assert found.gross > 1.9 * seal.crossing.gross


def test_bytes_of_another_time_give_no_vehicle():
    settings, seal, raw = a_case()
    elsewhere = [SerialBytes(event.at + 3600 * S, event.port, event.data) for event in raw]
    assert again(settings, seal, elsewhere) is None
    assert again(settings, seal, []) is None
