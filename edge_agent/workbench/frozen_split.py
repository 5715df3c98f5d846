"""Which camera-day is for training, which for validation, which for the test: once said, never changed.

Pictures of one camera on one day look alike. Were some of them in training and others in the test, the
test would ask what was learned by heart. So a camera-day goes into one split as a whole, chosen by a
hash of its name: nobody's choice, no random number, the same on every machine and whatever comes later.
What was said is kept in a file, so that it holds even when the shares are changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from edge_agent.errors import ConfigError, Problem

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")
VAL_PERCENT, TEST_PERCENT = 15, 15
_VERSION = "split.v1"


@dataclass(slots=True)
class FrozenSplit:
    """The groups that have a split, and the order of the classes."""

    groups: dict[str, Split] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)  # a class keeps its number: new ones come last

    def of(self, group: str) -> Split:
        """The group's split, now and for ever."""
        if group not in self.groups:
            self.groups[group] = by_hash(group)
        return self.groups[group]

    def number_of(self, label: str) -> int:
        """The class's number, now and for ever."""
        if label not in self.names:
            self.names.append(label)
        return self.names.index(label)


def by_hash(group: str) -> Split:
    """A split for a group that has none."""
    percent = int.from_bytes(hashlib.sha256(f"{_VERSION}\n{group}".encode()).digest()[:8]) * 100 >> 64
    if percent < TEST_PERCENT:
        return "test"
    return "val" if percent < TEST_PERCENT + VAL_PERCENT else "train"


def read_split(path: Path, names: Iterable[str]) -> FrozenSplit:
    """The file, or a new split with these classes where there is none.

    Raises:
        ConfigError: the file is not one of ours: it must not be guessed anew.
    """
    if not path.exists():
        return FrozenSplit(names=list(names))
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        groups, listed = tree["groups"], tree["names"]
        good = tree["schema"] == _VERSION and all(s in SPLITS for s in groups.values())
        good = good and all(isinstance(n, str) for n in listed) and len(set(listed)) == len(listed)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise _damaged(path, repr(problem)) from problem
    if not good:
        raise _damaged(path, f"not a {_VERSION}")
    return FrozenSplit(dict(groups), list(listed))


def write_split(path: Path, split: FrozenSplit) -> None:
    """Replace the file in one step."""
    body = {"schema": _VERSION, "names": split.names, "groups": dict(sorted(split.groups.items()))}
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)


def _damaged(path: Path, reason: str) -> ConfigError:
    return ConfigError(
        (Problem(str(path), 0, "", f"the frozen split cannot be read: {reason}", "restore it from a copy"),)
    )
