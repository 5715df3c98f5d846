"""A box, a real broker and a platform, each of which a test can start, stop and break."""

import time
from pathlib import Path

import pytest

from edge_agent.evidence import dsse
from edge_agent.evidence.examples import KEY, a_case, a_store, an_identity
from edge_agent.evidence.keys import FileKey, KeyRing
from edge_agent.evidence.uplink.mqtt import MqttLink, Waker
from edge_agent.evidence.uplink.port import LinkOptions, Received, Subscribed
from edge_agent.evidence.uplink.settings import UplinkSettings
from edge_agent.evidence.uplink.topics import Topics
from edge_agent.evidence.uplink.uplink import Uplink
from edge_agent.ingest.service import Ingest
from edge_agent.ingest.settings import IngestSettings

DEVICE = an_identity().settings.device
DEADLINE_S = 15.0


def eventually(condition, what="it", timeout_s=DEADLINE_S):
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, f"{what} did not happen within {timeout_s} s"
        time.sleep(0.01)


class Rig:
    """The box's side and the platform's side around one broker."""

    def __init__(self, folder: Path, broker) -> None:
        self.folder = folder
        self.broker = broker
        self.topics = Topics("ea/v1", DEVICE.tenant, DEVICE.device_id)
        self.behind_us = 0  # the box's clock
        self.store = a_store(folder / "box", utc_us=lambda: time.time_ns() // 1000 - self.behind_us)
        self.receipt_key = FileKey.generate(folder / "receipt.pem")
        (folder / "devices").mkdir()
        (folder / "devices" / f"{DEVICE.device_id}.pem").write_bytes(KEY.public.pem)
        self.uplink = None
        self.ingest = None
        self.events = []
        self.waker = Waker()
        self._cases = 0
        self._clients = []

    def start_uplink(self, connect=None, mqtt=None, **settings) -> Uplink:
        fields = {"resend_min_s": 0.5, "resend_max_s": 2.0, **settings}
        self.uplink = Uplink(
            self.store,
            UplinkSettings(mqtt=mqtt or self.broker.settings(DEVICE.device_id), **fields),
            KeyRing({dsse.RECEIPT_TYPE: [self.receipt_key.public]}),
            tenant=DEVICE.tenant,
            device_id=DEVICE.device_id,
            on_event=self.events.append,
            connect=connect,
        )
        self.uplink.start()
        return self.uplink

    def start_platform(self, mqtt=None, **settings) -> Ingest:
        fields = {"need_grace_s": 0.2, **settings}
        self.ingest = Ingest(
            IngestSettings(
                mqtt=mqtt or self.broker.settings("ingest"),
                tenant=DEVICE.tenant,
                data_dir=self.folder / "platform",
                devices_dir=self.folder / "devices",
                receipt_key_file=self.folder / "receipt.pem",
                **fields,
            )
        )
        self.ingest.start()
        assert self.ingest.wait_subscribed(DEADLINE_S)
        return self.ingest

    def stop_platform(self) -> None:
        self.ingest.stop()
        self.ingest = None

    def seal(self, count=1, size=1000) -> list:
        sealed = []
        for _ in range(count):
            self._cases += 1
            sealed.append(self.store.seal(*a_case(self._cases, size)))
            if self.uplink is not None:
                self.uplink.wake()
        return sealed

    def kinds(self) -> list[str]:
        return [event.kind.value for event in self.events]

    def platform_statements(self) -> dict:
        store = self.ingest._store
        return {
            s.place.seq: s.payload_sha256 for s in store.of_device(DEVICE.device_id, 10_000) if s.complete
        }

    def client(self, name: str, *topics: str) -> "Client":
        client = Client(self.broker.settings(name), topics)
        self._clients.append(client)
        return client

    def close(self) -> None:
        for client in self._clients:
            client.close()
        if self.uplink is not None:
            self.uplink.stop(drain_s=0)
        if self.ingest is not None:
            self.ingest.stop()
        self.store.close()
        self.waker.close()


class Client:
    """Somebody else on the broker."""

    def __init__(self, settings, topics) -> None:
        self._waker = Waker()
        self.link = MqttLink(settings, LinkOptions(client_id=settings.client_id, mqtt5=True), self._waker)
        self.link.open()
        self.received = []
        self._granted = not topics
        if topics:
            self.link.subscribe(topics)
        eventually(self._ready, "subscription")

    def _ready(self) -> bool:
        self.poll()
        return self._granted

    def poll(self) -> list:
        for event in self.link.poll(0.01):
            self._granted = self._granted or isinstance(event, Subscribed)
            if isinstance(event, Received):
                self.link.acknowledge(event.token)
                self.received.append(event)
        return self.received

    def close(self) -> None:
        self.link.disconnect()
        self._waker.close()


@pytest.fixture(name="eventually")
def _eventually():
    return eventually


@pytest.fixture
def rig(tmp_path, broker):
    rig = Rig(tmp_path, broker)
    yield rig
    rig.close()


@pytest.fixture
def a_rig(tmp_path):
    """Makes a rig around something else than mosquitto."""
    rigs = []

    def make(broker) -> Rig:
        rigs.append(Rig(tmp_path, broker))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.close()
