"""The gain of a scale, watched by the steering axles of lorries: an alarm, and nothing but an alarm."""

from dataclasses import replace

import numpy as np
import pytest

from edge_agent.core.decisions import Fault, FaultKind, Status
from edge_agent.core.records import AxleGroup, Flag
from edge_agent.core.weigh.drift import DriftWatch
from edge_agent.core.weigh.samples import VehicleRecord
from edge_agent.core.weigh.scale import Scale
from edge_agent.core.weigh.settings import DriftSettings, ScaleSettings
from edge_agent.evidence.examples import a_crossing
from edge_agent.sim.vehicles import MODELS, draw_vehicle

GROUPS = {
    kind: tuple(AxleGroup(0, count, 0, 0, ()) for count in counts)
    for kind, counts in {"semi5": (1, 1, 3), "semi6": (1, 2, 3), "truck3": (1, 2)}.items()
}
BOUNCE = 0.03  # of one axle's weight at 20 km/h, one standard deviation
SETTINGS = DriftSettings()
NORMAL = SETTINGS.vehicles
ANY = a_crossing()


def a_fleet(rng, kind, size=1_000):
    """Axle loads (size, axles) of lorries between empty and full, heaviest last."""
    loads = np.array([draw_vehicle(rng, kind).axle_loads_g for _ in range(size)])
    return loads[loads.sum(axis=1).argsort()]


@pytest.fixture(scope="module")
def fleets():
    rng = np.random.default_rng(1)
    return {kind: a_fleet(rng, kind) for kind in ("semi5", "semi6")}


def traffic(fleets, rng, count, *, loaded=0.5, six=0.6, gain=1.0):
    """Lorries as weighed; `loaded` is the share that comes out of the heavier half, `six` has six axles."""
    kinds = np.where(rng.random(count) < six, "semi6", "semi5")
    for kind, heavy, within in zip(kinds, rng.random(count) < loaded, rng.random(count), strict=True):
        fleet = fleets[kind]
        true = fleet[int((within + heavy) / 2 * len(fleet))]
        weighed = true * rng.normal(1, BOUNCE, true.size) * gain
        yield seen(kind, round(weighed[0]), round(weighed.sum()))


def seen(kind, steering, gross, **other):
    axle = replace(ANY.axles[0], load=steering)
    return replace(ANY, axles=(axle,), groups=GROUPS[kind], gross=gross, **other)


def told(watch, crossings):
    return [(number, said) for number, one in enumerate(crossings, start=1) for said in watch.note(one)]


def normal(fleets, rng):
    """A watch that has learned what is normal, of both kinds."""
    watch = DriftWatch("1", SETTINGS)
    assert told(watch, traffic(fleets, rng, 4 * NORMAL)) == []
    return watch


def test_a_hundred_thousand_lorries_of_steady_traffic_raise_no_alarm(fleets):
    assert told(DriftWatch("1", SETTINGS), traffic(fleets, np.random.default_rng(2), 100_000)) == []


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_seasons_change_who_drives_and_how_full_and_raise_no_alarm(fleets, seed):
    rng = np.random.default_rng(seed)
    watch = DriftWatch("1", SETTINGS)
    for loaded, six in ((0.15, 0.3), (0.85, 0.9), (0.15, 0.9), (0.85, 0.3)):
        assert told(watch, traffic(fleets, rng, 3_000, loaded=loaded, six=six)) == []


@pytest.mark.parametrize("seed", [6, 7, 8])
@pytest.mark.parametrize("gain", [0.9, 0.955, 1.045, 1.1])
def test_a_gain_that_drifts_by_more_than_four_percent_is_told_within_as_many_vehicles(fleets, gain, seed):
    rng = np.random.default_rng(seed)
    watch = normal(fleets, rng)
    said = told(watch, traffic(fleets, rng, NORMAL + NORMAL // 16, gain=gain))
    assert [type(what) for _, what in said] == [Fault, Status]
    number, fault = said[0]
    assert number <= NORMAL + NORMAL // 16
    assert (fault.source, fault.kind) == ("lane/1", FaultKind.CALIBRATION_DRIFT)
    assert fault.detail.startswith(f"calibration drift suspected: {'+' if gain > 1 else '-'}")
    assert said[1][1] == Status(fault.at, "lane/1", "degraded", fault.detail)


def test_an_alarm_is_told_once_and_ends_only_well_inside_the_limit(fleets):
    rng = np.random.default_rng(9)
    watch = normal(fleets, rng)
    assert len(told(watch, traffic(fleets, rng, 3 * NORMAL, gain=1.05))) == 2
    assert told(watch, traffic(fleets, rng, 2 * NORMAL, gain=1.025)) == []  # below the alarm, above its end
    [(_, ended)] = told(watch, traffic(fleets, rng, 2 * NORMAL))
    assert (ended.part, ended.state) == ("lane/1", "ok")


def test_what_is_flagged_or_of_another_kind_or_not_to_be_watched_says_nothing(fleets):
    rng = np.random.default_rng(10)
    watch = normal(fleets, rng)
    heavier = list(traffic(fleets, rng, 2 * NORMAL, gain=1.2))
    assert told(watch, (replace(one, flags=(Flag.ACCEL,)) for one in heavier)) == []
    assert told(watch, (replace(one, groups=GROUPS["truck3"]) for one in heavier)) == []
    assert told(watch, (replace(one, gross=None) for one in heavier)) == []
    off = DriftWatch("1", SETTINGS.model_copy(update={"enabled": False}))
    assert told(off, [*traffic(fleets, rng, 4 * NORMAL), *heavier]) == []


def test_an_alarm_changes_no_weight(fleets):
    """The scale itself, told of every lorry by a controller: the same crossings with and without."""
    rng = np.random.default_rng(11)
    offsets = dict.fromkeys(("semi5", "semi6"))
    offsets = {kind: MODELS[kind].offsets_mm for kind in offsets}

    def reports(count, gain, first):
        for number in range(count):
            kind = "semi6" if number % 2 else "semi5"
            true = fleets[kind][int(rng.random() * len(fleets[kind]))]
            loads = tuple(round(load) for load in true * rng.normal(1, BOUNCE, true.size) * gain)
            at = (first + number) * 10_000_000_000
            yield VehicleRecord(at, "1", at, at + 10, loads, offsets[kind], sum(loads), 8_000, (), "")

    vehicles = DriftSettings(vehicles=64)
    records = [*reports(300, 1.0, 0), *reports(120, 1.1, 300)]
    watched, plain = (
        Scale("1", ScaleSettings(drift=drift))
        for drift in (vehicles, vehicles.model_copy(update={"enabled": False}))
    )
    with_watch = [one for record in records for one in watched.report(record)]
    without = [one for record in records for one in plain.report(record)]
    assert [one for one in with_watch if not isinstance(one, (Fault, Status))] == without
    assert FaultKind.CALIBRATION_DRIFT in {one.kind for one in with_watch if isinstance(one, Fault)}


def test_settings_that_would_never_end_an_alarm_are_refused():
    with pytest.raises(ValueError, match="must not be above"):
        DriftSettings(alarm_permille=20, clear_permille=25)
