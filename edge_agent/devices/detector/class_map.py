"""The file beside a model: which exact file was accepted, and what its classes mean here.

    sha256: 6463...ea58
    classes:
      chair: { label: seat, role: evidence }
      person: { label: person, role: context }
    calibration: [[0.2, 0.6], [0.5, 0.95]]    # optional: see calibration.py

A detector only knows what things look like. Whether one is a case is decided later, by zone, time and
rule; so a class counts for evidence, for context, or is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from textwrap import wrap
from types import MappingProxyType
from typing import Any

import yaml

from edge_agent import plain_yaml
from edge_agent.devices.detector.calibration import Calibration, read_points
from edge_agent.devices.detector.model_files import refused
from edge_agent.errors import ConfigError, Problem

ROLES = ("evidence", "context", "ignore")
_SHA256 = re.compile(r"[0-9a-f]{64}")
MAX_MAP_BYTES = 1_000_000

# The street's words with the role that each has where nothing speaks against it, in the order of their
# class numbers. The street's rules say which evidence is strong.
STREET_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "stall": "evidence",  # ground cloth, counter
        "vendor_cart": "evidence",
        "vendor_tricycle": "evidence",  # with goods on it
        "goods_pile": "evidence",  # crates, baskets, boxes
        "display_rack": "evidence",  # shelf, clothes rail
        "table": "evidence",
        "seat": "evidence",
        "parasol_tent": "evidence",
        "cooking_gear": "evidence",
        "movable_sign": "evidence",
        "person": "context",
        "two_wheeler": "context",
        "motor_vehicle": "context",
        "hand_truck": "context",
        "street_furniture": "context",  # bin, planter, bollard
    }
)
BRIDGE_LABELS: Mapping[str, str] = MappingProxyType(
    {"truck": "evidence", "bus": "evidence", "car": "evidence", "motorbike": "context", "bicycle": "context"}
)
# What the project calls things. Other scenes may use other words: any label is allowed.
PROJECT_LABELS: Mapping[str, str] = MappingProxyType({**STREET_LABELS, **BRIDGE_LABELS})


@dataclass(frozen=True, slots=True)
class ClassRole:
    """What one of the model's classes is called here and what it counts for."""

    label: str
    role: str


@dataclass(frozen=True, slots=True)
class ClassMap:
    """The digest of the accepted model and what its classes mean."""

    sha256: str
    classes: Mapping[str, ClassRole]
    calibration: Calibration

    def role_of(self, name: str) -> ClassRole:
        """A class that the map does not name is ignored."""
        return self.classes.get(name, ClassRole(name, "ignore"))

    def must_fit(self, path: Path, names: Iterable[str]) -> None:
        """The map at `path` speaks of nothing that a model with these class names does not know.

        Raises:
            ConfigError: it does; every such class is named with its nearest real one.
        """
        known = list(names)
        problems = tuple(
            Problem(
                str(path),
                0,
                f"classes.{name}",
                f"names {name}, which the model does not know",
                _meant(name, known),
            )
            for name in sorted(set(self.classes) - set(known))
        )
        if problems:
            raise ConfigError(problems)


def _meant(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1)
    if close:
        return f"did you mean {close[0]}?"
    shown = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    return f"the model's classes: {shown}; is this the map of another model?"


def read_class_map(path: Path) -> ClassMap:
    """The YAML file beside a model.

    Raises:
        ConfigError: with every problem in the file.
    """
    tree = _tree(path)
    problems: list[Problem] = []

    def wrong(key: str, reason: str, suggestion: str = "") -> None:
        problems.append(Problem(str(path), 0, key, reason, suggestion))

    classes: dict[str, ClassRole] = {}
    for name, entry in tree["classes"].items():
        if not isinstance(entry, dict) or not isinstance(entry.get("label"), str) or not entry["label"]:
            wrong(f"classes.{name}", "needs a `label` and a `role`")
        elif entry.get("role") not in ROLES:
            wrong(f"classes.{name}.role", f"is {entry.get('role')!r}; must be one of {', '.join(ROLES)}")
        elif set(entry) - {"label", "role"}:
            wrong(f"classes.{name}", f"has {', '.join(sorted(map(str, set(entry) - {'label', 'role'})))} too")
        else:
            classes[str(name)] = ClassRole(entry["label"], entry["role"])
    sha256 = tree.get("sha256", "")
    if not isinstance(sha256, str) or (sha256 and not _SHA256.fullmatch(sha256)):
        wrong("sha256", "must be 64 hexadecimal digits", "lower case, in quotes if they are all decimal")
    points: tuple[tuple[float, float], ...] = ()
    try:
        points = read_points(tree.get("calibration", []))
    except ValueError as problem:
        wrong("calibration", str(problem), "`[]` takes scores as they are")
    if problems:
        raise ConfigError(tuple(problems))
    return ClassMap(sha256, classes, Calibration(points))


def _tree(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_MAP_BYTES:
            raise refused(path, f"over {MAX_MAP_BYTES} bytes is no class map")
        tree = plain_yaml.load(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise refused(
            path, f"no class map: {problem.strerror}", "every model needs one; see docs/models.md"
        ) from problem
    except ValueError as problem:
        raise refused(path, f"not YAML: {problem}") from problem
    if not isinstance(tree, dict) or not isinstance(tree.get("classes"), dict):
        raise refused(path, "needs a mapping `classes` of the model's class names", "see docs/models.md")
    return tree


def template(sha256: str, names: Iterable[str], *, model: str) -> str:
    """A class map for a model that has none: every class ignored until a person says what it means.

    A class that is called by one of the project's own words keeps that word; even it is ignored.
    """
    lines = [
        f"# What the classes of {model} mean here. Written by `edge-agent model`: EVERY class is ignored",
        "# until you say otherwise. role: evidence (may make a case), context (people, traffic), ignore.",
        "# The labels that the rules know without being told: see docs/models.md.",
        *(f"#   {line}" for line in wrap(", ".join(PROJECT_LABELS), 96)),
        f"sha256: {_scalar(sha256)}",
        "classes:",
    ]
    lines += [
        f"  {_scalar(name)}: {{ label: {_scalar(name)}, role: ignore }}{_usual(name)}" for name in names
    ]
    return "\n".join(lines) + "\n"


def _usual(name: str) -> str:
    role = PROJECT_LABELS.get(name)
    return f" # usually {role}" if role else ""


def _scalar(text: str) -> str:
    """A text as YAML that reads back as the same text."""
    plain = re.fullmatch(r"[a-z][a-z0-9_ -]*", text) and yaml.safe_load(text) == text
    return text if plain and text == text.strip() else '"' + _escaped(text) + '"'


def _escaped(text: str) -> str:
    kept = text.replace("\\", "\\\\").replace('"', '\\"')
    return "".join(c if c.isprintable() and ord(c) < 0x10000 else f"\\U{ord(c):08x}" for c in kept)


def pinned(text: str, sha256: str) -> str:
    """The class map `text` with this digest in place of its own; its comments stay."""
    line = f"sha256: {_scalar(sha256)}"
    found, count = re.subn(r"(?m)^sha256:.*$", line, text, count=1)
    return found if count else f"{line}\n{text}"
