"""The demo's mosquitto lets in whom it knows, and lets each do what is its own."""

import queue
import ssl

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.demo import broker as brokers

WAIT_S = 10
DEVICE, PLATFORM = "ea-demo", "ingest"
STATEMENT = f"ea/v1/demo/{DEVICE}/stmt"

pytestmark = pytest.mark.skipif(brokers.find_mosquitto() is None, reason="mosquitto is not installed")


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    running = brokers.start_broker(
        tmp_path_factory.mktemp("broker"), DEVICE, PLATFORM, brokers.Choice.MOSQUITTO
    )
    yield running
    running.stop()


class Client:
    """A bare MQTT 5 client with the certificate of `name`, or with none."""

    def __init__(self, broker, name, client_id=None, *, certificate=True):
        settings = broker.settings(name)
        self.said = queue.Queue()
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id or name, protocol=paho.MQTTv5
        )
        self._client.on_connect = lambda *a: self.said.put(("connected", a[3].is_failure))
        self._client.on_disconnect = lambda *a: self.said.put(("disconnected", True))
        self._client.on_publish = lambda *a: self.said.put(("published", a[3].is_failure))
        self._client.on_subscribe = lambda *a: self.said.put(("subscribed", a[3][0].is_failure))
        self._client.on_message = lambda *a: self.said.put(("message", a[2].topic))
        context = ssl.create_default_context(cafile=str(settings.tls_ca_certs))
        if certificate:
            context.load_cert_chain(str(settings.tls_client_cert), str(settings.tls_client_key))
        self._client.tls_set_context(context)
        self._address = (settings.host, settings.port)

    def connect(self):
        self._client.connect(*self._address, keepalive=30)
        self._client.loop_start()
        assert self.said.get(timeout=WAIT_S) == ("connected", False)

    def may_publish(self, topic):
        self._client.publish(topic, b"x", qos=1)
        return self._answer("published")

    def hears(self, topic, from_whom, published):
        """Whether a message to `published` reaches a subscription of `topic`."""
        self._client.subscribe(topic, qos=1)
        self._answer("subscribed")
        assert from_whom.may_publish(published)
        # What the broker passes on comes before its answer to this, for it keeps the order.
        self._client.subscribe("ea/v1/nothing", qos=1)
        said, what = self.said.get(timeout=WAIT_S)
        return (said, what) == ("message", published)

    def _answer(self, kind):
        said, failed = self.said.get(timeout=WAIT_S)
        assert said == kind
        return not failed

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def client(broker):
    opened = []

    def connected(name, **other):
        one = Client(broker, name, **other)
        opened.append(one)
        one.connect()
        return one

    yield connected
    for one in opened:
        one.close()


def test_a_client_without_a_certificate_is_refused(broker):
    stranger = Client(broker, DEVICE, certificate=False)

    with pytest.raises((ssl.SSLError, ConnectionError, AssertionError, queue.Empty)):
        stranger.connect()
    stranger.close()


def test_the_bare_port_speaks_no_plain_mqtt(broker):
    settings = broker.settings(DEVICE)
    plain = paho.Client(CallbackAPIVersion.VERSION2, client_id=DEVICE)
    answers = queue.Queue()
    plain.on_connect = lambda *a: answers.put(a[3])
    plain.connect(settings.host, settings.port)
    for _ in range(5):
        plain.loop(0.1)

    assert answers.empty()
    plain.disconnect()


@pytest.mark.parametrize("kind", ["stmt", "head", "state", "tele", "res", "att/" + "a" * 64])
def test_a_box_may_publish_what_is_its_own(client, kind):
    assert client(DEVICE).may_publish(f"ea/v1/demo/{DEVICE}/{kind}")


@pytest.mark.parametrize(
    "topic",
    ["ea/v1/demo/another/stmt", f"ea/v1/demo/{DEVICE}/rcpt", f"ea/v1/demo/{DEVICE}/cmd", "else/where"],
)
def test_a_box_may_publish_nothing_else(client, topic):
    assert not client(DEVICE).may_publish(topic)


def test_the_platform_may_answer_and_may_not_speak_for_a_box(client):
    platform = client(PLATFORM)

    assert platform.may_publish(f"ea/v1/demo/{DEVICE}/rcpt")
    assert not platform.may_publish(STATEMENT)


def test_the_platform_hears_every_box(client):
    assert client(PLATFORM).hears("ea/v1/#", client(DEVICE), STATEMENT)


def test_a_box_hears_its_own_receipts(client):
    own = f"ea/v1/demo/{DEVICE}/rcpt"

    assert client(DEVICE).hears(own, client(PLATFORM), own)


def test_a_box_does_not_hear_what_is_for_another(client):
    assert not client(DEVICE).hears("ea/v1/demo/+/rcpt", client(PLATFORM), "ea/v1/demo/another/rcpt")
