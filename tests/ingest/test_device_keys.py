"""The platform follows a box's key to the one that took over, and only there."""

import os
import random

import pytest
from sqlalchemy import select

from edge_agent.evidence import dsse, strict_json
from edge_agent.evidence.dsse import EVIDENCE_TYPE
from edge_agent.evidence.examples import KEY, Clock, a_case, an_identity, store_settings
from edge_agent.evidence.keys import FileKey, KeyRing, read_public_keys
from edge_agent.evidence.receipts import ReceiptStatus, open_receipt
from edge_agent.evidence.store import EvidenceStore
from edge_agent.evidence.uplink.topics import Topics
from edge_agent.evidence.verify import verify
from edge_agent.evidence.verify_sources import open_material
from edge_agent.ingest.device_keys import DeviceKeys, device_key
from edge_agent.ingest.devices import Devices
from edge_agent.ingest.export import export_bundle
from edge_agent.ingest.intake import Intake
from edge_agent.ingest.keepers import attachment_keeper
from edge_agent.ingest.settings import IngestSettings
from edge_agent.ingest.store import PlatformStore

DEVICE = an_identity().settings.device
TOPICS = Topics("ea/v1", DEVICE.tenant, DEVICE.device_id)
NEW = FileKey.from_seed(b"n" * 32)
THIRD = FileKey.from_seed(b"3" * 32)
GOOD = [(ReceiptStatus.ACCEPTED, "")]


class Platform:
    def __init__(self, folder, database):
        self.enrolled = folder / "devices" / f"{DEVICE.device_id}.pem"
        self.enrolled.parent.mkdir()
        self.enrolled.write_bytes(KEY.public.pem)
        self.key = FileKey.generate(folder / "receipt.pem")
        self.settings = IngestSettings(
            tenant=DEVICE.tenant,
            data_dir=folder / "platform",
            devices_dir=folder / "devices",
            receipt_key_file=folder / "receipt.pem",
            database=database,
        )
        self.store = None
        self.restart()

    def restart(self):
        """What a kill -9 leaves."""
        if self.store is not None:
            self.store.close()
        self.store = PlatformStore.of(self.settings)
        keeper = attachment_keeper(self.settings, self.store)
        self.intake = Intake(self.settings, self.store, keeper, self.key, lambda: 1_795_000_000_000_000)

    def take(self, *envelopes):
        """Status and reason of each answer."""
        answers = self.intake.take([(TOPICS.statement, envelope) for envelope in envelopes], 0.0)
        ring = KeyRing({dsse.RECEIPT_TYPE: [self.key.public]})
        receipts = [open_receipt(e, ring, DEVICE.tenant, DEVICE.device_id) for _, e in answers]
        return [(item.status, item.reason) for receipt in receipts for item in receipt.items]

    def ring(self):
        found = Devices(self.settings.devices_dir).ring(DEVICE.device_id)
        keys = DeviceKeys(self.store, [DEVICE.device_id])
        return [key.keyid for key in keys.ring(found, DEVICE.device_id).all()]


@pytest.fixture
def platform(tmp_path, database):
    made = Platform(tmp_path, database)
    yield made
    made.store.close()


def sealed(folder, *keys):
    """Envelopes of a box that goes from key to key: a heartbeat by each."""
    for key, successor in zip((keys[0], *keys), (None, *keys[1:], None), strict=True):
        if key is keys[-1] and successor is None and len(keys) > 1:
            continue
        with EvidenceStore.open(
            store_settings(folder), key, an_identity(), successor=successor, utc_us=Clock()
        ) as store:
            store.heartbeat()
            found = [store.packet(seq).envelope for seq in store.seqs()]
    return found


@pytest.fixture
def envelopes(tmp_path):
    """genesis, heartbeat by the old key; the rotation; heartbeat by the new."""
    return sealed(tmp_path / "box", KEY, NEW)


def test_the_new_key_counts_from_the_rotation_on(platform, envelopes):
    assert [platform.take(envelope) for envelope in envelopes] == [GOOD] * 4
    assert platform.ring() == [NEW.keyid, KEY.keyid]
    assert [what for _, _, what, _ in platform.store.alarms()] == ["key_rotated"]


def test_all_in_one_batch(platform, envelopes):
    assert platform.take(*envelopes) == GOOD * 4


def test_it_is_remembered_over_a_restart(platform, envelopes):
    platform.take(*envelopes[:3])
    platform.restart()
    assert platform.take(envelopes[3]) == GOOD


def test_what_the_new_key_signed_before_the_rotation_came_gets_no_answer_and_comes_again(platform, envelopes):
    assert platform.take(envelopes[3]) == []
    assert platform.intake.stats.unverified == 1
    assert platform.take(*envelopes[:3]) == GOOD * 3
    assert platform.take(envelopes[3]) == GOOD


@pytest.mark.parametrize("seed", range(5))
def test_in_any_order_with_resends_everything_is_taken_in_the_end(platform, tmp_path, seed):
    waiting = sealed(tmp_path / "box", KEY, NEW, THIRD)
    order = random.Random(seed)
    rounds = 0
    while waiting:
        order.shuffle(waiting)
        waiting = [envelope for envelope in waiting if platform.take(envelope) == []]
        rounds += 1
        assert rounds <= 3
    assert platform.ring() == [THIRD.keyid, NEW.keyid, KEY.keyid]


def test_a_rotation_that_comes_twice_is_a_duplicate(platform, envelopes):
    platform.take(*envelopes)
    assert platform.take(envelopes[2]) == [(ReceiptStatus.DUPLICATE, "")]
    assert len(platform.store.alarms()) == 1


def test_a_rotation_that_the_new_key_did_not_sign_is_refused_by_name(platform, envelopes):
    payload = dsse.decode(envelopes[2])[1]
    [(status, reason)] = platform.take(dsse.sign(EVIDENCE_TYPE, payload, [KEY]))
    assert (status, reason) == (ReceiptStatus.REJECTED, "key rotation: the new key did not sign it")
    assert platform.ring() == [KEY.keyid]


def test_a_rotation_that_the_old_key_did_not_sign_is_nobody_s_word(platform, envelopes):
    payload = dsse.decode(envelopes[2])[1]
    assert platform.take(dsse.sign(EVIDENCE_TYPE, payload, [NEW])) == []
    assert platform.ring() == [KEY.keyid]


def test_a_key_that_was_rotated_away_is_refused_after_it(platform, envelopes):
    platform.take(*envelopes)
    fields = strict_json.loads(dsse.decode(envelopes[3])[1])
    late = {**fields, "keyid": KEY.keyid, "chain": {**fields["chain"], "seq": 9}}
    [(status, reason)] = platform.take(dsse.sign(EVIDENCE_TYPE, strict_json.dumps(late), [KEY]))
    assert status is ReceiptStatus.REJECTED
    assert reason == f"signed by key {KEY.keyid:.16}, which was rotated away at seq 2"


def test_to_bar_the_first_key_bars_what_stands_on_it(platform, envelopes):
    platform.take(*envelopes)
    platform.enrolled.write_bytes(THIRD.public.pem)
    assert platform.ring() == [THIRD.keyid]
    platform.enrolled.unlink()
    os.sync()
    assert platform.take(envelopes[3]) == []
    assert platform.intake.stats.unknown_device == 1


def test_the_newer_key_in_the_file_itself_stands_alone(platform, envelopes):
    platform.take(*envelopes)
    platform.enrolled.write_bytes(NEW.public.pem)
    assert platform.ring() == [NEW.keyid]
    assert platform.take(envelopes[3]) == [(ReceiptStatus.DUPLICATE, "")]


def test_another_box_s_rotation_gives_this_box_nothing(platform, envelopes):
    platform.take(*envelopes)
    (platform.settings.devices_dir / "other.pem").write_bytes(KEY.public.pem)
    found = Devices(platform.settings.devices_dir).ring("other")
    ring = DeviceKeys(platform.store, ["other", DEVICE.device_id]).ring(found, "other")
    assert [key.keyid for key in ring.all()] == [KEY.keyid]


def test_a_batch_that_fails_enrols_nobody(platform, envelopes, monkeypatch):
    def fails(*_):
        raise RuntimeError("the disk failed")

    with monkeypatch.context() as failing:
        failing.setattr(platform.intake._attachments, "sync", fails)
        with pytest.raises(RuntimeError):
            platform.take(*envelopes[:3])
    assert platform.ring() == [KEY.keyid]
    assert platform.store.rows(select(device_key)) == []


def test_an_exported_bundle_leads_to_every_key(platform, tmp_path):
    with EvidenceStore.open(store_settings(tmp_path / "box"), KEY, an_identity(), utc_us=Clock()) as store:
        pass
    with EvidenceStore.open(
        store_settings(tmp_path / "box"), KEY, an_identity(), successor=NEW, utc_us=Clock()
    ) as store:
        store.seal(*a_case(1))
        for seq in store.seqs():
            platform.take(store.packet(seq).envelope)
    chosen = [platform.store.of_device(DEVICE.device_id, 10)[-1]]
    out = export_bundle(platform.settings, platform.store, chosen, tmp_path / "bundle")
    assert [k.keyid for k in read_public_keys(out / "keys" / "evidence.pem")] == [KEY.keyid, NEW.keyid]
    report = verify(open_material(out), [KEY.public])  # who has only the first key can follow
    assert (report.problems, report.statements, report.rotations) == ([], 2, 1)
