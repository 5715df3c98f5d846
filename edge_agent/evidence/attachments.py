"""Which files belong to a case, named by the digest of their bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from edge_agent.core.decisions import Seal
from edge_agent.core.records import Picture
from edge_agent.core.units import US
from edge_agent.evidence.statement import MAX_ATTACHMENTS, Attachment


@dataclass(frozen=True, slots=True)
class CaseFiles:
    """What a statement says of its files."""

    listed: tuple[Attachment, ...]
    pictures: tuple[Picture, ...]  # those whose bytes are held
    missing: tuple[str, ...]  # taken, but their bytes are not held
    raw_sha256: str | None


def case_files(seal: Seal, held: Collection[str] | None, raw: bytes | None = None) -> CaseFiles:
    """The files of a case.

    Args:
        seal: the case; its pictures are listed in its order.
        held: digests whose bytes are at hand; None means all of them (a replay).
        raw: the instrument's bytes of `seal.raw`; None when they were not kept.
    """
    unique = {picture.sha256: picture for picture in reversed(seal.pictures)}
    pictures = [p for p in seal.pictures if unique.pop(p.sha256, None) is not None]
    kept = [p for p in pictures if held is None or p.sha256 in held][: MAX_ATTACHMENTS - 1]
    missing = [p.sha256 for p in pictures if held is not None and p.sha256 not in held]
    offset = seal.clock.utc_minus_mono if seal.clock else None
    listed = [_picture(p, offset) for p in kept]
    raw_sha256 = None
    if raw is not None and seal.raw is not None:
        raw_sha256 = hashlib.sha256(raw).hexdigest()
        listed.append(_raw(raw, raw_sha256))
    return CaseFiles(tuple(listed), tuple(kept), tuple(missing[:MAX_ATTACHMENTS]), raw_sha256)


def _picture(picture: Picture, offset: int | None) -> Attachment:
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
        parent=None,
        privacy_mask=False,
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
