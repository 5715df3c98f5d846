"""What recordings lack, once read: whether a replay of them must give what was decided live."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edge_agent.journal.reader import Recording


def incomplete(recordings: Sequence[Recording]) -> list[str]:
    """Why a replay of these, once read, need not give what was decided live; empty: it must.

    A torn tail is not among the reasons: what came before it was decided live as well.
    """
    reasons: list[str] = []
    for recording in recordings:
        name = recording.path.name
        reasons += [f"{name}: {gap}" for gap in recording.gaps if gap.events or gap.decisions]
        reasons += recording.left_out
        if recording.withheld:
            reasons.append(f"{name}: {recording.withheld} plates were not kept (journal.plates: drop)")
    before: Recording | None = None
    for after in recordings:
        reasons += _begins_late(before, after)
        before = after
    return reasons


def _begins_late(before: Recording | None, after: Recording) -> Iterator[str]:
    first = after.first_event
    if not first or after.begun_late:
        return
    if before is None or before.boot_id != after.boot_id:
        yield f"{after.path.name}: begins in the middle of a run, at event {first}"
        return
    expected = first if before.next_event is None else before.next_event
    for gap in after.gaps:  # in their order
        if gap.first_event <= expected:
            expected = max(expected, gap.next_event)
    if first > expected:
        yield f"{after.path.name}: events {expected} to {first - 1} are missing before it"
