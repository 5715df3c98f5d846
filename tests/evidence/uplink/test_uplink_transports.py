"""The same job over TLS with client certificates, and over a broker that knows only MQTT 3.1.1."""

import asyncio
import gc

import pytest

from edge_agent.bench.broker import find_mosquitto
from edge_agent.demo.broker import Mosquitto as TlsMosquitto
from edge_agent.demo.broker import PurePython
from edge_agent.errors import DeviceError
from edge_agent.evidence.uplink.events import UplinkEventKind
from edge_agent.evidence.uplink.mqtt import MqttLink, Waker
from edge_agent.evidence.uplink.port import LinkDown, LinkOptions

DEVICE = "ea-test-0001"


@pytest.fixture
def tls_broker(tmp_path):
    program = find_mosquitto()
    if program is None:
        pytest.skip("mosquitto is not installed (Debian package mosquitto)")
    (tmp_path / "broker").mkdir()
    broker = TlsMosquitto(program, tmp_path / "broker", DEVICE, "ingest")
    yield broker
    broker.stop()


@pytest.fixture
def old_broker():
    try:
        broker = PurePython()
    except DeviceError as error:
        pytest.skip(str(error))
    yield broker
    broker.stop()
    gc.collect()  # what it leaks is complained of here, where that is ignored


# paho leaves the socket of a failed handshake to the garbage collector.
LEAKS = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def impatient(settings):
    return settings.model_copy(update={"backoff_max_s": 0.3, "connect_timeout_s": 1.0, "protocol": "auto"})


def test_mutual_tls_with_an_access_list_carries_evidence(tls_broker, a_rig):
    rig = a_rig(tls_broker)
    rig.start_platform(mqtt=impatient(tls_broker.settings("ingest")))
    rig.start_uplink(mqtt=impatient(tls_broker.settings(DEVICE)))

    rig.seal(5, size=100_000)

    assert rig.uplink.wait_idle(20)


@LEAKS
def test_the_broker_of_pure_python_needs_no_event_loop_of_its_callers():
    """asyncio.run, in Dask or elsewhere in the process, takes the main thread's away."""
    asyncio.set_event_loop(None)
    try:
        broker = PurePython()
    except DeviceError as error:
        pytest.skip(str(error))
    broker.stop()
    gc.collect()


@LEAKS
def test_a_broker_with_another_authoritys_certificate_is_not_trusted(tls_broker, tmp_path):
    (tmp_path / "other").mkdir()
    other = TlsMosquitto(find_mosquitto(), tmp_path / "other", DEVICE, "ingest")
    other.stop()
    settings = tls_broker.settings(DEVICE).model_copy(
        update={"tls_ca_certs": other.settings(DEVICE).tls_ca_certs}
    )
    waker = Waker()
    link = MqttLink(settings, LinkOptions(client_id=DEVICE, mqtt5=True), waker)

    with pytest.raises(LinkDown, match="CERTIFICATE_VERIFY_FAILED"):
        link.open()
    waker.close()


@LEAKS
def test_a_broker_of_another_name_is_not_trusted(tls_broker):
    settings = tls_broker.settings(DEVICE).model_copy(update={"host": "localhost"})
    waker = Waker()
    link = MqttLink(settings, LinkOptions(client_id=DEVICE, mqtt5=True), waker)

    with pytest.raises(LinkDown, match="CERTIFICATE_VERIFY_FAILED"):
        link.open()
    waker.close()


@pytest.mark.slow
@LEAKS  # so does amqtt, of the connection that it choked on
def test_a_broker_that_refuses_mqtt_5_is_spoken_to_in_3_1_1(old_broker, a_rig):
    rig = a_rig(old_broker)
    rig.start_platform(mqtt=impatient(old_broker.settings("ingest")))
    rig.start_uplink(mqtt=impatient(old_broker.settings(DEVICE)))

    sealed = rig.seal(3, size=150_000)

    assert rig.uplink.wait_idle(20)
    assert set(rig.platform_statements()) >= {s.seq for s in sealed}
    connected = {e.detail for e in rig.events if e.kind is UplinkEventKind.CONNECTED}
    assert connected == {"MQTT 3.1.1"}
