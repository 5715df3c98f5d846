"""Training pictures: random bridges, light, weather and traffic, labelled by the renderer itself.

Every picture is drawn; there is not one photograph in it. Scenes are never shared between the
training, validation and test splits, so that a split never sees a backdrop of another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from edge_agent.sim.render.backdrop import Image
from edge_agent.sim.render.draw import TrueBox, render_frame, vehicle_boxes
from edge_agent.sim.render.scene import Scene, SceneLane
from edge_agent.sim.world import Dynamics, Leg, Motion, Passage, Vehicle
from edge_agent.sim.yolo_dataset import Labelled, Seed, label_line, write_yolo_dataset

CLASSES = ("truck", "bus", "car", "motorbike")
PER_SCENE = 4
# A vehicle smaller than this, or mostly hidden, is left without a label: a person would not mark it either.
SMALLEST_PX = 9
LEAST_VISIBLE_PERMILLE = 250
SMALLEST_CUT_PX = 30  # ... of a vehicle that is mostly outside the frame
STILL = Dynamics(1.0, 0.0, 10.0, 0.0, (), ())

# kind: weight in traffic; length, width and height ranges, mm; axles as shares of the wheelbase.
KINDS: dict[str, tuple[float, tuple[int, int], tuple[int, int], tuple[int, int], tuple[float, ...]]] = {
    "car": (5.0, (3600, 5200), (1650, 1950), (1400, 2400), (0.0, 1.0)),
    "bus": (1.6, (7500, 13000), (2300, 2550), (2900, 3700), (0.0, 1.0)),
    "truck2": (1.6, (5500, 9000), (2000, 2500), (2600, 3700), (0.0, 1.0)),
    "truck3": (1.6, (8000, 11000), (2300, 2550), (2900, 3990), (0.0, 0.75, 1.0)),
    "truck4": (1.2, (9000, 12000), (2400, 2550), (3000, 3990), (0.0, 0.25, 0.8, 1.0)),
    "semi6": (2.0, (13000, 18100), (2450, 2550), (3000, 4000), (0.0, 0.25, 0.35, 0.8, 0.9, 1.0)),
    "tractor": (0.4, (5800, 7200), (2400, 2550), (3000, 3800), (0.0, 0.75, 1.0)),
    "motorbike": (1.4, (1700, 2300), (650, 900), (1450, 1800), (0.0, 1.0)),
}


def random_scene(rng: np.random.Generator, width: int = 640, height: int = 360) -> Scene:
    """A bridge as some other city might have it."""
    count = int(rng.integers(1, 5))
    lane_width = int(rng.integers(3250, 3950))
    lanes = tuple(SceneLane(str(k + 1), int((k - (count - 1) / 2) * lane_width)) for k in range(count))
    reach = count * lane_width // 2 + 2500
    return Scene(
        lanes=lanes,
        lane_width_mm=lane_width,
        x_cam_mm=25_000,
        standoff_mm=int(rng.integers(9_000, 40_000)),
        height_mm=int(rng.integers(2_500, 9_500)),
        lateral_mm=int(rng.integers(-reach, reach)),
        focal_permille=int(rng.integers(700, 2200)),
        aim_v_permille=int(rng.integers(500, 800)),
        aim_u_permille=int(rng.integers(350, 650)),
        roll_millirad=int(rng.normal(0, 20)),
        facing="front" if rng.random() < 0.65 else "rear",
        shoulder_mm=int(rng.integers(300, 3500)),
        width=width,
        height=height,
        light=str(rng.choice(["day", "day", "overcast", "overcast", "dusk", "night"])),  # type: ignore[arg-type]  # one of the four
        weather=str(rng.choice(["dry", "dry", "dry", "rain", "fog"])),  # type: ignore[arg-type]  # one of the three
        rails=bool(rng.random() < 0.75),
        noise=int(rng.integers(0, 6)),
        seed=int(rng.integers(1, 1 << 30)),
    )


def random_vehicle(rng: np.random.Generator) -> Vehicle:
    """A vehicle of any kind, with the proportions of its kind."""
    names = list(KINDS)
    weights = np.array([KINDS[k][0] for k in names])
    kind = names[int(rng.choice(len(names), p=weights / weights.sum()))]
    _, lengths, widths, heights, shares = KINDS[kind]
    length = int(rng.integers(*lengths))
    small = kind in ("car", "motorbike")
    overhang = int(length * (0.17 if small else 0.11))
    base = length - overhang - int(length * (0.19 if small else 0.14))
    height = int(rng.integers(*heights))
    if kind == "car" and rng.random() < 0.7:
        height = int(rng.integers(1400, 1750))
    return Vehicle(
        kind=kind,
        plate=f"{int(rng.integers(1 << 30))}",
        plate_colour=str(
            rng.choice(["blue", "green"] if kind == "car" else ["yellow", "yellow", "blue", "green"])
        ),
        axle_offsets_mm=tuple(int(base * s) for s in shares),
        axle_loads_g=(1_000_000,) * len(shares),
        length_mm=length,
        width_mm=int(rng.integers(*widths)),
        height_mm=height,
        front_overhang_mm=overhang,
    )


def random_traffic(rng: np.random.Generator, scene: Scene) -> list[Passage]:
    """Vehicles standing in file on every lane at time 0, dense to empty."""
    passages: list[Passage] = []
    for lane in scene.lanes:
        x = 25_000 + int(rng.integers(-12_000, 30_000))
        for _ in range(int(rng.integers(0, 7))):
            vehicle = random_vehicle(rng)
            lateral = int(rng.normal(0, 250 if vehicle.kind != "motorbike" else 800))
            motion = Motion((Leg(0, float(x - vehicle.front_overhang_mm), 0.0, 0.0),))
            passages.append(Passage(len(passages) + 1, lane.id, vehicle, motion, STILL, lateral))
            x -= vehicle.length_mm + int(rng.exponential(14_000)) + 2_000
    return passages


def weather_the_lens(rng: np.random.Generator, image: Image) -> Image:
    """What an optic and a cheap camera do: exposure, contrast, blur, a coarse encoder."""
    gain, lift = rng.uniform(0.75, 1.35), rng.uniform(-15, 25)
    out = np.clip(image.astype(np.float32) * gain + lift, 0, 255).astype(np.uint8)
    if rng.random() < 0.35:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 1.4)).astype(np.uint8)
    quality = int(rng.integers(45, 95))
    ok, data = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert ok
    back = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert back is not None
    return back.astype(np.uint8)


def label_lines(scene: Scene, boxes: Sequence[TrueBox]) -> list[str]:
    """The boxes worth learning, as lines of a label file."""
    lines: list[str] = []
    for box in boxes:
        w, h = box.x_max - box.x_min, box.y_max - box.y_min
        least = SMALLEST_CUT_PX if box.inside_permille < 400 else SMALLEST_PX
        if min(w, h) < least * scene.width / 640 or box.visible_permille < LEAST_VISIBLE_PERMILLE:
            continue
        edges = (box.x_min, box.y_min, box.x_max, box.y_max)
        lines.append(label_line(CLASSES.index(box.label), edges, scene.width, scene.height))
    return lines


def pictures(count: int, seed: Seed) -> Iterator[Labelled]:
    """So many pictures of bridges, and their labels."""
    rng = np.random.default_rng(seed)
    scene = random_scene(rng)
    for k in range(count):
        if k % PER_SCENE == 0:
            scene = random_scene(rng)
        traffic = random_traffic(rng, scene)
        picture = weather_the_lens(rng, render_frame(scene, traffic, k * 40_000_000))
        yield picture, label_lines(scene, vehicle_boxes(scene, traffic, k * 40_000_000))


def write_dataset(folder: Path, sizes: dict[str, int], seed: int, workers: int = 1) -> Path:
    """All splits and the `data.yaml` that Ultralytics trains from; returns the latter's path."""
    return write_yolo_dataset(folder, sizes, seed, CLASSES, pictures, workers)
