"""The pictures of statements for a page: originals in the order of the story, each with its copies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge_agent.devices.pictures.words import LABELS, ROLES
from edge_agent.evidence.statement import MARKED, SHARED, Attachment, Statement, is_copy
from edge_agent.evidence.statement_parts import Box
from edge_agent.ingest.place import Place
from edge_agent.report.times import stamp
from edge_agent.report.words import ROLE
from edge_agent.web.words import Words

# What is served as a picture or a film, and as nothing else, whatever a box has called it.
PICTURE_TYPES = frozenset({"image/jpeg", "image/png"})
FILM_TYPES = frozenset({"video/mp4"})

# What decides first; the clear ground that it was compared with beside it.
ORDER = (
    "confirmed", "reopened", "ongoing", "cleared", "recheck", "inspection",
    "full_view_1", "plate", "plate_view", "full_view_2", "front", "side",
    "first_seen", "middle", "reference",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mark:
    """A detector's box over a picture, thousandths of it."""

    x: int
    y: int
    width: int
    height: int
    label: str
    evidence: bool


@dataclass(frozen=True, slots=True)
class Shot:
    """An original with its copies."""

    address: str
    name: str
    time: str
    size: str
    sha256: str
    camera: str
    film: bool
    masked: bool
    copies: tuple[tuple[str, str], ...]  # name, address
    marks: tuple[Mark, ...]


def address(place: Place, sha256: str) -> str:
    """Where a file of a statement is served."""
    return f"/statement/{place.device}/{place.epoch}/{place.seq}/file/{sha256}"


def shots(own: Place, statements: Sequence[tuple[Place, Statement]], words: Words) -> list[Shot]:
    """Each original once, those of the page's own record first.

    Args:
        own: the record that the page is about.
        statements: it, and the other records of its case.
        words: in which language.
    """
    known: dict[str, tuple[Place, Attachment]] = {}
    boxes: dict[str, Sequence[Box]] = {}
    for place, statement in sorted(statements, key=lambda record: record[0] != own):
        for attachment in statement.attachments:
            known.setdefault(attachment.sha256, (place, attachment))
        if statement.storefront is not None:
            boxes.update({seen.sha256: seen.boxes for seen in statement.storefront.detections})
    originals = [
        (place, attachment)
        for place, attachment in known.values()
        if not is_copy(attachment.role) and attachment.media_type in PICTURE_TYPES | FILM_TYPES
    ]
    originals.sort(
        key=lambda found: (found[0] != own, _rank(found[1].role), found[1].captured_monotonic_us or 0)
    )
    return [
        _shot(place, attachment, known.values(), boxes.get(attachment.sha256, ()), words)
        for place, attachment in originals
    ]


def _rank(role: str) -> int:
    return ORDER.index(role) if role in ORDER else len(ORDER)


def _shot(
    place: Place,
    original: Attachment,
    known: Iterable[tuple[Place, Attachment]],
    boxes: Sequence[Box],
    words: Words,
) -> Shot:
    copies = tuple(
        (words("copy_marked" if copy.role.endswith(MARKED) else "copy_shared"), address(of, copy.sha256))
        for of, copy in known
        if copy.parent == original.sha256 and copy.role.endswith((MARKED, SHARED))
    )
    size = f"{original.width}×{original.height}" if original.width and original.height else ""
    return Shot(
        address=address(place, original.sha256),
        name=words.name(original.role, {**ROLES, **ROLE}),
        time=stamp(original.capture_utc_us) if original.capture_utc_us is not None else "",
        size=size,
        sha256=original.sha256,
        camera=original.camera,
        film=original.media_type in FILM_TYPES,
        masked=original.privacy_mask,
        copies=copies,
        marks=tuple(_mark(box, words) for box in boxes),
    )


def _mark(box: Box, words: Words) -> Mark:
    label = f"{words.name(box.label, LABELS)} {box.score_permille // 10} %"
    return Mark(
        box.x_min,
        box.y_min,
        box.x_max - box.x_min,
        box.y_max - box.y_min,
        label,
        box.role == "evidence" and box.in_lane,
    )
