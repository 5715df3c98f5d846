"""The instrument on top of the road's loads: noise, drift, faults, filter, rounding, sample by sample.

Randomness comes from the given generator in a fixed order: same arguments, same trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_agent.core.weigh.samples import BAD_OVERLOAD
from edge_agent.core.weigh.settings import SensorSettings
from edge_agent.sim.errors import CLEAN, InstrumentErrors
from edge_agent.sim.kinematics import Float64, Int64
from edge_agent.sim.road import PATCH_MM, Loop, channel_count, clean_loads, presence_ns, seen_from
from edge_agent.sim.world import Passage

__all__ = [
    "PATCH_MM",
    "Loop",
    "Trace",
    "air_celsius",
    "channel_count",
    "clean_loads",
    "presence_ns",
    "sample",
    "sample_step_ns",
    "seen_from",
    "sensor_celsius",
    "weigh_trace",
]

UInt8 = npt.NDArray[np.uint8]

MAINS_HZ = 50.0
COUNTS_MAX = 2**23 - 1  # 24-bit converter


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
    for channel, permille in enumerate(errors.channel_gain_permille):
        grams[:, channel] *= 1 + permille / 1000
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
