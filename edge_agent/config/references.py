"""What one part of a site's file says of another: names that must exist, numbers that must fit.

Works on the plain data, so that a wrong name is reported beside every other mistake of the file, and
looks away from anything that is not of the expected form: the models say that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from edge_agent.config.document import Loc
from edge_agent.config.shape import nearest


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Something that does not fit something else in the same file."""

    loc: Loc
    reason: str
    suggestion: str = ""


def mismatches(data: Any) -> Iterator[Mismatch]:
    """Everything that does not fit, in the order of the checks below."""
    for check in (_lanes, _scales, _shared_channels, _controller_lanes, _cameras, _pushed, _dates, _street):
        yield from check(data)


def _at(data: Any, *path: str | int) -> Any:
    """What stands at a path; None when nothing does."""
    for step in path:
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return None
    return data


def _name(data: Any, *path: str | int) -> str:
    """The text at a path; empty when there is none."""
    found = _at(data, *path)
    return found if isinstance(found, str) else ""


def _items(data: Any, *path: str | int) -> list[tuple[Any, Any]]:
    """Keys or indices and values of a mapping or list at a path; nothing when there is none."""
    found = _at(data, *path)
    if isinstance(found, dict):
        return list(found.items())
    return list(enumerate(found)) if isinstance(found, list) else []


def _names(data: Any, *path: str | int) -> set[str]:
    return {str(name) for name, _ in _items(data, *path)}


def _known(loc: Loc, kind: str, name: object, names: Iterable[str]) -> Iterator[Mismatch]:
    """A name must be one of `names`; no name, or what is no text, is for the models to refuse."""
    if name and isinstance(name, str) and name not in names:
        yield Mismatch(loc, f"no {kind} {name!r}", nearest(name, names))


def _lanes(data: Any) -> Iterator[Mismatch]:
    for lane, chosen in _items(data, "lanes"):
        yield from _known(("lanes", lane, "port"), "port", _name(chosen, "port"), _names(data, "ports"))
        camera = _name(chosen, "camera")
        yield from _known(("lanes", lane, "camera"), "camera", camera, _names(data, "cameras"))
        if camera in _names(data, "cameras"):
            seen = {_name(link, "lane") for _, link in _items(data, "cameras", camera, "match", "lanes")}
            if lane not in seen:
                yield Mismatch(
                    ("lanes", lane, "camera"),
                    f"camera {camera!r} does not know this lane",
                    f"add lane {lane!r} with its distance_mm to cameras.{camera}.match.lanes",
                )


def _scales(data: Any) -> Iterator[Mismatch]:
    for lane, chosen in _items(data, "lanes"):
        protocol = _at(data, "ports", _name(chosen, "port"), "protocol")
        kind, sensors = _name(protocol, "kind"), _items(chosen, "scale", "sensors")
        if not kind:
            continue
        if kind == "wim_json" and sensors:
            yield Mismatch(
                ("lanes", lane, "scale", "sensors"), "the controller weighs by itself", "leave sensors out"
            )
        if kind != "wim_json" and not sensors:
            yield Mismatch(
                ("lanes", lane, "scale"), f"protocol {kind} needs sensors", "list them in the order of travel"
            )
        yield from _channels(lane, chosen, kind, protocol)


def _channels(lane: str, chosen: Any, kind: str, protocol: Any) -> Iterator[Mismatch]:
    """A channel's index must be a column of the instrument."""
    columns = _at(protocol, "channels") if kind == "adc" else 1
    if not isinstance(columns, int) or kind == "wim_json":
        return
    for s, sensor in _items(chosen, "scale", "sensors"):
        for c, channel in _items(sensor, "channels"):
            index = _at(channel, "index")
            if isinstance(index, int) and index >= columns:
                loc = ("lanes", lane, "scale", "sensors", s, "channels", c, "index")
                yield Mismatch(
                    loc,
                    f"port {_at(chosen, 'port')!r} has {columns} channel(s)",
                    f"0 to {columns - 1}" if columns > 1 else "0",
                )


def _shared_channels(data: Any) -> Iterator[Mismatch]:
    owners: dict[tuple[str, int], str] = {}
    for lane, chosen in _items(data, "lanes"):
        for s, sensor in _items(chosen, "scale", "sensors"):
            for c, channel in _items(sensor, "channels"):
                index = _at(channel, "index")
                if not isinstance(index, int):
                    continue
                column = (_name(chosen, "port"), index)
                owner = owners.setdefault(column, lane)
                if owner != lane:
                    loc = ("lanes", lane, "scale", "sensors", s, "channels", c, "index")
                    yield Mismatch(loc, f"channel {column[1]} of port {column[0]!r} is lane {owner!r}'s")


def _controller_lanes(data: Any) -> Iterator[Mismatch]:
    for port, chosen in _items(data, "ports"):
        if _at(chosen, "protocol", "kind") == "wim_json":
            for number in _names(chosen, "protocol", "lanes"):
                loc = ("ports", port, "protocol", "lanes", number)
                lane = _name(chosen, "protocol", "lanes", number)
                yield from _known(loc, "lane", lane, _names(data, "lanes"))


def _cameras(data: Any) -> Iterator[Mismatch]:
    for camera, chosen in _items(data, "cameras"):
        for index, link in _items(chosen, "match", "lanes"):
            loc: Loc = ("cameras", camera, "match", "lanes", index, "lane")
            lane = _name(link, "lane")
            yield from _known(loc, "lane", lane, _names(data, "lanes"))
            if lane in _names(data, "lanes") and _name(data, "lanes", lane, "camera") != camera:
                yield Mismatch(
                    loc, f"lane {lane!r} does not use this camera", f"set lanes.{lane}.camera to {camera}"
                )
        for lane in _names(chosen, "video", "views"):
            yield from _known(
                ("cameras", camera, "video", "views", lane), "lane", lane, _names(data, "lanes")
            )
        if _at(chosen, "video") is None and (
            _at(chosen, "pictures") is True or _name(chosen, "plates") in {"box", "both"}
        ):
            yield Mismatch(
                ("cameras", camera),
                "pictures, and plates read on the box, need a video",
                "give video.url, or pictures: false and plates: push",
            )


def _pushed(data: Any) -> Iterator[Mismatch]:
    for camera, chosen in _items(data, "anpr", "cameras"):
        yield from _known(("anpr", "cameras", camera), "camera", camera, _names(data, "cameras"))
        for number in _names(chosen, "lanes"):
            loc = ("anpr", "cameras", camera, "lanes", number)
            yield from _known(loc, "lane", _name(chosen, "lanes", number), _names(data, "lanes"))
        yield from _known(
            ("anpr", "cameras", camera, "lane"), "lane", _name(chosen, "lane"), _names(data, "lanes")
        )
    for camera, chosen in _items(data, "cameras"):
        pushes = isinstance(chosen, dict) and chosen.get("plates", "push") in ("push", "both")
        if pushes and camera not in _names(data, "anpr", "cameras"):
            yield Mismatch(
                ("cameras", camera),
                "its plates are pushed, but anpr.cameras does not let it in",
                f"add anpr.cameras.{camera}, or plates: box",
            )


def _dates(data: Any) -> Iterator[Mismatch]:
    start = _name(data, "site", "legal", "enforcement_from")
    for lane, chosen in _items(data, "lanes"):
        # Dates written YYYY-MM-DD sort as text.
        if start and start < _name(chosen, "limits", "posted", "valid_from"):
            yield Mismatch(
                ("lanes", lane, "limits", "posted", "valid_from"),
                f"the sign is in force only after enforcement begins ({start})",
                "site.legal.enforcement_from must not be earlier",
            )


def _street(data: Any) -> Iterator[Mismatch]:
    owners: dict[str, str] = {}
    for camera, chosen in _items(data, "street", "cameras"):
        if camera in _names(data, "cameras"):
            yield Mismatch(
                ("street", "cameras", camera),
                f"cameras.{camera} has this name already",
                "a camera of the street needs a name of its own",
            )
        for zone, drawn in _items(chosen, "zones"):
            loc: Loc = ("street", "cameras", camera, "zones", zone)
            yield from _known((*loc, "rule"), "rule", _name(drawn, "rule"), _names(data, "street", "rules"))
            yield from _known((*loc, "shop"), "shop", _name(drawn, "shop"), _names(data, "street", "shops"))
            owner = owners.setdefault(zone, camera)
            if owner != camera:
                yield Mismatch(loc, f"camera {owner!r} has a zone of this name already")
    for index, drawn in _items(data, "street", "inspections"):
        yield from _known(("street", "inspections", index, "zone"), "zone", _name(drawn, "zone"), owners)
