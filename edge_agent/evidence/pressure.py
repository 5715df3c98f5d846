"""How full the store is, and what is still kept of a case then.

    70 %   no marked copies: they can be drawn anew from the original and the statement
    80 %   no clips
    90 %   of a low class: one picture, the plate where there is one
    95 %   nothing of a low class: it is counted
    full   nothing: it is counted

Low is every class but enforcement. The raw bytes of an instrument stay: a weight rests on them. So does
a masked copy: a shop owner has a right to it, and to mask takes a detector. What the box says of itself
has no pictures and is never refused by a step. What is left out of a statement is named in it as missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from edge_agent.core.records import Picture, UseClass

# Pictures never take the last of a disk: statements, receipts and losses must still fit.
RESERVE_BYTES = 16 * 1024 * 1024


class Step(IntEnum):
    """What is left out; each step includes those before it."""

    ALL = 0
    NO_MARKED = 1
    NO_CLIPS = 2
    ONE_PICTURE = 3
    NO_LOW_CLASS = 4
    FULL = 5


_FROM_PERMILLE = {
    Step.NO_MARKED: 700,
    Step.NO_CLIPS: 800,
    Step.ONE_PICTURE: 900,
    Step.NO_LOW_CLASS: 950,
    Step.FULL: 1000,
}


def room(held: int, quota: int, free: int) -> int:
    """Bytes that pictures may ever take: the quota, or what there is where others took the disk.

    Args:
        held: bytes of pictures in the store.
        quota: bytes that they may take.
        free: bytes that are free on the disk.
    """
    return max(0, min(quota, held + free - RESERVE_BYTES))


def disk_is_short(held: int, quota: int, free: int) -> bool:
    """Others on the disk cost cases something: they bring the store to a step, and not the quota."""
    return room(held, quota, free) < quota and step(held, quota, free) is not Step.ALL


def step(held: int, quota: int, free: int) -> Step:
    """The step that the store is at, from the share of its room that is taken."""
    whole = room(held, quota, free)
    if held >= whole:
        return Step.FULL
    share = held * 1000 // whole
    return max((s for s, least in _FROM_PERMILLE.items() if share >= least), default=Step.ALL)


def kept(at: Step, use_class: UseClass, pictures: Sequence[Picture]) -> tuple[Picture, ...] | None:
    """Which pictures of a case are kept, in their order; None when the case itself is refused."""
    low = use_class is not UseClass.ENFORCEMENT
    if at is Step.FULL or (at is Step.NO_LOW_CLASS and low):
        return None
    if at is Step.ONE_PICTURE and low:
        return _most_telling(pictures)
    return tuple(p for p in pictures if not _is_left_out(at, p))


def _is_left_out(at: Step, picture: Picture) -> bool:
    if at >= Step.NO_CLIPS and picture.role == "clip":
        return True
    return at >= Step.NO_MARKED and bool(picture.parent) and not picture.masked


def _most_telling(pictures: Sequence[Picture]) -> tuple[Picture, ...]:
    """The plate, or the newest original: a street's cases end with the picture that confirms them."""
    originals = [p for p in pictures if not p.parent and p.role != "clip"]
    plates = [p for p in originals if p.role == "plate"]
    return tuple(plates[:1] or originals[-1:])
