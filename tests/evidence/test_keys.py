import hashlib
import os
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from edge_agent.errors import EvidenceError, UsageError
from edge_agent.evidence.keys import FileKey, KeyRing, PublicKey, load_or_generate, read_public_keys


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


def test_a_foreign_kind_of_key_is_named(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    path = tmp_path / "p256.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    with pytest.raises(EvidenceError, match="only Ed25519"):
        FileKey.load(path)
    with pytest.raises(UsageError, match="only Ed25519"):
        PublicKey.from_pem(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


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
