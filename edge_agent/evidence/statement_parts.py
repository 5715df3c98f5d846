"""What every part of a statement is made of: bounded integers, texts, digests, a detector's boxes."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# 2**53 - 1: beyond it JavaScript and every other reader that uses doubles rounds silently.
MAX_SAFE = 2**53 - 1

Int = Annotated[int, Field(strict=True, ge=-MAX_SAFE, le=MAX_SAFE)]
Count = Annotated[int, Field(strict=True, ge=0, le=MAX_SAFE)]
Permille = Annotated[int, Field(strict=True, ge=0, le=1000)]
Ppm = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Bool = Annotated[bool, Field(strict=True)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Epoch = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
PacketId = Annotated[
    str, Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
]
Text = Annotated[str, Field(max_length=1000)]


class Model(BaseModel):
    """Base of every part: no unknown fields, no conversions, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Wording(Model):
    """The same sentence for both readers."""

    en: Text
    zh: Text


class Box(Model):
    """One box of the detector, normalised to the picture: 0 to 1000, origin top-left."""

    label: Text
    role: Text
    score_permille: Permille
    x_min: Permille
    y_min: Permille
    x_max: Permille
    y_max: Permille
    in_lane: Bool
