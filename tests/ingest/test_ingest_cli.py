import json
import os
import signal
import subprocess
import sys

import pytest

from edge_agent.bench.broker import Mosquitto, find_mosquitto
from edge_agent.cli.main import main
from edge_agent.core.scene import Phase
from edge_agent.evidence import dsse
from edge_agent.evidence.examples import KEY, a_case, a_store, an_identity
from edge_agent.evidence.examples_street import a_coverage, a_zone_case
from edge_agent.evidence.keys import KeyRing, load_or_generate
from edge_agent.evidence.uplink.settings import UplinkSettings
from edge_agent.evidence.uplink.uplink import Uplink
from edge_agent.ingest.service import Ingest
from edge_agent.ingest.settings import IngestSettings
from edge_agent.ingest.store import PlatformStore
from edge_agent.ingest.verify import open_statement

DEVICE = an_identity().settings.device
PROGRAM = "import sys; from edge_agent.cli.main import main; sys.exit(main())"

pytestmark = pytest.mark.skipif(
    find_mosquitto() is None, reason="mosquitto is not installed (Debian package mosquitto)"
)


@pytest.fixture
def config(tmp_path):
    """A platform's configuration with one enrolled box, and a broker that runs."""
    broker = Mosquitto(tmp_path).start()
    (tmp_path / "devices").mkdir()
    (tmp_path / "devices" / f"{DEVICE.device_id}.pem").write_bytes(KEY.public.pem)
    path = tmp_path / "platform.yaml"
    path.write_text(
        f"tenant: {DEVICE.tenant}\n"
        f"mqtt: {{host: 127.0.0.1, port: {broker.port}, client_id: ingest, backoff_max_s: 0.5}}\n"
        "data_dir: platform\ndevices_dir: devices\nreceipt_key_file: receipt.pem\n"
    )
    yield path, broker
    broker.stop()


def settings(path, broker, database="") -> IngestSettings:
    folder = path.parent
    return IngestSettings(
        tenant=DEVICE.tenant,
        mqtt=broker.settings("ingest"),
        database=database,
        data_dir=folder / "platform",
        devices_dir=folder / "devices",
        receipt_key_file=folder / "receipt.pem",
    )


def send(path, broker, cases=3) -> list:
    """A box that seals and gets its receipts."""
    key = load_or_generate(path.parent / "receipt.pem")
    with a_store(path.parent / "box") as store:
        uplink = Uplink(
            store,
            UplinkSettings(mqtt=broker.settings(DEVICE.device_id)),
            KeyRing({dsse.RECEIPT_TYPE: [key.public]}),
            tenant=DEVICE.tenant,
            device_id=DEVICE.device_id,
        )
        uplink.start()
        sealed = [store.seal(*a_case(number)) for number in range(1, cases + 1)]
        assert uplink.wait_idle(20)
        uplink.stop()
    return sealed


def test_what_came_in_is_listed_shown_and_exported_so_that_verify_accepts_it(
    config, database, capsys, tmp_path
):
    path, broker = config
    path.write_text(path.read_text() + f'database: "{database}"\n')
    ingest = Ingest(settings(path, broker, database))
    ingest.start()
    assert ingest.wait_subscribed(10)
    sealed = send(path, broker)

    assert main(["ingest", "--config", str(path), "list", "--json"]) == 0  # beside the running service
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {s.packet_id for s in sealed} <= {row["packet_id"] for row in rows}
    assert all(row["complete"] for row in rows)
    ingest.stop()

    assert main(["ingest", "show", sealed[0].packet_id, "--config", str(path)]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["statement"]["packet_id"] == sealed[0].packet_id

    bundle = tmp_path / "bundle"
    arguments = ["--device", DEVICE.device_id, "--config", str(path)]
    assert main(["ingest", "export", str(bundle), *arguments]) == 0
    capsys.readouterr()
    assert main(["verify", str(bundle), "--json"]) == 0
    [report] = json.loads(capsys.readouterr().out).values()
    assert report["good"]
    assert report["statements"] == len(rows)
    assert report["receipts"] == len(rows)


def test_a_street_is_listed_by_zone_shop_phase_and_finding(config, capsys):
    path, broker = config
    folder = settings(path, broker).data_dir
    with a_store(path.parent / "box") as box:
        for phase in (Phase.CONFIRMED, Phase.CLEARED, Phase.INSPECTION):
            box.seal(*a_zone_case(phase=phase))
        box.seal(a_coverage(), {})
        box.seal(*a_case())
        envelopes = [box.packet(seq).envelope for seq in box.seqs()]
    take_in(folder, envelopes)

    assert main(["ingest", "--config", str(path), "list"]) == 0
    lines = [line.split("attachments  ")[-1] for line in capsys.readouterr().out.splitlines()]
    assert lines[1:3] == [
        "zone door_s1 shop s1 shop_overflow confirmed: present  case door_s1-1 revision 0",
        "zone door_s1 shop s1 shop_overflow cleared: absent  case door_s1-1 revision 2",
    ]
    assert "inspection: absent" in lines[3]
    assert lines[4].endswith("3600 s, 2 parts, least watched 93.3 %")
    assert lines[5] == "case 1-1 revision 0 lane 1"

    assert main(["ingest", "--config", str(path), "list", "--kind", "storefront", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["about"]["phase"] for row in rows] == ["confirmed", "cleared"]
    assert main(["ingest", "show", rows[0]["packet_id"], "--config", str(path)]) == 0
    assert json.loads(capsys.readouterr().out)["about"]["zone"] == "door_s1"
    assert main(["ingest", "--config", str(path), "list", "--kind", "nonsense"]) == 2


def take_in(folder, envelopes):
    """As the service stores them, their pictures still on the way."""
    store = PlatformStore(folder / "ingest.db")
    with store.commit():
        for number, envelope in enumerate(envelopes):
            good = open_statement(
                envelope, KeyRing({dsse.EVIDENCE_TYPE: [KEY.public]}), DEVICE.tenant, DEVICE.device_id
            )
            store.add(good.statement, tuple(claim.sha256 for claim in good.attachments), number)
    store.close()


def test_the_service_ends_cleanly_on_sigterm(config):
    path, broker = config
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "ingest", "--config", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    with process:
        assert "receipt key" in process.stdout.readline()
        send(path, broker, cases=1)
        process.send_signal(signal.SIGTERM)
        stats = json.loads(process.stdout.read())

    assert process.returncode == 0
    assert stats["accepted"] >= 2  # genesis and the case


def test_two_services_cannot_share_a_folder(config, capsys):
    path, broker = config
    ingest = Ingest(settings(path, broker))

    assert main(["ingest", "--config", str(path)]) == 1
    assert "another process" in capsys.readouterr().err
    ingest.stop()


@pytest.mark.parametrize("arguments", [["list"], ["show", "p"], ["unfreeze", "box"], ["export", "out"]])
def test_looking_before_anything_came_in_is_said_plainly(config, capsys, arguments):
    path, _ = config

    assert main(["ingest", *arguments, "--config", str(path)]) == 2
    assert "nothing has been taken in yet" in capsys.readouterr().err


def test_a_wrong_configuration_names_file_and_line(tmp_path, capsys):
    path = tmp_path / "platform.yaml"
    path.write_text("tenant: city\ndata_dri: x\n")

    assert main(["ingest", "--config", str(path)]) == 2
    assert f"{path}:2: data_dri: unknown key" in capsys.readouterr().err
