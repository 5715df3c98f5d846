"""The evidence key in a token: a real SoftHSM2 in a folder of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pkcs11", reason="the extra pkcs11 is not installed")

from cryptography import x509

from edge_agent.errors import EvidenceError, KeyFault, StoreFault, UsageError
from edge_agent.evidence.enrolment import request
from edge_agent.evidence.examples import Clock, a_case, an_identity, store_settings
from edge_agent.evidence.key_places import open_keys, prepare_successor
from edge_agent.evidence.keys import P256
from edge_agent.evidence.pkcs11_key import TokenPlace
from edge_agent.evidence.settings import KeySettings, Pkcs11Settings
from edge_agent.evidence.store import EvidenceStore
from edge_agent.evidence.verify import verify
from edge_agent.evidence.verify_sources import open_material

MODULES = [
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    *Path("/usr/lib").glob("*/softhsm/libsofthsm2.so"),
]
MODULE = next((path for path in MODULES if path.exists()), None)
PIN = "9876543210"

pytestmark = pytest.mark.skipif(MODULE is None, reason="softhsm2 is not installed")


@pytest.fixture(scope="module")
def hsm(tmp_path_factory):
    """SoftHSM reads its configuration once a process, so all tests here share its folder."""
    folder = tmp_path_factory.mktemp("hsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    yield folder
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


@pytest.fixture(scope="module")
def initialised(hsm):
    subprocess.run(
        f"softhsm2-util --init-token --free --label box --so-pin 12345678 --pin {PIN}".split(),
        check=True,
        capture_output=True,
    )
    (hsm / "pin").write_text(f"{PIN}\n")
    (hsm / "pin").chmod(0o600)
    return hsm


def settings_of(folder, label, **other):
    fields = {"module": MODULE, "token": "box", "label": label, "pin_file": folder / "pin", **other}
    return Pkcs11Settings.model_validate(fields)


@pytest.fixture
def place(initialised, request):
    """A key label of its own for each test."""
    return TokenPlace(settings_of(initialised, request.node.name.replace("[", "-").strip("]")[:60]))


def test_the_first_key_is_made_in_the_token_and_found_again(place):
    assert place.current() is None
    key, successor = open_keys(place)
    assert successor is None
    assert key.public.algorithm == P256
    assert key.public.verifies(key.sign(b"data"), b"data")
    assert open_keys(place)[0].keyid == key.keyid


def test_it_never_leaves_the_token(place):
    from pkcs11 import Attribute, ObjectClass  # noqa: PLC0415 - an extra
    from pkcs11.exceptions import AttributeSensitive  # noqa: PLC0415

    key = place.generate()
    [held] = place._objects(ObjectClass.PRIVATE_KEY, {Attribute.LABEL: place._settings.label})
    assert held[Attribute.EXTRACTABLE] is False
    assert held[Attribute.SENSITIVE] is True
    assert held[Attribute.NEVER_EXTRACTABLE] is True
    with pytest.raises(AttributeSensitive):
        _ = held[Attribute.VALUE]
    for forbidden in (key.private.private_numbers, key.private.private_bytes, key.private.exchange):
        with pytest.raises(EvidenceError, match="stays in the token"):
            forbidden()


def test_a_key_is_never_overwritten(place):
    place.generate()
    with pytest.raises(UsageError, match="never overwritten"):
        place.generate()


def test_a_certificate_request_is_signed_in_the_token(place):
    made = x509.load_pem_x509_csr(request(place.generate().private, "ea-test-0001", "city"))
    assert made.is_signature_valid
    assert made.subject.rfc4514_string() == "CN=ea-test-0001,O=city"


def test_a_key_that_could_be_taken_out_is_refused(place):
    from pkcs11 import Attribute, KeyType, Mechanism  # noqa: PLC0415 - an extra
    from pkcs11.util.ec import encode_named_curve_parameters  # noqa: PLC0415

    curve = place._open().create_domain_parameters(
        KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}, local=True
    )
    curve.generate_keypair(
        label=place._settings.label,
        id=b"loose",
        store=True,
        mechanism=Mechanism.EC_KEY_PAIR_GEN,
        private_template={Attribute.EXTRACTABLE: True, Attribute.SENSITIVE: False},
    )
    with pytest.raises(EvidenceError, match="can be taken out"):
        place.current()


def test_another_curve_is_refused(place):
    from pkcs11 import Attribute, KeyType, Mechanism  # noqa: PLC0415 - an extra
    from pkcs11.util.ec import encode_named_curve_parameters  # noqa: PLC0415

    curve = place._open().create_domain_parameters(
        KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters("secp384r1")}, local=True
    )
    curve.generate_keypair(
        label=place._settings.label, id=b"384", store=True, mechanism=Mechanism.EC_KEY_PAIR_GEN
    )
    with pytest.raises(EvidenceError, match="only Ed25519 and P-256"):
        place.current()


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"token": "nowhere"}, "No token matching"),
        ({"module": Path("/nowhere/lib.so")}, "cannot open shared object"),
        ({"pin_file": Path("/nowhere/pin")}, "No such file"),
    ],
)
def test_what_is_not_there_is_named(initialised, other, why):
    with pytest.raises(EvidenceError, match=why):
        TokenPlace(settings_of(initialised, "x", **other)).current()


def test_a_wrong_pin_is_named_and_never_shown(initialised, tmp_path):
    """In a process of its own: a session that is open in this one would let it in."""
    (tmp_path / "pin").write_text("wrong-pin-4711")
    (tmp_path / "pin").chmod(0o600)
    chosen = settings_of(initialised, "x", pin_file=tmp_path / "pin")
    code = (
        "from edge_agent.evidence.pkcs11_key import TokenPlace\n"
        "from edge_agent.evidence.settings import Pkcs11Settings\n"
        f"TokenPlace(Pkcs11Settings.model_validate_json({chosen.model_dump_json()!r})).current()"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode != 0
    assert "pin incorrect" in ran.stderr
    assert "4711" not in ran.stderr


def test_a_pin_that_others_can_read_is_refused(initialised, tmp_path):
    (tmp_path / "pin").write_text(PIN)
    (tmp_path / "pin").chmod(0o644)
    with pytest.raises(EvidenceError, match="lets others use it"):
        TokenPlace(settings_of(initialised, "x", pin_file=tmp_path / "pin")).current()


def test_one_place_for_the_pin_and_for_the_key():
    with pytest.raises(ValueError, match="pin_file or pin_credential"):
        Pkcs11Settings.model_validate({"module": "/m", "token": "t"})
    token = {"module": "/m", "token": "t", "pin_credential": "pin"}
    with pytest.raises(ValueError, match="in one place"):
        KeySettings.model_validate({"key_credential": "k", "pkcs11": token})


def a_box(folder, place):
    key, successor = open_keys(place)
    store = EvidenceStore.open(
        store_settings(folder), key, an_identity(), successor=successor, utc_us=Clock()
    )
    if successor is not None:
        place.settle()
    return store


def test_a_box_seals_and_rotates_with_keys_in_the_token(place, tmp_path):
    with a_box(tmp_path / "box", place) as store:
        first = place.current().public
        store.seal(*a_case(1))
    second = prepare_successor(place).keyid
    with a_box(tmp_path / "box", place) as store:
        store.seal(*a_case(2))
        assert store.keyid == second
    assert (place.current().keyid, place.successor()) == (second, None)
    report = verify(open_material(tmp_path / "box"), [first])
    assert (report.problems, report.rotations, report.statements) == ([], 1, 4)


@pytest.mark.parametrize("renames", [0, 1, 2, 3])
def test_a_crash_while_labels_move_is_mended_by_the_next_start(place, tmp_path, monkeypatch, renames):
    """Four labels move, a public and a private one for each key; the process dies before one of them."""
    from pkcs11 import Attribute, ObjectClass  # noqa: PLC0415 - an extra

    with a_box(tmp_path / "box", place):
        old = place.current()
    new = prepare_successor(place).keyid
    label = place._settings.label
    moves = [(ObjectClass.PUBLIC_KEY, label), (ObjectClass.PRIVATE_KEY, label)]
    moves += [(kind, f"{label}-next") for kind, _ in moves]
    targets = [f"{label}-{old.keyid:.8}"] * 2 + [label] * 2
    key, successor = open_keys(place)
    EvidenceStore.open(
        store_settings(tmp_path / "box"), key, an_identity(), successor=successor, utc_us=Clock()
    ).close()
    for (kind, at), target in list(zip(moves, targets, strict=True))[:renames]:
        [found] = place._objects(kind, {Attribute.LABEL: at})
        found[Attribute.LABEL] = target
    with a_box(tmp_path / "box", place) as store:
        store.heartbeat()
        assert store.keyid == new
    assert (place.current().keyid, place.successor()) == (new, None)
    report = verify(open_material(tmp_path / "box"), [old.public])
    assert (report.problems, report.rotations) == ([], 1)


def test_a_token_that_goes_away_stops_the_store(place, tmp_path):
    store = a_box(tmp_path / "box", place)
    place._session.close()
    with pytest.raises(KeyFault, match="nothing can be sealed"):
        store.seal(*a_case(1))
    with pytest.raises(StoreFault):
        store.heartbeat()
    store.close()
