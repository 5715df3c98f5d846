"""`--publish`: through the whole stack to a test's broker, and never as anything but a test."""

import json

import pytest

from edge_agent.bench.broker import Mosquitto, find_mosquitto, free_port
from edge_agent.cli.main import main
from edge_agent.core.decisions import Seal
from edge_agent.core.site import Site
from edge_agent.errors import SealRefused, UsageError
from edge_agent.evidence.keys import FileKey
from edge_agent.evidence.sealer import Order
from edge_agent.evidence.uplink.settings import BrokerSettings, UplinkSettings
from edge_agent.ingest.service import Ingest
from edge_agent.ingest.settings import IngestSettings
from edge_agent.replaying import rehearsal
from edge_agent.replaying.rehearsal import Rehearsal
from edge_agent.replaying.rehearsal_settings import RehearsalSettings, as_test, rehearsal_settings
from tests.replaying.recorded import TREE, a_run, a_site, a_street, recording

needs_mosquitto = pytest.mark.skipif(find_mosquitto() is None, reason="needs Debian's mosquitto")
ENFORCING = {
    "use_class": "enforcement",
    "operator": "city",
    "approval_number": "1",
    "published_location": "here",
    "sign_id": "s",
    "enforcement_from": "2026-01-01",
}


def an_enforcing_site(folder):
    return a_site(folder, site=TREE["site"] | {"legal": ENFORCING})


def a_broker(host):
    """Of somewhere; what its settings need for TLS is of no interest here."""
    return BrokerSettings(port=8883).model_copy(update={"host": host})


def with_uplink(site, host):
    return site.model_copy(update={"uplink": UplinkSettings().model_copy(update={"mqtt": a_broker(host)})})


def to(host, **more):
    return RehearsalSettings(**more).model_copy(update={"mqtt": a_broker(host)})


def test_a_site_that_enforces_is_a_test_before_its_core_sees_anything(tmp_path):
    site = as_test(an_enforcing_site(tmp_path), RehearsalSettings())

    core = Site(site.core())
    seals = [d for event in a_run() for d in core.step(event) if isinstance(d, Seal)]

    assert {seal.use_class for seal in seals} == {"test"}
    assert (site.site.tenant, site.site.device_id) == ("replay", "replay-ea-test")


def test_the_sites_own_broker_and_its_own_name_are_refused(tmp_path):
    site = with_uplink(an_enforcing_site(tmp_path), "192.0.2.1")

    with pytest.raises(UsageError, match="the site's own broker"):
        as_test(site, to("192.0.2.1"))
    with pytest.raises(UsageError, match="the site's own box"):
        as_test(site, to("192.0.2.2", tenant="city", device_id="ea-test"))
    as_test(site, to("192.0.2.2"))
    as_test(with_uplink(site, "127.0.0.1"), to("127.0.0.1"))  # nobody's but this machine's


def test_a_key_to_throw_away_is_never_put_under_the_name_of_a_box_that_may_exist(tmp_path):
    site = an_enforcing_site(tmp_path)

    for device in ("ea-test", "another-sites-box"):
        with pytest.raises(UsageError, match="begin it with replay-"):
            as_test(site, to("127.0.0.1", device_id=device, devices_dir=tmp_path))
    as_test(site, to("127.0.0.1", device_id="replay-1", devices_dir=tmp_path))


@pytest.mark.parametrize("change", ["uplink=null", "site.device_id=another"])
def test_the_site_that_made_the_recording_is_known_whatever_is_changed_of_it(tmp_path, change, capsys):
    its_own = {"host": "192.0.2.1", "port": 8883, "tls_ca_certs": str(tmp_path / "ca.pem")}
    site = an_enforcing_site(tmp_path).model_copy(
        update={"uplink": UplinkSettings(mqtt=BrokerSettings(**its_own))}
    )
    recording(tmp_path / "rec.mcap", a_run(), site)
    box = {"tenant": site.site.tenant, "device_id": site.site.device_id}
    asked = {"mqtt": its_own} if change == "uplink=null" else {"mqtt": {"host": "127.0.0.1"}, **box}
    file = tmp_path / "broker.yaml"
    file.write_text(json.dumps(asked), "utf-8")

    options = ["--out", str(tmp_path / "out"), "--publish", str(file), "--set", change]
    status = main(["replay", str(tmp_path / "rec.mcap"), *options])

    assert status == 2
    assert "the site's own" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["1883", "host", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:99999", ":1883"])
def test_a_broker_is_said_as_host_and_port_or_as_a_file(text):
    with pytest.raises(UsageError, match="--publish"):
        rehearsal_settings(text)


def test_another_machine_needs_a_file_with_tls(tmp_path):
    with pytest.raises(UsageError, match="needs TLS"):
        rehearsal_settings("broker.example.org:8883")
    assert rehearsal_settings("[::1]:1883").mqtt.host == "::1"


def test_no_broker_is_said_at_once(tmp_path, capsys):
    recording(tmp_path / "rec.mcap", a_run(), a_site(tmp_path))
    port = free_port()

    status = main(
        [
            "replay",
            str(tmp_path / "rec.mcap"),
            "--out",
            str(tmp_path / "out"),
            "--publish",
            f"127.0.0.1:{port}",
        ]
    )

    assert status == 1
    assert f"no broker takes us at 127.0.0.1:{port}" in capsys.readouterr().err
    assert not list((tmp_path / "out").iterdir())  # as good as new for the next try


@pytest.fixture
def broker(tmp_path):
    running = Mosquitto(tmp_path).start()
    yield running
    running.stop()


class Platform:
    """A test platform that knows no box yet."""

    def __init__(self, folder, broker):
        receipts = FileKey.generate(folder / "receipt.pem")
        (folder / "receipt.pub.pem").write_bytes(receipts.public.pem)
        (folder / "devices").mkdir()
        mqtt = {"host": "127.0.0.1", "port": broker.port}
        more = {"receipt_keys_file": "receipt.pub.pem", "devices_dir": "devices"}
        self.file = folder / "broker.yaml"
        self.file.write_text(json.dumps({"mqtt": mqtt, **more}), "utf-8")
        self.ingest = Ingest(
            IngestSettings(
                mqtt=broker.settings("ingest"),
                tenant="replay",
                data_dir=folder / "platform",
                devices_dir=folder / "devices",
                receipt_key_file=folder / "receipt.pem",
            )
        )
        self.ingest.start()
        assert self.ingest.wait_subscribed(15)

    def use_classes(self):
        """Of everything that it holds in full."""
        return [one.use_class for one in self.ingest._store.of_device("replay-ea-test", 100) if one.complete]


@needs_mosquitto
def test_what_a_site_that_enforces_once_decided_arrives_signed_and_receipted_as_tests(
    tmp_path, broker, capsys
):
    recording(tmp_path / "rec.mcap", a_run(), an_enforcing_site(tmp_path))
    platform = Platform(tmp_path, broker)
    try:
        for out in ("first", "again"):  # a key of its own each time
            status = main(
                [
                    "replay",
                    str(tmp_path / "rec.mcap"),
                    "--out",
                    str(tmp_path / out),
                    "--publish",
                    str(platform.file),
                    "--json",
                ]
            )
            said = json.loads(capsys.readouterr().out)
            assert status == 0, said
            arrived = said["published"]
            assert (
                arrived["sealed"] == arrived["published"] == arrived["receipted"] == said["statements"] == 2
            )
            assert said["compared_with_live"] is False
        held = platform.use_classes()
    finally:
        platform.ingest.stop()

    assert held.count("test") == 4
    assert {use for use in held if use} == {"test"}  # heartbeats have none


@needs_mosquitto
def test_a_street_case_goes_out_as_a_test_and_names_the_pictures_that_a_recording_has_not(
    tmp_path, broker, capsys
):
    a_street(tmp_path / "rec.mcap")
    platform = Platform(tmp_path, broker)
    options = ["--out", str(tmp_path / "out"), "--publish", str(platform.file), "--json"]
    try:
        status = main(["replay", str(tmp_path / "rec.mcap"), *options])
    finally:
        platform.ingest.stop()

    said = json.loads(capsys.readouterr().out)
    assert status == 0, said
    assert said["street"] == {"cleared": 1, "confirmed": 1}
    assert said["published"]["receipted"] == said["statements"] >= 2
    assert {use for use in platform.use_classes() if use} == {"test"}


@needs_mosquitto
def test_where_nobody_listens_it_is_said_and_the_statements_are_sealed_all_the_same(
    tmp_path, broker, capsys, monkeypatch
):
    monkeypatch.setattr(rehearsal, "QUIET_S", 0.3)
    recording(tmp_path / "rec.mcap", a_run(), a_site(tmp_path))

    status = main(
        [
            "replay",
            str(tmp_path / "rec.mcap"),
            "--out",
            str(tmp_path / "out"),
            "--publish",
            f"127.0.0.1:{broker.port}",
        ]
    )

    assert status == 1
    assert "2 sealed, 0 published, 0 receipted" in (said := capsys.readouterr().out)
    assert "nobody has subscribed to ea/v1/replay/replay-ea-test/stmt" in said


@needs_mosquitto
def test_a_case_that_is_no_test_is_not_sealed_even_by_a_bug(tmp_path, broker):
    real = an_enforcing_site(tmp_path)
    core = Site(real.core())
    seal = next(d for event in a_run() for d in core.step(event) if isinstance(d, Seal))
    chosen = RehearsalSettings(mqtt=broker.settings())

    with Rehearsal(tmp_path / "box", as_test(real, chosen), chosen, "boot") as box:
        with pytest.raises(SealRefused, match="nothing was sent of it"):
            box.seal(Order(seal))
        assert box.deliver().sealed == 0
    with pytest.raises(UsageError):
        Rehearsal(tmp_path / "other", real, chosen, "boot")
