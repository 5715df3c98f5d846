"""The plates of a recorded video: frames read one by one, reads of one plate merged.

    file ──> every n-th frame ──> PlateReader ──> `core.plates.votes`, as on the box ──> a row a plate

Strings are voted on whole, their confidences summed: voting by character was measured to be no better.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edge_agent.core.events import PlateSeen
from edge_agent.core.plates.settings import PlatesSettings
from edge_agent.core.plates.votes import PlateMerger
from edge_agent.core.records import PlateRead
from edge_agent.core.units import Ns, S
from edge_agent.devices.detector.boxes import Image
from edge_agent.devices.plate_reader.reader import Reading, permille
from edge_agent.errors import DeviceError

LEAST_AGREEING = 2  # frames; one alone was right too seldom on degraded frames to be written down
MAX_PIXELS = 64_000_000  # of a frame; a header that claims more is damage
# What FFmpeg takes for a film though it shows letters or lists other files.
NO_FILMS = {"tty", "concat", "image2", "webvtt", "srt", "ass", "hls"}


@dataclass(frozen=True, slots=True)
class FilmPlate:
    """One plate of a video."""

    text: str
    confidence: float  # mean over the frames in which the plate was read, 0 to 1
    colour: str
    frames: int  # in which it, or what was taken for it, was read
    agreeing: int  # of these, in which this very string came first
    first: Ns  # time of the first of these frames, from the video's first
    last: Ns
    candidates: tuple[tuple[str, float], ...]  # (plate, confidence), best first


@dataclass(frozen=True, slots=True)
class Said:
    """What one frame was read as."""

    at: Ns
    candidates: tuple[tuple[str, float], ...]  # (plate, confidence), best first, never empty
    colour: str

    @classmethod
    def of(cls, at: Ns, reading: Reading) -> Said:
        """A reading's."""
        return cls(at, reading.candidates, reading.colour)


class Film:
    """A video file, opened.

    Args:
        path: the file.
        every: which frames are looked at: every n-th, beginning with the first.

    Raises:
        DeviceError: FFmpeg cannot read it as video.
    """

    def __init__(self, path: Path, every: int) -> None:
        import av  # noqa: PLC0415 heavy: loads FFmpeg

        self._path, self._every = path, every
        try:
            self._container: Any = av.open(str(path), options={"max_pixels": str(MAX_PIXELS)})
        except (av.FFmpegError, ValueError) as problem:
            raise DeviceError(f"{path}: not a video that can be read") from problem
        streams = self._container.streams.video
        if not streams or NO_FILMS & set(self._container.format.name.split(",")):
            self._container.close()
            raise DeviceError(f"{path}: not a video that can be read")
        streams[0].thread_count = 1  # the reader's one thread is what is promised
        # 0 where the file does not say.
        self.frames: int = -(-streams[0].frames // every)

    def pictures(self) -> Iterator[tuple[Ns, Image]]:
        """(time from the first frame, (h, w, 3) BGR) of each frame that is looked at. Once; closes the file.

        Raises:
            DeviceError: the file is damaged beyond what a player skips.
        """
        import av  # noqa: PLC0415 heavy: loads FFmpeg

        first: int | None = None
        with self._container as container:
            stream = container.streams.video[0]
            try:
                for count, frame in enumerate(container.decode(stream)):
                    pts = frame.pts if frame.pts is not None else count
                    first = pts if first is None else first
                    if count % self._every == 0:
                        yield (
                            Ns(round((pts - first) * stream.time_base * S)),
                            frame.to_ndarray(format="bgr24"),
                        )
            except (av.FFmpegError, ValueError) as problem:
                raise DeviceError(f"{self._path}: {problem}") from problem


def merged(said: Sequence[Said], sampled: int) -> tuple[FilmPlate, ...]:
    """The plates of a video, in the order in which they came.

    Args:
        said: of the frames in which a plate was read, in order of time.
        sampled: frames that were looked at. Of more than one, a plate needs `LEAST_AGREEING` that say it.
    """
    merger = PlateMerger("film", PlatesSettings())
    passages: dict[str, PlateRead] = {}
    for one in said:
        (text, confidence), *others = one.candidates
        event = PlateSeen(
            at=one.at,
            camera="film",
            lane=None,
            captured_utc=None,
            text=text,
            confidence=permille(confidence),
            colour=one.colour,
            alternatives=tuple((other, permille(share)) for other, share in others),
        )
        passages |= {
            read.id: read for read in merger.add(event, one.at, Ns(0)) if isinstance(read, PlateRead)
        }
    plates: dict[str, FilmPlate] = {}
    for passage in passages.values():
        plate = _of(passage)
        before = plates.get(plate.text)
        plates[plate.text] = plate if before is None else _together(before, plate)
    least = min(LEAST_AGREEING, sampled)
    return tuple(sorted((p for p in plates.values() if p.agreeing >= least), key=lambda p: (p.first, p.text)))


def _of(passage: PlateRead) -> FilmPlate:
    candidates = tuple((one.text, one.score / 1000) for one in passage.candidates if one.score)
    return FilmPlate(
        passage.text,
        passage.confidence / 1000,
        passage.colour,
        passage.reads,
        passage.agreeing,
        passage.at,
        passage.seen_until,
        candidates,
    )


def _together(a: FilmPlate, b: FilmPlate) -> FilmPlate:
    """Two passages of one plate: it came by twice, or was lost for a while."""
    frames = a.frames + b.frames
    return replace(
        a if a.confidence >= b.confidence else b,
        confidence=(a.confidence * a.frames + b.confidence * b.frames) / frames,
        frames=frames,
        agreeing=a.agreeing + b.agreeing,
        first=min(a.first, b.first),
        last=max(a.last, b.last),
    )
