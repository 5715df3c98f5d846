"""What the matcher is measured against: an observer who knows everything, and two simple methods."""

from __future__ import annotations

from bisect import bisect_left

from edge_agent.core.match.assign import marginals
from edge_agent.core.match.expect import Expected, behind, expect, widest_window
from edge_agent.core.match.likelihood import Likelihood, size_of
from edge_agent.core.match.offset import Offset
from edge_agent.core.match.pool import alike, blend
from edge_agent.core.match.settings import LaneMatchSettings, MatchSettings
from edge_agent.core.records import Crossing, PlateRead
from edge_agent.core.units import MS, Ns
from edge_agent.sim.matching_traffic import Traffic

Key = tuple[str, int]

ORACLE_STATES = 200_000

# The all-knowing observer


def oracle_settings(traffic: Traffic) -> MatchSettings:
    """The simulation's own numbers. What the clock error leaves is nothing."""
    strangers = traffic.stray_per_hour + traffic.scale_miss * traffic.per_hour_lane * len(traffic.lanes)
    ppm = 1_000_000
    return MatchSettings(
        lanes=tuple(
            LaneMatchSettings(
                lane=name,
                distance_mm=traffic.distance_mm,
                offset_ms=round(traffic.clock_error_s * 1_000),
                offset_sd_ms=0,
                overhang_sd_mm=250,
            )
            for name in traffic.lanes
        ),
        clock_sd_ms=0,
        camera_sd_ms=round(traffic.camera_sd_s * 1_000),
        measured_speed_sd_permille=round(traffic.speed_error * 1_000),
        acceleration_sd_mm_s2=round(traffic.acceleration_mm_s2),
        tail_ppm=round(traffic.camera_wild * ppm),
        miss_ppm=round(traffic.miss * ppm),
        stray_per_hour=max(1, round(strangers)),
        lane_mismatch_ppm=round(traffic.wrong_lane * ppm),
        class_mismatch_ppm=round(traffic.wrong_class * ppm),
        colour_mismatch_ppm=round(traffic.wrong_colour * ppm),
    )


def oracle(
    settings: MatchSettings, crossings: dict[Key, Crossing], reads: list[PlateRead]
) -> list[tuple[Key, list[PlateRead], int]]:
    """Best sighting of each crossing and its exact posterior; none where it is out of reach."""
    likelihood = Likelihood(settings)
    vehicles = _expected(settings, crossings)
    vehicles.sort(key=lambda v: (v[2].at, v[0]))
    groups = _sightings(settings, reads)
    rows = [_row(group, vehicles, likelihood, settings) for group in groups]
    found: list[tuple[Key, list[PlateRead], int]] = []
    for members in _components(rows, len(vehicles)):
        columns = sorted({v for i in members for v in rows[i]})
        place = {v: n for n, v in enumerate(columns)}
        pairs = [{place[v]: w for v, w in rows[i].items()} for i in members]
        stray = [max(1, blend([likelihood.stray(r, ()) for r in groups[i]])) for i in members]
        exact = marginals(pairs, [likelihood.none] * len(columns), stray, ORACLE_STATES)
        for v in columns:
            if exact is None:
                found.append((vehicles[v][0], [], 0))
            else:
                best = max(range(len(members)), key=lambda n: exact.ppm(n, place[v]))
                found.append((vehicles[v][0], groups[members[best]], exact.ppm(best, place[v])))
    return found


def _expected(
    settings: MatchSettings, crossings: dict[Key, Crossing]
) -> list[tuple[Key, Crossing, Expected]]:
    lanes = {lane.lane: lane for lane in settings.lanes}
    leaders: dict[str, tuple[Expected, Crossing]] = {}
    found = []
    for key, crossing in sorted(crossings.items(), key=lambda c: (c[1].first_axle_at, c[0])):
        lane = lanes[crossing.lane]
        expected = expect(crossing, lane, Offset(Ns(lane.offset_ms * MS), Ns(0)), settings)
        if crossing.lane in leaders:
            expected = behind(expected, crossing, leaders[crossing.lane], settings)
        leaders[crossing.lane] = (expected, crossing)
        found.append((key, crossing, expected))
    return found


def _sightings(settings: MatchSettings, reads: list[PlateRead]) -> list[list[PlateRead]]:
    """Reads of one vehicle as the matcher takes them together; in order of time."""
    groups: list[list[PlateRead]] = []
    reach = settings.same_plate_ms * MS
    for read in sorted(reads, key=lambda r: (r.at, r.id)):
        recent = (g for g in groups[-50:] if read.at - g[0].at <= reach)
        same = next((g for g in recent if alike(g[0].text, read.text)), None)
        if same is None:
            groups.append([read])
        else:
            same.append(read)
    return groups


def _row(
    group: list[PlateRead],
    vehicles: list[tuple[Key, Crossing, Expected]],
    likelihood: Likelihood,
    settings: MatchSettings,
) -> dict[int, int]:
    """Every crossing that one sighting may be, with its weight."""
    reach = widest_window(settings)
    row: dict[int, int] = {}
    first = bisect_left(vehicles, group[0].at - reach, key=lambda v: v[2].at)
    for index in range(first, len(vehicles)):
        _, crossing, expected = vehicles[index]
        if expected.at > group[-1].at + reach:
            break
        weight = blend([likelihood.pair(crossing, size_of(crossing), expected, read) for read in group])
        if weight:
            row[index] = weight
    return row


def _components(rows: list[dict[int, int]], vehicles: int) -> list[list[int]]:
    """Sightings that share crossings, directly or through others; each in order of time."""
    parent = list(range(vehicles))

    def root(v: int) -> int:
        while parent[v] != v:
            parent[v] = parent[parent[v]]
            v = parent[v]
        return v

    for row in rows:
        linked = list(row)
        for v in linked[1:]:
            parent[root(v)] = root(linked[0])
    members: dict[int, list[int]] = {}
    for index, row in enumerate(rows):
        if row:
            members.setdefault(root(next(iter(row))), []).append(index)
    return list(members.values())


# Two simple methods


def near(
    settings: MatchSettings, crossings: dict[Key, Crossing], reads: list[PlateRead]
) -> list[tuple[int, Key, PlateRead]]:
    """Readable reads within one second of the predicted instant, in the same lane or in none."""
    lanes = {lane.lane: lane for lane in settings.lanes}
    ordered = sorted((r for r in reads if r.text), key=lambda r: (r.at, r.id))
    found = []
    for key, crossing in crossings.items():
        lane = lanes[crossing.lane]
        at = expect(crossing, lane, Offset(Ns(lane.offset_ms * MS), Ns(0)), settings).at
        for index in range(bisect_left(ordered, at - 1_000 * MS, key=lambda r: r.at), len(ordered)):
            read = ordered[index]
            if read.at > at + 1_000 * MS:
                break
            if read.lane in (None, crossing.lane):
                found.append((abs(read.at - at), key, read))
    return sorted(found, key=lambda n: (n[0], n[1], n[2].id))


def nearest(candidates: list[tuple[int, Key, PlateRead]]) -> dict[Key, PlateRead]:
    """Each crossing takes the read nearest in time."""
    given: dict[Key, PlateRead] = {}
    for _, key, read in candidates:
        given.setdefault(key, read)
    return given


def greedy(candidates: list[tuple[int, Key, PlateRead]]) -> dict[Key, PlateRead]:
    """The nearest pair of all first, then the next; no read twice."""
    given: dict[Key, PlateRead] = {}
    taken: set[str] = set()
    for _, key, read in candidates:
        if key not in given and read.id not in taken:
            given[key] = read
            taken.add(read.id)
    return given
