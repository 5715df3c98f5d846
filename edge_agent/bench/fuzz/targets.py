"""All targets by name. A new reader of foreign bytes adds one line to its list."""

from __future__ import annotations

from edge_agent.bench.fuzz import devices, evidence, files
from edge_agent.bench.fuzz.target import Target

TARGETS: dict[str, Target] = {
    target.name: target for target in (*evidence.TARGETS, *devices.TARGETS, *files.TARGETS)
}
