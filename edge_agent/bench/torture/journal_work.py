"""What a box with a black box does when one call of its journal's disk fails, or it dies there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from edge_agent.bench.torture.journal_road import HEADER, Road, unaccounted
from edge_agent.bench.torture.storage_work import Claim, Work, open_store
from edge_agent.core.events import Started
from edge_agent.core.units import Ns
from edge_agent.evidence.examples import a_case
from edge_agent.journal.recorder import Recorder
from edge_agent.journal.settings import JournalSettings

FOLDER = "journal"
CASES = 5
OLD_BYTES = 600_000
# Of megabytes, which no configuration may have: the old recordings go.
SMALL: dict[str, Any] = {"quota_mb": 2, "segment_mb": 1}


def journal_works() -> Iterator[Work]:
    """All of them."""
    yield Work("journal", _old_recordings, _drive, under=FOLDER, after=_after)


def _old_recordings(directory: Path, _seed: int, claim: Claim) -> None:
    with open_store(directory) as store:
        claim(store.seal(*a_case(90)))
    (directory / FOLDER).mkdir()
    for number in (1, 2):
        (directory / FOLDER / f"journal-{number:08d}.mcap").write_bytes(bytes(OLD_BYTES))


def _drive(directory: Path, seed: int, claim: Claim) -> None:
    """Segments begin and end, old ones go; what is known to be with the kernel is noted beside it."""
    with Road(directory, directory / FOLDER, **SMALL) as road:
        for number in range(1, CASES + 1):
            claim(road.case(number, raw=b"%d" % number * (1 + 3_000 * seed)))
            if road.settle():
                _note(directory, road.events)
    _note(directory, road.events, closed=True)


def _note(directory: Path, events: int, *, closed: bool = False) -> None:
    with (directory / "noted").open("a", encoding="ascii") as file:
        file.write(f"{events}{' closed' * closed}\n")


def _after(directory: Path, for_ever: bool) -> Sequence[str]:
    """Each event is there or told, as far as the box could know; and the next run goes on beside it."""
    folder = directory / FOLDER
    noted = (directory / "noted").read_text("ascii").split("\n") if (directory / "noted").exists() else []
    closed = any(line.endswith(" closed") for line in noted)
    whole = [int(line) for line in noted if line.isdigit()]
    events = 1 + 2 * CASES
    at_least = events if closed and not for_ever else max(whole, default=0)
    problems = list(unaccounted(folder, at_least, events))
    before = {path.name: path.stat().st_size for path in folder.glob("*.mcap")}
    recorder = Recorder(folder, JournalSettings(dir=folder, reserve_mb=0), HEADER)
    recorder.event(Started(Ns(0), "boot-after", "torture", "ab"))
    recorder.close()
    after = {path.name: path.stat().st_size for path in folder.glob("*.mcap")}
    if not before.items() < after.items():
        problems.append("the next run wrote over a recording")
    return problems
