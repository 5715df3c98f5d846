"""Zero and span for a terminal, and as the record of a zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import yaml

from edge_agent.calibration.proposal import Figures, Proposal
from edge_agent.calibration.span import SensorSpan, SpanPlan
from edge_agent.calibration.table import table
from edge_agent.calibration.words_static import TEXTS
from edge_agent.calibration.zero import Zero
from edge_agent.web.words import Words


def zero_text(lane: str, found: Zero, language: str) -> str:
    """The channels in a table, and whether tracking holds."""
    say = Words(TEXTS, language)
    rows = [[say(key) for key in ("sensor", "side", "channel", "level", "noise", "drift")]]
    rows += [
        [
            one.sensor,
            say(one.side),
            str(one.index),
            f"{one.level_g / 1000:.1f}",
            f"{one.noise_g / 1000:.1f}",
            "-" if one.drift_g_per_h is None else f"{one.drift_g_per_h / 1000:+.1f}",
        ]
        for one in found.channels
    ]
    verdict = say(
        "zero_holds" if found.holds else "zero_fails",
        worst=found.worst_g / 1000,
        limit=found.limit_g / 1000,
        used=round(found.range_permille / 10),
        events=", ".join(say(event) for event in found.events) or say("no_events"),
    )
    head = say("zero_head", lane=lane, unloaded=found.unloaded_s, loaded=found.loaded_s)
    advice = say("nothing_proposed" if found.holds else "look_for")
    return "\n".join([head, "", *table(rows, "<<>>>>"), "", verdict, advice])


def zero_proposal(lane: str, used: str, found: Zero) -> Proposal:
    """A measurement to keep; there is nothing in it to apply."""
    channels = "; ".join(
        f"{one.sensor} {one.side} {one.level_g / 1000:.1f} kg, noise {one.noise_g / 1000:.1f} kg"
        for one in found.channels
    )
    verdict = "tracking holds" if found.holds else "tracking does not hold"
    return Proposal(
        lane=lane,
        method="zero",
        measured_with=used,
        record=Figures(detail=f"{verdict}, worst {found.worst_g / 1000:.1f} kg; {channels}"[:1000]),
        figures=zero_dict(found),
    )


def zero_dict(found: Zero) -> dict[str, Any]:
    """For `--json` and the record."""
    channels = [
        {key: round(value, 1) if isinstance(value, float) else value for key, value in asdict(one).items()}
        for one in found.channels
    ]
    return {**asdict(found), "channels": channels, "events": list(found.events), "holds": found.holds}


def span_text(proposal: Proposal, spans: Sequence[SensorSpan], plan: SpanPlan, language: str) -> str:
    """Factors by channel, what the sensors are like, and the proposal."""
    say = Words(TEXTS, language)
    factors = [[say("sensor"), say("side"), say("channel"), say("factor"), "± %"]]
    factors += [
        [span.sensor, say(c.side), str(c.index), f"{c.factor_ppm / 1e4:+.2f}", f"{c.interval_ppm / 1e4:.2f}"]
        for span in spans
        for c in span.channels
    ]
    heads = ("sensor", "loads", "largest", "linearity", "hysteresis", "return", "corner")
    sensors = [[say(key) for key in heads]]
    sensors += [
        [
            span.sensor,
            str(span.loads),
            f"{span.largest_kg:g}",
            _or_dash(span.linearity_permille),
            _or_dash(span.hysteresis_permille),
            _or_dash(None if span.return_g is None else span.return_g / 1000),
            f"{_or_dash(span.corner_permille)} -> {_or_dash(span.corner_after_permille)}",
        ]
        for span in spans
    ]
    assert proposal.calibration is not None
    block: dict[str, Any] = {
        "calibration": proposal.calibration.model_dump(mode="json", exclude_defaults=True)
    }
    if proposal.channels:
        block["channels"] = [one.model_dump() for one in proposal.channels]
    notes = [
        say("not_separate", sensor=span.sensor)
        for span in spans
        if not span.separate and len(span.channels) > 1
    ]
    if not proposal.channels:
        notes.append(say("indicator", factor=f"{proposal.calibration.factor_ppm / 1e4:+.2f}"))
    shown = yaml.safe_dump(block, allow_unicode=True, sort_keys=False).splitlines()
    return "\n".join([
        say("span_head", lane=proposal.lane, steps=len(plan.steps), reference=plan.reference or "-"),
        "",
        *table(factors, "<<>>>"),
        "",
        *table(sensors, "<>>>>>>"),
        "",
        *notes,
        say("then_truck"),
        say("proposed"),
        *(f"  {line}" for line in shown),
    ])  # fmt: skip


def _or_dash(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
