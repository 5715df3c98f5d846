"""Vehicles that somebody else weighed: rows of a CSV or JSON lines into the records of a `wim_json` port.

A row becomes the very line that the site's adapter would have sent (docs/protocols/wim-json.md), so that
what the core makes of it, and what it refuses, is the same as on the road.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edge_agent.core.events import SerialBytes
from edge_agent.core.foreign_json import first_fault
from edge_agent.core.units import MS, Ns, S
from edge_agent.core.weigh.protocols.settings import WimJsonSettings
from edge_agent.core.weigh.protocols.wim_json import REMEMBERED_IDS, VehicleMessage
from edge_agent.devices.settings_ports import SerialPortSettings
from edge_agent.errors import UsageError
from edge_agent.importing.json_lines import cells_of, objects_of
from edge_agent.journal.importer import Cells, Problems, parse_time, rows_of

COLUMNS = (
    "time",
    "lane",
    "axle_loads_kg",
    "gross_kg",
    "axle_spacings_m",
    "speed_kmh",
    "received",
    "id",
    "flags",
)
REQUIRED = ("time", "lane", "axle_loads_kg")

REPORTED_AFTER = 500 * MS  # after the last axle, where nothing says when the record came
NUMBER = re.compile(r"(\d{1,7})(?:\.(\d{1,9}))?", re.ASCII)


class Named:
    """The records of a port by lane and id: one with an id that its lane had lately would be dropped."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._last: dict[tuple[str, str], tuple[int, str]] = {}

    def note(self, lane: str, name: str, where: str) -> str:
        """One more, and where it stands; where its id stood so lately that this is dropped, or nothing."""
        count = self._counts[lane] = self._counts.get(lane, 0) + 1
        before, there = self._last.get((lane, name), (count, ""))
        self._last[lane, name] = count, where
        return there if count - before <= REMEMBERED_IDS else ""


def read_vehicles(path: Path, port: SerialPortSettings, named: Named | None = None) -> list[SerialBytes]:
    """The records of a file as lines on `port`; `at` is UTC. What is no .csv is read as JSON lines.

    Args:
        path: the file.
        port: that the records came over.
        named: the records of the port's other files; this one's are added.

    Raises:
        UsageError: the port does not speak `wim_json`.
        ConfigError: every row that cannot be read, or has another's id, with its line.
    """
    named = named or Named()
    spoken = port.protocol
    if not isinstance(spoken, WimJsonSettings):
        raise UsageError(
            f"--vehicles {port.id}=...: port {port.id!r} speaks {spoken.kind}; vehicles that are weighed "
            f'already need `ports.{port.id}.protocol: {{kind: wim_json, lanes: {{"1": "1"}}}}` '
            "and lanes without sensors"
        )
    if path.suffix.lower() == ".csv":
        rows = rows_of(path, COLUMNS, REQUIRED, dict)
    else:
        rows = objects_of(path, lambda tree, _line: dict(cells_of(tree, COLUMNS, REQUIRED)))
    problems = Problems(path)
    events: list[SerialBytes] = []
    for line, cells in rows:
        name = cells.get("id") or f"{path.stem[:40]}-{line}"
        try:
            events.append(_record(cells, name, port.id, spoken))
        except ValueError as error:
            problems.add(line, str(error))
            continue
        if before := named.note(cells["lane"], name, f"{path}:{line}"):
            reason = f"id {name[:40]!r} of lane {cells['lane'][:40]!r} is that of {before} too"
            problems.add(line, reason, "the second of two would count for none: one vehicle, one id")
    problems.close()
    return events


def _record(cells: Cells, name: str, port: str, spoken: WimJsonSettings) -> SerialBytes:
    """The line that the adapter would have sent, when it would have."""
    if cells["lane"] not in spoken.lanes:
        raise ValueError(f"lane {cells['lane'][:40]!r}: protocol.lanes has {sorted(spoken.lanes)}")
    loads = [_whole(load, 3, "axle_loads_kg") for load in _list(cells["axle_loads_kg"])]
    offsets = _offsets(cells, len(loads))
    speed = _whole(cells["speed_kmh"], 3, "speed_kmh") * 10 // 36 if cells.get("speed_kmh") else None
    first = parse_time(cells["time"])
    last = first + (offsets[-1] * S // speed if offsets and speed else 0)
    sent = parse_time(cells["received"]) if cells.get("received") else Ns(last + REPORTED_AFTER)
    if sent < last:
        raise ValueError("received before the last axle was weighed")
    message: dict[str, Any] = {
        "v": 1,
        "id": name,
        "lane": cells["lane"],
        "first_axle_age_ms": (sent - first) // MS,
        "last_axle_age_ms": (sent - last) // MS,
        "axles": [
            {"load_g": load} | ({"offset_mm": offsets[n]} if offsets else {}) for n, load in enumerate(loads)
        ],
        "gross_g": _whole(cells["gross_kg"], 3, "gross_kg") if cells.get("gross_kg") else sum(loads),
        "speed_mm_s": speed,
        "flags": _list(cells.get("flags", "")),
    }
    age = message["first_axle_age_ms"]
    if age > spoken.max_age_ms:
        raise ValueError(f"came {age} ms after its first axle; protocol.max_age_ms is {spoken.max_age_ms}")
    try:
        VehicleMessage.model_validate(message)
    except ValidationError as error:
        where, what = first_fault(error)
        raise ValueError(f"{where}: {what}".removeprefix(": ")) from None
    return SerialBytes(sent, port, json.dumps(message, ensure_ascii=False).encode() + b"\n")


def _offsets(cells: Cells, axles: int) -> list[int]:
    """Behind the first axle, mm; empty where the spacings are not known."""
    spacings = [_whole(spacing, 3, "axle_spacings_m") for spacing in _list(cells.get("axle_spacings_m", ""))]
    if not spacings:
        return []
    if len(spacings) != axles - 1:
        raise ValueError(f"{len(spacings)} axle_spacings_m between {axles} axles")
    offsets = [0]
    for spacing in spacings:
        offsets.append(offsets[-1] + spacing)
    return offsets


def _list(text: str) -> list[str]:
    return [item.strip() for item in text.split(";")] if text.strip() else []


def _whole(text: str, places: int, name: str) -> int:
    """A decimal as thousandths and the like, digits counted; what is finer is cut off.

    >>> _whole("4.8", 3, "axle_spacings_m"), _whole("12", 3, "gross_kg")
    (4800, 12000)
    """
    found = NUMBER.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{name}: {text[:40]!r} is no number from 0 to 9999999")
    whole, fraction = found.groups()
    scale: int = 10**places
    return int(whole) * scale + int((fraction or "").ljust(places, "0")[:places])
