"""Runs rows and says what came out."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edge_agent.bench.broker import find_mosquitto
from edge_agent.bench.torture.row import Effort, Outcome, Row
from edge_agent.bench.torture.rows import all_rows
from edge_agent.bench.torture.storage_disks import can_mount
from edge_agent.errors import UsageError

COLUMNS = {"tried": 7, "sealed": 8, "lost": 5, "gaps": 5, "differing": 9, "seconds": 8}


def run(
    wanted: Sequence[str],
    effort: Effort,
    progress: Callable[[str, int, int], None] = lambda *_: None,
    came_out: Callable[[dict[str, Any]], None] = lambda _entry: None,
) -> dict[str, Any]:
    """Run the rows whose id starts with one of `wanted`; all of them when it is empty.

    Args:
        wanted: beginnings of ids.
        effort: how much of each.
        progress: told (what, done, of).
        came_out: told each row's entry as soon as it is known.

    Returns:
        one entry a row; `good` only if every row that could be run is, and one was.
    """
    rows = [row for row in all_rows() if not wanted or row.id.startswith(tuple(wanted))]
    if not rows:
        raise UsageError(f"no row is called {', '.join(wanted)}: {', '.join(row.id for row in all_rows())}")
    done: list[dict[str, Any]] = []
    for row in rows:
        progress(f"{row.id} {row.fault}", len(done), len(rows))
        done.append(_one(row, effort))
        came_out(done[-1])
    ran = [entry for entry in done if not entry["skipped"]]
    return {
        "full": effort.full,
        "seed": effort.seed,
        "rows": done,
        "good": bool(ran) and all(entry["good"] for entry in ran),
    }


def text(result: dict[str, Any]) -> str:
    """For a person at a terminal."""
    titles = [f"{name:>{width}}" for name, width in COLUMNS.items()]
    lines = [f"{'row':<5} {' '.join(titles)}  fault"]
    for entry in result["rows"]:
        if entry["skipped"]:
            lines.append(f"{entry['id']:<5} {'skipped: ' + entry['skipped']}")
            continue
        numbers = [f"{entry[name]:>{width}}" for name, width in COLUMNS.items()]
        mark = "" if entry["good"] else "  NOT GOOD"
        lines.append(f"{entry['id']:<5} {' '.join(numbers)}  {entry['fault']}{mark}")
        lines.extend(f"      {problem}" for problem in entry["problems"][:10])
        if entry["measured"]:
            lines.append("      " + ", ".join(f"{k} {v}" for k, v in entry["measured"].items()))
    return "\n".join([*lines, "good" if result["good"] else "NOT GOOD"])


def _one(row: Row, effort: Effort) -> dict[str, Any]:
    said = {"id": row.id, "fault": row.fault, "how": row.how, "expected": row.expected}
    lacking = missing(row.needs)
    if lacking:
        return {
            **said,
            "skipped": f"needs {', '.join(lacking)}",
            **asdict(Outcome()),
            "good": False,
            "seconds": 0,
        }
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=f"edge-agent-{row.id}-") as name:
        try:
            found = row.run(effort, Path(name))
        except Exception as error:  # noqa: BLE001 - a row that breaks off must not cost the others' results
            found = Outcome(problems=[f"broke off: {type(error).__name__}: {error}"])
    seconds = round(time.monotonic() - started_s, 1)
    return {**said, "skipped": "", **asdict(found), "good": found.good, "seconds": seconds}


def missing(needs: Sequence[str]) -> list[str]:
    """Of what a row needs, what this machine lacks."""
    have: dict[str, Callable[[], bool]] = {
        "root": lambda: os.geteuid() == 0,
        "mosquitto": lambda: find_mosquitto() is not None,
        "postgres": lambda: bool(list(Path("/usr/lib/postgresql").glob("*/bin/initdb"))),
        "gcc": lambda: shutil.which("gcc") is not None,
        "softhsm2": lambda: shutil.which("softhsm2-util") is not None,
        "chrony": lambda: shutil.which("chronyd", path="/usr/sbin:/usr/bin") is not None,
        "loop": can_mount,
        "strace": lambda: shutil.which("strace") is not None,
    }
    return [name for name in needs if not have[name]()]
