"""Matching measured: the matcher against an all-knowing observer and against two simple methods.

Everything is simulated (`sim/matching_traffic.py`); all methods see the same crossings and reads of
the same run. The definitions that the table rests on:

decided     the matcher gave the crossing a plate, at any moment, even if it took it back later
wrong       the plate's read was of another vehicle; counted over everything ever decided
misread     the read was of the right vehicle and its text is wrong: the matcher cannot know
decidable   an observer who knows the true spreads, rates and clock error, sees the whole run at once
            and waits for ever, computes an exact posterior of at least 0.9999 for one sighting whose
            reads agree: it could be decided within the error that is allowed. The observer uses the
            same arithmetic of independent arrivals as the matcher
likely      the same with 0.999
correct     the matcher's last answer is a read of the right vehicle

A jam at walking pace is run as well and stated apart: arrivals in it depend on each other, which the
arithmetic denies, and the matcher refuses to decide there.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from edge_agent import bars
from edge_agent.bench.match_rivals import Key, greedy, near, nearest, oracle, oracle_settings
from edge_agent.core.match.matcher import Matcher
from edge_agent.core.match.settings import LaneMatchSettings, MatchSettings
from edge_agent.core.records import Crossing, Match, MatchStatus, PlateRead
from edge_agent.core.units import MS, Ns
from edge_agent.sim.matching_traffic import CAMERA, JAM, REGIMES, Arrival, Traffic, Truth, make

# One stretch of traffic: one clock error, one start from nothing learned.
STRETCH = 1_000
# Camera clock minus box clock, milliseconds, taken in turn by the stretches.
CLOCK_ERRORS_MS = (200, -200, 120, -80, 0, -150, 160, -40)
HEAVY_G = 18_000_000
BINS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999, 1.0)
# Decidable: what can be decided within the error that is allowed, one in ten thousand.
DECIDABLE_PPM = 999_900
LIKELY_PPM = 999_000
COUNTED = (
    "crossings", "decided", "wrong", "misread", "late_wrong", "ambiguous", "unmatched", "amended",
    "taken_back",
    "readable", "readable_correct", "decidable", "decidable_correct", "oracle_wrong", "oracle_refused",
    "likely", "likely_correct", "likely_wrong", "faults",
)  # fmt: skip
HEAD = (
    "crossings", "decided", "wrong", "of decided", "decidable", "correct", "likely", "correct", "ambiguous",
    "unmatched", "misread", "ms each",
)  # fmt: skip


@dataclass(slots=True)
class Tally:
    """Counts of one stretch; they add up."""

    crossings: int = 0
    decided: int = 0
    wrong: int = 0
    misread: int = 0
    late_wrong: int = 0  # wrong at first and taken back later
    ambiguous: int = 0
    unmatched: int = 0
    readable: int = 0  # the vehicle has a readable read at all
    readable_correct: int = 0
    decidable: int = 0
    decidable_correct: int = 0
    oracle_wrong: int = 0
    likely: int = 0
    likely_correct: int = 0
    likely_wrong: int = 0
    oracle_refused: int = 0
    amended: int = 0
    taken_back: int = 0
    faults: int = 0
    expected_wrong: float = 0.0
    seconds: float = 0.0
    baselines: dict[str, list[float]] = field(default_factory=dict)  # decided, wrong, seconds
    bins: list[list[float]] = field(default_factory=lambda: [[0.0, 0.0, 0.0] for _ in BINS[1:]])
    latency_ms: list[int] = field(default_factory=list)
    heavy_latency_ms: list[int] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Sum everything up."""
        for name in self.__slots__:
            mine, theirs = getattr(self, name), getattr(other, name)
            if isinstance(mine, (int, float)):
                setattr(self, name, mine + theirs)
        for name, row in other.baselines.items():
            have = self.baselines.setdefault(name, [0.0, 0.0, 0.0])
            self.baselines[name] = [a + b for a, b in zip(have, row, strict=True)]
        self.bins = [
            [a + b for a, b in zip(x, y, strict=True)] for x, y in zip(self.bins, other.bins, strict=True)
        ]
        self.latency_ms += other.latency_ms
        self.heavy_latency_ms += other.heavy_latency_ms


def run(
    crossings: int = 50_000, seed: int = 1, plots: Path | None = None, quick: bool = False
) -> dict[str, Any]:
    """Simulate, match, print a table.

    Args:
        crossings: how many at least, over the regimes from sparse to dense; a twentieth more in the jam.
        seed: same seed, same numbers but for the times taken.
        plots: folder for the reliability plot; None for none.
        quick: a tenth of the crossings.

    Returns:
        Every number of the table, per regime and in total.
    """
    if quick:
        crossings = max(1_000, crossings // 10)
    jobs = _jobs(crossings, seed)
    tallies = {regime.name: Tally() for regime in (*REGIMES, JAM)}
    with ProcessPoolExecutor(max_workers=2, mp_context=get_context("spawn")) as pool:
        running = {pool.submit(stretch, *job): job[0].name for job in jobs}
        with bars.count("matching", len(running)) as bar:
            for future in bar.each(as_completed(running)):
                tallies[running[future]].add(future.result())
    total = Tally()
    for regime in REGIMES:
        total.add(tallies[regime.name])
    result: dict[str, Any] = {
        "simulated": True,
        "seed": seed,
        "regimes": {regime.name: summary(tallies[regime.name]) for regime in REGIMES},
        "total": summary(total),
        "jam": summary(tallies[JAM.name]),
        "reliability": reliability(total),
    }
    if plots is not None:
        result["plot"] = str(_plot(result["reliability"], plots))
    return result


def stretch(traffic: Traffic, vehicles: int, seed: int, settings: MatchSettings | None = None) -> Tally:
    """One stretch of traffic through the matcher, the observer and the simple methods."""
    settings = settings or site_settings(traffic)
    arrivals, truth = make(traffic, vehicles, seed)
    crossings = {(a.item.lane, a.item.number): a.item for a in arrivals if isinstance(a.item, Crossing)}
    reads = [a.item for a in arrivals if isinstance(a.item, PlateRead)]
    tally = Tally(crossings=len(crossings))

    began = time.perf_counter()
    said, faults = drive(Matcher(CAMERA, settings), arrivals)
    tally.seconds = time.perf_counter() - began
    tally.faults = faults
    _count_answers(tally, said, crossings, truth)
    _count_bins(tally, said, truth)
    right = {key for key, answers in said.items() if _is_right(answers[-1], key, truth)}
    _count_readable(tally, right, reads, truth)
    _count_oracle(tally, right, traffic, crossings, reads, truth)
    _count_baselines(tally, traffic, settings, crossings, reads, truth)
    return tally


def site_settings(traffic: Traffic) -> MatchSettings:
    """What a technician would set: the geometry, and nothing else but the defaults."""
    return MatchSettings(
        lanes=tuple(LaneMatchSettings(lane=name, distance_mm=traffic.distance_mm) for name in traffic.lanes)
    )


def drive(matcher: Matcher, arrivals: list[Arrival]) -> tuple[dict[Key, list[Match]], int]:
    """Feed it in order of arrival, waking it when it asks. Answers per crossing in order, and faults."""
    said: dict[Key, list[Match]] = {}
    faults = 0

    def hear(now: Ns) -> None:
        nonlocal faults
        for one in matcher.advance(now):
            if isinstance(one, Match):
                said.setdefault((one.lane, one.crossing), []).append(one)
            else:
                faults += one.count

    for arrival in arrivals:
        while (wake := matcher.deadline) is not None and wake < arrival.at:
            hear(wake)
        if isinstance(arrival.item, Crossing):
            matcher.crossing(arrival.item)
        else:
            matcher.read(arrival.item)
        hear(arrival.at)
    while (wake := matcher.deadline) is not None:
        hear(wake)
    return said, faults


# Counting


def _is_right(match: Match, key: Key, truth: Truth) -> bool:
    read = match.read
    return read is not None and truth.vehicle_of_read[read.id] == truth.vehicle_of_crossing[key]


def _count_answers(
    tally: Tally, said: dict[Key, list[Match]], crossings: dict[Key, Crossing], truth: Truth
) -> None:
    for key, answers in said.items():
        tally.amended += len(answers) - 1
        last = answers[-1]
        tally.ambiguous += last.status is MatchStatus.AMBIGUOUS
        tally.unmatched += last.status is MatchStatus.UNMATCHED
        matched = [m for m in answers if m.status is MatchStatus.MATCHED]
        if not matched:
            continue
        tally.decided += 1
        tally.taken_back += last.status is not MatchStatus.MATCHED
        tally.expected_wrong += 1 - matched[0].candidates[0].posterior / 1e6
        wrong = not all(_is_right(m, key, truth) for m in matched)
        tally.wrong += wrong
        tally.late_wrong += wrong and last.status is not MatchStatus.MATCHED
        vehicle = truth.vehicle_of_crossing[key]
        tally.misread += not wrong and matched[-1].candidates[0].read.text != truth.plate_of_vehicle[vehicle]
        took = (matched[0].decided_at - crossings[key].last_axle_at) // MS
        tally.latency_ms.append(took)
        if (crossings[key].gross or 0) >= HEAVY_G:
            tally.heavy_latency_ms.append(took)


def _count_bins(tally: Tally, said: dict[Key, list[Match]], truth: Truth) -> None:
    """Stated posteriors of the last answers against the truth: how many, their sum, how many true."""
    for key, answers in said.items():
        for candidate in answers[-1].candidates:
            stated = candidate.posterior / 1e6
            place = min(max(bisect_left(BINS, stated) - 1, 0), len(tally.bins) - 1)
            true = truth.vehicle_of_read[candidate.read.id] == truth.vehicle_of_crossing[key]
            tally.bins[place][0] += 1
            tally.bins[place][1] += stated
            tally.bins[place][2] += true


def _count_readable(tally: Tally, right: set[Key], reads: list[PlateRead], truth: Truth) -> None:
    seen = {truth.vehicle_of_read[read.id] for read in reads if read.text}
    readable = {key for key, vehicle in truth.vehicle_of_crossing.items() if vehicle in seen}
    tally.readable = len(readable)
    tally.readable_correct = len(readable & right)


def _count_oracle(
    tally: Tally,
    right: set[Key],
    traffic: Traffic,
    crossings: dict[Key, Crossing],
    reads: list[PlateRead],
    truth: Truth,
) -> None:
    for key, group, ppm in oracle(oracle_settings(traffic), crossings, reads):
        tally.oracle_refused += not group
        texts = {read.text for read in group}
        if len(texts) != 1 or "" in texts:
            continue
        wrong = truth.vehicle_of_read[group[0].id] != truth.vehicle_of_crossing[key]
        if ppm >= DECIDABLE_PPM:
            tally.decidable += 1
            tally.decidable_correct += key in right
            tally.oracle_wrong += wrong
        if ppm >= LIKELY_PPM:
            tally.likely += 1
            tally.likely_correct += key in right
            tally.likely_wrong += wrong


def _count_baselines(
    tally: Tally,
    traffic: Traffic,
    settings: MatchSettings,
    crossings: dict[Key, Crossing],
    reads: list[PlateRead],
    truth: Truth,
) -> None:
    error_ms = round(traffic.clock_error_s * 1_000)
    known = tuple(lane.model_copy(update={"offset_ms": error_ms}) for lane in settings.lanes)
    told = settings.model_copy(update={"lanes": known})
    for name, method, chosen in (
        ("nearest", nearest, settings),
        ("greedy", greedy, settings),
        ("greedy, clock error known", greedy, told),
    ):
        began = time.perf_counter()
        given = method(near(chosen, crossings, reads))
        took = time.perf_counter() - began
        wrong = sum(truth.vehicle_of_read[r.id] != truth.vehicle_of_crossing[k] for k, r in given.items())
        have = tally.baselines.setdefault(name, [0.0, 0.0, 0.0])
        tally.baselines[name] = [have[0] + len(given), have[1] + wrong, have[2] + took]


# Saying it


def summary(tally: Tally) -> dict[str, Any]:
    """Shares, rates and times of one tally."""
    n = max(1, tally.crossings)
    out: dict[str, Any] = {name: getattr(tally, name) for name in COUNTED}
    out |= {
        "decided_share": tally.decided / n,
        "wrong_of_decided": tally.wrong / max(1, tally.decided),
        "wrong_expected": tally.expected_wrong,
        "correct_of_decidable": tally.decidable_correct / max(1, tally.decidable),
        "correct_of_likely": tally.likely_correct / max(1, tally.likely),
        "correct_of_readable": tally.readable_correct / max(1, tally.readable),
        "ms_per_crossing": 1e3 * tally.seconds / n,
        "latency_ms": _percentiles(tally.latency_ms),
        "heavy_latency_ms": _percentiles(tally.heavy_latency_ms),
        "baselines": {
            name: {
                "decided_share": decided / n,
                "wrong_of_decided": wrong / max(1.0, decided),
                "wrong": int(wrong),
                "ms_per_crossing": 1e3 * seconds / n,
                "matcher_takes_times": tally.seconds / max(1e-9, seconds),
            }
            for name, (decided, wrong, seconds) in tally.baselines.items()
        },
    }
    return out


def _percentiles(values: list[int]) -> dict[str, int]:
    ordered = sorted(values) or [0]
    return {f"p{p}": ordered[min(len(ordered) - 1, len(ordered) * p // 100)] for p in (50, 95, 99)}


def reliability(tally: Tally) -> list[dict[str, float]]:
    """Of candidates stated this probable, how many are true: with a 95 % Wilson interval."""
    rows = []
    for low, high, (count, stated, true) in zip(BINS[:-1], BINS[1:], tally.bins, strict=True):
        if count:
            share = true / count
            z = 1.96
            middle = (share + z * z / (2 * count)) / (1 + z * z / count)
            half = (
                z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count * count)) ** 0.5
            )
            rows.append(
                {"from": low, "to": high, "count": count, "stated": stated / count, "true": share,
                 "low": max(0.0, middle - half), "high": min(1.0, middle + half)}
            )  # fmt: skip
    return rows


def table(result: dict[str, Any]) -> str:
    """The numbers for people."""
    total = result["total"]
    lines = [f"Matching, simulated, seed {result['seed']}", ""]
    lines.append(_line("regime", 10, [*HEAD, "heavy p50", "p95 ms"]))
    rows = {**result["regimes"], "total": total, "jam apart": result["jam"]}
    lines += [_line(name, 10, _cells(row)) for name, row in rows.items()]
    lines += [
        "",
        _line("method, sparse to dense", 26, ["decided", "wrong", "of decided", "ms each", "times"]),
    ]
    mine = {"this matcher": {**total, "matcher_takes_times": 1.0}}
    for name, row in {**mine, **total["baselines"]}.items():
        shares = [f"{row['decided_share']:.1%}", f"{row['wrong']}", f"{row['wrong_of_decided']:.4%}"]
        times = [f"{row['ms_per_crossing']:.3f}", f"{row['matcher_takes_times']:.1f}"]
        lines.append(_line(name, 26, shares + times))
    lines += ["", _line("stated posterior", 20, ["count", "mean", "true", "95 % from", "to"])]
    for row in result["reliability"]:
        cells = [f"{row['count']:.0f}", *(f"{row[k]:.4f}" for k in ("stated", "true", "low", "high"))]
        lines.append(_line(f"{row['from']:.4f} to {row['to']:.4f}", 20, cells))
    expected, wrong, back = total["wrong_expected"], total["wrong"], total["late_wrong"]
    lines += [
        "",
        f"wrong: {expected:.1f} by the stated posteriors, {wrong} counted, {back} of them taken back",
    ]
    lines.append(f"the all-knowing observer at 0.999: {total['likely_wrong']} wrong of {total['likely']}")
    return "\n".join(lines)


def _cells(row: dict[str, Any]) -> list[str]:
    n = max(1, row["crossings"])
    heavy = row["heavy_latency_ms"]
    return [
        f"{row['crossings']}",
        f"{row['decided_share']:.1%}",
        f"{row['wrong']}",
        f"{row['wrong_of_decided']:.4%}",
        f"{row['decidable'] / n:.1%}",
        f"{row['correct_of_decidable']:.2%}",
        f"{row['likely'] / n:.1%}",
        f"{row['correct_of_likely']:.2%}",
        f"{row['ambiguous']}",
        f"{row['unmatched']}",
        f"{row['misread']}",
        f"{row['ms_per_crossing']:.2f}",
        f"{heavy['p50']}",
        f"{heavy['p95']}",
    ]


def _line(name: str, width: int, cells: list[str]) -> str:
    return f"{name:{width}}" + "".join(f"{cell:>11}" for cell in cells)


def _jobs(crossings: int, seed: int) -> list[tuple[Traffic, int, int]]:
    """Stretches of every regime, each with its clock error and its own seed."""
    each = -(-crossings // len(REGIMES))
    jobs = []
    for place, (regime, wanted) in enumerate([*((r, each) for r in REGIMES), (JAM, crossings // 20)]):
        stretches = max(1, round(wanted / STRETCH))
        # A few more vehicles than crossings asked for: the scale does not see all of them.
        vehicles = -(-wanted * 101 // (100 * stretches))
        for n in range(stretches):
            error = CLOCK_ERRORS_MS[(n + place) % len(CLOCK_ERRORS_MS)] / 1_000
            jobs.append((replace(regime, clock_error_s=error), vehicles, seed * 1_000_003 + n))
    return jobs


def _plot(rows: list[dict[str, float]], folder: Path) -> Path:
    """Reliability on logit axes: both ends matter."""
    import matplotlib as mpl  # noqa: PLC0415 - an extra that only this needs

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    clip = [min(max(r["true"], 1e-5), 1 - 1e-5) for r in rows]
    low = [max(0.0, c - max(r["low"], 1e-5)) for c, r in zip(clip, rows, strict=True)]
    high = [max(0.0, min(r["high"], 1 - 1e-5) - c) for c, r in zip(clip, rows, strict=True)]
    figure, axes = plt.subplots(figsize=(6, 6))
    axes.plot([1e-3, 1 - 1e-5], [1e-3, 1 - 1e-5], color="grey", linewidth=1, label="calibrated")
    axes.errorbar([min(r["stated"], 1 - 1e-5) for r in rows], clip, yerr=[low, high], fmt="o", capsize=3,
                  label="candidates, 95 % interval")  # fmt: skip
    axes.set_xscale("logit")
    axes.set_yscale("logit")
    axes.set_xlabel("stated posterior, mean of bin")
    axes.set_ylabel("share that is true")
    axes.set_title("Reliability of stated posteriors (simulated)")
    axes.legend(loc="upper left")
    axes.tick_params(axis="x", labelrotation=45)
    axes.grid(visible=True, which="major", alpha=0.3)
    path = folder / "match_reliability.png"
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path
