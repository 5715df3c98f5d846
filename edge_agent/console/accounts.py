"""Who may log in at the box: one small file, `users.json`. There is nobody in it until somebody is added."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_agent.errors import UsageError
from edge_agent.evidence.owner import give_to_the_daemon
from edge_agent.evidence.small_files import write_over
from edge_agent.web.passwords import hash_password
from edge_agent.web.sessions import USER_NAME, Kept, User

Role = Literal["view", "technician"]
VIEW, TECHNICIAN = get_args(Role)
MAX_USERS, MAX_SESSIONS = 100, 200
OTHERS_MAY = 0o077


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    role: Role
    password_hash: str


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    users: Annotated[tuple[_Row, ...], Field(max_length=MAX_USERS)] = ()


class UsersFile:
    """The file, read anew each time it is asked: the command line changes it while the daemon runs."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def all(self) -> tuple[User, ...]:
        """Everybody, by name.

        Raises:
            UsageError: the file cannot be read, or others than its owner could have changed or read it.
        """
        try:
            with self.path.open("rb") as file:
                mode, data = os.fstat(file.fileno()).st_mode, file.read()
            read = _File.model_validate_json(data)
        except FileNotFoundError:
            return ()
        except (OSError, ValidationError) as error:
            raise UsageError(f"{self.path} cannot be read: {' '.join(str(error).split())}"[:300]) from error
        if mode & OTHERS_MAY:
            raise UsageError(f"{self.path}: others may read or write it; chmod 600 {self.path}")
        return tuple(User(row.name, row.role, row.password_hash) for row in read.users)

    def find(self, name: str) -> User | None:
        """The user; None when there is none of that name."""
        return next((user for user in self.all() if user.name == name), None)

    def add(self, name: str, role: Role, password: str) -> None:
        """A new user.

        Raises:
            UsageError: the name is taken or no name, or the password too short.
        """
        if not USER_NAME.fullmatch(name):
            raise UsageError(f"{name!r}: a name has letters, digits and . @ - _, at most 64")
        present = self.all()
        if any(user.name == name for user in present):
            raise UsageError(f"there is a user {name}")
        self._write((*present, User(name, role, hash_password(password))))

    def change_password(self, name: str, password: str) -> None:
        """Another password; whoever is logged in by that name is logged out.

        Raises:
            UsageError: there is no such user, or the password is too short.
        """
        known = self._known(name)
        rest = tuple(user for user in self.all() if user.name != name)
        self._write((*rest, User(name, known.role, hash_password(password))))

    def remove(self, name: str) -> None:
        """No more logins; who is logged in by that name is logged out.

        Raises:
            UsageError: there is no such user.
        """
        self._known(name)
        self._write(tuple(user for user in self.all() if user.name != name))

    def _known(self, name: str) -> User:
        found = self.find(name)
        if found is None:
            raise UsageError(f"there is no user {name}")
        return found

    def _write(self, users: tuple[User, ...]) -> None:
        if len(users) > MAX_USERS:
            raise UsageError(f"at most {MAX_USERS} users")
        rows = tuple(
            _Row(name=user.name, role=user.role, password_hash=user.password_hash)  # type: ignore[arg-type]  # a Role
            for user in sorted(users, key=lambda user: user.name)
        )
        write_over(self.path, _File(users=rows).model_dump_json(indent=1).encode())
        give_to_the_daemon(self.path.parent, self.path)


@dataclass(slots=True)
class _Held:
    user: str
    password_hash: str  # as it was when the session began
    began_s: int
    seen_s: int


class ConsoleAccounts:
    """`web.sessions.Accounts`: users of the file, sessions in memory. A daemon that restarts forgets them."""

    def __init__(self, users: UsersFile) -> None:
        self._users = users
        self._sessions: OrderedDict[str, _Held] = OrderedDict()
        self._lock = threading.Lock()

    def user(self, name: str) -> User | None:
        """See `Accounts`."""
        return self._users.find(name)

    def session(self, key: str) -> Kept | None:
        """See `Accounts`. Another password, or no user any more, ends it."""
        with self._lock:
            held = self._sessions.get(key)
        user = self._users.find(held.user) if held else None
        if held is None or user is None or user.password_hash != held.password_hash:
            return None
        return Kept(user.name, user.role, held.began_s, held.seen_s)

    def begin(self, key: str, user: str, now_s: int) -> None:
        """See `Accounts`."""
        known = self._users.find(user)
        if known is None:
            return
        with self._lock:
            self._sessions[key] = _Held(user, known.password_hash, now_s, now_s)
            while len(self._sessions) > MAX_SESSIONS:
                self._sessions.popitem(last=False)

    def seen(self, key: str, now_s: int) -> None:
        """See `Accounts`."""
        with self._lock:
            if key in self._sessions:
                self._sessions[key].seen_s = now_s

    def end(self, key: str) -> None:
        """See `Accounts`."""
        with self._lock:
            self._sessions.pop(key, None)

    def end_old(self, began_before_s: int, seen_before_s: int) -> None:
        """See `Accounts`."""
        with self._lock:
            for key, held in list(self._sessions.items()):
                if held.began_s <= began_before_s or held.seen_s <= seen_before_s:
                    del self._sessions[key]
