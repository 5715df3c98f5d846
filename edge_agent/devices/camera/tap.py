"""A camera's analysed stream as it comes, for a recording: Annex B, every keyframe with its headers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from edge_agent.core.units import Ns
from edge_agent.devices.camera.annex_b import AnnexB, UnsupportedCodec
from edge_agent.devices.camera.camera import Camera
from edge_agent.devices.camera.feed import Arrived
from edge_agent.progress import Pulse

log = logging.getLogger(__name__)

LONGEST_ROUND_S = 60  # one packet written to the recording

Keep = Callable[[str, Ns, str, bytes], None]  # camera, captured at, format, data


class VideoTap:
    """Gives every packet of a camera to a recording, from `start` to `close`.

    Args:
        camera: whose `analysis` stream is recorded.
        keep: takes each packet, from the tap's thread.
    """

    def __init__(self, camera: Camera, keep: Keep) -> None:
        self._camera = camera
        self._keep = keep
        self._source = camera.analysis
        self._feed = self._source.open_feed()
        self._annex_b = AnnexB()
        self.failed = 0  # packets that could not be written in this form
        self.pulse = Pulse(f"tap/{camera.id}", LONGEST_ROUND_S)
        self._thread = threading.Thread(target=self._run, name=f"tap-{camera.id}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self, timeout: float = 5.0) -> None:
        """Stop; what still waits is not recorded."""
        self._source.close_feed(self._feed)
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        with self.pulse:
            self._record()

    def _record(self) -> None:
        while (arrived := self._feed.get(self.pulse.beat)) is not None:
            self.pulse.beat()
            try:
                self._take(arrived)
            except UnsupportedCodec as codec:
                self.failed += 1
                if self.failed == 1:
                    log.warning("camera/%s: %s", self._camera.id, codec)
            except Exception:  # one packet, or one camera's codec, ends no recording
                self.failed += 1
                if self.failed == 1:
                    log.exception("camera/%s: its video cannot be recorded", self._camera.id)

    def _take(self, arrived: Arrived) -> None:
        packet = arrived.packet
        form, turned = self._annex_b.of(packet)
        for data in turned:
            self._keep(self._camera.id, arrived.captured_at, form, data)
