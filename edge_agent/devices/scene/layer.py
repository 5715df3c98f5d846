"""The stationary-object layer: what stands on the ground that the accepted reference does not have.

Two backgrounds, one slow and one fast. A pixel that differs from the slow one (the accepted picture,
following the light within bounds and only where nothing stands) and equals the fast one (the mean of the
last seconds) shows something that stands still:

    different from slow   equal to fast    it is
    no                    -                the ground
    yes                   no               something that moves
    yes                   yes              evidence: + dt; else - 2 dt

Time is event time; pictures may come as irregularly as they like. Where a person or a vehicle is, or was
a moment ago, evidence neither grows nor fades. Only the surroundings of the zones are worked on; memory
and time are bounded by the working size.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from edge_agent.core.records import Detection
from edge_agent.core.scene import StillObject
from edge_agent.core.units import MS, Ns, S
from edge_agent.devices.scene import pixels, planes
from edge_agent.devices.scene.light import WINDOW, Surface, only_light
from edge_agent.devices.scene.objects import Blobs, Sight
from edge_agent.devices.scene.pixels import Floats, Image, Mask, opencv
from edge_agent.devices.scene.planes import Planes
from edge_agent.devices.scene.settings import LayerSettings

# Pictures further apart than this say nothing of the time between them.
LONGEST_GAP = 15 * S
# Evidence is kept up to so many times what makes an object: bounds how long a thing taken away lingers.
FULL = 2.0
# A thing once told is told until its evidence is this share of what made it.
HYSTERESIS = 0.5
# What differs by this share of the threshold belongs to a thing that begins beside it.
REACH = 0.45
EDGE = 11  # px, twice what an edge of light is wide, the window of the comparison included
NEAR = 5  # px around what stands, kept out of the refresh of the slow background: its soft edge
REFRESH = 5 * S  # the slow background is slow: it need not be touched more often
AROUND = 48  # px around the zones that are worked on: things lean out of them


class Layer:
    """One camera's stationary objects.

    Args:
        settings: thresholds and times.
        reference: the accepted picture at working size.
        zones: where objects matter, (h, WIDTH): what touches none of it is not told.
        ignored: burnt-in text.
    """

    def __init__(self, settings: LayerSettings, reference: Image, zones: Mask, ignored: Mask) -> None:
        self._settings = settings
        self._ignored = ignored
        self._part = _around(zones, AROUND)
        shape = zones[self._part].shape
        self._evidence = np.zeros(shape, np.float32)  # seconds
        self._since = np.zeros(shape, np.int64)  # when evidence began; 0: there is none
        self._told = np.zeros(shape, bool)
        self._vetoed_at = np.full(shape, -(10**18), np.int64)
        self._fast: Floats | None = None  # brightness
        self._last: Ns | None = None
        self._refreshed: Ns | None = None
        origin = (self._part[1].start, self._part[0].start)
        self._blobs = Blobs(settings, zones[self._part], origin, zones.shape[0])
        self.use(reference)

    def use(self, reference: Image) -> None:
        """Compare with another accepted picture from now on; what stands is remembered."""
        self._coarse = planes.coarse(reference)
        self._accepted = Planes.of(self._smooth(reference))
        self._slow = self._accepted.copy()
        self._measure_slow()
        self._fast = None
        self._refreshed = None

    def _smooth(self, small: Image) -> Image:
        """The part that is worked on, without the sensor's noise."""
        smooth: Image = opencv().GaussianBlur(small[self._part], (5, 5), 0)
        return smooth

    @property
    def removed(self) -> int:
        """Things that the reference shows and the ground no longer has, at the last picture."""
        return self._blobs.removed

    def look(
        self, small: Image, found: Sequence[Detection], at: Ns, inside: Mask
    ) -> tuple[StillObject, ...] | None:
        """Take a registered picture; what stands still in it, oldest first; None when it cannot be compared.

        Args:
            small: (h, WIDTH, 3), its shift taken out.
            found: boxes in the same coordinates.
            at: when it was taken.
            inside: where the shifted picture has content.
        """
        step = self._step(at)
        hidden = self._boxes((d for d in found if d.label in self._settings.veto), small)
        named = self._boxes((d for d in found if d.role == "evidence"), small)[self._part]
        self._vetoed_at[hidden[self._part]] = at
        vetoed = at - self._vetoed_at <= self._settings.veto_memory_ms * MS
        usable = inside & ~self._ignored
        now = self._normalised(small, usable & ~hidden)
        usable = usable[self._part]
        open_ground = usable & ~vetoed
        different = self._different(now, usable, named)
        if different[open_ground].sum() * 1000 > self._settings.global_share * max(1, open_ground.sum()):
            self._fast = now.luma  # the light or the view, not things: nothing grows or fades
            return None
        still = different & self._still(now.luma, step)
        self._count(still, open_ground, step, at)
        self._refresh(now, different, open_ground, at)
        self._told = self._evidence >= self._settings.settle_ms / 1000 * np.where(
            self._told, np.float32(HYSTERESIS), np.float32(1)
        )
        sight = Sight(~vetoed, different, still, named)
        return self._blobs.look(self._told, self._since, now.luma, self._accepted.luma, sight, at)

    def _boxes(self, found: Iterable[Detection], small: Image) -> Mask:
        return pixels.boxes(found, self._settings.veto_margin, small.shape[0])

    def _step(self, at: Ns) -> float:
        """Seconds since the last picture, 0 when they say nothing."""
        last, self._last = self._last, at
        if last is None or at <= last:
            return 0.0
        if at - last > LONGEST_GAP:
            self._fast = None
            return 0.0
        return (at - last) / S

    def _normalised(self, small: Image, usable: Mask) -> Planes:
        """The picture under the reference's light; what is known to stand there is not asked for it."""
        usable[self._part] &= ~self._told
        light = planes.light(planes.coarse(small), self._coarse, usable)
        return light.taken_out(self._smooth(small))

    def _different(self, now: Planes, usable: Mask, named: Mask) -> Mask:
        """Where it is not the ground, and not the ground under other light.

        Two thresholds: a thing is begun by what differs clearly and reaches as far as anything differs.
        """
        slow, settings = self._slow, self._settings
        cv2 = opencv()
        luma, red, blue = (_beyond(new, *was) for new, was in zip(now.all, self._around_slow, strict=True))
        clear: Mask = (luma > settings.different) | (cv2.max(red, blue) > settings.different_colour)
        clear &= usable
        if not clear.any():
            return clear
        hue = cv2.max(cv2.absdiff(now.red, slow.red), cv2.absdiff(now.blue, slow.blue))
        some = cv2.absdiff(now.luma, slow.luma) > REACH * settings.different
        some |= hue > REACH * settings.different_colour
        some &= usable
        # What is clear reaches no further than this; the rest is not looked at again.
        part = _around(_reach(clear, some), EDGE + WINDOW)
        lit = only_light(now.luma[part], self._surface.part(*part), hue[part], named[part])
        # The edge of a shadow is like nothing in the reference; but beside it, on both sides, is the ground.
        beside = cv2.dilate(lit.astype(np.uint8), np.ones((EDGE, EDGE), np.uint8)) > 0
        different: Mask = np.zeros_like(clear)
        different[part] = _reach(clear[part] & ~beside, some[part] & ~lit)
        return different

    def _still(self, luma: Floats, step: float) -> Mask:
        """Where it is as it was in the last seconds; the fast background then takes the picture in."""
        if self._fast is None:
            self._fast = luma.copy()
            return np.zeros(luma.shape, bool)
        moved = luma - self._fast
        share = np.float32(1 - np.exp(-step * 1000 / self._settings.fast_ms))
        self._fast += share * moved
        same: Mask = np.abs(moved) <= self._settings.same
        return same

    def _count(self, still: Mask, open_ground: Mask, step: float, at: Ns) -> None:
        held = still | (self._since > 0)
        if not held.any():
            return
        part = _around(held, 0)
        evidence, since, free = self._evidence[part], self._since[part], open_ground[part]
        began, grow = since > 0, still[part] & free
        # Time lies between two pictures of a thing: its first one adds none.
        change = np.where(grow, np.where(began, step, 0), np.where(free, -2 * step, 0))
        evidence += change.astype(np.float32)
        np.clip(evidence, 0, FULL * self._settings.settle_ms / 1000, out=evidence)
        since[~grow & (evidence <= 0)] = 0
        since[grow & ~began] = at

    def _refresh(self, now: Planes, different: Mask, open_ground: Mask, at: Ns) -> None:
        """Follow the light where nothing stands, within `drift` of what was accepted."""
        if self._refreshed is None or at < self._refreshed:
            self._refreshed = at
        if at - self._refreshed < REFRESH:
            return
        elapsed = min(at - self._refreshed, LONGEST_GAP) / S
        self._refreshed = at
        size = 2 * NEAR + 1
        held = (different | (self._evidence > 0)).astype(np.uint8)
        ground = open_ground & (opencv().dilate(held, np.ones((size, size), np.uint8)) == 0)
        share = ground * np.float32(1 - np.exp(-elapsed / self._settings.slow_s))
        drift = self._settings.drift
        for slow, new, accepted in zip(self._slow.all, now.all, self._accepted.all, strict=True):
            slow += share * (new - slow)
            np.clip(slow, accepted - drift, accepted + drift, out=slow)
        self._measure_slow()

    def _measure_slow(self) -> None:
        """What is asked of the slow background at every picture, and changes when it does."""
        self._around_slow = _reaches(self._slow)
        self._surface = Surface.of(self._slow.luma)


def _around(mask: Mask, margin: int) -> tuple[slice, slice]:
    """Rows and columns of what is set and so many px around it; everything where nothing is."""
    tall, wide = mask.shape
    if not mask.any():
        return slice(0, tall), slice(0, wide)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        slice(max(0, int(rows[0]) - margin), min(tall, int(rows[-1]) + 1 + margin)),
        slice(max(0, int(columns[0]) - margin), min(wide, int(columns[-1]) + 1 + margin)),
    )


def _reach(seeds: Mask, around: Mask) -> Mask:
    """The connected parts of `around` in which there is a seed."""
    if not seeds.any():
        return seeds
    count, labels = opencv().connectedComponents((around | seeds).astype(np.uint8), connectivity=8)
    kept = np.zeros(count, bool)
    kept[labels[seeds]] = True
    kept[0] = False
    reached: Mask = kept[labels]
    return reached


def _reaches(planes: Planes) -> tuple[tuple[Floats, Floats], ...]:
    """Of each plane the least and the most within one pixel."""
    cv2 = opencv()
    three = np.ones((3, 3), np.uint8)
    return tuple((cv2.erode(plane, three), cv2.dilate(plane, three)) for plane in planes.all)


def _beyond(now: Floats, least: Floats, most: Floats) -> Floats:
    """How far a value lies outside what the reference has within one pixel: a shake is no change."""
    cv2 = opencv()
    out: Floats = cv2.absdiff(now, cv2.min(cv2.max(now, least), most))
    return out
