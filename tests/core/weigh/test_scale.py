"""A lane's scale recovers what was driven over it, in any blocks, and says why not where it cannot."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.core.decisions import Fault, FaultKind
from edge_agent.core.records import Crossing, Flag, SpeedSource
from edge_agent.core.units import MS, Grams, MilliCelsius, Mm, MmPerS, Ns, S
from edge_agent.core.weigh.samples import BAD_OVERLOAD, Samples, Unit, VehicleRecord
from edge_agent.core.weigh.scale import Scale
from edge_agent.core.weigh.settings import (
    CalibrationSettings,
    ChannelSettings,
    DetectSettings,
    ScaleSettings,
    SensorSettings,
    SeparatorSettings,
    VehicleSettings,
    ZeroSettings,
)
from edge_agent.sim.crossing import LAYOUTS, single_crossing
from edge_agent.sim.errors import InstrumentErrors
from edge_agent.sim.loadcells import Loop
from edge_agent.sim.vehicles import MODELS, draw_vehicle

TRUCK_G = (6_000_000, 7_000_000, 7_000_000)
LOOP = Loop(position_mm=1400, length_mm=4400)


def a_scale(layout="two-pads", **chosen) -> Scale:
    chosen.setdefault("zero", ZeroSettings(warm_up_s=0))
    return Scale("lane-1", ScaleSettings(sensors=LAYOUTS[layout], **chosen))


def block_of(trace) -> Samples:
    grams = np.rint(trace.grams).astype(np.int64)
    return Samples(trace.at_ns, grams, trace.status, trace.inputs, Unit.GRAMS)


def drive(layout="two-pads", kmh=15.0, *, seed=1, loops=(), **passage) -> Samples:
    """One passage of the 6/7/7 t truck, unless told otherwise, with empty scale before and behind."""
    passage.setdefault("lead_s", 6)
    return block_of(single_crossing(layout, kmh, np.random.default_rng(seed), loops=loops, **passage)[1])


def cut(block: Samples, first: int, last: int) -> Samples:
    return Samples(
        block.at[first:last],
        block.values[first:last],
        block.status[first:last],
        block.inputs[first:last],
        block.unit,
    )


def fed(scale: Scale, block: Samples, sizes=(10**9,)) -> list[Crossing | Fault]:
    """Feed in blocks of these sizes in turn, then let the instrument fall silent."""
    out = []
    start = turn = 0
    while start < block.at.size:
        size = sizes[turn % len(sizes)]
        out += scale.feed(cut(block, start, start + size))
        start, turn = start + size, turn + 1
    if scale.deadline is not None:
        out += scale.tick(scale.deadline)
    return out


def crossing(scale: Scale, block: Samples) -> Crossing:
    [one] = [o for o in fed(scale, block) if isinstance(o, Crossing)]
    return one


@pytest.mark.parametrize("layout", ["two-pads", "strips", "one-pad", "long-pad", "deck"])
@pytest.mark.parametrize("kmh", [6.0, 15.0, 25.0])
def test_a_truck_on_a_perfect_road_weighs_what_it_weighs(layout, kmh):
    one = crossing(a_scale(layout), drive(layout, kmh, roughness=0, lead_s=12))

    assert one.gross == pytest.approx(20_000_000, rel=0.01)
    assert [a.load for a in one.axles] == pytest.approx(TRUCK_G, rel=0.015)
    assert [a.offset for a in one.axles] == pytest.approx((0, 3800, 5200), abs=100)
    assert one.speed == pytest.approx(kmh / 3.6 * 1000, rel=0.02)
    assert [(g.first, g.count) for g in one.groups] == [(0, 1), (1, 2)]


def test_a_clean_crossing_of_two_pads_has_no_flag_and_its_interval_holds_the_truth():
    one = crossing(a_scale(), drive(kmh=15))

    assert one.flags == ()
    assert one.speed_source is SpeedSource.MEASURED
    assert one.gross is not None
    assert one.gross_interval is not None
    assert abs(one.gross - 20_000_000) <= one.gross_interval
    assert one.rate_mhz == 1_000_000
    for axle in one.axles:
        assert axle.left is not None
        assert axle.right is not None
        assert axle.left + axle.right == axle.load
        assert axle.left == pytest.approx(axle.load / 2, rel=0.02)
    assert one.first_axle_at < one.last_axle_at < one.closed_at


@pytest.mark.parametrize("kind", ["car", "bus", "truck2", "truck3", "truck4", "semi5", "semi6"])
@pytest.mark.parametrize("kmh", [8.0, 20.0])
def test_every_kind_of_vehicle_keeps_its_axles(kind, kmh):
    vehicle = draw_vehicle(np.random.default_rng(3), kind)

    one = crossing(a_scale(), drive(kmh=kmh, vehicle=vehicle, lead_s=8))

    assert len(one.axles) == len(MODELS[kind].offsets_mm)
    assert one.gross == pytest.approx(vehicle.gross_g, rel=0.05)
    assert [a.offset for a in one.axles] == pytest.approx(vehicle.axle_offsets_mm, abs=150)
    assert one.flags == ()


EXPECTED = {
    "plain": fed(a_scale(), drive(kmh=18, lead_s=4)),
    "loop": fed(a_scale(separator=SeparatorSettings(bit=0)), drive(kmh=18, loops=(LOOP,), lead_s=4)),
}


@pytest.mark.parametrize("how", ["plain", "loop"])
@given(sizes=st.lists(st.integers(1, 4_000), min_size=1, max_size=8))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_cut_into_blocks_gives_the_same_crossings(how, sizes):
    chosen = {"separator": SeparatorSettings(bit=0)} if how == "loop" else {}
    block = drive(kmh=18, loops=(LOOP,) if how == "loop" else (), lead_s=4)
    # Very small blocks all the way are slow and no different: small ones are mixed with large ones.
    assert fed(a_scale(**chosen), block, (*sizes, 500)) == EXPECTED[how]


def test_a_loop_ends_the_vehicle_long_before_silence_would():
    with_loop = crossing(a_scale(separator=SeparatorSettings(bit=0)), drive(kmh=8, loops=(LOOP,)))
    without = crossing(a_scale(), drive(kmh=8))

    assert with_loop.flags == ()
    assert with_loop.closed_at - with_loop.last_axle_at < 2 * S
    assert without.closed_at - without.last_axle_at > 3 * S
    assert with_loop.gross == pytest.approx(without.gross, rel=0.002)


def test_counts_become_grams_by_each_channels_own_ratio():
    sensors = tuple(
        SensorSettings(
            id=s.id, position_mm=s.position_mm, length_mm=s.length_mm,
            channels=tuple(
                ChannelSettings(index=c.index, side=c.side, grams_num=5 + c.index, grams_den=3)
                for c in s.channels
            ),
        )
        for s in LAYOUTS["two-pads"]
    )  # fmt: skip
    block = drive(roughness=0)
    counts = np.rint(block.values * 3 / np.array([5, 6, 7, 8])).astype(np.int64) + 123_456
    scale = Scale("lane-1", ScaleSettings(sensors=sensors, zero=ZeroSettings(warm_up_s=0, range_g=10**9)))

    one = crossing(scale, replace(block, values=counts, unit=Unit.COUNTS))

    assert one.gross == pytest.approx(20_000_000, rel=0.01)
    assert one.flags == ()


def test_the_calibration_of_the_lane_is_applied_and_named():
    calibration = CalibrationSettings(id="cal-7", factor_ppm=50_000, temperature_ppm_per_c=1_000)
    scale = a_scale(calibration=calibration)
    scale.temperature(Ns(0), MilliCelsius(30_000))

    one = crossing(scale, drive(roughness=0))

    assert one.calibration == "cal-7"
    assert one.temperature == 30_000
    assert one.gross == pytest.approx(20_000_000 * 1.05 / 1.01, rel=0.01)


# ---- reasons not to believe ---------------------------------------------------------------------


def test_one_sensor_can_only_infer_speed():
    assert Flag.SPEED_INFERRED in crossing(a_scale("one-pad"), drive("one-pad")).flags


def test_an_overload_is_no_value_and_the_gross_is_none():
    block = drive()
    status = block.status.copy()
    status[(block.values > 2_000_000)] = BAD_OVERLOAD

    one = crossing(a_scale(), replace(block, status=status))

    assert Flag.OVERLOAD in one.flags
    assert one.gross is None
    assert all(a.load == 0 for a in one.axles if not a.samples)


def test_more_axles_than_a_vehicle_has_are_nobodys_gross_weight():
    block = drive()

    seen = crossing(a_scale(vehicle=VehicleSettings(max_axles=2)), block)

    assert len(seen.axles) == 3
    assert seen.gross is None
    assert Flag.TAILGATING in seen.flags


def test_a_rail_is_saturation():
    sensors = tuple(
        SensorSettings(
            id=s.id, position_mm=s.position_mm, length_mm=s.length_mm,
            channels=tuple(
                ChannelSettings(index=c.index, side=c.side, rail_high=3_000_000) for c in s.channels
            ),
        )
        for s in LAYOUTS["two-pads"]
    )  # fmt: skip
    scale = Scale("lane-1", ScaleSettings(sensors=sensors, zero=ZeroSettings(warm_up_s=0)))
    block = drive()

    one = crossing(scale, replace(block, values=np.minimum(block.values, 3_000_000)))

    assert Flag.SATURATION in one.flags
    assert one.gross is None


@pytest.mark.parametrize(
    ("why", "passage", "flag"),
    [
        ("too fast", {"kmh": 50.0}, Flag.SPEED_OUT),
        ("too slow", {"kmh": 4.0, "lead_s": 14}, Flag.SPEED_OUT),
        ("creeping", {"kmh": 2.0, "lead_s": 31}, Flag.CREEP),
        ("partly beside", {"kmh": 15.0, "lateral_mm": 900}, Flag.OFF_SCALE),
        ("half beside", {"kmh": 15.0, "lateral_mm": 1900}, Flag.STRADDLE),
        ("one side only", {"kmh": 15.0, "lateral_mm": -1900}, Flag.ONE_SIDE),
        ("ten samples a second", {"kmh": 25.0, "rate_hz": 10.0}, Flag.FEW_SAMPLES),
    ],
)
def test_what_cannot_be_weighed_safely_says_so(why, passage, flag):
    assert flag in crossing(a_scale(), drive(**passage)).flags, why


def test_a_dead_or_stuck_channel_is_a_sensor_fault():
    for errors in (
        InstrumentErrors(dead_channels=(1,)),
        InstrumentErrors(stuck_channels=(2,), stuck_at_s=3.0),
    ):
        assert Flag.SENSOR_FAULT in crossing(a_scale(), drive(errors=errors)).flags


def test_samples_missing_from_a_pulse_are_a_sensor_fault():
    block = drive(kmh=10)
    middle = int(np.argmax(block.values.sum(axis=1) > 5_000_000)) + 60
    keep = np.r_[0:middle, middle + 80 : block.at.size]
    holed = Samples(block.at[keep], block.values[keep], block.status[keep], block.inputs[keep], block.unit)

    assert Flag.SENSOR_FAULT in crossing(a_scale(), holed).flags


def test_a_zero_that_jumps_under_the_vehicle_is_suspect():
    block = drive(kmh=10)
    loaded = np.flatnonzero(block.values.sum(axis=1) > 3_000_000)
    values = block.values.copy()
    values[int(loaded[len(loaded) // 2]) :, 0] += 100_000

    assert Flag.ZERO_SUSPECT in crossing(a_scale(), replace(block, values=values)).flags


def test_a_vehicle_soon_after_power_up_is_flagged():
    scale = a_scale(zero=ZeroSettings(warm_up_s=300))
    assert Flag.WARM_UP in crossing(scale, drive()).flags


def test_a_pad_that_reads_a_tenth_more_disagrees():
    block = drive()
    values = block.values.copy()
    values[:, 2:] += values[:, 2:] // 10

    assert Flag.DISAGREE in crossing(a_scale(), replace(block, values=values)).flags


def test_a_wrong_way_driver_is_seen():
    block = drive()
    backwards = Samples(block.at, block.values[::-1].copy(), block.status, block.inputs, block.unit)

    assert Flag.REVERSE in crossing(a_scale(), backwards).flags


# ---- time, memory, damage -----------------------------------------------------------------------


def test_an_instrument_that_falls_silent_is_a_fault_once_and_the_vehicle_is_not_lost():
    block = drive(kmh=5)
    half = int(np.flatnonzero(block.values.sum(axis=1) > 3_000_000)[-1]) - 100
    scale = a_scale()
    assert not [o for o in scale.feed(cut(block, 0, half)) if isinstance(o, Crossing)]
    assert scale.occupied
    deadline = scale.deadline
    assert deadline is not None

    assert scale.tick(Ns(deadline - 1)) == ()
    fault, one = scale.tick(deadline)

    assert isinstance(fault, Fault)
    assert fault.kind is FaultKind.SENSOR_SILENT
    assert isinstance(one, Crossing)
    assert Flag.SENSOR_FAULT in one.flags
    assert scale.deadline is None
    assert not scale.occupied
    assert scale.tick(Ns(deadline + 60 * S)) == ()


def test_a_hole_in_the_samples_is_the_same_as_a_tick_at_its_deadline():
    block = drive(kmh=10)
    first = cut(block, 0, 4_000)
    later = replace(block, at=block.at + 20 * S)
    ticked, holed = a_scale(), a_scale()

    out_ticked = list(ticked.feed(first))
    deadline = ticked.deadline
    assert deadline is not None
    out_ticked += ticked.tick(deadline)
    out_ticked += ticked.feed(later)
    out_holed = [*holed.feed(first), *holed.feed(later)]

    assert out_ticked == out_holed


def test_a_vehicle_that_never_leaves_is_closed_flagged_and_the_memory_stays_bounded():
    detect = DetectSettings(max_vehicle_s=5, max_samples=2_000)
    scale = a_scale(detect=detect)
    at = np.arange(0, 20 * S, MS, dtype=np.int64)
    values = np.zeros((at.size, 4), dtype=np.int64)
    values[3_000:] = 1_500_000
    block = Samples(at, values, np.zeros(values.shape, np.uint8), np.zeros(at.size, np.int64), Unit.GRAMS)

    out = []
    for start in range(0, at.size, 50):
        out += scale.feed(cut(block, start, start + 50))
        assert scale._kept_samples <= 2_000 + 500

    assert [o.kind for o in out if isinstance(o, Fault)] == [FaultKind.SENSOR_FAULT]
    assert all(Flag.STOP_ON_PAD in o.flags for o in out if isinstance(o, Crossing))
    assert scale.occupied


def test_debris_that_stays_becomes_a_new_suspect_zero():
    scale = a_scale(zero=ZeroSettings(warm_up_s=0, rezero_after_s=20), detect=DetectSettings(max_vehicle_s=5))
    at = np.arange(0, 60 * S, 2 * MS, dtype=np.int64)
    values = np.zeros((at.size, 4), dtype=np.int64)
    values[at > 3 * S, 0] = 400_000
    noise = np.random.default_rng(0).normal(0, 5_000, values.shape)
    block = Samples(
        at,
        values + noise.astype(np.int64),
        np.zeros(values.shape, np.uint8),
        np.zeros(at.size, np.int64),
        Unit.GRAMS,
    )

    out = fed(scale, block)

    kinds = [o.kind for o in out if isinstance(o, Fault)]
    assert kinds[:2] == [FaultKind.SENSOR_FAULT, FaultKind.ZERO_SUSPECT]
    assert scale.zero_g == pytest.approx(400_000, abs=10_000)


def test_too_few_channels_are_a_fault_said_once():
    scale = a_scale()
    narrow = cut(drive(), 0, 100)
    narrow = Samples(narrow.at, narrow.values[:, :2], narrow.status[:, :2], narrow.inputs, narrow.unit)

    assert [f.kind for f in scale.feed(narrow)] == [FaultKind.SENSOR_FAULT]
    assert scale.feed(narrow) == ()


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_no_samples_whatever_raise(data):
    scale = a_scale(
        data.draw(st.sampled_from(["two-pads", "one-pad", "long-pad", "strips", "deck"])),
        detect=DetectSettings(max_vehicle_s=5, max_samples=1_000),
    )
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    at = 0
    for _ in range(data.draw(st.integers(1, 12))):
        n = data.draw(st.sampled_from([1, 3, 50, 700]))
        steps = rng.choice([0, MS, MS, MS, 40 * MS, 3 * S], n)
        times = at + np.cumsum(steps).astype(np.int64)
        at = int(times[-1])
        scale_g = data.draw(st.sampled_from([0, 1, 100_000, 300_000, 5_000_000, 2**62]))
        values = rng.integers(-scale_g - 1, scale_g + 1, (n, 4))
        if data.draw(st.booleans()):
            values = np.abs(values) // 50 + np.repeat(values[:1], n, axis=0)
        status = rng.choice(np.array([0, 0, 0, 0, 1, 2, 4, 128], dtype=np.uint8), (n, 4))
        if data.draw(st.booleans()):
            status[:] = 0
        unit = data.draw(st.sampled_from([Unit.GRAMS, Unit.COUNTS]))
        scale.feed(Samples(times, values.astype(np.int64), status, rng.integers(0, 2, n), unit))
        if scale.deadline is not None and data.draw(st.booleans()):
            at = scale.deadline
            scale.tick(Ns(at))


# ---- a third party's controller ------------------------------------------------------------------


def a_record(**changes) -> VehicleRecord:
    record = VehicleRecord(
        at=Ns(12 * S), lane="lane-1", first_axle_at=Ns(10 * S), last_axle_at=Ns(11 * S),
        axle_loads=tuple(Grams(g) for g in TRUCK_G), axle_offsets=(Mm(0), Mm(3800), Mm(5200)),
        gross=Grams(20_000_000), speed=MmPerS(5000), flags=(), record_id="r1",
    )  # fmt: skip
    return replace(record, **changes)


def test_a_controllers_record_becomes_a_crossing():
    [one] = a_scale().report(a_record())

    assert isinstance(one, Crossing)
    assert one.gross == 20_000_000
    assert one.speed_source is SpeedSource.REPORTED
    assert one.flags == ()
    assert one.number == 1
    assert [(g.first, g.count) for g in one.groups] == [(0, 1), (1, 2)]
    assert one.axles[1].at == 10 * S + 760 * MS


@pytest.mark.parametrize(
    ("changes", "flag"),
    [
        ({"flags": (Flag.ACCEL,)}, Flag.CONTROLLER),
        ({"flags": (Flag.ACCEL,)}, Flag.ACCEL),
        ({"gross": Grams(25_000_000)}, Flag.DISAGREE),
        ({"speed": None}, Flag.SPEED_OUT),
        ({"speed": MmPerS(20_000)}, Flag.SPEED_OUT),
    ],
)
def test_a_controllers_doubts_stay_doubts(changes, flag):
    [one] = a_scale().report(a_record(**changes))
    assert isinstance(one, Crossing)
    assert flag in one.flags
