"""A drawn street's case from the box over Mosquitto to the platform, and out to those who are told."""

import base64
import hashlib
import json
import time

import cv2
import numpy as np
import pytest

from edge_agent.bench.broker import Mosquitto, find_mosquitto
from edge_agent.bench.receiver import Receiver
from edge_agent.evidence import dsse
from edge_agent.evidence.examples import KEY, a_case
from edge_agent.evidence.keys import FileKey, KeyRing
from edge_agent.evidence.statement import is_shared, parse
from edge_agent.evidence.uplink.settings import UplinkSettings
from edge_agent.evidence.uplink.uplink import Uplink
from edge_agent.inbox.service import Inbox
from edge_agent.ingest.service import Ingest
from edge_agent.ingest.settings import IngestSettings
from tests.inbox.city import DEVICE, a_box, large
from tests.ingest.hooked import a_hook
from tests.report.street_day import the_case

pytestmark = pytest.mark.skipif(
    find_mosquitto() is None, reason="mosquitto is not installed (Debian package mosquitto)"
)
ROUTES = ("owner", "officer", "platform")
PUBLIC = "https://evidence.bureau.example"


@pytest.fixture
def receivers():
    made = {route: Receiver().start() for route in ROUTES}
    yield made
    for receiver in made.values():
        receiver.stop()


@pytest.fixture
def settings(tmp_path, database, receivers):
    broker = Mosquitto(tmp_path).start()
    (tmp_path / "devices").mkdir()
    (tmp_path / "devices" / f"{DEVICE.device_id}.pem").write_bytes(KEY.public.pem)
    FileKey.generate(tmp_path / "receipt.key")
    yield IngestSettings.model_validate(
        {
            "tenant": DEVICE.tenant,
            "mqtt": broker.settings("ingest"),
            "database": database,
            "data_dir": tmp_path / "platform",
            "devices_dir": tmp_path / "devices",
            "receipt_key_file": tmp_path / "receipt.key",
            "inbox": {"port": 0, "public_url": PUBLIC},
            "webhooks": [a_hook(route, url=receivers[route].url) for route in ROUTES],
        }
    )
    broker.stop()


def send(folder, settings):
    """The box seals a street's case and a weighing, and gets its receipts; returns what was sealed."""
    key = FileKey.load(settings.receipt_key_file)
    with a_box(folder) as box:
        uplink = Uplink(
            box,
            UplinkSettings(mqtt=settings.mqtt.model_copy(update={"client_id": DEVICE.device_id})),
            KeyRing({dsse.RECEIPT_TYPE: [key.public]}),
            tenant=DEVICE.tenant,
            device_id=DEVICE.device_id,
        )
        uplink.start()
        confirmed, cleared = (box.seal(*large(record)) for record in the_case()[:2])
        weighing = box.seal(*a_case())
        assert uplink.wait_idle(30)
        uplink.stop()
    return confirmed, cleared, weighing


def told(receiver, count):
    until_s = time.monotonic() + 30
    while len(receiver.taken) < count and time.monotonic() < until_s:
        time.sleep(0.02)
    found = [json.loads(posted.body) for posted in receiver.taken]
    return {one["packet_id"]: one for one in found}


@pytest.mark.slow
def test_the_owner_gets_the_masked_picture_and_the_officer_the_whole(tmp_path, settings, receivers):
    ingest, inbox = Ingest(settings), Inbox(settings)
    ingest.start()
    assert ingest.wait_subscribed(10)
    inbox.start()
    try:
        confirmed, cleared, weighing = send(tmp_path, settings)
        officer = told(receivers["officer"], 3)
        platform = told(receivers["platform"], 3)
        owner = told(receivers["owner"], 2)
    finally:
        inbox.stop()
        ingest.stop()

    assert set(officer) == set(platform) == {s.packet_id for s in (confirmed, cleared, weighing)}
    assert set(owner) == {confirmed.packet_id, cleared.packet_id}

    # The officer can check it without asking anybody.
    whole = officer[confirmed.packet_id]
    ring = KeyRing({dsse.EVIDENCE_TYPE: [KEY.public]})
    opened = dsse.open_envelope(json.dumps(whole["envelope"]).encode(), ring, {dsse.EVIDENCE_TYPE})
    assert opened.payload == confirmed.payload
    said = parse(opened.payload)
    assert [file["sha256"] for file in whole["attachments"]] == [file.sha256 for file in said.attachments]
    assert whole["attachments"][0]["url"].startswith(f"{PUBLIC}/statement/{DEVICE.device_id}/")

    # The owner gets what the box masked (tests/devices/pictures) and nothing that it did not.
    message = owner[confirmed.packet_id]
    assert message["about"]["text"]["zh"].startswith("疑似跨门经营")
    sealed = {file.sha256: file for file in said.attachments}
    blobs = the_case()[0][1]
    for file in message["attachments"]:
        assert is_shared(sealed[file["sha256"]].role)
        assert sealed[file["sha256"]].privacy_mask
        data = base64.b64decode(file["data"])
        assert data == blobs[file["sha256"]]
        assert hashlib.sha256(data).hexdigest() == file["sha256"]
        assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) is not None
    assert len(message["attachments"]) == 3
    text = json.dumps(message)
    assert all((sha256 in text) == is_shared(file.role) for sha256, file in sealed.items())
