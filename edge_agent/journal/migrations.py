"""Recordings of older formats, read as today's.

    format 1  until 0.1: no `format` in the header; messages are numbered through, whatever they are
    format 2  the header says which run, which segment and which event it begins with; a message's sequence
              is the number of its event (`numbering.py`); gaps, and plates that were not kept

A step lifts a header from one format to the next. What an event's body says has not changed yet: the change
that does will have its step here, and a recording of before in its test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from edge_agent.errors import JournalError

FORMAT = 2

Header = dict[str, str]
Step = Callable[[Mapping[str, str]], Header]


def _to_2(header: Mapping[str, str]) -> Header:
    """Nobody said where in its run it begins; a run's first recording has `Started`, which is 0."""
    return {
        **header,
        "format": "2",
        "boot_id": "",
        "segment": "",
        "first_event": "",
        "first_monotonic_ns": "",
        "utc_minus_monotonic_ns": "",
        "plates": "kept",
    }


# The first one makes format 2 of format 1. A step is never changed once a release had it.
STEPS: Final[tuple[Step, ...]] = (_to_2,)


def format_of(header: Mapping[str, str], where: str) -> int:
    """The format of a recording, by its header as it was written.

    Raises:
        JournalError: it is no format, or one that only a newer program knows.
    """
    if "format" not in header and "boot_id" in header:
        raise JournalError(f"{where}: its header is damaged")
    said = header.get("format", "1")
    if not (said.isascii() and said.isdigit() and len(said) < 10 and int(said) > 0):
        raise JournalError(f"{where}: format {said[:40]!r} is none")
    if int(said) > FORMAT:
        raise JournalError(
            f"{where}: format {said}; this program reads up to {FORMAT}: the recording was made by a newer "
            "edge-agent, upgrade this one"
        )
    return int(said)


def lift(header: Mapping[str, str], where: str) -> Header:
    """A header in today's form."""
    lifted = dict(header)
    for step in STEPS[format_of(header, where) - 1 :]:
        lifted = step(lifted)
    return lifted
