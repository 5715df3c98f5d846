"""What the platform does with a batch of messages: verify, store, and only then answer.

    batch of messages ─> one durable commit ─> receipts ─> PUBACKs

Nothing here knows MQTT. Order does not matter: attachments may come before or after their
statement, statements in any order; the watermark moves when things have become contiguous.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field

from edge_agent.errors import VerificationError
from edge_agent.evidence import dsse
from edge_agent.evidence.receipts import (
    MAX_ITEMS,
    MAX_RANGES,
    Need,
    Receipt,
    ReceiptItem,
    ReceiptStatus,
    Watermark,
    sign,
)
from edge_agent.evidence.statement import Kind
from edge_agent.evidence.uplink.chunks import BadChunk, Chunk, decode_chunk
from edge_agent.evidence.uplink.topics import Address, parse_topic
from edge_agent.ingest.attachments import Attachments, Fate
from edge_agent.ingest.bulk import Chain
from edge_agent.ingest.commands import Commands
from edge_agent.ingest.device_keys import DeviceKeys
from edge_agent.ingest.devices import Devices
from edge_agent.ingest.place import Place
from edge_agent.ingest.settings import IngestSettings
from edge_agent.ingest.store import Admission, NewStatement, PlatformStore, Stored
from edge_agent.ingest.verify import Good, Unacceptable, open_statement

# Needs that wait for their grace; beyond it the box's own resend timer brings them back.
MAX_WAITING_NEEDS = 10_000
# Receipts name items until about here; a receipt must fit the strict reader's 64 KiB.
RECEIPT_BYTES = 32 * 1024


@dataclass(slots=True)
class Stats:
    """Counted since the start."""

    messages: int = 0
    accepted: int = 0  # complete for the first time
    duplicates: int = 0
    needs: int = 0
    rejected: int = 0
    unverified: int = 0  # no enrolled key of that box signed it
    unknown_device: int = 0
    frozen: int = 0  # withheld because the box is frozen
    bad_topic: int = 0
    bad_chunks: int = 0
    wrong_digests: int = 0
    chunks: int = 0
    heads: int = 0
    receipts: int = 0

    def as_dict(self) -> dict[str, int]:
        """By name."""
        return asdict(self)


@dataclass(slots=True)
class _Answer:
    """What one box must hear about one epoch."""

    items: dict[str, ReceiptItem] = field(default_factory=dict)  # by payload digest; the last word counts
    summary: bool = False  # it asked where we stand


@dataclass(frozen=True, slots=True)
class _Message:
    """One of an enrolled box, opened as far as that goes without knowing what is stored."""

    address: Address
    payload: bytes
    found: Good | Unacceptable | Chunk | str  # a text: why it is nobody's word


class Intake:
    """The platform's judgement over one database. One thread."""

    def __init__(
        self,
        settings: IngestSettings,
        store: PlatformStore,
        attachments: Attachments,
        signer: dsse.Signer,
        utc_us: Callable[[], int],
        commands: Commands | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._attachments = attachments
        self._signer = signer
        self._utc_us = utc_us
        self._commands = commands
        self._devices = Devices(settings.devices_dir)
        self._answers: dict[tuple[str, str], _Answer] = {}
        self._grace: OrderedDict[Place, float] = OrderedDict()
        self._arrived: dict[str, None] = {}  # digests, in this batch
        self._left_over: set[str] = set()  # devices that sent attachments which nobody names, in this batch
        self._last_receipt_us = 0
        self.stats = Stats()

    def take(self, messages: Iterable[tuple[str, bytes]], now_s: float) -> list[tuple[str, bytes]]:
        """Store a batch of (topic, payload); returns (device, signed receipt) to send.

        Raises:
            StoreFault: nothing of the batch counts, nothing may be acknowledged. After `DatabaseAway` the
                same batch, or others, may be tried again.
        """
        opened = [message for topic, payload in messages if (message := self._open(topic, payload))]
        try:
            with self._store.commit():
                marks = self._take(opened, now_s)
            receipts = [
                r for key, mark in marks.items() for r in self._receipts(*key, self._answers[key], mark)
            ]
        finally:
            self._answers.clear()
            self._arrived.clear()
            self._left_over.clear()
        self.stats.receipts += len(receipts)
        return [(receipt.device_id, sign(receipt, [self._signer])) for receipt in receipts]

    def _take(self, opened: list[_Message], now_s: float) -> dict[Chain, Watermark | None]:
        due = [place for place, at_s in self._grace.items() if at_s <= now_s]
        keys = DeviceKeys(self._store, {message.address.device for message in opened})
        opened = [self._with_rotated_keys(message, keys) for message in opened]
        self._look_ahead(opened, due)
        for message in opened:
            self._dispatch(message, keys, now_s)
        self._settle_needs(self._arrived)
        self._ask_for_what_is_due(now_s)
        for chain, answer in list(self._answers.items()):
            if answer.summary:
                self._tell_what_is_above_watermark(*chain, answer)
        self._drop_what_nobody_names()
        self._attachments.sync()
        return self._store.advance(list(self._answers))

    def _with_rotated_keys(self, message: _Message, keys: DeviceKeys) -> _Message:
        """Opened again, where no key of the box's file signed it: one that took over may have."""
        device = message.address.device
        ring = self._devices.ring(device) if isinstance(message.found, str) else None
        if ring is None:
            return message
        try:
            found = keys.open_statement(message.payload, ring, self._settings.tenant, device)
        except VerificationError:
            return message
        return _Message(message.address, message.payload, found)

    def _look_ahead(self, opened: list[_Message], due: list[Place]) -> None:
        devices = {m.address.device for m in opened} | {place.device for place in due}
        statements = [m.found for m in opened if isinstance(m.found, Good)]
        pieces = {(m.address.device, m.address.digest) for m in opened if isinstance(m.found, Chunk)}
        named = {attachment.sha256 for found in statements for attachment in found.attachments}
        self._store.look_ahead(
            devices, [found.statement.place for found in statements], {sha256 for _, sha256 in pieces}
        )
        self._attachments.begin(pieces, named)

    @property
    def next_due_s(self) -> float | None:
        """When `take` should be called even without messages."""
        return next(iter(self._grace.values()), None)

    # What needs no database

    def _open(self, topic: str, payload: bytes) -> _Message | None:
        """None where it is of no box that is enrolled, or about nothing that is taken in."""
        self.stats.messages += 1
        if not payload:  # `edge-agent doctor` tries whether the broker lets a box publish: it says nothing
            return None
        address = parse_topic(self._settings.topic_root, topic)
        if address is None or address.tenant != self._settings.tenant:
            self.stats.bad_topic += 1
            return None
        ring = self._devices.ring(address.device)
        if ring is None:
            self.stats.unknown_device += 1
        elif address.kind == "att":
            return self._open_chunk(address, payload)
        elif address.kind in {"stmt", "head"}:
            try:
                found = open_statement(payload, ring, self._settings.tenant, address.device)
            except VerificationError as error:
                return _Message(address, payload, str(error))
            return _Message(address, payload, found)
        else:
            self.stats.bad_topic += 1
        return None

    def _open_chunk(self, address: Address, payload: bytes) -> _Message | None:
        self.stats.chunks += 1
        try:
            return _Message(address, payload, decode_chunk(payload))
        except BadChunk:
            self.stats.bad_chunks += 1
            return None

    # Statements

    def _dispatch(self, message: _Message, keys: DeviceKeys, now_s: float) -> None:
        device = message.address.device
        if self._store.is_frozen(device):
            self.stats.frozen += 1
            return
        message = self._with_rotated_keys(message, keys)  # a rotation of this very batch
        opened = message.found
        match keys.in_force(opened) if isinstance(opened, Good) else opened:
            case Good() as found:
                if message.address.kind == "head":
                    self.stats.heads += 1
                    self._answer(device, found.statement.place.epoch).summary = True
                    if self._commands:
                        self._commands.heard(device)
                self._admit(found, keys, now_s)
            case Unacceptable() as found:
                self._reject(device, found.epoch, found.packet_id, found.payload_sha256, found.reason)
                self._refuse(device, found.reason, message.payload)
            case Chunk() as chunk:
                self._take_chunk(message.address, chunk, now_s)
            case str() as reason:
                self.stats.unverified += 1
                self._refuse(device, reason, message.payload)

    def _admit(self, found: Good, keys: DeviceKeys, now_s: float) -> None:
        new = found.statement
        match self._store.admit(new):
            case Admission.NEW:
                needs = self._claim(found)
                self._store.add(new, needs, self._utc_us())
                if self._commands and new.kind == Kind.COMMAND_RESULT:
                    self._commands.answered(new)
                self._take_over(found, keys)
                if needs:
                    self._wait(new.place, now_s)
                else:
                    self._accepted(new.place, new.packet_id, new.payload_sha256)
            case Admission.DUPLICATE:
                self.stats.duplicates += 1
                self._answer_duplicate(new, now_s)
            case Admission.EQUIVOCATION:
                self._contradiction(new, "equivocation", "another payload was signed for this seq")
            case Admission.BROKEN_LINK:
                self._contradiction(new, "broken_link", "prev does not fit the neighbours in the chain")

    def _take_over(self, found: Good, keys: DeviceKeys) -> None:
        """A rotation is stored: its new key counts from the next message on, and a person hears of it."""
        new = found.statement
        if keys.take_over(found, self._utc_us()):
            assert found.successor is not None
            detail = f"key {new.keyid} handed over to {found.successor.keyid} at seq {new.place.seq}"
            self._store.alarm(new.place.device, "key_rotated", detail, self._utc_us())

    def _claim(self, found: Good) -> tuple[str, ...]:
        """Digests still needed; what is here already is kept from now on."""
        needs = []
        for attachment in found.attachments:
            if attachment.size == 0:
                continue  # nothing to send, and the digest of nothing is known
            if self._attachments.size(attachment.sha256) is None:
                needs.append(attachment.sha256)
            else:
                self._store.claim(attachment.sha256)
        return tuple(dict.fromkeys(needs))

    def _answer_duplicate(self, new: NewStatement, now_s: float) -> None:
        stored = self._store.get(new.place)
        assert stored is not None
        if stored.complete:
            self._item(new.place, new.packet_id, new.payload_sha256, ReceiptStatus.DUPLICATE)
        elif new.place not in self._grace:
            self._wait(new.place, now_s - self._settings.need_grace_s)

    def _accepted(self, place: Place, packet_id: str, payload_sha256: str) -> None:
        self.stats.accepted += 1
        self._item(place, packet_id, payload_sha256, ReceiptStatus.ACCEPTED)

    def _contradiction(self, new: NewStatement, what: str, reason: str) -> None:
        """The box's own signatures contradict each other: a cloned disk, a restored backup, or worse."""
        place = new.place
        detail = f"epoch {place.epoch} seq {place.seq} payload {new.payload_sha256}: {reason}"
        self._store.alarm(place.device, what, detail, self._utc_us())
        self._refuse(place.device, f"{what}: {detail}", new.envelope)
        self._reject(place.device, place.epoch, new.packet_id, new.payload_sha256, f"{what}: {reason}")
        if self._settings.freeze_on_equivocation:
            self._store.freeze(place.device, detail, self._utc_us())

    # Attachments

    def _take_chunk(self, address: Address, chunk: Chunk, now_s: float) -> None:
        fate = self._attachments.add(address.device, address.digest, chunk)
        if fate is Fate.COMPLETE:
            self._arrived[address.digest] = None
            if not self._store.waiting_for(address.digest):
                self._store.unclaimed(address.device, address.digest, chunk.total, self._utc_us())
                self._left_over.add(address.device)
        elif fate is Fate.HAVE:
            self._arrived[address.digest] = None
        elif fate is Fate.KEPT:
            for place in self._store.waiting_for(address.digest):
                self._wait(place, now_s)
        elif fate is Fate.WRONG_DIGEST:
            self.stats.wrong_digests += 1
        else:
            self.stats.bad_chunks += 1

    def _drop_what_nobody_names(self) -> None:
        if self._left_over:
            limit = self._settings.assembly.per_device_bytes
            for dropped in self._store.unclaimed_over(self._left_over, limit):
                self._store.claim(dropped)
                self._attachments.drop(dropped)

    def _settle_needs(self, digests: Iterable[str]) -> None:
        """What is whole is no longer needed.

        A process that died between the rename of a file and the commit leaves such a need behind, and so
        does a picture that two boxes sent to two processes; so this is done wherever one matters.
        """
        whole = [sha256 for sha256 in digests if self._attachments.size(sha256) is not None]
        for stored in self._store.attachments_stored(whole):
            self._grace.pop(stored.place, None)
            self._accepted(stored.place, stored.packet_id, stored.payload_sha256)

    def _wait(self, place: Place, since_s: float) -> None:
        """Ask for what is missing once nothing has come for a while."""
        self._grace[place] = since_s + self._settings.need_grace_s
        self._grace.move_to_end(place)
        while len(self._grace) > MAX_WAITING_NEEDS:
            self._grace.popitem(last=False)

    def _ask_for_what_is_due(self, now_s: float) -> None:
        due = [place for place, at_s in self._grace.items() if at_s <= now_s]
        for place in due:
            self._grace.pop(place, None)
            stored = self._store.get(place)
            if stored is not None and not stored.complete:
                self._settle_or_ask(stored)

    def _settle_or_ask(self, stored: Stored) -> None:
        place = stored.place
        self._settle_needs(self._store.needs(place))
        lacking = self._store.needs(place)
        if not lacking:
            return
        self.stats.needs += 1
        needs = tuple(
            Need(sha256=sha256, ranges=self._attachments.missing(place.device, sha256)[:MAX_RANGES])
            for sha256 in lacking
        )
        self._item(place, stored.packet_id, stored.payload_sha256, ReceiptStatus.NEED, need=needs)

    # Answers

    def _receipts(self, device: str, epoch: str, answer: _Answer, mark: Watermark | None) -> list[Receipt]:
        missing: tuple[tuple[int, int], ...] = ()
        if answer.summary:
            missing = self._store.missing_seqs(device, epoch, MAX_RANGES)
        parts = list(_parted(list(answer.items.values()))) or [()]
        return [
            Receipt(
                tenant=self._settings.tenant,
                device_id=device,
                epoch=epoch,
                received_utc_us=self._receipt_time(),
                items=items,
                watermark=mark,
                missing=missing if index == 0 else (),
            )
            for index, items in enumerate(parts)
        ]

    def _tell_what_is_above_watermark(self, device: str, epoch: str, answer: _Answer) -> None:
        """A box that asks also hears of single statements that the watermark cannot cover yet."""
        mark = self._store.watermark(device, epoch)
        for stored in self._store.above(device, epoch, mark.seq if mark else -1, MAX_ITEMS):
            if stored.payload_sha256 in answer.items or stored.place in self._grace:
                continue
            if stored.complete:
                self._item(stored.place, stored.packet_id, stored.payload_sha256, ReceiptStatus.DUPLICATE)
            else:
                self._settle_or_ask(stored)

    def _receipt_time(self) -> int:
        self._last_receipt_us = max(self._last_receipt_us + 1, self._utc_us())
        return self._last_receipt_us

    def _reject(self, device: str, epoch: str, packet_id: str, payload_sha256: str, reason: str) -> None:
        self.stats.rejected += 1
        place = Place(device, epoch, 0)
        self._item(place, packet_id, payload_sha256, ReceiptStatus.REJECTED, reason=reason[:200])

    def _refuse(self, device: str, reason: str, envelope: bytes) -> None:
        self._store.refuse(device, reason, envelope, self._utc_us(), self._settings.rejected_per_device)

    def _item(
        self,
        place: Place,
        packet_id: str,
        payload_sha256: str,
        status: ReceiptStatus,
        *,
        need: tuple[Need, ...] = (),
        reason: str = "",
    ) -> None:
        self._answer(place.device, place.epoch).items[payload_sha256] = ReceiptItem(
            packet_id=packet_id, payload_sha256=payload_sha256, status=status, need=need, reason=reason
        )

    def _answer(self, device: str, epoch: str) -> _Answer:
        return self._answers.setdefault((device, epoch), _Answer())


def _parted(items: list[ReceiptItem]) -> Iterable[tuple[ReceiptItem, ...]]:
    """Cut a long answer into receipts that each stay small."""
    part: list[ReceiptItem] = []
    size = 0
    for item in items:
        item_size = len(item.model_dump_json())
        if part and (len(part) == MAX_ITEMS or size + item_size > RECEIPT_BYTES):
            yield tuple(part)
            part, size = [], 0
        part.append(item)
        size += item_size
    if part:
        yield tuple(part)
