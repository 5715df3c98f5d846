"""What was truly watched, day by day: that no case came does not say that nothing was there."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from markupsafe import Markup
from starlette.responses import Response
from starlette.routing import Route

from edge_agent.console.box import Box
from edge_agent.console.parts import part_in_words
from edge_agent.devices import clock
from edge_agent.evidence.reading import Listed
from edge_agent.evidence.statement import Kind
from edge_agent.report.coverage import Bar, bar_row, bars_of, together, tone
from edge_agent.report.line_plot import PATTERNS
from edge_agent.report.times import local
from edge_agent.report.words import blind
from edge_agent.web.gate import Gate, NotHere, Visit
from edge_agent.web.look import Look
from edge_agent.web.words import Words

DAYS = 28
EARLIEST = date(2000, 1, 1)
DAY_US = 86_400_000_000
MAX_RECORDS = 2_000  # 28 days of hours, and as many that restarts cut short
UNKNOWN = ""

Record = Mapping[str, Any]


class CoveragePages:
    """See above."""

    def __init__(self, look: Look, box: Box) -> None:
        self._look = look
        self._box = box
        self._lock = threading.Lock()
        self._read: OrderedDict[int, Record] = OrderedDict()  # by seq; a statement never changes

    def routes(self, gate: Gate) -> list[Route]:
        """Their addresses."""
        return [gate.page("/coverage", self.show)]

    def show(self, visit: Visit) -> Response:
        """The calendar, and one day of it in full."""
        words, until = self._look.words(visit), self._until(visit.query("until"))
        days = [(until - timedelta(days=ago)).isoformat() for ago in range(DAYS)]
        held = self._by_day(days)
        chosen = visit.query("day") if visit.query("day") in {*days, "unknown"} else ""
        chosen = chosen or next((day for day in days if day in held), "")
        bars = {day: bars_of(records) for day, records in held.items()}
        parts = sorted({part for found in bars.values() for part in found})
        of_day = bars.get(UNKNOWN if chosen == "unknown" else chosen, {})
        return self._look.page(
            visit,
            "coverage.html",
            {
                "parts": [(part, part_in_words(part, words)) for part in parts],
                "rows": [{"day": day, "cells": _cells(bars.get(day, {}), parts)} for day in days],
                "chosen": chosen,
                "detail": [_detail(part, found, words) for part, found in sorted(of_day.items())],
                "unknown": UNKNOWN in held,
                "earlier": (until - timedelta(days=DAYS)).isoformat(),
                "patterns": Markup(PATTERNS),  # noqa: S704 - our own drawing
            },
        )

    def _until(self, said: str) -> date:
        """The last day that is shown; by default today, by the box's clock."""
        if not said:
            return local(clock.monotonic() // 1000 + self._box.clock().utc_minus_mono // 1000).date()
        try:
            day = date.fromisoformat(said)
        except ValueError as error:
            raise NotHere(said) from error
        if day < EARLIEST:
            raise NotHere(said)
        return day

    def _by_day(self, days: Sequence[str]) -> dict[str, list[Record]]:
        """Records of these days, oldest first; under `UNKNOWN` those whose UTC nobody knew."""
        found: dict[str, list[Record]] = {}
        for record in self._records(days[-1]):
            start = record["start_utc_us"]
            day = UNKNOWN if start is None else local(start).date().isoformat()
            if day == UNKNOWN or day in days:
                found.setdefault(day, []).append(record)
        return {day: list(reversed(records)) for day, records in found.items()}

    def _records(self, first_day: str) -> Iterator[Record]:
        for count, listed in enumerate(self._box.reading.statements(kind=Kind.COVERAGE)):
            # Sealed at its end: a record of the day before may be sealed on the first.
            if count >= MAX_RECORDS or local(listed.sealed_utc_us).date().isoformat() < first_day:
                return
            record = self._record(listed)
            if record is not None:
                yield record

    def _record(self, listed: Listed) -> Record | None:
        with self._lock:
            known = self._read.get(listed.seq)
        if known is not None:
            return known
        whole = self._box.reading.statement(listed.seq)
        if whole is None:
            return None
        record: Record = json.loads(whole.payload)["record"]
        with self._lock:
            self._read[listed.seq] = record
            while len(self._read) > MAX_RECORDS:
                self._read.popitem(last=False)
        return record


def _cells(bars: Mapping[str, Sequence[Bar]], parts: Sequence[str]) -> list[dict[str, str]]:
    cells = []
    for part in parts:
        whole = together(bars[part]) if part in bars else None
        if whole is None or not whole.total:
            cells.append({"share": "", "tone": "none"})
            continue
        share = 100 * whole.watched / whole.total
        # Never rounded up to all of it.
        cells.append({"share": f"{int(share * 10) / 10:g} %", "tone": tone(share)})
    return cells


def _detail(part: str, bars: Sequence[Bar], words: Words) -> dict[str, Any]:
    row = bar_row(part, bars)
    whole = together(bars)
    lost = [f"{blind(reason, words)} {_minutes(ms)}" for reason, ms in whole.blind.most_common()]
    return row | {"part": part_in_words(part, words), "why": lost}


def _minutes(milliseconds: int) -> str:
    hours, minutes = divmod(-(-milliseconds // 60_000), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
