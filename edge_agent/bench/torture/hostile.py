"""Hostile bytes (H1) and changed evidence (H2), through the real doors of box, platform and verifier."""

from __future__ import annotations

import hashlib
import random
import re
import sqlite3
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from edge_agent.bench.bare_mqtt import BareClient
from edge_agent.bench.broker import Mosquitto
from edge_agent.bench.kill import platform_settings, uplink_settings
from edge_agent.bench.kill_box import DEVICE, TENANT, open_store
from edge_agent.bench.torture.row import Effort, Outcome, Row, Run
from edge_agent.bench.torture.waiting import came_true
from edge_agent.errors import EdgeAgentError, VerificationError
from edge_agent.evidence import dsse, receipts, strict_json
from edge_agent.evidence.bundle import SUMS, export_bundle
from edge_agent.evidence.contract_vectors import RECEIPT_KEY, vectors
from edge_agent.evidence.contract_vectors_keys import NEXT_KEY
from edge_agent.evidence.examples import KEY, a_case, a_store
from edge_agent.evidence.keys import FileKey, KeyRing
from edge_agent.evidence.receipts import Receipt, open_receipt
from edge_agent.evidence.store import EvidenceStore
from edge_agent.evidence.uplink.topics import Topics
from edge_agent.evidence.uplink.uplink import Uplink
from edge_agent.evidence.verify import verify
from edge_agent.evidence.verify_sources import open_material
from edge_agent.ingest.service import Ingest
from edge_agent.ingest.verify import Good, open_statement

TOPICS = Topics("ea/v1", TENANT, DEVICE)
ATTACHMENTS = 1_000_000
# What one message may cost the reader, beyond the message itself.
MOST_S = 0.5
MOST_BYTES = 16 * 1024 * 1024
WAIT_S = 30.0

Make = Callable[[bytes, Effort], Iterator[bytes]]  # hostile payloads from a good one


def _malformed(good: bytes, effort: Effort) -> Iterator[bytes]:
    """Bytes that are no UTF-8, everywhere; and what is UTF-8 to some readers only."""
    rng = random.Random(effort.seed)  # noqa: S311 - chooses places
    for bad in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\x80", b"\xe6\xb5"):
        for _ in range(effort.times(3, 100)):
            at = rng.randrange(len(good))
            yield good[:at] + bad + good[at:]
    yield b"\xef\xbb\xbf" + good
    yield good.decode().encode("utf-16")


def _huge(good: bytes, effort: Effort) -> Iterator[bytes]:
    """Long, deep and wide; a payload has 64 KiB."""
    del effort
    for size in (strict_json.MAX_BYTES + 1, 1_000_000, 20_000_000):
        yield good[:-1] + b" " * (size - len(good)) + b"}"
        yield b'{"a":' + b"[" * (size // 2) + b"]" * (size // 2) + b"}"
        yield b'{"a":' + b"1" * size + b"}"
        yield b'{"a":"' + b'\\"' * (size // 2)
    yield b"[" * 60_000
    yield b'{"a":' + b"9" * 60_000 + b"}"
    yield b"{" + b",".join(b'"%x":0' % n for n in range(6_000)) + b"}"


def _twice(good: bytes, effort: Effort) -> Iterator[bytes]:
    """A key a second time: first, last, inside, spelled otherwise, behind thousands of others."""
    del effort
    yield b'{"schema":"x",' + good[1:]
    yield good[:-1] + b',"schema":"x"}'
    yield good[:-1] + b',"\\u0073chema":"x"}'
    yield good.replace(b'":{"', b'":{"a":1,"a":2,"', 1)
    yield b"{" + b",".join(b'"%x":0' % n for n in range(5_000)) + b',"1387":0}'


def _attachments(good: bytes, effort: Effort) -> Iterator[bytes]:
    """Far too many of what there may be 64 of."""
    entry = b'{"role":"plate","size":1,"sha256":"%b"}' % (b"ab" * 32) if effort.full else b'{"role":""}'
    for count in (65, 500, ATTACHMENTS):
        listed = b",".join([entry] * count)
        yield b'{"schema":"evidence.v1","attachments":[' + listed + b"]}"
        yield b'{"schema":"receipt.v1","items":[' + listed + b"]}"
    for field in (f for f in (b'"attachments":[', b'"items":[') if f in good):
        yield good.replace(field, field + b",".join([entry] * 65) + b",")


@dataclass(slots=True)
class _Cost:
    """The worst of what was measured."""

    seconds: float = 0.0
    held: int = 0  # bytes

    def of(self, door: Callable[[bytes], bool], message: bytes) -> bool:
        """Whether the door lets it in. Twice: to watch memory takes time."""
        began_s = time.thread_time()
        let_in = door(message)
        self.seconds = max(self.seconds, time.thread_time() - began_s)
        tracemalloc.start()
        door(message)
        self.held = max(self.held, tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        return let_in


def _h1(make: Make) -> Run:
    def run(effort: Effort, folder: Path) -> Outcome:
        out = Outcome()
        (folder / "devices").mkdir()
        (folder / "devices" / f"{DEVICE}.pem").write_bytes(KEY.public.pem)
        platform_key = FileKey.generate(folder / "receipts.pem")
        up, down = _messages(make, effort, platform_key)
        _measure(out, up, down, platform_key)
        _over_the_wire(out, up, down, folder, platform_key)
        return out

    return run


def _messages(make: Make, effort: Effort, platform_key: FileKey) -> tuple[list[bytes], list[bytes]]:
    """To the platform and to the box: signed by the right key, and bare in place of an envelope."""
    good = {name: dsse.decode(data)[1] for name, data in vectors().items() if name.startswith("good/")}
    statements = list(make(good["good/composite.dsse.json"], effort))
    answers = list(make(good["good/receipt.dsse.json"], effort))
    up = [dsse.sign(dsse.EVIDENCE_TYPE, payload, [KEY]) for payload in statements]
    down = [dsse.sign(dsse.RECEIPT_TYPE, payload, [platform_key]) for payload in answers]
    return up + statements, down + answers


def _measure(out: Outcome, up: list[bytes], down: list[bytes], platform_key: FileKey) -> None:
    """Every message through each door by itself."""
    cost = _Cost()
    box = KeyRing({dsse.EVIDENCE_TYPE: [KEY.public]})
    platform = KeyRing({dsse.RECEIPT_TYPE: [platform_key.public]})
    for message in up:
        out.expect(not cost.of(lambda data: _taken(data, box), message), f"taken: {message[:80]!r}")
    for message in down:
        out.expect(
            not cost.of(lambda data: _believed(data, platform), message), f"believed: {message[:80]!r}"
        )
    out.tried = len(up) + len(down)
    out.expect(cost.seconds <= MOST_S, f"a message took {cost.seconds:.2f} s of processor time")
    out.expect(cost.held <= MOST_BYTES, f"a message took {cost.held} bytes of memory beyond itself")
    out.measured["worst ms"] = round(cost.seconds * 1000, 1)
    out.measured["worst KiB"] = cost.held // 1024
    out.measured["largest message KiB"] = max(map(len, up + down)) // 1024


def _taken(message: bytes, ring: KeyRing) -> bool:
    try:
        return isinstance(open_statement(message, ring, TENANT, DEVICE), Good)
    except VerificationError:
        return False


def _believed(message: bytes, ring: KeyRing) -> bool:
    try:
        open_receipt(message, ring, TENANT, DEVICE)
    except VerificationError:
        return False
    return True


def _over_the_wire(
    out: Outcome, up: list[bytes], down: list[bytes], folder: Path, platform_key: FileKey
) -> None:
    """All of it to a living box and a living platform: good evidence goes on as if nothing were."""
    broker = Mosquitto(folder).start()
    ingest = Ingest(platform_settings(broker, folder))
    store = open_store(folder)
    ring = KeyRing({dsse.RECEIPT_TYPE: [platform_key.public]})
    uplink = Uplink(store, uplink_settings(broker), ring, tenant=TENANT, device_id=DEVICE)
    ingest.start()
    uplink.start()
    try:
        out.expect(ingest.wait_subscribed(WAIT_S), "the platform did not subscribe")
        sealed = [store.seal(*a_case(number, 2_000)) for number in (1, 2)]
        uplink.wake()
        out.expect(uplink.wait_idle(WAIT_S), "no receipts before the hostile messages")
        uplink_limit = uplink_settings(broker).max_packet_bytes
        hostile = BareClient(broker.port, "hostile")
        hostile.publish_all([(TOPICS.statement, m) for m in up] + [(TOPICS.receipts, m) for m in down])
        hostile.close()
        reach = [m for m in down if len(m) < uplink_limit - 1024]
        came_true(lambda: uplink.counters.receipts_ignored >= len(reach), WAIT_S)
        sealed += [store.seal(*a_case(number, 2_000)) for number in (3, 4)]
        uplink.wake()
        out.expect(uplink.wait_idle(WAIT_S), "no receipts after the hostile messages")
        stats = ingest.stats
        out.expect(stats.unverified + stats.rejected > 0, "the platform saw none of the hostile messages")
        out.expect(
            uplink.counters.receipts_ignored >= len(reach),
            f"the box ignored {uplink.counters.receipts_ignored} of {len(reach)} receipts",
        )
        out.expect(ingest.fault is None and uplink.fault is None, f"{ingest.fault} {uplink.fault}")
        out.expect(uplink.counters.faults == 0, f"{uplink.counters.faults} exceptions in the uplink")
        out.measured["refused by the platform"] = stats.unverified + stats.rejected
        out.measured["ignored by the box"] = uplink.counters.receipts_ignored
        _compare(out, store, {s.seq: s.payload_sha256 for s in sealed}, folder)
    finally:
        uplink.stop(0)
        ingest.stop()
        store.close()
        broker.stop()


def _compare(out: Outcome, store: EvidenceStore, sealed: dict[int, str], folder: Path) -> None:
    with closing(sqlite3.connect(folder / "platform" / "ingest.db")) as db:
        rows = db.execute("SELECT seq, payload_sha256, complete FROM statement").fetchall()
    arrived = {seq: sha256 for seq, sha256, complete in rows if complete}
    out.sealed = len(sealed)
    out.lost = sum(arrived.get(seq) != sha256 for seq, sha256 in sealed.items())
    out.gaps = len(set(store.seqs()) - set(arrived))
    out.differing = len(rows) - len({seq for seq, *_ in rows})


# --- H2 -----------------------------------------------------------------------------------------


def _flipped_bundle(effort: Effort, folder: Path) -> Outcome:
    """Each byte of each file of a bundle; and with sums made to fit, of what is signed."""
    out = Outcome()
    bundle = _bundle(folder)
    rng = random.Random(effort.seed)  # noqa: S311 - chooses places
    out.expect(_good(bundle), "the bundle is not good to begin with")
    files = sorted(path for path in bundle.rglob("*") if path.is_file())
    sums = (bundle / SUMS).read_bytes()
    signed = [p for p in files if p.parent.name in {"attachments", "receipts", "statements"}]
    bits = [(path, bit, False) for path in files for bit in _bits(path.read_bytes(), effort, rng)]
    bits += [(path, bit, True) for path in signed for bit in _signed_bits(path, effort, rng)]
    for path, bit, fitted in bits:
        data = path.read_bytes()
        path.write_bytes(_flip(data, bit))
        if fitted:
            (bundle / SUMS).write_bytes(_fitted(sums, data, path))
        out.tried += 1
        if _good(bundle):
            out.problems.append(f"{path.name}: bit {bit} flipped and not seen{', sums fitted' * fitted}")
        path.write_bytes(data)
        if fitted:
            (bundle / SUMS).write_bytes(sums)
    out.expect(_good(bundle), "the bundle is not good in the end")
    out.sealed = len(list((bundle / "statements").iterdir()))
    out.measured = {
        "bytes": sum(p.stat().st_size for p in files),
        "flips with sums fitted": sum(f for *_, f in bits),
    }
    return out


def _flipped_vectors(effort: Effort, folder: Path) -> Outcome:
    """Each bit of each good vector. A key id is a hint: what it says changes nothing, and decides nothing."""
    del folder
    out = Outcome()
    rng = random.Random(effort.seed)  # noqa: S311 - chooses places
    good = {n: d for n, d in vectors().items() if n.startswith("good/")}
    types = {dsse.EVIDENCE_TYPE, dsse.RECEIPT_TYPE}
    ring = KeyRing(
        {dsse.EVIDENCE_TYPE: [KEY.public, NEXT_KEY.public], dsse.RECEIPT_TYPE: [RECEIPT_KEY.public]}
    )
    hints = 0
    for name, data in good.items():
        whole = dsse.open_envelope(data, ring, types)
        hint = _hint(data)
        count = effort.times(400, 8 * len(data))
        for bit in rng.sample(range(8 * len(data)), min(count, 8 * len(data))):
            out.tried += 1
            try:
                opened = dsse.open_envelope(_flip(data, bit), ring, types)
            except VerificationError:
                continue
            if opened.keyids != whole.keyids:
                continue  # one of two signatures of a rotation: it is then refused as one that lacks it
            hints += 1
            if opened.payload != whole.payload or bit // 8 not in hint:
                out.problems.append(f"{name}: bit {bit} flipped and not seen")
    out.sealed = len(good)
    out.measured = {"in key ids, which decide nothing": hints}
    return out


def _bundle(folder: Path) -> Path:
    """Two cases with their receipts."""
    key = FileKey.generate(folder / "receipts.pem")
    with a_store(folder / "store") as store:
        for number in (1, 2):
            store.seal(*a_case(number, 300))
        head = store.head()
        receipt = Receipt(
            tenant=TENANT,
            device_id=DEVICE,
            epoch=head.epoch,
            received_utc_us=1,
            watermark=receipts.Watermark(seq=head.seq, payload_sha256=head.payload_sha256),
        )
        store.apply_receipt(receipt, receipts.sign(receipt, [key]))
        export_bundle(store, folder / "bundle", store.seqs(), [KEY.public], [key.public])
    return folder / "bundle"


def _good(bundle: Path) -> bool:
    try:
        return verify(open_material(bundle)).good
    except EdgeAgentError:
        return False


def _bits(data: bytes, effort: Effort, rng: random.Random) -> list[int]:
    """In the full form a bit of every byte; else of some."""
    chosen = range(len(data)) if effort.full else rng.sample(range(len(data)), min(len(data), 12))
    return [8 * at + rng.randrange(8) for at in chosen]


def _signed_bits(path: Path, effort: Effort, rng: random.Random) -> list[int]:
    data = path.read_bytes()
    hint = _hint(data) if path.suffix == ".json" else range(0)
    return [bit for bit in _bits(data, effort, rng) if bit // 8 not in hint]


def _hint(envelope: bytes) -> frozenset[int]:
    """Where an envelope says which key signed, names and quotes included."""
    found: set[int] = set()
    for match in re.finditer(rb'"keyid".*?(?="sig")', envelope):
        found.update(range(match.start(), match.end() - 1))
    return frozenset(found)


def _flip(data: bytes, bit: int) -> bytes:
    at = bit // 8
    return data[:at] + bytes([data[at] ^ 1 << bit % 8]) + data[at + 1 :]


def _fitted(sums: bytes, before: bytes, path: Path) -> bytes:
    """The sums as a forger would write them."""
    return sums.replace(
        hashlib.sha256(before).hexdigest().encode() + b"  ",
        hashlib.sha256(path.read_bytes()).hexdigest().encode() + b"  ",
    )


_BOUNDED = "refused in bounded time and memory; good evidence goes on"
_HOW = "signed by the right key and bare, through Mosquitto to a living box and platform, and each alone"
ROWS = (
    *(
        Row(f"H1{letter}", f"hostile message: {fault}", _HOW, _BOUNDED, _h1(make), ("mosquitto",))
        for letter, fault, make in (
            ("a", "malformed UTF-8", _malformed),
            ("b", "huge JSON", _huge),
            ("c", "duplicate keys", _twice),
            ("d", "10^6 attachments", _attachments),
        )
    ),
    Row(
        "H2a",
        "a bit flipped in every byte of a bundle",
        "flip, verify, flip back; also with SHA256SUMS made to fit",
        "`verify` fails each time",
        _flipped_bundle,
    ),
    Row(
        "H2b",
        "every bit flipped of every good vector",
        "flip, open; bits of a key id change nothing that is read",
        "refused each time",
        _flipped_vectors,
    ),
)
