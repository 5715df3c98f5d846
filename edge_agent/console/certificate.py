"""A certificate that the box makes for its own pages, and the fingerprint by which a person knows it again.

No authority vouches for it: a browser warns once, and shows the fingerprint to be compared with the one that
was printed at the box.
"""

from __future__ import annotations

import fcntl
import socket
import struct
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge_agent.errors import UsageError
from edge_agent.evidence.owner import give_to_the_daemon
from edge_agent.evidence.small_files import write_over

DAYS = 825  # the longest that Apple's browsers take
# A box whose clock is behind must not make one that only begins later.
BEGINS = datetime(2026, 1, 1, tzinfo=UTC)
SIOCGIFADDR = 0x8915
IF_INET6 = Path("/proc/net/if_inet6")


def make_certificate(names: Iterable[str], now: datetime) -> tuple[bytes, bytes]:
    """Certificate and key, PEM.

    Args:
        names: host names and addresses by which the pages are called; the first is the subject.
        now: UTC.
    """
    known = list(dict.fromkeys(names))
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, known[0][:64])])
    begins = min(now, BEGINS)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in known]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def fingerprint(pem: bytes) -> str:
    """SHA-256 as browsers show it: pairs of hexadecimal digits."""
    digest = x509.load_pem_x509_certificate(pem).fingerprint(hashes.SHA256()).hex().upper()
    return ":".join(digest[place : place + 2] for place in range(0, len(digest), 2))


def write_certificate(files: tuple[Path, Path], made: tuple[bytes, bytes], *, renew: bool) -> None:
    """Put both where the daemon reads them.

    Raises:
        UsageError: there is one already, and it is not to be renewed.
    """
    certificate, key = files
    if not renew and any(path.exists() for path in files):
        raise UsageError(
            f"{certificate} or {key} is there already: --renew makes another, with another fingerprint"
        )
    write_over(key, made[1])
    write_over(certificate, made[0], 0o644)
    give_to_the_daemon(*dict.fromkeys((key.parent, key, certificate.parent, certificate)))


def own_names() -> list[str]:
    """This machine's name and the addresses of its interfaces."""
    host = socket.gethostname()
    return [host, "localhost", *_addresses_4(), *_addresses_6()]


def _addresses_4() -> list[str]:
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[:15])
            try:
                answer = fcntl.ioctl(asking.fileno(), SIOCGIFADDR, request)
            except OSError:  # it has none
                continue
            found.append(socket.inet_ntoa(answer[20:24]))
    return found


def _addresses_6() -> list[str]:
    """Without those that are of one cable alone: no browser names them."""
    if not IF_INET6.exists():
        return []
    found = [IPv6Address(int(line.split()[0], 16)) for line in IF_INET6.read_text("ascii").splitlines()]
    return [str(address) for address in found if not address.is_link_local]


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
