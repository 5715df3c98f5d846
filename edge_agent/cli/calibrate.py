"""`edge-agent calibrate`: what the scale's calibration and the camera's place in the lane should be."""

from __future__ import annotations

import typer

from edge_agent.cli.calibrate_apply import apply
from edge_agent.cli.calibrate_lane import lane
from edge_agent.cli.calibrate_span import span
from edge_agent.cli.calibrate_truck import truck
from edge_agent.cli.calibrate_zero import zero

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
for command in (zero, span, truck, lane, apply):
    app.command()(command)
