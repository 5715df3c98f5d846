"""The published table: `docs/torture.md`, made of `docs/torture.json`, which keeps every row's last run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TITLES = (
    "row",
    "fault, and how it is provoked",
    "expected",
    "times",
    "sealed",
    "lost",
    "gaps",
    "differing",
    "measured",
)
HEAD = """\
# The failure matrix

Every row is one fault, provoked against the real parts: store, daemon, broker, platform, database.
`times` is how often it was provoked; `sealed`, how many statements had been called sealed; `lost`, how
many of those were not there afterwards; `gaps`, places of a chain without a statement or with a broken
link; `differing`, places for which two payloads came to light. Traffic and cases are simulated.
`scripts/torture` makes all of it again, as root, in an hour or so; a short form of every row runs in
`scripts/test`; one row by itself: `edge-agent bench torture --rows S1`.
"""


@dataclass(slots=True)
class Table:
    """Entries by row, kept beside the page."""

    page: Path
    entries: dict[str, dict[str, Any]]

    @classmethod
    def at(cls, page: Path) -> Table:
        """What was kept of earlier runs."""
        kept = page.with_suffix(".json")
        return cls(page, json.loads(kept.read_text("utf-8")) if kept.exists() else {})

    def put(self, entry: dict[str, Any], run: dict[str, Any], order: Sequence[str]) -> None:
        """Keep a row's newest entry and write both files; `run` says on what, when, how fully."""
        self.entries[entry["id"]] = {**entry, **run}
        self.entries = {name: self.entries[name] for name in order if name in self.entries}
        text = json.dumps(self.entries, ensure_ascii=False, indent=1)
        self.page.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
        self.page.write_text(markdown(self.entries), encoding="utf-8")


def markdown(entries: dict[str, dict[str, Any]]) -> str:
    """The page."""
    ran = [entry for entry in entries.values() if not entry["skipped"]]
    total = {
        name: sum(entry[name] for entry in ran) for name in ("tried", "sealed", "lost", "gaps", "differing")
    }
    found = (
        f"{len(ran)} rows: {total['tried']:,} faults, {total['sealed']:,} statements sealed, "
        f"**{total['lost']} lost**, {total['gaps']} gaps, {total['differing']} differing."
    )
    machines = sorted({f"{entry['machine']}, {entry['date']}" for entry in ran})
    lines = [HEAD, found, "", *(f"Run on {machine}." for machine in machines), ""]
    lines += ["| " + " | ".join(TITLES) + " |", "|" + "---|" * len(TITLES), *map(_row, entries.values())]
    return "\n".join([*lines, ""])


def _row(entry: dict[str, Any]) -> str:
    what = f"**{entry['fault']}**: {entry['how']}"
    if entry["skipped"]:
        return _cells([entry["id"], what, entry["expected"], f"not run: {entry['skipped']}", *[""] * 5])
    measured = [f"{name} {value}" for name, value in entry["measured"].items()]
    measured += [] if entry["full"] else ["(short form)"]
    measured += [f"NOT AS EXPECTED: {problem}" for problem in entry["problems"][:3]]
    counts = [f"{entry[name]:,}" for name in ("tried", "sealed", "lost", "gaps", "differing")]
    return _cells([entry["id"], what, entry["expected"], *counts, "; ".join(measured)])


def _cells(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
