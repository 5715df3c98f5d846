"""Certificates of the box's keys: what is installed, what statements say of them, what a verifier asks."""

import contextlib
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.records import UseClass
from edge_agent.demo.pki import Authority
from edge_agent.errors import UsageError, VerificationError
from edge_agent.evidence import dsse
from edge_agent.evidence.certificates import (
    KeyCertificate,
    certificate_of_ders,
    certificates_of_pem,
    check_issued,
    key_certificate,
    read_certificates,
)
from edge_agent.evidence.enrolment import Purpose, install, installed_certificates, request
from edge_agent.evidence.examples import BASE_UTC, KEY, Clock, a_case, an_identity, store_settings
from edge_agent.evidence.keys import FileKey
from edge_agent.evidence.statement import Kind, parse
from edge_agent.evidence.store import EvidenceStore
from edge_agent.evidence.verify import verify
from edge_agent.evidence.verify_sources import open_material

NOW = datetime.fromtimestamp(BASE_UTC / 1e9, UTC)
NOW_US = BASE_UTC // 1000
DAY = timedelta(days=1)
NEW = FileKey.from_seed(b"n" * 32)


@pytest.fixture
def authority(tmp_path):
    """Its own certificate is valid today; the moment that counts is given to it."""
    made = Authority.__new__(Authority)
    made._key = ec.generate_private_key(ec.SECP256R1())
    made._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test authority")])
    return made


def an_authority(authority, **constraints):
    """Of an authority that is valid for ten years around the moment that counts."""
    return a_certificate(
        authority._name,
        authority._key.public_key(),
        authority._name,
        authority._key,
        **{"ca": True, "days": 3650, **constraints},
    )


def a_certificate(subject, public, issuer, key, *, ca, days=365, path_length=None, usage=None):
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - days * DAY)
        .not_valid_after(NOW + days * DAY)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), critical=True)
    )
    if usage is not None:
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(key, None if isinstance(key, Ed25519PrivateKey) else SHA256())


def a_name(common):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])


def issued(authority, key=KEY, begin=NOW - 30 * DAY, end=NOW + 30 * DAY, cn="ea-test-0001"):
    pem = authority.certify(request(key.private, cn, "city"), begin, end)
    return key_certificate(certificates_of_pem(pem))


def a_box(folder, *certificates, key=KEY, utc_us=None, **other):
    identity = an_identity(device_certificates={one.keyid: one for one in certificates})
    return EvidenceStore.open(store_settings(folder), key, identity, utc_us=utc_us or Clock(), **other)


def statements(store):
    return [parse(dsse.decode(store.packet(seq).envelope)[1]) for seq in store.seqs()]


# --- what is sealed -----------------------------------------------------------------------------


def test_the_certificate_is_named_by_every_statement_and_told_once(authority, tmp_path):
    held = issued(authority)
    with a_box(tmp_path, held) as store:
        store.seal(*a_case(1))
    with a_box(tmp_path, held) as store:
        store.seal(*a_case(2))
        found = statements(store)
    assert {statement.cert_sha256 for statement in found} == {held.sha256}
    assert [statement.kind for statement in found] == [
        Kind.GENESIS,
        Kind.CERTIFICATE,
        Kind.COMPOSITE,
        Kind.COMPOSITE,
    ]
    assert found[1].record.cert_sha256 == held.sha256
    assert found[2].legal.use_class is UseClass.ENFORCEMENT


def test_a_box_without_a_certificate_names_none(tmp_path):
    with a_box(tmp_path) as store:
        store.seal(*a_case(1))
        assert [statement.cert_sha256 for statement in statements(store)] == ["", ""]


def test_a_new_certificate_is_told_when_it_comes_into_use(authority, tmp_path):
    first, second = issued(authority), issued(authority, end=NOW + 300 * DAY)
    with a_box(tmp_path, first):
        pass
    with a_box(tmp_path, second) as store:
        told = [s.record.cert_sha256 for s in statements(store) if s.kind is Kind.CERTIFICATE]
    assert told == [first.sha256, second.sha256]


def test_after_a_rotation_the_new_key_s_certificate_is_named(authority, tmp_path):
    mine, next_one = issued(authority), issued(authority, NEW)
    with a_box(tmp_path, mine, next_one, successor=NEW) as store:
        store.seal(*a_case(1))
        found = statements(store)
    assert [s.kind for s in found] == [Kind.GENESIS, Kind.KEY_ROTATION, Kind.CERTIFICATE, Kind.COMPOSITE]
    assert [s.cert_sha256 for s in found] == [mine.sha256] * 2 + [next_one.sha256] * 2


@pytest.mark.parametrize(
    ("begin", "end", "reason"),
    [
        (NOW - 30 * DAY, NOW - DAY, "evidence_certificate_expired"),
        (NOW + DAY, NOW + 30 * DAY, "evidence_certificate_not_yet_valid"),
    ],
)
def test_outside_its_validity_statements_go_on_as_reference_and_the_incident_is_told_once(
    authority, tmp_path, begin, end, reason
):
    held = issued(authority, begin=begin, end=end)
    for number in (1, 2):
        with a_box(tmp_path, held) as store:
            store.seal(*a_case(number))
            found = statements(store)
    cases = [s for s in found if s.legal]
    assert [(s.legal.use_class, s.legal.reasons) for s in cases] == [(UseClass.REFERENCE, [reason])] * 2
    told = [s.record for s in found if s.kind is Kind.INCIDENT]
    assert [(record.what, record.subject) for record in told] == [(reason, held.sha256)]


def test_a_certificate_that_expires_while_the_box_runs_is_noticed(authority, tmp_path):
    clock = Clock()
    with a_box(tmp_path, issued(authority, end=NOW + DAY), utc_us=clock) as store:
        store.seal(*a_case(1))
        clock.ahead_us = 2 * 86_400_000_000
        store.heartbeat()
        store.seal(*a_case(2))
        found = statements(store)
    assert [s.legal.use_class for s in found if s.legal] == [UseClass.ENFORCEMENT, UseClass.REFERENCE]
    kinds = [s.kind for s in found[2:]]
    assert kinds == [Kind.COMPOSITE, Kind.INCIDENT, Kind.HEARTBEAT, Kind.COMPOSITE]


# --- what a verifier asks ------------------------------------------------------------------------


def report_of(folder, *authorities, keys=(KEY.public,)):
    return verify(open_material(folder), keys, authorities=authorities)


def test_a_verifier_goes_by_the_time_of_sealing_and_not_by_now(authority, tmp_path):
    """In 2126 as well: the certificate was valid when the statements were sealed."""
    ca = an_authority(authority)
    with a_box(tmp_path, issued(authority)) as store:
        store.seal(*a_case(1))
    report = report_of(tmp_path, ca)
    assert report.problems == []
    assert any(line.startswith("3 statements: sealed while") for line in report.checked)


def test_what_was_sealed_outside_and_says_so_is_not_bad(authority, tmp_path):
    with a_box(tmp_path, issued(authority, end=NOW - DAY)) as store:
        store.seal(*a_case(1))
    report = report_of(tmp_path, an_authority(authority))
    assert report.problems == []
    assert any("sealed outside their certificate's validity" in line for line in report.not_checked)


def test_what_was_sealed_outside_and_claims_enforcement_is_bad(authority, tmp_path, monkeypatch):
    late = issued(authority, end=NOW - DAY)
    with a_box(tmp_path, late) as store, monkeypatch.context() as lying:
        lying.setattr(KeyCertificate, "problem_at", lambda *_: "")
        store.seal(*a_case(1))
    problems = report_of(tmp_path, an_authority(authority)).problems
    assert ["claims use class enforcement" in what for _, what in problems] == [True]


def test_another_authority_s_certificate_is_bad(authority, tmp_path):
    stranger = ec.generate_private_key(ec.SECP256R1())
    same_name = a_certificate(authority._name, stranger.public_key(), authority._name, stranger, ca=True)
    with a_box(tmp_path, issued(authority)):
        pass
    problems = report_of(tmp_path, same_name).problems
    assert all("none of the trusted authorities" in what for _, what in problems)
    assert problems


def test_without_an_authority_certificates_are_said_to_be_unchecked(authority, tmp_path):
    with a_box(tmp_path, issued(authority)):
        pass
    assert "certificates of the keys: give the authority's with --ca" in report_of(tmp_path).not_checked


def test_statements_that_name_none_are_counted(authority, tmp_path):
    with a_box(tmp_path):
        pass
    report = report_of(tmp_path, an_authority(authority))
    assert "certificates of 1 statements: they name no certificate" in report.not_checked


# --- the chain to the authority -------------------------------------------------------------------

KEY_USAGE = dict.fromkeys(
    [
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ],
    False,
)


def test_an_authority_between_is_followed_and_bounded(authority):
    between = Ed25519PrivateKey.generate()
    middle_name = a_name("between")
    middle = a_certificate(middle_name, between.public_key(), authority._name, authority._key, ca=True)
    leaf = a_certificate(a_name("box"), KEY.private.public_key(), middle_name, between, ca=False)
    root = an_authority(authority)
    check_issued(KeyCertificate((leaf, middle)), [root], NOW_US)
    with pytest.raises(VerificationError, match="none of the trusted"):
        check_issued(KeyCertificate((leaf,)), [root], NOW_US)
    with pytest.raises(VerificationError, match="may not issue for an authority below"):
        check_issued(KeyCertificate((leaf, middle)), [an_authority(authority, path_length=0)], NOW_US)


@pytest.mark.parametrize(
    ("constraints", "why"),
    [
        ({"ca": False}, "may not issue"),
        ({"usage": x509.KeyUsage(**{**KEY_USAGE, "digital_signature": True})}, "may not issue"),
        ({"days": -1}, "not valid at"),
    ],
)
def test_who_may_not_issue_is_no_authority(authority, constraints, why):
    if constraints.get("days") == -1:
        root = an_authority(authority)
        with pytest.raises(VerificationError, match=why):
            check_issued(issued(authority, end=NOW + 8000 * DAY), [root], NOW_US + 7000 * 86_400_000_000)
        return
    with pytest.raises(VerificationError, match=why):
        check_issued(issued(authority), [an_authority(authority, **constraints)], NOW_US)


def test_a_box_s_own_certificate_issues_nothing(authority):
    """Whoever has one box's key must not be able to make another box."""
    mine = issued(authority)
    forged = a_certificate(
        a_name("other"), NEW.private.public_key(), mine.leaf.subject, KEY.private, ca=False
    )
    with pytest.raises(VerificationError, match="may not issue"):
        check_issued(KeyCertificate((forged, mine.leaf)), [an_authority(authority)], NOW_US)


# --- installing -----------------------------------------------------------------------------------


@pytest.fixture
def purposes(tmp_path):
    return [
        Purpose("evidence", KEY.keyid, "ea-test-0001", tmp_path / "keys" / "evidence.crt"),
        Purpose("tls", NEW.keyid, "client-1", tmp_path / "keys" / "tls.crt"),
    ]


def written(tmp_path, certificate):
    path = tmp_path / "in.pem"
    path.write_bytes(certificate.leaf.public_bytes(Encoding.PEM))
    return path


def test_a_certificate_finds_the_key_that_it_is_for(authority, tmp_path, purposes):
    for key, cn, name in ((KEY, "ea-test-0001", "evidence"), (NEW, "client-1", "tls")):
        given = issued(authority, key, cn=cn)
        found = install(written(tmp_path, given), purposes, [an_authority(authority)], NOW_US)
        assert found.name == name
        assert read_certificates(found.path) == given.chain
        assert found.path.stat().st_mode & 0o777 == 0o644
    assert sorted(p.name for p in (tmp_path / "keys").iterdir()) == ["evidence.crt", "tls.crt"]


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda a: issued(a, FileKey.from_seed(b"x" * 32)), "none of ours .*make a new request"),
        (lambda a: issued(a, end=NOW - DAY), "expired on .*make a new request"),
        (lambda a: issued(a, begin=NOW + DAY), "set the clock"),
        (lambda a: issued(a, cn="another-box"), "common name is 'another-box'.*needs 'ea-test-0001'"),
        (lambda a: issued(a, NEW, cn="ea-test-0001"), "the tls key of this box needs 'client-1'"),
    ],
)
def test_a_certificate_that_does_not_fit_is_not_installed_and_what_to_do_is_said(
    authority, tmp_path, purposes, make, why
):
    with pytest.raises(UsageError, match=why):
        install(written(tmp_path, make(authority)), purposes, [], NOW_US)
    assert not (tmp_path / "keys").exists()


def test_a_certificate_of_another_authority_is_not_installed(authority, tmp_path, purposes):
    stranger = ec.generate_private_key(ec.SECP256R1())
    other = a_certificate(a_name("other"), stranger.public_key(), a_name("other"), stranger, ca=True)
    with pytest.raises(UsageError, match="ask which authority"):
        install(written(tmp_path, issued(authority)), purposes, [other], NOW_US)


def test_a_renewed_certificate_takes_the_place_of_the_old_one(authority, tmp_path, purposes):
    for end in (NOW + DAY, NOW + 100 * DAY):
        given = issued(authority, end=end)
        found = install(written(tmp_path, given), purposes, [], NOW_US)
    assert read_certificates(found.path) == given.chain


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@given(st.binary(max_size=300))
def test_any_bytes_are_certificates_or_refused(junk):
    with contextlib.suppress(UsageError):
        certificate_of_ders([junk])
    with contextlib.suppress(UsageError):
        certificates_of_pem(b"-----BEGIN CERTIFICATE-----\n" + junk + b"\n-----END CERTIFICATE-----\n")


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")  # odd names
@given(st.data())
def test_a_damaged_certificate_is_another_one_or_none(data):
    der = bytearray(FIXED)
    bit = data.draw(st.integers(0, len(der) * 8 - 1))
    der[bit // 8] ^= 1 << bit % 8
    with contextlib.suppress(UsageError):
        found = certificate_of_ders([bytes(der)])
        with contextlib.suppress(VerificationError):
            check_issued(found, [FIXED_CA], NOW_US)
            # The count of unused bits of the signature is signed by nobody; all that is said is the same.
            [whole] = certificate_of_ders([FIXED]).chain
            assert found.leaf.tbs_certificate_bytes == whole.tbs_certificate_bytes


_ca_key = Ed25519PrivateKey.generate()
FIXED_CA = a_certificate(a_name("ca"), _ca_key.public_key(), a_name("ca"), _ca_key, ca=True)
FIXED = a_certificate(
    a_name("ea-test-0001"), KEY.private.public_key(), a_name("ca"), _ca_key, ca=False
).public_bytes(Encoding.DER)


def test_a_certificate_for_a_kind_of_key_that_no_box_has_is_refused():
    key = rsa.generate_private_key(65537, 2048)
    made = a_certificate(a_name("rsa"), key.public_key(), a_name("rsa"), key, ca=False)
    with pytest.raises(UsageError, match="only Ed25519 and P-256"):
        key_certificate([made])


def test_what_is_installed_is_found_by_its_key_and_what_is_wrong_is_left_out(authority, tmp_path, caplog):
    given = issued(authority)
    path = tmp_path / f"{KEY.keyid:.16}.crt"
    path.write_bytes(given.leaf.public_bytes(Encoding.PEM))
    assert installed_certificates(tmp_path, [KEY.keyid, NEW.keyid]) == {KEY.keyid: given}
    path.rename(tmp_path / f"{NEW.keyid:.16}.crt")
    assert installed_certificates(tmp_path, [KEY.keyid, NEW.keyid]) == {}
    (tmp_path / f"{KEY.keyid:.16}.crt").write_text("no certificate")
    assert installed_certificates(tmp_path, [KEY.keyid]) == {}
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]


def test_openssl_agrees_with_the_request(tmp_path):
    (tmp_path / "r.csr").write_bytes(request(KEY.private, "ea-test-0001", "city"))
    ran = subprocess.run(
        ["openssl", "req", "-in", tmp_path / "r.csr", "-verify", "-noout", "-subject"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "CN = ea-test-0001" in ran.stdout
    assert "verify OK" in ran.stdout + ran.stderr


def test_two_thirds_of_its_life_are_when_a_renewal_is_due(authority):
    held = issued(authority, begin=NOW, end=NOW + 30 * DAY)
    assert not held.renewal_due(NOW_US + 19 * 86_400_000_000)
    assert held.renewal_due(NOW_US + 20 * 86_400_000_000 + 1_000_000)
