"""Recorded things of other makers into events: a raw serial capture, a CSV of plate reads.

Both are text that a person can write or mend. The first `MAX_PROBLEMS` problems of a file are reported at
once; a file with more is something else.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge_agent.core.events import PlateSeen, SerialBytes
from edge_agent.core.units import US, Ns, Permille, S
from edge_agent.errors import ConfigError, Problem

MAX_PROBLEMS = 50
PLATE_COLUMNS = (
    "time",
    "camera",
    "plate",
    "confidence",
    "lane",
    "colour",
    "vehicle",
    "direction",
    "received",
)
REQUIRED_COLUMNS = ("time", "camera", "plate")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DECIMAL = re.compile(r"(\d{1,12})(?:\.(\d{1,9}))?$")


def parse_time(text: str) -> Ns:
    """UTC nanoseconds from RFC 3339 with a zone, or from decimal seconds since 1970.

    Digits are counted, never passed through a float.

    >>> parse_time("1.5"), parse_time("1970-01-01T08:00:01+08:00")
    (1500000000, 1000000000)
    """
    text = text.strip()
    decimal = DECIMAL.match(text)
    if decimal:
        whole, fraction = decimal.groups()
        return Ns(int(whole) * S + int((fraction or "").ljust(9, "0")))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is neither RFC 3339 nor decimal seconds") from None
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; write 2026-05-01T08:00:00.123+08:00")
    return Ns(((moment - EPOCH) // timedelta(microseconds=1)) * US)


def read_serial_capture(path: Path, port: str) -> list[SerialBytes]:
    """Lines of `TIME HEX`, `#` begins a comment. `at` is UTC here; the caller moves it.

    Raises:
        ConfigError: every line that cannot be read, with its number.
    """
    problems: list[Problem] = []
    events: list[SerialBytes] = []
    for number, line in enumerate(_lines(path), start=1):
        text = line.split("#", 1)[0].strip()
        if not text:
            continue
        time, _, data = text.partition(" ")
        try:
            events.append(SerialBytes(parse_time(time), port, bytes.fromhex(data)))
        except ValueError as error:
            problems.append(Problem(str(path), number, "", str(error), "a line is TIME HEX"))
            if len(problems) == MAX_PROBLEMS:
                break
    _raise(problems)
    return events


def read_plates_csv(path: Path) -> list[PlateSeen]:
    """A CSV with the columns of `PLATE_COLUMNS`, the first three required. `at` is UTC here.

    `time` is the camera's time of capture, `received` when the read reached the box (default: the same).

    Raises:
        ConfigError: every row that cannot be read, with its line.
    """
    rows = csv.DictReader(_lines(path))
    try:
        return _rows(path, rows)
    except csv.Error as error:
        raise ConfigError((Problem(str(path), rows.line_num, "", f"not a CSV: {error}"),)) from None


def _rows(path: Path, rows: csv.DictReader[str]) -> list[PlateSeen]:
    columns = tuple(rows.fieldnames or ())
    missing = [name for name in REQUIRED_COLUMNS if name not in columns]
    unknown = [name[:40] for name in columns[:MAX_PROBLEMS] if name not in PLATE_COLUMNS]
    if missing or unknown:
        reasons = [f"column {name!r} is missing" for name in missing]
        reasons += [f"unknown column {name!r}" for name in unknown]
        hint = f"columns: {', '.join(PLATE_COLUMNS)}"
        raise ConfigError((Problem(str(path), 1, "", "; ".join(reasons), hint),))
    problems: list[Problem] = []
    events: list[PlateSeen] = []
    for row in rows:
        try:
            events.append(_plate(row))
        except ValueError as error:
            problems.append(Problem(str(path), rows.line_num, "", str(error)))
            if len(problems) == MAX_PROBLEMS:
                break
    _raise(problems)
    return events


def _plate(row: dict[str, str | None]) -> PlateSeen:
    if None in row or None in row.values():
        raise ValueError("more or fewer cells than columns")
    cells = {name: (cell or "").strip() for name, cell in row.items()}
    captured = parse_time(cells["time"])
    received = parse_time(cells["received"]) if cells.get("received") else captured
    confidence = cells.get("confidence") or "1000"
    if not confidence.isascii() or not confidence.isdigit() or int(confidence) > 1000:
        raise ValueError(f"confidence {confidence!r} is not a whole number from 0 to 1000 (permille)")
    return PlateSeen(
        at=received,
        camera=cells["camera"],
        lane=cells.get("lane") or None,
        captured_utc=captured,
        text=cells["plate"].upper(),
        confidence=Permille(int(confidence)),
        colour=cells.get("colour", ""),
        vehicle=cells.get("vehicle", ""),
        direction=cells.get("direction", ""),
    )


def _lines(path: Path) -> Iterator[str]:
    try:
        yield from path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise ConfigError((Problem(str(path), 0, "", error.strerror or "cannot be read"),)) from None
    except UnicodeDecodeError as error:
        raise ConfigError((Problem(str(path), 0, "", f"not UTF-8 at byte {error.start}"),)) from None


def _raise(problems: Iterable[Problem]) -> None:
    found = tuple(problems)
    if found:
        raise ConfigError(found)
