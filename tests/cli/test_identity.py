"""`edge-agent identity`: what a technician types, from an empty box to a rotated key."""

import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from edge_agent.box_store import open_store
from edge_agent.cli.main import main
from edge_agent.config.loader import load
from edge_agent.demo.pki import Authority
from edge_agent.errors import EvidenceError
from edge_agent.evidence import dsse
from edge_agent.evidence.certificates import read_certificates
from edge_agent.evidence.keys import P256, FileKey
from edge_agent.evidence.sm2 import Sm2FileKey
from edge_agent.evidence.statement import Kind, parse
from edge_agent.evidence.verify import verify
from edge_agent.evidence.verify_sources import open_material

CONFIGS = Path(__file__).parents[2] / "configs"
DAY = timedelta(days=1)


class Box:
    """A box with a configuration of its own, and the platform's authority."""

    def __init__(self, folder, capsys):
        self.folder, self.capsys = folder, capsys
        self.config = folder / "site.yaml"
        self.keys = folder / "keys"
        self.keys.mkdir()
        self.authority = Authority(folder / "authority")
        self.write()

    def write(self, **evidence):
        tree = yaml.safe_load((CONFIGS / "bridge.yaml").read_text("utf-8"))
        tree["evidence"] = {
            "key_file": "keys/evidence.pem",
            "store": {"directory": "store", "ballast_bytes": 0},
            **evidence,
        }
        tree["uplink"]["mqtt"] = {
            "host": "broker.example",
            "port": 8883,
            "tls_ca_certs": "authority/ca.pem",
            "tls_client_cert": "keys/tls.crt",
            "tls_client_key": "keys/tls.key",
        }
        tree["detector"] = None
        tree["cameras"], tree["anpr"] = {}, None
        tree["lanes"]["1"].pop("camera", None)
        self.config.write_text(yaml.safe_dump(tree, allow_unicode=True), "utf-8")

    def call(self, *arguments):
        """Exit status, what it printed, what it complained of."""
        status = main(["identity", *map(str, arguments), "--config", str(self.config)])
        said = self.capsys.readouterr()
        return status, said.out, said.err

    def show(self):
        _, out, _ = self.call("show", "--json")
        return {key["name"]: key for key in json.loads(out)["keys"]}

    def certified(self, name, begin=-DAY, end=90 * DAY):
        """The authority's answer to a request."""
        now = datetime.now(UTC)
        request = (self.folder / f"ea-bridge-0001-{name}.csr").read_bytes()
        path = self.folder / f"{name}.pem"
        path.write_bytes(self.authority.certify(request, now + begin, now + end))
        return path

    def daemon(self):
        """What the daemon's start does to the store."""
        store = open_store(load(self.config), "boot-1")
        found = [parse(dsse.decode(store.packet(seq).envelope)[1]) for seq in store.seqs()]
        store.close()
        return found


@pytest.fixture
def box(tmp_path, capsys):
    return Box(tmp_path, capsys)


def test_from_an_empty_box_to_both_certificates(box):
    status, out, _ = box.call("init")
    assert status == 0
    assert re.search(r"evidence key [0-9a-f]{64} \(Ed25519\) made", out)
    assert re.search(r"TLS key [0-9a-f]{64} \(ECDSA P-256\) made", out)
    for name in ("evidence.pem", "tls.key"):
        assert (box.keys / name).stat().st_mode & 0o777 == 0o600
    assert FileKey.load(box.keys / "evidence.pem").keyid != FileKey.load(box.keys / "tls.key").keyid

    status, out, _ = box.call("csr", "--out", box.folder)
    assert status == 0
    assert out.count("CN=ea-bridge-0001, O=demo") == 2

    for name in ("evidence", "tls"):
        status, out, _ = box.call("install", box.certified(name), "--ca", box.authority.certificate)
        assert (status, out.startswith(f"installed for the {name} key")) == (0, True)
        assert "NOT checked" not in out
    assert read_certificates(box.keys / "tls.crt")
    shown = box.show()
    assert {name: key["problem"] for name, key in shown.items()} == {"evidence": "", "tls": ""}
    assert [key["certificate"]["days_left"] for key in shown.values()] == [89, 89]
    assert [key["warning"] for key in shown.values()] == ["", ""]

    statements = box.daemon()
    assert {s.cert_sha256 for s in statements} == {shown["evidence"]["certificate"]["sha256"]}
    assert [s.kind for s in statements] == [Kind.GENESIS, Kind.CERTIFICATE]


def test_init_makes_nothing_twice(box):
    box.call("init")
    before = {path: path.read_bytes() for path in box.keys.iterdir()}
    status, out, _ = box.call("init")
    assert (status, out.count(" kept: ")) == (0, 2)
    assert {path: path.read_bytes() for path in box.keys.iterdir()} == before


def test_the_daemon_s_first_start_and_init_give_the_same_key(box):
    [genesis] = box.daemon()
    box.call("init")
    assert box.show()["evidence"]["keyid"] == genesis.keyid


def test_rotating_from_the_command_line_to_a_verified_chain(box):
    box.call("init")
    [genesis] = box.daemon()
    first = FileKey.load(box.keys / "evidence.pem").public
    status, out, _ = box.call("rotate")
    assert status == 0
    assert "restart edge-agent" in out
    assert list(box.show()) == ["evidence", "evidence-next", "tls"]
    box.call("csr", "--out", box.folder)
    status, out, _ = box.call("install", box.certified("evidence-next"), "--ca", box.authority.certificate)
    assert "installed for the evidence-next key" in out

    found = box.daemon()
    new = box.show()["evidence"]
    assert [(s.kind, s.keyid == genesis.keyid) for s in found] == [
        (Kind.GENESIS, True),
        (Kind.KEY_ROTATION, True),
        (Kind.CERTIFICATE, False),
    ]
    assert found[-1].keyid == new["keyid"]
    assert found[-1].cert_sha256 == new["certificate"]["sha256"]
    assert "evidence-next" not in box.show()
    report = verify(
        open_material(box.folder / "store"),
        [first],
        authorities=read_certificates(box.authority.certificate),
    )
    assert (report.problems, report.rotations) == ([], 1)
    assert len(box.daemon()) == 3  # nothing more to say at the start after that


def test_show_is_aligned_in_both_languages_and_shows_no_private_byte(box):
    box.call("init")
    status, out, _ = box.call("show")
    assert status == 0
    assert "evidence key 证据密钥" in out
    assert re.search(r"  algorithm 算法 +Ed25519\n", out)
    assert re.search(r"  file mode 文件权限 +0600\n", out)
    for name in ("evidence.pem", "tls.key"):
        secret = (box.keys / name).read_text().splitlines()[1]
        assert secret not in out
        assert secret not in json.dumps(box.show())


def test_show_says_what_is_not_good_and_exits_1(box):
    status, out, _ = box.call("show")
    assert (status, out.count("there is no key yet")) == (1, 2)
    box.call("init")
    (box.keys / "tls.key").chmod(0o644)
    status, out, _ = box.call("show")
    assert status == 1
    assert "NOT GOOD 有问题" in out
    assert "mode 0644 lets others use it" in out


@pytest.mark.parametrize(
    ("begin", "end", "problem", "warning"),
    [
        (-30 * DAY, 15.5 * DAY, "", ""),
        (-31 * DAY, 15 * DAY, "", "two thirds of the certificate's life are over: renew it"),
        (-30 * DAY, -DAY, "its certificate is expired", ""),
        (DAY, 30 * DAY, "its certificate is not yet valid", ""),
    ],
)
def test_a_renewal_is_due_from_two_thirds_of_the_life_on(box, begin, end, problem, warning):
    box.call("init")
    box.call("csr", "--out", box.folder)
    path = box.certified("tls", begin, end)
    path.rename(box.keys / "tls.crt")  # as time would have it
    shown = box.show()["tls"]
    assert (shown["problem"], shown["warning"]) == (problem, warning)
    assert box.call("show")[0] == (1 if problem else 0)


def test_a_certificate_that_does_not_fit_exits_2_and_says_what_to_do(box):
    box.call("init")
    box.call("csr", "--out", box.folder)
    given = box.certified("evidence")
    (box.keys / "evidence.pem").unlink()
    box.call("init")
    status, _, err = box.call("install", given)
    assert status == 2
    assert "none of ours" in err
    assert "edge-agent identity csr" in err


def test_without_ca_it_is_said_that_nobody_asked_who_issued_it(box):
    box.call("init")
    box.call("csr", "--out", box.folder)
    assert "NOT checked: who issued it" in box.call("install", box.certified("tls"))[1]


def test_there_is_no_request_without_a_key(box):
    status, _, err = box.call("csr")
    assert status == 2
    assert "identity init" in err


def test_a_box_without_tls_has_one_key(box):
    tree = yaml.safe_load(box.config.read_text("utf-8"))
    tree["uplink"]["mqtt"] = {"host": "127.0.0.1"}
    box.config.write_text(yaml.safe_dump(tree), "utf-8")
    assert "no TLS key" in box.call("init")[1]
    assert list(box.show()) == ["evidence"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_root_does_not_make_keys_that_the_service_would_refuse(box):
    os.chown(box.keys, 65534, -1)
    for command in (["init"], ["rotate"], ["install", "x.pem"]):
        status, _, err = box.call(*command)
        assert status == 2
        assert "sudo -u nobody edge-agent identity" in err


def test_a_missing_configuration_is_named(capsys):
    assert main(["identity", "show", "--config", "/nowhere.yaml"]) == 2
    assert "/nowhere.yaml" in capsys.readouterr().err


# --- other places of the key -----------------------------------------------------------------------


def test_a_systemd_credential_and_its_successor(box, monkeypatch, tmp_path):
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    box.write(key_credential="evidence-key")
    status, _, err = box.call("init")
    assert status == 1
    assert "No such file" in err
    first = FileKey.generate(credentials / "evidence-key")
    (credentials / "evidence-key").chmod(0o400)
    assert box.show()["evidence"]["kept"] == "systemd credential evidence-key"
    assert [s.keyid for s in box.daemon()] == [first.keyid]
    status, _, err = box.call("rotate")
    assert status == 2
    assert "evidence-key-next" in err
    second = FileKey.generate(credentials / "evidence-key-next", P256)
    for _ in range(2):  # the unit still has both: the chain knows that the rotation is over
        assert [s.keyid for s in box.daemon()] == [first.keyid, first.keyid]
    store = open_store(load(box.config), "boot-2")
    assert store.keyid == second.keyid
    store.close()


def test_outside_the_service_a_credential_is_not_there(box, monkeypatch):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    box.write(key_credential="evidence-key")
    with pytest.raises(EvidenceError, match="LoadCredential"):
        open_store(load(box.config), "boot-1")


def test_an_sm2_key_signs_beside_the_first(box):
    pytest.importorskip("gmssl")
    import subprocess  # noqa: PLC0415 - one test's tool

    command = ["openssl", "genpkey", "-algorithm", "SM2", "-out", box.keys / "sm2.pem"]
    subprocess.run(command, check=True, capture_output=True)
    (box.keys / "sm2.pem").chmod(0o600)
    box.write(sm2_key_file="keys/sm2.pem")
    box.daemon()
    public = Sm2FileKey.load(box.keys / "sm2.pem").public
    report = verify(open_material(box.folder / "store"), sm2_keys=[public])
    assert report.problems == []
    assert "1 second signatures: SM2 with SM3, in software" in report.checked
    assert main(["config", "check", str(box.config)]) == 0
    assert "no certified module" in box.capsys.readouterr().out


def test_a_key_is_in_one_place(box):
    token = {"module": "/m.so", "token": "t", "pin_credential": "pin"}
    box.write(key_credential="k", pkcs11=token)
    status, _, err = box.call("show")
    assert status == 2
    assert "the evidence key is in one place" in err
