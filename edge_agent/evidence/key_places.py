"""Where the evidence key is kept, and how another one takes its place.

    prepare    a second key is made beside the current one           `edge-agent identity rotate`
    take over  the store seals the rotation, signed by both          the daemon's next start
    settle     the second key gets the current one's name            right after

The chain says which key is in force, so a crash after any step leaves a box that goes on: a rotation
that is sealed is not sealed again, and one that is not settled is settled at the next start.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge_agent.errors import EvidenceError, UsageError
from edge_agent.evidence import small_files
from edge_agent.evidence.dsse import EvidenceSigner
from edge_agent.evidence.keys import AnyPrivate, FileKey, credential, read_private
from edge_agent.evidence.settings import KeySettings


class HeldKey(EvidenceSigner, Protocol):
    """A private key that this process can use, wherever it is."""

    @property
    def private(self) -> AnyPrivate:
        """As `cryptography` wants it, for a certificate request."""


class KeyPlace(Protocol):
    """One kind of place. Everything raises EvidenceError where the key cannot be used as it is."""

    @property
    def where(self) -> str:
        """For people."""

    def current(self) -> HeldKey | None:
        """The key; None when there is none yet."""

    def successor(self) -> HeldKey | None:
        """The one that was prepared to take over; None when none was."""

    def generate(self) -> HeldKey:
        """Make the first key. Raises UsageError where it must come from elsewhere."""

    def prepare(self) -> HeldKey:
        """Make the successor. Raises UsageError where there is one, or it must come from elsewhere."""

    def settle(self) -> None:
        """The successor is the key from now on; the old one is kept under another name, unused."""


@dataclass(frozen=True, slots=True)
class FilePlace:
    """A file of mode 0600; `evidence.pem` has its successor in `evidence.next.pem`."""

    path: Path

    @property
    def where(self) -> str:
        """The path."""
        return str(self.path)

    @property
    def next_path(self) -> Path:
        """Of the successor."""
        return self.path.with_suffix(f".next{self.path.suffix}")

    def current(self) -> HeldKey | None:
        """Out of the file."""
        return FileKey.load(self.path) if self.path.exists() else None

    def successor(self) -> HeldKey | None:
        """Out of the file beside it."""
        return FileKey.load(self.next_path) if self.next_path.exists() else None

    def generate(self) -> HeldKey:
        """Ed25519."""
        return FileKey.generate(self.path)

    def prepare(self) -> HeldKey:
        """Ed25519."""
        return FileKey.generate(self.next_path)

    def settle(self) -> None:
        """Two renames; between them there is a successor and no current key, which `open_keys` knows."""
        if self.path.exists():
            old = FileKey.load(self.path)
            small_files.rename(self.path, self.path.with_suffix(f".{old.keyid:.8}.retired{self.path.suffix}"))
        small_files.rename(self.next_path, self.path)


@dataclass(frozen=True, slots=True)
class CredentialPlace:
    """A systemd credential; its successor is the credential of the same name with `-next`.

    systemd hands them over at each start and nobody can change them here: after a rotation the unit
    is to be changed. Until then the chain says that the second one is in force.
    """

    name: str

    @property
    def where(self) -> str:
        """Its name."""
        return f"systemd credential {self.name}"

    def current(self) -> HeldKey:
        """Out of the credential."""
        path = credential(self.name)
        return FileKey.of_pem(path, read_private(path))

    def successor(self) -> HeldKey | None:
        """Out of the other credential."""
        path = credential(f"{self.name}-next")
        return FileKey.of_pem(path, read_private(path)) if path.exists() else None

    def generate(self) -> HeldKey:
        """Never here."""
        raise UsageError(f"{self.where} is made outside: see docs/identity.md, 'systemd credentials'")

    def prepare(self) -> HeldKey:
        """Never here."""
        raise UsageError(
            f"{self.where}: make the next key outside and add it to the unit as {self.name}-next: "
            "see docs/identity.md, 'systemd credentials'"
        )

    def settle(self) -> None:
        """Nothing can be done here."""


def key_place(settings: KeySettings) -> KeyPlace:
    """The place that was configured."""
    if settings.pkcs11 is not None:
        from edge_agent.evidence.pkcs11_key import TokenPlace  # noqa: PLC0415 - an extra

        return TokenPlace(settings.pkcs11)
    if settings.key_credential is not None:
        return CredentialPlace(settings.key_credential)
    return FilePlace(settings.key_file)


def open_keys(place: KeyPlace) -> tuple[HeldKey, HeldKey | None]:
    """The evidence key, made at the first start, and the one that is to take over, if any."""
    current, successor = place.current(), place.successor()
    if current is None and successor is not None:
        place.settle()  # a crash came in the middle of it
        return successor, None
    return current or place.generate(), successor


def prepare_successor(place: KeyPlace) -> HeldKey:
    """Make the key that takes over at the daemon's next start.

    Raises:
        UsageError: there is no key yet, or one is waiting already.
    """
    if place.current() is None:
        raise UsageError(f"{place.where}: there is no key yet; `edge-agent identity init` makes the first")
    waiting = place.successor()
    if waiting is not None:
        raise UsageError(
            f"key {waiting.keyid} is prepared already and takes over at the daemon's next start: "
            "restart edge-agent, then rotate again if that was meant"
        )
    return place.prepare()


def own_key(place: KeyPlace) -> HeldKey:
    """The key that is there. Raises EvidenceError: there is none."""
    key = place.current()
    if key is None:
        raise EvidenceError(f"{place.where}: no key; `edge-agent identity init` makes one")
    return key
