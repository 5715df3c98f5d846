"""What one picture says of one zone: the seam between seeing (`occupancy`) and judging (`rule`)."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.core.scene import EvidenceItem, Finding
from edge_agent.core.units import Ns, Permille


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at one zone, people, deliveries and hidden ground already weighed in."""

    at: Ns  # captured_at
    finding: Finding
    reason: str  # why it was not seen, or why what stands there does not count; empty otherwise
    items: tuple[EvidenceItem, ...]  # what stands past the line now, strong ones first
    share: Permille  # of the zone's ground covered by them
    area_cm2: int | None
    passable_mm: int | None
    unloading: bool  # a delivery stands beside the zone
    low_light: bool
    protrusion_mm: int | None = None  # how far they stand out past the door line; None as passable_mm
