"""Random streets: as some other city, camera and hour might have them."""

from __future__ import annotations

import math

import numpy as np

from edge_agent.sim.street.scene import Shop, StreetScene
from edge_agent.sim.street.things import Thing, make

Rng = np.random.Generator


def random_shops(rng: Rng) -> tuple[Shop, ...]:
    """Two to five shops side by side around x = 0."""
    widths = [int(rng.integers(2_800, 5_600)) for _ in range(int(rng.integers(2, 6)))]
    x = -sum(widths) // 2
    shops = []
    for wide in widths:
        awning = bool(rng.random() < 0.35)
        shops.append(Shop(x, x + wide, int(rng.integers(1 << 30)), awning, bool(rng.random() < 0.8)))
        x += wide
    return tuple(shops)


def random_view(rng: Rng, pavement_mm: int) -> dict[str, object]:
    """A camera on a lamp post, across the road, or on the wall; aimed at the pavement."""
    side = 1 if rng.random() < 0.5 else -1
    post = str(rng.choice(["post", "post", "across", "wall"]))
    if post == "post":
        away, out = rng.uniform(3_500, 9_000), pavement_mm + rng.uniform(-600, 2_500)
        place = (-side * away, out, rng.uniform(3_000, 5_800))
        aim = (rng.uniform(-1_000, 2_500) * side, rng.uniform(900, 2_600))
        focal = rng.uniform(650, 1_150)
    elif post == "across":
        out = pavement_mm + rng.uniform(5_000, 9_000)
        place = (rng.uniform(-6_000, 6_000), out, rng.uniform(3_500, 7_500))
        aim = (rng.uniform(-1_500, 1_500), rng.uniform(800, 2_600))
        focal = rng.uniform(850, 1_700)
    else:
        place = (-side * rng.uniform(5_000, 10_000), rng.uniform(300, 900), rng.uniform(2_800, 4_500))
        aim = (rng.uniform(-1_000, 2_500) * side, rng.uniform(1_200, 2_800))
        focal = rng.uniform(700, 1_200)
    return {
        "camera_mm": tuple(int(p) for p in place),
        "aim_mm": tuple(int(a) for a in aim),
        "focal_permille": int(focal),
        "roll_millirad": int(rng.normal(0, 15)),
    }


def random_scene(rng: Rng, width: int = 640, height: int = 360) -> StreetScene:
    """A street, its camera, its light and its weather."""
    pavement = int(rng.integers(3_200, 7_000))
    return StreetScene(
        shops=random_shops(rng),
        pavement_mm=pavement,
        road_mm=int(rng.integers(5_500, 12_000)),
        line_mm=int(rng.choice([0, 0, 0, 300, 600])),
        line_colour=str(rng.choice(["none", "none", "yellow", "green", "white"])),  # type: ignore[arg-type]  # one of the four
        front="hoarding" if rng.random() < 0.06 else "shops",
        light=str(rng.choice(["day", "day", "day", "overcast", "overcast", "dusk", "night"])),  # type: ignore[arg-type]  # one of the four
        weather=str(rng.choice(["dry", "dry", "dry", "dry", "wet", "rain", "snow"])),  # type: ignore[arg-type]  # one of the four
        sun_deg=(int(rng.integers(0, 360)), int(rng.integers(22, 75))),
        clouds=bool(rng.random() < 0.35),
        gain_permille=int(rng.integers(800, 1_250)),
        noise=int(rng.integers(0, 6)),
        soft_permille=int(rng.integers(0, 900)),
        width=width,
        height=height,
        seed=int(rng.integers(1, 1 << 30)),
        **random_view(rng, pavement),  # type: ignore[arg-type]  # fields of the scene
    )


def fixtures_of(scene: StreetScene, rng: Rng) -> list[Thing]:
    """What has always stood there: awnings, lamps, trees, bins, planters, bollards."""
    kerb = scene.pavement_mm
    things = [awning_of(shop, 1_000) for shop in scene.shops if shop.awning and scene.front == "shops"]
    for _ in range(int(rng.integers(0, 4))):
        x = int(rng.uniform(-12_000, 14_000))
        near = math.hypot(x - scene.camera_mm[0], kerb - scene.camera_mm[1]) < 7_000
        kind = str(rng.choice(["lamp", "tree", "tree"])) if not near else "lamp"
        things.append(make(kind, x, kerb - 450, int(rng.integers(1 << 30))))
    for _ in range(int(rng.integers(0, 4))):
        x, yaw = int(rng.uniform(-8_000, 10_000)), int(rng.choice([0, 0, 180]))
        things.append(
            make("street_furniture", x, kerb - int(rng.integers(300, 900)), int(rng.integers(1 << 30)), yaw)
        )
    return apart(things)


def awning_of(shop: Shop, open_permille: int) -> Thing:
    """The shop's awning, so far out."""
    base = make("awning", (shop.x0_mm + shop.x1_mm) // 2, 0, shop.look, pose=str(open_permille))
    return Thing(
        "awning",
        base.x_mm,
        0,
        0,
        shop.x1_mm - shop.x0_mm - 300,
        base.width_mm,
        base.height_mm,
        shop.look,
        str(open_permille),
    )


def reach_mm(thing: Thing) -> float:
    """Radius of the ground that a thing takes up, roughly."""
    if thing.kind in ("tree", "lamp", "awning", "parasol_tent"):
        return 150.0
    return 0.42 * math.hypot(thing.length_mm, thing.width_mm)


def apart(things: list[Thing]) -> list[Thing]:
    """Those that stand in nobody's place; the earlier in the list stays."""
    kept: list[Thing] = []
    for thing in things:
        if all(
            math.hypot(thing.x_mm - o.x_mm, thing.y_mm - o.y_mm) > reach_mm(thing) + reach_mm(o)
            for o in kept
            if o.kind != "awning" and thing.kind != "awning"
        ):
            kept.append(thing)
    return kept
