"""The platform's judgement, without a broker: messages in, receipts out."""

import base64
import hashlib
import json
import random
from dataclasses import replace

import pytest

from edge_agent.errors import StoreFault
from edge_agent.evidence import dsse, strict_json
from edge_agent.evidence.examples import KEY, a_case, a_store, an_identity
from edge_agent.evidence.examples_street import a_coverage, a_zone_case
from edge_agent.evidence.keys import FileKey, KeyRing
from edge_agent.evidence.receipts import ReceiptStatus, open_receipt
from edge_agent.evidence.uplink.chunks import Chunk, encode_chunk
from edge_agent.evidence.uplink.topics import Topics
from edge_agent.ingest.intake import Intake
from edge_agent.ingest.keepers import attachment_keeper, attachment_reader
from edge_agent.ingest.settings import AssemblySettings, IngestSettings
from edge_agent.ingest.store import PlatformStore

DEVICE = an_identity().settings.device
TOPICS = Topics("ea/v1", DEVICE.tenant, DEVICE.device_id)
PLATFORM = FileKey.from_seed(b"p" * 32)
RING = KeyRing({dsse.RECEIPT_TYPE: [PLATFORM.public]})
CHUNK = 400


class Platform:
    """An intake over a folder; `restart` is what a kill -9 leaves."""

    def __init__(self, folder, **settings) -> None:
        (folder / "devices").mkdir()
        (folder / "devices" / f"{DEVICE.device_id}.pem").write_bytes(KEY.public.pem)
        self.settings = IngestSettings(
            tenant=DEVICE.tenant,
            data_dir=folder / "platform",
            devices_dir=folder / "devices",
            receipt_key_file=folder / "key",
            **settings,
        )
        self.now = 0.0
        self.utc = 1_795_000_000_000_000
        self.store = None
        self.restart()

    def restart(self) -> None:
        if self.store is not None:
            self.store.close()
        self.store = PlatformStore.of(self.settings)
        keeper = attachment_keeper(self.settings, self.store)
        self.intake = Intake(self.settings, self.store, keeper, PLATFORM, self._utc)

    def _utc(self) -> int:
        self.utc += 1
        return self.utc

    def take(self, *messages) -> list:
        answers = self.intake.take(messages, self.now)
        return [open_receipt(envelope, RING, DEVICE.tenant, device) for device, envelope in answers]

    def statuses(self, *messages) -> list:
        return [(item.status, item.reason) for receipt in self.take(*messages) for item in receipt.items]


@pytest.fixture
def make_platform(tmp_path, database):
    """Settings in, a platform on either database out."""
    made = []

    def make(**settings):
        made.append(Platform(tmp_path, database=database, **settings))
        return made[-1]

    yield make
    for platform in made:
        platform.store.close()


@pytest.fixture
def platform(make_platform):
    return make_platform()


@pytest.fixture
def box(tmp_path):
    with a_store(tmp_path / "box") as store:
        yield store


def messages(store, seq, only=None) -> list:
    """As the uplink would send them."""
    packet = store.packet(seq)
    out = []
    for file in packet.attachments:
        data = store.attachment(file.sha256)
        for at in range(0, len(data), CHUNK):
            chunk = encode_chunk(Chunk(at, len(data), data[at : at + CHUNK]))
            out.append((TOPICS.attachment(file.sha256), chunk))
    statement = (TOPICS.statement, packet.envelope)
    return {"statement": [statement], "attachments": out, None: [*out, statement]}[only]


def everything(store) -> list:
    return [message for seq in store.seqs() for message in messages(store, seq)]


def test_a_statement_and_its_files_are_accepted_and_the_watermark_moves(platform, box):
    sealed = box.seal(*a_case())

    [receipt] = platform.take(*everything(box))

    assert {item.status for item in receipt.items} == {ReceiptStatus.ACCEPTED}
    assert receipt.watermark.seq == sealed.seq
    assert receipt.watermark.payload_sha256 == sealed.payload_sha256


def test_an_empty_message_is_a_try_of_the_broker_and_nothing_is_kept_of_it(platform):
    topics = (TOPICS.statement, TOPICS.head, TOPICS.attachment("0" * 64))

    assert platform.take(*((topic, b"") for topic in topics)) == []

    counted = platform.intake.stats
    assert (counted.messages, counted.unverified, counted.bad_chunks) == (3, 0, 0)


def test_a_street_s_case_is_complete_with_its_stills_copies_and_clip_and_coverage_at_once(platform, box):
    case = box.seal(*a_zone_case())
    watched = box.seal(a_coverage(), {})
    platform.take(*messages(box, 0), *messages(box, case.seq, "statement"))

    [receipt] = platform.take(*messages(box, watched.seq))
    assert receipt.watermark.seq == 0  # the pictures are missing
    [receipt] = platform.take(*messages(box, case.seq, "attachments"))

    assert receipt.watermark.seq == watched.seq
    kinds = [stored.kind for stored in platform.store.of_device(DEVICE.device_id, 10)]
    assert kinds == ["genesis", "storefront", "coverage"]
    assert [s.kind for s in platform.store.newest("", 10, "storefront")] == ["storefront"]


def test_a_signed_statement_that_calls_a_suspect_a_case_is_rejected(platform, box):
    sealed = box.seal(*a_zone_case())
    fields = strict_json.loads(dsse.decode(box.packet(sealed.seq).envelope)[1])
    fields["storefront"]["finding"] = "suspect"
    forged = dsse.sign(dsse.EVIDENCE_TYPE, strict_json.dumps(fields), [KEY])

    [(status, reason)] = platform.statuses((TOPICS.statement, forged))

    assert status is ReceiptStatus.REJECTED
    assert "phase confirmed with finding suspect" in reason


@pytest.mark.parametrize("seed", range(5))
def test_order_does_not_matter(platform, box, seed):
    for number in range(1, 6):
        sealed = box.seal(*a_case(number))
    shuffled = everything(box)
    random.Random(seed).shuffle(shuffled)

    receipts = [receipt for message in shuffled for receipt in platform.take(message)]

    assert receipts[-1].watermark.seq == sealed.seq
    accepted = [i for r in receipts for i in r.items if i.status is ReceiptStatus.ACCEPTED]
    assert len(accepted) == len(box.seqs())


def test_the_watermark_waits_for_attachments(platform, box):
    sealed = box.seal(*a_case())
    platform.take(*messages(box, 0))

    assert platform.take(*messages(box, sealed.seq, "statement"))[0:] == []
    platform.now += 10
    [receipt] = platform.take()

    assert receipt.watermark.seq == 0
    assert [item.status for item in receipt.items] == [ReceiptStatus.NEED]
    assert {need.sha256 for need in receipt.items[0].need} == set(a_case()[1])

    [done] = platform.take(*messages(box, sealed.seq, "attachments"))
    assert done.watermark.seq == sealed.seq


def test_a_need_names_the_bytes_that_are_missing(platform, box):
    sealed = box.seal(*a_case(size=1000))
    chunks = messages(box, sealed.seq, "attachments")
    platform.take(*messages(box, sealed.seq, "statement"), chunks[0])

    platform.now += 10
    [receipt] = platform.take()

    digest = chunks[0][0].rsplit("/", 1)[1]
    ranges = {need.sha256: need.ranges for need in receipt.items[0].need}
    assert ranges[digest] == ((CHUNK, 1000),)
    assert sorted(ranges.values())[:2] == [(), ()]  # of the others not even the size is known


def test_while_chunks_keep_coming_nothing_is_asked_for(platform, box):
    sealed = box.seal(*a_case(size=4000))
    platform.take(*messages(box, sealed.seq, "statement"))
    for message in messages(box, sealed.seq, "attachments")[:8]:
        platform.now += 1.5  # a slow line
        assert platform.take(message) == []


def test_the_same_statement_twice_is_a_duplicate_and_stored_once(platform, box):
    platform.take(*everything(box))

    assert platform.statuses(*messages(box, 0)) == [(ReceiptStatus.DUPLICATE, "")]
    assert platform.store.counts()["statements"] == 1


def test_a_head_is_answered_with_what_is_there_and_what_is_not(platform, box):
    for number in range(1, 8):
        box.seal(*a_case(number))
    for seq in (0, 1, 2, 5, 6):
        platform.take(*messages(box, seq))
    platform.take(*messages(box, 4, "statement"))
    platform.now += 10
    platform.take()

    [receipt] = platform.take((TOPICS.head, box.packet(box.heartbeat().seq).envelope))

    assert receipt.watermark.seq == 2
    assert receipt.missing == ((3, 3), (7, 7))
    states = {item.payload_sha256: item.status for item in receipt.items}
    assert states[box.packet(5).payload_sha256] is ReceiptStatus.DUPLICATE
    assert states[box.packet(4).payload_sha256] is ReceiptStatus.NEED


def test_after_losing_everything_the_platform_says_so(platform, box, tmp_path):
    for number in range(1, 4):
        box.seal(*a_case(number))

    [receipt] = platform.take((TOPICS.head, box.packet(box.heartbeat().seq).envelope))

    assert receipt.watermark is None
    assert receipt.missing == ((0, 3),)


def resigned(store, seq, key=KEY, **chain) -> bytes:
    """Another payload for the same place, signed with the box's own key."""
    fields = strict_json.loads(dsse.decode(store.packet(seq).envelope)[1])
    fields["chain"].update(chain)
    fields["site_id"] = "elsewhere"
    return dsse.sign(dsse.EVIDENCE_TYPE, strict_json.dumps(fields), [key])


def test_two_payloads_for_one_place_raise_an_alarm_and_freeze_the_box(platform, box):
    sealed = box.seal(*a_case())
    platform.take(*everything(box))

    [(status, reason)] = platform.statuses((TOPICS.statement, resigned(box, sealed.seq)))

    assert status is ReceiptStatus.REJECTED
    assert reason.startswith("equivocation")
    assert platform.store.is_frozen(DEVICE.device_id)
    assert platform.take(*messages(box, sealed.seq)) == []  # no more receipts
    assert platform.store.alarms()[0][2] == "equivocation"
    platform.store.unfreeze(DEVICE.device_id)
    assert platform.take(*messages(box, sealed.seq))


def test_freezing_can_be_left_to_people(make_platform, box):
    platform = make_platform(freeze_on_equivocation=False)
    platform.take(*everything(box))
    platform.take((TOPICS.statement, resigned(box, 0)))

    assert platform.take(*messages(box, 0))


@pytest.mark.parametrize("first", [0, 1])
def test_a_link_that_does_not_fit_its_neighbour_is_refused_whichever_comes_first(platform, box, first):
    box.seal(*a_case(1))
    forged = resigned(box, 1, prev="0" * 64)
    pair = [(TOPICS.statement, box.packet(0).envelope), (TOPICS.statement, forged)]

    platform.take(pair[first])
    [(status, reason)] = platform.statuses(pair[1 - first])

    assert status is ReceiptStatus.REJECTED
    assert reason.startswith("broken_link")


def test_nobody_gets_an_answer_for_what_the_box_did_not_sign(platform, box):
    stranger = FileKey.from_seed(b"s" * 32)
    envelope = box.packet(0).envelope
    fields = json.loads(envelope)
    fields["signatures"][0]["sig"] = base64.b64encode(bytes(64)).decode()
    forgeries = [
        resigned(box, 0, key=stranger),
        json.dumps(fields).encode(),
        envelope[:-10],
        b"{" * 100_000,
        b"\xff" * 5000,
        dsse.sign(dsse.RECEIPT_TYPE, b"{}", [KEY]),
    ]

    assert platform.take(*[(TOPICS.statement, forgery) for forgery in forgeries]) == []
    assert platform.intake.stats.unverified == len(forgeries)
    assert platform.store.counts()["statements"] == 0
    assert len(platform.store.refusals()) == len(forgeries)


def test_a_signed_message_that_is_no_statement_is_rejected_by_name(platform):
    envelope = dsse.sign(
        dsse.EVIDENCE_TYPE, b'{"packet_id":"p9","chain":{"epoch":"%s"}}' % (b"a" * 32), [KEY]
    )

    [receipt] = platform.take((TOPICS.statement, envelope))

    assert receipt.epoch == "a" * 32
    assert [(i.packet_id, i.status) for i in receipt.items] == [("p9", ReceiptStatus.REJECTED)]


def test_a_statement_on_another_boxs_topic_is_rejected(platform, box, tmp_path):
    (tmp_path / "devices" / "other.pem").write_bytes(KEY.public.pem)
    topic = replace(TOPICS, device="other").statement

    [(device, _)] = platform.intake.take([(topic, box.packet(0).envelope)], 0.0)

    assert device == "other"
    assert platform.intake.stats.rejected == 1
    assert platform.store.counts()["statements"] == 0


def test_a_box_that_is_not_enrolled_is_not_heard(platform, box, tmp_path):
    (tmp_path / "devices" / f"{DEVICE.device_id}.pem").unlink()

    assert platform.take(*everything(box)) == []
    assert platform.intake.stats.unknown_device == len(everything(box))
    (tmp_path / "devices" / f"{DEVICE.device_id}.pem").write_bytes(KEY.public.pem)
    assert platform.take(*everything(box))  # enrolled without a restart


@pytest.mark.parametrize("device", ["..", ".hidden", "a/../../etc/passwd", "x" * 65])
def test_a_topic_cannot_reach_out_of_the_devices_folder(platform, device):
    assert platform.take((f"ea/v1/{DEVICE.tenant}/{device}/stmt", b"x")) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("again", ["statement", "attachments", "head"])
def test_a_file_that_outlived_its_commit_settles_its_need(platform, box, again):
    """The process died after the rename of a whole file and before the commit."""
    sealed = box.seal(*a_case())
    platform.take(*messages(box, 0), *messages(box, sealed.seq, "statement"))
    for name, data in a_case()[1].items():
        path = platform.settings.data_dir / "attachments" / name[:2] / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    platform.restart()

    if again == "head":
        answers = platform.take((TOPICS.head, box.packet(0).envelope))
    else:
        answers = platform.take(*messages(box, sealed.seq, again))

    assert answers[-1].watermark.seq == sealed.seq


def test_a_restart_loses_nothing_that_was_receipted(platform, box):
    sealed = box.seal(*a_case())
    platform.take(*everything(box))

    platform.restart()

    assert platform.store.watermark(DEVICE.device_id, box.head().epoch).seq == sealed.seq
    assert platform.store.envelope(platform.store.newest("", 1)[0].place) is not None


def test_what_is_stored_is_the_bytes_that_came(platform, box):
    platform.take(*everything(box))

    [stored] = platform.store.of_device(DEVICE.device_id, 10)
    assert platform.store.envelope(stored.place) == box.packet(0).envelope


def test_files_that_no_statement_names_are_bounded(make_platform):
    limits = AssemblySettings(per_device_bytes=10_000, max_attachment_bytes=1024 * 1024)
    platform = make_platform(assembly=limits)
    digests = []
    for n in range(10, 60):
        data = b"%d" % n * 500
        digests.append(hashlib.sha256(data).hexdigest())
        platform.take((TOPICS.attachment(digests[-1]), encode_chunk(Chunk(0, len(data), data))))

    reader = attachment_reader(platform.settings, platform.store)
    assert [digest for digest in digests if reader.size(digest) is not None] == digests[-10:]


def test_refused_messages_are_kept_but_not_without_end(make_platform):
    platform = make_platform(rejected_per_device=5)
    for n in range(20):
        platform.take((TOPICS.statement, b"garbage %d" % n))

    assert len(platform.store.refusals()) == 5


def test_a_long_answer_is_cut_into_receipts_that_a_box_can_read(platform, box):
    for number in range(1, 150):
        box.seal(*a_case(number, size=1))

    receipts = platform.take(*everything(box))

    assert len(receipts) >= 3
    assert sum(len(r.items) for r in receipts) == 150
    assert sorted(r.received_utc_us for r in receipts) == [r.received_utc_us for r in receipts]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_disk_that_fails_means_no_answer_at_all(platform, box):
    with platform.store.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only=ON")

    with pytest.raises(StoreFault):
        platform.take(*everything(box))
