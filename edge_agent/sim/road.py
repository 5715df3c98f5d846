"""Passages over sensors: the true load on each channel at each instant, no instrument yet.

A tyre patch presses evenly on a length of road. The load on a sensor is the share of the patch
that lies on it: a trapezoid with a plateau of (L - patch)/v on a pad, an even low hump of
load · L / patch on a strip, the sum of all axles on a deck. What lies beside it is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import Field

from edge_agent.core.settings import Settings
from edge_agent.core.weigh.settings import SensorSettings
from edge_agent.sim.kinematics import Float64, Int64, stay_ns, track
from edge_agent.sim.world import Passage, Vehicle

PATCH_MM = 250  # length of a truck tyre's contact: 0.2 to 0.3 m
HALF_WIDTH_MM = 1750  # sensors reach this far to either side of the lane's centre
TRACK_MM = 2000  # between the middles of a truck's left and right wheels
TYRE_WIDTH_MM = 500  # a pair of tyres
NARROW_TRACK_MM = 1500  # cars
NARROW_TYRE_MM = 200
GRAVITY_MM_S2 = 9806.65
# Below walking speed the road no longer excites the body: bounce fades with speed below this.
FADE_MM_S = 278.0


class Loop(Settings):
    """A vehicle separator: input `bit` is set while any part of a body is above it."""

    position_mm: int = 1400
    """Its centre, from the first sensor's centre along the travel."""
    length_mm: Annotated[int, Field(gt=0)] = 4000
    bit: Annotated[int, Field(ge=0, le=62)] = 0


def channel_count(sensors: Sequence[SensorSettings]) -> int:
    """Columns that these sensors need."""
    return 1 + max(channel.index for sensor in sensors for channel in sensor.channels)


def seen_from(passage: Passage, own_centre_mm: int, lane_centre_mm: int) -> Passage:
    """The passage with its lateral position taken from another lane's centre."""
    return replace(passage, lateral_mm=passage.lateral_mm + own_centre_mm - lane_centre_mm)


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
