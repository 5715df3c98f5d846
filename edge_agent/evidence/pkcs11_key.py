"""The evidence key in a PKCS#11 token: made there, used there, never out of it.

Needs the extra `pkcs11`. ECDSA P-256: what every token can do. A TPM 2.0 chip is one too, through
tpm2-pkcs11. The token is asked with the bare mechanism CKM_ECDSA over our own SHA-256 and gives r and
s as they are; what leaves here is DER, as of every other P-256 key.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from edge_agent.errors import EvidenceError, KeyFault, UsageError
from edge_agent.evidence.keys import PublicKey, credential, read_private
from edge_agent.evidence.settings import Pkcs11Settings

try:
    import pkcs11
    from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
    from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
except ImportError as missing:  # the extra; nothing else imports this file
    raise UsageError("evidence.pkcs11 needs the extra: pip install 'edge-agent[pkcs11]'") from missing


class TokenKey:
    """A `Signer` whose private half is an object of a token."""

    def __init__(self, key: Any, public: PublicKey, where: str) -> None:
        self._key = key
        self._where = where
        self.public = public
        self.keyid = public.keyid

    def __repr__(self) -> str:
        """Which key and where."""
        return f"TokenKey(keyid={self.keyid}, {self._where})"

    def sign(self, data: bytes) -> bytes:
        """ECDSA over SHA-256, DER.

        Raises:
            KeyFault: the token does not answer.
        """
        try:
            raw = self._key.sign(hashlib.sha256(data).digest(), mechanism=Mechanism.ECDSA)
        except pkcs11.PKCS11Error as error:
            raise KeyFault(f"evidence key {self._where}: {_said(error)}; nothing can be sealed") from error
        half = len(raw) // 2
        return encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))

    @property
    def private(self) -> ec.EllipticCurvePrivateKey:
        """For a certificate request."""
        return _PrivateFace(self)


class TokenPlace:
    """A token with the key under a label; `settle` moves labels as `FilePlace` moves names."""

    def __init__(self, settings: Pkcs11Settings) -> None:
        self._settings = settings
        self._session: Any = None

    @property
    def where(self) -> str:
        """Token and label."""
        return f"token {self._settings.token!r}, key {self._settings.label!r}"

    def current(self) -> TokenKey | None:
        """Under the label."""
        return self._find(self._settings.label)

    def successor(self) -> TokenKey | None:
        """Under the label with `-next`."""
        return self._find(self._next)

    def generate(self) -> TokenKey:
        """A new pair in the token, not extractable."""
        return self._make(self._settings.label)

    def prepare(self) -> TokenKey:
        """A new pair beside it."""
        return self._make(self._next)

    def settle(self) -> None:
        """The old key's label first: then no moment has two keys of the same label."""
        old = self.current()
        if old is not None:
            self._relabel(self._settings.label, f"{self._settings.label}-{old.keyid:.8}")
        self._relabel(self._next, self._settings.label)

    @property
    def _next(self) -> str:
        return f"{self._settings.label}-next"

    def _find(self, label: str) -> TokenKey | None:
        with self._talking():
            private = self._objects(ObjectClass.PRIVATE_KEY, {Attribute.LABEL: label})
            if not private:
                return None
            # By its id: of the two objects of a pair only the private one's label has to be right.
            public = self._objects(ObjectClass.PUBLIC_KEY, {Attribute.ID: private[0][Attribute.ID]})
            if len(private) > 1 or len(public) != 1:
                raise EvidenceError(
                    f"token {self._settings.token!r}: {len(private)} private keys are called {label!r} and "
                    f"{len(public)} public keys have the first one's id; one of each is wanted"
                )
            return self._held(private[0], public[0])

    def _make(self, label: str) -> TokenKey:
        if self._find(label) is not None:
            raise UsageError(
                f"token {self._settings.token!r}: a key {label!r} exists; it is never overwritten"
            )
        with self._talking():
            curve = self._open().create_domain_parameters(
                KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}, local=True
            )
            private_only = {Attribute.EXTRACTABLE: False, Attribute.SENSITIVE: True}
            public, private = curve.generate_keypair(
                id=os.urandom(16),
                label=label,
                store=True,
                mechanism=Mechanism.EC_KEY_PAIR_GEN,
                private_template=private_only,
            )
            return self._held(private, public)

    def _held(self, private: Any, public: Any) -> TokenKey:
        if private[Attribute.KEY_TYPE] != KeyType.EC:
            raise EvidenceError(f"{self.where}: only P-256 keys are used in a token")
        if private[Attribute.EXTRACTABLE]:
            raise EvidenceError(f"{self.where}: this key can be taken out of the token; make one that cannot")
        try:
            found = PublicKey.from_spki(encode_ec_public_key(public))
        except UsageError as error:
            raise EvidenceError(f"{self.where}: {error}") from error
        return TokenKey(private, found, self.where)

    def _relabel(self, old: str, new: str) -> None:
        with self._talking():
            for kind in (ObjectClass.PUBLIC_KEY, ObjectClass.PRIVATE_KEY):  # what counts comes last
                for found in self._objects(kind, {Attribute.LABEL: old}):
                    found[Attribute.LABEL] = new

    def _objects(self, kind: Any, also: dict[Any, Any]) -> list[Any]:
        return list(self._open().get_objects({Attribute.CLASS: kind, **also}))

    def _open(self) -> Any:
        if self._session is None:
            chosen = self._settings
            path = chosen.pin_file or credential(chosen.pin_credential or "")
            pin = read_private(path).decode("utf-8", "replace").strip()
            token = pkcs11.lib(str(chosen.module)).get_token(token_label=chosen.token)
            try:
                self._session = token.open(user_pin=pin, rw=True)
            except pkcs11.UserAlreadyLoggedIn:  # by another session of this process: it counts for all
                self._session = token.open(rw=True)
        return self._session

    @contextlib.contextmanager
    def _talking(self) -> Iterator[None]:
        try:
            yield
        except pkcs11.PKCS11Error as error:
            raise EvidenceError(f"{self.where} by {self._settings.module}: {_said(error)}") from error


class _PrivateFace(ec.EllipticCurvePrivateKey):
    """What `cryptography` needs of a private key to sign a certificate request."""

    def __init__(self, key: TokenKey) -> None:
        self._held = key

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """The public half."""
        from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: PLC0415

        found = load_der_public_key(self._held.public.spki)
        assert isinstance(found, ec.EllipticCurvePublicKey)
        return found

    def sign(self, data: Any, _algorithm: Any) -> bytes:
        """SHA-256 always."""
        return self._held.sign(bytes(data))

    @property
    def curve(self) -> ec.EllipticCurve:
        """P-256."""
        return ec.SECP256R1()

    @property
    def key_size(self) -> int:
        """Bits."""
        return 256

    def exchange(self, *_: Any) -> bytes:
        """Never."""
        _stays_inside()

    def private_numbers(self) -> Any:
        """Never."""
        _stays_inside()

    def private_bytes(self, *_: Any, **__: Any) -> bytes:
        """Never."""
        _stays_inside()

    def __copy__(self) -> _PrivateFace:
        return self

    def __deepcopy__(self, _memo: Any) -> _PrivateFace:
        return self


def _stays_inside() -> NoReturn:
    raise EvidenceError("the private key stays in the token")


def _said(error: Exception) -> str:
    """python-pkcs11 names most of its errors and says nothing more."""
    return str(error) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).lower()
