"""A camera: one thread that demuxes for ever, and stills or clips out of what it kept.

The thread never decodes. Pictures are decoded by whoever asks for them, in the asker's thread; who wants
every packet as it comes (to analyse the stream) opens a feed. A camera that is away is tried again and
again with growing pauses; each has its own thread, so one that hangs in its network stops no other.
A camera with a sub-stream is two of these, on one clock.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_agent.core.events import DeviceChanged
from edge_agent.core.units import MS, Ns, S
from edge_agent.devices.camera.feed import Arrived, Feed
from edge_agent.devices.camera.frame import TOLERANCE, Frame, NoFrame
from edge_agent.devices.camera.history import Found, History
from edge_agent.devices.camera.readers import Arrival, FileReader, StreamReader, connect, describe
from edge_agent.devices.camera.ring import StoredPacket, StreamInfo
from edge_agent.devices.camera.settings import CameraSettings
from edge_agent.devices.camera.timeline import Timeline
from edge_agent.devices.clock import utc_minus_mono
from edge_agent.errors import DeviceError
from edge_agent.progress import IDLE_S, Pulse

__all__ = ["TOLERANCE", "Camera", "CameraStatus", "Emit", "Frame", "NoFrame"]

if TYPE_CHECKING:
    from edge_agent.devices.camera.recorded import RecordedVideo

Emit = Callable[[DeviceChanged], object]
Clock = Callable[[], Ns]

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
# Waits look at the clock this often, so that a test's clock that jumps is seen.
LOOK_S = 0.05
# Beside the stall limit, which FFmpeg keeps to but where it resolves a name.
LONGEST_ROUND_S = 60


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
    time_source: str  # what times of capture rest on: file | sender | arrival; empty before the first packet


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
        self._history = History(settings.ring_s, settings.ring_mb * 1_000_000)
        self._timeline = Timeline(0, 0)  # of the connection that is open, or was last
        self._file = FileReader()
        self._feeds: tuple[Feed, ...] = ()
        self._changed = threading.Condition()  # guards history, timeline, feeds and the fields below
        self._stop = threading.Event()
        self._state: tuple[str, str] | None = None
        self._ended = False
        self._packets = 0
        self._connections = 0
        self._sub = Camera(f"{id}/sub", settings.for_sub, emit, clock, epoch) if settings.sub_url else None
        self.pulse = Pulse(f"camera/{id}", LONGEST_ROUND_S + 3 * settings.stall_ms / 1000)
        self._thread = threading.Thread(target=self._run, name=f"camera-{id}", daemon=True)

    def start(self) -> None:
        """Begin, whether the camera is there or not."""
        self._thread.start()
        if self._sub:
            self._sub.start()

    def close(self, timeout: float = 5.0) -> None:
        """Stop. A connection that hangs is left to its own time limit; its thread ends the program's."""
        self._stop.set()
        with self._changed:
            feeds = self._feeds
            self._changed.notify_all()
        for feed in feeds:
            feed.close()
        if self._sub:
            self._sub.close(timeout)
        if self._thread.is_alive():
            self._thread.join(timeout)

    # -- what others ask ---------------------------------------------------------------------------

    def wait_for(self, t: Ns, until: Ns) -> bool:
        """Wait until the picture nearest to `t` is surely in the ring, no longer than to `until`."""
        with self._changed:
            while not self._stop.is_set():
                newest = self._history.newest
                if newest is not None and newest >= t:
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

    def frames_at(
        self, times: Sequence[Ns], tolerance: int = TOLERANCE, max_width: int = 0
    ) -> list[Frame | None]:
        """The pictures nearest to each of the times; None where there is none near enough.

        Args:
            times: of capture.
            tolerance: no picture further from its time than this, ns.
            max_width: pictures are made no wider, px; 0: they come as they are.
        """
        recorded = self._recorded()
        if recorded is not None:
            return recorded.frames_at(times, tolerance, max_width)
        with self._changed:
            found = [self._history.nearest(t, tolerance) for t in times]
        return _decoded(found, max_width)

    def newest(self, max_width: int = 0) -> Frame | None:
        """The newest keyframe, which alone can be decoded without what came before; None: there is none yet.

        Args:
            max_width: the picture is made no wider, px; 0: it comes as it is.
        """
        with self._changed:
            found = self._history.newest_keyframe()
        return _decoded([found], max_width)[0] if found else None

    def _recorded(self) -> RecordedVideo | None:
        """The file itself, where what the ring holds would depend on how fast the machine reads it."""
        from edge_agent.devices.camera.recorded import RecordedVideo  # noqa: PLC0415 it imports this module

        if not self.settings.lossless or self.settings.loop or self._epoch is None:
            return None
        path = Path(self.settings.url.removeprefix("file://"))
        return RecordedVideo(self.id, self.settings, path, self._epoch)

    def clip(self, t0: Ns, t1: Ns) -> bytes:
        """An MP4 of what was taken from `t0` to `t1`, not encoded again; begins at the keyframe before.

        Raises:
            NoFrame: the ring holds nothing of it.
        """
        from edge_agent.devices.camera import decode  # noqa: PLC0415 heavy: loads FFmpeg

        recorded = self._recorded()
        if recorded is not None:
            return recorded.clip(t0, t1)
        with self._changed:
            run = self._history.between(t0, t1)
        data = decode.clip(run)
        if not data:
            raise NoFrame(f"camera {self.id} holds no video of the time asked for")
        return data

    def held(self) -> tuple[Ns, Ns] | None:
        """Times of capture of the oldest and the newest picture in the ring."""
        with self._changed:
            oldest, newest = self._history.oldest, self._history.newest
        return None if oldest is None or newest is None else (oldest, newest)

    @property
    def pulses(self) -> tuple[Pulse, ...]:
        """Of its streams."""
        return (self.pulse, *(self._sub.pulses if self._sub else ()))

    @property
    def analysis(self) -> Camera:
        """The stream that pictures are analysed in: the sub-stream, or this one where there is none."""
        return self._sub or self

    @property
    def alignment(self) -> Ns:
        """How far the two streams' times of capture may be apart: one standard deviation; 0 for one stream.

        Both are on the box's clock, each by its own estimate; the errors are added up, as if all of
        them were opposed. (Delays that both streams share would cancel; nothing says how much that is.)
        """
        if self._sub is None:
            return Ns(0)
        with self._changed:
            own = self._timeline.uncertainty
        return Ns(own + self._sub.status().uncertainty_ns)

    def open_feed(self) -> Feed:
        """Every packet from now on, as it comes and with its time of capture. Begins at a keyframe."""
        feed = Feed(lossless=self.settings.lossless)
        with self._changed:
            self._feeds = (*self._feeds, feed)
        return feed

    def close_feed(self, feed: Feed) -> None:
        """No more packets for this one."""
        feed.close()
        with self._changed:
            self._feeds = tuple(f for f in self._feeds if f is not feed)

    def status(self) -> CameraStatus:
        """A snapshot for `doctor` and the console."""
        with self._changed:
            state, detail = self._state or ("down", "not started")
            current, oldest, newest = self._history.current, self._history.oldest, self._history.newest
            stream = current.info if current else None
            return CameraStatus(
                up=state == "up",
                detail=detail,
                width=stream.width if stream else 0,
                height=stream.height if stream else 0,
                codec=stream.codec if stream else "",
                packets=self._packets,
                reconnects=max(0, self._connections - 1),
                ring_bytes=self._history.bytes,
                ring_ns=newest - oldest if oldest is not None and newest is not None else 0,
                interval_ns=current.ring.interval() if current else 0,
                uncertainty_ns=self._timeline.uncertainty,
                time_source=self._timeline.source if self._timeline.offset is not None else "",
            )

    # -- the thread --------------------------------------------------------------------------------

    def _run(self) -> None:
        with self.pulse:
            self._follow_until_closed()

    def _follow_until_closed(self) -> None:
        chance = random.Random(self.id)  # noqa: S311 jitter, not a secret
        pause = FIRST_PAUSE_S
        while not self._stop.is_set():
            self.pulse.beat()
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
            self._rest(pause * chance.uniform(0.8, 1.2))

    def _rest(self, wait_s: float) -> None:
        until_s = time.monotonic() + wait_s
        while (left_s := until_s - time.monotonic()) > 0 and not self._stop.wait(min(left_s, IDLE_S)):
            self.pulse.beat()

    def _connect_and_read(self) -> None:
        with connect(self.settings) as container:
            if not container.streams.video:
                raise DeviceError("there is no video in it")
            stream = container.streams.video[0]
            info = describe(stream, self.settings)
            with self._changed:
                self._timeline = self._new_timeline()
                self._history.begin(info, self._timeline)
                self._connections += 1
            play = self._play_file if self.settings.is_file else self._follow_stream
            play(container, stream, info)

    def _new_timeline(self) -> Timeline:
        chosen = self.settings
        timeline = Timeline(
            chosen.delay_ms * MS,
            chosen.delay_uncertainty_ms * MS,
            chosen.sender_bound_ms * MS,
            chosen.sender_uncertainty_ms * MS,
        )
        if chosen.is_file:
            self._epoch = self._clock() if self._epoch is None else self._epoch
            timeline.fix(self._epoch)
        return timeline

    def _follow_stream(self, container: Any, stream: Any, info: StreamInfo) -> None:
        reader = StreamReader(stream, info, self.settings)
        before = self._clock()
        for packet in container.demux(stream):
            self.pulse.beat()
            if self._stop.is_set():
                return
            at = self._clock()
            arrival = reader.read(packet, at)
            if arrival is None:
                continue
            if reader.live:
                self._note_time(arrival)
                for stored in reader.early():
                    self._keep(stored)
            self._tell("up", f"{reader.info.codec} {reader.info.width}x{reader.info.height}")
            if at - before >= self.settings.stall_ms * MS:
                # FFmpeg gives out the picture it still holds when a read is given up, and then waits again.
                raise DeviceError(f"nothing came for {self.settings.stall_ms} ms")
            before = at

    def _note_time(self, arrival: Arrival) -> None:
        with self._changed:
            self._timeline.arrived(arrival.packet.shown, arrival.came_at)
            if self.settings.clock == "sender" and arrival.taken_utc is not None:
                self._timeline.reported(arrival.packet.shown, Ns(arrival.taken_utc - utc_minus_mono()))

    def _play_file(self, container: Any, stream: Any, info: StreamInfo) -> None:
        """Let packets out when their time has come, as a camera would; again and again when looping."""
        while not self._stop.is_set():
            for stored in self._file.one_pass(container, stream, info):
                self._wait_until((self._epoch or 0) + stored.shown)
                if self._stop.is_set():
                    return
                self._keep(stored)
                self._tell("up", f"{info.codec} {info.width}x{info.height}, a file")
            if not self.settings.loop:
                self._end()
                return
            container.seek(stream.start_time or 0, stream=stream)

    def _wait_until(self, due: int) -> None:
        while self.settings.realtime and not self._stop.is_set():
            self.pulse.beat()
            left = due - self._clock()
            if left <= 0:
                break
            self._stop.wait(min(LOOK_S, left / S))

    def _keep(self, stored: StoredPacket) -> None:
        with self._changed:
            if self._history.current is None or self._history.current.info is not stored.stream:
                self._history.begin(stored.stream, self._timeline)
            taken = self._history.add(stored)
            self._packets += 1
            feeds = self._feeds if taken else ()
            at, uncertainty = Ns(stored.shown + (self._timeline.offset or 0)), self._timeline.uncertainty
            self._changed.notify_all()
        for feed in feeds:
            feed.put(Arrived(stored, at, uncertainty), self.pulse.beat)

    def _end(self) -> None:
        with self._changed:
            self._ended = True
            feeds = self._feeds
            self._changed.notify_all()
        for feed in feeds:
            feed.finish()

    def _tell(self, state: str, detail: str) -> None:
        """Say it when it is new. A camera that stays down says so once."""
        with self._changed:
            known, self._state = self._state, (state, detail)
        if known is None or known[0] != state:
            self._emit(DeviceChanged(self._clock(), f"camera/{self.id}", state, detail))


def _decoded(found: Sequence[Found | None], max_width: int) -> list[Frame | None]:
    from edge_agent.devices.camera import decode  # noqa: PLC0415 heavy: loads FFmpeg

    done: dict[tuple[int, int], Any] = {}
    runs = [f.run for f in found if f]
    # Longest run first: it passes over the others' pictures when they share a keyframe.
    for run in sorted(runs, key=len, reverse=True):
        if (id(run[0]), run[-1].pts) not in done:
            wanted = frozenset(r[-1].pts for r in runs if r[0] is run[0])
            images = decode.pictures(run, wanted, max_width)
            done.update({(id(run[0]), pts): image for pts, image in images.items()})
    frames: list[Frame | None] = []
    for f in found:
        image = done.get((id(f.run[0]), f.packet.pts)) if f else None
        frames.append(Frame(image, f.captured_at, f.uncertainty) if f and image is not None else None)
    return frames


def _said(failure: Exception, settings: CameraSettings) -> str:
    """The failure in words, without the password that the address may hold."""
    text = str(getattr(failure, "strerror", None) or failure).replace(settings.url, settings.safe_url)
    return f"{settings.safe_url}: {text or type(failure).__name__}"[:300]
