"""The instrument's line, read by us while the daemon is down."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager

from edge_agent.calibration.samples import Tenths, tenths
from edge_agent.core.events import DeviceChanged, Event
from edge_agent.core.site_settings import PortLinkSettings
from edge_agent.core.weigh.protocols.settings import ModbusRtuSettings
from edge_agent.core.weigh.settings import ScaleSettings
from edge_agent.devices import clock
from edge_agent.devices.modbus import ModbusPort
from edge_agent.devices.serial import SerialPort
from edge_agent.devices.settings_ports import SerialPortSettings
from edge_agent.errors import UsageError, both

OPEN_WITHIN_S = 10.0
# What the decoder needs to find its frames and its pace.
LEAD_S = 0.3


class Line:
    """A port that is open; what comes between two questions is thrown away."""

    def __init__(self, settings: SerialPortSettings, events: queue.SimpleQueue[Event]) -> None:
        self._settings = settings
        self._events = events

    def listen(self, seconds: float, scale: ScaleSettings) -> Tenths:
        """The next seconds of a lane's channels.

        Raises:
            UsageError: nothing came, or the line went away.
        """
        while not self._events.empty():
            self._events.get()
        link = PortLinkSettings(protocol=self._settings.protocol, char_ns=self._settings.char_ns)
        seen = tenths(self._until(time.monotonic() + LEAD_S + seconds), self._settings.id, link, scale)
        return seen.only(seen.at >= seen.at[-1] - round(seconds * 1e9))

    def wait_until_open(self) -> None:
        """Raises UsageError: it does not open."""
        reason = "it does not open"
        for event in self._until(time.monotonic() + OPEN_WITHIN_S):
            if isinstance(event, DeviceChanged) and event.state == "up":
                return
            if isinstance(event, DeviceChanged):
                reason = event.detail
                break
        port = f"{self._settings.id} ({self._settings.device})"
        raise UsageError(
            both(
                f"串口 {port} 打不开：{reason}。只能有一个程序读取：后台程序在运行时请先停止"
                "（systemctl stop edge-agent）",
                f"port {port}: {reason}. Only one program can read it: where the daemon runs, stop it first "
                "(systemctl stop edge-agent)",
            )
        )

    def _until(self, end_s: float) -> Iterator[Event]:
        while (left := end_s - time.monotonic()) > 0:
            try:
                yield self._events.get(timeout=left)
            except queue.Empty:
                return


@contextmanager
def line(settings: SerialPortSettings) -> Iterator[Line]:
    """The port, opened, and closed afterwards.

    Raises:
        UsageError: it does not open; the daemon has it, as a rule.
    """
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    modbus = isinstance(settings.protocol, ModbusRtuSettings)
    port = (ModbusPort if modbus else SerialPort)(settings, events.put, clock.monotonic)
    port.start()
    try:
        opened = Line(settings, events)
        opened.wait_until_open()
        yield opened
    finally:
        port.stop()
