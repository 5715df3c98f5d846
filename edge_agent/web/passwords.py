"""Passwords as they are kept: scrypt with a salt of their own (RFC 7914)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading

from edge_agent.errors import UsageError

# 32 MiB and three passes: as hard as OWASP's 128 MiB and one, and small enough for a box.
COST, BLOCK, PASSES = 2**15, 8, 3
MAX_MEMORY = 64 * 1024 * 1024
LEAST_LETTERS, MOST_LETTERS = 10, 1000

# One after the other, so that many logins at once cannot take all memory.
_one_at_a_time = threading.Lock()


def hash_password(password: str) -> str:
    """What to keep of it.

    Raises:
        UsageError: it is too short, or absurdly long.
    """
    if not LEAST_LETTERS <= len(password) <= MOST_LETTERS:
        raise UsageError(f"a password has at least {LEAST_LETTERS} letters")
    salt = secrets.token_bytes(16)
    return f"scrypt${_text(salt)}${_text(_derive(password, salt))}"


def check_password(password: str, kept: str | None) -> bool:
    """Whether it is the one that was kept. Nobody's password (None) takes as long to refuse."""
    _, salt, digest = (kept or NOBODY).split("$")
    if len(password) > MOST_LETTERS:
        return False
    same = hmac.compare_digest(_derive(password, base64.b64decode(salt)), base64.b64decode(digest))
    return same and kept is not None


def _derive(password: str, salt: bytes) -> bytes:
    with _one_at_a_time:
        return hashlib.scrypt(
            password.encode(), salt=salt, n=COST, r=BLOCK, p=PASSES, maxmem=MAX_MEMORY, dklen=32
        )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


NOBODY = f"scrypt${_text(bytes(16))}${_text(bytes(32))}"
