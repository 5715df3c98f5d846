"""A camera: one thread that demuxes for ever, and stills or clips out of what it kept.

The thread never decodes. Pictures are decoded by whoever asks for them, in the asker's thread. A camera
that is away is tried again and again with growing pauses; each has its own thread, so one that hangs
in its network stops no other.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from edge_agent.core.events import DeviceChanged
from edge_agent.core.units import MS, Ns, S
from edge_agent.devices.camera.files import UNSAID_STEP
from edge_agent.devices.camera.ring import Ring, StoredPacket, StreamInfo, to_ns
from edge_agent.devices.camera.settings import CameraSettings
from edge_agent.devices.camera.timeline import Timeline
from edge_agent.errors import DeviceError

Emit = Callable[[DeviceChanged], object]
Clock = Callable[[], Ns]

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
# A still is the picture nearest to the instant asked for, and never further from it than this.
TOLERANCE = 250 * MS
# Waits look at the clock this often, so that a test's clock that jumps is seen.
LOOK_S = 0.05


class NoFrame(DeviceError):
    """The camera has no picture of the instant asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A decoded picture: (h, w, 3) BGR, and when it was taken."""

    image: Any
    captured_at: Ns
    uncertainty: Ns  # one standard deviation of captured_at


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """What a technician wants to know at a glance."""

    up: bool
    detail: str
    width: int
    height: int
    codec: str
    packets: int
    reconnects: int
    ring_bytes: int
    ring_ns: int
    interval_ns: int
    uncertainty_ns: int


class Camera:
    """One camera's video, from `start` to `close`.

    Args:
        id: name in the configuration; events come from "camera/<id>".
        settings: where the video comes from and how much is kept.
        emit: takes each `DeviceChanged`; called from the camera's thread, must not block.
        clock: the box's monotonic clock.
        epoch: for files: when the file's first picture was taken; default is when it is opened.
    """

    def __init__(
        self,
        id: str,  # noqa: A002 the word of the configuration
        settings: CameraSettings,
        emit: Emit,
        clock: Clock,
        epoch: Ns | None = None,
    ) -> None:
        self.id = id
        self.settings = settings
        self._emit = emit
        self._clock = clock
        self._epoch = epoch
        self._ring = Ring(settings.ring_s, settings.ring_mb * 1_000_000)
        self._timeline = Timeline(settings.delay_ms * MS, settings.delay_uncertainty_ms * MS)
        self._changed = threading.Condition()  # guards ring, timeline and the fields below
        self._stop = threading.Event()
        self._state: tuple[str, str] | None = None
        self._ended = False
        self._packets = 0
        self._connections = 0
        self._stream: StreamInfo | None = None
        self._passed = 0  # of a looped file: how much time earlier passes took
        self._thread = threading.Thread(target=self._run, name=f"camera-{id}", daemon=True)

    def start(self) -> None:
        """Begin, whether the camera is there or not."""
        self._thread.start()

    def close(self, timeout: float = 5.0) -> None:
        """Stop. A connection that hangs is left to its own time limit; its thread ends the program's."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout)

    # -- what others ask ---------------------------------------------------------------------------

    def wait_for(self, t: Ns, until: Ns) -> bool:
        """Wait until the picture nearest to `t` is surely in the ring, no longer than to `until`."""
        with self._changed:
            while not self._stop.is_set():
                newest, offset = self._ring.newest, self._timeline.offset
                if newest is not None and offset is not None and newest + offset >= t:
                    return True
                left = until - self._clock()
                if left <= 0 or self._ended:
                    return False
                self._changed.wait(min(LOOK_S, left / S))
        return False

    def frame_at(self, t: Ns, tolerance: int = TOLERANCE) -> Frame:
        """The picture taken nearest to `t`.

        Raises:
            NoFrame: nothing in the ring lies within `tolerance` of it, or it cannot be decoded.
        """
        frame = self.frames_at((t,), tolerance)[0]
        if frame is None:
            raise NoFrame(
                f"camera {self.id} has no picture within {tolerance // MS} ms of the instant asked for"
            )
        return frame

    def frames_at(self, times: Sequence[Ns], tolerance: int = TOLERANCE) -> list[Frame | None]:
        """The pictures nearest to each of the times; None where there is none near enough."""
        from edge_agent.devices.camera import decode  # noqa: PLC0415 heavy: loads FFmpeg

        with self._changed:
            offset, uncertainty = self._timeline.offset, self._timeline.uncertainty
            targets = [self._nearest(t, offset, tolerance) for t in times]
            runs = [self._ring.run_up_to(p) if p else () for p in targets]
        done: dict[tuple[int, int], Any] = {}
        # Longest run first: it passes over the others' pictures when they share a keyframe.
        for run in sorted(runs, key=len, reverse=True):
            if run and (id(run[0]), run[-1].pts) not in done:
                wanted = frozenset(r[-1].pts for r in runs if r and r[0] is run[0])
                done.update({(id(run[0]), pts): image for pts, image in decode.pictures(run, wanted).items()})
        frames: list[Frame | None] = []
        for run in runs:
            image = done.get((id(run[0]), run[-1].pts)) if run else None
            taken = Ns(run[-1].shown + (offset or 0)) if run else Ns(0)
            frames.append(None if image is None else Frame(image, taken, uncertainty))
        return frames

    def clip(self, t0: Ns, t1: Ns) -> bytes:
        """An MP4 of what was taken from `t0` to `t1`, not encoded again; begins at the keyframe before.

        Raises:
            NoFrame: the ring holds nothing of it.
        """
        from edge_agent.devices.camera import decode  # noqa: PLC0415 heavy: loads FFmpeg

        with self._changed:
            offset = self._timeline.offset
            run = self._ring.between(t0 - offset, t1 - offset) if offset is not None else ()
        data = decode.clip(run)
        if not data:
            raise NoFrame(f"camera {self.id} holds no video of the time asked for")
        return data

    def held(self) -> tuple[Ns, Ns] | None:
        """Times of capture of the oldest and the newest picture in the ring."""
        with self._changed:
            oldest, newest, offset = self._ring.oldest, self._ring.newest, self._timeline.offset
        if oldest is None or newest is None or offset is None:
            return None
        return Ns(oldest + offset), Ns(newest + offset)

    def status(self) -> CameraStatus:
        """A snapshot for `doctor` and the console."""
        with self._changed:
            state, detail = self._state or ("down", "not started")
            oldest, newest, stream = self._ring.oldest, self._ring.newest, self._stream
            return CameraStatus(
                up=state == "up",
                detail=detail,
                width=stream.width if stream else 0,
                height=stream.height if stream else 0,
                codec=stream.codec if stream else "",
                packets=self._packets,
                reconnects=max(0, self._connections - 1),
                ring_bytes=self._ring.bytes,
                ring_ns=newest - oldest if oldest is not None and newest is not None else 0,
                interval_ns=self._ring.interval(),
                uncertainty_ns=self._timeline.uncertainty,
            )

    def _nearest(self, t: Ns, offset: int | None, tolerance: int) -> StoredPacket | None:
        packet = self._ring.nearest(t - offset) if offset is not None else None
        if packet is None or offset is None or abs(packet.shown + offset - t) > tolerance:
            return None
        return packet

    # -- the thread --------------------------------------------------------------------------------

    def _run(self) -> None:
        chance = random.Random(self.id)  # noqa: S311 jitter, not a secret
        pause = FIRST_PAUSE_S
        while not self._stop.is_set():
            before = self._packets
            try:
                self._connect_and_read()
                problem = "the file has ended" if self.settings.is_file else "the stream has ended"
            except Exception as failure:  # noqa: BLE001 top of a thread: whatever it was, try again
                problem = _said(failure, self.settings)
            if self._stop.is_set():
                return
            self._tell("down", problem)
            if self._ended:
                return
            pause = FIRST_PAUSE_S if self._packets > before else min(pause * 2, LONGEST_PAUSE_S)
            # Cameras that went down together must not come back together.
            self._stop.wait(pause * chance.uniform(0.8, 1.2))

    def _connect_and_read(self) -> None:
        import av  # noqa: PLC0415 heavy: loads FFmpeg

        from edge_agent.devices.camera.decode import describe  # noqa: PLC0415 heavy: loads FFmpeg

        stall = self.settings.stall_ms / 1000
        options: dict[str, str] = {} if self.settings.is_file else {"rtsp_transport": self.settings.transport}
        with av.open(self.settings.url, options=options, timeout=(stall, stall)) as container:
            if not container.streams.video:
                raise DeviceError("there is no video in it")
            stream = container.streams.video[0]
            info = describe(stream)
            with self._changed:
                self._timeline.restart()
                self._ring.clear()
                self._stream = info
                self._connections += 1
            play = self._play_file if self.settings.is_file else self._follow_stream
            play(container, stream, info)

    def _follow_stream(self, container: Any, stream: Any, info: StreamInfo) -> None:
        # FFmpeg lets go of an H.264 or H.265 picture from RTSP only when the next one begins to arrive:
        # the moment at which it gave us the one before is when this one came (measured: one interval).
        held_back = self.settings.url.startswith("rtsp") and info.codec in ("h264", "hevc")
        before: Ns | None = None
        last_pts: int | None = None
        step = 0
        for packet in container.demux(stream):
            at = self._clock()
            if self._stop.is_set():
                return
            came, before = (before if held_back else at), at
            pts = packet.pts
            if pts is None and last_pts is not None:
                # Seen from RTSP where FFmpeg's probing ends. Later pictures refer to it: it must be kept.
                pts = last_pts + step
            if pts is None or not packet.size:
                continue
            if last_pts is not None and pts > last_pts:
                step = pts - last_pts
            last_pts = pts
            stored = _stored(packet, info, to_ns(pts, info.time_base), pts)
            with self._changed:
                self._timeline.arrived(stored.shown, at if came is None else came)
                self._ring.add(stored)
                self._packets += 1
                self._changed.notify_all()
            self._tell("up", f"{info.codec} {info.width}x{info.height}")

    def _play_file(self, container: Any, stream: Any, info: StreamInfo) -> None:
        """Let packets out when their time has come, as a camera would; again and again when looping."""
        base = to_ns(stream.start_time or 0, info.time_base)
        if self._epoch is None:
            self._epoch = self._clock()
        with self._changed:
            self._timeline.fix(self._epoch)
        while not self._stop.is_set():
            last = step = 0
            for packet in container.demux(stream):
                if packet.pts is None or not packet.size:
                    continue
                shown = to_ns(packet.pts, info.time_base) - base
                step = step or to_ns(packet.duration or 0, info.time_base)
                last = max(last, shown)
                self._release(_stored(packet, info, self._passed + shown, packet.pts))
                if self._stop.is_set():
                    return
                self._tell("up", f"{info.codec} {info.width}x{info.height}, a file")
            self._passed += last + (step or UNSAID_STEP)
            if not self.settings.loop:
                with self._changed:
                    self._ended = True
                    self._changed.notify_all()
                return
            container.seek(stream.start_time or 0, stream=stream)

    def _release(self, stored: StoredPacket) -> None:
        due = (self._epoch or 0) + stored.shown
        while self.settings.realtime and not self._stop.is_set():
            left = due - self._clock()
            if left <= 0:
                break
            self._stop.wait(min(LOOK_S, left / S))
        with self._changed:
            self._ring.add(stored)
            self._packets += 1
            self._changed.notify_all()

    def _tell(self, state: str, detail: str) -> None:
        """Say it when it is new. A camera that stays down says so once."""
        with self._changed:
            known, self._state = self._state, (state, detail)
        if known is None or known[0] != state:
            self._emit(DeviceChanged(self._clock(), f"camera/{self.id}", state, detail))


def _stored(packet: Any, info: StreamInfo, shown: int, pts: int) -> StoredPacket:
    dts = packet.dts if packet.dts is not None else pts
    return StoredPacket(shown, pts, dts, bool(packet.is_keyframe), bytes(packet), info)


def _said(failure: Exception, settings: CameraSettings) -> str:
    """The failure in words, without the password that the address may hold."""
    text = str(getattr(failure, "strerror", None) or failure).replace(settings.url, settings.safe_url)
    return f"{settings.safe_url}: {text or type(failure).__name__}"[:300]
