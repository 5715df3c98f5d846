"""Looking into a box's store: what is owed, what became of it. Nothing here can write to it.

    inside the daemon      EvidenceStore.reading()
    beside the daemon      open_reading(directory): asks it, through `reading_door`
    where no daemon runs   the same: reads the database at rest, or what a crash left of it

While a daemon runs nobody else can open its database (`tables.open_database` says why), so it is asked.
Attachments are plain files and are read as such.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from edge_agent.errors import UsageError, VerificationError, both
from edge_agent.evidence import dsse, questions
from edge_agent.evidence.outbox import read_signatures
from edge_agent.evidence.packets import Head
from edge_agent.evidence.pruning import NOTHING_GONE, Mark
from edge_agent.evidence.questions import Ask, Row, Value
from edge_agent.evidence.reading_door import ask_daemon, door_of
from edge_agent.evidence.set_aside import ATTACHMENTS, DATABASE
from edge_agent.evidence.statement_records import Loss
from edge_agent.evidence.tables import VERSION

NO_END = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Listed:
    """A statement in a list."""

    seq: int
    packet_id: str
    kind: str
    case_id: str | None
    zone: str | None
    sealed_utc_us: int
    payload_sha256: str
    bytes: int  # of the payload and its files
    state: str  # sealed | receipted | purged | quarantined | rejected
    reason: str  # why it was quarantined or rejected
    receipted_utc_us: int | None

    @property
    def receipted_after_s(self) -> float | None:
        """From the seal to the receipt, by the box's clock; None without one."""
        return None if self.receipted_utc_us is None else (self.receipted_utc_us - self.sealed_utc_us) / 1e6


@dataclass(frozen=True, slots=True)
class FileSeen:
    """A file that a statement names."""

    sha256: str
    size: int
    state: str  # kept | purged | damaged


@dataclass(frozen=True, slots=True)
class Whole:
    """A statement with all that belongs to it but the files' bytes."""

    listed: Listed
    payload: bytes
    envelope: bytes
    receipt: bytes | None  # the platform's envelope
    files: tuple[FileSeen, ...]


class ReadingStore:
    """Of one store. Any thread; each call is a question of its own, so the store may move on in between.

    Args:
        ask: answers `questions`.
        directory: of the store.
    """

    def __init__(self, ask: Ask, directory: Path) -> None:
        self._ask = ask
        self._files = directory / ATTACHMENTS

    def head(self) -> Head | None:
        """The end of the chain; None before its beginning."""
        rows = self._ask("head", ())
        return Head(*rows[0][:3]) if rows else None

    def let_go(self) -> Mark:
        """Up to where old statements are gone."""
        rows = self._ask("mark", ())
        return Mark(*rows[0]) if rows else NOTHING_GONE

    def states(self) -> dict[str, int]:
        """How many statements are in each state."""
        return dict(self._ask("states", ()))

    def waiting_bytes(self) -> int:
        """Of statements that wait for a receipt, files included."""
        return int(self._ask("waiting_bytes", ())[0][0])

    def held_bytes(self) -> int:
        """Of all files."""
        return int(self._ask("held", ())[0][0])

    def oldest_waiting(self) -> Listed | None:
        """The first statement without a receipt."""
        return _first(self._ask("oldest_waiting", ()))

    def lost(self) -> int:
        """Cases for which there was no room, told in the chain or not yet."""
        told = self._ask("head", ())
        return sum(int(row[3]) for row in told) + sum(loss.count for loss in self.untold_losses())

    def untold_losses(self) -> tuple[Loss, ...]:
        """Those that no record in the chain tells of yet."""
        names = ("lost_class", "reason", "count", "first_utc_us", "last_utc_us")
        rows = self._ask("untold", ())
        return tuple(Loss.model_validate(dict(zip(names, row, strict=True))) for row in rows)

    def statements(self, kind: str = "", state: str = "", before: int = NO_END) -> Iterator[Listed]:
        """Newest first, read as far as they are wanted.

        Args:
            kind: only of this one; any when empty.
            state: only in this one; any when empty.
            before: only of a lower seq.
        """
        while True:
            rows = self._page(kind, state, before)
            for row in rows:
                listed = _listed(row)
                if not kind or listed.kind == kind:
                    yield listed
            if len(rows) < questions.PAGE:
                return
            before = _listed(rows[-1]).seq

    def last_receipted(self, number: int) -> list[Listed]:
        """The newest statements that have a receipt, newest first; `number` of them."""
        found = [
            listed
            for state in ("receipted", "purged")
            for listed, _ in zip(self.statements(state=state), range(number), strict=False)
        ]
        return sorted(found, key=lambda listed: -listed.seq)[:number]

    def statement(self, seq: int) -> Whole | None:
        """One by its place; None: it is not in the store."""
        listed, signed = _first(self._ask("one", (seq,))), self._ask("signed", (seq,))
        if listed is None or not signed:
            return None
        payload, signatures, receipt = signed[0]
        return Whole(
            listed,
            payload,
            dsse.envelope(dsse.EVIDENCE_TYPE, payload, read_signatures(signatures)),
            receipt,
            tuple(FileSeen(*row) for row in self._ask("files", (seq,))),
        )

    def attachment(self, sha256: str) -> bytes:
        """A file's bytes, their digest checked.

        Raises:
            VerificationError: it is gone, or not what was sealed.
        """
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise VerificationError("an attachment's name is the SHA-256 of its bytes, in hex")
        try:
            data = (self._files / sha256).read_bytes()
        except FileNotFoundError as error:
            raise VerificationError(f"attachment {sha256}: it is not here") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise VerificationError(f"attachment {sha256}: damaged, its digest differs")
        return data

    def note(self, note_id: str) -> int | None:
        """Seq of the statement that came of a note in the tray; None: none yet."""
        rows = self._ask("note", (note_id,))
        return int(rows[0][0]) if rows else None

    def _page(self, kind: str, state: str, before: int) -> list[Row]:
        if state:
            return self._ask("newest_in_state", (before, state))
        if kind:
            return self._ask("newest_of_kind", (before, kind))
        return self._ask("newest", (before,))


@contextlib.contextmanager
def open_reading(directory: Path) -> Iterator[ReadingStore]:
    """Look into a store, whether its daemon runs or not.

    Raises:
        UsageError: there is no store, or none that can be read now; also from every question.
        OSError: this user may not.
    """
    if not has_store(directory):
        raise UsageError(
            both(
                f"{directory}：没有证据库，后台程序还没有运行过",
                f"{directory}: there is no evidence store; the daemon has not run yet",
            )
        )
    if is_open(directory):
        yield ReadingStore(ask_daemon(door_of(directory)), directory)
        return
    with tempfile.TemporaryDirectory(prefix="edge-agent-reading-") as temporary:
        db = _at_rest(directory, Path(temporary))
        with contextlib.closing(db):
            yield ReadingStore(_asking(db, directory), directory)


def has_store(directory: Path) -> bool:
    """Whether a store was made there. Raises OSError: this user may not know."""
    return (directory / DATABASE).exists()


def is_open(directory: Path) -> bool:
    """Whether a process has the store open, as far as this one can see.

    The kernel is asked who holds its lock. To try the lock could keep a daemon from starting.
    """
    try:
        inode = (directory / "lock").stat().st_ino
        held = Path("/proc/locks").read_text(encoding="ascii")
    except OSError:
        return False
    return any(_holds(line.split(), inode) for line in held.splitlines())


def _holds(words: list[str], inode: int) -> bool:
    """`1: FLOCK  ADVISORY  WRITE 4711 fe:01:131587 0 EOF`."""
    return len(words) > 5 and words[1] == "FLOCK" and words[5].endswith(f":{inode}")


def _at_rest(directory: Path, temporary: Path) -> sqlite3.Connection:
    """The database as it lies there. What a crash left in its log is read from a copy: reading it writes."""
    path = directory / DATABASE
    log = directory / f"{DATABASE}-wal"
    try:
        if log.exists() and log.stat().st_size:
            for one in (path, log):
                shutil.copyfile(one, temporary / one.name)
            db = sqlite3.connect(temporary / DATABASE, check_same_thread=False)
        else:
            name = f"file:{quote(str(path))}?mode=ro&immutable=1"
            db = sqlite3.connect(name, uri=True, check_same_thread=False)
        (version,) = db.execute("PRAGMA user_version").fetchone()
        tables = db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'pruned'").fetchone()
    except sqlite3.Error as error:
        raise UsageError(f"{path}: the database cannot be read: {error}") from error
    if version != VERSION or tables == (0,):
        db.close()
        raise UsageError(f"{path}: as another version of the program left it; start the daemon of this one")
    return db


def _asking(db: sqlite3.Connection, directory: Path) -> Ask:
    def ask(name: str, values: Sequence[Value]) -> list[Row]:
        try:
            rows = questions.answer(db, name, values)
        except sqlite3.Error as error:
            raise UsageError(f"{directory}: the database cannot be read: {error}") from error
        if is_open(directory):  # what was read until then stood still
            raise UsageError(f"{directory}: the daemon has just opened the store; ask again")
        return rows

    return ask


def _first(rows: list[Row]) -> Listed | None:
    return _listed(rows[0]) if rows else None


def _listed(row: Row) -> Listed:
    return Listed(*row)
