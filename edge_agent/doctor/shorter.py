"""Eyes that look no longer than they are told, for a technician in a hurry."""

from __future__ import annotations

from collections.abc import Sequence

from edge_agent.config.settings import SiteConfig
from edge_agent.core.records import Crossing
from edge_agent.doctor.box import DaemonSeen, StoreSeen, box_of
from edge_agent.doctor.observed import CameraSeen, Eyes, Matched, SerialSeen


class Shorter:
    """Other eyes, each look at a device cut to `seconds`."""

    def __init__(self, config: SiteConfig, eyes: Eyes, seconds: float) -> None:
        self._eyes = eyes
        self._box = box_of(config, eyes)
        self._seconds = seconds

    def serial(self, port: str, seconds: float) -> SerialSeen:
        """Listen to a line."""
        return self._eyes.serial(port, min(seconds, self._seconds))

    def serial_at(self, port: str, baud: int, seconds: float) -> SerialSeen | None:
        """Listen to a line at another rate."""
        return self._eyes.serial_at(port, baud, min(seconds, self._seconds))

    def camera(self, camera: str, seconds: float) -> CameraSeen:
        """Watch a camera."""
        return self._eyes.camera(camera, min(seconds, self._seconds))

    def crossings(self) -> Sequence[Crossing]:
        """As the others know them."""
        return self._eyes.crossings()

    def matched(self) -> Sequence[Matched]:
        """As the others know them."""
        return self._eyes.matched()

    def store(self) -> StoreSeen:
        """As the others see it."""
        return self._box.store()

    def daemon(self) -> DaemonSeen | None:
        """As the others see it."""
        return self._box.daemon()
