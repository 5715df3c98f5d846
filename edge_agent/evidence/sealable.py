"""What can be sealed: the core's decisions that become statements, and what each says for itself.

    Seal          a vehicle on a bridge       build_bridge
    SealStreet    a zone of a street          build_street
    SealCoverage  what was truly watched      build_street
    SealTimeStep  UTC was stepped             build_time

Everything else in a statement (who, where, chain, clock, software, health) is the same for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edge_agent.core.decisions import Seal, SealCoverage, SealStreet, SealTimeStep
from edge_agent.core.events import ClockStatus
from edge_agent.core.records import Picture
from edge_agent.core.units import US, Ns
from edge_agent.evidence.statement import Kind
from edge_agent.evidence.statement_bridge import Instrument, Measurement, Recognition
from edge_agent.evidence.statement_records import Record
from edge_agent.evidence.statement_street import Storefront

Case = Seal | SealStreet
OfItself = SealCoverage | SealTimeStep  # what the box says of itself: no pictures, nothing judged
Sealable = Case | OfItself


@dataclass(frozen=True, slots=True)
class Content:
    """The parts of a statement that depend on what was decided."""

    kind: Kind
    event_at: Ns
    lane: str = ""
    ruleset: str = ""
    instrument: Instrument | None = None
    measurement: Measurement | None = None
    recognition: Recognition | None = None
    storefront: Storefront | None = None
    record: Record | None = None

    def decided(self) -> dict[str, Any]:
        """What the core decided, without what only this box knows: the same in a replay."""
        parts = {
            "measurement": self.measurement,
            "recognition": self.recognition,
            "storefront": self.storefront,
            "record": self.record,
        }
        return {name: part.model_dump(mode="json") for name, part in parts.items() if part is not None}


def case_of(seal: Sealable) -> tuple[str, int] | None:
    """The case's name and its revision; None where it is no case."""
    return None if isinstance(seal, OfItself) else (seal.case, seal.revision)


def name_of(seal: Sealable) -> str:
    """In a message to a person."""
    match seal:
        case SealCoverage():
            return "coverage"
        case SealTimeStep():
            return "time_step"
        case _:
            return f"case {seal.case} revision {seal.revision}"


def pictures_of(seal: Sealable) -> tuple[Picture, ...]:
    """Every file that was taken for it."""
    return () if isinstance(seal, OfItself) else seal.pictures


def utc_us(at: Ns, clock: ClockStatus | None) -> int | None:
    """Monotonic time as UTC; None when the clock said nothing."""
    return None if clock is None else (at + clock.utc_minus_mono) // US
