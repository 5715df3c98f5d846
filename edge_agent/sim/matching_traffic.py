"""Traffic for the matcher: crossings and plate reads of a two-lane bridge, with the truth about each.

Nothing is weighed here: a crossing is made directly, with the errors that a scale's times and
speeds have, and a read with the errors that a camera's have. What is drawn is meant to be a little
worse than the settings of the matcher assume in some ways and better in others, as on a real site.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import sqrt
from random import Random

from edge_agent.core.records import Axle, Crossing, PlateCandidate, PlateRead, SpeedSource
from edge_agent.core.units import Grams, Mm, MmPerS, Ns, Permille, S

CAMERA = "cam1"


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of vehicle: share of traffic, axle offsets, gross weight range, what a camera calls it."""

    share: float
    offsets_mm: tuple[int, ...]
    gross_kg: tuple[int, int]
    word: str
    colour: str


KINDS = (
    Kind(0.55, (0, 2_700), (1_100, 2_200), "car", "blue"),
    Kind(0.12, (0, 3_300), (2_500, 4_400), "truck", "blue"),
    Kind(0.05, (0, 6_000), (9_000, 17_000), "bus", "yellow"),
    Kind(0.08, (0, 4_800), (7_000, 18_000), "truck", "yellow"),
    Kind(0.06, (0, 3_800, 5_150), (12_000, 28_000), "truck", "yellow"),
    Kind(0.06, (0, 1_900, 5_600, 6_950), (14_000, 38_000), "truck", "yellow"),
    Kind(0.08, (0, 3_200, 4_550, 10_600, 11_910, 13_220), (18_000, 56_000), "truck", "yellow"),
)


@dataclass(frozen=True, slots=True)
class Traffic:
    """One regime. Shares are fractions of one, rates are per hour."""

    name: str
    per_hour_lane: int
    speed_kmh: float
    lanes: tuple[str, ...] = ("1", "2")
    distance_mm: int = 12_000
    front_overhang_mm: int = 1_300
    tailgating: float = 0.10  # followers 0.3 to 0.8 s behind the leader's last axle
    speed_error: float = 0.015  # of a measured speed, one standard deviation
    acceleration_mm_s2: float = 150.0  # between scale and camera, one standard deviation
    camera_sd_s: float = 0.10
    camera_wild: float = 0.01  # reads whose time is four times as bad
    clock_error_s: float = 0.0  # camera clock minus box clock
    miss: float = 0.05
    misread: float = 0.02
    unreadable: float = 0.01
    duplicate: float = 0.05
    stray_per_hour: float = 10.0  # vehicles that pass no scale
    scale_miss: float = 0.002  # vehicles that pass one and are not seen by it
    wrong_lane: float = 0.01
    no_lane: float = 0.10
    wrong_class: float = 0.06
    wrong_colour: float = 0.08
    late_push: float = 0.01  # reads pushed 2 to 9 s late


REGIMES = (
    Traffic("sparse", 60, 50),
    Traffic("light", 200, 45),
    Traffic("medium", 500, 40),
    Traffic("busy", 900, 30),
    Traffic("dense", 1_300, 22),
)
# Stop and go: arrivals depend on each other and no method that takes them as independent may decide.
JAM = Traffic("crawling", 800, 8)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something that reaches the box at `at`."""

    at: Ns
    item: Crossing | PlateRead


@dataclass(slots=True)
class Truth:
    """Who was who. Vehicles are numbered from 1; strangers are among them and have no crossing."""

    vehicle_of_crossing: dict[tuple[str, int], int] = field(default_factory=dict)
    vehicle_of_read: dict[str, int] = field(default_factory=dict)
    plate_of_vehicle: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Pass:
    """One vehicle's true passage."""

    vehicle: int
    lane: str
    kind: Kind
    gross_g: int
    first_axle_s: float
    speed: float  # mm/s
    camera_s: float  # when its front plate is at the reading line


def make(traffic: Traffic, vehicles: int, seed: int) -> tuple[list[Arrival], Truth]:
    """A stretch of traffic with about this many vehicles, and the truth about it. Same seed, same traffic."""
    random = Random(f"{seed}/{traffic.name}")  # noqa: S311 - a simulation
    passes: list[_Pass] = []
    for lane in traffic.lanes:
        passes += _drive(traffic, lane, vehicles // len(traffic.lanes), random)
    passes.sort(key=lambda p: (p.first_axle_s, p.lane))
    passes = [replace(p, vehicle=number) for number, p in enumerate(passes, start=1)]
    truth = Truth()
    serials = random.sample(range(100_000), len(passes))
    arrivals: list[Arrival] = []
    counts = dict.fromkeys(traffic.lanes, 0)
    for one in passes:
        truth.plate_of_vehicle[one.vehicle] = f"粤B{serials[one.vehicle - 1]:05d}"
        if random.random() >= traffic.scale_miss:
            counts[one.lane] += 1
            arrivals.append(_crossing(traffic, one, counts[one.lane], random))
            truth.vehicle_of_crossing[(one.lane, counts[one.lane])] = one.vehicle
        arrivals += _reads(traffic, one, truth, random)
    arrivals += _strangers(traffic, passes, truth, random)
    arrivals.sort(key=lambda a: a.at)
    return arrivals, truth


def _drive(traffic: Traffic, lane: str, vehicles: int, random: Random) -> list[_Pass]:
    """Vehicles of one lane in order; nobody overtakes, neither on the scale nor before the camera."""
    typical = traffic.speed_kmh / 0.0036
    mean_gap = max(0.4, 3_600 / traffic.per_hour_lane - 5_000 / typical - 0.6)
    passes: list[_Pass] = []
    free_at, camera_free_at, speed = 10.0, 0.0, typical
    weights = [kind.share for kind in KINDS]
    for _ in range(vehicles):
        kind = random.choices(KINDS, weights)[0]
        if random.random() < traffic.tailgating:
            first = free_at + random.uniform(0.3, 0.8)
            speed *= random.gauss(1.0, 0.02)
        else:
            first = free_at + 0.6 + random.expovariate(1 / mean_gap)
            speed = typical * min(max(random.gauss(1.0, 0.15), 0.5), 1.6)
        speed = min(max(speed, typical * 0.4), typical * 1.8)
        camera = first + _travel_s(traffic, speed, random)
        camera = max(camera, camera_free_at + 0.3)
        gross = random.randint(*kind.gross_kg) * 1_000
        passes.append(_Pass(0, lane, kind, gross, first, speed, camera))
        length_s = kind.offsets_mm[-1] / speed
        free_at, camera_free_at = first + length_s, camera + length_s
    return passes


def _travel_s(traffic: Traffic, speed: float, random: Random) -> float:
    distance = traffic.distance_mm - traffic.front_overhang_mm - random.gauss(0, 250)
    acceleration = random.gauss(0, traffic.acceleration_mm_s2)
    if abs(acceleration) < 1:
        return distance / speed
    # A braking vehicle rolls on at a crawl rather than stop before the camera.
    root = max(speed * speed + 2 * acceleration * distance, (speed / 4) ** 2)
    return 2 * distance / (speed + sqrt(root))


def plain_crossing(
    lane: str = "1",
    number: int = 1,
    first_axle_ms: int = 1_000,
    speed: int = 10_000,
    offsets_mm: tuple[int, ...] = (0, 3_800, 5_150),
    gross_g: int = 25_000_000,
    report_ms: int = 800,
) -> Crossing:
    """A crossing with nothing odd about it; reported `report_ms` after its last axle left the scale."""
    first = first_axle_ms * 1_000_000
    share = gross_g // len(offsets_mm)
    axles = tuple(
        Axle(Ns(first + o * S // speed), Grams(share), Grams(share // 20), None, None, Mm(o), 40)
        for o in offsets_mm
    )
    last = axles[-1].at + 700 * S // speed
    return Crossing(
        lane=lane,
        number=number,
        first_axle_at=Ns(first),
        last_axle_at=Ns(last),
        closed_at=Ns(last + report_ms * 1_000_000),
        axles=axles,
        groups=(),
        gross=Grams(gross_g),
        gross_interval=Grams(gross_g // 20),
        speed=MmPerS(speed),
        speed_sd=MmPerS(0),
        speed_source=SpeedSource.MEASURED,
        acceleration=None,
        flags=(),
        rate_mhz=1_000_000,
        zero=Grams(0),
        temperature=None,
        calibration="simulated",
    )


def plain_read(
    read_id: str = "r1",
    at_ms: int = 2_070,
    text: str = "粤B12345",
    lane: str | None = "1",
    colour: str = "yellow",
    vehicle: str = "truck",
) -> PlateRead:
    """One plate read once."""
    at = Ns(at_ms * 1_000_000)
    score = Permille(900)
    return PlateRead(
        id=read_id,
        camera=CAMERA,
        lane=lane,
        at=at,
        at_sd=Ns(50_000_000),
        seen_until=at,
        text=text,
        colour=colour,
        vehicle=vehicle,
        confidence=score,
        reads=1,
        agreeing=1 if text else 0,
        candidates=(PlateCandidate(text, score),) if text else (),
        pictures=(),
    )


def _crossing(traffic: Traffic, one: _Pass, number: int, random: Random) -> Arrival:
    measured = one.speed * random.gauss(1.0, traffic.speed_error)
    crossing = plain_crossing(
        lane=one.lane,
        number=number,
        first_axle_ms=round(one.first_axle_s * 1_000),
        speed=round(one.speed),
        offsets_mm=one.kind.offsets_mm,
        gross_g=one.gross_g,
        report_ms=round(min(2.5, 0.4 + 5_000 / one.speed) * 1_000),
    )
    seen = replace(
        crossing, speed=MmPerS(round(measured)), speed_sd=MmPerS(round(measured * traffic.speed_error))
    )
    return Arrival(crossing.closed_at, seen)


def _reads(traffic: Traffic, one: _Pass, truth: Truth, random: Random) -> list[Arrival]:
    """None, one, or the same vehicle twice."""
    if random.random() < traffic.miss:
        return []
    times = [one.camera_s]
    if random.random() < traffic.duplicate:
        times.append(one.camera_s + random.uniform(0.05, 2.0))
    return [_read(traffic, one, captured, truth, random) for captured in times]


def _read(traffic: Traffic, one: _Pass, captured_s: float, truth: Truth, random: Random) -> Arrival:
    spread = traffic.camera_sd_s * (4 if random.random() < traffic.camera_wild else 1)
    stamped = captured_s + random.gauss(0, spread) + traffic.clock_error_s
    delay = min(0.15 + random.expovariate(1 / 0.2), 1.5)
    if random.random() < traffic.late_push:
        delay = random.uniform(2, 9)
    text = truth.plate_of_vehicle[one.vehicle]
    draw = random.random()
    if draw < traffic.unreadable:
        text = ""
    elif draw < traffic.unreadable + traffic.misread:
        place = random.randrange(2, 7)
        text = text[:place] + random.choice("ACDEFGHJK") + text[place + 1 :]
    lane: str | None = one.lane
    if random.random() < traffic.no_lane:
        lane = None
    elif random.random() < traffic.wrong_lane:
        lane = next((other for other in traffic.lanes if other != one.lane), one.lane)
    heavy = one.kind.colour == "yellow"
    word, colour = one.kind.word, one.kind.colour
    if random.random() < traffic.wrong_class:
        word = "car" if heavy else "truck"
    if random.random() < traffic.wrong_colour:
        colour = "blue" if heavy else "yellow"
    read_id = f"{CAMERA}-{len(truth.vehicle_of_read) + 1}"
    truth.vehicle_of_read[read_id] = one.vehicle
    read = plain_read(read_id, round(stamped * 1_000), text, lane, colour, word)
    return Arrival(Ns(round((captured_s + delay) * S)), read)


def _strangers(traffic: Traffic, passes: list[_Pass], truth: Truth, random: Random) -> list[Arrival]:
    """Reads of vehicles that pass the camera and no scale."""
    if not passes or traffic.stray_per_hour <= 0:
        return []
    arrivals = []
    at, end = 0.0, passes[-1].camera_s
    vehicle = len(passes)
    while (at := at + random.expovariate(traffic.stray_per_hour / 3_600)) < end:
        vehicle += 1
        truth.plate_of_vehicle[vehicle] = f"湘A{random.randrange(100_000):05d}"
        kind = random.choice(KINDS)
        one = _Pass(vehicle, random.choice(traffic.lanes), kind, 0, 0.0, 1.0, at)
        arrivals.append(_read(traffic, one, at, truth, random))
    return arrivals
