"""A planted change: does `edge-agent diff` list exactly the decisions that change, each with its reason?

A quarter of an hour is recorded live: lorries about the posted limit, and goods before shops for longer and
shorter than their rule allows. Then it is replayed with three things changed: the deduction 5 % -> 3 %, the
stay 300 s -> 240 s, and one zone moved along its shop. What must change is worked out here from the truth of
the simulator alone: static weights, millimetres and seconds on the ground. What was decided it does not know.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent import __version__
from edge_agent.bench.day_bridge import scenario_of
from edge_agent.bench.day_live import LiveDay, live_through
from edge_agent.bench.day_site import site, zone_name
from edge_agent.bench.day_street import StreetCamera
from edge_agent.comparing.compare import Comparison, Difference, How, compare
from edge_agent.comparing.reasons import with_reasons
from edge_agent.comparing.sides import open_side
from edge_agent.comparing.two import Two
from edge_agent.config.settings import SiteConfig
from edge_agent.core.units import Ns, S
from edge_agent.journal.opening import open_all
from edge_agent.replaying.replay import replay
from edge_agent.replaying.what_if import changed, differences
from edge_agent.sim.events import events
from edge_agent.sim.scenario import Scenario
from edge_agent.sim.street.actors import stays, walks
from edge_agent.sim.street.scene import StreetScene
from edge_agent.sim.street.script import StreetDay
from edge_agent.sim.street.things import make
from edge_agent.sim.street.truth import merged, occupied
from edge_agent.sim.street.zones import ShopZone, ground_zone
from edge_agent.sim.traffic import generate

Progress = Callable[[str, int, int], None]  # what, done, of
Result = dict[str, Any]

SECONDS = 920
FIRST_HOUR = 9
LIMIT_G = 20_000_000
TAKEN_OFF = (50, 30)  # permille, before and after
STAY_S = (300, 240)
GAP_S, COOLDOWN_S = 30, 1_800

# Static gross weights, kg. With 5 % off 20.8 t are within 20 t, with 3 % over it.
LORRIES_KG = (12_400, 18_900, 20_800, 24_200, 19_700, 20_830, 16_500, 21_900, 20_870, 20_200)
FIRST_LORRY_S, LORRY_EVERY_S = 330, 45  # the scale warms up for 300 s
LORRY_KMH = 8  # slow: weights within 0.4 % of the truth, which is far from either limit

# What stands where: camera, kind, middle along the shops (mm), from and until (s). The shops begin at -5250,
# -2000 and 2500 mm.
GOODS = (
    ("east", "goods_pile", -3_600, 20, 282),  # 262 s, and again within the cooldown for 330 s
    ("east", "goods_pile", -3_600, 440, 770),
    ("east", "stall", 1_300, 20, 295),  # 275 s where the moved zone is afterwards
    ("east", "stall", -1_000, 430, 770),  # 340 s where it was before
    ("east", "goods_pile", 4_200, 20, 220),  # 200 s: nothing, either way
    ("west", "stall", -3_600, 100, 500),  # 400 s: a case, either way
    ("west", "goods_pile", 300, 20, 300),  # 280 s
    ("west", "goods_pile", 4_200, 500, 650),  # 150 s: nothing
)
DEPTH_MM = 1_250  # of their middle, before the shops' wall
MOVED, SHOP = "shop_2", 1
HALVES_MM = ((-2_000, 150), (350, 2_500))  # the moved zone along its shop, before and after
ZONE_MM = 2_500  # from the wall towards the road

# How far what was found may be from where it must be.
NEAR = {"crossing": 2 * S, "case": 20 * S}


@dataclass(frozen=True, slots=True)
class Expected:
    """One decision that the truth says must change."""

    kind: str
    how: How
    place: str
    at: Ns  # event time
    why: str

    def is_of(self, found: Difference) -> bool:
        """Whether that difference is this one."""
        same = (found.kind, found.how, found.place) == (self.kind, self.how, self.place)
        return same and found.at is not None and abs(found.at - self.at) <= NEAR[self.kind]


@dataclass(frozen=True, slots=True)
class Planted:
    """What was recorded, what is changed, and what must come of it."""

    recording: Path
    before: SiteConfig
    settings: tuple[str, ...]  # KEY=VALUE, as for `diff --set`
    expected: tuple[Expected, ...]


def record(folder: Path, seed: int = 1) -> Planted:
    """Live through the quarter of an hour; its black box is left in `folder`."""
    scenario = _bridge()
    base, length = Ns(scenario.mono_start_ns), Ns(SECONDS * S)
    days = {name: _day(name) for name in ("east", "west")}
    cameras = [
        StreetCamera(name, seed * 10 + k, FIRST_HOUR, length, base, day)
        for k, (name, day) in enumerate(days.items())
    ]
    moved = [_half(half) for half in HALVES_MM]
    zones = {camera.name: camera.zones for camera in cameras}
    first = {name: tuple(moved[0] if _is_moved(name, z) else z for z in zones[name]) for name in zones}
    after = {name: tuple(moved[1] if _is_moved(name, z) else z for z in zones[name]) for name in zones}
    before = _site(first)
    live = LiveDay(events(scenario, seed, __version__), cameras, lambda _at: None)
    note = f"lorries about the limit, goods about their stay, seed {seed}"
    live_through(live, before, folder, "bench diff", note)
    expected = (*_bridge_truth(scenario, seed), *_street_truth(days, base, first, after))
    return Planted(folder, before, _settings(moved[1]), expected)


def compared(planted: Planted, scratch: Path) -> tuple[Comparison, Two]:
    """What was decided live, beside a replay in the folder `scratch` with what is changed."""
    config = changed(planted.before, planted.settings)
    replay(open_all(planted.recording), config, scratch)
    left, right = open_side(planted.recording), open_side(scratch)
    two = Two(left, right, differences(planted.before, config))
    return with_reasons(compare(left.outcomes, right.outcomes), two), two


def listed(comparison: Comparison) -> tuple[Difference, ...]:
    """The decisions that changed: what only shifted was decided alike."""
    decisions = ("crossing", "case", "look")
    found = comparison.of(How.ADDED, How.REMOVED, How.CHANGED)
    return tuple(one for one in found if one.kind in decisions)


def run(seed: int, out: Path | None = None, progress: Progress = lambda _what, _done, _of: None) -> Result:
    """Record, replay, compare, and hold the differences against the truth.

    Args:
        seed: of the sensors' noise.
        out: the recording stays here; None: it is removed.
        progress: told now and then.
    """
    with tempfile.TemporaryDirectory() as name:
        replayed = Path(name) / "replay"
        replayed.mkdir()
        progress("recording", 0, 2)
        planted = record(out if out is not None else Path(name) / "recording", seed)
        progress("replaying", 1, 2)
        comparison, two = compared(planted, replayed)
    found = listed(comparison)
    missing = [one for one in planted.expected if not any(one.is_of(other) for other in found)]
    extra = [one for one in found if not any(other.is_of(one) for other in planted.expected)]
    return {
        "settings": [one.key for one in two.settings],
        "set": list(planted.settings),
        "expected": len(planted.expected),
        "listed": len(found),
        "missing": [f"{one.kind} {one.place} {one.how}: {one.why}" for one in missing],
        "extra": [f"{one.kind} {one.place} {one.how}" for one in extra],
        "reasons_known": sum(any(r.known for r in one.reasons) for one in found),
        "numbers": comparison.numbers(),
        "good": not missing and not extra and len(found) == len(planted.expected),
    }


def text(result: Result) -> str:
    """For a person."""
    listed_, expected, known = result["listed"], result["expected"], result["reasons_known"]
    lines = [
        f"{len(result['set'])} settings changed: by the truth {expected} decisions change",
        f"  {listed_:>4} listed by the comparison, {known} of them with a known reason",
        f"  {len(result['missing']):>4} it missed: {'; '.join(result['missing']) or 'none'}",
        f"  {len(result['extra']):>4} too many: {'; '.join(result['extra']) or 'none'}",
        "  " + ", ".join(f"{count} {how}" for how, count in result["numbers"].items()),
        *(f"  --set '{setting}'" for setting in result["set"]),
    ]
    return "\n".join(lines)


# -- the site and what happens there -----------------------------------------------------------------


def _bridge() -> Scenario:
    planned = scenario_of(FIRST_HOUR, SECONDS).model_dump(mode="json")
    for lane in planned["lanes"]:
        lane["traffic"] = None
    passages = [
        {"at_s": FIRST_LORRY_S + LORRY_EVERY_S * n, "kind": "truck3", "gross_kg": kg, "speed_kmh": LORRY_KMH}
        for n, kg in enumerate(LORRIES_KG)
    ]
    return Scenario.model_validate(planned | {"name": "planted", "passages": passages})


def _day(camera: str) -> StreetDay:
    actors = [
        stays(f"{kind}-{n}", "goods", make(kind, x, DEPTH_MM, 10 + n), start * S, end * S)
        for n, (where, kind, x, start, end) in enumerate(GOODS)
        if where == camera
    ]
    for number in range(SECONDS // 20):
        ends = ((-9_000, 3_400), (11_000, 3_400))
        way = ends if number % 2 else (ends[1], ends[0])
        who = make("person", 0, 0, 100 + number % 20)
        actors.append(walks(f"passer-{number}", "passer", who, 20 * number * S, way, 1_250))
    return StreetDay(StreetScene(), tuple(actors), SECONDS * S, name=f"planted-{camera}")


def _is_moved(camera: str, zone: ShopZone) -> bool:
    return (camera, zone.name) == ("east", MOVED)


def _half(along_mm: tuple[int, int]) -> ShopZone:
    zone = ground_zone(StreetScene(), MOVED, SHOP, (along_mm[0], 0, along_mm[1], ZONE_MM))
    assert zone is not None, "it is in the middle of the picture"
    return zone


def _site(zones: dict[str, tuple[ShopZone, ...]]) -> SiteConfig:
    """The simulated day's site, its shops of one tier, with the deduction before the change."""
    base = site(zones)
    tiers = [f"street.shops.{zone_name(name, z)}.tier=yellow" for name, every in zones.items() for z in every]
    deduction = f"{{mode: percent, value: {TAKEN_OFF[0] // 10}, legal_ref: 示例 example}}"
    return changed(base, [*tiers, f"lanes.1.limits.posted.deduction={deduction}"])


def _settings(moved: ShopZone) -> tuple[str, ...]:
    """What is changed, as a person would say it on the command line."""
    where = f"street.cameras.east.zones.{zone_name('east', moved)}"
    corners = [list(corner) for corner in moved.polygon]
    return (
        f"lanes.1.limits.posted.deduction.value={TAKEN_OFF[1] // 10}",
        f"street.rules.overflow.stay_s={STAY_S[1]}",
        f"{where}.polygon={corners}",
        f"{where}.door_line={corners[:2]}",
        f"{where}.metric.quad={corners}",
        f"{where}.metric.sides_mm={list(moved.sides_mm)}",
        f"{where}.metric.diagonal_mm={moved.diagonal_mm}",
    )


# -- what must change, by the truth alone --------------------------------------------------------------


def _bridge_truth(scenario: Scenario, seed: int) -> Iterator[Expected]:
    """Static weight less the deduction, against the limit."""
    for number, passage in enumerate(generate(scenario, seed)):
        gross = passage.vehicle.gross_g
        before, after = (gross * (1_000 - off) // 1_000 > LIMIT_G for off in TAKEN_OFF)
        if before != after:
            at = scenario.mono_start_ns + (FIRST_LORRY_S + LORRY_EVERY_S * number) * S
            yield Expected("crossing", How.CHANGED, "1", Ns(at), f"{gross / 1e6:.2f} t")


def _street_truth(
    days: dict[str, StreetDay],
    base: Ns,
    first: dict[str, tuple[ShopZone, ...]],
    after: dict[str, tuple[ShopZone, ...]],
) -> Iterator[Expected]:
    """How long enough goods stood on a zone's ground, against the stay; what comes back soon reopens."""
    for camera, day in days.items():
        for old, new in zip(first[camera], after[camera], strict=True):
            cases = [dict(_cases(day, zone, stay_s)) for zone, stay_s in zip((old, new), STAY_S, strict=True)]
            for start in sorted({*cases[0], *cases[1]}):
                how = _became(cases[0].get(start), cases[1].get(start))
                if how is not None:
                    stay_s = STAY_S[0] if how is How.REMOVED else STAY_S[1]
                    at = Ns(base + start + stay_s * S)
                    yield Expected("case", how, zone_name(camera, old), at, f"from {start // S} s on")


def _became(before: str | None, after: str | None) -> How | None:
    if before == after:
        return None
    if before is None:
        return How.ADDED
    return How.REMOVED if after is None else How.CHANGED


def _cases(day: StreetDay, zone: ShopZone, stay_s: int) -> Iterator[tuple[int, str]]:
    """(beginning, confirmed or reopened) of every stay that is long enough."""
    ended: int | None = None
    for start, end in merged(occupied(zone, day.actors), GAP_S * S):
        if end - start >= stay_s * S:
            yield start, "reopened" if ended is not None and start - ended <= COOLDOWN_S * S else "confirmed"
            ended = end
