"""What is wrong with the simulated instrument: settings, everything off by default."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge_agent.core.settings import Settings

NonNegative = Annotated[float, Field(ge=0)]


class Debris(Settings):
    """Something that lies on a sensor for a while."""

    channel: Annotated[int, Field(ge=0)]
    start_s: NonNegative
    length_s: NonNegative
    load_g: int


class Dropout(Settings):
    """Samples that never arrive."""

    start_s: NonNegative
    length_s: NonNegative


class InstrumentErrors(Settings):
    """Errors of the load cells, the converter and the indicator. Times are scenario seconds."""

    noise_g: NonNegative = 20_000
    """Standard deviation of one sample of one sensor; shared among the sensor's channels."""
    zero_g: int = 0
    """Load that every channel shows when empty, from the start."""
    zero_drift_g_per_h: float = 0
    """Drift of every channel's zero."""
    zero_step_g: int = 0
    """Jump of the first channel's zero at `zero_step_at_s`."""
    zero_step_at_s: NonNegative = 0
    gain_error_permille: float = 0
    """Error of the span of every channel."""
    channel_gain_permille: tuple[float, ...] = ()
    """Error of the span of the first, second, ... channel, beside that."""
    hum_g: NonNegative = 0
    """Amplitude of 50 Hz mains hum on every channel."""
    spikes_per_s: NonNegative = 0
    """Mean rate of spikes of one or two samples on one channel."""
    spike_g: int = 2_000_000
    dropouts: tuple[Dropout, ...] = ()
    debris: tuple[Debris, ...] = ()
    dead_channels: tuple[int, ...] = ()
    """Channels that show nothing: their cable is cut."""
    stuck_channels: tuple[int, ...] = ()
    """Channels that hold the value they had at `stuck_at_s`."""
    stuck_at_s: NonNegative = 0
    full_scale_g: Annotated[int, Field(ge=0)] = 0
    """Load per channel at which the converter saturates; 0 = never."""
    clock_skew_ppm: float = 0
    """The instrument's sample clock runs slow by this: samples lie further apart."""
    division_g: Annotated[int, Field(ge=0)] = 0
    """Scale division d that an indicator rounds to; 0 = no rounding."""
    filter_ms: NonNegative = 0
    """Display filter of an indicator: the mean over this long before each sample."""
    latency_ms: NonNegative = 0
    """Age of a value when the indicator sends it, on top of its filter."""
    internal_rate_hz: Annotated[float, Field(gt=0)] = 200
    """Rate at which an indicator with a display filter samples inside."""
    counts_per_kg: Annotated[int, Field(gt=0)] = 200
    zero_counts: int = 0
    """Converter counts of an unloaded channel."""
    span_ppm_per_c: float = 0
    """Change of span with the sensor's temperature, relative to `reference_c`."""
    reference_c: float = 20
    start_c: float = 20
    """Air temperature at the scenario's start; the sensor starts at the same."""
    warming_c_per_h: float = 0
    """Change of the air temperature."""
    sensor_lag_min: NonNegative = 30
    """Time constant with which the sensor in the road follows the air."""


CLEAN = InstrumentErrors(noise_g=0)
NOISY = InstrumentErrors()
