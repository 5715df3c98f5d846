"""The openssl commands of docs/identity.md do what the page says, with what the program makes."""

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge_agent.evidence.certificates import certificates_of_pem, key_certificate, read_certificates
from edge_agent.evidence.enrolment import Purpose, install, request
from edge_agent.evidence.examples import KEY, Clock, an_identity, store_settings
from edge_agent.evidence.keys import FileKey, PublicKey
from edge_agent.evidence.store import EvidenceStore

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "contract" / "vectors"
PAGE = (ROOT / "docs" / "identity.md").read_text("utf-8")
BLOCKS = re.findall(r"the test suite runs this block -->\n *```sh\n(.*?)```", PAGE, re.DOTALL)
SIGN, AT_TIME, ROTATION, SM2 = BLOCKS

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


def run(block, folder, **variables):
    return subprocess.run(
        ["bash", "-c", block],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def authority(tmp_path):
    """As anybody makes one with openssl."""
    made = run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem"
        " -subj '/CN=test authority' -days 30",
        tmp_path,
    )
    assert made.returncode == 0, made.stderr
    return tmp_path


def test_openssl_s_answer_to_a_request_is_installed(authority):
    (authority / "ea-evidence.csr").write_bytes(request(KEY.private, "ea-test-0001", "city"))
    ran = run(SIGN, authority, request="ea-evidence.csr")
    assert ran.returncode == 0, ran.stderr
    assert "CN = ea-test-0001" in ran.stdout
    purpose = Purpose("evidence", KEY.keyid, "ea-test-0001", authority / "installed.crt")
    now_us = int(datetime.now(UTC).timestamp() * 1_000_000) + 2_000_000
    install(authority / "ea-evidence.pem", [purpose], read_certificates(authority / "ca.pem"), now_us)
    assert PublicKey.from_pem((authority / "ea-evidence.pub.pem").read_bytes()) == KEY.public


def test_openssl_judges_a_certificate_by_the_time_of_sealing_too(authority):
    (authority / "box.csr").write_bytes(request(KEY.private, "ea-test-0001", "city"))
    run(SIGN, authority, request="box.csr")
    now_s = int(datetime.now(UTC).timestamp())
    held = key_certificate(certificates_of_pem((authority / "box.pem").read_bytes()))
    good = run(AT_TIME, authority, sealed_s=str(now_s + 86_400))
    assert good.returncode == 0, good.stderr
    assert held.sha256 in good.stdout
    for wrong in (now_s - 10 * 86_400, now_s + 700 * 86_400):
        assert run(AT_TIME, authority, sealed_s=str(wrong)).returncode != 0


@pytest.mark.parametrize("algorithm", ["Ed25519", "ECDSA P-256"])
def test_a_rotation_is_checked_as_printed(tmp_path, algorithm):
    new = FileKey.generate(tmp_path / "next.key", algorithm)
    with EvidenceStore.open(
        store_settings(tmp_path / "box"), KEY, an_identity(), successor=new, utc_us=Clock()
    ) as store:
        envelope = store.packet(1).envelope
    (tmp_path / "rotation.dsse.json").write_bytes(envelope)
    (tmp_path / "old.pem").write_bytes(KEY.public.pem)
    ran = run(ROTATION, tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("Signature Verified Successfully") == 2
    assert PublicKey.from_pem((tmp_path / "new.pem").read_bytes()) == new.public
    (tmp_path / "rotation.dsse.json").write_bytes((VECTORS / "bad/rotation-other-key.dsse.json").read_bytes())
    assert run(ROTATION, tmp_path).returncode != 0


def test_sm2_is_checked_as_printed(tmp_path):
    golden = json.loads((VECTORS / "golden-3.json").read_text("utf-8"))
    shutil.copy(VECTORS / "keys/sm2.pem", tmp_path / "sm2.pem")
    (tmp_path / "pae").write_bytes(bytes.fromhex(golden["pae_hex"]))
    subprocess.run(["bash", "-c", f"echo {golden['sig_b64']} | base64 -d > sig"], cwd=tmp_path, check=True)
    assert run(SM2, tmp_path).returncode == 0
    without_id = SM2.replace(" -pkeyopt distid:1234567812345678", "")
    assert run(without_id, tmp_path).returncode != 0
