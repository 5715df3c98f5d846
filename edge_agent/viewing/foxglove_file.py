"""Things to show as an MCAP file in Foxglove's standard schemas (protobuf), what is plotted in JSON.

    /cameras/<name>/video              foxglove.CompressedVideo
    /cameras/<name>/<screen>/picture   foxglove.CompressedImage
    /cameras/<name>/<screen>/<layer>   foxglove.ImageAnnotations: detections, still, areas
    /log                               foxglove.Log
    /lanes/<lane>/load/<sensor>        {tonnes}
    /lanes/<lane>/crossing ...         {gross_t, interval_t, speed_kmh, axles} and other numbers
    /zones/<zone>/state ...            {state}

Log time is UTC where the clock was known, else the box's monotonic clock. A bar of states ends at its last
message there, so what still holds at the end is told again at the end. Source of the schemas:
https://docs.foxglove.dev/docs/sdk/schemas
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_agent.core.units import S
from edge_agent.viewing import colours
from edge_agent.viewing.inventory import Inventory
from edge_agent.viewing.things import (
    Area,
    Areas,
    Box,
    Boxes,
    Image,
    Line,
    Load,
    Numbers,
    Place,
    Shown,
    State,
    Video,
)

if TYPE_CHECKING:
    from foxglove import Channel, Context
    from foxglove import messages as fox

LOG_TOPIC = "/log"
LOAD_SCHEMA = {
    "title": "edge_agent.Load",
    "type": "object",
    "properties": {"tonnes": {"type": "number", "description": "load on the sensor above the tracked zero"}},
}
STATE_SCHEMA = {"title": "edge_agent.State", "type": "object", "properties": {"state": {"type": "string"}}}
# Values that may be unknown, by the last part of their place: their fields are in the schema all the same.
MAYBE_UNKNOWN = {"crossing": ("gross_t", "interval_t", "speed_kmh"), "offset": ("error_ms",)}
# The application draws lines and words as a part of the picture, in its pixels: what can be read in a panel
# of a third of a window is a share of the picture's width.
FONT_SHARE, LINE_SHARE = 1 / 60, 1 / 480


def write(things: Iterable[Shown], out: Path) -> Inventory:
    """Write everything to `out`, an .mcap file that does not exist yet."""
    import foxglove  # noqa: PLC0415 - only who looks has it

    context = foxglove.Context()
    inventory = Inventory()
    with foxglove.open_mcap(out, context=context):
        writer = _Writer(context)
        for shown in things:
            inventory.note(shown)
            writer.show(shown)
        writer.close()
    return inventory


def topic(*place: str) -> str:
    """Where a thing is filed."""
    return "/" + "/".join(part.replace("/", "_") for part in place)


class _Writer:
    """Each kind of thing in its schema, a channel a topic."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._channels: dict[str, Any] = {}
        self._states: dict[Place, tuple[int, str]] = {}  # since when, which
        self._end = 0

    def show(self, shown: Shown) -> None:
        thing, offset = shown.thing, shown.utc_minus_mono or 0
        if isinstance(thing, Load):
            self._end = max(self._end, int(thing.at[-1]) + offset)
            channel = self._json(topic(*thing.path), LOAD_SCHEMA)
            for at, tonnes in zip((thing.at + offset).tolist(), thing.tonnes.tolist(), strict=True):
                channel.log({"tonnes": tonnes}, log_time=at)
            return
        at = thing.at + offset
        self._end = max(self._end, at)
        match thing:
            case Numbers():
                self._json(topic(*thing.path), _numbers_schema(thing)).log(dict(thing.values), log_time=at)
            case State():
                self._states[thing.path] = (at, thing.state)
                self._state(thing.path, thing.state, at)
            case Line():
                self._standard(LOG_TOPIC, "Log").log(_log(thing, at), log_time=at)
            case Video():
                self._standard(topic(*thing.screen), "CompressedVideo").log(_video(thing, at), log_time=at)
            case Image():
                channel = self._standard(topic(*thing.screen, "picture"), "CompressedImage")
                channel.log(_image(thing, at), log_time=at)
            case Boxes():
                channel = self._standard(topic(*thing.screen, thing.layer), "ImageAnnotations")
                channel.log(_boxes(thing, at), log_time=at)
            case Areas():
                channel = self._standard(topic(*thing.screen, "areas"), "ImageAnnotations")
                channel.log(_areas(thing, at), log_time=at)

    def close(self) -> None:
        """What still holds, told again at the end."""
        for path, (since, state) in self._states.items():
            if state and since < self._end:
                self._state(path, state, self._end)

    def _state(self, path: Place, state: str, at: int) -> None:
        self._json(topic(*path), STATE_SCHEMA).log({"state": state}, log_time=at)

    def _json(self, name: str, schema: dict[str, Any]) -> Channel:
        import foxglove  # noqa: PLC0415 - only who looks has it

        if name not in self._channels:
            self._channels[name] = foxglove.Channel(name, schema=schema, context=self._context)
        found: Channel = self._channels[name]
        return found

    def _standard(self, name: str, kind: str) -> Any:
        from foxglove import channels  # noqa: PLC0415 - only who looks has it

        if name not in self._channels:
            self._channels[name] = getattr(channels, f"{kind}Channel")(name, context=self._context)
        return self._channels[name]


def _numbers_schema(numbers: Numbers) -> dict[str, Any]:
    """What is plotted of one place; a value that is not known is left out of its message."""
    names = {**numbers.values, **dict.fromkeys(MAYBE_UNKNOWN.get(numbers.path[-1], ()))}
    properties = {name: {"type": "number"} for name in names}
    return {"title": f"edge_agent.{numbers.path[-1]}", "type": "object", "properties": properties}


def _stamp(at: int) -> fox.Timestamp:
    from foxglove.messages import Timestamp  # noqa: PLC0415 - only who looks has it

    return Timestamp(at // S, at % S)


def _log(line: Line, at: int) -> fox.Log:
    from foxglove.messages import Log, LogLevel  # noqa: PLC0415 - only who looks has it

    level = {"info": LogLevel.Info, "warning": LogLevel.Warning, "error": LogLevel.Error}[line.level]
    return Log(timestamp=_stamp(at), level=level, message=line.text, name=line.source)


def _video(video: Video, at: int) -> fox.CompressedVideo:
    from foxglove.messages import CompressedVideo  # noqa: PLC0415 - only who looks has it

    return CompressedVideo(
        timestamp=_stamp(at), frame_id=video.screen[1], data=video.data, format=video.format
    )


def _image(image: Image, at: int) -> fox.CompressedImage:
    from foxglove.messages import CompressedImage  # noqa: PLC0415 - only who looks has it

    form = image.media_type.removeprefix("image/")
    return CompressedImage(timestamp=_stamp(at), frame_id=image.screen[1], data=image.data, format=form)


def _boxes(boxes: Boxes, at: int) -> fox.ImageAnnotations:
    from foxglove.messages import ImageAnnotations  # noqa: PLC0415 - only who looks has it

    return ImageAnnotations(
        timestamp=_stamp(at),
        points=[_rectangle(box, boxes.width, at) for box in boxes.boxes],
        texts=[
            _text(box.label, (box.x_min, box.y_min), _box_colour(box), boxes.width, at) for box in boxes.boxes
        ],
    )


def _areas(areas: Areas, at: int) -> fox.ImageAnnotations:
    from foxglove.messages import ImageAnnotations  # noqa: PLC0415 - only who looks has it

    named = [area for area in areas.areas if area.closed]
    return ImageAnnotations(
        timestamp=_stamp(at),
        points=[_outline(area, areas.width, at) for area in areas.areas],
        texts=[_text(area.name, area.points[0], _area_colour(area), areas.width, at) for area in named],
    )


def _rectangle(box: Box, width: int, at: int) -> fox.PointsAnnotation:
    corners = ((box.x_min, box.y_min), (box.x_max, box.y_min), (box.x_max, box.y_max), (box.x_min, box.y_max))
    return _points(corners, _box_colour(box), width, closed=True, at=at)


def _outline(area: Area, width: int, at: int) -> fox.PointsAnnotation:
    return _points(area.points, _area_colour(area), width, closed=area.closed, at=at)


def _points(
    corners: Iterable[tuple[float, float]], colour: colours.RGB, width: int, *, closed: bool, at: int
) -> fox.PointsAnnotation:
    from foxglove.messages import (  # noqa: PLC0415 - only who looks has it
        Point2,
        PointsAnnotation,
        PointsAnnotationType,
    )

    return PointsAnnotation(
        timestamp=_stamp(at),
        type=PointsAnnotationType.LineLoop if closed else PointsAnnotationType.LineStrip,
        points=[Point2(x=x, y=y) for x, y in corners],
        outline_color=_colour(colour),
        thickness=width * LINE_SHARE,
    )


def _text(
    text: str, place: tuple[float, float], colour: colours.RGB, width: int, at: int
) -> fox.TextAnnotation:
    from foxglove.messages import Color, Point2, TextAnnotation  # noqa: PLC0415 - only who looks has it

    return TextAnnotation(
        timestamp=_stamp(at),
        position=Point2(x=place[0], y=place[1]),
        text=text,
        font_size=width * FONT_SHARE,
        text_color=_colour(colour),
        background_color=Color(r=0, g=0, b=0, a=0.6),
    )


def _colour(colour: colours.RGB) -> fox.Color:
    from foxglove.messages import Color  # noqa: PLC0415 - only who looks has it

    red, green, blue = (part / 255 for part in colour)
    return Color(r=red, g=green, b=blue, a=1)


def _box_colour(box: Box) -> colours.RGB:
    return colours.BOXES.get(box.kind, colours.OTHER)


def _area_colour(area: Area) -> colours.RGB:
    return colours.AREAS.get(area.kind, colours.OTHER)
