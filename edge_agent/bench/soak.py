"""A compressed week: outages, restarts, kills, clocks that step; flat memory, flat disk, no gap.

Box, broker and platform are processes of their own, as in the field. The first half of the week is full of
restarts; the box's life after them is undisturbed, and its memory is what the slope is of.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from edge_agent.bench.broker import Mosquitto
from edge_agent.bench.kill import (
    compare_with,
    kill_process,
    platform_settings,
    read_claims,
    serve,
    uplink_settings,
)
from edge_agent.bench.kill_box import DEVICE, open_store
from edge_agent.bench.memory import resident
from edge_agent.bench.soak_box import JOURNAL_MB, BoxPlan, live, read_progress
from edge_agent.bench.soak_site import HOUR, folder_bytes
from edge_agent.core.units import MS, S
from edge_agent.errors import DeviceError
from edge_agent.evidence.examples import KEY
from edge_agent.evidence.keys import FileKey
from edge_agent.evidence.set_aside import ATTACHMENTS, DATABASE

Row = dict[str, float]

# Shares of the week. Broker away from, to:
OUTAGES = ((0.10, 0.14), (0.34, 0.355), (0.5, 0.62))
PLATFORM_KILLS = (0.06, 0.25, 0.42, 0.6, 0.85)
BOX_ENDS = (0.15, 0.3)  # SIGTERM
KILLS = 12  # of the box, with -9, within
KILLED_UNTIL = 0.45
# UTC is ahead by so much, from, to. A picture that is receipted while UTC is a day ahead is kept a day
# longer: the measured last quarter begins after that.
STEPS = ((0.40, 0.41, -86_400 * S), (0.44, 0.45, 86_400 * S), (0.8, 0.81, 90 * S), (0.85, 0.86, -500 * MS))
KEEP_SHARE = 1 / 14  # half a day of a week
STUCK_S = 180.0
LOOK_S = 0.02
# Flat: resident memory of the last life grows by less than this per 10,000 crossings ...
MOST_SLOPE_MB = 3.0
# ... and the pictures of the last quarter of the week take no more than this beside the second quarter's.
MOST_GROWTH = 1.25
# Of less, nothing is said.
LEAST_CROSSINGS, LEAST_DAYS = 5_000, 5.0
PRELOAD = ["edge_agent.bench.soak_box", "edge_agent.ingest.service"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for."""

    crossings: int = 100_000
    days: float = 7.0
    seed: int = 1

    @property
    def hours(self) -> float:
        """Of event time."""
        return self.days * 24

    def at(self, share: float) -> int:
        """Event time of a share of the week, ns."""
        return round(share * self.hours * HOUR)


def run(plan: Plan, progress: Callable[[str, int, int], None] = lambda *_: None) -> dict[str, Any]:
    """Live through the week, let everything come to rest, compare.

    Returns:
        counts and samples; `good` only if nothing is lost, doubled, broken or left over, and memory, pictures
        and journal are flat.
    """
    with tempfile.TemporaryDirectory(prefix="edge-agent-soak-") as name:
        arena = _Arena(Path(name), plan)
        began_s = time.monotonic()
        try:
            arena.live(progress)
        finally:
            arena.end()
        seconds = time.monotonic() - began_s
        folder = Path(name)
        with open_store(folder) as store:
            began_s = time.monotonic()
            stats = store.stats()
            stats_ms = round((time.monotonic() - began_s) * 1000)
            found = compare_with(read_claims(folder / "claims"), store, folder / "platform")
        refused = folder / "refused"
        return _summary(plan, arena.rows) | {
            "crossings": read_progress(folder)[1],
            "days": plan.days,
            "seed": plan.seed,
            "seconds": round(seconds),
            "done": dict(sorted(arena.done.items())),
            "came_to_rest": (folder / "idle").exists(),
            "cases": stats.cases,
            "statements": stats.sealed,
            "stats_ms": stats_ms,
            "seal_ms": _seal_ms(folder / "seals"),
            "refused": len(refused.read_text("utf-8").splitlines()) if refused.exists() else 0,
            "lost_for_room": stats.lost,
            **found,
            "rows": arena.rows,
        }


def good(result: dict[str, Any]) -> list[str]:
    """What is not as it must be; nothing when the week was good. A short one says nothing of growth."""
    steep = result["rss_slope_mb"] is not None and result["rss_slope_mb"] > MOST_SLOPE_MB
    grown = result["pictures_growth"] is not None and result["pictures_growth"] > MOST_GROWTH
    wrong = {
        "did not come to rest": not result["came_to_rest"],
        "lost": result["lost"],
        "gaps, broken links, differing, alarms, leftovers": result["bad"],
        "refused or lost for want of room": result["refused"] + result["lost_for_room"],
        f"memory grows over {MOST_SLOPE_MB} MB per 10,000 crossings": steep,
        f"pictures grow more than {MOST_GROWTH} times": grown,
        "journal over its quota": result["journal_mb_max"] > JOURNAL_MB,
    }
    return [what for what, is_so in wrong.items() if is_so]


def text(result: dict[str, Any]) -> str:
    """For a person."""
    r = result
    done = ", ".join(f"{what} {count}" for what, count in r["done"].items())
    slope, growth = (("-" if r[n] is None else f"{r[n]:+.2f}") for n in ("rss_slope_mb", "pictures_growth"))
    rows = (
        (f"{r['crossings']:,}", f"crossings, {r['crossings'] / max(1, r['seconds']):.0f} a second"),
        (f"{r['statements']:,}", f"statements, {r['cases']:,} of them cases; {r['claimed']:,} cases claimed"),
        (f"{r['arrived']:,}", "at the platform, receipted"),
        (r["lost"], "lost"),
        (r["bad"], "gaps, broken links, differing duplicates, alarms, leftovers"),
        (f"{r['rss_max_mb']:.1f}", "MB resident at most"),
        (slope, "MB resident per 10,000 crossings, in the last life"),
        (f"{r['pictures_mb']:.1f}", "MB of pictures, median of the last quarter"),
        (growth, "times the second quarter's"),
        (f"{r['journal_mb_max']:.1f}", f"MB of journal at most, quota {JOURNAL_MB}"),
        (
            f"{r['database_mb']:.1f}",
            f"MB of statements: {r['database_kb_each']:.1f} KB each, none old enough to go",
        ),
        (r["seal_ms"][0], "ms of processor time a seal, median of the first tenth"),
        (r["seal_ms"][1], "ms of processor time a seal, median of the last tenth"),
        (r["stats_ms"], "ms to count what the store holds, at the end"),
    )
    return "\n".join(
        [
            f"{r['days']:g} simulated days in {r['seconds']} s, seed {r['seed']}: {done}",
            *(f"  {number:>9} {what}" for number, what in rows),
            *([f"NOT GOOD: {what}" for what in good(r)] or ["good"]),
        ]
    )


class _Arena:
    """The processes, and when what happens to them."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder = folder
        self.plan = plan
        self.done: Counter[str] = Counter()
        self.rows: list[Row] = []
        self._lives = 0
        self._box: BaseProcess | None = None
        self._platform: BaseProcess | None = None
        (folder / "devices").mkdir()
        (folder / "devices" / f"{DEVICE}.pem").write_bytes(KEY.public.pem)
        (folder / "receipts.pub.pem").write_bytes(FileKey.generate(folder / "receipts.pem").public.pem)
        self._broker = Mosquitto(folder)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOAD)

    def live(self, progress: Callable[[str, int, int], None]) -> None:
        """From the first event to the last receipt."""
        self._start_broker()
        self._start_platform()
        self._start_box()
        agenda = self._agenda()
        moved, moved_s = 0, time.monotonic()
        while not self._over():
            now, crossings = read_progress(self.folder)
            if now != moved:
                moved, moved_s = now, time.monotonic()
            elif time.monotonic() - moved_s > STUCK_S:
                raise DeviceError(f"bench soak: nothing moves at hour {now / HOUR:.1f}")
            while agenda and agenda[0][0] <= now:
                _, name, act = agenda.pop(0)
                self.done[name] += 1
                act()
            if self._box is not None and not self._box.is_alive() and not self._over():
                self._start_box()
            self._sample(now, crossings)
            progress("simulated hours", round(now / HOUR), round(self.plan.hours))
            time.sleep(LOOK_S)

    def end(self) -> None:
        """Whatever still runs."""
        for process in (self._box, self._platform):
            if process is not None and process.is_alive():
                kill_process(process)
        self._broker.stop()

    def _over(self) -> bool:
        return any((self.folder / name).exists() for name in ("idle", "not-idle"))

    def _agenda(self) -> list[tuple[int, str, Callable[[], None]]]:
        rng = random.Random(self.plan.seed)  # noqa: S311 - chooses moments
        at = self.plan.at
        kills = [at(rng.uniform(0.01, KILLED_UNTIL)) for _ in range(KILLS)]
        found: list[tuple[int, str, Callable[[], None]]] = [
            *((at(share), "platform killed", self._kill_platform) for share in PLATFORM_KILLS),
            *((at(share), "box ended", self._end_box) for share in BOX_ENDS),
            *((moment, "box killed", self._kill_box) for moment in kills),
        ]
        for start, end in OUTAGES:
            found.append((at(start), "broker away", self._broker.kill))
            found.append((at(end), "broker back", self._start_broker))
        found += [(at(start), "clock stepped", lambda: None) for start, *_ in STEPS]
        return sorted(found, key=lambda entry: entry[:2])

    def _start_broker(self) -> None:
        self._broker.start()

    def _start_platform(self) -> None:
        settings = platform_settings(self._broker, self.folder)
        self._platform = self._context.Process(target=serve, args=(settings,), daemon=True)
        self._platform.start()

    def _kill_platform(self) -> None:
        kill_process(self._platform)
        self._start_platform()

    def _start_box(self) -> None:
        plan, at = self.plan, self.plan.at
        steps = [(at(start) // HOUR, by) for start, _, by in STEPS]
        steps += [(at(end) // HOUR + 1, 0) for _, end, _ in STEPS]
        box = BoxPlan(
            folder=self.folder,
            uplink=uplink_settings(self._broker),
            per_hour=plan.crossings / plan.hours,
            seed=plan.seed,
            until=at(1.0),
            keep_hours=max(1, round(plan.hours * KEEP_SHARE)),
            steps=tuple(sorted(steps)),
            life=self._lives,
        )
        self._lives += 1
        self._box = self._context.Process(target=live, args=(box,), daemon=True)
        self._box.start()

    def _kill_box(self) -> None:
        kill_process(self._box)
        self._start_box()

    def _end_box(self) -> None:
        assert self._box is not None
        assert self._box.pid is not None
        os.kill(self._box.pid, signal.SIGTERM)
        self._box.join(60)

    def _sample(self, now: int, crossings: int) -> None:
        """Every simulated half hour."""
        half = now // (HOUR // 2)
        if self._box is None or self._box.pid is None or (self.rows and self.rows[-1]["half"] >= half):
            return
        box = self.folder / "box"
        with contextlib.suppress(FileNotFoundError, KeyError):  # it died, or a file went, while we looked
            self.rows.append(
                {
                    "half": half,
                    "hour": now / HOUR,
                    "crossings": crossings,
                    "life": self._lives,
                    "rss_mb": resident(self._box.pid)["rss_mb"],
                    "pictures_mb": folder_bytes(box / ATTACHMENTS) / 1e6,
                    "database_mb": (box / DATABASE).stat().st_size / 1e6,
                    "journal_mb": folder_bytes(self.folder / "journal") / 1e6,
                    "claimed": (self.folder / "claims").read_bytes().count(b"\n"),
                }
            )


def _summary(plan: Plan, rows: Sequence[Row]) -> dict[str, Any]:
    """What the samples say."""
    last = [row for row in rows if row["life"] == rows[-1]["life"]]
    warm = last[len(last) // 5 :]
    slope = None
    if warm[-1]["crossings"] - warm[0]["crossings"] >= LEAST_CROSSINGS:
        line = statistics.linear_regression(
            [row["crossings"] / 10_000 for row in warm], [row["rss_mb"] for row in warm]
        )
        slope = round(line.slope, 3)
    quarters = [
        [row["pictures_mb"] for row in rows if n <= 4 * row["hour"] / plan.hours < n + 1] for n in range(4)
    ]
    second, fourth = (statistics.median(quarters[n] or [0.0]) for n in (1, 3))
    return {
        "rss_max_mb": max(row["rss_mb"] for row in rows),
        "rss_slope_mb": slope,
        "pictures_mb": round(fourth, 2),
        "pictures_growth": round(fourth / second, 3) if plan.days >= LEAST_DAYS else None,
        "journal_mb_max": round(max(row["journal_mb"] for row in rows), 2),
        "database_mb": round(rows[-1]["database_mb"], 2),
        "database_kb_each": round(1_000 * rows[-1]["database_mb"] / max(1, rows[-1]["claimed"]), 2),
    }


def _seal_ms(path: Path) -> list[float]:
    """Medians of the first and of the last tenth."""
    took = [int(line) for line in path.read_text("ascii").split()]
    tenth = max(1, len(took) // 10)
    return [round(statistics.median(part) / 1_000, 2) for part in (took[:tenth], took[-tenth:])]
