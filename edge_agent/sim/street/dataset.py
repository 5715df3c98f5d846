"""Training pictures: random streets, light, weather, goods and people, labelled by the renderer itself.

Every picture is drawn; there is not one photograph in it. Scenes are never shared between the
training, validation and test splits, so that a split never sees a street of another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from edge_agent.sim.render.backdrop import Image
from edge_agent.sim.street.draw import TrueBox, render_street, street_boxes
from edge_agent.sim.street.looks import Rng, apart, fixtures_of, random_scene
from edge_agent.sim.street.scene import StreetScene
from edge_agent.sim.street.things import LABELS, Thing, make

PER_SCENE = 4
# A thing smaller than this, or mostly hidden, is left without a label: a person would not mark it either.
SMALLEST_PX = 9  # at 640 px width
LEAST_VISIBLE_PERMILLE = 300
LEAST_INSIDE_PERMILLE = 250

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


def label_lines(scene: StreetScene, boxes: Sequence[TrueBox]) -> list[str]:
    """The boxes worth learning, as lines of a YOLO label file: class, centre and size over the picture."""
    lines: list[str] = []
    for box in boxes:
        w, h = box.x_max - box.x_min, box.y_max - box.y_min
        if min(w, h) < SMALLEST_PX * scene.width / 640 or box.visible_permille < LEAST_VISIBLE_PERMILLE:
            continue
        if box.inside_permille < LEAST_INSIDE_PERMILLE and w * h < scene.width * scene.height * 0.02:
            continue
        u, v = (box.x_min + box.x_max) / 2 / scene.width, (box.y_min + box.y_max) / 2 / scene.height
        lines.append(
            f"{LABELS.index(box.label)} {u:.5f} {v:.5f} {w / scene.width:.5f} {h / scene.height:.5f}"
        )
    return lines


def write_split(
    folder: Path, split: str, count: int, seed: int, progress: Callable[[int], None] | None = None
) -> None:
    """`count` pictures with labels under folder/images/split and folder/labels/split."""
    images, labels = folder / "images" / split, folder / "labels" / split
    images.mkdir(parents=True, exist_ok=True)
    labels.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    scene = random_scene(rng)
    for k in range(count):
        if k % PER_SCENE == 0:
            scene = random_scene(rng)
        things = random_things(rng, scene)
        picture = through_the_lens(rng, render_street(scene, things, k * 40_000_000))
        name = f"{split}_{k:05d}"
        cv2.imwrite(str(images / f"{name}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 92])
        lines = label_lines(scene, street_boxes(scene, things))
        (labels / f"{name}.txt").write_text("\n".join(lines) + "\n" if lines else "", encoding="utf-8")
        if progress:
            progress(k + 1)


def write_dataset(
    folder: Path, sizes: dict[str, int], seed: int, progress: Callable[[int], None] | None = None
) -> Path:
    """All splits and the `data.yaml` that Ultralytics trains from; returns the latter's path."""
    for index, (split, count) in enumerate(sizes.items()):
        write_split(folder, split, count, seed * 100 + index, progress)
    names = "\n".join(f"  {k}: {name}" for k, name in enumerate(LABELS))
    splits = "\n".join(f"{split}: images/{split}" for split in sizes)
    path = folder / "data.yaml"
    path.write_text(f"path: {folder.resolve()}\n{splits}\nnames:\n{names}\n", encoding="utf-8")
    return path
