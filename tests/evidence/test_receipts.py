import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge_agent.errors import VerificationError
from edge_agent.evidence import dsse, receipts
from edge_agent.evidence.keys import FileKey, KeyRing
from edge_agent.evidence.receipts import Need, Receipt, ReceiptItem, ReceiptStatus, Watermark

PLATFORM = FileKey.from_seed(b"p" * 32)
STRANGER = FileKey.from_seed(b"s" * 32)
RING = KeyRing({dsse.RECEIPT_TYPE: [PLATFORM.public]})
SHA = "ab" * 32


def a_receipt(**other) -> Receipt:
    item = ReceiptItem(
        packet_id="p1",
        payload_sha256=SHA,
        status=ReceiptStatus.NEED,
        need=(Need(sha256=SHA, ranges=((0, 100), (200, 300))),),
    )
    return Receipt(
        **{
            "tenant": "city",
            "device_id": "box",
            "epoch": "0" * 32,
            "received_utc_us": 1_795_000_000_000_000,
            "items": (item,),
            "watermark": Watermark(seq=41, payload_sha256=SHA),
            "missing": ((42, 45),),
            **other,
        }
    )


def test_a_signed_receipt_is_read_back():
    receipt = a_receipt()

    assert receipts.open_receipt(receipts.sign(receipt, [PLATFORM]), RING, "city", "box") == receipt


def test_the_bytes_to_sign_are_the_same_every_time():
    assert receipts.encode(a_receipt()) == receipts.encode(a_receipt())
    assert json.loads(receipts.encode(a_receipt()))["schema"] == "receipt.v1"


@pytest.mark.parametrize(("tenant", "device"), [("city", "other"), ("other", "box")])
def test_a_receipt_for_another_box_is_refused(tenant, device):
    with pytest.raises(VerificationError, match="meant for city/box"):
        receipts.open_receipt(receipts.sign(a_receipt(), [PLATFORM]), RING, tenant, device)


def test_a_strangers_receipt_is_refused():
    with pytest.raises(VerificationError, match="signature"):
        receipts.open_receipt(receipts.sign(a_receipt(), [STRANGER]), RING, "city", "box")


def test_a_statement_signed_by_the_receipt_key_is_no_receipt():
    envelope = dsse.sign(dsse.EVIDENCE_TYPE, receipts.encode(a_receipt()), [PLATFORM])
    with pytest.raises(VerificationError, match="payload type"):
        receipts.open_receipt(envelope, RING, "city", "box")


def test_an_evidence_key_cannot_sign_receipts():
    ring = KeyRing({dsse.RECEIPT_TYPE: [PLATFORM.public], dsse.EVIDENCE_TYPE: [STRANGER.public]})
    with pytest.raises(VerificationError, match="may not speak"):
        receipts.open_receipt(receipts.sign(a_receipt(), [STRANGER]), ring, "city", "box")


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "receipt.v2"},
        {"extra": 1},
        {"epoch": "xyz"},
        {"received_utc_us": "1"},
        {"received_utc_us": -1},
        {"items": [{"packet_id": "", "payload_sha256": SHA, "status": "accepted"}]},
        {"items": [{"packet_id": "p", "payload_sha256": SHA, "status": "perhaps"}]},
        {"items": [{"packet_id": "p", "payload_sha256": SHA.upper(), "status": "accepted"}]},
        {"watermark": {"seq": True, "payload_sha256": SHA}},
        {"missing": [[1, 2, 3]]},
        {"missing": [[0, 1]] * 1000},
    ],
)
def test_a_receipt_of_another_form_is_refused_even_when_signed(change):
    fields = {**json.loads(receipts.encode(a_receipt())), **change}
    envelope = dsse.sign(dsse.RECEIPT_TYPE, json.dumps(fields).encode(), [PLATFORM])

    with pytest.raises(VerificationError):
        receipts.open_receipt(envelope, RING, "city", "box")


@given(st.binary(max_size=300))
def test_random_bytes_are_no_receipt(data):
    with pytest.raises(VerificationError):
        receipts.open_receipt(data, RING, "city", "box")


def test_a_receipt_that_exists_is_bounded():
    items = a_receipt().items * 65
    with pytest.raises(ValidationError):
        a_receipt(items=items)
    assert len(receipts.sign(a_receipt(items=a_receipt().items * 64), [PLATFORM])) < dsse.MAX_ENVELOPE
