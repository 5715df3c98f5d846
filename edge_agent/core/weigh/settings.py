"""What a human chose about one lane's scale: where its sensors lie, when a weight may be believed."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge_agent.core.settings import Settings

Positive = Annotated[int, Field(gt=0)]
NonNegative = Annotated[int, Field(ge=0)]
# Grams a count = numerator / denominator; below 2^31, so that a 32-bit reading times either fits int64.
Ratio = Annotated[int, Field(gt=0, lt=2**31)]


class ChannelSettings(Settings):
    """One load-cell channel of the instrument."""

    index: Annotated[int, Field(ge=0)]
    """Column of the instrument's samples."""
    side: Literal["left", "right", "both"] = "both"
    """Which wheels it carries, seen in the direction of travel."""
    grams_num: Ratio = 1
    """Grams per count, numerator. Not applied where the instrument already sends mass."""
    grams_den: Ratio = 1
    """Grams per count, denominator."""
    rail_low: int | None = None
    """Counts at or below this are a converter at its rail: no value."""
    rail_high: int | None = None
    """Counts at or above this are a converter at its rail: no value."""


class SensorSettings(Settings):
    """One pad, strip or deck across the lane."""

    id: str
    kind: Literal["pad", "strip", "deck"] = "pad"
    """pad: longer than a tyre patch; strip: shorter (area × speed); deck: carries the whole vehicle."""
    position_mm: int
    """Distance of the sensor's centre from the first sensor's centre, along the travel; first is 0."""
    length_mm: Annotated[int, Field(gt=0)]
    """Length along the travel."""
    channels: Annotated[tuple[ChannelSettings, ...], Field(min_length=1)]
    """Channels that carry it; their sum is the load on the sensor."""


class SeparatorSettings(Settings):
    """A digital input that says a vehicle is present: induction loop, light curtain."""

    bit: Annotated[int, Field(ge=0, le=62)]
    """Bit of the converter's digital inputs."""
    active: Literal["high", "low"] = "high"
    """Level that means present."""
    hold_ms: Positive = 200
    """The vehicle has ended when nothing is present or loaded for this long."""


class ZeroSettings(Settings):
    """Zero tracking: trailing median of unloaded 100 ms means, frozen while anything is on the scale."""

    window_s: Annotated[int, Field(ge=2, le=300)] = 20
    """Unloaded time that the median looks back on. A step is followed after half of it."""
    settle_ms: NonNegative = 500
    """Unloaded samples this soon after a vehicle do not count: the pad is still swinging."""
    guard_ms: NonNegative = 300
    """Nor do samples this soon before one: its tyre may be on the ramp already."""
    suspect_g: Positive = 50_000
    """An unloaded level this far from the tracked zero makes weights suspect."""
    range_g: Positive = 5_000_000
    """A zero further than this from the calibrated zero is not believed."""
    max_age_s: Positive = 300
    """A zero not seen unloaded for this long is suspect."""
    warm_up_s: NonNegative = 300
    """Weights this soon after the first sample carry the warm-up flag."""
    rezero_after_s: Positive = 600
    """A lane loaded without change for this long (debris) takes the load for its zero, and stays suspect."""


class DetectSettings(Settings):
    """When a wheel is on a sensor, and when a vehicle has ended."""

    on_g: Positive = 250_000
    """Load on a sensor above which a wheel is on."""
    off_g: Positive = 120_000
    """Load below which it has left."""
    hold_off_us: NonNegative = 4_000
    """Two pulses closer than this are one."""
    min_pulse_us: Positive = 3_000
    """A shorter pulse is no wheel."""
    max_vehicle_s: Annotated[int, Field(ge=5, le=600)] = 120
    """A vehicle that takes longer than this is closed with what is known, flagged."""
    max_samples: Annotated[int, Field(ge=1_000, le=4_000_000)] = 400_000
    """Cap on the samples kept for the vehicle in progress: bounds the memory."""
    min_gap_ms: Positive = 500
    """Without a separator: shortest silence that ends a vehicle."""
    max_gap_ms: Positive = 30_000
    """Without a separator: silence that ends any vehicle."""
    silent_ms: Positive = 2_000
    """No sample for this long means that the instrument is away."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.off_g >= self.on_g:
            raise ValueError(f"off_g must be below on_g, got off_g={self.off_g} on_g={self.on_g}")
        if self.min_gap_ms >= self.max_gap_ms:
            raise ValueError(f"min_gap_ms ({self.min_gap_ms}) must be below max_gap_ms ({self.max_gap_ms})")
        return self


class VehicleSettings(Settings):
    """Which axles belong together."""

    max_axle_spacing_mm: Positive = 12_000
    """No vehicle has neighbouring axles further apart."""
    split_spacing_mm: Positive = 7_000
    """Where the axles before and behind each look like a whole vehicle, this spacing divides them."""
    min_wheelbase_mm: Positive = 2_200
    """Axles on less than this length are no vehicle: a tandem, a tridem, a twin steer (1.9 m)."""
    max_axles: Positive = 12
    """More axles than this in one window are not one vehicle."""
    group_spacing_mm: Positive = 1_800
    """Axles less than this apart are one group (a twin steer at 1.9 m stays two singles)."""


class EnvelopeSettings(Settings):
    """What the scale was verified for. Outside it a weight is flagged, never silently used."""

    speed_min_mm_s: NonNegative = 1_389
    """5 km/h."""
    speed_max_mm_s: Positive = 8_333
    """30 km/h."""
    creep_mm_s: NonNegative = 833
    """3 km/h: slower is creeping."""
    stop_mm_s: NonNegative = 280
    """1 km/h: an axle slower than this on a sensor stood on it."""
    acceleration_mm_s2: Positive = 500
    """Braking or accelerating harder than this moves load between the axles."""
    max_interval_permille: Positive = 50
    """Widest half interval of the gross weight."""
    min_rate_hz: NonNegative = 20
    """A slower instrument is refused above `slow_rate_speed_mm_s`: its error leans low."""
    slow_rate_speed_mm_s: Positive = 5_556
    """20 km/h."""
    min_plateau_samples: Positive = 4
    """Fewest samples that an axle's weight may rest on."""
    temperature_min_mc: int = -20_000
    temperature_max_mc: int = 60_000
    temperature_max_age_s: Positive = 3_600
    """An older reading of the probe is no reading."""
    side_min_permille: NonNegative = 420
    """A vehicle whose lighter side carries less than this share is partly off the scale."""
    one_side_permille: NonNegative = 80
    """Less than this and only one side was on it."""
    side_shift_permille: Positive = 120
    """The left share may change this much between the axles, or between the sensors."""
    disagree_permille: Positive = 15
    """Two sensors may differ in gross weight by this plus what the dynamics explain."""
    drift_permille: Positive = 15
    """The median ratio of two sensors over many vehicles may be off by this."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.speed_min_mm_s >= self.speed_max_mm_s:
            raise ValueError("speed_min_mm_s must be below speed_max_mm_s")
        if self.temperature_min_mc >= self.temperature_max_mc:
            raise ValueError("temperature_min_mc must be below temperature_max_mc")
        return self


class DriftSettings(Settings):
    """Watching the scale's gain by the steering axles of lorries. An alarm only: no weight is changed."""

    enabled: bool = True
    """Watch at all."""
    classes: Annotated[
        tuple[Annotated[str, Field(pattern=r"^1(\+[1-9]){1,5}$")], ...], Field(min_length=1, max_length=8)
    ] = ("1+1+3", "1+2+2", "1+2+3")
    """Vehicles whose steering axle is stable, by axle groups from the front: semi-trailers, 5 or 6 axles."""
    vehicles: Annotated[int, Field(ge=64, le=4_000)] = 400
    """So many of each class after the start tell what is normal, and so many of all are compared with it."""
    alarm_permille: Positive = 30
    """A gain further than this from that is told."""
    clear_permille: Positive = 15
    """And is told to be over within this."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.clear_permille > self.alarm_permille:
            raise ValueError(
                f"clear_permille ({self.clear_permille}) must not be above alarm_permille "
                f"({self.alarm_permille})"
            )
        return self


class SpeedBin(Settings):
    """The correction for one range of speeds, from test-truck runs."""

    up_to_mm_s: Positive
    """Upper end of the bin; the lower end is the previous bin's."""
    correction_ppm: Annotated[int, Field(ge=-500_000, le=500_000)]
    """Added to the weight, in millionths of it."""


class CalibrationSettings(Settings):
    """One calibration of one lane. Never changed silently: it has an id."""

    id: str = "uncalibrated"
    date: str = ""
    """ISO date of the test-truck runs."""
    factor_ppm: Annotated[int, Field(ge=-500_000, le=500_000)] = 0
    """Correction for all speeds, in millionths."""
    speed_bins: tuple[SpeedBin, ...] = ()
    """Further correction by speed, rising; above the last bin the last one holds."""
    temperature_ppm_per_c: Annotated[int, Field(ge=-20_000, le=20_000)] = 0
    """How much more the sensors read per degree above `reference_mc`."""
    reference_mc: int = 20_000
    """Temperature of the calibration."""
    residual_permille: NonNegative = 5
    """Half width of the 95 % interval of what calibration leaves over: part of every stated interval."""
    dynamics_permille: Positive = 1000
    """How much vehicles bounce on this road, relative to the model's good road."""

    @model_validator(mode="after")
    def _rising(self) -> Self:
        ends = [b.up_to_mm_s for b in self.speed_bins]
        if ends != sorted(set(ends)):
            raise ValueError(f"speed_bins must rise, got {ends}")
        return self


class ScaleSettings(Settings):
    """One lane's scale."""

    sensors: tuple[SensorSettings, ...] = ()
    """In the order that traffic meets them. Empty where a third party's controller weighs."""
    separator: SeparatorSettings | None = None
    """Without one, vehicles are told apart by silence and spacing, and close followers are flagged."""
    patch_mm: Annotated[int, Field(gt=0, le=600)] = 300
    """Longest tyre patch expected: what a sensor's ramps are taken to last."""
    zero: ZeroSettings = ZeroSettings()
    detect: DetectSettings = DetectSettings()
    vehicle: VehicleSettings = VehicleSettings()
    envelope: EnvelopeSettings = EnvelopeSettings()
    calibration: CalibrationSettings = CalibrationSettings()
    drift: DriftSettings = DriftSettings()
    controller_interval_permille: Positive = 50
    """Interval stated for a third party's weights, which come without one."""

    @model_validator(mode="after")
    def _sensors_make_sense(self) -> Self:
        positions = [s.position_mm for s in self.sensors]
        if positions and positions[0] != 0:
            raise ValueError(f"the first sensor's position_mm must be 0, got {positions[0]}")
        if positions != sorted(set(positions)):
            raise ValueError(f"sensors must be listed in the order of travel, got positions {positions}")
        ids = [s.id for s in self.sensors]
        if len(set(ids)) != len(ids):
            raise ValueError(f"two sensors share an id: {ids}")
        columns = [c.index for s in self.sensors for c in s.channels]
        if len(set(columns)) != len(columns):
            raise ValueError(f"one channel cannot carry two sensors, got columns {columns}")
        for s in self.sensors:
            sides = {c.side for c in s.channels}
            if "both" in sides and len(sides) > 1:
                raise ValueError(f"sensor {s.id!r}: channels are either all 'both', or left and right")
            if s.kind == "pad" and s.length_mm <= self.patch_mm:
                raise ValueError(
                    f"sensor {s.id!r}: a pad is longer than patch_mm={self.patch_mm}; "
                    f"{s.length_mm} mm is a strip"
                )
        if any(s.kind == "deck" for s in self.sensors) and len(self.sensors) > 1:
            raise ValueError("a deck carries the whole vehicle and stands alone")
        return self
