"""The clear pavement: pictures that a person accepted, kept as they were accepted.

    FOLDER/<camera>/references.json            what was accepted, by whom, when; digests
    FOLDER/<camera>/day-dry-1-4f0c91d2.jpg     the very bytes, never encoded again
    FOLDER/<camera>/day-dry-2-97ab0e11.jpg     accepted later for the same condition: replaces, not erases

A picture that no longer has its digest is refused: evidence names the reference by it, and it is the
first picture of every case.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np

from edge_agent.devices.scene.pixels import Image, opencv
from edge_agent.errors import ConfigError, Problem, UsageError

MANIFEST = "references.json"
SCHEMA = 1
LIGHTS = ("day", "overcast", "dusk", "night")  # day: the sun throws shadows
GROUNDS = ("dry", "wet")
CONDITIONS = tuple(f"{light}-{ground}" for light in LIGHTS for ground in GROUNDS)
SOURCES = ("picture", "median")
MAX_BYTES = 40_000_000  # of one picture
SUFFIX = {b"\xff\xd8\xff": "jpg", b"\x89PNG": "png"}


@dataclass(frozen=True, slots=True)
class Reference:
    """One accepted picture."""

    id: str  # day-dry-1: condition and version
    condition: str  # day-dry, dusk-wet, ...
    file: str  # name in the camera's folder
    sha256: str
    width: int  # px
    height: int
    accepted_by: str
    accepted_at: str  # UTC, ISO 8601
    source: str  # picture | median
    origin: str  # where it came from, for people: a file's name, a video and its second
    replaced_by: str = ""  # id of the one that was accepted after it for the same condition


class ReferenceBank:
    """One camera's accepted pictures.

    Args:
        folder: holds a folder for each camera.
        camera: its id.

    Raises:
        ConfigError: the list cannot be read, or a picture is missing or not the one that was accepted.
    """

    def __init__(self, folder: Path, camera: str) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", camera):
            raise UsageError(f"{camera!r} is no camera's id")
        self.camera = camera
        self.folder = folder / camera
        self._all: tuple[Reference, ...] = _read(self.folder / MANIFEST)
        for reference in self._all:
            self.data(reference)

    @property
    def all(self) -> tuple[Reference, ...]:
        """Everything that was ever accepted, oldest first."""
        return self._all

    @property
    def active(self) -> tuple[Reference, ...]:
        """Those that pictures are compared with: of a condition the last, and what it was accepted beside."""
        return tuple(r for r in self._all if not r.replaced_by)

    def data(self, reference: Reference) -> bytes:
        """The accepted bytes.

        Raises:
            ConfigError: the file is missing or was changed.
        """
        path = self.folder / reference.file
        try:
            data = path.read_bytes()
        except (OSError, ValueError) as error:  # ValueError: no name that a file can have
            reason = getattr(error, "strerror", None) or error
            raise _refused(path, f"the accepted picture cannot be read: {reason}") from error
        if hashlib.sha256(data).hexdigest() != reference.sha256:
            raise _refused(
                path,
                f"not the picture that {reference.accepted_by} accepted on {reference.accepted_at}: "
                f"its SHA-256 is not {reference.sha256[:12]}…",
                "put the file back, or accept a new picture with `edge-agent reference accept`",
            )
        return data

    def image(self, reference: Reference) -> Image:
        """The accepted picture, decoded, BGR."""
        return decode(self.data(reference), str(self.folder / reference.file))

    def accept(
        self,
        data: bytes,
        condition: str,
        *,
        by: str,
        at_utc: str,
        source: str = "picture",
        origin: str = "",
        beside: bool = False,
    ) -> Reference:
        """Take a picture as the clear pavement under a condition; durable when this returns.

        Args:
            data: a JPEG or PNG file's bytes.
            condition: one of `CONDITIONS`.
            by: who looked at it and accepted it.
            at_utc: now, ISO 8601.
            source: `median` where it was never one moment's picture.
            origin: where it came from, for people.
            beside: keep those accepted before under this condition too: shadows at another hour.

        Raises:
            UsageError: no such condition, nobody accepts it, or this is no picture.
        """
        if condition not in CONDITIONS:
            raise UsageError(f"condition {condition!r}; there are {', '.join(CONDITIONS)}")
        if not by.strip():
            raise UsageError("somebody must accept it: say who")
        if source not in SOURCES:
            raise UsageError(f"source {source!r}; there are {', '.join(SOURCES)}")
        height, width = decode(data, origin or "the picture").shape[:2]
        version = 1 + sum(r.condition == condition for r in self._all)
        digest = hashlib.sha256(data).hexdigest()
        name = f"{condition}-{version}"
        reference = Reference(
            id=name,
            condition=condition,
            file=f"{name}-{digest[:8]}.{_suffix(data)}",
            sha256=digest,
            width=width,
            height=height,
            accepted_by=by.strip(),
            accepted_at=at_utc,
            source=source,
            origin=origin,
        )
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(self.folder / reference.file, data)
        kept = tuple(_replaced(r, name) if r.condition == condition and not beside else r for r in self._all)
        _write(self.folder / MANIFEST, _manifest(self.camera, (*kept, reference)))
        self._all = (*kept, reference)
        return reference


def decode(data: bytes, name: str) -> Image:
    """A JPEG's or PNG's pixels, BGR.

    Raises:
        UsageError: it is neither, or damaged.
    """
    cv2 = opencv()
    if len(data) > MAX_BYTES:
        raise UsageError(f"{name}: larger than {MAX_BYTES // 1_000_000} MB")
    _suffix(data, name)
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise UsageError(f"{name}: damaged; no picture comes out of it")
    decoded: Image = image
    return decoded


def _suffix(data: bytes, name: str = "the picture") -> str:
    for magic, suffix in SUFFIX.items():
        if data.startswith(magic):
            return suffix
    raise UsageError(f"{name}: neither a JPEG nor a PNG")


def _replaced(reference: Reference, by: str) -> Reference:
    return reference if reference.replaced_by else replace(reference, replaced_by=by)


def _manifest(camera: str, references: tuple[Reference, ...]) -> bytes:
    form = {"schema": SCHEMA, "camera": camera, "references": [asdict(r) for r in references]}
    return (json.dumps(form, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, also when the power goes."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(path: Path) -> tuple[Reference, ...]:
    """The list; empty where nothing was accepted yet."""
    try:
        form = json.loads(path.read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, RecursionError) as error:
        raise _refused(path, f"cannot be read: {error}") from error
    if (
        not isinstance(form, dict)
        or form.get("schema") != SCHEMA
        or not isinstance(form.get("references"), list)
    ):
        raise _refused(path, f"not a list of references of schema {SCHEMA}")
    return tuple(_reference(entry, path) for entry in form["references"])


def _reference(entry: Any, path: Path) -> Reference:
    hints = get_type_hints(Reference)
    if not isinstance(entry, dict) or set(entry) - set(hints):
        raise _refused(path, "an entry has fields that nobody knows")
    for field in fields(Reference):
        value = entry.get(field.name, "" if field.name == "replaced_by" else None)
        kind = hints[field.name]
        if not isinstance(value, get_args(kind) or kind):
            raise _refused(
                path, f"{entry.get('id', 'an entry')}: {field.name} is missing or no {kind.__name__}"
            )
    if Path(entry["file"]).name != entry["file"]:
        raise _refused(path, f"{entry['file']}: a picture must lie beside the list")
    return Reference(**entry)


def _refused(path: Path, reason: str, suggestion: str = "") -> ConfigError:
    return ConfigError((Problem(str(path), 0, "", reason, suggestion),))
