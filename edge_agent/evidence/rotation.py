"""A new key takes over from an old one: one statement in the chain, signed by both.

The old key vouches for the new one, and the new one shows that somebody has it: without the second
signature anybody's public key could be named. Who trusts the old key trusts the new one from there on;
after it the old key signs nothing more in this epoch.
"""

from __future__ import annotations

from edge_agent.errors import UsageError, VerificationError
from edge_agent.evidence import dsse
from edge_agent.evidence.keys import PublicKey
from edge_agent.evidence.statement import Statement
from edge_agent.evidence.statement_records import KeyRotation


def rotation(old: PublicKey, new: PublicKey) -> KeyRotation:
    """The record to seal, signed by both."""
    return KeyRotation(old_keyid=old.keyid, new_keyid=new.keyid, new_public_key_spki=new.spki.hex())


def opened_successor(statement: Statement, opened: dsse.Opened) -> PublicKey | None:
    """The key that takes over with this statement; None when it is no rotation.

    The caller knows that `statement.keyid` is one of `opened.keyids`: the old key's signature is good.

    Raises:
        VerificationError: it names another old key, its new key is none, or that one did not sign it.
    """
    record = statement.record
    if not isinstance(record, KeyRotation):
        return None
    try:
        new = PublicKey.from_spki(bytes.fromhex(record.new_public_key_spki))
    except (UsageError, ValueError) as error:
        raise VerificationError(f"key rotation: the new key: {error}") from error
    if new.keyid != record.new_keyid:
        raise VerificationError("key rotation: new_keyid is not the digest of the new key")
    if record.old_keyid != statement.keyid or new.keyid == record.old_keyid:
        raise VerificationError("key rotation: the old key is not the one that it is taken from")
    message = dsse.pae(opened.payload_type, opened.payload)
    if not any(new.verifies(signature.sig, message) for signature in opened.signatures):
        raise VerificationError("key rotation: the new key did not sign it")
    return new
