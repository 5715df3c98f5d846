"""A whole box without hardware: a real broker with TLS and an access list, a store with a receipt, a model.

A test plants one fault in it. The platform is the real one.
"""

import contextlib
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from edge_agent.bench.broker import Mosquitto
from edge_agent.box_store import open_store
from edge_agent.config.loader import load
from edge_agent.core.events import ClockSource, ClockStatus
from edge_agent.core.units import MS, Ns
from edge_agent.demo.broker import ACCESS_LIST, MUTUAL_TLS
from edge_agent.demo.pki import Authority
from edge_agent.doctor.examine import examine
from edge_agent.doctor.finding import State
from edge_agent.evidence.keys import FileKey
from edge_agent.evidence.receipts import Receipt, Watermark, sign
from edge_agent.ingest.service import Ingest
from edge_agent.ingest.settings import IngestSettings
from tests.road import POSTED

ROOT = Path(__file__).parents[2]
DEVICE, PLATFORM, TENANT = "ea-doctor", "ea-platform", "test"
ADDRESS = "127.0.0.1"
# What this test's own machine is or is not, which no planted fault changes.
OF_THE_BOX = ("software", "clock", "disk", "store", "models", "push", "broker", "keys", "scale")

TLS_AND_ACCESS = f"\n{MUTUAL_TLS}acl_file {{folder}}/acl\n{{more}}\n"


def days(first, last):
    """Valid from so many days from now to so many."""
    now = datetime.now(UTC)
    return now + timedelta(days=first), now + timedelta(days=last)


class Blind:
    """Eyes for checks that look at no device."""


class Broker(Mosquitto):
    """Mosquitto as a bureau runs it."""

    def __init__(self, folder: Path, more: str = "", access: str = ACCESS_LIST) -> None:
        self.folder = folder / "broker"
        self.authority = Authority(self.folder, days(-90, 900))
        self.authority.server(ADDRESS)
        for name in (DEVICE, PLATFORM):
            self.authority.client(name)
        self.usable = True  # by those who trust it
        super().__init__(folder)
        self.write(more, access)

    def write(self, more: str, access: str) -> None:
        acl = self.folder / "acl"
        acl.write_text(access.format(ingest=PLATFORM))
        acl.chmod(0o600)
        self.configure(TLS_AND_ACCESS.format(folder=self.folder, more=more))

    def restart(self, more: str = "", access: str = ACCESS_LIST) -> None:
        """With another configuration, or other certificates."""
        self.stop()
        self.write(more, access)
        self.start()

    def tls(self, name: str) -> dict[str, object]:
        return {
            "host": ADDRESS,
            "port": self.port,
            "client_id": name,
            "tls_ca_certs": str(self.folder / "ca.pem"),
            "tls_client_cert": str(self.folder / f"{name}.pem"),
            "tls_client_key": str(self.folder / f"{name}.key"),
        }


class Box:
    """A box in a folder; `tree` is its configuration, to be changed by the test."""

    def __init__(self, folder: Path, broker: Broker) -> None:
        self.folder = folder
        self.path = folder / "site.yaml"
        self.receipt_key = FileKey.generate(folder / "receipt.pem")
        (folder / "receipt.pub.pem").write_bytes(self.receipt_key.public.pem)
        until = datetime.now(UTC).date() + timedelta(days=300)
        self.tree = {
            "schema": 1,
            "site": {
                "id": "bridge-test",
                "tenant": TENANT,
                "device_id": DEVICE,
                "legal": {"use_class": "reference"},
            },
            "ports": {"wim": {"device": "/dev/null", "protocol": {"kind": "wim_json", "lanes": {"1": "1"}}}},
            "lanes": {
                "1": {
                    "port": "wim",
                    "camera": "cam1",
                    "scale": {"calibration": {"id": "truck-2026"}},
                    "limits": {"posted": POSTED},
                    "certificate": {"number": "JD-1", "issuer": "test", "valid_until": until.isoformat()},
                }
            },
            "cameras": {"cam1": {"match": {"lanes": [{"lane": "1", "distance_mm": 5000}]}}},
            "detector": {"model": str(ROOT / "models" / "bridge-synthetic.onnx")},
            "anpr": {"port": 0, "cameras": {"cam1": {"protocol": "json", "auth": "none"}}},
            "evidence": {
                "key_file": "evidence.pem",
                "store": {"directory": "evidence", "quota_bytes": 64 * 1024 * 1024, "ballast_bytes": 0},
            },
            "uplink": {"mqtt": broker.tls(DEVICE), "receipt_keys_file": "receipt.pub.pem"},
            "journal": {"dir": None},
        }
        with open_store(self.config(), "boot") as store:
            sealed = store.heartbeat()
            mark = Watermark(seq=sealed.seq, payload_sha256=sealed.payload_sha256)
            receipt = Receipt(
                tenant=TENANT,
                device_id=DEVICE,
                epoch=sealed.epoch,
                received_utc_us=time.time_ns() // 1000,
                watermark=mark,
            )
            store.apply_receipt(receipt, sign(receipt, [self.receipt_key]))
        self.public_pem = FileKey.load(folder / "evidence.pem").public.pem

    def config(self):
        self.path.write_text(yaml.safe_dump(self.tree, allow_unicode=True), "utf-8")
        return load(self.path)

    def change(self, *keys_and_value):
        """Set a value of the configuration: `change("uplink", "mqtt", "host", "localhost")`."""
        *into, key, value = keys_and_value
        node = self.tree
        for step in into:
            node = node[step]
        node[key] = value

    @contextlib.contextmanager
    def platform(self, broker: Broker):
        """The platform, as long as it is wanted; it knows this box."""
        devices = self.folder / "devices"
        devices.mkdir(exist_ok=True)
        (devices / f"{DEVICE}.pem").write_bytes(self.public_pem)
        service = Ingest(
            IngestSettings.model_validate(
                {
                    "mqtt": broker.tls(PLATFORM),
                    "tenant": TENANT,
                    "data_dir": str(self.folder / "platform"),
                    "devices_dir": str(devices),
                    "receipt_key_file": str(self.folder / "receipt.pem"),
                }
            )
        )
        service.start()
        assert service.wait_subscribed(20)
        yield service
        service.stop()

    def findings(self, eyes=None, only=OF_THE_BOX):
        return examine(self.config(), eyes or Blind(), only=only)

    def troubles(self, only=OF_THE_BOX):
        """Keys of what is not well."""
        return {finding.key for finding in self.findings(only=only) if finding.state is not State.OK}


def a_clock_status(**changed):
    """A box that is set over the network."""
    fields = {
        "at": Ns(0),
        "utc_minus_mono": Ns(0),
        "source": ClockSource.NTP,
        "synced": True,
        "offset": Ns(2 * MS),
        "est_error": Ns(15 * MS),
        "stratum": 3,
    }
    return ClockStatus(**fields | changed)
