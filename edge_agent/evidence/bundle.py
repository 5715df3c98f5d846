"""A bundle: a plain folder that holds evidence and can be checked by hand.

    manifest.json                          what is here
    SHA256SUMS                             of every file; `sha256sum -c SHA256SUMS`
    statements/<epoch>-<seq>.dsse.json     envelopes, as signed
    attachments/<sha256>.jpg               the exact bytes that the statements name
    receipts/<sha256>.dsse.json            what the platform signed back
    keys/evidence.pem, keys/receipt.pem    public keys, as the exporter knew them

docs/evidence.md shows how to check one with openssl and sha256sum alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_agent.errors import UsageError, VerificationError
from edge_agent.evidence import dsse, strict_json
from edge_agent.evidence.chain_keys import named_key
from edge_agent.evidence.keys import PublicKey
from edge_agent.evidence.reading import ReadingStore
from edge_agent.evidence.statement import Kind
from edge_agent.evidence.store import EvidenceStore

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
EVIDENCE_KEYS = "keys/evidence.pem"
RECEIPT_KEYS = "keys/receipt.pem"

SUFFIX = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "video/mp4": ".mp4",
    "application/mcap": ".mcap",
    "application/yaml": ".yaml",
    "text/html": ".html",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One statement with what belongs to it."""

    envelope: bytes
    attachments: Mapping[str, bytes] = field(default_factory=dict)  # by SHA-256; those at hand
    receipt: bytes | None = None


def write_bundle(
    out: Path,
    entries: Iterable[Entry],
    evidence_keys: Sequence[PublicKey] = (),
    receipt_keys: Sequence[PublicKey] = (),
) -> Path:
    """Write a new bundle folder.

    Raises:
        UsageError: the folder exists and is not empty.
    """
    if out.exists() and any(out.iterdir()):
        raise UsageError(f"{out} is not empty: a bundle is written into a new folder")
    files = _Files(out)
    listed = [_write_entry(files, entry) for entry in entries]
    if evidence_keys:
        files.write(EVIDENCE_KEYS, b"".join(key.pem for key in evidence_keys))
    if receipt_keys:
        files.write(RECEIPT_KEYS, b"".join(key.pem for key in receipt_keys))
    files.write(MANIFEST, strict_json.dumps({"schema": "bundle.v1", "statements": listed}) + b"\n")
    sums = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(files.digests.items()))
    (out / SUMS).write_text(sums, encoding="ascii")
    return out


def export_bundle(
    store: EvidenceStore,
    out: Path,
    seqs: Iterable[int],
    evidence_keys: Sequence[PublicKey],
    receipt_keys: Sequence[PublicKey] = (),
) -> Path:
    """Write statements of a store, with the attachments and receipts that it still holds."""
    return write_bundle(out, (_from_store(store, seq) for seq in seqs), evidence_keys, receipt_keys)


def export_read(
    reading: ReadingStore, out: Path, seqs: Iterable[int], receipt_keys: Sequence[PublicKey] = ()
) -> list[str]:
    """Write statements of a store that is only read, with the keys that its own chain names.

    What is not in the store any more is not in the bundle either: a gap, which `verify` names.

    Returns:
        files that should be there and are not what was sealed; the bundle is without them.
    """
    lacking: list[str] = []
    keys = [
        key
        for kind in (Kind.GENESIS, Kind.KEY_ROTATION)
        for listed in reading.statements(kind)
        if (whole := reading.statement(listed.seq)) and (key := named_key(whole.payload))
    ]
    entries = (_read_entry(reading, seq, lacking) for seq in seqs)
    write_bundle(out, (entry for entry in entries if entry), keys, receipt_keys)
    return lacking


def _read_entry(reading: ReadingStore, seq: int, lacking: list[str]) -> Entry | None:
    whole = reading.statement(seq)
    if whole is None:
        return None
    held = {}
    for file in whole.files:
        try:
            held[file.sha256] = reading.attachment(file.sha256)
        except VerificationError as error:
            if file.state != "purged":
                lacking.append(f"seq {seq}: {error}")
    return Entry(whole.envelope, held, whole.receipt)


def _from_store(store: EvidenceStore, seq: int) -> Entry:
    packet = store.packet(seq)
    if packet is None:
        raise UsageError(f"no statement {seq} in this store")
    held = {file.sha256: store.attachment(file.sha256) for file in packet.attachments}
    return Entry(packet.envelope, held, store.receipt_of(seq))


class _Files:
    """Writes files and remembers their digests."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.digests: dict[str, str] = {}

    def write(self, name: str, data: bytes) -> str:
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.digests[name] = hashlib.sha256(data).hexdigest()
        return name


def _write_entry(files: _Files, entry: Entry) -> dict[str, Any]:
    _, payload, _ = dsse.decode(entry.envelope)
    fields = strict_json.loads(payload)
    try:
        epoch, seq = fields["chain"]["epoch"], fields["chain"]["seq"]
        media = {a["sha256"]: a["media_type"] for a in fields["attachments"]}
        name = f"statements/{epoch:.8}-{seq:012d}.dsse.json"
    except (KeyError, TypeError, ValueError) as error:
        raise VerificationError(f"not a statement: {error!r}") from error
    receipt = None
    if entry.receipt is not None:
        receipt = files.write(
            f"receipts/{hashlib.sha256(entry.receipt).hexdigest()}.dsse.json", entry.receipt
        )
    return {
        "file": files.write(name, entry.envelope),
        "payload_sha256": hashlib.sha256(payload).hexdigest(),
        "attachments": [
            files.write(f"attachments/{sha256}{SUFFIX.get(media.get(sha256, ''), '.bin')}", data)
            for sha256, data in sorted(entry.attachments.items())
        ],
        "released": sorted(media.keys() - entry.attachments.keys()),
        "receipt": receipt,
    }
