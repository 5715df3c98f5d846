"""One street camera's pictures: registered against the clear pavement, measured, looked at for things."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_agent.core.events import SceneSeen
from edge_agent.core.records import Detection
from edge_agent.core.scene import StillObject, View
from edge_agent.core.units import Ns
from edge_agent.devices.scene import pixels, view
from edge_agent.devices.scene.bank import Reference, ReferenceBank
from edge_agent.devices.scene.choice import Chooser
from edge_agent.devices.scene.crop import Crop, around
from edge_agent.devices.scene.layer import Layer
from edge_agent.devices.scene.pixels import WIDTH, Corners, Image, Mask
from edge_agent.devices.scene.settings import SceneSettings

SHOWS_GONE = (
    "the accepted picture shows something that is not there: a median with goods in it, or furniture that "
    "was taken away; accept a picture of the pavement as it is"
)
OTHER_LIGHT = "no accepted picture shows this light; accept one of the clear pavement under it"


@dataclass(frozen=True, slots=True, eq=False)
class _Accepted:
    """A reference made ready: at working size, with its masks."""

    reference: Reference
    data: bytes
    small: Image
    registration: view.Registration


class Scene:
    """Looks at one camera's pictures, in the order of their capture.

    Args:
        camera: its id.
        settings: masks, thresholds.
        zones: polygons, 0 to 1, in the reference's coordinates.
        bank: accepted pictures; None or an empty one: views are measured, nothing is compared.
    """

    def __init__(
        self, camera: str, settings: SceneSettings, zones: Sequence[Corners], bank: ReferenceBank | None
    ) -> None:
        self.camera = camera
        self.crop: Crop = around(zones)
        self._settings = settings
        self._zones = tuple(zones)
        self._accepted = self._ready(bank)
        self._chooser = self._make_chooser()
        self._used: _Accepted | None = None
        self._layer: Layer | None = None
        self._frozen = view.Frozen()
        self._fits = True

    def _ready(self, bank: ReferenceBank | None) -> tuple[_Accepted, ...]:
        """All of the bank at the working size of its first picture's shape."""
        out: list[_Accepted] = []
        height: int | None = None
        for reference in bank.active if bank else ():
            assert bank is not None
            small = pixels.shrink(bank.image(reference), height)
            height = small.shape[0]
            ignored = pixels.polygons(self._settings.masks, height)
            registration = view.Registration(view.features(small), ignored)
            out.append(_Accepted(reference, bank.data(reference), small, registration))
        return tuple(out)

    def _make_chooser(self) -> Chooser | None:
        if not self._accepted:
            return None
        zones = pixels.polygons(self._zones, self._accepted[0].small.shape[0])
        return Chooser(self._settings.bank, [a.small for a in self._accepted], zones)

    @property
    def reference(self) -> Reference | None:
        """The accepted picture that the last picture was compared with."""
        return self._used.reference if self._used else None

    @property
    def reference_picture(self) -> tuple[bytes, int, int] | None:
        """Its bytes as accepted, its width and height in px."""
        used = self._used or (self._accepted[0] if self._accepted else None)
        return (used.data, used.reference.width, used.reference.height) if used else None

    @property
    def trouble(self) -> str:
        """What was wrong with the reference at the last picture, for people; empty when it was of use."""
        if self._accepted and not self._fits:
            return OTHER_LIGHT
        return SHOWS_GONE if self._layer and self._layer.removed else ""

    def look(
        self,
        image: Image,
        captured_at: Ns,
        captured_sd: Ns,
        found: Sequence[Detection],
        model_sha256: str,
        at: Ns,
        *,
        things: bool = True,
    ) -> SceneSeen:
        """What one picture shows.

        Args:
            image: (h, w, 3) BGR, full size.
            captured_at: when it was taken.
            captured_sd: one standard deviation of that.
            found: the detector's boxes, permille of this picture.
            model_sha256: of the model that found them; empty when none ran.
            at: now.
            things: look for stationary objects; False where the detector failed, for nobody is vetoed then.
        """
        seen, boxes, still = self._compare(image, captured_at, tuple(found), things=things)
        return SceneSeen(at, self.camera, captured_at, captured_sd, boxes, still, seen, model_sha256)

    def _compare(
        self, image: Image, captured_at: Ns, found: tuple[Detection, ...], *, things: bool
    ) -> tuple[View, tuple[Detection, ...], tuple[StillObject, ...]]:
        frozen_ms = self._frozen.look(image, captured_at)
        height = self._accepted[0].small.shape[0] if self._accepted else None
        small = pixels.shrink(image, height)
        current = view.features(small)
        if self._chooser is None:
            return view.unregistered("", current.grey, frozen_ms), found, ()
        layer = self._settings.layer
        hidden = pixels.boxes((d for d in found if d.label in layer.veto), layer.veto_margin, small.shape[0])
        choice = self._chooser.choose(small, hidden, captured_at)
        self._fits = choice.fits
        used = self._use(self._accepted[choice.index])
        digest = used.reference.sha256
        shift = used.registration.shift(current, hidden)
        if shift is None:
            return view.unregistered(digest, current.grey, frozen_ms), found, ()
        if shift.length > self._settings.shift_limit_px:
            seen = view.measured(digest, current.grey, shift, 0, frozen_ms, taken_out=False)
            return seen, found, ()
        straight = pixels.translated(small, shift.dx, shift.dy)
        tall = small.shape[0]
        boxes = pixels.moved(found, -shift.dx * 1000 / WIDTH, -shift.dy * 1000 / tall)
        self._fits = choice.fits or self._chooser.fits(straight, hidden)
        still = self._things(straight, shift, boxes, captured_at) if things and self._fits else ()
        if not self._fits or still is None:  # another light, or nearly everything differs
            return view.unregistered(digest, current.grey, frozen_ms), boxes, ()
        sharpness = used.registration.sharpness(current, shift, hidden)
        return view.measured(digest, current.grey, shift, sharpness, frozen_ms, taken_out=True), boxes, still

    def _use(self, used: _Accepted) -> _Accepted:
        if used is not self._used:
            self._used = used
            if self._layer is None:
                tall = used.small.shape[0]
                zones = pixels.polygons(self._zones, tall)
                ignored = pixels.polygons(self._settings.masks, tall)
                self._layer = Layer(self._settings.layer, used.small, zones, ignored)
            else:
                self._layer.use(used.small)
        return used

    def _things(
        self, straight: Image, shift: view.Shift, boxes: Sequence[Detection], at: Ns
    ) -> tuple[StillObject, ...] | None:
        assert self._layer is not None
        inside: Mask = np.ones(straight.shape[:2], bool)
        _cut(inside, shift)
        return self._layer.look(straight, boxes, at, inside)


def _cut(inside: Any, shift: view.Shift) -> None:
    """The strip that came into the picture from outside has no content of its own."""
    tall, wide = inside.shape
    right, down = int(np.ceil(abs(shift.dx))), int(np.ceil(abs(shift.dy)))
    inside[:, wide - right :] &= shift.dx <= 0
    inside[:, :right] &= shift.dx >= 0
    inside[tall - down :] &= shift.dy <= 0
    inside[:down] &= shift.dy >= 0
