"""The doctor's own look at the devices, while no daemon has them: opened, watched for a while, closed.

Everything ends in a bounded time, whatever the device does: a line is listened to by the daemon's own
port thread, a camera is watched by a thread that is left behind when its network hangs.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Sequence

from edge_agent.config.settings import SiteConfig
from edge_agent.core.events import DeviceChanged, Event, RegistersRead, SerialBytes
from edge_agent.core.records import Crossing
from edge_agent.core.weigh.protocols.settings import ModbusRtuSettings
from edge_agent.devices.camera.settings import CameraSettings
from edge_agent.devices.clock import monotonic
from edge_agent.devices.modbus import ModbusPort
from edge_agent.devices.serial import SerialPort
from edge_agent.devices.settings_ports import SerialPortSettings
from edge_agent.doctor.observed import CameraSeen, Chunk, SerialSeen
from edge_agent.doctor.watching import watch
from edge_agent.taps import Matched


class OwnEyes:
    """Opens what the configuration names. What was looked at is not opened again for another check."""

    def __init__(self, config: SiteConfig) -> None:
        self._config = config
        self._heard: dict[str, SerialSeen] = {}
        self._watched: dict[str, CameraSeen] = {}

    def serial(self, port: str, seconds: float) -> SerialSeen:
        """Listen to a line for so long."""
        known = self._heard.get(port)
        if known is None:
            known = self._heard[port] = listen(self._config.ports[port], seconds)
        return known

    def serial_at(self, port: str, baud: int, seconds: float) -> SerialSeen | None:
        """The same at another rate."""
        settings = self._config.ports[port].model_copy(update={"baud": baud})
        return listen(settings, seconds)

    def camera(self, camera: str, seconds: float) -> CameraSeen:
        """Watch a camera for so long."""
        if camera not in self._watched:
            self._watched[camera] = watch(video_of(self._config, camera), seconds)
        return self._watched[camera]

    def crossings(self) -> Sequence[Crossing]:
        """Nobody has weighed anything."""
        return ()

    def matched(self) -> Sequence[Matched]:
        """Nobody has matched anything."""
        return ()


def video_of(config: SiteConfig, camera: str) -> CameraSettings:
    """Where a camera's video comes from, a lane's or the street's. Raises KeyError where it has none."""
    of_lane = config.cameras.get(camera)
    if of_lane is not None and of_lane.video is not None:
        return of_lane.video
    if config.street is None:
        raise KeyError(camera)
    return config.street.cameras[camera].video


def listen(settings: SerialPortSettings, seconds: float) -> SerialSeen:
    """Open a line, listen, close it; polls it where its protocol is one of questions."""
    heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
    kind = ModbusPort if isinstance(settings.protocol, ModbusRtuSettings) else SerialPort
    port = kind(settings, heard.put, monotonic)
    began = time.monotonic()
    port.start()
    try:
        events, problem = _until(began + seconds, heard)
    finally:
        port.stop()
    return SerialSeen(
        chunks=tuple(Chunk(one.at, one.data) for one in events if isinstance(one, SerialBytes)),
        seconds=time.monotonic() - began,
        baud=settings.baud,
        problem=problem,
        registers=tuple(one for one in events if isinstance(one, RegistersRead)),
    )


def _until(end: float, heard: queue.SimpleQueue[Event]) -> tuple[list[Event], str]:
    """What came until then, and why no more did: a line that goes away is not waited for."""
    events: list[Event] = []
    while (left := end - time.monotonic()) > 0:
        try:
            event = heard.get(timeout=left)
        except queue.Empty:
            break
        if isinstance(event, DeviceChanged) and event.state == "down":
            return events, event.detail
        events.append(event)
    return events, ""
