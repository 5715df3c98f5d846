"""Which parts of the box can be believed now, and since when one cannot.

What follows for the coverage ledger (`core/coverage.py`) is the site's to say.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.core.decisions import Fault, FaultKind, SealTimeStep, Status
from edge_agent.core.events import ClockStatus, DeviceChanged
from edge_agent.core.timekeeper import Timekeeper
from edge_agent.core.units import MS, Ns, S

# Clock error above which nothing may support enforcement (GA/T 832-2014: 1.0 s to Beijing time).
CLOCK_LIMIT = 1 * S

PORT_DOUBT = {"unknown": "port_unknown", "degraded": "port_degraded"}
STATE_OF_DEVICE = {"up": "ok", "degraded": "degraded", "down": "blind"}


@dataclass(slots=True)
class _Part:
    state: str
    since: Ns
    heard_at: Ns
    silent: bool = False  # blind because nothing came, not because the device said so


class Health:
    """Follows ports by their bytes, devices by what they say, the clock by its status."""

    def __init__(self, ports: tuple[str, ...], silence_ms: int, clock_step_ms: int) -> None:
        self._silence = silence_ms * MS
        self._ports = tuple(f"port/{port}" for port in ports)
        self._parts: dict[str, _Part] = {}
        self._time = Timekeeper(clock_step_ms)
        self._clock_trusted: bool | None = None

    @property
    def clock(self) -> ClockStatus | None:
        """The state of the clock by which everybody goes (`core/timekeeper.py`)."""
        return self._time.clock

    def start(self, at: Ns) -> None:
        """Watch the ports from now on; none is known to speak yet."""
        for part in self._ports:
            self._parts.setdefault(part, _Part("unknown", at, at))

    def heard(self, port: str, at: Ns) -> tuple[Status, ...]:
        """Bytes came from the port."""
        part = self._parts.get(f"port/{port}")
        if part is None:
            return ()
        part.heard_at = max(part.heard_at, at)
        if part.state == "ok":
            return ()
        return self._change(f"port/{port}", part, at, "ok", "bytes arrive")

    def device(self, event: DeviceChanged) -> tuple[Status | Fault, ...]:
        """A device said that it came up, went away, or is not itself."""
        state = STATE_OF_DEVICE.get(event.state, "unknown")
        part = self._parts.setdefault(event.device, _Part("unknown", event.at, event.at))
        part.heard_at = max(part.heard_at, event.at)
        if part.state == state:
            return ()
        changed = self._change(event.device, part, event.at, state, event.detail)
        if state == "ok":
            return changed
        return (Fault(event.at, event.device, FaultKind.DEVICE_DOWN, event.detail), *changed)

    def clock_status(self, event: ClockStatus) -> tuple[Fault | SealTimeStep, ...]:
        """The clock was asked; a jump and a loss of trust are facts worth keeping."""
        found = list(self._time.report(event))
        clock = self._time.clock
        assert clock is not None, "a report was just made"
        trusted = clock.synced and clock.est_error is not None and clock.est_error <= CLOCK_LIMIT
        if self._clock_trusted is not False and not trusted:
            detail = f"source {clock.source}, synced {clock.synced}, error {clock.est_error} ns"
            found.append(Fault(event.at, "clock", FaultKind.CLOCK_UNTRUSTED, detail))
        self._clock_trusted = trusted
        return tuple(found)

    def close(self, now: Ns) -> tuple[SealTimeStep, ...]:
        """The run ends: steps of the clock that were not told yet."""
        return self._time.close(now)

    def tick(self, now: Ns) -> tuple[Status | Fault, ...]:
        """Find the ports that have fallen silent."""
        out: list[Status | Fault] = []
        for name in self._ports:
            part = self._parts.get(name)
            if part is None or part.state == "blind" or now - part.heard_at < self._silence:
                continue
            detail = f"nothing for {self._silence // MS} ms"
            out.append(Fault(now, name, FaultKind.SENSOR_SILENT, detail))
            out.extend(self._change(name, part, now, "blind", detail, silent=True))
        return tuple(out)

    @property
    def deadline(self) -> Ns | None:
        """When the next port could be called silent."""
        waits = [
            self._parts[name].heard_at + self._silence
            for name in self._ports
            if name in self._parts and self._parts[name].state != "blind"
        ]
        return Ns(min(waits)) if waits else None

    def port_doubt(self, port: str) -> tuple[str, Ns]:
        """Why nothing can be weighed on a port, empty when it can, and since when that holds.

        A port that fell silent has been blind since its last byte, not since that was noticed.
        """
        part = self._parts.get(f"port/{port}")
        if part is None:
            return "port_unknown", Ns(0)
        if part.state == "blind":
            return ("port_silent", part.heard_at) if part.silent else ("port_down", part.since)
        return PORT_DOUBT.get(part.state, ""), part.since

    @staticmethod
    def _change(
        name: str, part: _Part, at: Ns, state: str, detail: str, *, silent: bool = False
    ) -> tuple[Status, ...]:
        part.state, part.since, part.silent = state, at, silent
        return (Status(at, name, state, detail),)
