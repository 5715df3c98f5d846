"""The statement of a step of the clock."""

from __future__ import annotations

from edge_agent.core.decisions import SealTimeStep
from edge_agent.core.events import ClockSource
from edge_agent.core.units import MS, US
from edge_agent.evidence.sealable import Content
from edge_agent.evidence.statement import Kind
from edge_agent.evidence.statement_records import TimeStep


def time_step_content(seal: SealTimeStep) -> Content:
    """A record of the box, about itself."""
    several = "" if seal.steps == 1 else f", {seal.steps} steps together"
    return Content(
        kind=Kind.TIME_STEP,
        event_at=seal.at,
        record=TimeStep(
            step_us=seal.step // US,
            steps=seal.steps,
            since_monotonic_us=seal.since // US,
            source=seal.clock.source if seal.clock else ClockSource.NONE,
            detail=f"UTC moved by {seal.step // MS} ms against the monotonic clock{several}",
        ),
    )
