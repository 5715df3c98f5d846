"""The box's keys and certificates, the platform's receipt keys, and those of who may command."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509

from edge_agent.commanded import read_issuers
from edge_agent.config.settings import SiteConfig
from edge_agent.doctor.box import utc_us
from edge_agent.doctor.finding import Finding, State
from edge_agent.doctor.observed import Eyes
from edge_agent.doctor.push_checks import check_secret
from edge_agent.errors import UsageError
from edge_agent.evidence.certificates import read_certificates
from edge_agent.evidence.keys import read_public_keys
from edge_agent.evidence.own_keys import TLS, own_keys
from edge_agent.evidence.uplink.mqtt import tls_context
from edge_agent.evidence.uplink.port import LinkDown
from edge_agent.evidence.uplink.settings import BrokerSettings

SOON_DAYS = 30


def key_findings(config: SiteConfig, _eyes: Eyes) -> Iterator[Finding]:
    """Look at every key and certificate that the configuration names."""
    now = utc_us(config)
    yield from _evidence(config, now)
    if config.uplink is not None:
        yield from _tls(config.uplink.mqtt, now)
        yield from _receipts(config.uplink.receipt_keys_file)
    if config.commands is not None:
        yield from _issuers(config)
    if config.console is not None and config.console.tls is not None:
        yield from _pages(config.console.tls, now)


def check_certificate(subject: str, found: x509.Certificate, now_utc_us: int) -> Iterator[Finding]:
    """Whether a certificate is valid, and for how long."""
    begins, ends = (
        int(at.timestamp() * 1_000_000) for at in (found.not_valid_before_utc, found.not_valid_after_utc)
    )
    days = (ends - now_utc_us) // (86_400 * 1_000_000)
    values = {
        "name": found.subject.rfc4514_string(),
        "begins": f"{found.not_valid_before_utc:%Y-%m-%d}",
        "ends": f"{found.not_valid_after_utc:%Y-%m-%d}",
        "days": days,
    }
    if now_utc_us < begins:
        yield Finding("certificate.not_yet", subject, State.FAULT, values)
    elif now_utc_us > ends:
        yield Finding("certificate.expired", subject, State.FAULT, values)
    elif days <= SOON_DAYS:
        yield Finding("certificate.ends_soon", subject, State.WARNING, values)
    else:
        yield Finding("certificate.ok", subject, State.OK, values)


def _evidence(config: SiteConfig, now: int) -> Iterator[Finding]:
    for own in own_keys(config.evidence_settings(), None):
        subject = f"key/{own.name}"
        owner = _other_owner(own.file)
        if own.problem and owner:
            yield Finding("key.not_tried", subject, State.UNKNOWN, {"where": own.where, "owner": owner})
        elif own.problem:
            yield Finding("key.unusable", subject, State.FAULT, {"why": own.problem})
        elif own.key is None:
            yield Finding("key.new", subject, State.OK, {"where": own.where})
        else:
            values = {"keyid": own.key.keyid[:16], "where": own.where}
            yield Finding("key.ok", subject, State.OK, values)
        certificate, wrong = own.certificate()
        if wrong:
            yield Finding("certificate.unusable", subject, State.FAULT, {"why": wrong})
        elif certificate is not None:
            yield from check_certificate(subject, certificate.leaf, now)


def _other_owner(path: Path | None) -> str:
    """The user that a key of mode 0600 belongs to, where this is root: only its own user may use it."""
    try:
        found = path.stat() if path else None
    except OSError:
        return ""
    if found is None or os.geteuid() != 0 or found.st_uid == 0 or stat.S_IMODE(found.st_mode) & 0o177:
        return ""
    return user_name(found.st_uid)


def user_name(uid: int) -> str:
    """Of a user; its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _tls(broker: BrokerSettings, now: int) -> Iterator[Finding]:
    """Certificates and key towards the broker; the key may be of kinds that no evidence key is."""
    if broker.tls_ca_certs is None:
        return
    try:
        tls_context(broker)  # the files as they will be used: a key that does not fit its certificate, too
    except LinkDown as error:
        yield Finding("certificate.unusable", f"key/{TLS}", State.FAULT, {"why": str(error)})
    for subject, path in (("key/ca", broker.tls_ca_certs), (f"key/{TLS}", broker.tls_client_cert)):
        try:
            found = read_certificates(path) if path else ()
        except UsageError:  # said above
            continue
        for one in found if subject == "key/ca" else found[:1]:
            yield from check_certificate(subject, one, now)
    if broker.tls_client_key is not None and str(broker.tls_client_key.parent) != os.environ.get(
        "CREDENTIALS_DIRECTORY"
    ):
        yield from check_secret(broker.tls_client_key, f"key/{TLS}")


def _pages(files: tuple[Path, Path], now: int) -> Iterator[Finding]:
    """The certificate of the box's own pages: browsers look at it, nobody else."""
    subject = "key/console"
    try:
        ends = read_certificates(files[0])[0].not_valid_after_utc
    except UsageError as error:
        yield Finding("console_certificate.unusable", subject, State.FAULT, {"why": str(error)})
        return
    days = (int(ends.timestamp() * 1_000_000) - now) // (86_400 * 1_000_000)
    soon = days <= SOON_DAYS
    key = "console_certificate.ends" if soon else "console_certificate.ok"
    values = {"ends": f"{ends:%Y-%m-%d}", "days": days}
    yield Finding(key, subject, State.WARNING if soon else State.OK, values)
    yield from check_secret(files[1], subject)


def _receipts(path: Path | None) -> Iterator[Finding]:
    subject = "key/receipt"
    if path is None:
        yield Finding("receipt_key.missing", subject, State.FAULT)
        return
    try:
        keys = read_public_keys(path)
    except UsageError as error:
        yield Finding("receipt_key.unusable", subject, State.FAULT, {"why": str(error)})
        return
    yield Finding("receipt_key.ok", subject, State.OK, {"keys": len(keys), "keyid": keys[-1].keyid[:16]})


def _issuers(config: SiteConfig) -> Iterator[Finding]:
    try:
        read_issuers(config.commands)
    except UsageError as error:
        yield Finding("command_key.unusable", "key/commands", State.FAULT, {"why": str(error)})
        return
    names = ", ".join(one.name for one in config.commands.issuers) if config.commands else ""
    yield Finding("command_key.ok", "key/commands", State.OK, {"issuers": names})
