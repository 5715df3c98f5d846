"""The whole bench: every part in a process of its own, one table, one JSON file with all numbers.

A part that fails is a row that says why. Nothing is quoted: what a number is compared with, a floor or
somebody else's program, ran in the same run, on the same machine.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from edge_agent import __version__
from edge_agent.bench.processor import processor
from edge_agent.bench.whole_parts import PARTS, Choices, Part, Row
from edge_agent.demo.rendered import repository
from edge_agent.errors import UsageError

Progress = Callable[[str, int, int], None]  # what, done, of
Keep = Callable[[dict[str, Any]], None]  # the result so far

LONGEST_S = 3 * 3_600.0
CLEAN_UP_S = 30.0  # that a part may take to end what it has started, once it is interrupted
LIBRARIES = ("numpy", "opencv-python", "av", "onnxruntime", "pydantic", "mcap", "cryptography", "paho-mqtt")
MOST_WORDS = 100  # of why a part failed
BUSY = 0.5  # load of each core from which on times on the wall say more of the others
HEAD = ("what", "measured", "floor or peer of the same run", "ratio", "goal", "")


def chosen_parts(only: str) -> tuple[Part, ...]:
    """The parts of a list of names; empty: all of them.

    Raises:
        UsageError: there is no such part.
    """
    wanted = [name for name in only.split(",") if name]
    known = {part.name for part in PARTS}
    for name in wanted:
        if name not in known:
            raise UsageError(f"--only {name}: no such part; there are {', '.join(p.name for p in PARTS)}")
    return tuple(part for part in PARTS if not wanted or part.name in wanted)


def run(
    parts: Sequence[Part], choices: Choices, progress: Progress, keep: Keep = lambda _result: None
) -> dict[str, Any]:
    """Each part in turn: the machine, the rows, and every number behind them.

    Ctrl-C ends the part that runs and all that were to come; what is measured stays.

    Args:
        parts: what to measure.
        choices: a person's.
        progress: told of each part before it begins.
        keep: given the result after each part, for a run that does not come to its end.
    """
    began, load = time.monotonic(), os.getloadavg()
    rows: list[Row] = []
    result: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "effort": choices.effort,
        "simulated": True,
        "interrupted": False,
        "versions": versions(),
        "parts": {},
    }

    def so_far() -> dict[str, Any]:
        machine = machine_facts() | {"load_before": load, "load_after": os.getloadavg()}
        seconds = round(time.monotonic() - began, 1)
        return result | {"machine": machine, "seconds": seconds, "rows": [asdict(row) for row in rows]}

    try:
        for done, part in enumerate(parts):
            progress(part.name, done, len(parts))
            result["parts"][part.name], found = _measured(part, choices)
            rows += found
            keep(so_far())
    except KeyboardInterrupt:
        result["interrupted"] = True
        left = [part.name for part in parts if part.name not in result["parts"]]
        rows += [Row(name, "not run", "interrupted") for name in left]
    return so_far()


def _measured(part: Part, choices: Choices) -> tuple[dict[str, Any], list[Row]]:
    if missing := part.needs(choices):
        return {"not_run": missing}, [Row(part.name, "not run", missing)]
    arguments = part.arguments(choices)
    command = f"edge-agent bench {' '.join(arguments)}"
    began = time.monotonic()
    result, problem = _child([*arguments, "--json"])
    kept: dict[str, Any] = {"command": command, "seconds": round(time.monotonic() - began, 1)}
    if result is None:
        return kept | {"failed": problem}, [Row(part.name, "FAILED", problem, met=False, command=command)]
    try:
        rows = [replace(row, command=command) for row in part.rows(result)]
    except (KeyError, TypeError, ZeroDivisionError) as error:
        reason = f"its result is not understood: {type(error).__name__}: {error}"
        return kept | {"failed": reason, "result": result}, [Row(part.name, "FAILED", reason, met=False)]
    return kept | {"result": result}, rows


def _child(arguments: list[str]) -> tuple[dict[str, Any] | None, str]:
    """What the command printed; or None, and why there is nothing.

    A part that found something bad (exit 1) has still measured it.
    """
    command = [sys.executable, "-m", "edge_agent", "bench", *arguments]
    with _heeding_ctrl_c():
        process = subprocess.Popen(  # noqa: S603 - ours
            command,
            cwd=repository(),  # where the example configurations and models are
            env=os.environ | {"PYTHONPATH": str(repository())},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            # Ctrl-C comes to us alone, and from us to the part, once: it cleans up undisturbed.
            process_group=0,
        )
    try:
        out, said = process.communicate(timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        return None, f"not done after {LONGEST_S / 3600:g} h"
    finally:
        _end(process)
    last = out.strip().splitlines()[-1:]
    try:
        result = json.loads(last[0]) if last else None
    except ValueError:
        result = None
    if isinstance(result, dict):
        return result, ""
    words = said.strip().splitlines() or [f"exit {process.returncode}, and it said nothing"]
    return None, words[-1][:MOST_WORDS]


@contextmanager
def _heeding_ctrl_c() -> Iterator[None]:
    """What we start is to end: a background job of a shell ignores SIGINT, and so does what it starts."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _end(process: subprocess.Popen[str]) -> None:
    """A part that still runs: asked as a person would, so that it ends what it has started, then killed."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=CLEAN_UP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def machine_facts() -> dict[str, Any]:
    """What the numbers were measured on."""
    return {
        "cpu": processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "kernel": platform.release(),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()),
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    """Of this program and of the libraries that cost most."""
    found = {"edge-agent": __version__}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


# ---- saying it ----------------------------------------------------------------------------------


def cells(row: dict[str, Any]) -> tuple[str, ...]:
    """A row of the table."""
    ratio = "" if row["ratio"] is None else f"{row['ratio']:.3g} x"
    met = {True: "met", False: "MISSED", None: ""}[row["met"]]
    return row["what"], row["measured"], row["beside"], ratio, row["goal"], met


def table(result: dict[str, Any]) -> str:
    """Aligned, for a terminal."""
    return "\n".join([*_aligned([HEAD, *(cells(row) for row in result["rows"])]), "", foot(result)])


def foot(result: dict[str, Any]) -> str:
    """Where and when, and how busy the machine was: a busy one measures itself."""
    on = result["machine"]
    load = f"load {on['load_before'][0]:.1f} before, {on['load_after'][0]:.1f} after"
    quick = " A quick look, not a result." if result["effort"] == "quick" else ""
    quick += " INTERRUPTED: not all of it." if result["interrupted"] else ""
    busy = max(on["load_before"][0], on["load_after"][0]) > BUSY * on["cores"]
    quick += " THE MACHINE WAS BUSY: what was timed on the wall says more of its other work." if busy else ""
    where = f"{on['cores']} x {on['cpu']}, {on['memory_gb']:g} GB, {on['system']}, kernel {on['kernel']}"
    took = ", ".join(
        f"{name} {part['seconds']:.0f}" for name, part in result["parts"].items() if "seconds" in part
    )
    said = f"{result['date']} on {where}, Python {on['python']}; {load}.{quick}"
    lasted = f"{result['seconds'] / 60:.1f} min; seconds: {took or 'none'}."
    return f"{said}\n{lasted}\nAll traffic, weights, pictures and plates are simulated."


def markdown(result: dict[str, Any]) -> str:
    """As the README shows it."""
    lines = ["| what | measured | beside it | ratio | goal | command |", "|---|---|---|---|---|---|"]
    for row in result["rows"]:
        what, measured, beside, ratio, goal, met = cells(row)
        shown = f"**{measured}**" if met == "MISSED" else measured
        lines.append(f"| {what} | {shown} | {beside} | {ratio} | {goal} | `{row['command']}` |")
    return "\n".join([*lines, "", foot(result)])


def _aligned(rows: Sequence[Iterable[str]]) -> list[str]:
    columns = [tuple(row) for row in rows]
    widths = [max(len(row[k]) for row in columns) for k in range(len(HEAD))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in columns
    ]


# ---- two runs -----------------------------------------------------------------------------------


def load_result(path: Path) -> dict[str, Any]:
    """A JSON file that an earlier run wrote.

    Raises:
        UsageError: it is none.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        [(row["what"], row["ratio"], row["measured"]) for row in found["rows"]]
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"{path}: no result of `edge-agent bench --out`") from None
    return dict(found)


def compare(old: dict[str, Any], new: dict[str, Any], noise_percent: float) -> dict[str, Any]:
    """Ratios of two runs: those that moved by more than the noise, and rows that only one has."""
    before, after = ({row["what"]: row for row in one["rows"]} for one in (old, new))
    changed = []
    for what in before.keys() & after.keys():
        was, now = before[what]["ratio"], after[what]["ratio"]
        if was is None or now is None or not was:
            continue
        percent = 100 * (now / was - 1)
        if abs(percent) > noise_percent:
            changed.append({"what": what, "was": was, "now": now, "percent": round(percent, 1)})
    return {
        "noise_percent": noise_percent,
        "same_machine": old.get("machine", {}).get("cpu") == new.get("machine", {}).get("cpu"),
        "changed": sorted(changed, key=lambda row: -abs(float(row["percent"]))),
        "only_before": sorted(before.keys() - after.keys()),
        "only_now": sorted(what for what in after.keys() - before.keys() if not _not_run(after[what])),
        "not_run_now": sorted(what for what, row in after.items() if _not_run(row)),
        "missed_now": sorted(
            what
            for what in before.keys() & after.keys()
            if before[what]["met"] and after[what]["met"] is False
        ),
    }


def _not_run(row: dict[str, Any]) -> bool:
    return str(row["measured"]).startswith("not run")


def compared(result: dict[str, Any]) -> str:
    """For a person."""
    lines = []
    if not result["same_machine"]:
        lines.append("measured on different processors: ratios may differ for that alone")
    lines += [
        f"{row['percent']:+8.1f} %  {row['was']:.3g} x -> {row['now']:.3g} x  {row['what']}"
        for row in result["changed"]
    ]
    if not result["changed"]:
        lines.append(f"no ratio moved by more than {result['noise_percent']:g} %")
    lines += [f"goal met before, missed now: {what}" for what in result["missed_now"]]
    lines += [f"not run now: {what}" for what in result["not_run_now"]]
    lines += [f"only before: {what}" for what in result["only_before"]]
    lines += [f"only now: {what}" for what in result["only_now"]]
    return "\n".join(lines)
