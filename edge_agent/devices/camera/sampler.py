"""Pictures of a camera to be analysed: one so often, the newest, decoded as little as possible.

A thread a camera decodes: one camera's rubbish costs that camera's pictures and no other's. What
nobody takes in time is replaced by the next picture. Where the camera is a file that is read without
regard to time (`realtime: false`), every picture waits until it is taken instead: the same pictures,
in the same order, on any machine.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edge_agent.core.units import MS, Ns
from edge_agent.devices.camera.cadence import Cadence
from edge_agent.devices.camera.camera import Camera
from edge_agent.devices.camera.feed import Arrived
from edge_agent.devices.camera.frame import Frame
from edge_agent.progress import IDLE_S, Pulse

if TYPE_CHECKING:
    from edge_agent.devices.camera.group import GroupDecoder

log = logging.getLogger(__name__)

LONGEST_ROUND_S = 60  # a group of pictures of the largest camera on the slowest box, several times over


@dataclass(frozen=True, slots=True)
class SamplerStats:
    """What sampling has cost and lost so far."""

    pictures: int  # given out or ready to be
    replaced: int  # ready, and not taken before the next one was
    decoded: int  # pictures that the decoder put out, wanted or not
    lost: int  # wanted, and did not come out whole
    errors: int  # packets that could not be decoded
    groups_given_up: int  # groups of pictures left at their first damage
    dropped: int  # packets that came faster than they could be decoded
    group_ns: int  # time from keyframe to keyframe; 0 while it is not known
    device: str  # what decodes; with the reason where it is not what the settings ask for


class Sampler:
    """Gives pictures of the camera's analysed stream, from `start` to `close`.

    Construct it before the camera is started where no picture may be missed.

    Args:
        camera: whose `analysis` stream is looked at; full-resolution stills come from the camera itself.
        on_frame: called from the sampler's thread when a picture is ready, and once when a file has
            ended; must not block.
        max_width: pictures are made no wider than this, their aspect kept; 0 = as the stream has them.
    """

    def __init__(self, camera: Camera, on_frame: Callable[[], None], max_width: int = 0) -> None:
        self.camera = camera
        self._source = camera.analysis
        self._on_frame = on_frame
        self._max_width = max_width
        self._lossless = self._source.settings.lossless
        self._feed = self._source.open_feed()
        self._changed = threading.Condition()  # guards cadence, the picture and the fields below
        self._cadence = Cadence()
        self._ready: Frame | None = None
        self._pictures = self._replaced = self._failures = 0
        self._finished = False
        self._stop = False
        self._decoder: GroupDecoder | None = None
        self.pulse = Pulse(f"sampler/{camera.id}", LONGEST_ROUND_S)
        self._thread = threading.Thread(target=self._run, name=f"sampler-{camera.id}", daemon=True)

    def start(self) -> None:
        """Begin to decode."""
        self._thread.start()

    def close(self, timeout: float = 5.0) -> None:
        """Stop; a picture that is being decoded is finished first."""
        with self._changed:
            self._stop = True
            self._changed.notify_all()
        self._source.close_feed(self._feed)
        if self._thread.is_alive():
            self._thread.join(timeout)

    def pace(self, period_ms: int) -> None:
        """One picture so often from now on; 0 = every keyframe and nothing else."""
        with self._changed:
            self._cadence.pace(period_ms * MS)

    def take(self) -> Frame | None:
        """The newest picture not yet taken. Never blocks."""
        with self._changed:
            frame, self._ready = self._ready, None
            self._changed.notify_all()
            return frame

    @property
    def ended(self) -> bool:
        """The file has been played to its end and its last picture was taken."""
        with self._changed:
            return self._finished and self._ready is None

    @property
    def stats(self) -> SamplerStats:
        """A snapshot."""
        with self._changed:
            decoder = self._decoder
            counts = decoder.counts if decoder else None
            return SamplerStats(
                pictures=self._pictures,
                replaced=self._replaced,
                decoded=counts.decoded if counts else 0,
                lost=counts.lost if counts else 0,
                errors=(counts.errors if counts else 0) + self._failures,
                groups_given_up=counts.groups_given_up if counts else 0,
                dropped=self._feed.dropped,
                group_ns=self._cadence.group or 0,
                device=decoder.device if decoder else "",
            )

    # -- the thread --------------------------------------------------------------------------------

    def _run(self) -> None:
        with self.pulse:
            self._sample()

    def _sample(self) -> None:
        while (arrived := self._feed.get(self.pulse.beat)) is not None:
            self.pulse.beat()
            try:
                self._look_at(arrived)
            except Exception as failure:  # noqa: BLE001 top of a thread: no stream may end it
                self._start_over(failure)
        if self._decoder is not None and not self._stop:
            self._give(self._decoder.finish())
        with self._changed:
            self._finished = True
        self._on_frame()

    def _look_at(self, arrived: Arrived) -> None:
        with self._changed:
            if self._decoder is None:
                from edge_agent.devices.camera.group import GroupDecoder  # noqa: PLC0415 heavy: FFmpeg

                self._decoder = GroupDecoder(self._source.settings.hwaccel, self._max_width)
            wanted = self._cadence.wants(arrived.captured_at, keyframe=arrived.packet.keyframe)
            more = self._cadence.more_before_next_keyframe
        self._give(self._decoder.add(arrived, wanted=wanted, more=more))

    def _start_over(self, failure: Exception) -> None:
        """What libavcodec's bindings should never raise: a new decoder, from the next keyframe on."""
        log.warning("camera %s: decoding failed: %s: %s", self.camera.id, type(failure).__name__, failure)
        with self._changed:
            self._failures += 1
        if self._decoder is not None:
            self._decoder.reset()

    def _give(self, pictures: Iterable[tuple[Arrived, Any]]) -> None:
        for arrived, image in pictures:
            frame = Frame(image, Ns(arrived.captured_at), arrived.uncertainty)
            with self._changed:
                while self._lossless and self._ready is not None and not self._stop:
                    self.pulse.beat()
                    self._changed.wait(IDLE_S)
                if self._stop:
                    return
                self._replaced += self._ready is not None
                self._ready = frame
                self._pictures += 1
            self._on_frame()
