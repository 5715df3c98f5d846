"""Which files belong to a case, named by the digest of their bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from edge_agent.core.decisions import Seal, SealStreet
from edge_agent.core.records import Picture
from edge_agent.core.units import US
from edge_agent.evidence.sealable import Sealable, pictures_of
from edge_agent.evidence.statement import MAX_ATTACHMENTS, Attachment, is_copy, is_shared
from edge_agent.evidence.statement_street import MAX_PICTURES


@dataclass(frozen=True, slots=True)
class CaseFiles:
    """What a statement says of its files."""

    listed: tuple[Attachment, ...]
    pictures: tuple[Picture, ...]  # those whose bytes are held
    missing: tuple[str, ...]  # taken, but their bytes are not held
    raw_sha256: str | None


def case_files(seal: Sealable, held: Collection[str] | None, raw: bytes | None = None) -> CaseFiles:
    """The files of what is sealed.

    Args:
        seal: its pictures are listed in its order.
        held: digests whose bytes are at hand; None means all of them (a replay).
        raw: the instrument's bytes of a bridge's `seal.raw`; None when they were not kept.
    """
    chosen = chosen_pictures(seal)
    kept = tuple(p for p in chosen if held is None or p.sha256 in held)
    missing = tuple(p.sha256 for p in chosen if held is not None and p.sha256 not in held)
    offset = seal.clock.utc_minus_mono if seal.clock else None
    listed = [attachment_of(p, offset) for p in kept]
    raw_sha256 = None
    if raw is not None and isinstance(seal, Seal) and seal.raw is not None:
        raw_sha256 = hashlib.sha256(raw).hexdigest()
        listed.append(_raw(raw, raw_sha256))
    return CaseFiles(tuple(listed), kept, missing, raw_sha256)


def chosen_pictures(seal: Sealable) -> tuple[Picture, ...]:
    """The pictures that a statement names, each digest once, in the seal's order.

    As many as fit: originals before copies. A copy that is not what its role says, or whose original is
    not named, is left out: no statement may list it, and the case must not fail for it.
    """
    limit = MAX_PICTURES if isinstance(seal, SealStreet) else MAX_ATTACHMENTS - 1  # one is for the raw bytes
    unique: dict[str, Picture] = {}
    for picture in pictures_of(seal):
        unique.setdefault(picture.sha256, picture)
    fit = [p for p in unique.values() if _is_what_it_says(p)]
    originals = [p for p in fit if not p.parent][:limit]
    known = {p.sha256 for p in originals}
    copies = [p for p in fit if p.parent in known][: limit - len(originals)]
    names = known | {p.sha256 for p in copies}
    return tuple(p for p in fit if p.sha256 in names)


def _is_what_it_says(picture: Picture) -> bool:
    return is_copy(picture.role) == bool(picture.parent) and (picture.masked or not is_shared(picture.role))


def attachment_of(picture: Picture, offset: int | None) -> Attachment:
    """What a statement says of a picture; `offset` is UTC less monotonic time, ns, None: not known."""
    at = picture.captured_at
    return Attachment(
        role=picture.role,
        media_type=picture.media_type,
        size=picture.size,
        sha256=picture.sha256,
        width=picture.width,
        height=picture.height,
        captured_monotonic_us=None if at is None else at // US,
        capture_utc_us=None if at is None or offset is None else (at + offset) // US,
        camera=picture.camera,
        parent=picture.parent or None,
        privacy_mask=picture.masked,
    )


def _raw(raw: bytes, sha256: str) -> Attachment:
    return Attachment(
        role="raw_serial",
        media_type="application/mcap",
        size=len(raw),
        sha256=sha256,
        width=None,
        height=None,
        captured_monotonic_us=None,
        capture_utc_us=None,
        camera="",
        parent=None,
        privacy_mask=False,
    )
