"""From held pixels to things: blobs with an age that does not jump, without what was only taken away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_agent.core.scene import StillObject
from edge_agent.core.units import Ns, Permille, Ppm, S
from edge_agent.devices.scene.pixels import WIDTH, Box, Floats, Mask, opencv
from edge_agent.devices.scene.presence import presence
from edge_agent.devices.scene.settings import LayerSettings

FORGET = 120 * S  # a thing not seen for so long is another when it comes again
OVERLAP = 0.3  # share of the smaller box by which a blob is the thing that stood there
HALF, MOSTLY = 0.5, 0.8
IN_SIGHT = 0.25  # share of a thing that must be in sight to be told
# Mean `presence` below which a thing counts as taken away: it takes clear witnesses, for a thing that is
# not told can be no case.
GONE = -0.3


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What of a picture can be seen, (h, WIDTH)."""

    free: Mask  # nobody hides it
    different: Mask  # it is not the ground
    still: Mask  # neither is it anything that moves
    named: Mask  # the detector sees goods there

    def shows(self, part: tuple[slice, slice], mask: Mask) -> bool:
        """Enough of the blob is in sight, and most of that is still there."""
        free = self.free[part][mask]
        there = (self.different[part][mask] & free).sum()
        return bool(free.mean() >= IN_SIGHT and there >= HALF * free.sum())

    def rests(self, part: tuple[slice, slice], mask: Mask) -> bool:
        """Nothing drives or walks through it now, undetected."""
        free = self.free[part][mask]
        return bool((self.still[part][mask] & free).sum() >= MOSTLY * max(1, free.sum()))


@dataclass(slots=True)
class _Thing:
    box: Box
    since: Ns
    seen_at: Ns
    presence: float = 0.0  # of all pictures, summed
    looks: int = 0
    named: bool = False  # the detector has seen goods there: it is no ghost

    @property
    def gone(self) -> bool:
        return not self.named and self.presence < GONE * self.looks

    def weigh(self, presence: float | None) -> None:
        """Add a picture in which it could be judged."""
        if presence is not None:
            self.presence, self.looks = self.presence + presence, self.looks + 1


class Blobs:
    """The things of one camera, from picture to picture."""

    def __init__(self, settings: LayerSettings, zones: Mask, origin: tuple[int, int], height: int) -> None:
        """Masks are a part of the picture that begins at `origin` (x, y); the picture is `height` px high."""
        self._settings = settings
        self._zones = zones
        self._origin = origin
        self._height = height
        self._things: list[_Thing] = []
        self.removed = 0

    def look(
        self,
        held: Mask,
        since: npt.NDArray[np.int64],
        now: Floats,
        was: Floats,
        sight: Sight,
        at: Ns,
    ) -> tuple[StillObject, ...]:
        """What stands still at this picture, oldest first, then from left to right.

        Args:
            held: pixels with enough evidence.
            since: when each pixel's evidence began.
            now: brightness of the picture.
            was: brightness of the accepted reference.
            sight: what can be seen of it now.
            at: when the picture was taken.
        """
        self._things = [t for t in self._things if at - t.seen_at <= FORGET]
        self.removed = 0
        out: list[StillObject] = []
        for mask, box, area in self._blobs(held):
            part = slice(box[1], box[3]), slice(box[0], box[2])
            began = since[part][mask & (since[part] > 0)]
            if began.size == 0:
                continue
            thing = self._thing(box, Ns(int(np.sort(began)[began.size // 10])), at)
            if sight.rests(part, mask):
                thing.weigh(presence(mask, box, now, was, sight.free))
            thing.named |= bool(sight.named[part][mask].mean() >= HALF)
            if thing.gone:
                self.removed += 1
            elif sight.shows(part, mask):
                out.append(self._told(box, area, thing.since))
        return tuple(sorted(out, key=lambda o: (o.since, o.x_min, o.y_min, o.x_max, o.y_max)))

    def _blobs(self, held: Mask) -> list[tuple[Mask, Box, int]]:
        """Connected parts that touch a zone, largest first: (mask of the box, box, pixels)."""
        cv2 = opencv()
        if not held.any():
            return []
        five = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
        solid = cv2.morphologyEx(held.astype(np.uint8), cv2.MORPH_CLOSE, five)
        solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        count, labels, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
        order = sorted(range(1, count), key=lambda k: (-int(stats[k][4]), k))
        out: list[tuple[Mask, Box, int]] = []
        for k in order:
            x, y, wide, tall, area = (int(v) for v in stats[k])
            if area < self._settings.min_area_px or len(out) >= self._settings.max_objects:
                break
            part = slice(y, y + tall), slice(x, x + wide)
            mask = labels[part] == k
            if (mask & self._zones[part]).any():
                out.append((mask, (x, y, x + wide, y + tall), area))
        return out

    def _thing(self, box: Box, since: Ns, at: Ns) -> _Thing:
        """The thing that stood there already, or a new one; of several the oldest, and they are one now."""
        same = [t for t in self._things if _overlap(t.box, box) >= OVERLAP]
        if not same:
            thing = _Thing(box, since, at)
            self._things.append(thing)
            return thing
        thing = min(same, key=lambda t: (t.since, t.box))
        thing.box, thing.seen_at = box, at
        self._things = [t for t in self._things if t is thing or t not in same]
        return thing

    def _told(self, box: Box, area: int, since: Ns) -> StillObject:
        """In permille of the whole picture, rounded outwards."""
        x, y, tall = *self._origin, self._height
        return StillObject(
            x_min=Permille((x + box[0]) * 1000 // WIDTH),
            y_min=Permille((y + box[1]) * 1000 // tall),
            x_max=Permille(-(-(x + box[2]) * 1000 // WIDTH)),
            y_max=Permille(-(-(y + box[3]) * 1000 // tall)),
            area=Ppm(area * 1_000_000 // (WIDTH * tall)),
            since=since,
        )


def _overlap(a: Box, b: Box) -> float:
    """Common area over the smaller box."""
    wide = min(a[2], b[2]) - max(a[0], b[0])
    tall = min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or tall <= 0:
        return 0.0
    return wide * tall / min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
