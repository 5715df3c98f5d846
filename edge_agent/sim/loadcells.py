"""Passages over sensors become what the instrument's converter sees, sample by sample.

A tyre patch presses evenly on a length of road. The load on a sensor is the share of the patch
that lies on it: a trapezoid with a plateau of (L - patch)/v on a pad, an even low hump of
load · L / patch on a strip, the sum of all axles on a deck. What is left of the pad is lost.

Randomness comes from the given generator in a fixed order: same arguments, same trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from edge_agent.core.settings import Settings
from edge_agent.core.weigh.samples import BAD_OVERLOAD
from edge_agent.core.weigh.settings import SensorSettings
from edge_agent.sim.errors import CLEAN, InstrumentErrors
from edge_agent.sim.kinematics import Float64, Int64, stay_ns, track
from edge_agent.sim.world import Passage, Vehicle

UInt8 = npt.NDArray[np.uint8]

PATCH_MM = 250  # length of a truck tyre's contact: 0.2 to 0.3 m
HALF_WIDTH_MM = 1750  # sensors reach this far to either side of the lane's centre
TRACK_MM = 2000  # between the middles of a truck's left and right wheels
TYRE_WIDTH_MM = 500  # a pair of tyres
NARROW_TRACK_MM = 1500  # cars
NARROW_TYRE_MM = 200
MAINS_HZ = 50.0
GRAVITY_MM_S2 = 9806.65
# Below walking speed the road no longer excites the body: bounce fades with speed below this.
FADE_MM_S = 278.0
COUNTS_MAX = 2**23 - 1  # 24-bit converter


class Loop(Settings):
    """A vehicle separator: input `bit` is set while any part of a body is above it."""

    position_mm: int = 1400
    """Its centre, from the first sensor's centre along the travel."""
    length_mm: Annotated[int, Field(gt=0)] = 4000
    bit: Annotated[int, Field(ge=0, le=62)] = 0


@dataclass(frozen=True, slots=True)
class Trace:
    """What the instrument sampled: `n` samples of `c` channels.

    at_ns:  int64 (n,), scenario time of each sample
    grams:  float64 (n, c), load as the instrument shows it (rounded to d where it has one)
    counts: int64 (n, c), converter counts
    inputs: int64 (n,), digital inputs
    status: uint8 (n, c), bits of `core.weigh.samples`
    """

    at_ns: Int64
    grams: Float64
    counts: Int64
    inputs: Int64
    status: UInt8


def channel_count(sensors: Sequence[SensorSettings]) -> int:
    """Columns that these sensors need."""
    return 1 + max(channel.index for sensor in sensors for channel in sensor.channels)


def weigh_trace(
    passages: Sequence[Passage],
    sensors: Sequence[SensorSettings],
    rate_hz: float,
    start_ns: int,
    end_ns: int,
    rng: np.random.Generator,
    errors: InstrumentErrors = CLEAN,
    loops: Sequence[Loop] = (),
) -> Trace:
    """Sample [start_ns, end_ns) at `rate_hz` while the passages go over one lane's sensors.

    A passage's lateral position is taken relative to this lane; `seen_from` shifts a neighbour's.
    """
    step_ns = sample_step_ns(rate_hz, errors)
    # Not one sample more for a rounding error in the last place.
    n = int(np.ceil((end_ns - start_ns) / step_ns - 1e-6))
    return sample(passages, sensors, rate_hz, start_ns, range(n), rng, errors, loops)


def sample_step_ns(rate_hz: float, errors: InstrumentErrors) -> float:
    """True time between two samples."""
    return 1e9 / rate_hz * (1 + errors.clock_skew_ppm * 1e-6)


def sample(
    passages: Sequence[Passage],
    sensors: Sequence[SensorSettings],
    rate_hz: float,
    origin_ns: int,
    which: range,
    rng: np.random.Generator,
    errors: InstrumentErrors = CLEAN,
    loops: Sequence[Loop] = (),
) -> Trace:
    """Samples number `which` (consecutive) of an instrument whose sample 0 is at `origin_ns`.

    For traces too long for memory: consecutive blocks from one generator make one seamless trace.
    """
    every = max(1, round(errors.internal_rate_hz / rate_hz)) if errors.filter_ms else 1
    inner_hz = rate_hz * every
    inner_ns = sample_step_ns(inner_hz, errors)
    taps = max(1, round(errors.filter_ms * 1e-3 * inner_hz))
    warm_up = -(-(taps - 1) // every) * every
    numbers = np.arange(which.start * every - warm_up, which.stop * every)
    shown_at = origin_ns + np.rint(numbers * inner_ns).astype(np.int64)
    true_at = shown_at - round(errors.latency_ms * 1e6)

    grams, inputs = clean_loads(passages, sensors, true_at, loops)
    _add_errors(grams, true_at, sensors, inner_hz, rng, errors)
    if errors.stuck_channels:
        _stick(grams, true_at, passages, sensors, errors)
    if taps > 1:
        grams = _trailing_mean(grams, taps)
    grams, inputs, at = grams[warm_up::every], inputs[warm_up::every], shown_at[warm_up::every]
    grams, counts, status = _convert(grams, errors)
    keep = _kept(at, errors)
    return Trace(at[keep], grams[keep], counts[keep], inputs[keep], status[keep])


def seen_from(passage: Passage, own_centre_mm: int, lane_centre_mm: int) -> Passage:
    """The passage with its lateral position taken from another lane's centre."""
    return replace(passage, lateral_mm=passage.lateral_mm + own_centre_mm - lane_centre_mm)


# ---- the load on the road -----------------------------------------------------------------------


def clean_loads(
    passages: Sequence[Passage],
    sensors: Sequence[SensorSettings],
    at_ns: Int64,
    loops: Sequence[Loop] = (),
) -> tuple[Float64, Int64]:
    """True loads (n, c) in grams and loop inputs (n,): no instrument yet."""
    grams = np.zeros((at_ns.size, channel_count(sensors)))
    inputs = np.zeros(at_ns.size, dtype=np.int64)
    for passage in passages:
        stay = presence_ns(passage, sensors, loops)
        begin, end = np.searchsorted(at_ns, stay).tolist() if stay else (0, 0)
        if begin < end:
            _add_passage(passage, sensors, loops, at_ns[begin:end], grams[begin:end], inputs[begin:end])
    return grams, inputs


def presence_ns(
    passage: Passage, sensors: Sequence[SensorSettings], loops: Sequence[Loop] = ()
) -> tuple[float, float] | None:
    """From when to when any of the vehicle may be over a sensor or a loop; None: never.

    A vehicle that never leaves stays to infinity.
    """
    vehicle = passage.vehicle
    ends = [(s.position_mm, s.length_mm / 2 + PATCH_MM) for s in sensors]
    low = min(centre - half for centre, half in ends)
    high = max(centre + half for centre, half in ends) + vehicle.axle_offsets_mm[-1]
    for loop in loops:
        low = min(low, loop.position_mm - loop.length_mm / 2 - vehicle.front_overhang_mm)
        high = max(high, loop.position_mm + loop.length_mm / 2 + vehicle.length_mm)
    return stay_ns(passage.motion, low, high)


def _add_passage(
    passage: Passage,
    sensors: Sequence[SensorSettings],
    loops: Sequence[Loop],
    at_ns: Int64,
    grams: Float64,
    inputs: Int64,
) -> None:
    vehicle = passage.vehicle
    x, v, a = track(passage.motion, at_ns)
    monotone = all(leg.v_mm_s >= 0 for leg in passage.motion.legs) and bool(np.all(v >= 0))
    for sensor in sensors:
        shares = _channel_shares(passage, sensor)
        if not shares:
            continue
        for axle, offset in enumerate(vehicle.axle_offsets_mm):
            rel = offset + sensor.position_mm
            on = _samples_on(x, rel, (sensor.length_mm + PATCH_MM) / 2, monotone)
            covered = (sensor.length_mm + PATCH_MM) / 2 - np.abs(x[on] - rel)
            np.clip(covered, 0, min(sensor.length_mm, PATCH_MM), out=covered)
            load = covered / PATCH_MM * _axle_load(passage, axle, at_ns[on], v[on], a[on])
            for index, share in shares:
                grams[on, index] += share * load
    front = x + vehicle.front_overhang_mm
    for loop in loops:
        if abs(passage.lateral_at(loop.position_mm)) > HALF_WIDTH_MM:
            continue  # it is in the next lane
        above = (front > loop.position_mm - loop.length_mm / 2) & (
            front - vehicle.length_mm < loop.position_mm + loop.length_mm / 2
        )
        inputs[above] |= 1 << loop.bit


def _samples_on(x: Float64, centre: float, half: float, monotone: bool) -> slice | Int64:
    if monotone:
        return slice(int(np.searchsorted(x, centre - half)), int(np.searchsorted(x, centre + half)))
    return np.flatnonzero(np.abs(x - centre) < half)


def _axle_load(passage: Passage, axle: int, at_ns: Int64, v: Float64, a: Float64) -> Float64:
    """Load of one axle on the road at each instant, grams."""
    static = passage.vehicle.axle_loads_g[axle]
    d = passage.dynamics
    t = (at_ns - passage.t0_ns) / 1e9
    wave = d.bounce_amplitude * np.sin(2 * np.pi * d.bounce_hz * t + d.bounce_phases[axle])
    wave += d.hop_amplitude * np.sin(2 * np.pi * d.hop_hz * t + d.hop_phases[axle])
    if v.size and float(np.abs(v).min()) < FADE_MM_S and len(passage.motion.legs) > 1:
        wave *= np.minimum(1.0, np.abs(v) / FADE_MM_S)
    load: Float64 = static * (1 + wave)
    if a.any():
        load += _shifted_g(passage.vehicle, axle) * -a
    return np.maximum(load, 0.0)


def _shifted_g(vehicle: Vehicle, axle: int) -> float:
    """Grams that move onto this axle for each mm/s² of braking; they sum to zero over the axles.

    The vehicle is taken as one stiff body (a semi-trailer too) with its centre of gravity at 0.4
    of its height.
    """
    offsets = vehicle.axle_offsets_mm
    middle = sum(offsets) / len(offsets)
    spread = sum((offset - middle) ** 2 for offset in offsets)
    if not spread:
        return 0.0
    moment = vehicle.gross_g * 0.4 * vehicle.height_mm / GRAVITY_MM_S2
    return moment * (middle - offsets[axle]) / spread


def _channel_shares(passage: Passage, sensor: SensorSettings) -> list[tuple[int, float]]:
    """(channel, share of the axle load that it carries), without the channels that carry nothing."""
    by_side = _side_shares(passage.vehicle, passage.lateral_at(sensor.position_mm))
    out = []
    for channel in sensor.channels:
        sharing = sum(other.side == channel.side for other in sensor.channels)
        share = by_side[channel.side] / sharing
        if share > 0:
            out.append((channel.index, share))
    return out


def _side_shares(vehicle: Vehicle, lateral_mm: float) -> dict[str, float]:
    """Share of an axle's load on the left half, the right half and the whole of the sensor."""
    if vehicle.width_mm < 1000:  # motorbike, pedestrian: one line of contact
        wheels = [(0.0, NARROW_TYRE_MM, 1.0)]
    else:
        wide = vehicle.width_mm >= 2200
        track_mm = TRACK_MM if wide else NARROW_TRACK_MM
        tyre = TYRE_WIDTH_MM if wide else NARROW_TYRE_MM
        left = vehicle.left_permille / 1000
        wheels = [(-track_mm / 2, tyre, left), (track_mm / 2, tyre, 1 - left)]
    shares = {"left": 0.0, "right": 0.0}
    for y, width, share in wheels:
        low, high = lateral_mm + y - width / 2, lateral_mm + y + width / 2
        shares["left"] += share * max(0.0, min(high, 0) - max(low, -HALF_WIDTH_MM)) / width
        shares["right"] += share * max(0.0, min(high, HALF_WIDTH_MM) - max(low, 0)) / width
    return {**shares, "both": shares["left"] + shares["right"]}


# ---- the instrument -----------------------------------------------------------------------------


def _add_errors(
    grams: Float64,
    at_ns: Int64,
    sensors: Sequence[SensorSettings],
    rate_hz: float,
    rng: np.random.Generator,
    errors: InstrumentErrors,
) -> None:
    """Everything between the road and the converter, in place."""
    seconds = at_ns / 1e9
    for debris in errors.debris:
        there = (seconds >= debris.start_s) & (seconds < debris.start_s + debris.length_s)
        grams[there, debris.channel] += debris.load_g
    if errors.gain_error_permille or errors.span_ppm_per_c:
        grams *= ((1 + errors.gain_error_permille / 1000) * _span(seconds, errors))[:, None]
    grams += (errors.zero_g + errors.zero_drift_g_per_h / 3600 * seconds)[:, None]
    if errors.zero_step_g:
        grams[seconds >= errors.zero_step_at_s, 0] += errors.zero_step_g
    if errors.hum_g:
        grams += (errors.hum_g * np.sin(2 * np.pi * MAINS_HZ * seconds))[:, None]
    if errors.noise_g:
        grams += rng.standard_normal(grams.shape) * _noise_sd(grams.shape[1], sensors, errors)
    if errors.spikes_per_s:
        _add_spikes(grams, rate_hz, rng, errors)
    for channel in errors.dead_channels:
        grams[:, channel] = 0


def _stick(
    grams: Float64,
    at_ns: Int64,
    passages: Sequence[Passage],
    sensors: Sequence[SensorSettings],
    errors: InstrumentErrors,
) -> None:
    """Hold the load of the moment at which the channels stuck, in place."""
    since_ns = round(errors.stuck_at_s * 1e9)
    held, _ = clean_loads(passages, sensors, np.array([since_ns]))
    for channel in errors.stuck_channels:
        grams[at_ns >= since_ns, channel] = held[0, channel] + errors.zero_g


def _span(seconds: Float64, errors: InstrumentErrors) -> Float64:
    celsius = sensor_celsius(seconds, errors)
    span: Float64 = 1 + errors.span_ppm_per_c * 1e-6 * (celsius - errors.reference_c)
    return span


def sensor_celsius(seconds: Float64, errors: InstrumentErrors) -> Float64:
    """Temperature of the sensor: the air's ramp, followed with the sensor's lag."""
    lag_h = errors.sensor_lag_min / 60
    hours = seconds / 3600
    behind = lag_h * (1 - np.exp(-hours / lag_h)) if lag_h else np.zeros_like(hours)
    celsius: Float64 = errors.start_c + errors.warming_c_per_h * (hours - behind)
    return celsius


def air_celsius(seconds: float, errors: InstrumentErrors) -> float:
    """Temperature that a probe in the cabinet reads."""
    return errors.start_c + errors.warming_c_per_h * seconds / 3600


def _noise_sd(channels: int, sensors: Sequence[SensorSettings], errors: InstrumentErrors) -> Float64:
    """Noise of each channel (c,), so that every sensor's sum has `noise_g`."""
    sd = np.zeros(channels)
    for sensor in sensors:
        for channel in sensor.channels:
            sd[channel.index] = errors.noise_g / np.sqrt(len(sensor.channels))
    return sd


def _add_spikes(grams: Float64, rate_hz: float, rng: np.random.Generator, errors: InstrumentErrors) -> None:
    n, channels = grams.shape
    count = int(rng.poisson(errors.spikes_per_s * n / rate_hz))
    for at, channel, length in zip(
        rng.integers(n, size=count),
        rng.integers(channels, size=count),
        rng.integers(1, 3, size=count),
        strict=True,
    ):
        grams[int(at) : int(at + length), int(channel)] += errors.spike_g


def _trailing_mean(grams: Float64, taps: int) -> Float64:
    """Mean of each row and the `taps - 1` before it; the first rows use what there is."""
    total = np.cumsum(grams, axis=0)
    mean = total.copy()
    mean[taps:] -= total[:-taps]
    mean[taps - 1 :] /= taps
    mean[: taps - 1] /= np.arange(1, taps)[:, None]
    return mean


def _convert(grams: Float64, errors: InstrumentErrors) -> tuple[Float64, Int64, UInt8]:
    """(grams as shown, converter counts, status)."""
    status = np.zeros(grams.shape, dtype=np.uint8)
    if errors.full_scale_g:
        status[np.abs(grams) >= errors.full_scale_g] = BAD_OVERLOAD
        grams = np.clip(grams, -errors.full_scale_g, errors.full_scale_g)
    raw = grams * (errors.counts_per_kg / 1000) + errors.zero_counts
    counts = np.rint(np.clip(raw, -COUNTS_MAX - 1, COUNTS_MAX)).astype(np.int64)
    if errors.division_g:
        grams = np.rint(grams / errors.division_g) * errors.division_g
    return grams, counts, status


def _kept(at_ns: Int64, errors: InstrumentErrors) -> npt.NDArray[np.bool_] | slice:
    if not errors.dropouts:
        return slice(None)
    keep = np.ones(at_ns.size, dtype=np.bool_)
    for dropout in errors.dropouts:
        start = dropout.start_s * 1e9
        keep &= ~((at_ns >= start) & (at_ns < start + dropout.length_s * 1e9))
    return keep
