"""The face of a number plate of GA 36-2018, one pixel a millimetre.

    440 x 140   |沪|A| . |1|2|3|4|5|      characters 45 x 90, 12 apart, a dot of 10 in a gap of 34
    480 x 140   |沪|A| o |D|1|2|3|4|5|    new energy: the six behind the mark are 43 wide, 9 apart
    440 x 220       |沪| . |A|            rear of a large vehicle: upper row 80 x 60,
                 |1|2|3|4|5|              lower row 65 x 110, 15 apart

Sizes are from general knowledge of the standard, unverified. The letters are those of OpenCV's own font
stretched to the plate's boxes and made as bold as the plate's: a real plate's typeface is another one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from edge_agent.core.plates.grammar import PlateKind, parse

Image = npt.NDArray[np.uint8]
Colour = tuple[float, float, float]

# What a plate looks like from far away, BGR.
GROUNDS: dict[str, Colour] = {
    "blue": (150, 70, 20),
    "green": (120, 190, 90),
    "yellow": (30, 190, 240),
    "yellow_green": (60, 200, 190),
    "white": (235, 235, 235),
    "black": (30, 30, 30),
}
GREEN_TOP: Colour = (228, 246, 228)  # a small vehicle's green runs from here ...
GREEN_FOOT: Colour = (82, 172, 34)  # ... to here
GREEN_BODY: Colour = (105, 190, 72)  # of a large one's, beside its yellow head
YELLOW_HEAD_MM = 124
DARK_INK: Colour = (24, 24, 24)
LIGHT_INK: Colour = (242, 242, 242)
RED_INK: Colour = (40, 30, 200)
RED_MARKS = "警使领应急"
SCREW: Colour = (150, 152, 154)
DOUBLE = (PlateKind.ORDINARY, PlateKind.TRAILER)  # kinds that come in two rows

FINE = 4  # a glyph is drawn this many times as large as it is needed
STROKE_MM = 10.0  # of letters and digits
DENSE_STROKE_MM = 7.5  # of Chinese characters, and of M and W


@dataclass(frozen=True, slots=True)
class _Box:
    """Where a character stands, millimetres."""

    character: str
    x: float
    y: float
    w: int
    h: int


def plate_size_mm(text: str, rows: int = 1) -> tuple[int, int]:
    """Width and height of the plate that carries a text: eight characters need a longer one."""
    return (440, 220) if rows == 2 else (480 if len(text) == 8 else 440, 140)


@lru_cache(maxsize=128)
def plate_face(text: str, colour: str, rows: int = 1) -> Image:
    """A plate from the front, clean, under white light.

    Args:
        text: a plate of the grammar, normalised.
        colour: a key of `GROUNDS`.
        rows: 2 for the rear of a large vehicle and for trailers.

    Returns:
        (140, 440, 3) BGR, (140, 480, 3) for eight characters, (220, 440, 3) in two rows. Shared: callers
        must not write to it.

    Raises:
        ValueError: the text is no plate, the colour is unknown, or such a plate has no two rows.
    """
    plate = parse(text)
    if plate is None or plate.text != text:
        raise ValueError(f"no plate: {text!r}")
    if colour not in GROUNDS:
        raise ValueError(f"no colour of plates: {colour!r}")
    if rows not in (1, 2) or (rows == 2 and plate.kind not in DOUBLE):
        raise ValueError(f"{text!r} has no {rows} rows")
    width, height = plate_size_mm(text, rows)
    image = _ground(colour, width, height)
    ink = LIGHT_INK if colour in ("blue", "black") else DARK_INK
    _frame(image, ink)
    for box in _double_row(text) if rows == 2 else _single_row(text, plate.kind):
        _stamp(image, box, RED_INK if box.character in RED_MARKS and colour != "yellow" else ink)
    _separator(image, text, plate.kind, rows, ink)
    image.flags.writeable = False
    return image


@lru_cache(maxsize=256)
def far_plate_face(text: str, colour: str, rows: int, halvings: int) -> Image:
    """The same, made half as large so many times: from afar it is painted from that much faster."""
    if halvings <= 0:
        return plate_face(text, colour, rows)
    near = far_plate_face(text, colour, rows, halvings - 1)
    height, width = near.shape[:2]
    half = cv2.resize(near, (width // 2, height // 2), interpolation=cv2.INTER_AREA).astype(np.uint8)
    half.flags.writeable = False
    return half


def _single_row(text: str, kind: PlateKind) -> Iterator[_Box]:
    if len(text) == 8:
        places = [(14.5, 45), (68.5, 45), *((162.5 + 52 * k, 43) for k in range(6))]
    else:
        gap_after = _gap_after(kind)
        places = [(15.5 + 57 * k + (22 if k >= gap_after else 0), 45) for k in range(7)]
    for character, (x, w) in zip(text, places, strict=True):
        yield _Box(character, x, 25, w, 90)


def _gap_after(kind: PlateKind) -> int:
    """Characters before the dot; an embassy's country is three digits."""
    return 4 if kind is PlateKind.EMBASSY else 2


def _double_row(text: str) -> Iterator[_Box]:
    for k, character in enumerate(text[:2]):
        yield _Box(character, 110 + 140 * k, 15, 80, 60)
    for k, character in enumerate(text[2:]):
        yield _Box(character, 27.5 + 80 * k, 90, 65, 110)


def _ground(colour: str, width: int, height: int) -> Image:
    image = np.empty((height, width, 3), np.uint8)
    image[:] = GROUNDS[colour]
    if colour == "green":
        mix = np.linspace(0, 1, height)[:, None, None]
        image[:] = (np.array(GREEN_TOP) * (1 - mix) + np.array(GREEN_FOOT) * mix).astype(np.uint8)
    elif colour == "yellow_green":
        image[:] = GREEN_BODY
        image[:, :YELLOW_HEAD_MM] = GROUNDS["yellow"]
    return image


def _frame(image: Image, ink: Colour) -> None:
    """The line along the edge with its round corners, and four screws."""
    height, width = image.shape[:2]
    inset, turn = 5, 9
    x0, y0, x1, y1 = inset, inset, width - 1 - inset, height - 1 - inset
    for a, b in (
        ((x0 + turn, y0), (x1 - turn, y0)),
        ((x0 + turn, y1), (x1 - turn, y1)),
        ((x0, y0 + turn), (x0, y1 - turn)),
        ((x1, y0 + turn), (x1, y1 - turn)),
    ):
        cv2.line(image, a, b, ink, 3, cv2.LINE_AA)
    for x, y, start in (
        (x0 + turn, y0 + turn, 180),
        (x1 - turn, y0 + turn, 270),
        (x1 - turn, y1 - turn, 0),
        (x0 + turn, y1 - turn, 90),
    ):
        cv2.ellipse(image, (x, y), (turn, turn), 0, start, start + 90, ink, 3, cv2.LINE_AA)
    for x in (width // 2 - 105, width // 2 + 105):
        for y in (13, height - 13):
            cv2.circle(image, (x, y), 6, SCREW, -1, cv2.LINE_AA)
            cv2.circle(image, (x, y), 6, (90, 92, 94), 1, cv2.LINE_AA)


def _separator(image: Image, text: str, kind: PlateKind, rows: int, ink: Colour) -> None:
    """The dot, or the mark of new energy in its place."""
    if rows == 2:
        cv2.circle(image, (220, 45), 5, ink, -1, cv2.LINE_AA)
    elif len(text) < 8:
        cv2.circle(image, (round(15.5 + 57 * _gap_after(kind) + 5), 70), 5, ink, -1, cv2.LINE_AA)
    elif kind is PlateKind.EMERGENCY:
        cv2.circle(image, (138, 70), 5, ink, -1, cv2.LINE_AA)
    else:
        mark = (70, 140, 30)
        cv2.circle(image, (138, 70), 13, mark, -1, cv2.LINE_AA)
        for y in (64, 70, 76):
            cv2.line(image, (133, y), (144, y), LIGHT_INK, 2, cv2.LINE_AA)


def _stamp(image: Image, box: _Box, ink: Colour) -> None:
    # Boxes begin at halves of a millimetre; the glyph has room for that at its edges.
    cover = _glyph(box.character, box.w, box.h, round(box.x * 2) % 2)
    x, y = int(box.x), int(box.y)
    part = image[y : y + cover.shape[0], x : x + cover.shape[1]]
    part[:] = (part + (np.array(ink) - part) * cover[:, :, None]).astype(np.uint8)


@lru_cache(maxsize=512)
def _glyph(character: str, w: int, h: int, halves: int) -> npt.NDArray[np.float64]:
    """How much of each pixel a character's strokes cover, (h, w + 1), 0 to 1."""
    ink = _one(w * FINE, h * FINE) if character == "1" else _letter(character, w * FINE, h * FINE)
    wide = np.zeros((h * FINE, (w + 1) * FINE), np.uint8)
    shift = halves * FINE // 2
    wide[:, shift : shift + w * FINE] = ink
    return np.asarray(cv2.resize(wide, (w + 1, h), interpolation=cv2.INTER_AREA), np.float64) / 255.0


def _one(w: int, h: int) -> Image:
    """The plate's 1 is a bar with a nick, in the middle of its box: stretched to it, it would be a block."""
    ink = np.zeros((h, w), np.uint8)
    left, right = w // 2 - round(0.13 * w), w // 2 + round(0.13 * w)
    outline = [(left, round(0.07 * h)), (right, 0), (right, h), (left, h)]
    cv2.fillPoly(ink, [np.array(outline, np.int32)], (255,))
    return ink


def _letter(character: str, w: int, h: int) -> Image:
    """A glyph stretched so that its ink fills (h, w), all its strokes as wide as the plate's."""
    chinese = not character.isascii()
    drawn, em = _drawn("O" if character == "Q" else character)
    stem = (0.08 if chinese else 0.09) * em  # of the font's regular weight
    stroke = DENSE_STROKE_MM if chinese or character in "MW" else STROKE_MM
    # The lower of two rows is bolder, the upper one finer: its characters are low.
    wanted = round(stroke * FINE * (1.25 if h > 90 * FINE else 0.9 if h < w else 1.0))
    tall, wide = drawn.shape
    more_x, more_y = round(wanted - stem * w / wide), round(wanted - stem * h / tall)
    inner = cv2.resize(drawn, (w - more_x, h - more_y), interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    inner = np.pad(inner, 2 * FINE * int(STROKE_MM))
    for more, kernel in (
        (more_x, np.ones((1, abs(more_x) + 1), np.uint8)),
        (more_y, np.ones((abs(more_y) + 1, 1), np.uint8)),
    ):
        inner = (cv2.dilate if more > 0 else cv2.erode)(inner, kernel).astype(np.uint8)
    top, left = (inner.shape[0] - h) // 2, (inner.shape[1] - w) // 2
    ink: Image = np.ascontiguousarray(inner[top : top + h, left : left + w])
    if character == "Q":
        # The font's tail hangs below the line, and the bowl would be squeezed to make room for it.
        tail = ((round(0.55 * w), round(0.7 * h)), (w - wanted // 3, h - wanted // 3))
        cv2.line(ink, *tail, (255,), wanted, cv2.LINE_AA)
    return ink


@lru_cache(maxsize=128)
def _drawn(character: str) -> tuple[Image, int]:
    """A character as the font has it, cut to its ink, and the size it was drawn at."""
    em = 240
    canvas = np.zeros((2 * em, 2 * em), np.uint8)
    if hasattr(cv2, "FontFace"):
        cv2.putText(canvas, character, (em // 2, em * 3 // 2), (255,), cv2.FontFace("uni"), em)
    elif character.isascii():
        cv2.putText(canvas, character, (em // 2, em * 3 // 2), cv2.FONT_HERSHEY_SIMPLEX, 7.5, (255,), 22)
    else:  # OpenCV 4 has no Chinese: a block stands for it
        canvas[em // 2 : em, em // 2 : em] = 255
    rows, columns = np.nonzero(canvas > 100)
    return canvas[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1], em
