"""`edge-agent bench platform`: many simulated boxes, one broker, several ingest processes, one PostgreSQL.

    floor      the same bytes published to nobody in particular, then inserted and nothing else
    saturate   each box has one statement on its way at any time: statements a second
    steady     half of that rate, evenly: how long until a receipt
    kill       the same, and one ingest process is killed in the middle and started again
    after      what was signed against what the database holds

The boxes are simulated (`platform_boxes`), everything else is real. Load, broker, database and ingest
share this machine: on one of its own each would do more.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.bench.platform_boxes import Box
from edge_agent.bench.platform_check import compare
from edge_agent.bench.platform_floor import inserts, statements
from edge_agent.bench.platform_site import PlatformSite
from edge_agent.errors import DeviceError

# Signed in advance for `saturate`; a platform that takes more would run the boxes dry, and that is said.
MOST_A_SECOND = 2500
DRAIN_S = 60.0
# In the field a box waits 30 s and more before it sends again.
RESEND_S = 5.0
STEPS = ("signing", "floor", "saturate", "steady", "kill", "after")
# The killed process is away for so long.
AWAY_S = 2.0

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run."""

    devices: int = 1000
    seconds: float = 30.0  # saturate, steady and kill together
    ingests: int = 2
    loads: int = 2  # processes that the boxes live in
    picture_bytes: int = 20_000
    with_picture_permille: int = 300
    seed: int = 1

    @property
    def phase_s(self) -> float:
        """Of each of the three."""
        return self.seconds / 3

    def box(self, number: int) -> Box:
        """One of them, as new."""
        return Box(number, self.seed, self.picture_bytes, self.with_picture_permille)


class Loads:
    """The load processes, told the same at the same time."""

    def __init__(self, plan: Plan, port: int, folder: Path) -> None:
        self._processes = []
        for number in range(plan.loads):
            path = folder / f"load-{number}.json"
            fields = {
                "boxes": list(range(number, plan.devices, plan.loads)),
                "port": port,
                "resend_s": RESEND_S,
                "seed": plan.seed,
                "picture_bytes": plan.picture_bytes,
                "with_picture_permille": plan.with_picture_permille,
            }
            path.write_text(json.dumps(fields), encoding="utf-8")
            self._processes.append(
                subprocess.Popen(  # noqa: S603 - our own argument list
                    [sys.executable, "-m", "edge_agent.bench.platform_load", str(path)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
        self._answers()

    def do(self, command: str) -> dict[str, Any]:
        """Run a command in all of them; returns their numbers, added up."""
        answers = self.ask(command)
        latencies = sorted(ms for answer in answers for ms in answer["latencies_ms"])
        added = {k: sum(a[k] for a in answers) for k in ("sent", "receipted", "again", "refused", "waiting")}
        return {
            **added,
            "seconds": max(answer["seconds"] for answer in answers),
            "ran_out": any(answer["ran_out"] for answer in answers),
            "p50_ms": _share(latencies, 0.5),
            "p99_ms": _share(latencies, 0.99),
        }

    def ask(self, command: str) -> list[dict[str, Any]]:
        """Run a command in all of them; returns each one's answer."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(command + "\n")
            process.stdin.flush()
        return self._answers()

    def stop(self) -> None:
        """End them."""
        for process in self._processes:
            process.kill()
            process.communicate()

    def _answers(self) -> list[dict[str, Any]]:
        answers = []
        for process in self._processes:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise DeviceError("a load process ended by itself")
            answers.append(json.loads(line))
        return answers


def run(plan: Plan, progress: Progress = lambda *_: None) -> dict[str, Any]:
    """Measure.

    Returns:
        rates in statements a second, latencies in milliseconds, and what was lost or is not as signed; `good`
        only if nothing is.
    """
    with tempfile.TemporaryDirectory(prefix="edge-agent-platform-") as name:
        site = PlatformSite(Path(name), plan.ingests)
        try:
            return _run(plan, site, progress)
        finally:
            site.stop()


def _run(plan: Plan, site: PlatformSite, progress: Progress) -> dict[str, Any]:
    def tell(step: str) -> None:
        progress(step, STEPS.index(step), len(STEPS))

    tell("signing")
    site.start_servers()
    for number in range(plan.devices):
        box = plan.box(number)
        site.enrol(box.device, box.key)
    loads = Loads(plan, site.broker.port, site.folder)
    try:
        signing = loads.do(f"sign {int(MOST_A_SECOND * plan.phase_s / plan.devices) + 2}")
        tell("floor")
        floor = _floor(plan, site, loads)
        site.start_ingests()
        tell("saturate")
        saturated = loads.do(f"saturate {plan.phase_s}")
        rate = saturated["receipted"] / saturated["seconds"]
        loads.do(f"drain {DRAIN_S}")
        loads.do(f"sign {int(rate * plan.phase_s / plan.devices) + 2}")
        tell("steady")
        steady = loads.do(f"steady {plan.phase_s} {rate / 2 / plan.loads}")
        loads.do(f"drain {DRAIN_S}")
        tell("kill")
        killed = _kill_in_the_middle(plan, site, loads, rate / 2)
        drained = loads.do(f"drain {DRAIN_S}")
        tell("after")
        chains: dict[str, int] = {}
        for answer in loads.ask("chains"):
            chains.update(answer)
    finally:
        loads.stop()
    site.stop_ingests()
    with closing(site.store()) as store:
        after = compare(store, [plan.box(number) for number in range(plan.devices)], chains)
    refused = saturated["refused"] + steady["refused"] + killed["refused"] + drained["refused"]
    return {
        "devices": plan.devices,
        "ingest_processes": plan.ingests,
        "seconds": plan.seconds,
        "signing_s": round(signing["seconds"], 1),
        **floor,
        "statements_per_s": round(rate),
        "ratio_to_floor": round(rate / floor["floor_per_s"], 3),
        "saturated_p50_ms": saturated["p50_ms"],
        "saturated_p99_ms": saturated["p99_ms"],
        "boxes_ran_dry": saturated["ran_out"],
        **_phase("steady", plan, steady, steady["again"]),
        **_phase("killed", plan, killed, killed["again"] + drained["again"]),
        "without_receipt": drained["waiting"],
        "refused": refused,
        **after,
        "good": not (after["bad"] or refused or drained["waiting"]),
    }


def _phase(name: str, plan: Plan, told: dict[str, Any], again: int) -> dict[str, Any]:
    return {
        f"{name}_per_s": round(told["sent"] / plan.phase_s),
        f"{name}_p50_ms": told["p50_ms"],
        f"{name}_p99_ms": told["p99_ms"],
        f"{name}_sent_again": again,
    }


def _floor(plan: Plan, site: PlatformSite, loads: Loads) -> dict[str, Any]:
    seconds = min(5.0, plan.phase_s)
    subscriber = subprocess.Popen(  # noqa: S603 - our own argument list
        [sys.executable, "-m", "edge_agent.bench.bare_mqtt", str(site.broker.port)], stdout=subprocess.PIPE
    )
    try:
        assert subscriber.stdout is not None
        subscriber.stdout.readline()
        published = loads.do(f"floor {seconds}")
    finally:
        subscriber.kill()
        subscriber.communicate()
    rows = statements(min(plan.devices, 500), plan.seed, plan.picture_bytes, plan.with_picture_permille)
    batch = site.settings.batch_messages
    inserted = inserts(site.settings.database, rows, batch, plan.ingests, seconds)
    publish = published["receipted"] / published["seconds"]
    return {
        "bare_publish_per_s": round(publish),
        "bare_publish_p50_ms": published["p50_ms"],
        "bare_insert_per_s": round(inserted),
        # One after the other, as a statement goes through both.
        "floor_per_s": round(1 / (1 / publish + 1 / inserted)),
    }


def _kill_in_the_middle(plan: Plan, site: PlatformSite, loads: Loads, rate: float) -> dict[str, Any]:
    def kill() -> None:
        time.sleep(plan.phase_s / 3)
        site.kill_ingest(0)
        time.sleep(AWAY_S)
        site.start_ingest(0)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        return loads.do(f"steady {plan.phase_s} {rate / plan.loads}")
    finally:
        killer.join()


def text(result: dict[str, Any]) -> str:
    """For a person at a terminal."""
    r = result
    rates = {
        "bare publish": (r["bare_publish_per_s"], f"PUBACK p50 {r['bare_publish_p50_ms']} ms"),
        "bare insert": (r["bare_insert_per_s"], ""),
        "floor: one after the other": (r["floor_per_s"], ""),
        "platform, saturated": (r["statements_per_s"], f"{r['ratio_to_floor']} of the floor"),
        "at half of that": (r["steady_per_s"], _latency(r, "steady")),
        "one ingest killed": (r["killed_per_s"], _latency(r, "killed")),
    }
    counts = ("lost", "twice", "differing", "pictures_bad", "watermarks_behind", "without_receipt", "refused")
    lines = [
        f"{r['devices']} simulated boxes, {r['ingest_processes']} ingest processes, all on this machine",
        *(f"{name:<28} {rate:>7,} statements/s  {more}".rstrip() for name, (rate, more) in rates.items()),
        f"{r['sent']:,} statements and {r['pictures']:,} pictures sent: "
        + ", ".join(f"{r[name]} {name.replace('_', ' ')}" for name in counts),
    ]
    if r["boxes_ran_dry"]:
        lines.append("the boxes had no statement left while saturating: the platform takes more than that")
    return "\n".join([*lines, "good" if r["good"] else "NOT GOOD"])


def _latency(result: dict[str, Any], phase: str) -> str:
    p50, p99, again = (result[f"{phase}_{name}"] for name in ("p50_ms", "p99_ms", "sent_again"))
    return f"receipt p50 {p50} ms, p99 {p99} ms, sent again {again}"


def _share(sorted_values: list[float], share: float) -> float:
    """The value below which that share lies; 0 of nothing."""
    return (
        sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * share))] if sorted_values else 0.0
    )
