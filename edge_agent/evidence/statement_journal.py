"""The slice of the box's own recording that made a statement: `ext.journal`.

Under `ext`, because a reader of statement v1 refuses a new field anywhere else. Absent where the box keeps no
journal, and from statements of before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict

from edge_agent.core.records import JournalSlice
from edge_agent.core.units import US, Ns
from edge_agent.evidence.statement_parts import Count, Model, Text

KEY = "journal"


class JournalNamed(Model):
    """Which part of the box's journal led to this statement; a replay of it comes to the same.

    A later box may say more here: whoever verifies with today's program must not refuse it for that.
    """

    model_config = ConfigDict(extra="ignore")

    boot_id: Text
    """Of the run; times and numbers are its own."""
    from_monotonic_us: Count
    """Where what it rests on begins, and a margin before that."""
    to_monotonic_us: Count
    """The event that led to it."""
    last_event: Count
    """Number of that event in its run; the start of the daemon is 0."""


def ext_of(journal: JournalSlice | None) -> dict[str, Any]:
    """What stands under `ext`."""
    if journal is None:
        return {}
    named = JournalNamed(
        boot_id=journal.boot_id,
        from_monotonic_us=journal.start // US,
        to_monotonic_us=-(-journal.end // US),
        last_event=journal.last_event,
    )
    return {KEY: named.model_dump(mode="json")}


def slice_named(ext: Mapping[str, Any]) -> JournalSlice | None:
    """The slice that a statement's `ext` names; None where it names none."""
    if KEY not in ext:
        return None
    named = JournalNamed.model_validate(ext[KEY])
    return JournalSlice(
        named.boot_id,
        Ns(named.from_monotonic_us * US),
        Ns(named.to_monotonic_us * US),
        named.last_event,
    )
