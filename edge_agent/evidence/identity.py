"""Who seals: what every statement of one run of the daemon has in common."""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from edge_agent import __version__
from edge_agent.core.street.settings import RuleSettings
from edge_agent.core.use_class_settings import CertificateSettings, LegalSettings
from edge_agent.evidence.certificates import KeyCertificate
from edge_agent.evidence.settings import EvidenceSettings


@dataclass(frozen=True, slots=True)
class Identity:
    """The box, its site and the program that runs on it."""

    settings: EvidenceSettings
    legal: LegalSettings  # the site's standing, the same that the core judges by
    certificates: Mapping[str, CertificateSettings]  # of the scales, by lane
    keyid: str  # of the evidence key; empty when nobody signs
    boot_id: str
    config_sha256: str
    device_certificates: Mapping[str, KeyCertificate] = field(default_factory=dict)  # by key id
    rules: Mapping[str, RuleSettings] = field(default_factory=dict)  # of the street, by name
    git_commit: str = ""
    agent_version: str = __version__
    python: str = platform.python_version()
    sqlite: str = sqlite3.sqlite_version

    @property
    def certificate(self) -> KeyCertificate | None:
        """Of the key that signs, where one is installed."""
        return self.device_certificates.get(self.keyid)


@dataclass(frozen=True, slots=True)
class ChainLink:
    """The place in the chain that the next statement takes."""

    epoch: str
    seq: int
    prev: str | None
    store_genesis: str | None
