"""The flat pictures of the street: the row of shop fronts, and the ground before it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edge_agent.sim.render.backdrop import Colour, Image
from edge_agent.sim.render.bodies import shaded
from edge_agent.sim.render.scene import Floats
from edge_agent.sim.street.light import ambient, light_at
from edge_agent.sim.street.paint import CANVAS, CLOTH, FRUIT, METAL, PLASTIC, pick, vary
from edge_agent.sim.street.scene import Shop, StreetScene

Rng = np.random.Generator

MM_PER_PX = 20
WALL_M = 9.0  # height of the row
WORDS = (
    "水果",
    "超市",
    "五金",
    "小吃",
    "便利店",
    "粮油",
    "服装",
    "鲜花",
    "药房",
    "茶",
    "烟酒",
    "理发",
    "蔬菜",
    "手机",
    "快餐",
    "文具",
)


@dataclass(frozen=True, slots=True)
class Flat:
    """A picture of a plane, `MM_PER_PX` a pixel, and what shines in it at night."""

    image: Image  # (h, w, 3), daylight
    shine: Image  # (h, w, 3), added after the light
    x0_m: float  # world x of the left edge


class Canvas:
    """Draws in millimetres: x along the wall, z up (or y out, on the ground)."""

    def __init__(self, x0_m: float, x1_m: float, tall_m: float, ground: Colour, flip: bool) -> None:
        self.x0, self.flip = x0_m * 1000, flip
        self.h, self.w = int(tall_m * 1000 / MM_PER_PX), int((x1_m - x0_m) * 1000 / MM_PER_PX)
        self.image: Image = np.full((self.h, self.w, 3), ground, np.uint8)
        self.shine: Image = np.zeros((self.h, self.w, 3), np.uint8)

    def pixel(self, x_mm: float, z_mm: float) -> tuple[int, int]:
        """Where a place of the plane is in the picture."""
        v = z_mm / MM_PER_PX
        return round((x_mm - self.x0) / MM_PER_PX), round(self.h - v if self.flip else v)

    def box(self, x0: float, z0: float, x1: float, z1: float, colour: Colour, shine: float = 0.0) -> None:
        """A filled rectangle; `shine` is how much of its colour it gives off at night."""
        a, b = self.pixel(x0, z0), self.pixel(x1, z1)
        cv2.rectangle(self.image, a, b, colour, -1)
        if shine:
            cv2.rectangle(self.shine, a, b, shaded(colour, shine), -1)

    def write(
        self, text: str, x_mm: float, z_mm: float, tall_mm: float, ink: Colour, shine: float = 0.0
    ) -> None:
        """Letters from a lower left corner."""
        at = self.pixel(x_mm, z_mm)
        size = max(6, int(tall_mm / MM_PER_PX))
        for target, level in ((self.image, 1.0), (self.shine, shine)):
            if not level:
                continue
            if hasattr(cv2, "FontFace"):
                cv2.putText(target, text, at, shaded(ink, level), cv2.FontFace("uni"), size)
            else:
                step = size
                for k in range(len(text)):
                    a = (at[0] + k * step, at[1] - size)
                    cv2.rectangle(target, a, (a[0] + int(step * 0.8), at[1]), shaded(ink, level), 2)


def _mottle(image: Image, rng: Rng, coarse: float, fine: float) -> None:
    h, w = image.shape[:2]
    cloud = cv2.resize(rng.normal(0, coarse, (max(2, h // 30), max(2, w // 30))).astype(np.float32), (w, h))
    tile = rng.normal(0, fine, (min(h, 256), min(w, 512))).astype(np.float32)
    grain = np.tile(tile, (-(-h // tile.shape[0]), -(-w // tile.shape[1])))[:h, :w]
    image[:] = np.clip(image + (cloud + grain)[:, :, None], 0, 255).astype(np.uint8)


def _interior(canvas: Canvas, rng: Rng, x0: float, z0: float, x1: float, z1: float, lit: bool) -> None:
    """What one sees through a window: shelves in the half dark, or lit."""
    dim = rng.uniform(0.28, 0.5)
    back = vary(rng, (120, 130, 140), 0.3)
    shine = 0.75 if lit else 0.0
    canvas.box(x0, z0, x1, z1, shaded(back, dim), shine)
    for z in np.arange(z0 + 200, z1 - 150, rng.uniform(320, 480)):
        x = x0 + 60
        while x < x1 - 120:
            wide, tall = rng.uniform(70, 260), rng.uniform(90, 260)
            paint = pick(rng, (*PLASTIC, *FRUIT, *CLOTH))
            canvas.box(x, z, min(x + wide, x1), min(z + tall, z1), shaded(paint, dim * 1.15), shine)
            x += wide + rng.uniform(10, 90)
        canvas.box(x0, z - 25, x1, z, shaded((150, 150, 150), dim), shine)


def _front(canvas: Canvas, rng: Rng, shop: Shop, lit: bool) -> None:
    """Windows, door, sign of one shop, up to 3.6 m."""
    x0, x1 = shop.x0_mm, shop.x1_mm
    pillar = vary(rng, (150, 160, 168), 0.35)
    canvas.box(x0, 0, x1, 3_700, pillar)
    a, b = x0 + 180, x1 - 180
    kind = str(rng.choice(["glass", "glass", "open", "shutter"]))
    frame = pick(rng, (METAL, (60, 60, 62), (70, 100, 130), (200, 202, 204)))
    if kind == "open":
        _interior(canvas, rng, a, 0, b, 2_600, lit)
        canvas.box(a, 0, b, 60, (70, 75, 80))
    elif kind == "shutter":
        door_at = a + (b - a) * rng.uniform(0.3, 0.6)
        steel = vary(rng, (160, 162, 165), 0.2)
        canvas.box(a, 0, b, 2_650, steel)
        for z in range(60, 2_600, 90):
            canvas.box(a, z, b, z + 20, shaded(steel, 0.75))
        _interior(canvas, rng, door_at, 0, min(door_at + 1_800, b), 2_300, lit)
    else:
        sill = rng.uniform(100, 700)
        canvas.box(a, 0, b, 2_650, frame)
        door = a + (b - a - 1_000) * rng.choice([0.05, 0.5, 0.95])
        panes = [(a + 50, door - 50, sill), (door + 1_050, b - 50, sill), (door, door + 1_000, 80)]
        for p, q, low in panes:
            if q - p > 250:
                _interior(canvas, rng, p, low, q, 2_560, lit)
                if rng.random() < 0.4:
                    canvas.box(p + 80, 1_250, p + 80 + min(500, q - p - 160), 1_800, pick(rng, CANVAS))
        canvas.box(door + 880, 900, door + 920, 1_300, METAL)
    sign = pick(rng, (*CANVAS, (40, 40, 190), (170, 60, 30), (225, 228, 230), (50, 130, 40)))
    ink: Colour = (
        (235, 238, 240) if sum(sign) < 400 else pick(rng, ((40, 40, 190), (40, 40, 40), (160, 60, 20)))
    )
    if rng.random() < 0.25:
        ink = (40, 210, 240)
    shine = 0.8 if lit else 0.0
    canvas.box(x0 + 60, 2_760, x1 - 60, 3_640, sign, shine * 0.7)
    text = str(rng.choice(WORDS)) + (str(rng.choice(WORDS)) if x1 - x0 > 3_200 else "")
    tall = 560
    canvas.write(text, (x0 + x1) / 2 - len(text) * tall * 0.6, 2_930, tall, ink, shine)
    if rng.random() < 0.6:
        canvas.write(str(int(rng.integers(10**7, 10**8))), x0 + 200, 2_790, 140, ink, shine)


def _upper(canvas: Canvas, rng: Rng, x0: float, x1: float, night: bool) -> None:
    """Flats over the shops."""
    wall = pick(
        rng, ((165, 175, 185), (150, 165, 190), (120, 140, 170), (185, 188, 190), (110, 120, 150)), 0.15
    )
    canvas.box(x0, 3_700, x1, WALL_M * 1000, wall)
    if rng.random() < 0.4:
        for z in range(3_700, int(WALL_M * 1000), 160):
            canvas.box(x0, z, x1, z + 18, shaded(wall, 0.86))
    for floor in (4_400, 7_300):
        x = x0 + rng.uniform(300, 700)
        while x < x1 - 1_200:
            lit = night and rng.random() < 0.4
            canvas.box(x - 60, floor - 60, x + 1_260, floor + 1_460, shaded(wall, 0.75))
            pane: Colour = (140, 200, 235) if lit else vary(rng, (95, 85, 75), 0.3)
            canvas.box(x, floor, x + 1_200, floor + 1_400, pane, 0.8 if lit else 0.0)
            canvas.box(x + 585, floor, x + 615, floor + 1_400, (190, 190, 190))
            if rng.random() < 0.4:
                canvas.box(x + 100, floor - 650, x + 850, floor - 150, (200, 202, 204))
                canvas.box(x + 200, floor - 580, x + 600, floor - 220, (120, 122, 124))
            x += rng.uniform(1_900, 3_000)


def _hoarding(canvas: Canvas, rng: Rng, scene: StreetScene) -> None:
    """Corrugated panels round a site, with a gate."""
    canvas.box(canvas.x0, 0, canvas.x0 + canvas.w * MM_PER_PX, WALL_M * 1000, (205, 200, 195))
    panel = pick(rng, ((170, 110, 50), (80, 140, 60), (190, 190, 190)))
    end = canvas.x0 + canvas.w * MM_PER_PX
    canvas.box(canvas.x0, 0, end, 2_500, panel)
    for x in np.arange(canvas.x0, end, 250):
        canvas.box(x, 0, x + 50, 2_500, shaded(panel, 0.82))
    canvas.box(canvas.x0, 2_450, end, 2_520, shaded(panel, 1.25))
    gate = scene.shops[0]
    canvas.box(gate.x0_mm, 0, gate.x1_mm, 3_000, (95, 115, 130))
    for x in range(gate.x0_mm, gate.x1_mm, 160):
        canvas.box(x, 100, x + 40, 2_600, (60, 60, 62))
    canvas.box(gate.x0_mm - 400, 0, gate.x0_mm, 3_400, (60, 60, 170))
    canvas.box(gate.x1_mm, 0, gate.x1_mm + 400, 3_400, (60, 60, 170))
    canvas.write("工地出入口", gate.x0_mm + 200, 2_680, 400, (240, 240, 240))


def wall_of(scene: StreetScene, x0_m: float, x1_m: float) -> Flat:
    """The row of fronts between two places, in this scene's light."""
    rng = np.random.default_rng((scene.seed, 21))
    canvas = Canvas(x0_m, x1_m, WALL_M, (150, 155, 160), flip=True)
    if scene.front == "hoarding":
        _hoarding(canvas, rng, scene)
    else:
        _upper(canvas, rng, x0_m * 1000, x1_m * 1000, scene.dark)
        for shop in _row(scene, x0_m, x1_m):
            look = np.random.default_rng((shop.look, 22))
            _front(canvas, look, shop, shop.lit and scene.dark)
    _mottle(canvas.image, rng, 4.0, 3.0)
    xs = np.linspace(x0_m, x1_m, 96)
    level = light_at(scene, xs, np.full(96, 0.6))
    zs = np.exp(-np.linspace(WALL_M, 0, 32) / 3.5)[:, None, None]
    base = ambient(scene)
    lit = base + (level[None] - base) * zs
    if scene.sunny and scene.sun_m[1] <= 0:
        lit = lit * 0.74  # the wall lies in its own shadow
    image = _lit(canvas.image, lit)
    return Flat(cv2.add(image, canvas.shine) if scene.dark else image, canvas.shine, x0_m)  # type: ignore[arg-type]  # uint8 as before


def _lit(image: Image, level: Floats) -> Image:
    """The picture under a coarse map of light."""
    h, w = image.shape[:2]
    scaled = cv2.resize(np.clip(level * 128, 0, 255).astype(np.uint8), (w, h), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.multiply(image, scaled, scale=1 / 128), np.uint8)


def _row(scene: StreetScene, x0_m: float, x1_m: float) -> list[Shop]:
    """The scene's shops, and others to the left and right of them."""
    rng = np.random.default_rng((scene.seed, 23))
    row = list(scene.shops)
    left, right = min(s.x0_mm for s in row), max(s.x1_mm for s in row)
    while right < x1_m * 1000:
        wide = int(rng.integers(2_800, 6_000))
        row.append(Shop(right, right + wide, int(rng.integers(1 << 30)), lit=bool(rng.random() < 0.7)))
        right += wide
    while left > x0_m * 1000:
        wide = int(rng.integers(2_800, 6_000))
        row.append(Shop(left - wide, left, int(rng.integers(1 << 30)), lit=bool(rng.random() < 0.7)))
        left -= wide
    return row


def ground_of(scene: StreetScene, x0_m: float, x1_m: float, deep_m: float) -> Flat:
    """Pavement, kerb, road, the painted line, in this scene's light; row 0 lies at the wall."""
    rng = np.random.default_rng((scene.seed, 24))
    left, right = x0_m * 1000, x1_m * 1000
    asphalt = float(rng.uniform(75, 125))
    canvas = Canvas(x0_m, x1_m, deep_m, (asphalt, asphalt, asphalt * 0.99), flip=False)
    _tiles(canvas, rng, scene, left, right)
    kerb = scene.pavement_mm
    canvas.box(left, kerb - 150, right, kerb, (165, 170, 172))
    canvas.box(left, kerb, right, kerb + 60, (70, 72, 74))
    for x in np.arange(left, right, 1_000):
        canvas.box(x, kerb - 150, x + 20, kerb, (110, 112, 114))
    if rng.random() < 0.5:  # the tactile strip
        y = kerb - rng.uniform(900, 1_600)
        canvas.box(left, y, right, y + 300, vary(rng, (60, 165, 200), 0.2))
    middle = kerb + scene.road_mm / 2
    for x in np.arange(left, right, 6_000):
        canvas.box(x, middle - 70, x + 3_000, middle + 70, (205, 208, 210))
    if rng.random() < 0.4:
        for x in np.arange(left, right, 6_500):
            canvas.box(x, kerb + 100, x + 60, kerb + 2_200, (205, 208, 210))
    far = kerb + scene.road_mm
    canvas.box(left, far, right, far + 150, (165, 170, 172))
    canvas.box(left, far + 150, right, deep_m * 1000, (140, 148, 152))
    _stains(canvas, rng, left, right, kerb)
    if scene.line_colour != "none":
        paint = {"white": (215, 218, 220), "yellow": (45, 180, 225), "green": (80, 160, 60)}[
            scene.line_colour
        ]
        canvas.box(left, max(0, scene.line_mm - 50), right, scene.line_mm + 50, paint)
    _mottle(canvas.image, rng, 4.5, 5.0)
    if scene.weather == "snow":
        _snow(canvas.image, rng)
    if scene.weather in ("wet", "rain"):
        canvas.image[:] = (canvas.image * 0.68).astype(np.uint8)
    cols, rows = 160, 48
    xs, ys = np.meshgrid(np.linspace(x0_m, x1_m, cols), np.linspace(0, deep_m, rows))
    level = light_at(scene, xs, ys)
    if scene.sunny and scene.sun_m[1] < 0:
        reach = WALL_M * -scene.sun_m[1] / scene.sun_m[2]
        shaded_rows = ys[:, :1, None] < reach
        level = np.where(shaded_rows, level * 0.58, level)
    return Flat(_lit(canvas.image, level), canvas.shine, x0_m)


def _tiles(canvas: Canvas, rng: Rng, scene: StreetScene, left: float, right: float) -> None:
    """Paving slabs, each a little different."""
    base = pick(
        rng, ((150, 155, 160), (130, 140, 150), (120, 130, 160), (165, 168, 170), (120, 125, 128)), 0.12
    )
    wide, deep = float(rng.choice([200, 300, 400, 600])), float(rng.choice([100, 200, 300, 600]))
    h, w = int(scene.pavement_mm / deep) + 1, int((right - left) / wide) + 1
    shade = rng.normal(1.0, 0.045, (h, w))
    if rng.random() < 0.35:
        shade[:, :: int(rng.integers(2, 6))] *= rng.uniform(0.78, 0.92)
    small = np.clip(shade[:, :, None] * np.array(base), 0, 255).astype(np.uint8)
    size = (int(w * wide / MM_PER_PX), int(h * deep / MM_PER_PX))
    laid = cv2.resize(small, size, interpolation=cv2.INTER_NEAREST)
    rows = min(int(scene.pavement_mm / MM_PER_PX), laid.shape[0])
    cols = min(canvas.w, laid.shape[1])
    canvas.image[:rows, :cols] = laid[:rows, :cols]
    joint = shaded(base, 0.78)
    for y in np.arange(0, scene.pavement_mm, deep):
        canvas.box(left, y, right, y + 5, joint)
    for x in np.arange(left, right, wide):
        canvas.box(x, 0, x + 5, scene.pavement_mm, joint)


def _stains(canvas: Canvas, rng: Rng, left: float, right: float, kerb: float) -> None:
    """Gum, oil, drain covers, repaired slabs."""
    for _ in range(int((right - left) / 500)):
        x, y = rng.uniform(left, right), rng.uniform(100, kerb + 6_000)
        at = canvas.pixel(x, y)
        axes = (int(rng.uniform(2, 22)), int(rng.uniform(2, 14)))
        row, col = min(max(at[1], 0), canvas.h - 1), min(max(at[0], 0), canvas.w - 1)
        under = canvas.image[row, col].astype(float)
        b, g, r = under * rng.uniform(0.78, 1.08)
        cv2.ellipse(canvas.image, at, axes, rng.uniform(0, 180), 0, 360, (float(b), float(g), float(r)), -1)
    for _ in range(int((right - left) / 9_000)):
        x, y = rng.uniform(left, right), rng.uniform(600, kerb + 3_000)
        canvas.box(x, y, x + 600, y + 500, (85, 88, 90))
        canvas.box(x + 40, y + 40, x + 560, y + 460, (105, 108, 112))


def _snow(image: Image, rng: Rng) -> None:
    h, w = image.shape[:2]
    lie = cv2.resize(rng.normal(0.5, 0.5, (max(2, h // 40), max(2, w // 40))).astype(np.float32), (w, h))
    cover = np.clip(lie, 0.0, 0.95)[:, :, None]
    image[:] = (image * (1 - cover) + np.array([236, 234, 230]) * cover).astype(np.uint8)
