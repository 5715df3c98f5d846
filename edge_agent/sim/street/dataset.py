"""Training pictures: random streets, light, weather, goods and people, labelled by the renderer itself.

Every picture is drawn; there is not one photograph in it. Scenes are never shared between the
training, validation and test splits, so that a split never sees a street of another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from edge_agent.core.units import S
from edge_agent.sim.render.backdrop import Image
from edge_agent.sim.street.day import DayProfile, generate_day
from edge_agent.sim.street.draw import TrueBox, render_street, street_boxes
from edge_agent.sim.street.looks import Rng, apart, fixtures_of, random_scene
from edge_agent.sim.street.scene import StreetScene
from edge_agent.sim.street.things import LABELS, Thing, make
from edge_agent.sim.street.zones import zones_of
from edge_agent.sim.yolo_dataset import Labelled, Seed, label_line, write_yolo_dataset

Cut = tuple[int, int, int, int]  # left, top, right, bottom, px

PER_SCENE = 4
PER_DAY = 6
DAYS_SHARE = 0.55  # of the pictures, instants of days
DAYS = DayProfile(length_s=180, stay_s=12, passers_per_min=9.0, outages=0.0)
# Seeds of training days begin far above any that somebody lives through.
FIRST_DAY = 1 << 40
WHOLE = 0.25  # of the pictures are shown whole
MARGIN, LEAST_MARGIN = 0.3, 0.08  # about what a site's cut-out has around its zones
# A thing smaller than this, or mostly hidden, is left without a label: a person would not mark it either.
SMALLEST_PX = 9  # at 640 px width
LEAST_VISIBLE_PERMILLE = 300
LEAST_INSIDE_PERMILLE = 250
LEAST_OF_BOX = 0.45  # a cut-out that shows less of a box may show only its empty corner

# How many of a kind, at most, and how likely any at all.
CROWD: dict[str, tuple[int, float]] = {
    "stall": (2, 0.46), "vendor_cart": (2, 0.42), "vendor_tricycle": (2, 0.44), "goods_pile": (5, 0.60),
    "display_rack": (3, 0.42), "table": (3, 0.42), "seat": (6, 0.44), "parasol_tent": (2, 0.30),
    "cooking_gear": (2, 0.42), "movable_sign": (3, 0.46), "two_wheeler": (5, 0.42), "hand_truck": (2, 0.38),
    "street_furniture": (3, 0.35), "rubbish_bag": (4, 0.38),
}  # fmt: skip


def _on_pavement(rng: Rng, scene: StreetScene) -> tuple[int, int]:
    left, right = min(s.x0_mm for s in scene.shops), max(s.x1_mm for s in scene.shops)
    return int(rng.uniform(left, right)), int(rng.uniform(450, scene.pavement_mm - 300))


def _yaw(rng: Rng, kind: str) -> int:
    """Most things stand square to the street; some do not."""
    square = int(rng.choice([0, 0, 0, 180, 90, -90]))
    if kind in ("person", "seat", "rubbish_bag", "two_wheeler") or rng.random() < 0.3:
        return int(rng.integers(0, 360))
    return square + int(rng.normal(0, 6))


def _pose(rng: Rng, kind: str, rain: bool) -> str:
    if kind == "person":
        base = "stand" if rng.random() < 0.4 else f"walk{int(rng.integers(8))}"
        if rain and rng.random() < 0.6:
            return f"{base}+umbrella"
        return f"{base}+carry" if rng.random() < 0.1 else base
    return "ridden" if kind == "two_wheeler" and rng.random() < 0.25 else ""


def random_things(rng: Rng, scene: StreetScene) -> list[Thing]:
    """Anything from an empty street to a market, with people and traffic."""
    busy = float(rng.choice([0.0, 0.35, 0.8, 1.3], p=[0.12, 0.3, 0.4, 0.18]))
    rain = scene.weather in ("rain", "snow")
    things: list[Thing] = []
    for kind, (most, likely) in CROWD.items():
        if rng.random() < likely * busy:
            for _ in range(int(rng.integers(1, most + 1))):
                x, y = _on_pavement(rng, scene)
                if kind == "two_wheeler" and rng.random() < 0.3:
                    y = scene.pavement_mm + int(rng.uniform(300, scene.road_mm - 500))
                things.append(
                    make(kind, x, y, int(rng.integers(1 << 30)), _yaw(rng, kind), _pose(rng, kind, rain))
                )
    crowd = int(rng.choice([0, 2, 5, 14], p=[0.25, 0.35, 0.3, 0.1]))
    for _ in range(int(rng.integers(0, crowd + 1))):
        x, y = _on_pavement(rng, scene)
        things.append(
            make("person", x, y, int(rng.integers(1 << 30)), _yaw(rng, "person"), _pose(rng, "person", rain))
        )
    rng.shuffle(things)
    things = _traffic(rng, scene) + things
    return apart(fixtures_of(scene, rng) + things)


def _traffic(rng: Rng, scene: StreetScene) -> list[Thing]:
    """Cars along the kerb or in passing, now and then one on the pavement; lorries with muck."""
    out: list[Thing] = []
    for _ in range(int(rng.choice([0, 0, 1, 2, 4]))):
        x, far = int(rng.uniform(-12_000, 14_000)), float(rng.uniform(1_200, scene.road_mm - 1_000))
        kind = "motor_vehicle"
        if rng.random() < 0.28 or scene.front == "hoarding":
            kind = str(rng.choice(["muck_truck_open", "muck_truck_covered"]))
            far = max(far, 1_700)
        yaw = 0 if far > scene.road_mm / 2 else 180
        y = scene.pavement_mm + int(far)
        if rng.random() < 0.08:
            y, yaw = scene.pavement_mm - 400, int(rng.integers(0, 360))
        lit = "lit" if scene.dark and rng.random() < 0.6 else ""
        out.append(make(kind, x, y, int(rng.integers(1 << 30)), yaw + int(rng.normal(0, 3)), lit))
    return out


def through_the_lens(rng: Rng, image: Image) -> Image:
    """What a cheap camera and its encoder do: exposure, contrast, tint, blur, small size, blocks."""
    gain, lift = rng.uniform(0.75, 1.3), rng.uniform(-15, 25)
    tint = rng.uniform(0.93, 1.07, 3)
    out = np.clip(image.astype(np.float32) * (gain * tint) + lift, 0, 255).astype(np.uint8)
    h, w = out.shape[:2]
    if rng.random() < 0.12:
        grey = cv2.cvtColor(out, cv2.COLOR_BGR2GRAY)
        out = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR).astype(np.uint8)
    if rng.random() < 0.3:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 1.3)).astype(np.uint8)
    if rng.random() < 0.25:
        by = rng.uniform(0.5, 0.85)
        out = cv2.resize(cv2.resize(out, None, fx=by, fy=by, interpolation=cv2.INTER_AREA), (w, h)).astype(
            np.uint8
        )
    ok, data = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 95))])
    assert ok
    back = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert back is not None
    return np.asarray(back, np.uint8)


def label_lines(scene: StreetScene, boxes: Sequence[TrueBox], cut: Cut) -> list[str]:
    """The boxes worth learning in a cut-out, as lines of a label file."""
    left, top, right, bottom = cut
    lines: list[str] = []
    for box in boxes:
        edges = (
            max(0.0, box.x_min - left),
            max(0.0, box.y_min - top),
            min(float(right), box.x_max) - left,
            min(float(bottom), box.y_max) - top,
        )
        w, h = edges[2] - edges[0], edges[3] - edges[1]
        if min(w, h) < SMALLEST_PX * scene.width / 640 or box.visible_permille < LEAST_VISIBLE_PERMILLE:
            continue
        if w * h < LEAST_OF_BOX * (box.x_max - box.x_min) * (box.y_max - box.y_min):
            continue
        if box.inside_permille < LEAST_INSIDE_PERMILLE and w * h < scene.width * scene.height * 0.02:
            continue
        lines.append(label_line(LABELS.index(box.label), edges, right - left, bottom - top))
    return lines


def cut_out(rng: Rng, scene: StreetScene) -> Cut:
    """What the detector is shown: the zones and what is around them, or the whole picture."""
    points = [point for zone in zones_of(scene) for point in zone.polygon]
    if not points or rng.random() < WHOLE:
        return (0, 0, scene.width, scene.height)
    u, v = [p[0] for p in points], [p[1] for p in points]
    du, dv = (max(u) - min(u)) * MARGIN, (max(v) - min(v)) * MARGIN
    near = rng.uniform(0.4, 1.6, 4)
    left = max(0.0, min(u) - max(LEAST_MARGIN, du) * near[0])
    top = max(0.0, min(v) - max(LEAST_MARGIN, dv) * near[1])
    right = min(1.0, max(u) + max(LEAST_MARGIN, du) * near[2])
    bottom = min(1.0, max(v) + max(LEAST_MARGIN, dv) * near[3])
    w, h = scene.width, scene.height
    return (int(left * w), int(top * h), round(right * w), round(bottom * h))


def made_up(count: int, rng: Rng) -> Iterator[Labelled]:
    """Anything anywhere: no street that makes sense, every kind often enough."""
    scene = random_scene(rng)
    for k in range(count):
        if k % PER_SCENE == 0:
            scene = random_scene(rng)
        things = random_things(rng, scene)
        picture = render_street(scene, things, k * 40_000_000)
        yield _shown(rng, scene, picture, street_boxes(scene, things))


def of_days(count: int, rng: Rng) -> Iterator[Labelled]:
    """Instants of days as they go: what stands where people put it, alone more often than not."""
    day = None
    for k in range(count):
        if day is None or k % PER_DAY == 0:
            day = generate_day(int(rng.integers(FIRST_DAY, 2 * FIRST_DAY)), DAYS)
        at = int(rng.integers(DAYS.quiet_s * S, day.length_ns))
        yield _shown(rng, day.scene, day.render(at), [box for _, box in day.true_boxes(at)])


def _shown(rng: Rng, scene: StreetScene, picture: Image, boxes: Sequence[TrueBox]) -> Labelled:
    cut = cut_out(rng, scene)
    left, top, right, bottom = cut
    return through_the_lens(rng, picture[top:bottom, left:right]), label_lines(scene, boxes, cut)


def pictures(count: int, seed: Seed) -> Iterator[Labelled]:
    """So many pictures of streets, and their labels."""
    rng = np.random.default_rng(seed)
    of_the_day = round(count * DAYS_SHARE)
    yield from made_up(count - of_the_day, rng)
    yield from of_days(of_the_day, rng)


def write_dataset(folder: Path, sizes: dict[str, int], seed: int, workers: int = 1) -> Path:
    """All splits and the `data.yaml` that Ultralytics trains from; returns the latter's path."""
    return write_yolo_dataset(folder, sizes, seed, LABELS, pictures, workers)
