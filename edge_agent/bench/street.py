"""Event precision and recall of the street side on simulated days whose truth is known.

    seed -> generate_day -> rendered pictures, one a second -> detector, registration, still layer -> core
                │                                                                                  │
                └──> truth: what stood where and when (street_truth) ──────── matched ─────────────┘

Everything is simulated: drawn streets, drawn goods, scaled times. It shows that the rule, the layer and the
network agree with the truth of the drawings; it says nothing of a real street. Days of development seeds
(below `HELD_OUT`) are for tuning; the others are looked at once, for the number.

What counts as right is written at the top of `sim/street/should.py` and of `street_truth`.
"""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from edge_agent.bench.street_day import Plan, live_day
from edge_agent.bench.street_eyes import Eyes

HELD_OUT = 100_000  # seeds from here on: nothing was tuned on them
Row = dict[str, Any]

_worker: tuple[Plan, Eyes] | None = None


def run(
    plan: Plan,
    days: int = 20,
    seed_base: int = 0,
    workers: int = 1,
    out: Path | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> Row:
    """Live through the days and put them beside the truth.

    Args:
        plan: what days, which detector.
        days: how many.
        seed_base: seed of the first.
        workers: processes.
        out: folder for days.jsonl (each day as it ends) and summary.json; None: nothing is written.
        progress: told how many days are done.
    """
    began = time.monotonic()
    rows = []
    for row in _rows(plan, range(seed_base, seed_base + days), workers):
        rows.append(row)
        if out is not None:
            with (out / "days.jsonl").open("w" if len(rows) == 1 else "a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        progress(len(rows))
    rows.sort(key=lambda row: int(row["seed"]))
    result = summary(rows, plan) | {"seconds": time.monotonic() - began}
    if out is not None:
        (out / "summary.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return result


def _rows(plan: Plan, seeds: range, workers: int) -> Iterator[Row]:
    if workers <= 1:
        eyes = plan.eyes()
        yield from (live_day(seed, plan, eyes) for seed in seeds)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), _begin, (plan,)) as pool:
        yield from pool.map(_one, seeds)


def _begin(plan: Plan) -> None:
    global _worker  # noqa: PLW0603 - one a process: loading a network for each day would cost more than the day
    _worker = (plan, plan.eyes())


def _one(seed: int) -> Row:
    assert _worker is not None
    return live_day(seed, *_worker)


def summary(rows: Sequence[Row], plan: Plan) -> Row:
    """The figures of all days together."""
    events = [{"seed": row["seed"], **e} for row in rows for e in row["events"]]
    reports = [{"seed": row["seed"], **r} for row in rows for r in row["reports"]]
    cases = [e for e in events if e["kind"] == "case"]
    found = [e for e in cases if e["found_s"] is not None]
    false = [r for r in reports if r["kind"] == "false"]
    every = [found for row in rows for found in row["everything"]]
    delays = sorted(e["delay_s"] for e in found if e["delay_s"] is not None)
    watched = sum(row["watched_ms"] for row in rows)
    blind = Counter[str]()
    for row in rows:
        blind.update(row["blind_ms"])
    total = watched + sum(blind.values())
    pictures = sum(row["pictures"] for row in rows)
    seeds = [int(row["seed"]) for row in rows]
    return {
        "simulated": True,
        "held_out": min(seeds) >= HELD_OUT,
        "seeds": [min(seeds), max(seeds)],
        "days": len(rows),
        "day_s": plan.length_s,
        "stay_s": plan.stay_s,
        "detector": plan.detector,
        "pictures": pictures,
        "precision": wilson(len(found), len(found) + len(false)),
        "recall": wilson(len(found), len(cases)),
        "recall_everything": wilson(sum(every), len(every)),
        "open": sum(e["kind"] == "open" for e in events),
        "none": sum(e["kind"] == "none" for e in events),
        "by_cause": _split(cases, lambda e: [e["cause"]]),
        "by_light": _split(cases, lambda e: [e["light"]]),
        "by_weather": _split(cases, lambda e: [e["weather"]]),
        "by_camera": _split(
            cases, lambda e: [t for t in ("knock", "outage") if t in e["tags"]] or ["undisturbed"]
        ),
        "false": false,
        "false_by": dict(Counter(_blame(r) for r in false).most_common()),
        "missed": [e for e in cases if e["found_s"] is None],
        "delay_s": {"p50": _quantile(delays, 0.5), "p95": _quantile(delays, 0.95)},
        "suspects": sum(row["suspects"] for row in rows),
        "cleared_early": sum(row["cleared_early"] for row in rows),
        "rechecks": {k: sum(row["rechecks"].get(k, 0) for row in rows) for k in ("right", "wrong", "unseen")},
        "watched": watched / total if total else 0.0,
        "blind": {reason: ms / total for reason, ms in blind.most_common()} if total else {},
        "cpu_ms": {
            stage: 1000 * sum(row["cpu_s"].get(stage, 0.0) for row in rows) / max(1, pictures)
            for stage in ("script", "render", "detect", "look", "core")
        },
    }


def wilson(right: int, of: int, z: float = 1.96) -> Row:
    """A share with its 95 % interval."""
    if not of:
        return {"right": 0, "of": 0, "share": None, "low": 0.0, "high": 1.0}
    p = right / of
    middle, half = p + z * z / (2 * of), z * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    return {
        "right": right,
        "of": of,
        "share": p,
        "low": max(0.0, (middle - half) / scale),
        "high": min(1.0, (middle + half) / scale),
    }


def _split(cases: Sequence[Row], by: Callable[[Row], list[str]]) -> dict[str, Row]:
    names = sorted({name for case in cases for name in by(case)})
    return {
        name: wilson(
            sum(case["found_s"] is not None for case in cases if name in by(case)),
            sum(name in by(case) for case in cases),
        )
        for name in names
    }


def _blame(report: Row) -> str:
    """What was there when something false was said."""
    there = report["around"]
    order = ("delivery", "parked", "crowd", "rubbish", "awning", "outage", "knock")
    return next((name for name in order if name in there), "other")


def _quantile(values: Sequence[float], share: float) -> float | None:
    return values[min(len(values) - 1, int(share * len(values)))] if values else None
