"""What a human chose about reading plates on the box."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from edge_agent.core.settings import Settings


class PlateReaderSettings(Settings):
    """The networks that read plates. By default PP-OCRv4's, out of the package of the extra `plates`."""

    plate_model: str = ""
    """A YOLO that finds plates, exported by Ultralytics as ONNX, asked before all others; empty: none."""
    plate_sha256: str = ""
    """Its digest; needed where `plate_model` is given."""
    plate_score: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.25
    """Plates that it is less sure of are not looked at."""
    text_model: str = ""
    """A text detector of the DB family as ONNX; empty: PP-OCRv4's."""
    text_sha256: str = ""
    """Its digest; needed where `text_model` is given."""
    text_side: Annotated[int, Field(ge=320, le=2_048)] = 736
    """Pictures are made no larger than this for it, px. Smaller loses small plates, larger takes longer."""
    first_side: Annotated[int, Field(ge=0, le=2_048)] = 480
    """Before that they are looked at this small: half the time, and enough for most; 0: they are not."""
    by_colour: bool = True
    """Where no text says a plate for sure, areas of a plate's colour and shape are read as well."""
    line_model: str = ""
    """A recogniser of the CTC family as ONNX with its characters in the metadata; empty: PP-OCRv4's."""
    line_sha256: str = ""
    """Its digest; needed where `line_model` is given."""
    calibration: str = ""
    """YAML that says what the recogniser's likelihoods are worth; empty: the one measured for PP-OCRv4's."""
    threads: Annotated[int, Field(ge=1, le=64)] = 1
    """Cores that one picture may use."""
    least_permille: Annotated[int, Field(ge=0, le=1_000)] = 100
    """A picture whose likeliest plate is less sure than this says nothing: any scratch spells some plate."""
    look_every_ms: Annotated[int, Field(ge=20, le=1_000)] = 80
    """How often, within the window of an overweight vehicle, vehicles are looked for in the video."""
    pictures: Annotated[int, Field(ge=2, le=16)] = 5
    """In so many pictures of the vehicle its plate is read, at most ..."""
    enough: Annotated[int, Field(ge=2, le=16)] = 2
    """... and no more once so many say the same and are sure of it."""
    budget_ms: Annotated[int, Field(ge=100, le=30_000)] = 2_500
    """After so long no more pictures than are enough are begun."""

    @model_validator(mode="after")
    def _enough_can_be_read(self) -> Self:
        if self.enough > self.pictures:
            raise ValueError(f"enough ({self.enough}) is more than pictures ({self.pictures})")
        return self
