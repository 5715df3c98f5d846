"""The bridge's part of the program: which device goes where.

port ────────────────────────> SerialBytes, RegistersRead ──> core
camera ── ring ──┬─> capture worker (detector) ─> Captured ──> core ─> Capture
                 └─> plate worker (reader) ─────> PlateSeen ─> core ─> ReadPlates
camera's own plate reads ─> HTTP server ────────> PlateSeen ─> core
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from edge_agent.config.settings import SiteConfig
from edge_agent.core.decisions import Capture, ReadPlates
from edge_agent.core.events import Event
from edge_agent.core.units import Ns
from edge_agent.core.weigh.protocols.settings import ModbusRtuSettings
from edge_agent.devices import clock
from edge_agent.devices.anpr_push.routes import AnprPush
from edge_agent.devices.camera.camera import Camera
from edge_agent.devices.camera.capture import CaptureWorker
from edge_agent.devices.detector.detector import Detector
from edge_agent.devices.modbus import ModbusPort
from edge_agent.devices.serial import SerialPort
from edge_agent.devices.staging import Staging
from edge_agent.progress import Part, Pulse
from edge_agent.web.server import HttpServer

if TYPE_CHECKING:
    from edge_agent.devices.plate_reader.reader import PlateReader
    from edge_agent.devices.plate_reader.worker import PlateWorker

Emit = Callable[[Event], None]


class BridgeParts:
    """All devices of the bridge. Made before anything starts; `parts` says what to start and stop.

    Args:
        config: of the site.
        emit: takes every event.
        staging: where pictures wait for their statement.
        epochs: for cameras that are files: when the first picture was taken.
        detector: says what stands in a lane; None: pictures are taken without.
        reader: of plates in the cameras' pictures; None: none is read.
    """

    def __init__(
        self,
        config: SiteConfig,
        emit: Emit,
        staging: Staging,
        epochs: Mapping[str, Ns],
        detector: Detector | None,
        reader: PlateReader | None,
    ) -> None:
        now, keep = clock.monotonic, staging.put
        self.detector = detector
        self.cameras = {
            name: Camera(name, camera.video, emit, now, epochs.get(name))
            for name, camera in config.cameras.items()
            if camera.video
        }
        self._captures = CaptureWorker(self.cameras, keep, detector, emit, now) if self.cameras else None
        self._plates = self._plate_worker(config, emit, keep, reader)
        self.ports = [
            (ModbusPort if isinstance(port.protocol, ModbusRtuSettings) else SerialPort)(port, emit, now)
            for port in config.ports.values()
        ]
        self.anpr = _anpr_server(config, emit, staging)

    def parts(self) -> Iterator[Part]:
        """Begin and end of each, in the order of starting: who uses before who is used; not the server."""
        yield from ((part.start, part.close) for part in (self._captures, self._plates) if part)
        for camera in self.cameras.values():
            yield camera.start, camera.close
        for port in self.ports:
            yield port.start, port.stop

    @property
    def pulses(self) -> Iterator[Pulse]:
        """Of all its threads; not of the server."""
        yield from (part.pulse for part in (self._captures, self._plates) if part)
        for camera in self.cameras.values():
            yield from camera.pulses
        yield from (port.pulse for port in self.ports)

    @property
    def plate_models(self) -> tuple[tuple[str, str], ...]:
        """(name, SHA-256) of every network that reads plates."""
        return self._plates.models if self._plates else ()

    def capture(self, request: Capture) -> None:
        """Take a picture; `Captured` answers."""
        if self._captures:
            self._captures.submit(request)

    def read(self, request: ReadPlates) -> None:
        """Read plates; `PlateSeen` and `PlatesDone` answer."""
        if self._plates:
            self._plates.submit(request)

    def _plate_worker(
        self, config: SiteConfig, emit: Emit, keep: Callable[[bytes], str], reader: PlateReader | None
    ) -> PlateWorker | None:
        if reader is None or self.detector is None:
            return None
        from edge_agent.devices.plate_reader.worker import PlateWorker  # noqa: PLC0415 - only where plates are read

        settings = config.plate_reader
        return PlateWorker(self.cameras, reader, self.detector, settings, keep, emit, clock.monotonic)


def detector_of(config: SiteConfig) -> Detector | None:
    """What looks at the bridge's pictures.

    Raises:
        ConfigError: there is no such model, or it cannot be driven.
    """
    return Detector(config.detector) if config.detector else None


def plate_reader_of(config: SiteConfig) -> PlateReader | None:
    """What reads plates in the bridge's pictures.

    Raises:
        UsageError: the extra `plates` is not installed, and no other models are named.
        ConfigError: a model is missing, another one than accepted, or cannot be driven.
    """
    if not config.reads_plates:
        return None
    from edge_agent.devices.plate_reader.opening import open_reader  # noqa: PLC0415 - inference, only where used

    return open_reader(config.plate_reader)


def _anpr_server(config: SiteConfig, emit: Emit, staging: Staging) -> HttpServer | None:
    """What cameras with a plate reader of their own push to."""
    chosen = config.anpr
    if chosen is None:
        return None
    push = AnprPush(chosen, emit, clock.monotonic, staging.put)
    return HttpServer(push.routes(), chosen.host, chosen.port, chosen.max_connections)
