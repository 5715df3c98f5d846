"""What the platform holds, as a bundle that `edge-agent verify` and `openssl` can check."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from edge_agent.errors import UsageError
from edge_agent.evidence import dsse
from edge_agent.evidence.bundle import Entry, write_bundle
from edge_agent.evidence.keys import FileKey
from edge_agent.evidence.receipts import Receipt, ReceiptItem, ReceiptStatus, sign
from edge_agent.evidence.statement import Kind, parse
from edge_agent.ingest.attachments import AttachmentReader
from edge_agent.ingest.device_keys import DeviceKeys
from edge_agent.ingest.devices import Devices
from edge_agent.ingest.keepers import attachment_reader
from edge_agent.ingest.settings import IngestSettings
from edge_agent.ingest.store import PlatformStore, Stored

MAX_KEY_STATEMENTS = 100


def export_bundle(
    settings: IngestSettings, store: PlatformStore, chosen: Sequence[Stored], out: Path
) -> Path:
    """Write statements of one box with their attachments, and a receipt for each, signed anew.

    Where the receipt key is not (a machine that only shows evidence), there are no receipts in it.

    Raises:
        UsageError: nothing was chosen, or statements of several boxes were.
    """
    devices = {stored.place.device for stored in chosen}
    if len(devices) != 1:
        raise UsageError("a bundle is about one box: choose statements of one device")
    device = devices.pop()
    ring = Devices(settings.devices_dir).ring(device)
    if ring is not None:
        ring = DeviceKeys(store, [device]).ring(ring, device)
    key = FileKey.load(settings.receipt_key_file) if settings.receipt_key_file.exists() else None
    return write_bundle(
        out,
        _entries(
            settings,
            store,
            attachment_reader(settings, store),
            [*chosen, *_what_leads_to_keys(store, chosen, device)],
            key,
        ),
        ring.of_type(dsse.EVIDENCE_TYPE) if ring else (),
        [key.public] if key else (),
    )


def _what_leads_to_keys(store: PlatformStore, chosen: Sequence[Stored], device: str) -> list[Stored]:
    """The box's rotations and certificates: without them nobody could follow its keys."""
    kinds = (Kind.KEY_ROTATION, Kind.CERTIFICATE)
    there = {stored.place for stored in chosen}
    found = [stored for kind in kinds for stored in store.newest(device, MAX_KEY_STATEMENTS, kind)]
    return [stored for stored in found if stored.place not in there]


def _entries(
    settings: IngestSettings,
    store: PlatformStore,
    attachments: AttachmentReader,
    chosen: Sequence[Stored],
    key: FileKey | None,
) -> Iterator[Entry]:
    for stored in chosen:
        envelope = store.envelope(stored.place)
        assert envelope is not None
        _, payload, _ = dsse.decode(envelope)
        bodies = {a.sha256: attachments.read(a.sha256) for a in parse(payload).attachments}
        held = {sha256: body for sha256, body in bodies.items() if body is not None}
        yield Entry(envelope, held, _receipt(settings, stored, key) if key and stored.complete else None)


def _receipt(settings: IngestSettings, stored: Stored, key: FileKey) -> bytes:
    item = ReceiptItem(
        packet_id=stored.packet_id, payload_sha256=stored.payload_sha256, status=ReceiptStatus.ACCEPTED
    )
    receipt = Receipt(
        tenant=settings.tenant,
        device_id=stored.place.device,
        epoch=stored.place.epoch,
        received_utc_us=stored.received_utc_us,
        items=(item,),
    )
    return sign(receipt, [key])
