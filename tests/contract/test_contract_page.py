"""A stranger's way in: what contract/README.md prints works, with Node and openssl and nothing of ours."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edge_agent.evidence.keys import FileKey, PublicKey
from edge_agent.evidence.receipts import ReceiptStatus
from edge_agent.evidence.uplink.chunks import HEADER, MAGIC
from edge_agent.evidence.uplink.topics import Topics

HERE = Path(__file__).parents[2] / "contract"
PAGE = (HERE / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)


def run(command, cwd=HERE):
    return subprocess.run(["bash", "-c", command], cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_vectors_are_told_apart_as_printed():
    good, bad = BLOCKS[0].splitlines()
    assert run(good).returncode == 0
    told = run(bad.replace("|| true", ""))
    assert told.returncode == 1
    assert "BAD vectors/bad/weight-changed.dsse.json: signature" in told.stdout


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_the_golden_signature_is_verified_as_printed():
    ran = run(BLOCKS[1])
    assert ran.returncode == 0, ran.stderr
    assert "Signature Verified Successfully" in ran.stdout


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_the_other_golden_signatures_are_verified_as_printed():
    ran = run(BLOCKS[2])
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("Signature Verified Successfully") == 2


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_a_box_s_public_key_is_taken_out_as_printed(tmp_path):
    key = FileKey.generate(tmp_path / "evidence.pem")
    [command] = re.findall(r"`(openssl pkey -in /var/lib[^`]+)`", PAGE)
    assert run(command.replace("/var/lib/edge-agent/keys/", ""), tmp_path).returncode == 0
    assert PublicKey.from_pem((tmp_path / "DEVICE_ID.pem").read_bytes()) == key.public


def test_the_page_names_every_topic_status_and_the_chunk_s_header():
    topics = Topics("ea/v1", "TENANT", "DEVICE")
    assert f"`{topics.receipts}`".replace("TENANT", "{tenant}").replace("DEVICE", "{device}") in PAGE
    for leaf in (topics.statement, topics.head, topics.state):
        assert f"`{leaf.rpartition('/')[2]}`" in PAGE
    assert all(f"`{status.value}`" in PAGE for status in ReceiptStatus)
    assert f'"{MAGIC.decode()}"' in PAGE
    assert f"({HEADER.size} bytes + body)" in PAGE
