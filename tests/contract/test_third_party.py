"""The vectors by openssl and by Node; the two implementations set against each other on damaged payloads."""

import hashlib
import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from edge_agent.bench.fuzz.mutate import Mutator
from edge_agent.errors import VerificationError
from edge_agent.evidence import dsse, strict_json
from edge_agent.evidence.examples import KEY
from edge_agent.evidence.statement import parse

HERE = Path(__file__).parents[2] / "contract"
VECTORS = HERE / "vectors"
CHECKED_BY_HAND = {"envelope", "base64", "signature", "type"}
NODE = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
OPENSSL = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


def run(*command):
    return subprocess.run([str(c) for c in command], cwd=HERE, capture_output=True, text=True, check=False)


def entries():
    index = json.loads((VECTORS / "index.json").read_text("utf-8"))
    commands = index.get("commands", {"good": [], "bad": []})
    return index["good"] + commands["good"], index["bad"] + commands["bad"]


@pytest.fixture
def vectors(tmp_path):
    return Path(shutil.copytree(VECTORS, tmp_path / "vectors"))


@OPENSSL
def test_openssl_accepts_every_good_vector_and_refuses_what_a_signature_can_tell():
    ran = run("./verify.sh")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    good, bad = entries()
    told = [entry for entry in bad if entry["check"] in CHECKED_BY_HAND]
    assert ran.stdout.count("as it should be: good ") == len(good)
    assert all(f"as it should be: {e['check']} {e['file']}" in ran.stdout for e in told)
    assert len(ran.stdout.splitlines()) == len(good) + len(told)
    assert ran.stderr == ""


@NODE
def test_node_accepts_every_good_vector_and_refuses_each_bad_one_by_the_check_that_is_named():
    ran = run("node", "vectors.mjs")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    good, bad = entries()
    assert all(f"as it should be: good {entry['file']}" in ran.stdout for entry in good)
    for entry in bad:
        assert f"as it should be: bad {entry['file']}" in ran.stdout or (
            f"not checked here: {entry['file']}" in ran.stdout and "commands" in entry["file"]
        )


@NODE
@OPENSSL
@pytest.mark.parametrize("verifier", [("./verify.sh",), ("node", "vectors.mjs")], ids=["openssl", "node"])
def test_a_verifier_says_so_when_a_vector_is_not_what_the_index_says(verifier, vectors):
    (vectors / "good/composite.dsse.json").write_bytes((vectors / "bad/one-bit.dsse.json").read_bytes())
    (vectors / "bad/stranger.dsse.json").write_bytes((vectors / "good/genesis.dsse.json").read_bytes())
    ran = run(*verifier, vectors)
    assert ran.returncode == 1
    wrong = [line for line in ran.stdout.splitlines() if line.startswith("WRONG")]
    assert len([line for line in wrong if "chain" not in line]) == 2, wrong


@OPENSSL
def test_openssl_checks_single_envelopes():
    ran = run("./verify.sh", "vectors", "vectors/good/genesis.dsse.json", "vectors/bad/stranger.dsse.json")
    assert ran.returncode == 1
    first, second = ran.stdout.splitlines()
    assert first.startswith("good ")
    assert second == "BAD signature vectors/bad/stranger.dsse.json"


def test_the_node_verifiers_need_no_package():
    for name in ("vectors.mjs", "form.mjs"):
        text = (HERE / name).read_text("utf-8")
        assert text.count("import ") == text.count('from "node:') + text.count('from "./form.mjs"')


def verdict(payload):
    """What our own code says of a payload that is well signed; None when it is good."""
    try:
        strict_json.loads(payload)
    except VerificationError:
        return "json"
    try:
        return None if parse(payload).keyid == KEY.keyid else "form"
    except VerificationError:
        return "form"


@NODE
@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_node_and_python_agree_on_damaged_payloads(vectors, seed):
    # Of one key: what a rotation needs is a matter of signatures, and `parse` sees none.
    others = ("receipt", "rotation", "next-key", "certificate")
    good = sorted(p for p in (vectors / "good").iterdir() if not any(name in p.name for name in others))
    payloads = [dsse.decode(path.read_bytes())[1] for path in good]
    mutator = Mutator(random.Random(seed), (), 60_000, structured=True)
    index = {"good": [], "bad": [], "chain": []}
    for number in range(400):
        payload = mutator.make(payloads)
        name = f"made/{number}.dsse.json"
        (vectors / "made").mkdir(exist_ok=True)
        (vectors / name).write_bytes(dsse.sign(dsse.EVIDENCE_TYPE, payload, [KEY]))
        check = verdict(payload)
        if check is None:
            index["good"].append({"file": name, "payload_sha256": hashlib.sha256(payload).hexdigest()})
        else:
            index["bad"].append({"file": name, "check": check})
    (vectors / "index.json").write_text(json.dumps(index), "utf-8")
    ran = run("node", "vectors.mjs", vectors)
    wrong = [line for line in ran.stdout.splitlines() if line.startswith("WRONG")]
    assert wrong == [], "\n".join(wrong)
    assert {e["check"] for e in index["bad"]} == {"json", "form"}
    assert len(index["good"]) > 5
