"""What a technician chooses about matching: where the camera reads, how exact times are, how sure is sure."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, Self

from pydantic import Field, model_validator

from edge_agent.core.settings import Settings


class Reference(StrEnum):
    """Which part of the vehicle is at the camera's reading line when its plate is read."""

    FRONT_BUMPER = "front_bumper"
    FIRST_AXLE = "first_axle"
    LAST_AXLE = "last_axle"
    REAR_BUMPER = "rear_bumper"


class LaneMatchSettings(Settings):
    """One lane of the scale as this camera sees it."""

    lane: str = Field(min_length=1)
    """Name of the lane, as the scale names it."""
    distance_mm: int = Field(ge=-100_000, le=200_000)
    """From the lane's first sensor to the line where the camera reads plates, along the direction of
    travel. Negative when the camera reads before the scale."""
    reference: Reference = Reference.FRONT_BUMPER
    """The part of the vehicle that is at that line when the plate is read."""
    front_overhang_mm: int = Field(default=1_300, ge=0, le=5_000)
    """Typical distance from the front bumper to the first axle."""
    rear_overhang_mm: int = Field(default=1_800, ge=0, le=8_000)
    """Typical distance from the last axle to the rear bumper."""
    overhang_sd_mm: int = Field(default=300, ge=0, le=4_000)
    """One standard deviation of the overhang between vehicles; counts for bumper references only."""
    offset_ms: int = Field(default=0, ge=-10_000, le=10_000)
    """Camera time minus box time for this lane, as far as known at commissioning."""
    offset_sd_ms: int = Field(default=150, ge=0, le=2_000)
    """One standard deviation of that offset until it has been learned from lone vehicles."""
    assumed_speed_mm_s: int = Field(default=8_333, ge=500, le=40_000)
    """Speed taken where the scale could not tell one."""
    assumed_speed_sd_mm_s: int = Field(default=4_000, ge=100, le=40_000)
    """One standard deviation of the assumed speed."""
    direction: Literal["", "approaching", "leaving"] = ""
    """What the camera says of vehicles in this lane; empty when it does not say."""


class OffsetSettings(Settings):
    """Learning of the camera's time offset from lone vehicles."""

    enabled: bool = True
    """Learn at all. When off, the configured offset and its standard deviation are used for ever."""
    samples: int = Field(default=64, ge=8, le=512)
    """The median is taken over this many of the latest lone vehicles of the lane."""
    min_count: int = Field(default=8, ge=3, le=256)
    """Lone vehicles needed before anything learned is used."""
    learn_posterior_ppm: int = Field(default=950_000, ge=500_000, le=1_000_000)
    """Only pairs at least this sure teach."""
    lone_ms: int = Field(default=1_500, ge=0, le=60_000)
    """A vehicle is alone when no other is expected at the camera within this time."""
    step_ms: int = Field(default=25, ge=1, le=1_000)
    """The offset in use moves at most this far for one new sample."""
    bound_ms: int = Field(default=400, ge=0, le=5_000)
    """The offset in use stays within this of the configured one."""
    sd_floor_ms: int = Field(default=10, ge=0, le=1_000)
    """A learned offset is never called better known than this."""
    alarm_ms: int = Field(default=250, ge=1, le=5_000)
    """A learned offset further than this from the configured one raises `offset_drift`."""

    @model_validator(mode="after")
    def _count_fits(self) -> Self:
        if self.min_count > self.samples:
            raise ValueError(f"min_count {self.min_count} is more than samples {self.samples}")
        return self


class MatchSettings(Settings):
    """Matching the crossings of a scale to the plate reads of one camera."""

    lanes: tuple[LaneMatchSettings, ...] = Field(min_length=1)
    """Every lane with a scale that this camera sees. All their crossings compete for its reads."""

    clock_sd_ms: int = Field(default=50, ge=0, le=2_000)
    """One standard deviation between box time and scale time."""
    camera_sd_ms: int = Field(default=120, ge=1, le=2_000)
    """One standard deviation of a read's time: exposure, trigger, queue. A read that states a larger
    one is taken at its word."""
    measured_speed_sd_permille: int = Field(default=20, ge=0, le=500)
    """A measured speed is never called better than this share of itself."""
    reported_speed_sd_permille: int = Field(default=40, ge=0, le=500)
    """The same for a speed that a third party's controller reports."""
    inferred_speed_sd_permille: int = Field(default=120, ge=0, le=900)
    """The same for a speed inferred from one sensor."""
    acceleration_sd_mm_s2: int = Field(default=200, ge=0, le=5_000)
    """What drivers do between scale and camera: one standard deviation of their mean acceleration. A
    crossing's own measured acceleration is added to it."""
    erratic_sd_ms: int = Field(default=1_000, ge=0, le=10_000)
    """Least standard deviation of the arrival of a vehicle that stopped, crept or reversed."""
    max_sd_ms: int = Field(default=1_500, ge=50, le=10_000)
    """No arrival is stated worse than this: beyond it the decision is left to the tail."""
    window_sigmas: int = Field(default=4, ge=2, le=8)
    """A read further than this many standard deviations from the prediction is not considered."""
    tail_ppm: int = Field(default=3_000, ge=0, le=200_000)
    """Share of reads that come anywhere in the window rather than by the normal law."""

    miss_ppm: int = Field(default=50_000, ge=1_000, le=900_000)
    """Share of vehicles whose plate the camera does not report at all."""
    stray_per_hour: int = Field(default=20, ge=1, le=36_000)
    """Reads per hour of vehicles that the scale never reports."""
    lane_mismatch_ppm: int = Field(default=20_000, ge=1, le=500_000)
    """Share of reads that name a wrong lane."""
    class_mismatch_ppm: int = Field(default=100_000, ge=1_000, le=500_000)
    """Share of reads whose vehicle class disagrees with the axles. Weak on purpose."""
    colour_mismatch_ppm: int = Field(default=150_000, ge=1_000, le=500_000)
    """Share of heavy vehicles without a yellow plate, and of light ones with one. Weak on purpose."""
    direction_mismatch_ppm: int = Field(default=20_000, ge=1, le=500_000)
    """Share of reads that name the wrong direction."""

    decide_ppm: int = Field(default=999_300, ge=600_000, le=1_000_000)
    """A crossing is matched only when one read is at least this probable ..."""
    margin_ppm: int = Field(default=998_500, ge=0, le=1_000_000)
    """... and this much more probable than the runner-up, "no read" included."""
    crowd_sd_ms: int = Field(default=600, ge=50, le=10_000)
    """A crossing predicted worse than this is matched only where no other crossing competes: what
    holds up one vehicle of a queue holds up the next as well, and the arithmetic takes them as
    independent."""
    contradict_ppm: int = Field(default=990_000, ge=500_000, le=1_000_000)
    """A match that later falls below this is taken back: it becomes ambiguous."""
    plausible_ppm: int = Field(default=50_000, ge=1_000, le=500_000)
    """A crossing whose every readable candidate is below this is unmatched rather than ambiguous."""
    report_floor_ppm: int = Field(default=10_000, ge=0, le=500_000)
    """Candidates below this are not listed."""

    push_delay_ms: int = Field(default=1_000, ge=0, le=60_000)
    """How late after capture a read normally arrives; a window stays open that long."""
    hold_ms: int = Field(default=5_000, ge=0, le=60_000)
    """How long an answer may wait beyond its own window for the windows of its rivals, and for
    vehicles that are still on the scale."""
    late_ms: int = Field(default=20_000, ge=0, le=600_000)
    """How long after its window closed a crossing's answer may still be amended."""

    flow_per_hour: int = Field(default=900, ge=0, le=3_600)
    """Vehicles per hour and lane that may be on the scale and not yet reported, where one can be."""
    follow_gap_ms: int = Field(default=300, ge=0, le=10_000)
    """A following vehicle's first axle comes at least this long after the last axle before it."""
    catch_up_permille: int = Field(default=300, ge=0, le=900)
    """A following vehicle takes at least (1000 - this) permille of its leader's travel time."""
    report_delay_ms: int = Field(default=3_000, ge=0, le=120_000)
    """The longest that a crossing takes to be reported after the vehicle's last axle."""
    longest_vehicle_mm: int = Field(default=20_000, ge=1_000, le=60_000)
    """First axle to last axle of the longest vehicle: how long one may stay on the scale."""

    same_plate_ms: int = Field(default=4_000, ge=0, le=60_000)
    """Reads of one text within this time are one vehicle seen more than once."""
    return_ms: int = Field(default=60_000, ge=0, le=3_600_000)
    """No vehicle crosses twice within this time: one plate for two crossings is a contradiction."""

    suspect_of_16: int = Field(default=8, ge=3, le=16)
    """When so many of the last 16 crossings had no read and so many of the last 16 reads had no
    crossing, the clocks disagree: nothing is decided until both fall to half of it."""

    max_cluster: int = Field(default=48, ge=2, le=256)
    """Most crossings, and most reads, that compete with each other; more are not decided."""
    max_states: int = Field(default=1_024, ge=16, le=65_536)
    """Most partial assignments that the exact computation may carry; more are not decided."""
    max_open: int = Field(default=4, ge=0, le=8)
    """Decide before all windows closed only while at most so many are open."""
    max_held: int = Field(default=512, ge=16, le=10_000)
    """Most crossings, and most reads, remembered. Beyond it nothing near the loss is decided."""

    offset: OffsetSettings = OffsetSettings()
    """Learning of the camera's time offset."""

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        names = [lane.lane for lane in self.lanes]
        if len(set(names)) != len(names):
            raise ValueError(f"lanes are named twice: {names}")
        if self.contradict_ppm > self.decide_ppm:
            raise ValueError(f"contradict_ppm {self.contradict_ppm} is above decide_ppm {self.decide_ppm}")
        if self.erratic_sd_ms > self.max_sd_ms:
            raise ValueError(f"erratic_sd_ms {self.erratic_sd_ms} is above max_sd_ms {self.max_sd_ms}")
        return self
