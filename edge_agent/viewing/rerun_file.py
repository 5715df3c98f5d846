"""Things to show as a Rerun recording (.rrd), its layout in it.

Two time lines: `utc`, where the clock was known, and `box`, the box's own monotonic clock since its boot.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC as UTC_ZONE
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edge_agent.errors import UsageError
from edge_agent.viewing import colours
from edge_agent.viewing.inventory import Inventory
from edge_agent.viewing.rerun_layout import blueprint, entity
from edge_agent.viewing.things import (
    Area,
    Areas,
    Boxes,
    Image,
    Line,
    Load,
    Numbers,
    Place,
    Shown,
    State,
    Thing,
    Video,
)
from edge_agent.viewing.words import LayoutWords
from edge_agent.web.words import ENGLISH

if TYPE_CHECKING:
    import rerun as rr

APPLICATION = "edge-agent"
UTC, BOX = "utc", "box"
LEVELS = {"info": "INFO", "warning": "WARN", "error": "ERROR"}
LOG_ROOT = "log"


def write(
    things: Iterable[Shown], name: str, out: Path, layout: Path | None, language: str = ENGLISH
) -> Inventory:
    """Write everything to `out`, and the layout alone to `layout` as well.

    Args:
        things: what there is to show.
        name: of the recording, for people.
        out: an .rrd file; written anew.
        layout: an .rbl file, or None.
        language: of panels and states, zh or en.

    Raises:
        UsageError: `out` cannot be written.
    """
    import rerun as rr  # noqa: PLC0415 - only who looks has it

    stream = rr.RecordingStream(APPLICATION, recording_id=name, send_properties=True)
    try:
        stream.save(out)
    except RuntimeError as error:  # what the library raises where a file cannot be made
        raise UsageError(str(error)) from None
    stream.set_log_tick_enabled(False)
    stream.set_log_time_enabled(False)
    stream.send_recording_name(name)
    writer, inventory = _Writer(stream, LayoutWords(language)), Inventory()
    for shown in things:
        inventory.note(shown)
        writer.show(shown)
    drawn = blueprint(inventory, language)
    stream.send_blueprint(drawn, make_active=True, make_default=True)
    stream.flush()
    stream.disconnect()
    if layout is not None:
        drawn.save(APPLICATION, str(layout))
    return inventory


class _Writer:
    """Each kind of thing as Rerun's own kind."""

    def __init__(self, stream: rr.RecordingStream, words: LayoutWords) -> None:
        self._stream = stream
        self._words = words
        self._dressed: set[str] = set()  # places whose looks have been said
        self._sensors: dict[str, int] = {}  # lane -> the number of its last sensor that was shown

    def show(self, shown: Shown) -> None:
        thing = shown.thing
        if isinstance(thing, Load):
            self._load(thing, shown.utc_minus_mono)
            return
        self._time(thing.at, shown.utc_minus_mono)
        self._log(thing, shown.utc_minus_mono)

    def _log(self, thing: Thing, offset: int | None) -> None:
        import rerun as rr  # noqa: PLC0415 - only who looks has it

        match thing:
            case Numbers():
                for name, value in thing.values.items():
                    self._number(thing.path, name, value)
            case State():
                place = entity(*thing.path)
                self._state_looks(place)
                self._stream.log(place, rr.StateChange(state=thing.state))
            case Line():
                self._stream.log(
                    entity(LOG_ROOT, *thing.source.split("/")),
                    rr.TextLog(
                        f"{_clock(thing.at, offset)}  {thing.source}  {thing.text}", level=LEVELS[thing.level]
                    ),
                )
            case Video():
                self._video(thing)
            case Image():
                picture = rr.EncodedImage(contents=thing.data, media_type=thing.media_type, draw_order=-20)
                self._stream.log(entity(*thing.screen, "picture"), picture)
            case Boxes():
                self._boxes(thing)
            case Areas():
                self._areas(thing)

    def _time(self, at: int, offset: int | None) -> None:
        self._stream.set_time(BOX, duration=np.timedelta64(at, "ns"))
        if offset is None:
            self._stream.disable_timeline(UTC)
        else:
            self._stream.set_time(UTC, timestamp=np.datetime64(at + offset, "ns"))

    def _load(self, load: Load, offset: int | None) -> None:
        import rerun as rr  # noqa: PLC0415 - only who looks has it

        place = entity(*load.path)
        if place not in self._dressed:
            self._dressed.add(place)
            number = self._sensors[load.path[1]] = self._sensors.get(load.path[1], -1) + 1
            colour = colours.SERIES[number % len(colours.SERIES)]
            # Zoomed out, an average would draw each axle lower than it is.
            looks = rr.SeriesLines(
                names=f"{load.path[-1]} t", colors=colour, widths=1.2, aggregation_policy="MinMax"
            )
            self._stream.log(place, looks, static=True)
        times = [rr.TimeColumn(BOX, duration=load.at.astype("timedelta64[ns]"))]
        if offset is not None:
            times.append(rr.TimeColumn(UTC, timestamp=(load.at + offset).astype("datetime64[ns]")))
        self._stream.send_columns(place, times, rr.Scalars.columns(scalars=load.tonnes))

    def _number(self, path: Place, name: str, value: float) -> None:
        import rerun as rr  # noqa: PLC0415 - only who looks has it

        place = entity(*path, name)
        if place not in self._dressed:
            self._dressed.add(place)
            self._stream.log(place, _looks(path, name), static=True)
        self._stream.log(place, rr.Scalars(value))

    def _state_looks(self, place: str) -> None:
        import rerun as rr  # noqa: PLC0415 - only who looks has it

        if place not in self._dressed:
            self._dressed.add(place)
            looks = rr.StateConfiguration(
                values=["", *colours.STATES],
                labels=["", *map(self._words.state, colours.STATES)],
                colors=[(*colour, 255) for colour in (colours.OTHER, *colours.STATES.values())],
                visible=[False, *(True for _ in colours.STATES)],  # none: a gap is drawn
            )
            self._stream.log(place, looks, static=True)

    def _video(self, video: Video) -> None:
        import rerun as rr  # noqa: PLC0415 - only who looks has it

        place = entity(*video.screen)
        if f"{place} {video.format}" not in self._dressed:
            self._dressed.add(f"{place} {video.format}")
            codec = {"h264": rr.VideoCodec.H264, "h265": rr.VideoCodec.H265}[video.format]
            self._stream.log(place, rr.VideoStream(codec=codec, draw_order=-15), static=True)
        self._stream.log(place, rr.VideoStream.from_fields(sample=video.data))

    def _boxes(self, boxes: Boxes) -> None:
        import rerun as rr  # noqa: PLC0415 - only who looks has it

        drawn = boxes.boxes
        self._stream.log(
            entity(*boxes.screen, boxes.layer),
            rr.Boxes2D(
                mins=[(box.x_min, box.y_min) for box in drawn],
                sizes=[(box.x_max - box.x_min, box.y_max - box.y_min) for box in drawn],
                labels=[box.label for box in drawn],
                colors=[colours.BOXES.get(box.kind, colours.OTHER) for box in drawn],
                show_labels=True,
            ),
        )

    def _areas(self, drawn: Areas) -> None:
        import rerun as rr  # noqa: PLC0415 - only who looks has it

        self._stream.log(
            entity(*drawn.screen, "areas"),
            rr.LineStrips2D(
                [_points(area) for area in drawn.areas],
                labels=[area.name if area.closed else "" for area in drawn.areas],
                colors=[colours.AREAS.get(area.kind, colours.OTHER) for area in drawn.areas],
                radii=-1.5,  # of the interface, whatever the zoom
                show_labels=True,
                draw_order=-5,
            ),
            static=True,
        )


def _clock(at: int, offset: int | None) -> str:
    """The time as the log says it: the viewer's own column for it is too narrow to read."""
    if offset is None:
        return f"{at / 1e9:.3f} s"
    return f"{datetime.fromtimestamp((at + offset) // 1_000_000 / 1000, UTC_ZONE):%H:%M:%S.%f}"[:-3]


def _looks(path: Place, name: str) -> rr.SeriesPoints | rr.SeriesLines:
    import rerun as rr  # noqa: PLC0415 - only who looks has it

    points = {
        "axle_t": ("diamond", colours.AXLE, 5),
        "gross_t": ("circle", colours.GROSS, 6),
        "speed_kmh": ("cross", colours.SERIES[0], 5),
        "confidence": ("circle", colours.SERIES[2], 4),
        "best": ("up", colours.SERIES[2], 5),
        "none": ("down", colours.OTHER, 5),
        "margin": ("plus", colours.SERIES[3], 4),
        "interval_t": ("plus", colours.OTHER, 3),
        "axles": ("square", colours.SERIES[3], 3),
    }
    if name in points:
        marker, colour, size = points[name]
        return rr.SeriesPoints(markers=marker, colors=colour, marker_sizes=size, names=name)  # type: ignore[arg-type]
    if name == "dwell_s":
        return rr.SeriesLines(names=path[1], interpolation_mode="StepAfter")
    return rr.SeriesLines(names=name)


def _points(area: Area) -> list[tuple[float, float]]:
    return [*area.points, area.points[0]] if area.closed else list(area.points)
