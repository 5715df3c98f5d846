"""A frame of bytes as a drawing: every field with its bytes, their characters and their places.

 0    1      2 … 7             8      9 10   11
STX  sign   weight            point   XOR    ETX
02   2B     30 32 30 30 30 30   30    31 39   03
 ·   +      0  2  0  0  0  0    0     1  9     ·
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

WIDEST = 700  # px; what a page's column takes
MARGIN = 10
BYTE = 27  # px of one byte
LETTER = 8.2  # px of a letter of a field's name
NOTE_LETTER = 6.6  # of a note
ROW = 96
NOTE = 18
TITLE = 34

# Fill and edge by role; they hold on a light and on a dark page, for the drawing has its own ground.
COLOURS = {
    "frame": ("#eceff1", "#90a4ae"),
    "value": ("#e3f0fb", "#3f7fbf"),
    "status": ("#fff4dc", "#c58a1c"),
    "check": ("#e6f3e6", "#4f8f4f"),
    "address": ("#f1e9f7", "#8a62ad"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """Some bytes with a name. `first` is the place of the first of them."""

    name: str
    data: bytes
    role: str
    note: str
    first: int

    @property
    def width(self) -> float:
        """Of its box, px."""
        return max(len(self.data) * BYTE, len(self.name) * LETTER) + 10

    @property
    def places(self) -> str:
        """Where in the frame."""
        last = self.first + len(self.data) - 1
        return str(self.first) if last == self.first else f"{self.first}–{last}"


def fields_of(frame: Mapping[str, Any]) -> list[Field]:
    """The fields of one entry of frames.yaml, in order."""
    out: list[Field] = []
    first = 0
    for told in frame["fields"]:
        data = bytes.fromhex(told["hex"])
        out.append(Field(told["name"], data, told["role"], told.get("note", ""), first))
        first += len(data)
    return out


def draw(frame: Mapping[str, Any]) -> str:
    """One entry of frames.yaml as an SVG file."""
    rows = _rows(fields_of(frame))
    notes = [field for row in rows for field in row if field.note]
    width = _width(frame, rows, notes)
    height = TITLE + len(rows) * ROW + len(notes) * NOTE + MARGIN
    title = f"{frame['title']}: {frame['reads']}"
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" role="img" '
            'font-family="system-ui, sans-serif" font-size="12">'
        ),
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        (
            f'<text x="{MARGIN}" y="22" font-size="15" font-weight="600" fill="#222">{escape(frame["title"])}'
            f'<tspan font-weight="400" fill="#667"> reads {escape(frame["reads"])}</tspan></text>'
        ),
    ]
    for number, row in enumerate(rows):
        x = float(MARGIN)
        for field in row:
            parts += _box(field, x, TITLE + number * ROW)
            x += field.width + 3
    for number, field in enumerate(notes):
        y = TITLE + len(rows) * ROW + 12 + number * NOTE
        parts.append(
            f'<text x="{MARGIN}" y="{y}" fill="#444"><tspan font-weight="600">{field.places} '
            f"{escape(field.name)}</tspan>  {escape(field.note)}</text>"
        )
    return "\n".join([*parts, "</svg>", ""])


def _width(frame: Mapping[str, Any], rows: Sequence[Sequence[Field]], notes: Sequence[Field]) -> int:
    """As much as the widest of boxes, title and notes needs."""
    boxes = [sum(field.width + 3 for field in row) for row in rows]
    words = [(len(frame["title"]) + len(frame["reads"]) + 8) * LETTER]
    words += [(len(field.places) + len(field.name) + len(field.note) + 4) * NOTE_LETTER for field in notes]
    return round(max(boxes + words)) + 2 * MARGIN


def _rows(fields: Sequence[Field]) -> list[list[Field]]:
    """As many fields side by side as the drawing is wide."""
    rows: list[list[Field]] = [[]]
    used = 0.0
    for field in fields:
        if rows[-1] and used + field.width > WIDEST - 2 * MARGIN:
            rows.append([])
            used = 0.0
        rows[-1].append(field)
        used += field.width + 3
    return rows


def _box(field: Field, x: float, y: float) -> list[str]:
    fill, edge = COLOURS[field.role]
    middle = x + field.width / 2
    parts = [
        (
            f'<text x="{middle:.1f}" y="{y + 12:.1f}" text-anchor="middle" font-size="10" fill="#889">'
            f"{field.places}</text>"
        ),
        (
            f'<rect x="{x:.1f}" y="{y + 17:.1f}" width="{field.width:.1f}" height="66" rx="4" fill="{fill}" '
            f'stroke="{edge}"/>'
        ),
        (
            f'<text x="{middle:.1f}" y="{y + 33:.1f}" text-anchor="middle" font-weight="600" fill="#222">'
            f"{escape(field.name)}</text>"
        ),
    ]
    start = middle - (len(field.data) - 1) * BYTE / 2
    for number, byte in enumerate(field.data):
        at = start + number * BYTE
        mono = f'text-anchor="middle" font-family="ui-monospace, monospace" x="{at:.1f}"'
        parts.append(f'<text {mono} y="{y + 54:.1f}" font-size="13" fill="#111">{byte:02X}</text>')
        parts.append(f'<text {mono} y="{y + 74:.1f}" fill="#778">{escape(_character(byte))}</text>')
    return parts


def _character(byte: int) -> str:
    """What a terminal would show; a blank as ␣, what has no sign as a dot."""
    if byte == 0x20:
        return "␣"
    return chr(byte) if 0x20 < byte < 0x7F else "·"
