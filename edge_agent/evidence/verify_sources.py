"""Where evidence to verify comes from: a file, a bundle, any folder of envelopes, a store."""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from edge_agent.errors import UsageError, VerificationError
from edge_agent.evidence import dsse, strict_json
from edge_agent.evidence.bundle import EVIDENCE_KEYS, MANIFEST, RECEIPT_KEYS, SUMS
from edge_agent.evidence.keys import PublicKey, read_public_keys
from edge_agent.evidence.outbox import read_signatures
from edge_agent.evidence.pruning import NOTHING_GONE, Mark, read_mark
from edge_agent.evidence.set_aside import ATTACHMENTS, DATABASE
from edge_agent.evidence.verify import Material
from edge_agent.evidence.verify_signed import Item

_DIGEST = re.compile(r"[0-9a-f]{64}")
MAX_MANIFEST = 64 * 1024 * 1024
MAX_VALUE = 1024 * 1024  # of one column; an envelope takes a tenth of it
MAX_KEYS = 64 * 1024


def open_material(path: Path) -> Material:
    """Find out what `path` is, and read it.

    Raises:
        UsageError: there is nothing there that could be verified.
    """
    if path.is_file():
        return _loose([path], path.parent, _beside(path))
    if not path.is_dir():
        raise UsageError(f"{path}: no such file or folder")
    if (path / DATABASE).exists():
        return _store(path)
    if (path / MANIFEST).exists() or (path / SUMS).exists():
        return _bundle(path)
    envelopes = [found for found in sorted(path.rglob("*.dsse.json")) if found.is_file()]
    if not envelopes:
        raise UsageError(f"{path}: no store, no bundle, and no *.dsse.json in it")
    return _loose(envelopes, path, _by_digest(sorted(path.rglob("*"))))


def _read(path: Path, most: int) -> bytes:
    """A file's bytes, no more than `most` and one: whoever reads them refuses that. No device, no pipe."""
    if not path.is_file():
        raise ValueError(f"{path.name}: no file")
    with path.open("rb") as file:
        return file.read(most + 1)


def _loose(envelopes: list[Path], root: Path, files: dict[str, Path]) -> Material:
    contents = {str(path.relative_to(root)): _read(path, dsse.MAX_ENVELOPE) for path in envelopes}
    receipts = tuple(data for data in contents.values() if _type(data) == dsse.RECEIPT_TYPE)
    items = [Item(name, data, receipts) for name, data in contents.items() if data not in receipts]
    return Material(items, files.get, partial=True)


def _beside(path: Path) -> dict[str, Path]:
    """Attachments next to a single envelope, or in the folder that a bundle keeps them in."""
    folders = (path.parent, path.parent / "attachments", path.parent.parent / "attachments")
    return _by_digest([p for folder in folders if folder.is_dir() for p in sorted(folder.iterdir())])


def _bundle(root: Path) -> Material:
    """The manifest says what belongs together; the sums say that no file changed."""
    material = Material([], _by_digest(sorted((root / "attachments").glob("*"))).get)
    _check_sums(root, material)
    try:
        manifest = strict_json.loads(_read(root / MANIFEST, MAX_MANIFEST), max_bytes=MAX_MANIFEST)
        listed = [_entry(root, entry) for entry in manifest["statements"]]
        material.released = frozenset(s for entry in manifest["statements"] for s in entry["released"])
    except (OSError, VerificationError, KeyError, TypeError, ValueError) as error:
        material.problems.append((MANIFEST, f"manifest: {error}"))
        listed = []
    material.items = listed
    if not material.problems:  # a damaged bundle's own keys are no keys
        material.evidence_keys = _keys(root / EVIDENCE_KEYS)
        material.receipt_keys = _keys(root / RECEIPT_KEYS)
    return material


def _entry(root: Path, entry: dict[str, str | None]) -> Item:
    name, receipt = entry["file"], entry["receipt"]
    receipts = () if receipt is None else (_read(_inside(root, receipt), dsse.MAX_ENVELOPE),)
    return Item(str(name), _read(_inside(root, str(name)), dsse.MAX_ENVELOPE), receipts)


def _inside(root: Path, name: str) -> Path:
    path = root / name
    if not path.resolve().is_relative_to(root.resolve()):
        raise ValueError(f"{name!r} points out of the bundle")
    return path


def _check_sums(root: Path, material: Material) -> None:
    try:
        lines = _read(root / SUMS, MAX_MANIFEST).decode("ascii").splitlines()
    except (OSError, ValueError) as error:
        material.problems.append((SUMS, f"sums: {error}"))
        return
    sums = {}
    for line in lines:
        sha256, _, name = line.partition("  ")
        if not _DIGEST.fullmatch(sha256) or not name or name in sums:
            material.problems.append((SUMS, f"sums: cannot read {line[:100]!r}"))
            continue
        sums[name] = sha256
    there = {str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()} - {SUMS}
    for name in sorted(there - sums.keys()):
        material.problems.append((name, "sums: not listed in SHA256SUMS"))
    for name in sorted(sums):
        if name not in there:
            material.problems.append((name, "sums: listed in SHA256SUMS and missing"))
        elif _digest(root / name) != sums[name]:
            material.problems.append((name, "sums: changed since SHA256SUMS was written"))
    material.checked.append(f"{len(sums)} files against SHA256SUMS")


def _store(root: Path) -> Material:
    """A stopped store, read from a copy: verification never touches evidence."""
    with tempfile.TemporaryDirectory(prefix="edge-agent-verify-") as temporary:
        copy = _copy_database(root, Path(temporary))
        material = Material([], lambda sha256: _if_file(root / ATTACHMENTS / sha256), whole=True)
        try:
            db = sqlite3.connect(copy)
            try:
                _check_tables(db)
                material.items = list(_rows(db))
                released = db.execute("SELECT sha256 FROM attachment WHERE state = 'purged'").fetchall()
                head = db.execute("SELECT epoch, seq, payload_sha256 FROM head").fetchone()
                material.let_go = _mark(db)
            finally:
                db.close()
            material.released = frozenset(sha256 for (sha256,) in released)
            _check_head(material, head)
        except (sqlite3.Error, VerificationError, ValueError, TypeError, KeyError) as error:
            material.problems.append((DATABASE, f"database: {error}"))
            material.items = []
            return material
    material.evidence_keys = _genesis_key(material)
    if (root / "quarantine").exists():
        material.not_checked.append("stores that were set aside under quarantine/: verify each by its folder")
    return material


def _copy_database(root: Path, temporary: Path) -> Path:
    with (root / "lock").open("a") if (root / "lock").exists() else tempfile.TemporaryFile() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageError(f"{root}: the store is open in a running agent; stop it first") from error
        for name in (DATABASE, f"{DATABASE}-wal"):
            if (root / name).exists():
                shutil.copy(root / name, temporary / name)
    return temporary / DATABASE


def _check_tables(db: sqlite3.Connection) -> None:
    """A foreign database can hold views without an end in place of tables, and values without one."""
    db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE)
    kinds = dict(db.execute("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')"))
    for name in ("packet", "receipt", "attachment", "head"):
        if kinds.get(name) != "table":
            raise ValueError(f"{name} is no table")


def _mark(db: sqlite3.Connection) -> Mark:
    """Up to where old statements were let go; a store of an earlier program never did."""
    found = db.execute("SELECT type FROM sqlite_master WHERE name = 'pruned'").fetchone()
    if found is None:
        return NOTHING_GONE
    if found[0] != "table":
        raise ValueError("pruned is no table")
    mark = read_mark(db)
    if not all(isinstance(value, int) for value in (mark.seq, mark.statements)):
        raise ValueError("the mark makes no sense")
    return mark


def _rows(db: sqlite3.Connection) -> Iterator[Item]:
    receipts = dict(db.execute("SELECT id, envelope FROM receipt").fetchall())
    for seq, payload, signatures, receipt in db.execute(
        "SELECT seq, payload, signatures, receipt FROM packet ORDER BY seq"
    ):
        envelope = dsse.envelope(dsse.EVIDENCE_TYPE, payload, read_signatures(signatures))
        yield Item(f"seq {seq}", envelope, () if receipt is None else (receipts[receipt],))


def _check_head(material: Material, head: tuple[str, int, str] | None) -> None:
    items = list(material.items)
    if head is None or not items:
        material.problems.append((DATABASE, "chain: the store has no head"))
        return
    _, payload, _ = dsse.decode(items[-1].envelope)
    if items[-1].name != f"seq {head[1]}" or hashlib.sha256(payload).hexdigest() != head[2]:
        material.problems.append(
            (DATABASE, f"chain: the head says seq {head[1]}, the last statement is another")
        )


def _genesis_key(material: Material) -> tuple[PublicKey, ...]:
    """The key that the first statement says the epoch is signed with."""
    for item in material.items:
        try:
            _, payload, _ = dsse.decode(item.envelope)
            spki = strict_json.loads(payload)["record"]["public_key_spki"]
            return (PublicKey.from_spki(bytes.fromhex(spki)),)
        except (VerificationError, UsageError, KeyError, TypeError, ValueError):
            return ()
    return ()


def _by_digest(paths: list[Path]) -> dict[str, Path]:
    """Files whose name begins with a digest, by that digest."""
    return {
        found.group(): path
        for path in paths
        if (found := _DIGEST.match(path.name)) and not path.name.endswith(".dsse.json") and path.is_file()
    }


def _type(envelope: bytes) -> str:
    try:
        return dsse.decode(envelope)[0]
    except VerificationError:
        return ""


def _keys(path: Path) -> tuple[PublicKey, ...]:
    return read_public_keys(path) if path.is_file() and path.stat().st_size <= MAX_KEYS else ()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _if_file(path: Path) -> Path | None:
    return path if path.is_file() else None
