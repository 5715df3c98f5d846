"""A long chain is checked in little memory, and in no more time than it is long."""

import hashlib
import random
import tracemalloc

from edge_agent.evidence import dsse, receipts
from edge_agent.evidence.examples import KEY, a_store
from edge_agent.evidence.keys import FileKey, KeyRing
from edge_agent.evidence.receipts import Receipt, Watermark
from edge_agent.evidence.verify import Material, verify
from edge_agent.evidence.verify_chain import Link
from edge_agent.evidence.verify_receipts import ReceiptCheck
from edge_agent.evidence.verify_signed import Item

PLATFORM = FileKey.from_seed(bytes([7] * 32))
RING = KeyRing({dsse.RECEIPT_TYPE: [PLATFORM.public]})
CHAIN = ("city", "ea-test-0001", "ab" * 16)


def digest(seq, salt=0):
    return hashlib.sha256(f"{seq} {salt}".encode()).hexdigest()


def a_link(seq, prev):
    return Link(f"seq {seq}", digest(seq), prev, digest(0), "key", rotates=False)


def a_receipt(seq, sha256):
    fields = {"tenant": CHAIN[0], "device_id": CHAIN[1], "epoch": CHAIN[2], "received_utc_us": 1}
    mark = Watermark(seq=seq, payload_sha256=sha256)
    return receipts.sign(
        Receipt.model_validate({"schema": "receipt.v1", "watermark": mark, **fields}), [PLATFORM]
    )


def leads_back(links, at, sha256, seq, own):
    """One place after the other, as the hashes say."""
    for place in range(at, seq, -1):
        if place not in links or links[place].sha256 != sha256:
            return False
        sha256 = links[place].prev
    return sha256 == own.sha256


def test_a_watermark_speaks_for_what_its_hash_leads_back_to_and_for_nothing_else():
    chance = random.Random(20261201)
    answers = set()
    for _ in range(300):
        length = chance.randint(2, 8)
        links = {seq: a_link(seq, digest(seq - 1, int(chance.random() < 0.15))) for seq in range(length)}
        for seq in chance.sample(range(length), chance.choice([0, 0, 1])):
            del links[seq]
        mark = chance.randrange(length)
        sha256 = digest(mark, int(chance.random() < 0.1))
        check = ReceiptCheck(RING, {CHAIN: links})
        for seq, link in links.items():
            twin = a_link(seq + 100, None)  # another statement that claims the same place
            for own in (link, twin):
                expected = mark >= seq and leads_back(links, mark, sha256, seq, own)
                assert check.covers((a_receipt(mark, sha256),), CHAIN, seq, own) == expected
                answers.add(expected)
    assert answers == {True, False}


def test_one_receipt_for_years_of_statements_is_followed_back_once():
    length = 30_000  # a walk from the watermark for each of them would be half a billion steps
    links = {seq: a_link(seq, digest(seq - 1) if seq else None) for seq in range(length)}
    check = ReceiptCheck(RING, {CHAIN: links})
    envelope = (a_receipt(length - 1, digest(length - 1)),)
    assert all(check.covers(envelope, CHAIN, seq, link) for seq, link in links.items())


def test_of_many_statements_little_is_kept_in_memory(tmp_path):
    with a_store(tmp_path) as store:
        store.heartbeat()
        envelope = store.packet(1).envelope
    number = 300
    tracemalloc.start()
    try:
        report = verify(
            Material((Item(f"{n}", envelope) for n in range(number)), lambda _: None), [KEY.public]
        )
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (report.statements, report.problems) == (number, [])
    assert most / number < 4_000
