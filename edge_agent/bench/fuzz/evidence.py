"""What comes over MQTT, and what somebody brings to be verified."""

from __future__ import annotations

import functools
import hashlib
import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from edge_agent.bench.fuzz.target import MIB, Target, scratch
from edge_agent.errors import EdgeAgentError, VerificationError
from edge_agent.evidence import commands, dsse, receipts, strict_json
from edge_agent.evidence.bundle import SUMS, export_bundle
from edge_agent.evidence.contract_vectors import vectors
from edge_agent.evidence.examples import KEY, a_case, a_store
from edge_agent.evidence.keys import FileKey, KeyRing
from edge_agent.evidence.set_aside import DATABASE
from edge_agent.evidence.statement import parse
from edge_agent.evidence.uplink.chunks import BadChunk, Chunk, decode_chunk, encode_chunk
from edge_agent.evidence.uplink.topics import Topics, parse_topic
from edge_agent.evidence.verify import verify
from edge_agent.evidence.verify_sources import open_material

ROOT = "ea/v1"
RING = KeyRing({dsse.EVIDENCE_TYPE: [KEY.public], dsse.RECEIPT_TYPE: [KEY.public]})
RECEIPT_KEY = FileKey.from_seed(bytes(range(1, 33)))
RECEIPT_RING = KeyRing({dsse.RECEIPT_TYPE: [RECEIPT_KEY.public]})
JSON_WORDS = (b'"payload"', b'"payloadType"', b'"signatures"', b'"sig"', dsse.EVIDENCE_TYPE.encode(), b"==")


def envelopes() -> list[bytes]:
    """The published ones, good and bad."""
    return [data for name, data in vectors().items() if name.endswith(".dsse.json")]


def payloads() -> list[bytes]:
    """What the good ones hold."""
    good = [data for name, data in vectors().items() if name.startswith("good/")]
    return [dsse.decode(data)[1] for data in good]


def commanded() -> list[bytes]:
    """What the good commands hold."""
    good = [data for name, data in vectors().items() if name.startswith("commands/good/")]
    return [dsse.decode(data)[1] for data in good]


def signed_receipt(payload: bytes) -> object:
    """A receipt key signed this payload, whatever it is: read it as a box does."""
    envelope = dsse.sign(dsse.RECEIPT_TYPE, payload, [RECEIPT_KEY])
    return receipts.open_receipt(envelope, RECEIPT_RING, "city", "ea-test-0001")


def topic(data: bytes) -> object:
    """A topic that came in; a broker hands on any UTF-8."""
    return parse_topic(ROOT, data.decode("utf-8", "replace"))


def topics() -> list[bytes]:
    """One of each."""
    box = Topics(ROOT, "city", "box-1")
    named = (box.statement, box.attachment("ab" * 32), box.head, box.state, box.receipts)
    return [name.encode() for name in named]


def chunks() -> list[bytes]:
    """First, middle, all."""
    return [encode_chunk(c) for c in (Chunk(0, 9, b"abc"), Chunk(3, 9, b"d"), Chunk(0, 1, b"x"))]


@functools.cache
def _material() -> tuple[Path, Path]:
    """A good store, closed, and a good bundle of it."""
    folder = scratch("material")
    with a_store(folder / "store") as store:
        for number in (1, 2):
            store.seal(*a_case(number, 100))
        pending = [store.packet(seq) for seq in store.seqs()]
        mark = store.head()
        receipt = receipts.Receipt(
            tenant="city", device_id="ea-test-0001", epoch=mark.epoch, received_utc_us=1,
            watermark=receipts.Watermark(seq=mark.seq, payload_sha256=mark.payload_sha256),
        )  # fmt: skip
        store.apply_receipt(receipt, receipts.sign(receipt, [RECEIPT_KEY]))
        seqs = [packet.seq for packet in pending if packet]
        export_bundle(store, folder / "bundle", seqs, [KEY.public], [RECEIPT_KEY.public])
    with sqlite3.connect(folder / "store" / DATABASE) as db:
        db.execute("PRAGMA journal_mode = DELETE")
    return folder / "store", folder / "bundle"


def bundle_files() -> list[bytes]:
    """Each file of a bundle: its name, a newline, what it holds."""
    _, bundle = _material()
    files = sorted(path for path in bundle.rglob("*") if path.is_file())
    return [str(path.relative_to(bundle)).encode() + b"\n" + path.read_bytes() for path in files]


def bundle(data: bytes) -> object:
    """A bundle one of whose files is this one; its sum is made to fit, as a forger would."""
    name, _, content = data.partition(b"\n")
    _, good = _material()
    names = {str(path.relative_to(good)) for path in good.rglob("*") if path.is_file()}
    chosen = name.decode("utf-8", "replace")
    if chosen not in names:
        chosen = min(names)
    folder = scratch("bundle")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(good, folder)
    (folder / chosen).write_bytes(content)
    if chosen != SUMS:
        lines = (folder / SUMS).read_text("ascii").splitlines()
        mine = f"{hashlib.sha256(content).hexdigest()}  {chosen}"
        lines = [mine if line.endswith(f"  {chosen}") else line for line in lines]
        (folder / SUMS).write_text("\n".join(lines) + "\n", "ascii")
    return verify(open_material(folder))


def store_file() -> list[bytes]:
    """The database of a box's store."""
    folder, _ = _material()
    return [(folder / DATABASE).read_bytes()]


def store(data: bytes) -> object:
    """A store brought to be verified, whose database is this."""
    folder = scratch("store")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DATABASE).write_bytes(data)
    return verify(open_material(folder))


TARGETS: Sequence[Target] = (
    Target("command", commands.parse, (VerificationError,), commanded, json=True),
    Target("strict-json", strict_json.loads, (VerificationError,), payloads, json=True, most_bytes=80 * 1024),
    Target(
        "envelope",
        lambda data: dsse.open_envelope(data, RING, {dsse.EVIDENCE_TYPE}),
        (VerificationError,),
        envelopes,
        JSON_WORDS,
        json=True,
        most_bytes=dsse.MAX_ENVELOPE + 1024,
    ),
    Target("statement", parse, (VerificationError,), payloads, json=True),
    Target("receipt", signed_receipt, (VerificationError,), payloads, json=True),
    Target("chunk", decode_chunk, (BadChunk,), chunks, (b"EAC1", b"\xff" * 8, b"\x00" * 8)),
    Target("topic", topic, (), topics, (b"/", b"#", b"+", b"$share/", b"att", b"stmt")),
    Target("bundle", bundle, (EdgeAgentError,), bundle_files, json=True, seconds=4, most_bytes=MIB),
    Target("store", store, (EdgeAgentError,), store_file, seconds=4, most_bytes=MIB),
)
