"""The demo's street: three stretches of pavement, a minute of a day, rules scaled to it.

fruit    racks and crates are put out and taken in again: a case, cleared, put right at its re-check
corner   a vendor pedals up and sells on: nobody's ground, another rule; not put right at its re-check
noodles  a van unloads for longer than the rule's stay: a delivery, and no case

The van comes last: it stands before the corner, and a delivery pauses the stays of neighbours too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.config.loader import load
from edge_agent.config.street import StreetConfig
from edge_agent.core.units import Ns, S
from edge_agent.demo.references import accept_references
from edge_agent.devices.scene.bank import ReferenceBank
from edge_agent.sim.street.actors import Actor, Waypoint, stays, walks
from edge_agent.sim.street.clip import write_clip
from edge_agent.sim.street.scene import Shop, StreetScene
from edge_agent.sim.street.script import StreetDay
from edge_agent.sim.street.things import make
from edge_agent.sim.street.zones import ShopZone

FPS = 5
SIZE = (1280, 720)
CAMERA = "east"
ZONES = ("fruit_front", "noodles_front", "corner")  # in the order of the scene's shops

# The rules' times, scaled: what takes minutes on a street takes seconds here.
SCALED: dict[str, Any] = {
    "candidate_s": 4,
    "stay_s": 12,
    "gap_s": 4,
    "unloading_grace_s": 60,
    "clear_s": 6,
    "cooldown_s": 60,
    "recheck_s": 16,
    "picture_spacing_s": 4,
    "hours": {"enforce": []},
}
SETTLE_MS = 1_500  # of the layer: what stands still
CRATES_S = (4, 30)  # from the first pile until they are taken in
VENDOR_S = 6
DELIVERY_S = (28, 49)
# The box connects, looks every other second and waits until goods stand still: so much later may it confirm.
LATE_S = 6


@dataclass(frozen=True, slots=True)
class TrueStay:
    """Goods that really stood in a zone for so long; times of the day, ns."""

    zone: str
    start: Ns
    end: Ns
    case: bool  # so much of it is watched that the scaled rule must find it; of others it may


@dataclass(frozen=True, slots=True)
class StreetPlay:
    """What the street camera sees, and what is really there."""

    day: StreetDay
    truth: tuple[TrueStay, ...]

    def write(self, path: Path, progress: Any) -> None:
        """Render the camera's video."""
        write_clip(
            path,
            self.day.scene,
            self.day,
            0,
            self.day.length_ns,
            FPS,
            size=SIZE,
            progress=lambda done, of: progress("rendering the street camera", done, of),
        )

    def accept_reference(self, folder: Path, at_utc: str) -> None:
        """What a technician does at commissioning: accept a picture of the clear pavement."""
        accept_references(self.day, ReferenceBank(folder, CAMERA), "demo", at_utc)


def street_play(seconds: float, watched_s: float) -> StreetPlay:
    """A street of so many seconds, of which the box is sure to watch the first `watched_s`."""
    length, watched = round(seconds * S), round(watched_s * S)
    scene = StreetScene(width=SIZE[0], height=SIZE[1], shops=_SHOPS)
    zones = StreetDay(scene, (), length).zones
    fruit, noodles, corner = zones
    goods = _crates(fruit, *CRATES_S)
    selling = _vendor(corner, from_s=VENDOR_S, until_s=seconds)
    actors = [*goods, *_delivery(scene, noodles, *DELIVERY_S), *selling, *_passers(seconds)]
    here = tuple(actor for actor in actors if actor.from_ns < length)
    least = (SCALED["stay_s"] + SCALED["candidate_s"] + LATE_S) * S
    put_out, taken_in = CRATES_S
    stood = ((ZONES[0], put_out * S, min(taken_in * S, length)), (ZONES[2], VENDOR_S * S, length))
    truth = tuple(
        TrueStay(name, Ns(start), Ns(end), case=min(end, watched) - start >= least)
        for name, start, end in stood
        if start < end
    )
    return StreetPlay(StreetDay(scene, here, length, name="demo"), truth)


_SHOPS = (Shop(-6_000, -2_000, 1), Shop(-2_000, 2_500, 2, awning=True), Shop(2_500, 6_000, 3))


def street_config(example: Path, scene: StreetScene) -> StreetConfig:
    """The example's street, its zones laid over the scene's ground and its times scaled."""
    street = load(example).street
    assert street is not None
    tree = street.model_dump(mode="json")
    del tree["utc_offsets"]
    for rule in tree["rules"].values():
        rule.update(SCALED)
    drawn = dict(zip(ZONES, StreetDay(scene, (), 1).zones, strict=True))
    tree["cameras"][CAMERA]["scene"]["layer"]["settle_ms"] = SETTLE_MS
    for name, zone in tree["cameras"][CAMERA]["zones"].items():
        zone.update(_laid_out(drawn[name]))
    return StreetConfig.model_validate(tree)


def _laid_out(zone: ShopZone) -> dict[str, Any]:
    return {
        "polygon": zone.polygon,
        "door_line": zone.door_line,
        "metric": {"quad": zone.quad, "sides_mm": zone.sides_mm, "diagonal_mm": zone.diagonal_mm},
    }


def _crates(zone: ShopZone, from_s: float, until_s: float) -> list[Actor]:
    """Two racks, then crates."""
    x0, y0, x1, _ = zone.rect_mm
    spots = ((0, 0.3, "display_rack", 47), (0, 0.55, "display_rack", 59), (5, 0.8, "goods_pile", 119))
    out = []
    for number, (after_s, share, kind, look) in enumerate(spots):
        thing = make(kind, x0 + round(share * (x1 - x0)), y0 + 900, look)
        out.append(
            stays(f"crates-{number}", "goods", thing, round((from_s + after_s) * S), round(until_s * S))
        )
    keeper, way = make("person", x0 + 700, y0 + 1_700, 5, 90), ((x0 + 200, 100), (x0 + 900, y0 + 1_500))
    out.append(walks("keeper", "passer", keeper, round((from_s - 2) * S), way, 900))
    return out


def _delivery(scene: StreetScene, zone: ShopZone, from_s: float, until_s: float) -> list[Actor]:
    """A van at the kerb, a hand truck and cartons: longer than the rule's stay."""
    x0, y0, x1, _ = zone.rect_mm
    middle, start, end = (x0 + x1) // 2, round(from_s * S), round(until_s * S)
    van = make("motor_vehicle", 0, 0, 41, 180)
    y = scene.pavement_mm + van.width_mm // 2 + 200
    track = (
        Waypoint(max(0, start - 6 * S), middle + 40_000, y),
        Waypoint(start, middle, y),
        Waypoint(end, middle, y),
        Waypoint(end + 6 * S, middle - 40_000, y),
    )
    cartons = make("goods_pile", middle + 500, y0 + 900, 57)
    truck = make("hand_truck", middle - 700, y0 + 1_300, 61, 90, "loaded")
    return [
        Actor("van", "delivery", van, track),
        stays("cartons", "delivery", cartons, start + 3 * S, end - S),
        stays("hand-truck", "delivery", truck, start + 2 * S, end - S),
    ]


def _vendor(zone: ShopZone, from_s: float, until_s: float) -> list[Actor]:
    """A tricycle pedals up and stays; somebody sells beside it."""
    x0, y0, x1, y1 = zone.rect_mm
    x, y = (x0 + x1) // 2, (y0 + y1) // 2
    start, end = round(from_s * S), round(max(until_s, from_s + 2) * S)
    cart = make("vendor_tricycle", x, y, 71, 180)
    track = (Waypoint(start - 5 * S, x + 12_000, y), Waypoint(start, x, y), Waypoint(end, x, y))
    seller = make("person", x + 300, y - 900, 73, 90, "stand")
    return [Actor("vendor", "goods", cart, track), stays("seller", "vendor", seller, start, end)]


def _passers(seconds: float) -> list[Actor]:
    """People who walk by, one every few seconds."""
    out = []
    for number in range(int(seconds // 7) + 1):
        left, row = number % 2 == 0, 2_700 + 350 * (number % 4)
        places = ((-9_000, row), (11_000, row)) if left else ((11_000, row), (-9_000, row))
        who = make("person", 0, 0, 100 + number)
        out.append(walks(f"passer-{number}", "passer", who, 7 * number * S, places, 1_250))
    return out
