"""A dataset.yaml, looked at before a library does: where its pictures are, and that it fetches nothing.

train: images/train        # relative to the file
val: images/val
test: images/test          # may be left out
names: {0: stall, 1: person}
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from edge_agent.errors import ConfigError, Problem

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
SPLITS = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class Dataset:
    """What is in it."""

    path: Path
    names: tuple[str, ...]
    pictures: dict[str, int]  # split: how many
    boxes: dict[str, int]  # class: how many, all splits


def read_dataset(path: Path) -> Dataset:
    """Read and count.

    Raises:
        ConfigError: with every problem in it.
    """
    tree = _tree(path)
    problems: list[Problem] = []

    def wrong(key: str, reason: str, suggestion: str = "") -> None:
        problems.append(Problem(str(path), 0, key, reason, suggestion))

    if "download" in tree:
        wrong(
            "download",
            "a dataset that fetches itself runs what it fetched",
            "fetch it yourself, drop the key",
        )
    names = tree.get("names")
    listed = dict(enumerate(names)) if isinstance(names, list) else names
    if not isinstance(listed, dict) or set(listed) != set(range(len(listed))) or not listed:
        wrong("names", "must count the classes from 0 without a gap")
        listed = {}
    root = path.parent / str(tree.get("path") or "")
    pictures: dict[str, int] = {}
    boxes: Counter[int] = Counter()
    for split in SPLITS:
        if split not in tree:
            if split != "test":
                wrong(split, "is missing")
            continue
        folder = root / str(tree[split])
        found = (
            [p for p in sorted(folder.rglob("*")) if p.suffix.lower() in PICTURES] if folder.is_dir() else []
        )
        if not found:
            wrong(split, f"no pictures in {folder}")
        pictures[split] = len(found)
        for picture in found:
            boxes.update(_classes(picture))
    if problems:
        raise ConfigError(tuple(problems))
    ordered = tuple(str(listed[k]) for k in range(len(listed)))
    return Dataset(path, ordered, pictures, {n: boxes[i] for i, n in enumerate(ordered)})


def _tree(path: Path) -> dict[str, Any]:
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise _bad(path, f"the dataset cannot be read: {problem.strerror}") from problem
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise _bad(path, f"not YAML: {problem}") from problem
    if not isinstance(tree, dict):
        raise _bad(path, "needs `train`, `val` and `names`; `edge-agent model label-export` writes one")
    return tree


def _bad(path: Path, reason: str) -> ConfigError:
    return ConfigError((Problem(str(path), 0, "", reason),))


def _classes(picture: Path) -> list[int]:
    """Class numbers of a picture's label file; Ultralytics finds it under labels/ instead of images/."""
    parts = list(picture.parts)
    if "images" in parts:
        parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
    label = Path(*parts).with_suffix(".txt")
    if not label.is_file():
        return []
    first = [line.split()[0] for line in label.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [int(word) for word in first if word.isdigit()]
