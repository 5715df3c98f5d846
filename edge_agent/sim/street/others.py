"""Streets that are not about shops: muck trucks, a building site's gate, bins. Each with its one zone."""

from __future__ import annotations

from dataclasses import replace

from edge_agent.core.units import S
from edge_agent.sim.street.actors import Actor, Waypoint, stays
from edge_agent.sim.street.scene import Light, Shop, StreetScene
from edge_agent.sim.street.script import Sky, StreetDay
from edge_agent.sim.street.things import Thing, make
from edge_agent.sim.street.zones import ShopZone, ground_zone

SITE = StreetScene(
    shops=(Shop(-3_000, 3_000, 1),),
    front="hoarding",
    camera_mm=(-7_000, 17_000, 6_500),
    aim_mm=(0, 4_500),
    focal_permille=1_000,
    pavement_mm=3_600,
    road_mm=8_000,
    line_colour="none",
)
PARK = StreetScene(
    camera_mm=(-4_500, 8_500, 4_200), aim_mm=(0, 2_200), focal_permille=1_000, line_colour="none"
)


def _zone(scene: StreetScene, name: str, rect_mm: tuple[int, int, int, int]) -> ShopZone:
    zone = ground_zone(scene, name, 0, rect_mm)
    assert zone is not None, "the scenes of this file show their zones"
    return zone


def _stops(name: str, thing: Thing, x_mm: int, y_mm: int, from_ns: int, until_ns: int) -> Actor:
    """Drives up along the road, stands there, drives off."""
    track = (
        Waypoint(max(0, from_ns - 5 * S), x_mm + 45_000, y_mm),
        Waypoint(from_ns, x_mm, y_mm),
        Waypoint(until_ns, x_mm, y_mm),
        Waypoint(until_ns + 6 * S, x_mm - 45_000, y_mm),
    )
    return Actor(name, "traffic", thing, track)


def muck_truck_day(covered: bool, length_s: int = 60, seed: int = 1) -> tuple[StreetDay, ShopZone]:
    """A muck truck, its load covered or not, waits on the road before a site for half the time."""
    kind = "muck_truck_covered" if covered else "muck_truck_open"
    truck = make(kind, 0, 0, seed * 31 + 7, 180)
    y = SITE.pavement_mm + 2_000
    actor = _stops("truck", truck, 0, y, length_s * S // 4, length_s * S * 3 // 4)
    day = StreetDay(replace(SITE, seed=seed), (actor,), length_s * S, seed=seed, name=kind)
    return day, _zone(SITE, "road", (-5_500, SITE.pavement_mm + 200, 5_500, SITE.pavement_mm + 4_500))


def site_gate_day(light: Light = "night", length_s: int = 60, seed: int = 1) -> tuple[StreetDay, ShopZone]:
    """A lorry and people at work before the gate; whether it is allowed is a question of the hour."""
    truck = make("muck_truck_open", -500, 2_600, seed * 31 + 5, 180)
    start, end = length_s * S // 4, length_s * S * 3 // 4
    people = [
        stays(f"worker-{k}", "crowd", make("person", x, y, seed * 31 + k, 120), start, end)
        for k, (x, y) in enumerate(((-6_200, 2_600), (4_900, 2_200)))
    ]
    lorry = stays("lorry", "traffic", truck, start, end)
    day = StreetDay(
        replace(SITE, seed=seed),
        (lorry, *people),
        length_s * S,
        (Sky(0, light),),
        seed=seed,
        name=f"gate-{light}",
    )
    return day, _zone(SITE, "gate", (-6_000, 600, 5_500, SITE.pavement_mm + 400))


def bins_day(length_s: int = 60, seed: int = 1) -> tuple[StreetDay, ShopZone]:
    """Bags are left beside the bins, and later taken away."""
    bins = Thing("street_furniture", 0, 2_200, 0, 2_200, 650, 1_100, seed * 31 + 3, "bins")
    fixed = stays("bins", "fixture", bins, 0, length_s * S)
    bags = [
        stays(
            f"bag-{k}", "rubbish", make("rubbish_bag", x, y, seed * 31 + k + 9), at * S, length_s * S * 3 // 4
        )
        for k, (x, y, at) in enumerate(((-1_700, 2_300, length_s // 5), (1_800, 2_700, length_s // 4)))
    ]
    day = StreetDay(replace(PARK, seed=seed), (fixed, *bags), length_s * S, seed=seed, name="bins")
    return day, _zone(PARK, "bins", (-3_000, 1_400, 3_000, 3_600))
