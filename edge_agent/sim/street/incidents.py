"""What happens in front of one shop: each incident adds its actors to the day and says when it is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from edge_agent.core.units import S
from edge_agent.sim.street.actors import Actor, Waypoint, stays, walks
from edge_agent.sim.street.draw import street_boxes
from edge_agent.sim.street.looks import awning_of, reach_mm
from edge_agent.sim.street.scene import StreetScene
from edge_agent.sim.street.script import Sky
from edge_agent.sim.street.things import Thing, make
from edge_agent.sim.street.truth import Interval
from edge_agent.sim.street.zones import ShopZone

Rng = np.random.Generator

SMALLEST_MM = 1_000  # strong goods shorter than this are made this long: a box of that size is what counts
TRIES = 60


@dataclass
class Stage:
    """A day in the making."""

    scene: StreetScene
    rng: Rng
    stay_ns: int
    length_ns: int
    skies: tuple[Sky, ...]
    actors: list[Actor]
    outages: list[Interval] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def name(self, what: str) -> str:
        """A name that nobody has yet."""
        return f"{what}-{len(self.actors)}"

    def look(self) -> int:
        """A new look."""
        return int(self.rng.integers(1 << 30))

    def long_ns(self) -> int:
        """A stay that is surely a case."""
        return int(self.stay_ns * self.rng.uniform(2.2, 4.5))

    def short_ns(self) -> int:
        """A stay that surely is none."""
        return int(self.stay_ns * self.rng.uniform(0.15, 0.5))

    def room(
        self, zone: ShopZone, thing: Thing, from_ns: int, until_ns: int, deep: float = 0.75
    ) -> Thing | None:
        """The thing on the zone's ground where nothing else stands then and where it can be seen."""
        x0, y0, x1, y1 = zone.rect_mm
        half_x, half_y = _halves(thing)
        low_x, high_x = x0 + half_x + 60, x1 - half_x - 60
        low_y, high_y = y0 + half_y + 60, y0 + max(half_y + 120, int((y1 - y0) * deep))
        high_y = min(high_y, y1 - half_y - 30)
        if low_x >= high_x or low_y >= high_y:
            return None
        for _ in range(TRIES):
            placed = thing.at(int(self.rng.uniform(low_x, high_x)), int(self.rng.uniform(low_y, high_y)))
            if self.free(placed, from_ns, until_ns) and self.shows(placed, from_ns):
                return placed
        return None

    def free(self, thing: Thing, from_ns: int, until_ns: int) -> bool:
        """Whether nothing that stands still is in its place."""
        for actor in self.actors:
            if actor.thing.kind == "awning":
                continue
            for start, end, x, y in actor.rests():
                if end <= from_ns or start >= until_ns:
                    continue
                if (
                    np.hypot(x - thing.x_mm, y - thing.y_mm)
                    < (reach_mm(thing) + reach_mm(actor.thing)) * 0.95
                ):
                    return False
        return True

    def shows(self, thing: Thing, t_ns: int) -> bool:
        """Whether most of it is in the picture and nothing that stands there covers it."""
        there = [a.at(t_ns) for a in self.actors if a.role in ("fixture", "goods", "rubbish")]
        things = [t for t in there if t is not None] + [thing]
        boxes = [b for b in street_boxes(self.scene, things) if b.index == len(things) - 1]
        if not boxes:
            return False
        box = boxes[0]
        scale = self.scene.width / 640
        big = min(box.x_max - box.x_min, box.y_max - box.y_min) >= 14 * scale
        return big and box.visible_permille >= 650 and box.inside_permille >= 850

    def put(self, what: str, role: str, thing: Thing, from_ns: int, until_ns: int) -> Actor:
        """Let it stand there."""
        actor = stays(self.name(what), role, thing, from_ns, min(until_ns, self.length_ns))  # type: ignore[arg-type]  # a role
        self.actors.append(actor)
        return actor

    def fetch(self, zone: ShopZone, thing: Thing, at_ns: int) -> None:
        """Somebody comes out of the door, carries it to its place and goes back in."""
        door = (int((zone.rect_mm[0] + zone.rect_mm[2]) / 2), 80)
        beside = (thing.x_mm + 500, max(150, thing.y_mm - 250))
        who = make("person", 0, 0, self.look(), pose="stand+carry")
        gone = walks(self.name("keeper"), "passer", who, 0, (door, beside), 1_100)
        there = gone.until_ns
        start = max(0, at_ns - there)
        back = replace(who, pose="stand")
        self.actors.append(walks(self.name("keeper"), "passer", who, start, (door, beside), 1_100))
        self.actors.append(walks(self.name("keeper"), "passer", back, start + there, (beside, door), 1_100))


def _halves(thing: Thing) -> tuple[int, int]:
    xs = [abs(x - thing.x_mm) for x, _ in thing.footprint_mm]
    ys = [abs(y - thing.y_mm) for _, y in thing.footprint_mm]
    return int(max(xs)), int(max(ys))


def _strong(stage: Stage) -> Thing:
    kind = str(stage.rng.choice(["goods_pile", "goods_pile", "goods_pile", "stall", "vendor_cart"]))
    thing = make(kind, 0, 0, stage.look(), int(stage.rng.choice([0, 0, 0, 8, -8])))
    return replace(
        thing, length_mm=max(SMALLEST_MM, min(thing.length_mm, 1_700)), height_mm=max(thing.height_mm, 600)
    )


def _weak_set(stage: Stage) -> list[Thing]:
    sets: Sequence[tuple[str, ...]] = (
        ("table", "seat", "seat", "seat"), ("display_rack", "movable_sign", "display_rack"),
        ("table", "cooking_gear", "seat"), ("display_rack", "display_rack", "table"),
    )  # fmt: skip
    chosen = sets[int(stage.rng.integers(len(sets)))]
    return [make(kind, 0, 0, stage.look(), int(stage.rng.choice([0, 0, 15, -15]))) for kind in chosen]


def _set_out(
    stage: Stage, zone: ShopZone, things: Sequence[Thing], at: int, until: int, apart_s: float
) -> int:
    """Put things out one after another; they are taken in together. Returns how many found room."""
    done = 0
    for thing in things:
        start = at + int(done * apart_s * S)
        placed = stage.room(zone, thing, start, until)
        if placed is None or start >= until:
            continue
        stage.put(placed.kind, "goods", placed, start, until)
        if stage.rng.random() < 0.7:
            stage.fetch(zone, placed, start)
        done += 1
    return done


def overflow(stage: Stage, zone: ShopZone, at: int) -> int:
    """Goods past the line for long: at once or piece by piece."""
    until = at + stage.long_ns()
    things = [_strong(stage) for _ in range(int(stage.rng.integers(1, 4)))]
    pace = float(stage.rng.choice([0.0, 2.0, 5.0]))
    done = _set_out(stage, zone, things, at, until, pace)
    stage.notes.append(f"{zone.name} overflow {done}")
    return until


def weak_overflow(stage: Stage, zone: ShopZone, at: int) -> int:
    """Tables and seats, or racks and signs, for long."""
    until = at + stage.long_ns() + stage.stay_ns // 2
    done = _set_out(stage, zone, _weak_set(stage), at, until, 1.0)
    stage.notes.append(f"{zone.name} weak {done}")
    return until


def brief(stage: Stage, zone: ShopZone, at: int) -> int:
    """Goods that are taken in again soon."""
    until = at + stage.short_ns()
    _set_out(stage, zone, [_strong(stage)], at, until, 0.0)
    stage.notes.append(f"{zone.name} brief")
    return until


def stray(stage: Stage, zone: ShopZone, at: int) -> int:
    """One seat or one sign, for long: too little."""
    until = at + stage.long_ns()
    kind = str(stage.rng.choice(["seat", "movable_sign", "table"]))
    _set_out(stage, zone, [make(kind, 0, 0, stage.look())], at, until, 0.0)
    stage.notes.append(f"{zone.name} stray {kind}")
    return until


def crowded(stage: Stage, zone: ShopZone, at: int) -> int:
    """People standing about, with or without goods between them."""
    until = at + stage.long_ns()
    if stage.rng.random() < 0.5:
        _set_out(stage, zone, [_strong(stage)], at + 2 * S, until, 0.0)
        stage.notes.append(f"{zone.name} crowd and goods")
    else:
        stage.notes.append(f"{zone.name} crowd")
    x0, y0, x1, y1 = zone.rect_mm
    for _ in range(int(stage.rng.integers(3, 8))):
        x, y = int(stage.rng.uniform(x0 + 300, x1 - 300)), int(stage.rng.uniform(y0 + 500, y1))
        start = at + int(stage.rng.uniform(0, 8) * S)
        end = min(until, start + int(stage.rng.uniform(0.5, 2.0) * stage.stay_ns))
        who = make("person", x, y, stage.look(), int(stage.rng.integers(0, 360)), "stand")
        if stage.free(who, start, end):
            stage.put("person", "crowd", who, start, end)
    return until


def parked(stage: Stage, zone: ShopZone, at: int) -> int:
    """Bicycles and scooters left there."""
    until = at + stage.long_ns() + stage.stay_ns
    for _ in range(int(stage.rng.integers(1, 5))):
        bike = make("two_wheeler", 0, 0, stage.look(), int(stage.rng.choice([80, 90, 100, 0])))
        placed = stage.room(zone, bike, at, until, 0.95)
        if placed is not None:
            stage.put("bike", "parked", placed, at, until)
    stage.notes.append(f"{zone.name} parked")
    return until


def delivery(stage: Stage, zone: ShopZone, at: int) -> int:
    """A van at the kerb, a hand truck, cartons for longer than the stay; then all of it is gone."""
    until = at + int(stage.stay_ns * stage.rng.uniform(1.2, 2.0))
    x0, _, x1, _ = zone.rect_mm
    van = make("motor_vehicle", 0, 0, stage.look(), 180)
    van = replace(van, height_mm=2_100, length_mm=4_700)
    y = stage.scene.pavement_mm + van.width_mm // 2 + 150
    middle = (x0 + x1) // 2
    come = (Waypoint(max(0, at - 6 * S), middle + 45_000, y), Waypoint(at, middle, y))
    stay = Waypoint(until + 3 * S, middle, y)
    leave = Waypoint(until + 9 * S, middle - 45_000, y)
    stage.actors.append(Actor(stage.name("van"), "delivery", van, (*come, stay, leave)))
    truck = make("hand_truck", 0, 0, stage.look(), 90, "loaded")
    spot = stage.room(zone, truck, at, until)
    if spot is not None:
        stage.put("hand_truck", "delivery", spot, at + 2 * S, until + S)
    cartons = [replace(make("goods_pile", 0, 0, stage.look()), height_mm=700)]
    for thing in cartons:
        placed = stage.room(zone, thing, at, until)
        if placed is not None:
            stage.put("cartons", "delivery", placed, at + 4 * S, until)
            stage.fetch(zone, placed, at + 4 * S)
    stage.notes.append(f"{zone.name} delivery")
    return until + 9 * S


def vendor(stage: Stage, zone: ShopZone, at: int) -> int:
    """A street vendor pedals up, sells for a while and pedals off."""
    until = at + stage.long_ns()
    kind = str(stage.rng.choice(["vendor_tricycle", "vendor_tricycle", "vendor_cart"]))
    cart = make(kind, 0, 0, stage.look(), int(stage.rng.choice([0, 180])))
    placed = stage.room(zone, cart, at, until, 0.95)
    if placed is None:
        return at
    out = stage.scene.pavement_mm - 400
    spots = [Waypoint(max(0, at - 8 * S), placed.x_mm - 14_000, out), Waypoint(at, placed.x_mm, placed.y_mm)]
    spots += [Waypoint(until, placed.x_mm, placed.y_mm), Waypoint(until + 8 * S, placed.x_mm + 14_000, out)]
    if until + 8 * S > stage.length_ns:
        spots = [*spots[:2], Waypoint(max(at + S, stage.length_ns), placed.x_mm, placed.y_mm)]
    stage.actors.append(Actor(stage.name("vendor"), "goods", placed, tuple(spots)))
    who = make(
        "person", placed.x_mm + 200, placed.y_mm - placed.width_mm // 2 - 350, stage.look(), 90, "stand"
    )
    stage.put("seller", "vendor", who, at, until)
    stage.notes.append(f"{zone.name} vendor {kind}")
    return until + 8 * S


def rubbish(stage: Stage, zone: ShopZone, at: int) -> int:
    """Bags left on the pavement: no goods."""
    until = at + stage.long_ns()
    bag = stage.room(zone, make("rubbish_bag", 0, 0, stage.look()), at, until, 0.95)
    if bag is not None:
        stage.put("bag", "rubbish", bag, at, until)
    stage.notes.append(f"{zone.name} rubbish")
    return until


def awning(stage: Stage, zone: ShopZone, at: int) -> int:
    """The awning is rolled out, and in again."""
    until = at + stage.long_ns()
    shop = stage.scene.shops[zone.shop]
    if shop.awning:
        return at
    reach = awning_of(shop, 1_000)
    thing = replace(reach, width_mm=min(reach.width_mm, 1_100))
    poses = tuple((at + k * S // 2, str(100 * k)) for k in range(11))
    away = tuple((until - (10 - k) * S // 2, str(1_000 - 100 * k)) for k in range(11))
    track = (Waypoint(at, thing.x_mm, 0), Waypoint(min(until, stage.length_ns), thing.x_mm, 0))
    stage.actors.append(
        Actor(stage.name("awning"), "decoy", replace(thing, pose="0"), track, (*poses, *away))
    )
    stage.notes.append(f"{zone.name} awning")
    return until


def taken_in_unseen(stage: Stage, zone: ShopZone, at: int) -> int:
    """Goods that stood long enough are taken in while the camera is away."""
    until = at + stage.long_ns()
    done = _set_out(stage, zone, [_strong(stage)], at, until, 0.0)
    if done and until + 10 * S < stage.length_ns:
        before, after = stage.rng.uniform(3, 8, 2)
        stage.outages.append((until - int(before * S), until + int(after * S)))
    stage.notes.append(f"{zone.name} taken in unseen")
    return until + 10 * S


INCIDENTS: dict[str, tuple[float, Callable[[Stage, ShopZone, int], int]]] = {
    "overflow": (3.0, overflow),
    "weak_overflow": (1.2, weak_overflow),
    "brief": (1.2, brief),
    "stray": (0.8, stray),
    "crowded": (1.0, crowded),
    "parked": (1.0, parked),
    "delivery": (1.2, delivery),
    "vendor": (0.8, vendor),
    "rubbish": (0.5, rubbish),
    "awning": (0.5, awning),
    "taken_in_unseen": (0.6, taken_in_unseen),
}
