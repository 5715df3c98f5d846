import base64
import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator, ValidationError

from edge_agent.errors import VerificationError
from edge_agent.evidence import dsse, receipts, strict_json
from edge_agent.evidence.certificates import read_certificates
from edge_agent.evidence.contract_gen import contract
from edge_agent.evidence.dsse import COMMAND_TYPE, EVIDENCE_TYPE, RECEIPT_TYPE
from edge_agent.evidence.keys import KeyRing, read_public_keys
from edge_agent.evidence.rotation import opened_successor
from edge_agent.evidence.sm2 import Sm2FileKey, read_sm2_keys
from edge_agent.evidence.statement import parse
from edge_agent.evidence.uplink.topics import parse_topic
from edge_agent.evidence.verify import verify
from edge_agent.evidence.verify_sources import open_material

HERE = Path(__file__).parents[2] / "contract"
VECTORS = HERE / "vectors"
INDEX = json.loads((VECTORS / "index.json").read_text(encoding="utf-8"))
RING = KeyRing(
    {
        EVIDENCE_TYPE: [
            *read_public_keys(VECTORS / "keys/evidence.pem"),
            *read_public_keys(VECTORS / "keys/evidence-next.pem"),
        ],
        RECEIPT_TYPE: read_public_keys(VECTORS / "keys/receipt.pem"),
    }
)
STATEMENTS = [entry["file"] for entry in INDEX["good"] if "receipt" not in entry["file"]]
NODE = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


def schema(name):
    return Draft202012Validator(
        json.loads((HERE / f"schemas/{name}.schema.json").read_text(encoding="utf-8"))
    )


def payload(file):
    return dsse.decode((VECTORS / file).read_bytes())[1]


def test_what_is_published_is_what_the_code_makes():
    published = {
        str(path.relative_to(HERE)): path.read_bytes()
        for path in HERE.rglob("*")
        if path.is_file()
        and path.name not in {"verify.mjs", "vectors.mjs", "form.mjs", "verify.sh", "README.md"}
    }
    made = contract()
    assert sorted(published) == sorted(made)
    differing = [name for name, data in made.items() if published[name] != data]
    assert differing == [], "run: python -m edge_agent.evidence.contract_gen contract"


def test_the_golden_vector_is_the_one_that_other_implementations_agreed_on():
    golden = json.loads((VECTORS / "golden-1.json").read_text(encoding="utf-8"))
    assert golden["sha256"] == "817e72cf66672cf3987a05149f828ee1de7e19d8462d9a3c471e39e790dcefc8"
    assert golden["keyid"] == "a050837d85070582ccf7394b0988847cc312cb88259b894899f6f239cf1791a5"
    assert golden["sig_b64"] == (
        "DN9Ojob5qfy3Dwld6wkLbIndlI0QFFexz46cjrqR5h5Y0ZmL3I0Zfz2GmyWQk7nrBc+O4p8NrSOgHcEioiSOAQ=="
    )


@pytest.mark.parametrize("file", STATEMENTS)
def test_a_good_statement_is_accepted_and_fits_its_schema(file):
    opened = dsse.open_envelope((VECTORS / file).read_bytes(), RING, {EVIDENCE_TYPE})
    assert parse(opened.payload).to_bytes() == opened.payload
    schema("statement").validate(strict_json.loads(opened.payload))
    schema("envelope").validate(json.loads((VECTORS / file).read_bytes()))


def test_the_good_receipt_is_accepted_and_fits_its_schema():
    data = (VECTORS / "good/receipt.dsse.json").read_bytes()
    receipt = receipts.open_receipt(data, RING, "city", "ea-test-0001")
    assert len(receipt.items) == len(STATEMENTS)
    schema("receipt").validate(strict_json.loads(payload("good/receipt.dsse.json")))


def first_failing_check(data):
    """Which check refuses the envelope, in the order that DSSE and the contract ask for."""
    try:
        opened = dsse.open_envelope(data, RING, {EVIDENCE_TYPE})
    except VerificationError as error:
        text = str(error)
        if text.startswith("payload type"):
            return "type"
        return next((name for name in ("base64", "signature") if text.startswith(name)), "envelope")
    try:
        strict_json.loads(opened.payload)
    except VerificationError:
        return "json"
    try:
        statement = parse(opened.payload)
    except VerificationError:
        return "form"
    with pytest.raises(VerificationError):
        opened_successor(statement, opened)
    return "rotation"


@pytest.mark.parametrize("entry", INDEX["bad"], ids=lambda entry: Path(entry["file"]).name.split(".")[0])
def test_a_tampered_vector_is_refused_by_the_check_it_names(entry):
    assert first_failing_check((VECTORS / entry["file"]).read_bytes()) == entry["check"]


def test_every_check_has_a_vector():
    assert {entry["check"] for entry in INDEX["bad"]} == {
        "envelope",
        "base64",
        "signature",
        "type",
        "json",
        "form",
        "rotation",
    }


@pytest.mark.parametrize("name", ["unknown-field", "no-assumptions", "next-version"])
def test_the_schema_refuses_what_the_code_refuses(name):
    with pytest.raises(ValidationError):
        schema("statement").validate(strict_json.loads(payload(f"bad/{name}.dsse.json")))


def test_the_schema_wants_every_field():
    fields = strict_json.loads(payload("good/composite.dsse.json"))
    validator = schema("statement")
    for key in fields:
        assert not validator.is_valid({k: v for k, v in fields.items() if k != key}), key
    for group in ("chain", "time", "legal", "measurement", "recognition"):
        for key in fields[group]:
            cut = {k: v for k, v in fields[group].items() if k != key}
            assert not validator.is_valid({**fields, group: cut}), f"{group}.{key}"


def test_the_schemas_are_schemas():
    for path in (HERE / "schemas").iterdir():
        Draft202012Validator.check_schema(json.loads(path.read_text(encoding="utf-8")))


# --- AsyncAPI -----------------------------------------------------------------------------------


def refs(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner
            yield from refs(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from refs(inner)


def test_every_reference_of_the_asyncapi_document_leads_somewhere():
    document = yaml.safe_load((HERE / "asyncapi.yaml").read_text(encoding="utf-8"))
    assert document["asyncapi"] == "3.0.0"
    found = list(refs(document))
    assert len(found) > 10
    for ref in found:
        if ref.startswith("#/"):
            node = document
            for step in ref[2:].split("/"):
                node = node[step]
        else:
            assert (HERE / ref).is_file(), ref


def test_the_documented_topics_are_the_ones_that_the_code_reads():
    document = yaml.safe_load((HERE / "asyncapi.yaml").read_text(encoding="utf-8"))
    kinds = set()
    for channel in document["channels"].values():
        topic = channel["address"].format(tenant="city", device="box", sha256="ab" * 32)
        address = parse_topic("ea/v1", topic)
        assert address is not None, topic
        assert topic.count("/") <= 7
        kinds.add(address.kind)
    assert kinds == {"stmt", "att", "head", "state", "rcpt", "cmd"}


# --- another language ---------------------------------------------------------------------------


def node(*paths):
    return subprocess.run(
        ["node", HERE / "verify.mjs", VECTORS / "keys/evidence.pem", *paths],
        capture_output=True,
        text=True,
        check=False,
    )


@NODE
def test_node_accepts_the_good_statements_their_attachments_and_their_chain():
    ran = node(VECTORS / "good")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("4 of 4 attachments here") == 4  # two of a bridge, two of a street
    assert "storefront, 11 of 11 attachments here" in ran.stdout
    for entry in INDEX["good"]:
        if "receipt" not in entry["file"]:
            assert entry["payload_sha256"] in ran.stdout


@NODE
def test_node_refuses_what_is_wrong_with_envelope_signature_or_type():
    wrong = [e for e in INDEX["bad"] if e["check"] not in {"json", "form"}]
    ran = node(*(VECTORS / entry["file"] for entry in wrong))
    assert ran.returncode == 1
    for entry in wrong:
        [line] = [line for line in ran.stdout.splitlines() if entry["file"] in line]
        assert line.startswith("BAD"), line


@NODE
def test_node_sees_a_damaged_attachment_and_a_broken_chain(tmp_path):
    shutil.copytree(VECTORS, tmp_path / "v")
    victim = next(iter((tmp_path / "v" / "attachments").iterdir()))
    victim.write_bytes(b"X" + victim.read_bytes()[1:])
    ran = node(tmp_path / "v" / "good")
    assert ran.returncode == 1
    assert f"attachment {victim.name}: damaged" in ran.stdout


def test_the_node_verifier_needs_no_package():
    text = (HERE / "verify.mjs").read_text(encoding="utf-8")
    assert text.count("import ") == text.count('from "node:')


def test_no_key_of_statements_or_receipts_may_command():
    assert RING.of_type(COMMAND_TYPE) == ()


# --- commands: judged by reason in tests/evidence/test_commands.py --------------------------------


@pytest.mark.parametrize("entry", INDEX["commands"]["good"], ids=lambda entry: Path(entry["file"]).name)
def test_a_good_command_fits_its_schema(entry):
    data = (VECTORS / entry["file"]).read_bytes()
    assert hashlib.sha256(payload(entry["file"])).hexdigest() == entry["payload_sha256"]
    schema("command").validate(strict_json.loads(payload(entry["file"])))
    schema("envelope").validate(json.loads(data))


@pytest.mark.parametrize("name", ["shell", "no-counter"])
def test_the_schema_refuses_the_commands_that_the_code_refuses(name):
    with pytest.raises(ValidationError):
        schema("command").validate(strict_json.loads(payload(f"commands/bad/{name}.dsse.json")))


# --- keys ---------------------------------------------------------------------------------------


def openssl_verifies(golden, tmp_path, *options):
    """With nothing but openssl: the key, what was signed and the signature as the vector has them."""
    (tmp_path / "spki").write_bytes(bytes.fromhex(golden["spki_der"]))
    (tmp_path / "pae").write_bytes(bytes.fromhex(golden["pae_hex"]))
    (tmp_path / "sig").write_bytes(base64.b64decode(golden["sig_b64"]))
    how = "pkeyutl -verify -pubin -keyform DER -inkey spki -rawin -in pae -sigfile sig"
    ran = subprocess.run(
        ["openssl", *how.split(), *options], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    return ran.returncode == 0 and "Signature Verified Successfully" in ran.stdout


OPTIONS = {
    1: (),
    2: ("-digest", "sha256"),
    3: ("-digest", "sm3", "-pkeyopt", "distid:1234567812345678"),
}


@pytest.mark.parametrize("number", OPTIONS)
def test_every_golden_signature_is_verified_by_openssl(number, tmp_path):
    golden = json.loads((VECTORS / f"golden-{number}.json").read_text(encoding="utf-8"))
    assert openssl_verifies(golden, tmp_path, *OPTIONS[number])
    damaged = {**golden, "pae_hex": golden["pae_hex"][:-2] + "00"}
    assert not openssl_verifies(damaged, tmp_path, *OPTIONS[number])


def test_the_sm2_vector_is_good_by_py_gmssl_too_and_its_secret_is_the_one_printed():
    pytest.importorskip("gmssl")
    golden = json.loads((VECTORS / "golden-3.json").read_text(encoding="utf-8"))
    [key] = read_sm2_keys(VECTORS / "keys/sm2.pem")
    message = bytes.fromhex(golden["pae_hex"])
    assert key.verifies(base64.b64decode(golden["sig_b64"]), message)
    secret = Sm2FileKey.of_secret(int(golden["secret"], 16))
    assert secret.public == key
    assert key.verifies(secret.sign(message), message)


def test_the_chain_of_the_vectors_is_followed_from_its_first_key_and_its_authority():
    report = verify(
        open_material(VECTORS / "good"),
        read_public_keys(VECTORS / "keys/evidence.pem"),
        read_public_keys(VECTORS / "keys/receipt.pem"),
        authorities=read_certificates(VECTORS / "keys/ca.pem"),
    )
    assert report.problems == []
    assert report.rotations == 1
    assert any(line.startswith("2 statements: sealed while") for line in report.checked)
