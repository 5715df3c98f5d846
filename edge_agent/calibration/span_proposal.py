"""A span's factors as the settings mean them.

Counts of a converter: each channel's grams a count. Mass of an indicator: its channels are scaled in the
indicator, so that the lane's factor is all that can be set here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from fractions import Fraction

from edge_agent.calibration.proposal import ChannelGain, Figures, Proposal, scale_sha256
from edge_agent.calibration.span import MILLION, SensorSpan, SpanPlan
from edge_agent.core.weigh.samples import Unit
from edge_agent.core.weigh.settings import ChannelSettings, ScaleSettings
from edge_agent.errors import UsageError

# Grams a count are written with at least so many digits: one part in a million.
LEAST_NUMERATOR = 1_000_000


def span_proposal(
    lane: str,
    scale: ScaleSettings,
    unit: Unit,
    spans: Sequence[SensorSpan],
    plan: SpanPlan,
    name: str,
    date: str,
) -> Proposal:
    """What would put the scale right at rest.

    The truck's factor and speed bins go: they were found on top of the old span. What speed adds
    is the truck's to tell.

    Raises:
        UsageError: a sensor had no loads on it; the lane's factor would go for it too.
    """
    missing = {sensor.id for sensor in scale.sensors} - {span.sensor for span in spans}
    if missing:
        raise UsageError(
            f"no loads stood on {', '.join(sorted(missing))}: all sensors of a lane are done together"
        )
    mean, interval = _overall(spans)
    left = max(interval / 1000, *(span.linearity_permille or 0 for span in spans))
    calibration = scale.calibration.model_copy(
        update={
            "id": name,
            "date": date,
            "factor_ppm": mean if unit is Unit.GRAMS else 0,
            "speed_bins": (),
            "residual_permille": max(scale.calibration.residual_permille, math.ceil(left)),
        }
    )
    return Proposal(
        lane=lane,
        method="span",
        measured_with=scale.calibration.id,
        measured_scale=scale_sha256(scale),
        calibration=calibration,
        channels=_gains(scale, spans) if unit is Unit.COUNTS else (),
        record=Figures(
            reference=plan.reference,
            factor_ppm=mean,
            interval_ppm=interval,
            runs=sum(span.loads for span in spans),
            detail="; ".join(
                f"{span.sensor} {channel.side} {channel.factor_ppm} ± {channel.interval_ppm} ppm"
                for span in spans
                for channel in span.channels
            )[:1000],
        ),
        figures={"plan": plan.model_dump(mode="json"), "sensors": [plain(span) for span in spans]},
    )


def plain(span: SensorSpan) -> dict[str, object]:
    """For files and `--json`: figures with no more digits than they are worth."""
    return {
        key: round(value, 3) if isinstance(value, float) else value
        for key, value in {**asdict(span), "channels": [asdict(one) for one in span.channels]}.items()
    }


def gain(channel: ChannelSettings, factor_ppm: int) -> ChannelGain:
    """A channel's grams a count times its factor, as a decimal fraction.

    >>> gain(ChannelSettings(index=0, grams_num=5), 20_000)
    ChannelGain(index=0, grams_num=5100000, grams_den=1000000)
    """
    wanted = Fraction(channel.grams_num, channel.grams_den) * Fraction(MILLION + factor_ppm, MILLION)
    denominator = 1
    while wanted * denominator < LEAST_NUMERATOR:
        denominator *= 10
    return ChannelGain(index=channel.index, grams_num=round(wanted * denominator), grams_den=denominator)


def _gains(scale: ScaleSettings, spans: Sequence[SensorSpan]) -> tuple[ChannelGain, ...]:
    settings = {channel.index: channel for sensor in scale.sensors for channel in sensor.channels}
    return tuple(gain(settings[one.index], one.factor_ppm) for span in spans for one in span.channels)


def _overall(spans: Sequence[SensorSpan]) -> tuple[int, int]:
    """Mean factor of the sensors, and the widest interval: sensors are averaged with equal weight."""
    channels = [channel for span in spans for channel in span.channels]
    means = [sum(c.factor_ppm for c in span.channels) / len(span.channels) for span in spans]
    return round(sum(means) / len(means)), max(channel.interval_ppm for channel in channels)
