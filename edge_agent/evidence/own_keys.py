"""The keys that a box has, each with its certificate, as `edge-agent identity` names them."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.errors import EvidenceError, UsageError
from edge_agent.evidence.certificates import KeyCertificate, key_certificate, read_certificates, utc
from edge_agent.evidence.enrolment import Purpose, certificate_path
from edge_agent.evidence.key_places import FilePlace, HeldKey, key_place
from edge_agent.evidence.keys import FileKey
from edge_agent.evidence.settings import EvidenceSettings
from edge_agent.evidence.uplink.settings import BrokerSettings

EVIDENCE, NEXT, TLS = "evidence", "evidence-next", "tls"


@dataclass(frozen=True, slots=True)
class OwnKey:
    """One key; `key` is None when it is not there or cannot be used, and `problem` says so."""

    name: str
    where: str
    file: Path | None  # None where it is in no file
    common_name: str  # of its certificate
    key: HeldKey | None
    problem: str
    certificate_file: Path | None

    @property
    def purpose(self) -> Purpose:
        """For `install`."""
        assert self.key is not None
        assert self.certificate_file is not None
        return Purpose(self.name, self.key.keyid, self.common_name, self.certificate_file)

    def certificate(self) -> tuple[KeyCertificate | None, str]:
        """What is installed, and what is wrong with it."""
        path = self.certificate_file
        if path is None or not path.exists():
            return None, ""
        try:
            found = key_certificate(read_certificates(path))
        except UsageError as error:
            return None, str(error)
        if self.key is not None and found.keyid != self.key.keyid:
            return None, f"{path} is the certificate of another key"
        return found, ""


def own_keys(settings: EvidenceSettings, broker: BrokerSettings | None) -> list[OwnKey]:
    """The evidence key, the one that is to take over if there is one, and the TLS key if configured."""
    place = key_place(settings)
    file = place.path if isinstance(place, FilePlace) else None
    next_file = place.next_path if isinstance(place, FilePlace) else None
    name = settings.device.device_id
    found = [_own(EVIDENCE, place.where, file, name, _tried(place.current), settings.certificates_dir)]
    if found[0].key is not None or not found[0].problem:
        successor = _tried(place.successor)
        if successor != (None, ""):
            where = str(next_file or f"{place.where}, next")
            found.append(_own(NEXT, where, next_file, name, successor, settings.certificates_dir))
    if broker is not None and broker.tls_client_key is not None:
        path = broker.tls_client_key
        key, problem = _tried(lambda: FileKey.load(path) if path.exists() else None)
        cn = broker.client_id or name
        found.append(OwnKey(TLS, str(path), path, cn, key, problem, broker.tls_client_cert))
    return found


def described(own: OwnKey, utc_us: int) -> dict[str, Any]:
    """Everything that may be shown of a key: never a private byte."""
    certificate, wrong = own.certificate()
    said: dict[str, Any] = {
        "name": own.name,
        "kept": own.where,
        "keyid": own.key.keyid if own.key else "",
        "algorithm": own.key.public.algorithm if own.key else "",
        "mode": _mode(own.file),
        "problem": own.problem or wrong or ("" if own.key else "there is no key yet"),
        "certificate": None,
        "warning": "",
    }
    if certificate is None:
        return said
    leaf = certificate.leaf
    problem = certificate.problem_at(utc_us)
    said["certificate"] = {
        "subject": leaf.subject.rfc4514_string(),
        "issuer": leaf.issuer.rfc4514_string(),
        "not_before": leaf.not_valid_before_utc.isoformat(),
        "not_after": leaf.not_valid_after_utc.isoformat(),
        "days_left": (leaf.not_valid_after_utc - utc(utc_us)).days,
        "sha256": certificate.sha256,
    }
    if problem:
        said["problem"] = said["problem"] or f"its certificate is {problem.replace('_', ' ')}"
    elif certificate.renewal_due(utc_us):
        said["warning"] = "two thirds of the certificate's life are over: renew it"
    return said


def _own(
    name: str, where: str, file: Path | None, cn: str, tried: tuple[HeldKey | None, str], folder: Path
) -> OwnKey:
    key, problem = tried
    return OwnKey(name, where, file, cn, key, problem, certificate_path(folder, key.keyid) if key else None)


def _tried(load: Any) -> tuple[HeldKey | None, str]:
    try:
        return load(), ""
    except (EvidenceError, UsageError) as error:
        return None, str(error)


def _mode(path: Path | None) -> str:
    try:
        return f"{stat.S_IMODE(path.stat().st_mode):04o}" if path else ""
    except OSError:
        return ""
