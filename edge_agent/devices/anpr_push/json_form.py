"""The documented JSON form of a push (docs/protocols/anpr-json.md), read strictly.

No unknown field, no duplicate key, no float, no NaN, no deep nesting: what a camera's integrator
got wrong is said at once and not guessed at.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_agent.core.foreign_json import first_fault, nests_deeper, no_key_twice
from edge_agent.core.units import Permille
from edge_agent.devices.anpr_push.jpeg import jpeg_picture
from edge_agent.devices.anpr_push.push import Push, PushedPicture, Refused, plate_text, utc_ns
from edge_agent.devices.anpr_push.settings import AnprCameraSettings

MAX_DEPTH = 6

Score = Annotated[int, Field(ge=0, le=1000)]
PlateText = Annotated[str, Field(max_length=32)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Alternative(_Strict):
    """Another string that the plate may be."""

    plate: PlateText
    confidence_permille: Score


class JsonPicture(_Strict):
    """A JPEG in base64, standard alphabet with padding."""

    role: Literal["plate", "front", "side"]
    media_type: Literal["image/jpeg"]
    data_base64: str


class JsonPush(_Strict):
    """One plate read."""

    schema_: Literal["anpr.v1"] = Field(alias="schema")
    plate: PlateText
    """As read; empty when a vehicle was seen and no plate was readable."""
    confidence_permille: Score
    captured: Annotated[str, Field(max_length=40)] | None = None
    """RFC 3339; without a zone it is the camera's local time; absent: when it arrived."""
    event_id: Annotated[str, Field(max_length=64)] = ""
    """The camera's own id of the event: the same id again is the same read."""
    lane: Annotated[str, Field(max_length=16)] = ""
    """The camera's own lane number."""
    direction: Literal["", "approaching", "leaving"] = ""
    colour: Literal["", "blue", "yellow", "green", "yellow_green", "white", "black"] = ""
    vehicle: Literal["", "car", "van", "bus", "truck", "motorcycle"] = ""
    alternatives: Annotated[list[Alternative], Field(max_length=10)] = []
    pictures: Annotated[list[JsonPicture], Field(max_length=8)] = []


def parse_json(body: bytes, camera: AnprCameraSettings) -> Push:
    """The read in a push.

    Raises:
        Refused: with the field and the reason.
    """
    try:
        push = JsonPush.model_validate(_load(body))
    except ValidationError as error:
        where, what = first_fault(error)
        raise Refused(422, "bad_field", f"{where}: {what}") from error
    return Push(
        text=plate_text(push.plate),
        confidence=Permille(push.confidence_permille),
        captured_utc=utc_ns(push.captured, camera.utc_offset_minutes, "captured") if push.captured else None,
        camera_lane=push.lane,
        direction=push.direction,
        colour=push.colour,
        vehicle=push.vehicle,
        event_id=push.event_id,
        alternatives=tuple((plate_text(a.plate), Permille(a.confidence_permille)) for a in push.alternatives),
        pictures=tuple(_picture(p, f"pictures.{i}") for i, p in enumerate(push.pictures)),
    )


def _picture(picture: JsonPicture, where: str) -> PushedPicture:
    try:
        data = base64.b64decode(picture.data_base64, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused(422, "bad_field", f"{where}.data_base64: {error}") from error
    return jpeg_picture(picture.role, data, where)


def _load(body: bytes) -> Any:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(400, "bad_json", f"JSON: not UTF-8 at byte {error.start}") from error
    if nests_deeper(text, MAX_DEPTH):
        raise Refused(400, "bad_json", f"JSON: nested deeper than {MAX_DEPTH}")
    try:
        return json.loads(
            text, object_pairs_hook=no_key_twice, parse_float=_no_float, parse_constant=_no_float
        )
    except (ValueError, RecursionError) as error:
        raise Refused(400, "bad_json", f"JSON: {error}") from error


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"only integers are numbers here, got {text[:20]}")
