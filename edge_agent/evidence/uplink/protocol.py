"""MQTT 5 where the broker speaks it, 3.1.1 where it does not.

Some old brokers say so in their CONNACK, some choke on a CONNECT of version 5 and say nothing. So a
silent broker is spoken to in the other version next time; but silence may also be a broker that
just died, so only an answer in words settles it.
"""

from __future__ import annotations

from typing import Literal


class ProtocolChoice:
    """Which version the next CONNECT speaks."""

    def __init__(self, wanted: Literal["auto", "5", "3.1.1"]) -> None:
        self._auto = wanted == "auto"
        self._settled = not self._auto
        self.mqtt5 = wanted != "3.1.1"

    def unsupported(self) -> None:
        """The broker said that it does not know version 5."""
        if self._auto:
            self.mqtt5, self._settled = False, True

    def silent(self) -> None:
        """It took our connection and gave no CONNACK."""
        if not self._settled:
            self.mqtt5 = not self.mqtt5

    def ended(self) -> None:
        """An accepted connection is over: the next one tries the better version again."""
        if not self._settled:
            self.mqtt5 = True
