"""A multipart body, of any subtype, into parts. Bounded, and a body without its end is refused.

Cameras send `multipart/form-data` or `multipart/mixed` and name their parts as they please, so the
parts are told apart by what they hold, not by their names.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from edge_agent.devices.anpr_push.push import Refused


@dataclass(slots=True)
class Part:
    """One part with the names that it came under."""

    name: str = ""
    filename: str = ""
    media_type: str = ""
    data: bytes = b""


@dataclass(slots=True)
class _Collector:
    max_parts: int
    parts: list[Part] = field(default_factory=list)
    ended: bool = False
    _data: bytearray = field(default_factory=bytearray)
    _header: tuple[bytearray, bytearray] = field(default_factory=lambda: (bytearray(), bytearray()))

    def on_part_begin(self) -> None:
        if len(self.parts) >= self.max_parts:
            raise Refused(413, "too_many_parts", f"more than {self.max_parts} parts")
        self.parts.append(Part())
        self._data = bytearray()

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._data += data[start:end]

    def on_part_end(self) -> None:
        self.parts[-1].data = bytes(self._data)

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def on_header_end(self) -> None:
        name, value = bytes(self._header[0]).lower(), bytes(self._header[1])
        self._header = (bytearray(), bytearray())
        part = self.parts[-1]
        if name == b"content-disposition":
            _, options = parse_options_header(value)
            part.name = options.get(b"name", b"").decode("utf-8", "replace")
            part.filename = options.get(b"filename", b"").decode("utf-8", "replace")
        elif name == b"content-type":
            part.media_type = parse_options_header(value)[0].decode("latin-1").lower()

    def on_end(self) -> None:
        self.ended = True


def parse_multipart(body: bytes, content_type: str, max_parts: int) -> list[Part]:
    """The parts in their order.

    Args:
        body: the whole body.
        content_type: the header, with its boundary.
        max_parts: more are refused.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not 1 <= len(boundary) <= 200:
        raise Refused(400, "bad_multipart", "Content-Type: multipart without a usable boundary")
    found = _Collector(max_parts)
    parser = MultipartParser(
        boundary,
        {
            "on_part_begin": found.on_part_begin,
            "on_part_data": found.on_part_data,
            "on_part_end": found.on_part_end,
            "on_header_field": found.on_header_field,
            "on_header_value": found.on_header_value,
            "on_header_end": found.on_header_end,
            "on_end": found.on_end,
        },
    )
    try:
        parser.write(body)
        parser.finalize()
    except MultipartParseError as error:
        raise Refused(400, "bad_multipart", f"multipart: {error}") from error
    if not found.ended:
        raise Refused(400, "bad_multipart", f"multipart: cut short in part {len(found.parts)}")
    return found.parts
