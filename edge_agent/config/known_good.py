"""The technician's file that the daemon last ran well with, kept for when SITE.yaml is spoilt.

    SITE.yaml ── good ──> runs, and once every part is up: `<store's parent>/config/good.1.json`
        └─────── bad ───> what is kept there runs, until the file is good again

The copy is of the text alone. `${...}` in it, and paths, mean what they mean in SITE.yaml: secrets are not
written down a second time. It is used for the file that it was made of and for no other, never where that
file now names another box or another site (the box may have been moved), and never without the box's key.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from edge_agent.config.document import read_document, read_text
from edge_agent.config.loader import load_text
from edge_agent.config.migrations import STEPS
from edge_agent.config.settings import SiteConfig
from edge_agent.errors import ConfigError, Problem
from edge_agent.evidence.key_places import FilePlace, key_place
from edge_agent.evidence.settings import StoreSettings
from edge_agent.evidence.small_files import write_over

TODAY: Final = len(STEPS) + 1
# Which box at which place: another one of these, and the kept file is another box's.
IDENTITY: Final = ("tenant", "device_id", "id")


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    """Absolute path of the SITE.yaml that it was."""
    sha256: str
    """Of its bytes."""
    text: str


@dataclass(frozen=True, slots=True)
class AtTheBox:
    """What the technician chose: the file, or what it said when it was last good."""

    config: SiteConfig
    text: str
    sha256: str  # of the file's bytes
    problems: tuple[Problem, ...] = ()  # of the file, where not it but the last known good is meant


def folder_of(config: SiteConfig) -> Path:
    """Where configurations are kept beside the evidence store."""
    return config.evidence.store.directory.parent / "config"


def at_the_box(path: Path, unstartable: ConfigError | None = None) -> AtTheBox:
    """The technician's configuration.

    Args:
        path: of the file.
        unstartable: why no daemon comes of the file, where that is known.

    Raises:
        ConfigError: the file has problems, and there is no last known good that may stand in for it.
    """
    if unstartable:
        return _kept(path, unstartable)
    try:
        text, sha256 = read_text(path)  # once: somebody may be writing it just now
        config = load_text(text, path)
    except ConfigError as error:
        return _kept(path, error)
    return AtTheBox(config, text, sha256)


def keep(path: Path, ran: AtTheBox) -> None:
    """It ran well: from now on it stands in for a spoilt file.

    Raises:
        OSError: it could not be written; what was kept before stays.
    """
    place = folder_of(ran.config) / _name(TODAY)
    data = _Kept(file=str(path.absolute()), sha256=ran.sha256, text=ran.text).model_dump_json().encode()
    if not place.is_file() or place.read_bytes() != data:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_over(place, data)


def _kept(path: Path, error: ConfigError) -> AtTheBox:
    """What stands in for a file with problems.

    Raises:
        ConfigError: nothing does.
    """
    kept = next(_found(path), None)
    if kept is None:
        raise error
    try:
        config = load_text(kept.text, path)
    except ConfigError as old:
        raise _and(error, path, f"the last known good cannot be used either: {old.problems[0]}") from error
    differing = _moved(path, config)
    if differing:
        raise _and(error, path, f"the last known good is of another box or place: {differing}") from error
    if _key_is_gone(config):
        # What stands in must not make a new one: a box is known by its key.
        raise _and(error, path, "the last known good is not used: its evidence key is gone") from error
    return AtTheBox(config, kept.text, kept.sha256, error.problems)


def _and(error: ConfigError, path: Path, reason: str) -> ConfigError:
    return ConfigError((*error.problems, Problem(str(path), 0, "", reason)))


def _found(path: Path) -> Iterator[_Kept]:
    for place, form in product(_places(path), range(TODAY, 0, -1)):
        with suppress(OSError, ValidationError):
            kept = _Kept.model_validate_json((place / _name(form)).read_bytes())
            if kept.file == str(path.absolute()):
                yield kept


def _name(form: int) -> str:
    """By the newest form that the program knows: after a way back to an older release its own is there."""
    return f"good.{form}.json"


def _places(path: Path) -> Iterator[Path]:
    """Where it may lie: a spoilt file may not say where evidence is kept."""
    with suppress(ConfigError, KeyError, TypeError):
        said = read_document(path).data["evidence"]["store"]["directory"]
        yield (path.absolute().parent / str(said)).parent / "config"
    if state := os.environ.get("STATE_DIRECTORY", "").partition(":")[0]:
        yield Path(state) / "config"
    yield StoreSettings().directory.parent / "config"


def _key_is_gone(config: SiteConfig) -> bool:
    place = key_place(config.evidence)
    return isinstance(place, FilePlace) and not (place.path.exists() or place.next_path.exists())


def _moved(path: Path, good: SiteConfig) -> str:
    """How the file names another box or site than the good one did; empty: it does not, or says nothing."""
    said = _said_of_site(path)
    for name in IDENTITY:
        now, then = said.get(name), getattr(good.site, name)
        if now is not None and str(now) != then:
            return f"site.{name} is {now!r} in the file and was {then!r}"
    return ""


def _said_of_site(path: Path) -> dict[str, Any]:
    """The file's `site:`, as far as it can be read; of a file that is no YAML, its lines."""
    try:
        data = read_document(path).data
    except ConfigError:
        return _lines_of_site(path)
    site = data.get("site") if isinstance(data, dict) else None
    return site if isinstance(site, dict) else {}


def _lines_of_site(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes().decode("utf-8-sig", "replace")
    except OSError:
        return {}
    block = re.search(r"^site:([^\n]*\n(?:(?:[ \t#][^\n]*)?\n)*)", f"{text}\n", re.MULTILINE)
    if block is None:
        return {}
    lines = re.sub(r"(?m)(?:^|[ \t])#.*", "", block[1])
    said = re.findall(r"(?m)(?:^[ \t]+|[{,][ \t]*)(\w+):[ \t]*([^\s,}]+)", lines)
    return {key: value.strip("\"'") for key, value in reversed(said) if key in IDENTITY}
