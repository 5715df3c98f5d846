"""The load cells: what the empty scale reads, and whether vehicles are felt where and when they should be.

Two sources: the stretch that was listened to just now, and the crossings of late. The first tells of every
channel by itself, the second of what only many vehicles can tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import sqrt
from statistics import median
from typing import Any

import numpy as np

from edge_agent.config.settings import LaneConfig, SiteConfig
from edge_agent.core.records import Crossing, Flag
from edge_agent.core.units import KG, S
from edge_agent.core.weigh.layout import NO_VALUE
from edge_agent.core.weigh.noise import difference_scale
from edge_agent.core.weigh.scale import Scale
from edge_agent.core.weigh.settings import ScaleSettings
from edge_agent.doctor.cell_order import Wiring, wiring_of
from edge_agent.doctor.cell_signals import Stretch, stretch_of
from edge_agent.doctor.cell_spectrum import alias_hz, hidden, hum_of
from edge_agent.doctor.cell_texts import TEXTS
from edge_agent.doctor.decoded import decode
from edge_agent.doctor.finding import Finding, State
from edge_agent.doctor.observed import LISTEN_S, Eyes

__all__ = ["TEXTS", "cell_findings"]

# A channel at its rail for a twentieth of the time that nothing is on it hangs there.
AT_RAIL = 0.05
# Half of the range in which a zero is believed: it still works, and will not for long.
FAR_ZERO = 0.5
# Noise may take a tenth of the interval that a gross weight at the posted limit may have: the road and the
# calibration need the rest.
NOISE_SHARE = 0.1
AXLES = 6  # of the vehicle whose gross weight takes up most of it
# Between the thresholds at which a wheel is on and off, noise must have room for so many of its deviations.
ROOM = 4
# Hum of an eighth of the lower threshold is as strong as a good cell's noise; above, it hides the noise.
HUM_SHARE = 1 / 8
# Values that an instrument has averaged change little from one to the next: by a third of what independent
# ones would, and over enough of them for that to be no chance.
SMOOTH, FEWEST_SHOWN = 0.33, 100
# Vehicles that a judgement of their shares needs, and the share from which it is the scale and not them.
FEWEST_CROSSINGS = 8
FEWEST_REVERSED = 3
FEWEST_IN_ORDER = 2
MOSTLY = 0.8
OFTEN = 0.5
# A passage like these makes pads read differently whatever their span.
EXPLAINED = frozenset(
    {
        *(Flag.OFF_SCALE, Flag.ONE_SIDE, Flag.STRADDLE, Flag.ABREAST, Flag.TAILGATING),
        *(Flag.ACCEL, Flag.STOP_ON_PAD, Flag.CREEP, Flag.REVERSE, Flag.AXLE_COUNT),
        *(Flag.FEW_SAMPLES, Flag.SENSOR_FAULT, Flag.SATURATION, Flag.OVERLOAD, Flag.ZERO_SUSPECT),
    }
)
# Vehicles lean by 5 to 10 % either way (facts on WIM, 7); the median of many does not.
LEANING_PERMILLE = 40
# Twice the drift that the simulator's matrix allows for (facts on WIM, 7: 0 to 50 kg/h); and over how long.
DRIFT_G_PER_H = 100_000
DRIFT_OVER_NS = 20 * 60 * S
SIDES = {"left": ("左", "left"), "right": ("右", "right"), "both": ("两", "both sides")}


def cell_findings(config: SiteConfig, eyes: Eyes) -> Iterator[Finding]:
    """Every lane with sensors of its own; where its line says nothing, the serial check has told."""
    late = eyes.crossings()
    for name, lane in config.lanes.items():
        if not lane.scale.sensors:
            continue  # a third party's controller weighs: its cells are its own
        port = config.ports[lane.port]
        seen = eyes.serial(lane.port, LISTEN_S)
        samples = decode(port.protocol, seen, port.char_ns).samples
        stretch = None if samples is None else stretch_of(samples, lane.scale)
        subject = f"lane/{name}"
        if samples is None or stretch is None:
            yield Finding("cell.no_samples", subject, State.UNKNOWN, {"lane": name, "port": lane.port})
            continue
        own = [c for c in late if c.lane == name]
        if not own:
            own = [c for c in Scale(name, lane.scale).feed(samples) if isinstance(c, Crossing)]
        yield from _lane(subject, name, lane, stretch, own)


def _lane(
    subject: str, name: str, lane: LaneConfig, stretch: Stretch, crossings: Sequence[Crossing]
) -> Iterator[Finding]:
    base: dict[str, Any] = {"lane": name}
    found = list(_of_channels(subject, base, stretch))
    wrong = {finding.values["channel"] for finding in found}
    if stretch.enough_free:
        found += _of_sensors(subject, base, lane, stretch)
    wiring = wiring_of(stretch)
    found += _of_wiring(subject, base, stretch, wiring, wrong)
    if not wrong:
        found += _of_crossings(subject, base, crossings, told={finding.key for finding in found})
    yield from found
    if stretch.enough_free and hidden(stretch.rate_hz):
        yield Finding("cell.hum_unknown", subject, State.UNKNOWN, {**base, "rate_hz": round(stretch.rate_hz)})
    if not stretch.enough_free:
        yield Finding("cell.never_free", subject, State.UNKNOWN, base)
    elif not found:
        yield Finding("cell.ok", subject, State.OK, {**base, **_numbers(stretch, wiring, crossings)})
    if not wiring.vehicles and len(crossings) < FEWEST_REVERSED:
        yield Finding("cell.order_unknown", subject, State.UNKNOWN, base)


def _channel(stretch: Stretch, column: int) -> dict[str, Any]:
    """A column of the stretch as the configuration and a technician name it."""
    channels = [(s, c) for s in stretch.settings.sensors for c in s.channels]
    sensor, channel = channels[column]
    zh, en = SIDES[channel.side]
    return {"channel": channel.index, "sensor": sensor.id, "side": channel.side, "side_zh": zh, "side_en": en}


# ---- channel by channel ----------------------------------------------------------------------------


def _of_channels(subject: str, base: dict[str, Any], stretch: Stretch) -> Iterator[Finding]:
    at_rail = ((stretch.status & NO_VALUE) != 0)[stretch.free].mean(axis=0) if stretch.free.any() else None
    still = _still(stretch)
    limit = stretch.settings.zero.range_g
    for column in range(stretch.layout.width):
        values = {**base, **_channel(stretch, column)}
        level = int(stretch.level[column])
        if at_rail is not None and at_rail[column] > AT_RAIL:
            yield Finding("cell.rail", subject, State.FAULT, values)
        elif still[column]:
            yield Finding("cell.dead", subject, State.FAULT, {**values, "level_kg": _kg(level)})
        elif stretch.enough_free and abs(level) > FAR_ZERO * limit:
            state = State.FAULT if abs(level) > limit else State.WARNING
            values |= {"zero_kg": _kg(level), "limit_kg": _kg(limit)}
            yield Finding("cell.zero", subject, state, values)


def _still(stretch: Stretch) -> list[bool]:
    """Channels that read one and the same number, where noise moves the others or must be there."""
    grams = stretch.grams
    still = (grams == grams[:1]).all(axis=0)
    if not stretch.raw and still.all():
        return [False] * stretch.layout.width  # an indicator that rounds shows the same while nothing comes
    return [bool(one) for one in still]


# ---- sensor by sensor ------------------------------------------------------------------------------


def _of_sensors(subject: str, base: dict[str, Any], lane: LaneConfig, stretch: Stretch) -> Iterator[Finding]:
    scale = lane.scale
    room_g = scale.detect.on_g - scale.detect.off_g
    allowed = allowed_noise_g(lane, stretch.rate_hz)
    for k, sensor in enumerate(stretch.layout.sensors):
        values = {**base, "sensor": sensor.sensor.id}
        hum = hum_of(stretch, k)
        if hum is not None and hum.amplitude_g > HUM_SHARE * scale.detect.off_g:
            state = State.FAULT if hum.amplitude_g > room_g / 2 else State.WARNING
            seen_zh, seen_en = _as_seen(hum.hz, hum.seen_at_hz, stretch.rate_hz)
            yield Finding(
                "cell.hum",
                subject,
                state,
                {
                    **values,
                    "hz": round(hum.hz),
                    "amplitude_kg": _kg(hum.amplitude_g),
                    "seen_at_hz": hum.seen_at_hz,
                    "seen_zh": seen_zh,
                    "seen_en": seen_en,
                },
            )
            continue  # its differences are not noise
        noise = _noise_g(stretch, k)
        if noise > allowed:
            state = State.FAULT if noise > scale.detect.off_g else State.WARNING
            values |= {"noise_kg": _kg(noise), "allowed_kg": _kg(allowed)}
            yield Finding("cell.noise", subject, state, values)
        filtered_ms = _filtered_ms(stretch, k)
        if filtered_ms > _on_pad_ms(scale):
            values |= {"filter_ms": round(filtered_ms), "on_pad_ms": round(_on_pad_ms(scale))}
            yield Finding("cell.filtered", subject, State.WARNING, values)
        drifted = _drifted_g(stretch, k)
        if abs(drifted) > scale.zero.suspect_g:
            values |= {"drift_kg": _kg(drifted), "seconds": round((stretch.at[-1] - stretch.at[0]) / S)}
            yield Finding("cell.unsteady", subject, State.WARNING, values)


def allowed_noise_g(lane: LaneConfig, rate_hz: float) -> float:
    """Noise of one sample of a sensor up to which limits can be judged and wheels told apart."""
    scale = lane.scale
    room = (scale.detect.on_g - scale.detect.off_g) / ROOM
    posted = lane.limits.posted
    if posted is None:
        return room
    share = posted.limit_kg * KG * scale.envelope.max_interval_permille / 1000 * NOISE_SHARE
    return min(room, share / (1.96 * sqrt(AXLES)) * sqrt(_plateau_samples(scale, rate_hz)))


def _plateau_samples(scale: ScaleSettings, rate_hz: float) -> float:
    """That an axle's weight rests on at the greatest speed."""
    longest = max(sensor.length_mm for sensor in scale.sensors)
    on_it = rate_hz * max(0, longest - scale.patch_mm) / scale.envelope.speed_max_mm_s
    return max(on_it, scale.envelope.min_plateau_samples)


def _as_seen(hz: float, seen_at_hz: float, rate_hz: float) -> tuple[str, str]:
    """How it shows, where the instrument is too slow to show it as it is."""
    if alias_hz(hz, rate_hz) == hz:
        return "", ""
    return f"（采样较慢，表现为 {seen_at_hz} Hz）", f" (sampled slowly, it shows as {seen_at_hz} Hz)"


def _noise_g(stretch: Stretch, sensor: int) -> int:
    """By the core's own measure, of neighbouring samples of the empty scale."""
    return difference_scale(stretch.free_grams[:, stretch.layout.sensors[sensor].all].sum(axis=1))


def _filtered_ms(stretch: Stretch, sensor: int) -> float:
    """Length of the trailing mean that the instrument shows; 0 where its noise does not tell.

    Neighbouring values of a mean over n samples share all but one of them: they differ by 1/n of the noise's
    variance, where those of no mean differ by all of it.
    """
    values = stretch.free_grams[:, stretch.layout.sensors[sensor].all].sum(axis=1).astype(np.float64)
    if stretch.raw or values.size < FEWEST_SHOWN:
        return 0.0
    at = np.arange(values.size)
    rest = values - np.polyval(np.polyfit(at, values, 1), at)
    variance, steps = float(rest.var()), float((np.diff(values) ** 2).mean()) / 2
    if steps <= 0 or steps > SMOOTH * variance:
        return 0.0
    return 1000 / stretch.rate_hz * variance / steps


def _on_pad_ms(scale: ScaleSettings) -> float:
    """For how long an axle is wholly on a pad at the greatest speed."""
    longest = max(sensor.length_mm for sensor in scale.sensors)
    return 1000 * max(0, longest - scale.patch_mm) / scale.envelope.speed_max_mm_s


def _drifted_g(stretch: Stretch, sensor: int) -> float:
    """From the first fifth of the empty time to the last."""
    values = stretch.free_grams[:, stretch.layout.sensors[sensor].all].sum(axis=1)
    part = max(1, values.size // 5)
    return float(np.median(values[-part:]) - np.median(values[:part]))


# ---- vehicles --------------------------------------------------------------------------------------


def _of_wiring(
    subject: str, base: dict[str, Any], stretch: Stretch, wiring: Wiring, wrong: set[int]
) -> Iterator[Finding]:
    values = {**base, "vehicles": wiring.vehicles}
    for column in wiring.deaf:
        one = _channel(stretch, column)
        if one["channel"] not in wrong:
            yield Finding("cell.deaf", subject, State.FAULT, {**values, **one})
    for a, b in wiring.crossed:
        one, other = _channel(stretch, a), _channel(stretch, b)
        values |= {**one, **{f"other_{name}": value for name, value in other.items()}}
        yield Finding("cell.swapped", subject, State.FAULT, values)
    if wiring.reversed:  # a single one may have been driven backwards
        state = State.FAULT if wiring.vehicles >= FEWEST_IN_ORDER else State.WARNING
        yield Finding("cell.pads_swapped", subject, state, values)
    if wiring.mirrored is not None:
        sensors = stretch.settings.sensors
        values |= {"sensor": sensors[wiring.mirrored].id, "first_sensor": sensors[0].id}
        yield Finding("cell.sides_swapped", subject, State.FAULT, values)


def _of_crossings(
    subject: str, base: dict[str, Any], crossings: Sequence[Crossing], told: set[str]
) -> Iterator[Finding]:
    count = len(crossings)
    values = {**base, "vehicles": count}

    def share(flag: Flag) -> float:
        return sum(flag in c.flags for c in crossings) / count

    if told & {"cell.swapped", "cell.pads_swapped"}:
        return  # it explains whatever the crossings look like
    # Each axle on the left alone and then on the right alone: it was on one pad and then on the other.
    if count >= FEWEST_REVERSED and share(Flag.ABREAST) >= MOSTLY:
        yield Finding("cell.crossed", subject, State.FAULT, values)
        return
    if count >= FEWEST_REVERSED and share(Flag.REVERSE) >= MOSTLY:
        yield Finding("cell.pads_swapped", subject, State.FAULT, values)
        return
    if count < FEWEST_CROSSINGS:
        return
    if share(Flag.ONE_SIDE) >= MOSTLY:
        yield Finding("cell.one_sided", subject, State.FAULT, values)
        return
    if "cell.sides_swapped" not in told:
        yield from _of_pads(subject, base, crossings)
    leaning = _left_permille(crossings)
    if leaning is not None and abs(leaning - 500) > LEANING_PERMILLE:
        yield Finding("cell.unbalanced", subject, State.WARNING, {**values, "left_percent": leaning / 10})
    drift = _drift_g_per_h(crossings)
    if drift is not None and abs(drift) > DRIFT_G_PER_H:
        yield Finding("cell.drift", subject, State.WARNING, {**values, "kg_per_h": _kg(drift)})


def _of_pads(subject: str, base: dict[str, Any], crossings: Sequence[Crossing]) -> Iterator[Finding]:
    """Whether the pads disagree on vehicles of which nothing else explains it."""
    plain = [c for c in crossings if EXPLAINED.isdisjoint(c.flags)]
    if len(plain) < FEWEST_CROSSINGS:
        return
    share = sum(Flag.DISAGREE in c.flags for c in plain) / len(plain)
    if share >= OFTEN:
        values = {**base, "vehicles": len(plain), "percent": round(100 * share)}
        yield Finding("cell.pads_disagree", subject, State.WARNING, values)


def _left_permille(crossings: Sequence[Crossing]) -> int | None:
    """Median share of the left wheels, of vehicles that were wholly on the scale."""
    shares = []
    for one in crossings:
        sides = [(a.left, a.right) for a in one.axles if a.left is not None and a.right is not None]
        total = sum(left + right for left, right in sides)
        if total > 0 and Flag.ONE_SIDE not in one.flags and Flag.STRADDLE not in one.flags:
            shares.append(1000 * sum(left for left, _ in sides) / total)
    return round(median(shares)) if len(shares) >= FEWEST_CROSSINGS else None


def _drift_g_per_h(crossings: Sequence[Crossing]) -> float | None:
    """Of the zero that was subtracted, between the first and the last quarter of the crossings."""
    part = len(crossings) // 4
    first, last = crossings[:part], crossings[-part:]
    over = last[0].first_axle_at - first[0].first_axle_at if part else 0
    if over < DRIFT_OVER_NS:
        return None
    moved = median(c.zero for c in last) - median(c.zero for c in first)
    return float(moved) * 3600 * S / over


def _numbers(stretch: Stretch, wiring: Wiring, crossings: Sequence[Crossing]) -> dict[str, Any]:
    noise = [_noise_g(stretch, k) for k in range(len(stretch.layout.sensors))]
    return {
        "noise_kg": _kg(max(noise)),
        "zero_kg": [_kg(int(level)) for level in stretch.level],
        "free_s": round(int(stretch.free.sum()) / stretch.rate_hz, 1),
        "vehicles": wiring.vehicles,
        "crossings": len(crossings),
    }


def _kg(grams: float) -> float:
    return round(grams / KG, 1)
