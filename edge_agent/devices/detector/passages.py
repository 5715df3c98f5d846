"""Which vehicles really pass in a video file: one line a vehicle and lane, by its time in the lane.

This lets weights be simulated for exactly the vehicles of a recorded clip. It is not used live: there a
vehicle is a crossing of the scale, and the picture only confirms it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from edge_agent.core.records import Detection
from edge_agent.core.units import MS, Ns, S
from edge_agent.devices.detector.boxes import paired, stands_in
from edge_agent.devices.detector.detector import Detector

Polygon = Sequence[tuple[int, int]]

SAME_IOU = 300  # permille; a vehicle seen 10 times a second overlaps its last box by more
FORGET = 400 * MS  # a vehicle unseen for so long is gone, or another
LEAST_SEEN = 3  # pictures; fewer is a flicker of the detector


@dataclass(frozen=True, slots=True)
class ClipPassage:
    """One vehicle in one lane of the clip; times since the clip's first picture."""

    t_ns: Ns  # its foot is nearest to the middle of the lane's polygon
    lane: str
    label: str  # what the detector called it most often
    enters_ns: Ns
    leaves_ns: Ns
    seen: int  # pictures in which its foot stood in the polygon


@dataclass(slots=True)
class _Track:
    last: Detection
    last_at: int
    sightings: dict[str, list[tuple[int, int, str]]] = field(
        default_factory=dict
    )  # lane: (t, distance, label)


def vehicles_in_clip(
    path: Path,
    detector: Detector,
    lanes: Mapping[str, Polygon],
    per_second: int = 10,
    progress: Callable[[Ns], None] | None = None,
) -> tuple[ClipPassage, ...]:
    """Run the detector over a file and list who passes through each lane's polygon, by time and lane.

    The same file, model and polygons give the same list on one machine.

    Args:
        path: the video file.
        detector: finds the vehicles; its role map says which classes count (role `evidence`).
        lanes: polygon of each lane, permille of the picture, as in the camera's `views`.
        per_second: pictures looked at in a second of video.
        progress: told the time reached after each picture.
    """
    tracks: list[_Track] = []
    gone: list[_Track] = []
    for t, image in _pictures(path, per_second):
        found = [d for d in detector.detect([image])[0] if d.role == "evidence"]
        gone.extend(track for track in tracks if t - track.last_at > FORGET)
        tracks = [track for track in tracks if t - track.last_at <= FORGET]
        _follow(tracks, found, t)
        for track in tracks:
            if track.last_at == t:
                _note(track, lanes, t)
        if progress:
            progress(Ns(t))
    listed = [p for track in (*gone, *tracks) for p in _passages(track)]
    return tuple(sorted(listed, key=lambda p: (p.t_ns, p.lane, p.enters_ns)))


def _pictures(path: Path, per_second: int) -> Iterator[tuple[int, Any]]:
    """(time, picture) so many times a second; the pictures between are decoded and dropped."""
    import av  # noqa: PLC0415 heavy: loads FFmpeg

    step, due, first = S // per_second, 0, None
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            if frame.pts is None or frame.time_base is None:
                continue
            at = round(frame.pts * S * frame.time_base)
            first = at if first is None else first
            if at - first >= due:
                due += step
                yield at - first, frame.to_ndarray(format="bgr24")


def _follow(tracks: list[_Track], found: Sequence[Detection], t: int) -> None:
    """Give each box to the track it overlaps most, best pair first; what is left begins a track."""
    pairs = paired([track.last for track in tracks], found, SAME_IOU)
    for i, j in pairs:
        tracks[i].last, tracks[i].last_at = found[j], t
    known = {j for _, j in pairs}
    tracks.extend(_Track(d, t) for j, d in enumerate(found) if j not in known)


def _note(track: _Track, lanes: Mapping[str, Polygon], t: int) -> None:
    d = track.last
    for lane, polygon in lanes.items():
        if stands_in(polygon, d.x_min, d.y_min, d.x_max, d.y_max):
            middle_x = sum(x for x, _ in polygon) // len(polygon)
            middle_y = sum(y for _, y in polygon) // len(polygon)
            away = abs((d.x_min + d.x_max) // 2 - middle_x) + abs(d.y_max - middle_y)
            track.sightings.setdefault(lane, []).append((t, away, d.label))


def _passages(track: _Track) -> Iterator[ClipPassage]:
    """One a track: the lane it was in most; of two equal the first in name."""
    ranked = sorted(track.sightings.items(), key=lambda item: (-len(item[1]), item[0]))
    for lane, seen in islice(ranked, 1):
        if len(seen) >= LEAST_SEEN:
            nearest = min(seen, key=lambda s: (s[1], s[0]))
            votes = Counter(label for _, _, label in seen)
            label = min(votes, key=lambda name: (-votes[name], name))
            yield ClipPassage(Ns(nearest[0]), lane, label, Ns(seen[0][0]), Ns(seen[-1][0]), len(seen))
