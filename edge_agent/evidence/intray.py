"""Where people leave records for the chain: one durable file a note, sealed by the daemon once.

    edge-agent calibrate / commission, the console ── put ──> intray/*.note ── daemon ──> the chain

Only the daemon may open the store, and it may be down when a technician has something to say.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from edge_agent.core.records import Picture
from edge_agent.errors import UsageError
from edge_agent.evidence.owner import give_to_the_daemon
from edge_agent.evidence.small_files import sync_directory, write_new
from edge_agent.evidence.statement_operator import Calibration, Commissioning, OperatorAction

log = logging.getLogger(__name__)

MAX_NOTE = 24 * 1024 * 1024
MAX_FILES = 8
MAX_WAITING = 1000
SUFFIX = ".note"
BROKEN = ".broken"

NoteRecord = Annotated[Calibration | Commissioning | OperatorAction, Field(discriminator="type")]
"""What people may add to the chain; everything else is the daemon's own to say."""


class NoteFile(BaseModel):
    """A file that belongs to a note."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Literal["report"] = "report"
    media_type: Annotated[str, Field(max_length=100)]
    data: str
    """Base64."""

    @classmethod
    def of(cls, media_type: str, data: bytes) -> NoteFile:
        """From its bytes."""
        return cls(media_type=media_type, data=base64.b64encode(data).decode())


class Note(BaseModel):
    """A record to be sealed, and its files."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    record: NoteRecord
    files: Annotated[tuple[NoteFile, ...], Field(max_length=MAX_FILES)] = ()

    def files_of(self) -> tuple[tuple[Picture, ...], dict[str, bytes]]:
        """The files as a statement names them, and their bytes by SHA-256."""
        pictures, blobs = [], {}
        for file in self.files:
            data = base64.b64decode(file.data, validate=True)
            sha256 = hashlib.sha256(data).hexdigest()
            blobs[sha256] = data
            pictures.append(Picture(file.role, sha256, len(data), file.media_type, 0, 0, None))
        return tuple(pictures), blobs


def tray_of(store_directory: Path) -> Intray:
    """The box's tray, beside its evidence store."""
    return Intray(store_directory.parent / "intray")


class Intray:
    """The folder of a box's notes. Any thread, any process.

    Args:
        folder: beside the evidence store.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, record: NoteRecord, files: Sequence[NoteFile] = ()) -> str:
        """Leave a note; returns its id. It is on the disk when this returns.

        Raises:
            UsageError: too large, or nobody has emptied the tray for long.
            OSError: the disk did not take it.
        """
        note = Note(id=uuid.uuid4().hex, record=record, files=tuple(files))
        text = note.model_dump_json().encode()
        if len(text) > MAX_NOTE:
            raise UsageError(f"a note of {len(text)} bytes; at most {MAX_NOTE}")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = sum(1 for _ in self._folder.glob(f"*{SUFFIX}"))
        if number >= MAX_WAITING:
            raise UsageError(f"{self._folder}: {number} notes wait already: does the daemon run?")
        # The order of arrival, whatever the clock says; two at the same moment have none.
        last = max((_number(path) for path in self._folder.glob(f"*{SUFFIX}")), default=0)
        path = self._folder / f"{last + 1:012d}-{note.id}{SUFFIX}"
        write_new(path, text)
        give_to_the_daemon(self._folder, path)
        return note.id

    def waiting(self) -> list[tuple[Path, Note]]:
        """What is to be sealed, oldest first. What cannot be read is set aside and logged, never sealed."""
        found = []
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            try:
                found.append((path, _read(path)))
            except ValueError as error:
                log.warning("%s is no note, set aside: %s", path, str(error)[:300])
                self.set_aside(path)
        return found

    def done(self, path: Path) -> None:
        """It is in the chain."""
        path.unlink(missing_ok=True)
        sync_directory(self._folder)

    def set_aside(self, path: Path) -> None:
        """It will never be sealed as it is; a person may look at it."""
        path.rename(path.with_suffix(BROKEN))


def _read(path: Path) -> Note:
    """Raises ValueError: it is not a note."""
    if path.stat().st_size > MAX_NOTE:
        raise ValueError(f"larger than {MAX_NOTE} bytes")
    note = Note.model_validate_json(path.read_bytes())
    note.files_of()
    return note


def _number(path: Path) -> int:
    head = path.name.split("-", 1)[0]
    return int(head) if head.isdecimal() else 0
