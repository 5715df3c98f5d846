"""What pages may ask of the daemon that serves them: its parts, each safe to ask from any thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edge_agent.config.settings import SiteConfig
from edge_agent.console.audit import LeaveNote
from edge_agent.console.pictures import Looking
from edge_agent.console.recent import Recent
from edge_agent.core.events import ClockStatus
from edge_agent.core.scene import ZoneNow
from edge_agent.core.units import US, Ns
from edge_agent.devices.scene.watch import StreetDetector
from edge_agent.doctor.observed import Eyes
from edge_agent.evidence.keys import PublicKey
from edge_agent.evidence.reading import ReadingStore
from edge_agent.health import Health
from edge_agent.taps import Taps
from edge_agent.web.settings import ConsoleSettings


@dataclass(frozen=True, slots=True)
class Box:
    """The daemon's parts.

    A page changes what the box does by `leave_note`, by `restart`, and by files that are the technician's
    (`config_file`, accepted references); by nothing else.
    """

    boot_id: str  # of this run of the daemon
    config: SiteConfig  # that runs
    config_file: Path | None  # the technician's; None: the daemon was not started from one
    taps: Taps
    recent: Recent
    reading: ReadingStore  # of the evidence
    health: Health
    cameras: Mapping[str, Looking]  # of the road and of the street, by name
    street_detector: StreetDetector | None  # names what stands there; None: nothing does
    zones: Callable[[], Mapping[str, ZoneNow]]  # where each stands
    clock: Callable[[], ClockStatus]  # as it is known now
    receipt_keys: tuple[PublicKey, ...]  # the platform's
    eyes: Eyes  # the doctor's
    leave_note: LeaveNote
    restart: Callable[[], None]

    @property
    def settings(self) -> ConsoleSettings:
        """Of the pages."""
        return self.config.console or ConsoleSettings()

    def utc_us(self, at: Ns) -> int | None:
        """UTC of a monotonic time, microseconds; None while nobody vouches for the time."""
        status = self.clock()
        return (at + status.utc_minus_mono) // US if status.synced else None
