"""The doctor's eyes where the daemon runs: what passed through it, and its own cameras; it opens nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from edge_agent.config.settings import SiteConfig
from edge_agent.core.events import RegistersRead, SerialBytes
from edge_agent.core.records import Crossing
from edge_agent.core.units import MS, Ns, S
from edge_agent.devices import clock
from edge_agent.devices.camera.camera import Camera
from edge_agent.devices.camera.ring import StoredPacket
from edge_agent.doctor.box import DaemonSeen, PushSeen, StoreSeen
from edge_agent.doctor.observed import CameraSeen, Chunk, SerialSeen
from edge_agent.errors import DeviceError, EvidenceError
from edge_agent.evidence.peek import peek
from edge_agent.evidence.store import EvidenceStore
from edge_agent.evidence.uplink.uplink import Uplink
from edge_agent.health import Health
from edge_agent.taps import Matched, Taps

PICTURES = 8  # of a stretch
MOST_PICTURE_BYTES = 120_000_000  # a 4K picture has 25 MB


class DaemonEyes:
    """Looks through a running daemon. Any thread may ask.

    Args:
        config: of the daemon.
        taps: what passed through it.
        cameras: that it runs, by name.
        store: its evidence store.
        uplink: its way to the platform, if it has one.
        health: what its parts said.
        now: the clock of the taps.
    """

    def __init__(
        self,
        config: SiteConfig,
        taps: Taps,
        cameras: Mapping[str, Camera],
        store: EvidenceStore,
        uplink: Uplink | None,
        health: Health,
        now: Callable[[], Ns] = clock.monotonic,
    ) -> None:
        self._config = config
        self._taps = taps
        self._cameras = cameras
        self._store = store
        self._uplink = uplink
        self._health = health
        self._now = now

    # -- devices ---------------------------------------------------------------------------------

    def serial(self, port: str, seconds: float) -> SerialSeen:
        """The last so many seconds of a line; waits only where the daemon has just started."""
        missing = self._taps.since + round(seconds * S) - self._now()
        if missing > 0:
            time.sleep(missing / S)
        begin = self._now() - round(seconds * S)
        reads = [read for read in self._taps.serial(port) if read.at >= begin]
        told = self._taps.devices().get(f"port/{port}")
        return SerialSeen(
            chunks=tuple(Chunk(read.at, read.data) for read in reads if isinstance(read, SerialBytes)),
            seconds=seconds,
            baud=self._config.ports[port].baud,
            problem=told.detail or told.state if told and told.state != "up" and not reads else "",
            held_by_daemon=True,
            registers=tuple(read for read in reads if isinstance(read, RegistersRead)),
        )

    def serial_at(self, _port: str, _baud: int, _seconds: float) -> SerialSeen | None:
        """The daemon holds the line."""
        return None

    def camera(self, camera: str, seconds: float) -> CameraSeen:
        """Everything that comes in so many seconds, decoded once more."""
        running = self._cameras[camera]
        seen = _watch(running, seconds)
        if running.analysis is running or seen.problem:
            return seen
        sub = _watch(running.analysis, seconds, pictures=1)
        return replace(seen, sub=replace(sub, pictures=()))

    def crossings(self) -> Sequence[Crossing]:
        """Since the daemon's start."""
        return tuple(seen.crossing for seen in self._taps.crossings())

    def matched(self) -> Sequence[Matched]:
        """Since the daemon's start."""
        return self._taps.matched()

    # -- the box ---------------------------------------------------------------------------------

    def store(self) -> StoreSeen:
        """What it holds."""
        try:
            return StoreSeen(peek(self._store.reading()))
        except EvidenceError as error:
            return StoreSeen(None, str(error))

    def daemon(self) -> DaemonSeen:
        """How it is."""
        now = self._now()
        parts = {part.part: part for part in self._health.unwell()}
        uplink = parts.get("uplink")
        return DaemonSeen(
            answers=True,
            uptime_s=(now - self._taps.since) / S,
            connected=self._uplink is not None and self._uplink.connected,
            uplink_trouble=uplink.detail if uplink and uplink.state == "fault" else "",
            pushes={
                name: PushSeen(pushes.count, (now - pushes.last_at) / S)
                for name, pushes in self._taps.pushes().items()
            },
            unwell=tuple((part.part, part.state, part.detail) for part in parts.values()),
        )


def _watch(camera: Camera, seconds: float, pictures: int = PICTURES) -> CameraSeen:
    status = camera.status()
    if not status.up:
        return CameraSeen(problem=status.detail)
    packets = _packets(camera, seconds)
    if not packets:
        return CameraSeen(problem=camera.status().detail, codec=status.codec)
    from edge_agent.devices.camera import decode  # noqa: PLC0415 - FFmpeg, only where there is video

    most = max(1, min(pictures, MOST_PICTURE_BYTES // max(1, 3 * status.width * status.height)))
    wanted = sorted({packets[len(packets) * part // most].pts for part in range(most)})
    began_s = time.thread_time()
    try:
        found = decode.pictures(packets, frozenset(wanted))
    except DeviceError as error:
        return CameraSeen(problem=str(error), codec=status.codec)
    spent_s = time.thread_time() - began_s
    shown = sorted(packet.shown for packet in packets)
    keys = sorted(packet.shown for packet in packets if packet.keyframe)
    pauses = [after - before for before, after in pairwise(keys)]
    span_s = (shown[-1] - shown[0]) / S
    return CameraSeen(
        problem="" if found else "no picture came out of what it sends",
        codec=status.codec,
        width=status.width,
        height=status.height,
        frames_per_s=(len(shown) - 1) / span_s if span_s else 0.0,
        keyframe_interval_s=max(pauses) / S if pauses else None,
        decode_ms=spent_s * S / MS / len(packets),
        pictures=tuple(found[pts] for pts in wanted if pts in found),
        sender_time=True if status.time_source == "sender" else None,
    )


def _packets(camera: Camera, seconds: float) -> list[StoredPacket]:
    """What comes from the next keyframe on; the stream keeps going meanwhile."""
    feed = camera.open_feed()
    end = threading.Timer(seconds, feed.close)
    end.daemon = True
    end.start()
    packets: list[StoredPacket] = []
    try:
        while (arrived := feed.get()) is not None:
            if packets or arrived.packet.keyframe:
                packets.append(arrived.packet)
    finally:
        end.cancel()
        camera.close_feed(feed)
    return packets
