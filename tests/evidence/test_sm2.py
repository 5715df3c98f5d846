"""SM2 as a second signature: both ways with openssl, and never a reason to refuse what the first one says."""

import contextlib
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.errors import EvidenceError, UsageError
from edge_agent.evidence import dsse, sm2
from edge_agent.evidence.dsse import EVIDENCE_TYPE, Signature
from edge_agent.evidence.examples import KEY, Clock, a_case, an_identity, store_settings
from edge_agent.evidence.sm2 import N, Sm2FileKey, Sm2PublicKey, read_sm2_keys
from edge_agent.evidence.store import EvidenceStore
from edge_agent.evidence.verify import verify
from edge_agent.evidence.verify_sources import open_material

pytest.importorskip("gmssl", reason="the extra sm2 is not installed")

SECOND = Sm2FileKey.of_secret(0x1234567890ABCDEF)
SIGNATURE = SECOND.sign(b"data")
DISTID = "-rawin -digest sm3 -pkeyopt distid:1234567812345678"


def openssl(arguments, folder):
    return subprocess.run(
        ["openssl", *arguments.split()], cwd=folder, capture_output=True, text=True, check=False
    ).returncode


@pytest.fixture
def made(tmp_path):
    """A key as openssl makes it."""
    assert openssl("genpkey -algorithm SM2 -out sm2.pem", tmp_path) == 0
    assert openssl("pkey -in sm2.pem -pubout -out public.pem", tmp_path) == 0
    (tmp_path / "sm2.pem").chmod(0o600)
    (tmp_path / "data").write_bytes(b"data" * 5000)
    return tmp_path


def test_openssl_verifies_what_we_sign(made):
    key = Sm2FileKey.load(made / "sm2.pem")
    (made / "sig").write_bytes(key.sign((made / "data").read_bytes()))
    check = f"pkeyutl -verify -pubin -inkey public.pem -in data -sigfile sig {DISTID}"
    assert openssl(check, made) == 0
    (made / "data").write_bytes(b"date" * 5000)
    assert openssl(check, made) != 0


def test_we_verify_what_openssl_signs(made):
    [public] = read_sm2_keys(made / "public.pem")
    assert openssl(f"pkeyutl -sign -inkey sm2.pem -in data -out sig {DISTID}", made) == 0
    signature, data = (made / "sig").read_bytes(), (made / "data").read_bytes()
    assert public == Sm2FileKey.load(made / "sm2.pem").public
    assert public.verifies(signature, data)
    assert not public.verifies(signature, data + b".")


def test_openssl_s_empty_signer_id_is_another_signature(made):
    """Before OpenSSL 4 the default id is empty: whoever leaves `distid` out signs something else."""
    [public] = read_sm2_keys(made / "public.pem")
    assert openssl("pkeyutl -sign -inkey sm2.pem -in data -out sig -rawin -digest sm3", made) == 0
    assert not public.verifies((made / "sig").read_bytes(), (made / "data").read_bytes())


@pytest.mark.parametrize("first", ["04", "40", "00", "44"])
def test_a_key_whose_numbers_begin_with_zeros_and_fours_is_whole(first):
    """py-gmssl's own constructor strips them."""
    secret = next(n for n in range(1, 10_000) if Sm2FileKey.of_secret(n).public.point.hex()[:2] == first)
    key = Sm2FileKey.of_secret(secret)
    assert key.public.verifies(key.sign(b"x"), b"x")


def test_no_two_signatures_have_the_same_nonce():
    r = {decode_dss_signature(SECOND.sign(b"data"))[0] for _ in range(20)}
    assert len(r) == 20


@given(st.binary(max_size=100))
def test_no_other_bytes_are_a_signature(junk):
    assert not SECOND.public.verifies(junk, b"data")


@given(st.sampled_from([0, 1, N - 1, N, N + 1, 2 * N]), st.sampled_from([0, 1, N - 1, N, N + 1, 2 * N]))
@settings(deadline=None)
def test_numbers_at_the_edges_are_no_signature(r, s):
    assert not SECOND.public.verifies(encode_dss_signature(r, s), b"data")


def test_numbers_beyond_the_order_are_no_second_form_of_a_signature():
    r, s = decode_dss_signature(SIGNATURE)
    assert SECOND.public.verifies(SIGNATURE, b"data")
    for other in ((r + N, s), (r, s + N), (r, N - s)):
        assert not SECOND.public.verifies(encode_dss_signature(*other), b"data")


@given(st.data())
@settings(deadline=None)
def test_a_damaged_public_key_is_refused_or_another_key(data):
    spki = bytearray(SECOND.public.spki)
    bit = data.draw(st.integers(0, len(spki) * 8 - 1))
    spki[bit // 8] ^= 1 << bit % 8
    with contextlib.suppress(UsageError):
        assert not Sm2PublicKey.from_spki(bytes(spki)).verifies(SIGNATURE, b"data")


@given(st.binary(max_size=200))
def test_any_file_is_a_key_or_refused(tmp_path_factory, junk):
    path = tmp_path_factory.mktemp("sm2") / "k.pem"
    path.write_bytes(b"-----BEGIN PRIVATE KEY-----\n" + junk + b"\n-----END PRIVATE KEY-----\n")
    path.chmod(0o600)
    with pytest.raises(EvidenceError):
        Sm2FileKey.load(path)
    path.write_bytes(b"-----BEGIN PUBLIC KEY-----\n" + junk + b"\n-----END PUBLIC KEY-----\n")
    with pytest.raises(UsageError):
        read_sm2_keys(path)


def test_a_key_that_others_can_read_is_refused(made):
    (made / "sm2.pem").chmod(0o640)
    with pytest.raises(EvidenceError, match="lets others use it"):
        Sm2FileKey.load(made / "sm2.pem")


def test_no_secret_shows_in_what_a_key_says_of_itself():
    assert "1234567890abcdef" not in repr(SECOND).lower()


# --- beside the first signature ------------------------------------------------------------------


@pytest.fixture
def sealed(tmp_path):
    settings = store_settings(tmp_path / "box")
    with EvidenceStore.open(settings, KEY, an_identity(), cosigners=[SECOND], utc_us=Clock()) as store:
        store.seal(*a_case())
    return open_material(tmp_path / "box")


def test_every_statement_has_both_signatures_and_both_are_checked(sealed):
    assert [len(dsse.decode(item.envelope)[2]) for item in sealed.items] == [2, 2]
    report = verify(sealed, [KEY.public], sm2_keys=[SECOND.public])
    assert report.problems == []
    assert "2 second signatures: SM2 with SM3, in software" in report.checked


def test_a_verifier_without_the_key_or_the_extra_says_that_it_did_not_check(sealed, monkeypatch):
    report = verify(sealed, [KEY.public])
    assert report.problems == []
    assert any(
        line.startswith("2 second signatures of keys that are not known") for line in report.not_checked
    )
    monkeypatch.setattr(sm2, "available", lambda: False)
    report = verify(sealed, [KEY.public], sm2_keys=[SECOND.public])
    assert report.problems == []
    assert any("the extra is not installed" in line for line in report.not_checked)
    assert not any("SM2" in line for line in report.checked)


def test_a_bad_second_signature_of_a_known_key_is_a_problem(sealed):
    item = sealed.items[0]
    _, payload, (first, second) = dsse.decode(item.envelope)
    bad = Signature(second.keyid, SIGNATURE)
    sealed.items = [type(item)("x", dsse.envelope(EVIDENCE_TYPE, payload, [first, bad]))]
    report = verify(sealed, [KEY.public], sm2_keys=[SECOND.public])
    assert [what for _, what in report.problems] == [
        f"its SM2 signature by key {SECOND.keyid:.16} is not good"
    ]


def test_sm2_alone_makes_no_statement_good(sealed):
    item = sealed.items[0]
    _, payload, (_, second) = dsse.decode(item.envelope)
    sealed.items = [type(item)("x", dsse.envelope(EVIDENCE_TYPE, payload, [second]))]
    report = verify(sealed, [KEY.public], sm2_keys=[SECOND.public])
    assert [what for _, what in report.problems] == ["signature: no trusted key made it"]
