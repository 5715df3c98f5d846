"""Reviewed cases to a dataset that Ultralytics trains on: a city's model learns from the city's own work.

OUT/data.yaml                    names and splits
OUT/images/train/<sha256>.jpg    the exact bytes of the evidence
OUT/labels/train/<sha256>.txt    class  cx cy w h, one line a box; an empty file: nothing is there
OUT/split.json                   the frozen split; keep it for the next export
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from edge_agent.devices.detector.class_map import STREET_LABELS
from edge_agent.errors import UsageError, VerificationError
from edge_agent.evidence.keys import PublicKey
from edge_agent.workbench.frozen_split import SPLITS, FrozenSplit, read_split, write_split
from edge_agent.workbench.reviewed import Box, LabelledPicture, labelled_pictures
from edge_agent.workbench.reviews import read_reviews

SPLIT_FILE = "split.json"


@dataclass(slots=True)
class LabelExport:
    """What was written, and what was not."""

    data: str
    split_file: str
    pictures: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SPLITS, 0))
    groups: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SPLITS, 0))  # camera-days
    boxes: dict[str, int] = field(default_factory=dict)
    negatives: int = 0  # pictures without any box
    hard_negatives: int = 0  # pictures of rejected cases
    corrected: int = 0
    skipped: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def label_export(
    sources: Sequence[Path],
    reviews: Path,
    out: Path,
    split_file: Path | None = None,
    time_zone: str = "Asia/Shanghai",
    keys: tuple[PublicKey, ...] = (),
) -> LabelExport:
    """Write the dataset into a new folder. The same cases, reviews and split give the same bytes.

    Args:
        sources: bundles, stores, or folders of envelopes with their pictures.
        reviews: see `reviews`.
        out: must not exist, or be empty.
        split_file: the frozen split of earlier exports; new camera-days are added to it.
        time_zone: whose days they are.
        keys: evidence keys that are trusted.

    Raises:
        UsageError: the call makes no sense, or nothing was left to learn from.
        ConfigError: reviews or split have problems.
        VerificationError: the evidence is not what it claims to be.
    """
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError) as problem:
        raise UsageError(f"--time-zone {time_zone}: no such time zone; Asia/Shanghai is one") from problem
    if out.exists() and any(out.iterdir()):
        raise UsageError(f"{out} is not empty: a dataset is written into a new folder")
    said = read_reviews(reviews)
    split = read_split(split_file, STREET_LABELS) if split_file else FrozenSplit(names=list(STREET_LABELS))
    skipped: Counter[str] = Counter()
    pictures = labelled_pictures(sources, said, zone, keys, skipped)
    if not pictures:
        why = "; ".join(f"{count} {reason}" for reason, count in sorted(skipped.items()))
        raise UsageError(f"{reviews}: no picture is left to learn from ({why or 'no storefront statement'})")
    done = LabelExport(
        str(out / "data.yaml"), str(split_file or out / SPLIT_FILE), skipped=dict(sorted(skipped.items()))
    )
    for picture in sorted(pictures, key=lambda p: (p.group, p.sha256)):
        _write(picture, split, out, done)
    done.groups = dict(Counter(split.groups[g] for g in sorted({p.group for p in pictures})))
    _write_data(out, split)
    write_split(out / SPLIT_FILE, split)
    if split_file is not None:
        write_split(split_file, split)
    return done


def _write(picture: LabelledPicture, split: FrozenSplit, out: Path, done: LabelExport) -> None:
    part = split.of(picture.group)
    image = out / "images" / part / f"{picture.sha256}{picture.suffix}"
    label = out / "labels" / part / f"{picture.sha256}.txt"
    for path in (image, label):
        path.parent.mkdir(parents=True, exist_ok=True)
    data = picture.path.read_bytes()
    if hashlib.sha256(data).hexdigest() != picture.sha256:
        raise VerificationError(f"{picture.path}: changed while it was read")
    image.write_bytes(data)
    label.write_text("".join(f"{_line(split, box)}\n" for box in picture.boxes), encoding="ascii")
    done.pictures[part] += 1
    done.negatives += not picture.boxes
    done.hard_negatives += picture.rejected
    done.corrected += picture.corrected
    for box in picture.boxes:
        done.boxes[box[0]] = done.boxes.get(box[0], 0) + 1


def _line(split: FrozenSplit, box: Box) -> str:
    label, x_min, y_min, x_max, y_max = box
    numbers = ((x_min + x_max) / 2000, (y_min + y_max) / 2000, (x_max - x_min) / 1000, (y_max - y_min) / 1000)
    return " ".join([str(split.number_of(label)), *(f"{n:.4f}" for n in numbers)])


def _write_data(out: Path, split: FrozenSplit) -> None:
    tree: dict[str, Any] = {
        **{part: f"images/{part}" for part in SPLITS if (out / "images" / part).is_dir()},
        "names": dict(enumerate(split.names)),
    }
    partial = out / ".data.yaml.partial"
    partial.write_text(yaml.safe_dump(tree, allow_unicode=True, sort_keys=False), encoding="utf-8")
    partial.replace(out / "data.yaml")
