"""How well plates are read in labelled pictures, and what one picture costs, against a floor of the same run.

The labels are a CSV beside the pictures: `file`, `plate`, and if there are several plates in a picture
`also_in_picture` (with `|` between them: read instead, they count as right), and `group`.

The floor is what no reader gets around: the picture's JPEG decoded and made as small as the network's input.
"""

from __future__ import annotations

import csv
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.bench.street import wilson
from edge_agent.devices.plate_reader.opening import open_reader
from edge_agent.devices.plate_reader.reader import Reading
from edge_agent.devices.plate_reader.settings import PlateReaderSettings
from edge_agent.errors import UsageError

LABELS = "plates.csv"
CONFIDENT = 0.9
WARM_UP = 3


@dataclass(frozen=True, slots=True)
class Labelled:
    """A picture and what can be read in it."""

    path: Path
    plate: str
    also: tuple[str, ...]
    group: str


def labelled(where: Path) -> list[Labelled]:
    """The pictures of a CSV, or of the one that lies in a folder.

    Raises:
        UsageError: it cannot be read, lacks a column, or names no picture.
    """
    path = where / LABELS if where.is_dir() else where
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise UsageError(f"{path}: no labels can be read: {problem}") from problem
    if not rows or any(not row.get("file") or not row.get("plate") for row in rows):
        raise UsageError(f"{path}: needs a row a picture with its columns file and plate")
    return [
        Labelled(
            path.parent / row["file"],
            row["plate"],
            tuple(filter(None, (row.get("also_in_picture") or "").split("|"))),
            row.get("group") or "",
        )
        for row in rows
    ]


def run(
    pictures: Sequence[Labelled],
    settings: PlateReaderSettings,
    *,
    crops: bool = False,
    progress: Callable[[str, int, int], None] = lambda _what, _done, _of: None,
) -> dict[str, Any]:
    """Read every picture once, on one thread.

    Args:
        pictures: with their labels.
        settings: of the reader.
        crops: each picture is one plate, cut out: it is not looked for.
        progress: told what is done.

    Raises:
        UsageError: a picture is missing or none.
    """
    import cv2  # noqa: PLC0415 heavy: only where pictures are looked at

    cv2.setNumThreads(1)
    reader = open_reader(settings)
    look = reader.read_cut_out if crops else reader.read
    for one in pictures[:WARM_UP]:
        look(_decoded(one.path.read_bytes(), one.path))
    rows = []
    for done, one in enumerate(pictures, start=1):
        rows.append(_measured(one, look, settings.text_side))
        progress("pictures", done, len(pictures))
    groups = sorted({one.group for one in pictures} - {""})
    return {
        "pictures": len(rows),
        "crops": crops,
        "models": [name for name, _ in reader.models],
        **accuracy(rows),
        "groups": {group: accuracy([r for r in rows if r["group"] == group]) for group in groups},
        "cpu_ms": _spread([row["cpu_ms"] for row in rows]),
        "floor_cpu_ms": _spread([row["floor_ms"] for row in rows]),
        "ratio": round(sum(r["cpu_ms"] for r in rows) / max(1e-9, sum(r["floor_ms"] for r in rows)), 1),
        # Of this process: the libraries and the largest picture are in it.
        "peak_rss_mb": round(_peak_mb(), 1),
        "misread": [{k: r[k] for k in MISREAD} for r in rows if not r["exact"]],
    }


MISREAD = ("file", "plate", "read", "confidence", "colour")


def _measured(one: Labelled, look: Callable[[Any], Reading | None], side: int) -> dict[str, Any]:
    data = one.path.read_bytes()
    began = time.process_time()
    image = _decoded(data, one.path)
    _small(image, side)
    floor = time.process_time() - began
    began = time.process_time()
    found = look(image)
    took = time.process_time() - began
    return {
        "file": one.path.name,
        "plate": one.plate,
        "group": one.group,
        "read": found.text if found else "",
        "confidence": round(found.confidence, 4) if found else 0.0,
        "colour": found.colour if found else "",
        "exact": found is not None and found.text in (one.plate, *one.also),
        "cpu_ms": 1000 * took,
        "floor_ms": 1000 * floor,
    }


def accuracy(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of pictures that were read: how many exactly, not at all, wrongly and yet confidently."""
    return {
        "exact": wilson(sum(row["exact"] for row in rows), len(rows)),
        "unreadable": sum(not row["read"] for row in rows),
        "wrong": sum(bool(row["read"]) and not row["exact"] for row in rows),
        "wrong_confident": wilson(
            sum(not row["exact"] and row["confidence"] >= CONFIDENT for row in rows),
            sum(row["confidence"] >= CONFIDENT for row in rows),
        ),
    }


def _decoded(data: bytes, path: Path) -> Any:
    from edge_agent.devices.camera.stills import decoded  # noqa: PLC0415 - heavy

    try:
        return decoded(data)
    except ValueError as problem:
        raise UsageError(f"{path}: {problem}") from problem


def _small(image: Any, side: int) -> Any:
    import cv2  # noqa: PLC0415 heavy: only where pictures are looked at

    scale = min(1.0, side / max(image.shape[:2]))
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _spread(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, len(ordered) * 95 // 100)]
    numbers = {"mean": statistics.fmean(values), "median": statistics.median(values), "p95": p95}
    return {name: round(value, 1) for name, value in numbers.items()}


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def text(result: dict[str, Any]) -> str:
    """For a person."""
    groups = {**result["groups"], "all": result} if len(result["groups"]) > 1 else {"all": result}
    lines = [f"{'pictures':20}{'of':>6}{'exact':>8}{'%':>8}{'95 %':>14}{'unreadable':>12}{'wrong':>7}"]
    for name, row in groups.items():
        exact = row["exact"]
        between = f"{100 * exact['low']:.1f} to {100 * exact['high']:.1f}"
        lines.append(
            f"{name:20}{exact['of']:6}{exact['right']:8}{100 * exact['share']:8.1f}{between:>14}"
            f"{row['unreadable']:12}{row['wrong']:7}"
        )
    sure, cpu, floor = result["wrong_confident"], result["cpu_ms"], result["floor_cpu_ms"]
    share = f"{100 * sure['share']:.1f} % (95 %: at most {100 * sure['high']:.1f})" if sure["of"] else "-"
    lines += [
        "",
        f"wrong of the confident (>= {CONFIDENT:g})   {sure['right']} of {sure['of']}: {share}",
        f"{'CPU ms a picture, one thread':36}{'mean':>8}{'median':>8}{'p95':>8}",
        _spread_line("  read", cpu),
        _spread_line("  floor: JPEG decoded, made small", floor),
        f"{'  ratio of the sums':36}{result['ratio']:8.1f}",
        f"{'peak of resident memory, MB':36}{result['peak_rss_mb']:8.0f}",
    ]
    return "\n".join(lines)


def _spread_line(name: str, spread: dict[str, float]) -> str:
    return f"{name:36}{spread['mean']:8.1f}{spread['median']:8.1f}{spread['p95']:8.1f}"


def misread(result: dict[str, Any]) -> str:
    """Those that were not read exactly, a line each."""
    lines = [f"{'file':32}{'plate':12}{'read':12}{'confidence':>10}  colour"]
    lines += [
        f"{r['file']:32}{r['plate']:12}{r['read'] or '-':12}{r['confidence']:10.3f}  {r['colour']}"
        for r in result["misread"]
    ]
    return "\n".join(lines)
