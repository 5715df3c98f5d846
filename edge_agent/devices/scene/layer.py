"""The stationary-object layer: what stands on the ground that the accepted reference does not have.

Two backgrounds, one slow and one fast. A pixel that differs from the slow one (the accepted picture,
following the light within bounds and only where nothing stands) and equals the fast one (the mean of the
last seconds) shows something that stands still:

    different from slow   equal to fast    it is
    no                    -                the ground
    yes                   no               something that moves
    yes                   yes              evidence: + dt; else - 2 dt

Time is event time; pictures may come as irregularly as they like. Where a person or a vehicle is, or was
a moment ago, evidence neither grows nor fades. Memory and time are bounded by the working size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge_agent.core.records import Detection
from edge_agent.core.scene import StillObject
from edge_agent.core.units import MS, Ns, S
from edge_agent.devices.scene import pixels
from edge_agent.devices.scene.light import exposure, only_light
from edge_agent.devices.scene.objects import Blobs, Sight
from edge_agent.devices.scene.pixels import Floats, Image, Mask, opencv
from edge_agent.devices.scene.settings import LayerSettings

# Pictures further apart than this say nothing of the time between them.
LONGEST_GAP = 15 * S
# Evidence is kept up to so many times what makes an object: bounds how long a thing taken away lingers.
FULL = 2.0
# A thing once told is told until its evidence is this share of what made it.
HYSTERESIS = 0.5
# What differs by this share of the threshold belongs to a thing that begins beside it.
REACH = 0.45
NEAR = 5  # px around what stands, kept out of the refresh of the slow background: its soft edge


@dataclass(frozen=True, slots=True, eq=False)
class Planes:
    """A picture of working size, blurred: brightness and the two colours, float32, (h, WIDTH) each."""

    luma: Floats
    red: Floats
    blue: Floats

    @classmethod
    def of(cls, small: Image) -> Planes:
        """Split a BGR picture."""
        cv2 = opencv()
        blurred = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_BGR2YCrCb), (5, 5), 0)
        luma, red, blue = cv2.split(blurred.astype(np.float32))
        return cls(luma, red, blue)


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
        self._zones = zones
        self._ignored = ignored
        shape = reference.shape[:2]
        self._evidence = np.zeros(shape, np.float32)  # seconds
        self._since = np.zeros(shape, np.int64)  # when evidence began; 0: there is none
        self._told = np.zeros(shape, bool)
        self._vetoed_at = np.full(shape, -(10**18), np.int64)
        self._fast: Planes | None = None
        self._last: Ns | None = None
        self._blobs = Blobs(settings, zones)
        self.changes_of_light = 0
        self.use(reference)

    def use(self, reference: Image) -> None:
        """Compare with another accepted picture from now on; what stands is remembered."""
        self._accepted = Planes.of(reference)
        self._slow = Planes(*(p.copy() for p in self._parts(self._accepted)))
        self._fast = None

    @staticmethod
    def _parts(planes: Planes) -> tuple[Floats, Floats, Floats]:
        return planes.luma, planes.red, planes.blue

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
        people = [d for d in found if d.label in self._settings.veto]
        hidden = pixels.boxes(people, self._settings.veto_margin, small.shape[0])
        self._vetoed_at[hidden] = at
        vetoed = at - self._vetoed_at <= self._settings.veto_memory_ms * MS
        usable = inside & ~self._ignored
        now = self._normalised(Planes.of(small), usable & ~hidden & ~self._told)
        different = self._different(now) & usable
        open_ground = usable & ~vetoed
        if different[open_ground].sum() * 1000 > self._settings.global_share * max(1, open_ground.sum()):
            self.changes_of_light += 1  # the light or the view, not things: neither grows nor fades
            self._fast = now
            return None
        still = different & self._still(now, step)
        self._count(still, open_ground, step, at)
        self._refresh(now, different, open_ground, step)
        self._told = self._evidence >= self._settings.settle_ms / 1000 * np.where(
            self._told, np.float32(HYSTERESIS), np.float32(1)
        )
        return self._blobs.look(
            self._told, self._since, now.luma, self._accepted.luma, Sight(~vetoed, different), at
        )

    def _step(self, at: Ns) -> float:
        """Seconds since the last picture, 0 when they say nothing."""
        last, self._last = self._last, at
        if last is None or at <= last or at - last > LONGEST_GAP:
            if last is not None and at - last > LONGEST_GAP:
                self._fast = None
            return 0.0
        return (at - last) / S

    def _normalised(self, now: Planes, usable: Mask) -> Planes:
        """The picture under the reference's exposure and white balance."""
        gain, offset = exposure(now.luma, self._slow.luma, usable)
        luma = np.clip((now.luma - offset) / gain, 0, 255).astype(np.float32)
        parts = []
        for part, was in ((now.red, self._slow.red), (now.blue, self._slow.blue)):
            centred = (part - 128) / gain
            some = centred[::4, ::4][usable[::4, ::4]] - (was[::4, ::4][usable[::4, ::4]] - 128)
            cast = float(np.median(some)) if some.size else 0.0
            parts.append((centred + 128 - cast).astype(np.float32))
        return Planes(luma, parts[0], parts[1])

    def _different(self, now: Planes) -> Mask:
        """Where it is not the ground, and not the ground under other light.

        Two thresholds: a thing is begun by what differs clearly and reaches as far as anything differs.
        """
        slow, settings = self._slow, self._settings
        hue = np.maximum(np.abs(now.red - slow.red), np.abs(now.blue - slow.blue))
        surface = ~only_light(now.luma, slow.luma, hue)
        beyond = np.maximum(_beyond(now.red, slow.red), _beyond(now.blue, slow.blue))
        clear = (_beyond(now.luma, slow.luma) > settings.different) | (beyond > settings.different_colour)
        any_ = (np.abs(now.luma - slow.luma) > REACH * settings.different) | (
            hue > REACH * settings.different_colour
        )
        return _reach(clear & surface, any_ & surface)

    def _still(self, now: Planes, step: float) -> Mask:
        """Where it is as it was in the last seconds; the fast background then takes the picture in."""
        if self._fast is None:
            self._fast = now
            return np.zeros(now.luma.shape, bool)
        same: Mask = np.abs(now.luma - self._fast.luma) <= self._settings.same
        share = np.float32(1 - np.exp(-step * 1000 / self._settings.fast_ms))
        self._fast.luma[...] += share * (now.luma - self._fast.luma)
        return same

    def _count(self, still: Mask, open_ground: Mask, step: float, at: Ns) -> None:
        grow, fade = still & open_ground, ~still & open_ground
        evidence = self._evidence
        evidence[grow & (self._since > 0)] += step  # time lies between two pictures of it
        evidence[fade] -= 2 * step
        np.clip(evidence, 0, FULL * self._settings.settle_ms / 1000, out=evidence)
        self._since[grow & (self._since == 0)] = at
        self._since[~grow & (evidence <= 0)] = 0

    def _refresh(self, now: Planes, different: Mask, open_ground: Mask, step: float) -> None:
        """Follow the light where nothing stands, within `drift` of what was accepted."""
        cv2 = opencv()
        size = 2 * NEAR + 1
        held = cv2.dilate(
            (different | (self._evidence > 0)).astype(np.uint8), np.ones((size, size), np.uint8)
        )
        ground = (open_ground & (held == 0)).astype(np.float32)
        share = ground * np.float32(1 - np.exp(-step / self._settings.slow_s))
        drift = self._settings.drift
        parts = (self._parts(self._slow), self._parts(now), self._parts(self._accepted))
        for slow, new, accepted in zip(*parts, strict=True):
            slow += share * (new - slow)
            np.clip(slow, accepted - drift, accepted + drift, out=slow)


def _reach(seeds: Mask, around: Mask) -> Mask:
    """The connected parts of `around` in which there is a seed."""
    cv2 = opencv()
    if not seeds.any():
        return seeds
    count, labels = cv2.connectedComponents((around | seeds).astype(np.uint8), connectivity=8)
    kept = np.zeros(count, bool)
    kept[labels[seeds]] = True
    kept[0] = False
    reached: Mask = kept[labels]
    return reached


def _beyond(now: Floats, was: Floats) -> Floats:
    """How far a value lies outside what the reference has within one pixel: a shake is no change."""
    cv2 = opencv()
    three = np.ones((3, 3), np.uint8)
    out: Floats = np.maximum(now - cv2.dilate(was, three), cv2.erode(was, three) - now)
    return out
