"""Hikvision ISAPI: `EventNotificationAlert` XML with pictures, as an alarm host receives it.

    multipart/form-data or multipart/mixed: one XML part, any JPEG parts;  or the XML alone
    EventNotificationAlert
      eventType ANPR | anything else (heartbeats, video loss: acknowledged, not a read)
      dateTime  UUID
      ANPR: licensePlate confidenceLevel plateColor vehicleType line direction
            pictureInfoList: pictureInfo: fileName type absTime

Namespaces differ between firmwares and are ignored. See docs/protocols/anpr-isapi.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from edge_agent.core.units import MS, Ns, Permille, S
from edge_agent.devices.anpr_push.jpeg import SOI, jpeg_picture
from edge_agent.devices.anpr_push.multipart import Part, parse_multipart
from edge_agent.devices.anpr_push.push import Push, PushedPicture, Refused, has_fraction, plate_text, utc_ns
from edge_agent.devices.anpr_push.settings import AnprCameraSettings

MAX_XML_BYTES = 256 * 1024
MAX_ELEMENTS = 5_000
MAX_PICTURES = 8

# Camera words -> ours. What is not listed is not said.
COLOURS: Final = {
    "blue": "blue",
    "yellow": "yellow",
    "white": "white",
    "black": "black",
    "green": "green",
    "newenergygreen": "green",
    "newenergyyellowgreen": "yellow_green",
    "yellowgreen": "yellow_green",
}
VEHICLES: Final = {
    name: ours
    for ours, names in {
        "bus": "largebus mediumbus bus coach minibus",
        "truck": "truck lighttruck smalltruck mediumtruck midsizetruck largetruck heavytruck containertruck "
        "mucktruck tanktruck oiltanktruck concretemixer trailer",
        "car": "car vehicle saloon sedan suvmpv suv mpv smallcar",
        "van": "van pickuptruck",
        "motorcycle": "twowheelvehicle threewheelvehicle motorcycle motorbike",
    }.items()
    for name in names.split()
}


def parse_isapi(body: bytes, content_type: str, camera: AnprCameraSettings, max_parts: int) -> Push | None:
    """The read in a push, or None when the camera talks of something else.

    Raises:
        Refused: with the place and the reason.
    """
    if content_type.lower().startswith("multipart/"):
        parts = parse_multipart(body, content_type, max_parts)
    else:
        parts = [Part(data=body)]
    root = _xml(_xml_part(parts))
    if _text(root, "eventType").lower() != "anpr":
        return None
    anpr = _first(root, "ANPR")
    if anpr is None:
        raise Refused(400, "bad_xml", "EventNotificationAlert: eventType ANPR without an ANPR element")
    direction = _direction(_text(anpr, "direction"), camera)
    return Push(
        text=plate_text(_text(anpr, "licensePlate")),
        confidence=_confidence(_text(anpr, "confidenceLevel")),
        captured_utc=_captured(root, anpr, camera),
        camera_lane=_text(anpr, "line")[:16],
        direction=direction,
        colour=COLOURS.get(_text(anpr, "plateColor").lower(), ""),
        vehicle=VEHICLES.get(_text(anpr, "vehicleType").lower(), ""),
        event_id=(_text(root, "UUID") or _text(anpr, "UUID"))[:64],
        alternatives=(),
        pictures=_pictures(parts, anpr, direction),
    )


def _xml_part(parts: Sequence[Part]) -> bytes:
    for part in parts:
        if part.data.lstrip(b"\xef\xbb\xbf\r\n\t ").startswith(b"<"):
            return part.data
    raise Refused(400, "no_xml", f"no XML in {len(parts)} part(s)")


def _xml(data: bytes) -> Element:
    if len(data) > MAX_XML_BYTES:
        raise Refused(413, "xml_too_large", f"XML of {len(data)} bytes; at most {MAX_XML_BYTES}")
    try:
        root: Element = fromstring(data.strip(), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise Refused(400, "bad_xml", f"XML: {error}") from error
    if sum(1 for _ in root.iter()) > MAX_ELEMENTS:
        raise Refused(400, "bad_xml", f"XML: more than {MAX_ELEMENTS} elements")
    if _local(root) != "EventNotificationAlert":
        raise Refused(400, "bad_xml", f"XML: root is {_local(root)[:40]}, not EventNotificationAlert")
    return root


def _local(element: Element) -> str:
    """The name without its namespace."""
    return element.tag.rpartition("}")[2]


def _first(element: Element, name: str) -> Element | None:
    return next((e for e in element.iter() if _local(e) == name), None)


def _text(element: Element, name: str) -> str:
    found = _first(element, name)
    return (found.text or "").strip() if found is not None else ""


def _confidence(text: str) -> Permille:
    """0 to 100 as cameras send it. Absent: 0, for a score that is not known must not count."""
    if not text:
        return Permille(0)
    if not re.fullmatch(r"\d{1,3}", text, re.ASCII) or int(text) > 100:
        raise Refused(400, "bad_confidence", f"ANPR.confidenceLevel: not 0 to 100: {text[:20]!r}")
    return Permille(int(text) * 10)


def _direction(text: str, camera: AnprCameraSettings) -> str:
    if text.lower() == "forward":
        return camera.forward
    if text.lower() == "reverse":
        return "leaving" if camera.forward == "approaching" else "approaching"
    return ""


def _captured(root: Element, anpr: Element, camera: AnprCameraSettings) -> Ns | None:
    """`dateTime`; where it is in whole seconds, the pictures' `absTime` of the same moment, in ms."""
    stamp = _text(root, "dateTime")
    if not stamp:
        return None
    at = utc_ns(stamp, camera.utc_offset_minutes, "dateTime")
    if has_fraction(stamp):
        return at
    finer = [
        t
        for e in anpr.iter()
        if _local(e) == "absTime" and (t := _abs_time(e.text or "", camera)) is not None
    ]
    return min((t for t in finer if abs(t - at) <= 2 * S), default=at)


def _abs_time(text: str, camera: AnprCameraSettings) -> Ns | None:
    """`20261123101112345`: local time to the millisecond, without separators."""
    match = re.fullmatch(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})", text.strip(), re.ASCII)
    if match is None:
        return None
    year, month, day, hour, minute, second, milli = match.groups()
    try:
        whole = utc_ns(f"{year}-{month}-{day}T{hour}:{minute}:{second}", camera.utc_offset_minutes, "absTime")
    except Refused:
        return None
    return Ns(whole + int(milli) * MS)


def _pictures(parts: Sequence[Part], anpr: Element, direction: str) -> tuple[PushedPicture, ...]:
    """Every JPEG part, the plate's crop told from the view of the vehicle by the names it came under."""
    types = {
        _text(info, "fileName"): _text(info, "type") for info in anpr.iter() if _local(info) == "pictureInfo"
    }
    pictures = []
    for number, part in enumerate(parts, 1):
        if not part.data.startswith(SOI):
            continue
        names = f"{part.name} {part.filename} {types.get(part.filename, '')} {types.get(part.name, '')}"
        # The statement knows no "rear": a leaving vehicle's view is filed as a side view.
        view = "side" if direction == "leaving" else "front"
        role = "plate" if "plate" in names.lower() else view
        pictures.append(jpeg_picture(role, part.data, f"part {number}"))
    if len(pictures) > MAX_PICTURES:
        raise Refused(413, "too_many_pictures", f"{len(pictures)} pictures; at most {MAX_PICTURES}")
    return tuple(pictures)
