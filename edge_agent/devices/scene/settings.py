"""What a human chose about looking at a street: where text is burnt in, what is vetoed, how patient it is."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from edge_agent.core.settings import Settings

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Polygon = Annotated[tuple[tuple[Share, Share], ...], Field(min_length=3, max_length=32)]
Label = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class LayerSettings(Settings):
    """The stationary-object layer. Lengths are pixels of a picture 480 wide, levels are grey levels."""

    different: Annotated[int, Field(ge=5, le=100)] = 25
    """Further from the reference than this, brightness: something is there."""
    different_colour: Annotated[int, Field(ge=5, le=100)] = 14
    """Or its colour (Cr, Cb) is."""
    same: Annotated[int, Field(ge=2, le=100)] = 18
    """Nearer to the last seconds' mean than this: it does not move."""
    fast_ms: Annotated[int, Field(ge=200, le=60_000)] = 1_500
    """Time constant of the last seconds' mean."""
    slow_s: Annotated[int, Field(ge=10, le=86_400)] = 300
    """Time constant with which the reference follows the light, where nothing stands."""
    drift: Annotated[int, Field(ge=0, le=60)] = 12
    """It never goes further than this from what was accepted."""
    settle_ms: Annotated[int, Field(ge=200, le=600_000)] = 5_000
    """Different and still for so long: an object."""
    min_area_px: Annotated[int, Field(ge=10, le=20_000)] = 120
    """Smaller ones are noise."""
    veto: tuple[Label, ...] = ("person", "two_wheeler", "motor_vehicle")
    """Where one of these is, nothing stands still."""
    veto_margin: Annotated[int, Field(ge=0, le=1000)] = 120
    """Permille of its size by which a box is widened."""
    veto_memory_ms: Annotated[int, Field(ge=0, le=60_000)] = 2_000
    """It counts for so long after it was seen last: detectors blink."""
    global_share: Annotated[int, Field(ge=50, le=1000)] = 400
    """Permille of the picture; when more than this differs at once, it is the light or the view."""
    max_objects: Annotated[int, Field(ge=1, le=200)] = 50
    """The largest so many are told."""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.drift >= self.different:
            raise ValueError(f"drift {self.drift} must stay below different {self.different}")
        return self


class BankSettings(Settings):
    """How one reference is chosen among several."""

    margin: Annotated[int, Field(ge=0, le=500)] = 20
    """Permille of likeness by which another must be better,"""
    patience_s: Annotated[int, Field(ge=0, le=3_600)] = 20
    """for so long; twice as much, half as long."""


class SceneSettings(Settings):
    """How one street camera's pictures are looked at."""

    masks: Annotated[tuple[Polygon, ...], Field(max_length=32)] = ()
    """Clock, counters, logos burnt into the picture: nothing is compared there."""
    shift_limit_px: Annotated[int, Field(ge=1, le=100)] = 24
    """A larger shift is not taken out."""
    layer: LayerSettings = LayerSettings()
    bank: BankSettings = BankSettings()
