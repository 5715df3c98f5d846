"""Where people leave records for the chain: one durable file a note, sealed by the daemon once.

    edge-agent calibrate / commission, the console ── put ──> intray/*.note ── daemon ──> the chain

Only the daemon may open the store, and it may be down when a technician has something to say.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import stat
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from edge_agent.core.records import Picture
from edge_agent.errors import UsageError
from edge_agent.evidence.owner import give_to_the_daemon
from edge_agent.evidence.small_files import sync_directory, write_new
from edge_agent.evidence.statement_operator import Calibration, Commissioning, OperatorAction

log = logging.getLogger(__name__)

MAX_NOTE = 24 * 1024 * 1024
MAX_FILES = 8
MAX_WAITING = 1000
MAX_REQUEUED = 100
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
    requeue: Annotated[tuple[Annotated[int, Field(ge=0, lt=2**63)], ...], Field(max_length=MAX_REQUEUED)] = ()
    """Quarantined statements that are to be sent again. The record then says what came of it."""

    @model_validator(mode="after")
    def _an_action_is_asked_for(self) -> Self:
        if self.requeue and not isinstance(self.record, OperatorAction):
            raise ValueError("what is asked for is recorded as an operator's action")
        return self

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
    return Intray(store_directory.parent / "intray", owner=store_directory)


class Intray:
    """The folder of a box's notes. Any thread, any process.

    Args:
        folder: beside the evidence store.
        owner: whose owner the daemon runs as; the tray and its notes get the same one.
    """

    def __init__(self, folder: Path, owner: Path | None = None) -> None:
        self._folder = folder
        self._owner = owner or folder.parent

    def put(self, record: NoteRecord, files: Sequence[NoteFile] = (), requeue: Sequence[int] = ()) -> str:
        """Leave a note; returns its id. It is on the disk when this returns.

        Raises:
            UsageError: too large, or nobody has emptied the tray for long.
            OSError: the disk did not take it.
        """
        note = Note(id=uuid.uuid4().hex, record=record, files=tuple(files), requeue=tuple(requeue))
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
        give_to_the_daemon(self._folder, path, like=self._owner)
        return note.id

    def waiting(self, trouble: Callable[[str], None] = log.warning) -> Iterator[tuple[Path, Note]]:
        """What is to be sealed, oldest first, one in memory at a time.

        What is no note is set aside and logged, never sealed.

        Args:
            trouble: told of what the disk does not give, or root has kept to itself; the others go on.
        """
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            try:
                note = self._note(path)
            except OSError as error:
                trouble(f"a note cannot be read: {error}")
                continue
            if note is not None:
                yield path, note

    def _note(self, path: Path) -> Note | None:
        try:
            return _read(path)
        except ValueError as error:
            self.set_aside(path)
            log.warning("%s is no note, set aside: %s", path, str(error)[:300])
            return None

    def done(self, path: Path) -> None:
        """It is in the chain.

        Raises:
            OSError: it is still there; the store knows that it was sealed.
        """
        path.unlink(missing_ok=True)
        sync_directory(self._folder)

    def set_aside(self, path: Path) -> None:
        """It will never be sealed as it is; a person may look at it.

        Raises:
            OSError: it still lies in the tray.
        """
        path.rename(path.with_suffix(BROKEN))


def _read(path: Path) -> Note:
    """Raises ValueError: it is not a note."""
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):  # a pipe would be read for ever
        raise ValueError("not a file")
    if found.st_size > MAX_NOTE:
        raise ValueError(f"larger than {MAX_NOTE} bytes")
    note = Note.model_validate_json(path.read_bytes())
    note.files_of()
    return note


def _number(path: Path) -> int:
    head = path.name.split("-", 1)[0]
    return int(head) if head.isdecimal() else 0
