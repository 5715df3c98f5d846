"""What a number plate hangs on: bumper and grille, a boot lid, a tailgate, with lettering now and then.

All of it lies in the plate's plane. Millimetres from the plate's middle, x to the right, y down.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from edge_agent.sim.render.backdrop import Colour, Image, fill
from edge_agent.sim.render.bodies import CAB_PAINT, CAR_PAINT, CARGO_PAINT, CHROME, GLASS, LAMP, TAIL, shaded
from edge_agent.sim.render.scene import Floats
from edge_agent.sim.render.stamp import stamp

Rng = np.random.Generator
PX_MM = 0.4  # lettering is drawn so large before it is warped

SAYINGS = (
    "保持车距", "注意安全", "限速80", "东风汽车", "解放", "中国重汽", "陕汽重卡", "福田", "FOTON", "HOWO",
    "SINOTRUK", "自重9800kg", "准载3人", "禁止超车", "物流专线", "易燃品", "TURBO 4.0", "VOLVO",
)  # fmt: skip


class Plane:
    """A picture, and where the places of the plate's plane are in it.

    Args:
        image: (h, w, 3) BGR, painted on.
        matrix: (3, 3) homography from millimetres to pixels.
    """

    def __init__(self, image: Image, matrix: Floats) -> None:
        self.image = image
        self._matrix = matrix
        self.lamps: list[tuple[Floats, Colour]] = []  # middle (2,) px, colour

    def pixels(self, x0: float, y0: float, x1: float, y1: float) -> Floats:
        """Corners (4, 2) of a rectangle, from top left clockwise."""
        places = np.array([[x0, y0, 1.0], [x1, y0, 1.0], [x1, y1, 1.0], [x0, y1, 1.0]]) @ self._matrix.T
        out: Floats = places[:, :2] / places[:, 2:]
        return out

    def box(self, x0: float, y0: float, x1: float, y1: float, colour: Colour) -> None:
        """A filled rectangle."""
        fill(self.image, self.pixels(x0, y0, x1, y1), colour)

    def lamp(self, x0: float, y0: float, x1: float, y1: float, colour: Colour) -> None:
        """A rectangle that shines at night."""
        self.box(x0, y0, x1, y1, colour)
        self.lamps.append((self.pixels(x0, y0, x1, y1).mean(axis=0), colour))

    def write(self, text: str, x: float, y: float, tall: float, ink: Colour, ground: Colour) -> None:
        """Letters around a middle, on a board of one colour."""
        board = _lettering(text, round(tall * PX_MM), ink, ground)
        half_h, half_w = board.shape[0] / PX_MM / 2, board.shape[1] / PX_MM / 2
        stamp(self.image, board, self.pixels(x - half_w, y - half_h, x + half_w, y + half_h))


@lru_cache(maxsize=64)
def _lettering(text: str, size: int, ink: Colour, ground: Colour) -> Image:
    wide = sum(size if not c.isascii() else round(0.65 * size) for c in text) + size // 2
    board = np.empty((round(1.4 * size), wide, 3), np.uint8)
    board[:] = ground
    if hasattr(cv2, "FontFace"):
        cv2.putText(board, text, (size // 4, round(1.05 * size)), ink, cv2.FontFace("uni"), size)
    return board


def draw_vehicle_end(rng: Rng, plane: Plane, *, large: bool, rear: bool) -> None:
    """The end of a vehicle around the plate, which is yet to be hung on it."""
    if large and rear:
        paint = _tailgate(rng, plane)
    elif large:
        paint = _lorry_front(rng, plane)
    else:
        paint = _car_end(rng, plane, rear=rear)
    if rng.random() < 0.4:
        _say_something(rng, plane, paint, large=large)


def _pick(rng: Rng, paints: tuple[Colour, ...]) -> Colour:
    return shaded(paints[int(rng.integers(len(paints)))], rng.uniform(0.7, 1.1))


def _tailgate(rng: Rng, plane: Plane) -> Colour:
    paint, dark = _pick(rng, CARGO_PAINT), shaded((60, 60, 62), rng.uniform(0.5, 1.4))
    plane.box(-1230, -2400, 1230, -150, paint)
    for k in range(int(rng.integers(1, 7))):
        x = (k + 1) * 2460 / 7 - 1230
        plane.box(x - 12, -2350, x + 12, -180, shaded(paint, 0.75))
    plane.box(-1200, -150, 1200, 190, dark)
    for k in range(10):  # the red and white strip, left and right of the plate
        x = -1180 + k * 240
        if abs(x + 120) > 420:
            plane.box(x, -145, x + 240, -95, (50, 50, 200) if k % 2 else (225, 225, 228))
    for side in (-1, 1):
        x0, x1 = sorted((side * 620, side * 1050))
        plane.lamp(x0, -60, x1, 80, TAIL)
    plane.box(-1150, 250, 1150, 340, shaded((90, 90, 92), rng.uniform(0.6, 1.5)))
    return paint


def _lorry_front(rng: Rng, plane: Plane) -> Colour:
    paint, bumper = _pick(rng, CAB_PAINT), _pick(rng, CAB_PAINT)
    plane.box(-1220, -2500, 1220, 60, paint)
    plane.box(-1100, -2000, 1100, -1150, GLASS)
    plane.box(-700, -900, 700, -330, shaded((60, 60, 64), rng.uniform(0.5, 1.4)))
    for k in range(5):
        plane.box(-680, -880 + k * 110, 680, -840 + k * 110, CHROME if k % 2 else (40, 40, 42))
    plane.box(-1240, -230, 1240, 330, shaded(bumper, 0.8))
    plane.box(-420, -150, 420, 170, shaded((70, 70, 72), rng.uniform(0.4, 1.6)))
    for side in (-1, 1):
        x0, x1 = sorted((side * 680, side * 1080))
        plane.lamp(x0, -160, x1, 30, LAMP)
    return paint


def _car_end(rng: Rng, plane: Plane, *, rear: bool) -> Colour:
    paint = _pick(rng, CAR_PAINT)
    plane.box(-880, -1250, 880, -600, GLASS)
    plane.box(-900, -680, 900, 330, paint)
    plane.box(-880, 180, 880, 340, shaded((50, 50, 52), rng.uniform(0.6, 1.6)))
    for side in (-1, 1):
        x0, x1 = sorted((side * 480, side * 860))
        plane.lamp(x0, -330, x1, -160, TAIL if rear else LAMP)
    if rear:
        plane.box(-330, -130, 330, 120, shaded(paint, 0.8))
    else:
        plane.box(-430, -330, 430, -120, (42, 42, 44))
        for k in range(4):
            plane.box(-410, -315 + k * 50, 410, -300 + k * 50, CHROME)
    return paint


def _say_something(rng: Rng, plane: Plane, paint: Colour, *, large: bool) -> None:
    """Lettering that is no plate: a saying, a telephone number, a fleet's number.

    Not the plate's own number painted large, as lorries carry it: that would be read in the plate's place.
    """
    kind = int(rng.integers(3))
    if kind == 0:
        text = SAYINGS[int(rng.integers(len(SAYINGS)))]
    elif kind == 1:
        text = "13" + "".join(str(int(d)) for d in rng.integers(0, 10, 9))
    else:
        text = f"{'ABCDEFGH'[int(rng.integers(8))]}-{int(rng.integers(100, 9999))}"
    ink: Colour = (230, 230, 230) if sum(paint) < 380 else (40, 40, 120)
    ground = paint if rng.random() < 0.6 else shaded((200, 205, 210), rng.uniform(0.5, 1.1))
    tall = rng.uniform(110, 240) if large else rng.uniform(45, 90)
    x = rng.uniform(-400, 400)
    y = rng.uniform(-1000, -500) if large else rng.uniform(-560, -420)
    plane.write(text, x, y, tall, ink, ground)
