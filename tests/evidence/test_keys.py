import contextlib
import hashlib
import os
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.errors import EvidenceError, UsageError
from edge_agent.evidence.examples import KEY
from edge_agent.evidence.keys import (
    P256,
    FileKey,
    KeyRing,
    PublicKey,
    credential,
    load_or_generate,
    read_public_keys,
)

P256_KEY = FileKey(ec.generate_private_key(ec.SECP256R1()))
P256_SIGNATURE = P256_KEY.sign(b"data")
SM2_PUBLIC = b"""-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoEcz1UBgi0DQgAEu9x3zlwpw63MlLLfLdZ3h8v1DwPp
HYSZBwT+eT2YfnRzbLgdRw4jD2I6OHCWm2HN6f1aWjqxm44X2gzfQQszxA==
-----END PUBLIC KEY-----
"""


def openssl(arguments, folder):
    ran = subprocess.run(
        ["openssl", *arguments.split()], cwd=folder, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_a_made_key_is_its_owners_alone_and_loads_again(tmp_path):
    made = FileKey.generate(tmp_path / "keys" / "evidence.pem")
    path = tmp_path / "keys" / "evidence.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    again = FileKey.load(path)
    assert again.keyid == made.keyid
    assert made.public.verifies(again.sign(b"x"), b"x")


def test_the_key_id_is_the_digest_of_the_public_key(tmp_path):
    key = FileKey.generate(tmp_path / "k.pem")
    assert key.keyid == hashlib.sha256(key.public.spki).hexdigest()
    der = subprocess.run(
        ["openssl", "pkey", "-in", tmp_path / "k.pem", "-pubout", "-outform", "DER"],
        capture_output=True,
        check=True,
    ).stdout
    assert der == key.public.spki


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o700])
def test_a_key_that_others_can_use_is_refused(tmp_path, mode):
    FileKey.generate(tmp_path / "k.pem")
    (tmp_path / "k.pem").chmod(mode)
    with pytest.raises(EvidenceError, match="chmod 600"):
        FileKey.load(tmp_path / "k.pem")


def test_a_read_only_key_is_good(tmp_path):
    FileKey.generate(tmp_path / "k.pem")
    (tmp_path / "k.pem").chmod(0o400)
    assert FileKey.load(tmp_path / "k.pem")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_somebody_elses_key_is_refused(tmp_path):
    FileKey.generate(tmp_path / "k.pem")
    os.chown(tmp_path / "k.pem", 12345, -1)
    with pytest.raises(EvidenceError, match="belongs to uid 12345"):
        FileKey.load(tmp_path / "k.pem")


def test_a_link_to_a_key_is_refused(tmp_path):
    FileKey.generate(tmp_path / "k.pem")
    (tmp_path / "link.pem").symlink_to(tmp_path / "k.pem")
    with pytest.raises(EvidenceError):
        FileKey.load(tmp_path / "link.pem")


def test_a_key_is_never_overwritten(tmp_path):
    first = load_or_generate(tmp_path / "k.pem")
    with pytest.raises(UsageError, match="never overwritten"):
        FileKey.generate(tmp_path / "k.pem")
    assert load_or_generate(tmp_path / "k.pem").keyid == first.keyid


def test_no_private_key_shows_in_what_a_key_says_of_itself(tmp_path):
    key = FileKey.from_seed(bytes(range(32)))
    for text in (repr(key), str(key), repr(KeyRing({"t": [key.public]}))):
        assert key.keyid in text
        assert bytes(range(32)).hex() not in text


FOREIGN = {
    "secp384r1": lambda: ec.generate_private_key(ec.SECP384R1()),
    "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
    "Ed448": ed448.Ed448PrivateKey.generate,
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_foreign_kind_of_key_is_named(tmp_path, kind):
    key = FOREIGN[kind]()
    path = tmp_path / "foreign.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    public = key.public_key()
    with pytest.raises(EvidenceError, match=f"only Ed25519 and P-256 keys are known, this is .*{kind}"):
        FileKey.load(path)
    with pytest.raises(UsageError, match="only Ed25519 and P-256"):
        PublicKey.from_pem(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(UsageError, match="only Ed25519 and P-256"):
        PublicKey.from_spki(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def test_an_sm2_key_is_no_key_for_the_first_signature(tmp_path):
    with pytest.raises(UsageError, match="not a public key"):
        PublicKey.from_pem(SM2_PUBLIC)


def test_a_p256_key_signs_as_openssl_does(tmp_path):
    key = FileKey.generate(tmp_path / "p256.pem", P256)
    (tmp_path / "public.pem").write_bytes(key.public.pem)
    (tmp_path / "data").write_bytes(b"data")
    (tmp_path / "sig").write_bytes(key.sign(b"data"))
    assert FileKey.load(tmp_path / "p256.pem").keyid == key.keyid
    assert key.public.algorithm == P256
    openssl("dgst -sha256 -verify public.pem -signature sig data", tmp_path)
    openssl("dgst -sha256 -sign p256.pem -out sig data", tmp_path)
    assert key.public.verifies((tmp_path / "sig").read_bytes(), b"data")
    assert not key.public.verifies((tmp_path / "sig").read_bytes(), b"dato")


def test_the_other_signature_of_the_same_numbers_verifies_too_and_changes_nothing(tmp_path):
    """(r, n - s) is as good as (r, s): that is why a statement is known by its payload's digest."""
    key = FileKey.generate(tmp_path / "p256.pem", P256)
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    r, s = decode_dss_signature(key.sign(b"data"))
    assert key.public.verifies(encode_dss_signature(r, order - s), b"data")


@given(st.binary(max_size=80))
def test_no_bytes_but_a_der_signature_are_one(junk):
    assert not P256_KEY.public.verifies(junk, b"data")
    assert not KEY.public.verifies(junk, b"data")


@given(st.integers(0, 2**260), st.integers(0, 2**260))
def test_no_numbers_but_the_key_s_own_are_a_signature(r, s):
    assert not P256_KEY.public.verifies(encode_dss_signature(r, s), b"data")


@given(st.data())
def test_a_bit_of_a_signature_or_of_its_der_form_cannot_be_changed(data):
    signature = bytearray(P256_SIGNATURE)
    bit = data.draw(st.integers(0, len(signature) * 8 - 1))
    signature[bit // 8] ^= 1 << bit % 8
    assert not P256_KEY.public.verifies(bytes(signature), b"data")


@given(st.data(), st.sampled_from(["ed25519", "p256"]))
def test_a_damaged_public_key_is_another_key_or_none(data, kind):
    spki = {"ed25519": KEY, "p256": P256_KEY}[kind].public.spki
    bit = data.draw(st.integers(0, len(spki) * 8 - 1))
    damaged = bytearray(spki)
    damaged[bit // 8] ^= 1 << bit % 8
    with contextlib.suppress(UsageError):
        assert PublicKey.from_spki(bytes(damaged)).spki == bytes(damaged)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_public_key_or_refused(junk):
    for read in (PublicKey.from_spki, PublicKey.from_pem):
        with contextlib.suppress(UsageError):
            read(junk)


def test_a_compressed_point_is_not_the_one_form_of_a_key():
    point = P256_KEY.public.spki[-64:]
    compressed = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
    compressed += bytes([2 + point[-1] % 2]) + point[:32]
    with pytest.raises(UsageError, match="not the one DER form"):
        PublicKey.from_spki(compressed)


# --- systemd credentials ------------------------------------------------------------------------


@pytest.fixture
def credentials(tmp_path, monkeypatch):
    folder = tmp_path / "credentials"
    folder.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    FileKey.generate(folder / "evidence-key")
    return folder


@pytest.mark.parametrize("mode", [0o400, 0o440])  # by owner, or by an ACL, whose mask stat shows
def test_a_credential_as_systemd_writes_it_is_good(credentials, mode):
    (credentials / "evidence-key").chmod(mode)
    assert FileKey.load(credential("evidence-key"))


@pytest.mark.parametrize("mode", [0o404, 0o420, 0o644, 0o460])
def test_a_credential_as_systemd_never_writes_it_is_refused(credentials, mode):
    (credentials / "evidence-key").chmod(mode)
    with pytest.raises(EvidenceError, match="lets others use it"):
        FileKey.load(credential("evidence-key"))


def test_the_mode_of_a_credential_is_good_for_nothing_else(credentials, tmp_path):
    FileKey.generate(tmp_path / "k.pem")
    (tmp_path / "k.pem").chmod(0o440)
    with pytest.raises(EvidenceError, match="lets others use it"):
        FileKey.load(tmp_path / "k.pem")


def test_outside_a_service_there_are_no_credentials(monkeypatch):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(EvidenceError, match="LoadCredential=evidence-key"):
        credential("evidence-key")


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_file_that_is_no_key_is_refused(tmp_path, content):
    path = tmp_path / "k.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(EvidenceError, match="private key"):
        FileKey.load(path)
    with pytest.raises(UsageError, match="public key"):
        read_public_keys(path)


def test_a_missing_key_is_named(tmp_path):
    with pytest.raises(EvidenceError, match=r"nowhere\.pem"):
        FileKey.load(tmp_path / "nowhere.pem")
    with pytest.raises(UsageError, match=r"nowhere\.pem"):
        read_public_keys(tmp_path / "nowhere.pem")


def test_several_public_keys_in_a_file_keep_their_order(tmp_path):
    keys = [FileKey.from_seed(bytes([n] * 32)).public for n in range(3)]
    (tmp_path / "keys.pem").write_bytes(b"# oldest first\n" + b"\n".join(k.pem for k in keys))
    assert read_public_keys(tmp_path / "keys.pem") == tuple(keys)
