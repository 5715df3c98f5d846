"""A statement out of a file that anybody may have made: bounded, strict, and said clearly what is wrong."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from edge_agent.errors import UsageError, VerificationError
from edge_agent.evidence import dsse, strict_json
from edge_agent.evidence.statement import Statement, parse
from edge_agent.report.replay_note import NOTE_FILE

STATEMENTS = "statements"  # the folder of a bundle, and of a replay
MOST_STATEMENTS = 1_000
NEVER = {
    ".mcap": "a recording",
    ".jsonl": "decisions",
    ".yaml": "a configuration",
}  # what is given instead by mistake, by its suffix


@dataclass(frozen=True, slots=True)
class Loaded:
    """A statement as it lay in its file. Nothing of it is verified."""

    path: Path
    statement: Statement
    payload: bytes
    envelope: bytes | None  # None: nobody signed it; a replay wrote it

    @property
    def payload_sha256(self) -> str:
        """Its name in the chain."""
        return hashlib.sha256(self.payload).hexdigest()


def load_statement(path: Path) -> Loaded:
    """An envelope, or the bare statement that a replay wrote.

    Raises:
        UsageError: no such file.
        VerificationError: it is no statement.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such file")
    if path.suffix in NEVER:
        raise UsageError(
            f"{path}: {NEVER[path.suffix]}, no statement; "
            f"`edge-agent replay REC --out DIR` makes statements of a recording, in DIR/{STATEMENTS}/"
        )
    with path.open("rb") as file:
        data = file.read(dsse.MAX_ENVELOPE + 1)
    if len(data) > dsse.MAX_ENVELOPE:
        raise VerificationError(f"{path}: no statement: longer than {dsse.MAX_ENVELOPE} bytes")
    try:
        return _loaded(path, data)
    except VerificationError as error:
        raise VerificationError(f"{path}: {error}") from error


def _loaded(path: Path, data: bytes) -> Loaded:
    fields = strict_json.loads(data, max_bytes=dsse.MAX_ENVELOPE)
    if "payloadType" not in fields:
        return Loaded(path, parse(data), data, None)
    kind, payload, _ = dsse.decode(data)
    if kind != dsse.EVIDENCE_TYPE:
        raise VerificationError(f"not a statement but {kind!r}")
    return Loaded(path, parse(payload), payload, data)


def load_all(path: Path) -> list[Loaded]:
    """A file's statement, or all of a bundle, or of a folder that a replay wrote, in their order.

    Raises:
        UsageError: nothing there that could be a statement.
        VerificationError: one that is none.
    """
    if not path.is_dir():
        return [load_statement(path)]
    if (path / NOTE_FILE).is_file() and not (path / STATEMENTS).is_dir():
        raise UsageError(f"{path}: a replay that led to no statement")
    folder = path / STATEMENTS if (path / STATEMENTS).is_dir() else path
    files = sorted(found for found in folder.glob("*.json") if found.is_file())[: MOST_STATEMENTS + 1]
    if not files:
        raise UsageError(f"{path}: no statement in it (*.json, or *.json in {STATEMENTS}/)")
    if len(files) > MOST_STATEMENTS:
        raise UsageError(f"{path}: more than {MOST_STATEMENTS} statements; name one of {folder}")
    return [load_statement(file) for file in files]
