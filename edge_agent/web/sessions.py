"""Who is logged in: a random token in the browser, its hash here.

What is kept never opens a session: whoever reads the table learns no token.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Protocol

MINUTE = 60
IDLE_S = 60 * MINUTE
ABSOLUTE_S = 12 * 60 * MINUTE
TOUCH_S = 1 * MINUTE  # how often "seen" is written at most

USER_NAME = re.compile(r"[^\W_][\w.@-]{0,63}")  # 王芳 is a name too


@dataclass(frozen=True, slots=True)
class User:
    """A person who may log in."""

    name: str
    role: str
    password_hash: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a session."""

    user: str
    role: str
    began_s: int
    seen_s: int


class Accounts(Protocol):
    """Where users and sessions are kept. Any thread."""

    def user(self, name: str) -> User | None:
        """The user; None when there is none of that name."""

    def session(self, key: str) -> Kept | None:
        """The session with the user's role of now; None when it, or its user, is gone."""

    def begin(self, key: str, user: str, now_s: int) -> None:
        """Keep a new session."""

    def seen(self, key: str, now_s: int) -> None:
        """It was used."""

    def end(self, key: str) -> None:
        """It is over."""

    def end_old(self, began_before_s: int, seen_before_s: int) -> None:
        """Forget what has expired."""


@dataclass(frozen=True, slots=True)
class Session:
    """A person's visit."""

    token: str
    user: str
    role: str

    @property
    def csrf(self) -> str:
        """Stands in every form: no other site can know it."""
        return hmac.new(self.token.encode(), b"form", "sha256").hexdigest()


class Sessions:
    """Begins, finds and ends them."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def begin(self, user: User, now_s: int) -> Session:
        """After the password was right."""
        self._accounts.end_old(now_s - ABSOLUTE_S, now_s - IDLE_S)
        token = secrets.token_hex(32)
        self._accounts.begin(_key(token), user.name, now_s)
        return Session(token, user.name, user.role)

    def find(self, token: str, now_s: int, *, touch: bool = True) -> Session | None:
        """Whose it is; None when it was never begun, has ended, or was left alone for too long.

        Args:
            token: of the browser's cookie.
            now_s: seconds since 1970.
            touch: a person did something; not a page that asks for its next figures by itself.
        """
        key = _key(token)
        kept = self._accounts.session(key)
        if kept is None:
            return None
        if now_s - kept.began_s >= ABSOLUTE_S or now_s - kept.seen_s >= IDLE_S:
            self._accounts.end(key)
            return None
        if touch and now_s - kept.seen_s >= TOUCH_S:
            self._accounts.seen(key, now_s)
        return Session(token, kept.user, kept.role)

    def end(self, session: Session) -> None:
        """Log out."""
        self._accounts.end(_key(session.token))


def _key(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
