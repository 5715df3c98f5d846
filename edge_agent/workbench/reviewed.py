"""Reviewed cases as labelled pictures: statements, their attachments, and what people said of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from edge_agent.errors import VerificationError
from edge_agent.evidence import dsse
from edge_agent.evidence.keys import PublicKey
from edge_agent.evidence.statement import Attachment, Statement, is_copy, parse
from edge_agent.evidence.statement_street import MAX_SEEN_BOXES
from edge_agent.evidence.verify import Material, verify
from edge_agent.evidence.verify_sources import open_material
from edge_agent.workbench.reviews import Review

Box = tuple[str, int, int, int, int]  # label; x_min y_min x_max y_max, permille


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """A picture of which is known what stands in it."""

    sha256: str
    path: Path
    suffix: str
    group: str  # site, camera and local day
    boxes: tuple[Box, ...]
    corrected: bool  # a person drew the boxes
    rejected: bool  # the detector was wrong here: a hard negative


def labelled_pictures(
    sources: Iterable[Path],
    reviews: Mapping[str, Review],
    zone: ZoneInfo,
    keys: tuple[PublicKey, ...],
    skipped: Counter[str],
) -> list[LabelledPicture]:
    """Every picture that can be learned from, by digest.

    A picture that several statements show is taken once: as a person drew it, else as the latest said.

    Args:
        sources: bundles, stores or folders of statements with their pictures.
        reviews: by packet id.
        zone: the time zone whose days separate the groups.
        keys: evidence keys that are trusted; without them each bundle's own.
        skipped: counts, by reason, what could not be used.

    Raises:
        VerificationError: the evidence is not what it claims to be.
        UsageError: there is no evidence at such a path.
    """
    best: dict[str, tuple[tuple[bool, int, str], LabelledPicture]] = {}
    for source in sources:
        material = open_material(source)
        for statement in _statements(source, material, keys):
            review = reviews.get(statement.packet_id)
            if statement.storefront is None:
                continue
            if review is None:
                skipped["statements that nobody reviewed"] += 1
                continue
            for picture in _pictures(statement, review, material, zone, skipped):
                rank = (picture.corrected, statement.time.sealed_utc_us, statement.packet_id)
                if picture.sha256 not in best or best[picture.sha256][0] < rank:
                    best[picture.sha256] = (rank, picture)
    return [best[sha256][1] for sha256 in sorted(best)]


def _statements(source: Path, material: Material, keys: tuple[PublicKey, ...]) -> Iterator[Statement]:
    material.items = list(material.items)
    report = verify(material, keys)
    if not report.good:
        where, what = report.problems[0] if report.problems else ("", "there is no statement in it")
        raise VerificationError(f"{source}: {where}: {what}; `edge-agent verify {source}` says all of it")
    for item in material.items:
        kind, payload, _ = dsse.decode(item.envelope)
        if kind == dsse.EVIDENCE_TYPE:
            yield parse(payload)


def _pictures(
    statement: Statement, review: Review, material: Material, zone: ZoneInfo, skipped: Counter[str]
) -> Iterator[LabelledPicture]:
    assert statement.storefront is not None
    seen = {s.sha256: s.boxes for s in statement.storefront.detections}
    for file in statement.attachments:
        if is_copy(file.role) or not file.media_type.startswith("image/"):
            continue
        drawn = review.pictures.get(file.sha256)
        if drawn is None and file.sha256 not in seen:
            skipped["pictures of which nobody said what is in them"] += 1
            continue
        if drawn is None and len(seen[file.sha256]) == MAX_SEEN_BOXES:
            skipped["pictures with more boxes than a statement lists"] += 1
            continue
        path = material.attachment(file.sha256)
        assert not isinstance(path, bytes)  # material out of a folder
        if path is None:
            skipped["pictures that are not here"] += 1
            continue
        group = _group(statement, file, zone)
        if group is None:
            skipped["pictures without a date"] += 1
            continue
        if drawn is not None:
            boxes = [(b.label, b.x_min, b.y_min, b.x_max, b.y_max) for b in drawn]
        else:
            # People and traffic beside what was rejected are there all the same.
            kept = ("context",) if review.verdict == "reject" else ("evidence", "context")
            boxes = [
                (b.label, b.x_min, b.y_min, b.x_max, b.y_max) for b in seen[file.sha256] if b.role in kept
            ]
        suffix = ".png" if file.media_type == "image/png" else ".jpg"
        yield LabelledPicture(
            file.sha256,
            path,
            suffix,
            group,
            tuple(sorted(boxes)),
            drawn is not None,
            review.verdict == "reject",
        )


def _group(statement: Statement, file: Attachment, zone: ZoneInfo) -> str | None:
    at = file.capture_utc_us
    if at is None:
        return None
    day = datetime.fromtimestamp(at / 1e6, tz=zone).date()
    return f"{statement.site_id}/{file.camera}/{day.isoformat()}"
