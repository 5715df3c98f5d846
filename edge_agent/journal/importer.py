"""Recorded things of other makers into events: a serial capture with times, a CSV of plate reads.

Both are text that a person can write or mend. The first `MAX_PROBLEMS` problems of a file are reported at
once; a file with more is something else.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from edge_agent.core.events import PlateSeen, SerialBytes
from edge_agent.core.units import US, Ns, Permille, S
from edge_agent.errors import ConfigError, Problem

MAX_PROBLEMS = 50
MAX_CELL = 64  # characters of a plate, a camera's name, a time
MAX_BYTES = 512 * 1024 * 1024  # of one file; a day of a busy line is a tenth of it
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

Cells = Mapping[str, str]
T = TypeVar("T")

NO_TEXT = "not UTF-8"
PUT_BACK = "is before the time of the line above: the logger's clock was put back"

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DECIMAL = re.compile(r"(\d{1,12})(?:\.(\d{1,9}))?$", re.ASCII)
LINE_END = re.compile(r"\r\n|\r|\n")  # what editors count; `str.splitlines` knows eight more
LATEST = Ns(2**63)  # in the year 2262: milliseconds that were taken for seconds lie far beyond


def parse_time(text: str) -> Ns:
    """UTC nanoseconds from RFC 3339 with a zone, or from decimal seconds since 1970.

    Digits are counted, never passed through a float.

    Raises:
        ValueError: it is neither, or before 1970 or after 2262.

    >>> parse_time("1.5"), parse_time("1970-01-01T08:00:01+08:00")
    (1500000000, 1000000000)
    """
    found = _time_of(text.strip())
    if not 0 <= found < LATEST:
        raise ValueError(f"{text.strip()!r} is not between 1970 and 2262: write seconds, not milliseconds")
    return found


def _time_of(text: str) -> Ns:
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
        ConfigError: every line that cannot be read, or is of before the line above it, with its number.
    """
    problems = Problems(path)
    events: list[SerialBytes] = []
    for number, line in enumerate(lines_of(path), start=1):
        text = line.split("#", 1)[0].strip()
        if not text:
            continue
        time, *data = text.split(maxsplit=1)
        try:
            read = SerialBytes(parse_time(time), port, bytes.fromhex("".join(data)))
        except ValueError as error:
            problems.add(number, str(error), "a line is TIME HEX")
            continue
        if not read.data:
            problems.add(number, "no bytes behind the time", "a line is TIME HEX")
        elif events and read.at < events[-1].at:
            problems.add(number, f"{time} {PUT_BACK}", "cut the file there, and import the two by themselves")
        else:
            events.append(read)
    problems.close()
    return events


def read_plates_csv(path: Path, check: Callable[[PlateSeen], None] = lambda _read: None) -> list[PlateSeen]:
    """A CSV with the columns of `PLATE_COLUMNS`, the first three required. `at` is UTC here.

    `time` is the camera's time of capture, `received` when the read reached the box (default: the same).

    Args:
        path: the file.
        check: raises `ValueError` where a read is none of the site's.

    Raises:
        ConfigError: every row that cannot be read, with its line.
    """

    def make(cells: Cells) -> PlateSeen:
        read = plate_of(cells)
        check(read)
        return read

    return [plate for _, plate in rows_of(path, PLATE_COLUMNS, REQUIRED_COLUMNS, make)]


def rows_of(
    path: Path, columns: Sequence[str], required: Sequence[str], make: Callable[[Cells], T]
) -> list[tuple[int, T]]:
    """What `make` makes of each row of a CSV, with its line.

    Args:
        path: the file.
        columns: that may be there.
        required: that must.
        make: takes the cells by column, blanks around them taken off; raises `ValueError` with the reason.

    Raises:
        ConfigError: every row that cannot be read, with its line.
    """
    rows = csv.DictReader(lines_of(path))
    try:
        return _rows(path, rows, columns, required, make)
    except csv.Error as error:
        raise ConfigError((Problem(str(path), rows.line_num, "", f"not a CSV: {error}"),)) from None


def _rows(
    path: Path,
    rows: csv.DictReader[str],
    columns: Sequence[str],
    required: Sequence[str],
    make: Callable[[Cells], T],
) -> list[tuple[int, T]]:
    there = tuple(rows.fieldnames or ())
    missing = [name for name in required if name not in there]
    unknown = [name[:40] for name in there[:MAX_PROBLEMS] if name not in columns]
    twice = [name for name in columns if there.count(name) > 1]
    if missing or unknown or twice:
        reasons = [f"column {name!r} is missing" for name in missing]
        reasons += [f"unknown column {name!r}" for name in unknown]
        reasons += [f"column {name!r} stands twice" for name in twice]
        hint = f"columns: {', '.join(columns)}"
        raise ConfigError((Problem(str(path), 1, "", "; ".join(reasons), hint),))
    problems = Problems(path)
    found: list[tuple[int, T]] = []
    for row in rows:
        try:
            found.append((rows.line_num, make(_cells(row))))
        except ValueError as error:
            problems.add(rows.line_num, str(error))
    problems.close()
    return found


def _cells(row: dict[str, str]) -> Cells:
    if None in row or None in row.values():
        raise ValueError("more or fewer cells than columns")
    return {name: cell.strip() for name, cell in row.items()}


def plate_of(cells: Cells) -> PlateSeen:
    """The read that stands in the cells of a row; `at` is UTC.

    Raises:
        ValueError: with the reason.
    """
    long = [name for name, cell in cells.items() if len(cell) > MAX_CELL]
    if long:
        raise ValueError(f"{long[0]} is longer than {MAX_CELL} characters")
    captured = parse_time(cells["time"])
    received = parse_time(cells["received"]) if cells.get("received") else captured
    confidence = cells.get("confidence") or "0"  # a reading of which nobody says how sure it is
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


def lines_of(path: Path) -> Iterator[str]:
    """The lines of a text file, without their ends.

    Raises:
        ConfigError: it cannot be read, is too long, or is no UTF-8.
    """
    data = bytes_of(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, reason = data.count(b"\n", 0, error.start) + 1, f"{NO_TEXT} at byte {error.start}"
        hint = "save it as UTF-8; of a table that Excel saved: iconv -f GB18030 -t UTF-8 FILE"
        raise ConfigError((Problem(str(path), line, "", reason, hint),)) from None
    *lines, last = LINE_END.split(text)
    yield from lines
    if last:
        yield last


def bytes_of(path: Path) -> bytes:
    """All of a file.

    Raises:
        ConfigError: it cannot be read or is longer than `MAX_BYTES`.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError((Problem(str(path), 0, "", error.strerror or "cannot be read"),)) from None
    if len(data) > MAX_BYTES:
        raise ConfigError(
            (Problem(str(path), 0, "", f"longer than {MAX_BYTES >> 20} MiB", "import it in parts"),)
        )
    return data


class Problems:
    """What is wrong in a file, line by line, until there is too much of it."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._found: list[Problem] = []

    def add(self, line: int, reason: str, suggestion: str = "") -> None:
        """Note one.

        Raises:
            ConfigError: they are `MAX_PROBLEMS`.
        """
        self._found.append(Problem(self._path, line, "", reason, suggestion))
        if len(self._found) == MAX_PROBLEMS:
            self.close()

    def close(self) -> None:
        """All was read.

        Raises:
            ConfigError: with what was noted.
        """
        if self._found:
            raise ConfigError(tuple(self._found))
