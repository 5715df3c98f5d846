"""What the core asks of cameras, answered from video files: pictures, and plates where the box reads them."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from edge_agent.config.settings import SiteConfig
from edge_agent.core.decisions import Capture, Decision, ReadPlates
from edge_agent.core.events import Event
from edge_agent.core.units import MS, Ns
from edge_agent.devices.camera.capture import CaptureWorker
from edge_agent.devices.camera.recorded import RecordedVideo
from edge_agent.devices.camera.request_queue import answered, failed
from edge_agent.devices.detector.detector import Detector
from edge_agent.devices.plate_reader.opening import open_reader
from edge_agent.devices.plate_reader.worker import PlateWorker, refusal

# Pictures come back this long after the last instant asked for, as they do on the road.
ANSWER_AFTER = 300 * MS


class KeptPictures:
    """Pictures in a folder, named by their digest; the folder is made with the first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.taken = 0

    def keep(self, data: bytes, suffix: str = ".jpg") -> str:
        """Write it down; its SHA-256."""
        self.taken += 1
        digest = hashlib.sha256(data).hexdigest()
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{digest}{suffix}").write_bytes(data)
        return digest

    def discard(self) -> None:
        """There will be no recording that they are of."""
        if self.taken:
            shutil.rmtree(self.folder, ignore_errors=True)  # why there is none is what must be said


class Answers:
    """Carries out what was asked of the cameras that there is video of."""

    def __init__(
        self, config: SiteConfig, cameras: Mapping[str, RecordedVideo], pictures: KeptPictures
    ) -> None:
        self._cameras = cameras
        self._keep = pictures.keep
        detector = Detector(config.detector) if config.detector and cameras else None
        self._worker = CaptureWorker(
            dict(cameras), self._keep, detector, lambda _event: None, lambda: self._answer_at
        )
        self._plates = self._reader(config, detector)
        self._answer_at = Ns(0)

    def answer(self, asked: Decision, now: Ns) -> Sequence[Event]:
        """What the video shows; nothing where there is no video of that camera."""
        match asked:
            case Capture() if asked.camera in self._cameras:
                self._answer_at = Ns(max(now, *asked.times) + ANSWER_AFTER)
                return (answered(self._worker.carry_out, failed, asked, lambda: self._answer_at),)
            case ReadPlates() if self._plates and asked.camera in self._cameras:
                self._answer_at = Ns(max(now, asked.end) + ANSWER_AFTER)
                return answered(self._plates.carry_out, refusal, asked, lambda: self._answer_at)
            case _:
                return ()

    def _reader(self, config: SiteConfig, detector: Detector | None) -> PlateWorker | None:
        if not config.reads_plates or detector is None:
            return None
        chosen = config.plate_reader
        return PlateWorker(
            dict(self._cameras),
            open_reader(chosen),
            detector,
            chosen,
            self._keep,
            lambda _event: None,
            lambda: self._answer_at,
        )
