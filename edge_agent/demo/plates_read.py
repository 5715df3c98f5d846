"""What was read on the box, from the journal: how much, and of whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from edge_agent.core.events import PlatesDone, PlateSeen
from edge_agent.journal.reader import Recording


def plates_read(recordings: Iterable[Recording], truth: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The plates that the box read itself, for `summary.json`.

    Args:
        recordings: the run's journal.
        truth: every passage of the run.

    Returns:
        asked: vehicles whose plate was asked for; named: those of which at least one picture gave a plate;
        of_vehicles_within_limits: pictures in which the plate of a vehicle that is not overweight was read;
        decoded_each and read_each: pictures decoded, and looked at for a plate, per vehicle asked for.
    """
    reads: list[PlateSeen] = []
    done: list[PlatesDone] = []
    for recording in recordings:
        for event in recording.events():
            if isinstance(event, PlateSeen) and event.request and event.text:
                reads.append(event)
            elif isinstance(event, PlatesDone):
                done.append(event)
    means = [event.means for event in done if event.means]
    each = max(1, len(done))
    return {
        "asked": len(done),
        "named": len({read.request for read in reads}),
        "of_vehicles_within_limits": sum(1 for read in reads if not _overweight(read, truth)),
        "decoded_each": round(sum(m.decoded for m in means) / each, 1),
        "read_each": round(sum(m.read for m in means) / each, 1),
    }


def _overweight(read: PlateSeen, truth: Sequence[dict[str, Any]]) -> bool:
    """The vehicle that was truly there then, and nobody else's text; a read of nobody is one too many."""
    if any(read.text in (p["plate"], p["plate_rear"]) for p in truth if not p["overweight"]):
        return False
    at = read.at if read.captured_at is None else read.captured_at
    passed = [p for p in truth if p["camera_at"].get(read.camera) is not None and p["lane"] == read.lane]
    nearest = min(passed, key=lambda p: abs(p["camera_at"][read.camera] - at), default=None)
    return nearest is not None and bool(nearest["overweight"])
