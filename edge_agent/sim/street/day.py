"""Days made up by chance: what a rule must tell from one another, with the truth of it.

Every day has what a profile says: goods put out for long or short, one by one or at once; deliveries;
crowds; parked bicycles; street vendors; rain; dusk; knocks; a camera that is away while goods are taken in.
Stays are scaled to `stay_s`: long ones are at least 2.2 times it, short ones at most half, so that no day
turns on a second.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from edge_agent.core.units import S
from edge_agent.sim.rng import stream
from edge_agent.sim.street.actors import Actor, stays
from edge_agent.sim.street.incidents import INCIDENTS, Stage
from edge_agent.sim.street.looks import fixtures_of, random_shops, random_view
from edge_agent.sim.street.scene import StreetScene
from edge_agent.sim.street.script import Knock, Sky, StreetDay, Sway
from edge_agent.sim.street.traffic import passers, road_traffic
from edge_agent.sim.street.zones import ShopZone, zones_of

Rng = np.random.Generator
LEAST_ZONE = 0.012  # of the picture: a zone smaller than this is not one that anybody would draw


@dataclass(frozen=True, slots=True)
class DayProfile:
    """What kind of days to make."""

    name: str = "mixed"
    length_s: int = 300
    stay_s: int = 20  # the rule's stay that the day is scaled for
    quiet_s: int = 8  # nothing happens before
    width: int = 640
    height: int = 360
    weights: dict[str, float] = field(default_factory=lambda: {name: w for name, (w, _) in INCIDENTS.items()})
    dark: float = 0.3  # how likely dusk or night comes
    wet: float = 0.25  # how likely it rains
    knocks: float = 0.2  # how likely the camera is knocked
    outages: float = 0.2  # how likely the camera is away once more
    passers_per_min: float = 6.0


def drawn_zones(scene: StreetScene) -> tuple[ShopZone, ...]:
    """The zones that somebody would draw; things happen in these."""
    return tuple(zone for zone in zones_of(scene) if _share(zone) >= LEAST_ZONE)


def _share(zone: ShopZone) -> float:
    p = np.array(zone.polygon)
    q = np.roll(p, -1, axis=0)
    return abs(float(np.sum(p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]))) / 2


def day_scene(rng: Rng, profile: DayProfile) -> StreetScene:
    """A street and a camera that shows two shops' ground or more well enough."""
    while True:
        pavement = int(rng.integers(3_600, 5_600))
        shops = tuple(replace(s, awning=s.awning and bool(rng.random() < 0.5)) for s in random_shops(rng))
        scene = StreetScene(
            shops=shops,
            pavement_mm=pavement,
            line_mm=int(rng.choice([0, 0, 300])),
            line_colour=str(rng.choice(["none", "yellow", "green"])),  # type: ignore[arg-type]  # one of the four
            width=profile.width,
            height=profile.height,
            noise=int(rng.integers(1, 4)),
            soft_permille=int(rng.integers(200, 700)),
            seed=int(rng.integers(1, 1 << 30)),
            **random_view(rng, pavement),  # type: ignore[arg-type]  # fields of the scene
        )
        if len(drawn_zones(scene)) >= 2 and scene.camera_mm[1] > 2_000:
            return scene


def _skies(rng: Rng, profile: DayProfile) -> tuple[Sky, ...]:
    """Morning to evening: the sun goes round, clouds come, it may rain, it may get dark."""
    length = profile.length_s
    start = int(rng.integers(20, 160))
    high = int(rng.integers(35, 65))
    skies = [Sky(0, "day", "dry", bool(rng.random() < 0.4), (start, high))]
    marks = sorted(int(m) for m in rng.uniform(0.2, 0.9, 3) * length)
    rains, darkens = rng.random() < profile.wet, rng.random() < profile.dark
    if rains:
        skies.append(Sky(marks[0] * S, "overcast", "rain", True))
        skies.append(Sky(max(marks[1], marks[0] + 30) * S, "overcast", "wet", True))
    else:
        skies.append(Sky(marks[0] * S, "day", "dry", bool(rng.random() < 0.5), (start + 40, high)))
    if darkens:
        wet = "wet" if rains else "dry"
        at = max(int(length * rng.uniform(0.5, 0.75)) * S, skies[-1].at_ns + 20 * S)
        skies.append(Sky(at, "dusk", wet))  # type: ignore[arg-type]  # one of the weathers
        if rng.random() < 0.5:
            skies.append(Sky(at + 45 * S, "night", wet))  # type: ignore[arg-type]  # as above
    return tuple(s for s in skies if s.at_ns < profile.length_s * S)


def _knocks(rng: Rng, profile: DayProfile) -> tuple[Knock, ...]:
    if rng.random() >= profile.knocks:
        return ()
    at = int(rng.uniform(0.25, 0.8) * profile.length_s) * S
    reach = int(rng.choice([4, 9, 16, 60]))
    turn = (int(rng.integers(-reach, reach + 1)), int(rng.integers(-reach, reach + 1)))
    knock = Knock(at, turn, int(rng.integers(-4, 5)) if reach < 60 else 0)
    if rng.random() < 0.4:  # somebody puts it right
        return (knock, Knock(at + 40 * S, (0, 0), 0))
    return (knock,)


def generate_day(seed: int, profile: DayProfile | None = None) -> StreetDay:
    """A day of this seed: same seed and profile, same day."""
    profile = profile or DayProfile()
    scene = day_scene(stream(seed, "street", "scene"), profile)
    rng = stream(seed, "street", "script")
    fixed = fixtures_of(scene, stream(seed, "street", "fixtures"))
    wanted = drawn_zones(scene)
    in_way = [t for t in fixed if not any(z.holds_mm(t.x_mm, t.y_mm) for z in wanted)]
    length = profile.length_s * S
    skies = _skies(stream(seed, "street", "sky"), profile)
    actors: list[Actor] = [
        stays(f"fixture-{k}", "fixture", thing, 0, length) for k, thing in enumerate(in_way)
    ]
    stage = Stage(scene, rng, profile.stay_s * S, length, skies, actors)
    names = sorted(profile.weights)
    odds = np.array([profile.weights[n] for n in names])
    for zone in wanted:
        now = profile.quiet_s * S + int(rng.uniform(0, 40) * S)
        while now < length - profile.stay_s * S:
            name = names[int(rng.choice(len(names), p=odds / odds.sum()))]
            now = INCIDENTS[name][1](stage, zone, now) + int(rng.uniform(1.2, 2.5) * profile.stay_s * S)
    rain = [(s.at_ns, e) for s, e in _until_next(skies, length) if s.weather == "rain"]
    actors += passers(
        stream(seed, "street", "passers"), scene, profile.quiet_s * S, length, profile.passers_per_min, rain
    )
    actors += road_traffic(stream(seed, "street", "traffic"), scene, length)
    outages = list(stage.outages)
    extra = stream(seed, "street", "outage")
    if extra.random() < profile.outages:
        at = int(extra.uniform(0.2, 0.9) * profile.length_s) * S
        outages.append((at, at + int(extra.uniform(5, 25) * S)))
    shake = stream(seed, "street", "sway")
    return StreetDay(
        scene=scene,
        actors=tuple(actors),
        length_ns=length,
        skies=skies,
        knocks=_knocks(stream(seed, "street", "knock"), profile),
        outages=tuple(sorted(outages)),
        sway=Sway(int(shake.choice([0, 0, 150, 400])), int(shake.choice([0, 0, 0, 300]))),
        seed=seed,
        name=f"{profile.name}-{seed}",
        notes=tuple(stage.notes),
    )


def _until_next(skies: tuple[Sky, ...], length: int) -> list[tuple[Sky, int]]:
    ends = [*(s.at_ns for s in skies[1:]), length]
    return list(zip(skies, ends, strict=True))
