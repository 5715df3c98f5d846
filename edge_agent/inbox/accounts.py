"""Who may log in to the inbox, and who is logged in, in the platform's database."""

from __future__ import annotations

from typing import Literal, get_args

from sqlalchemy import BigInteger, Column, Table, Text, delete, or_, select, update

from edge_agent.errors import UsageError
from edge_agent.ingest.db import Database, metadata
from edge_agent.web.passwords import hash_password
from edge_agent.web.sessions import USER_NAME, Kept, User

Role = Literal["reviewer", "viewer"]
REVIEWER, VIEWER = get_args(Role)

inbox_user = Table(
    "inbox_user",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("made_utc_us", BigInteger, nullable=False),
)

inbox_session = Table(
    "inbox_session",
    metadata,
    Column("key", Text, primary_key=True),  # SHA-256 of the token
    Column("user_name", Text, nullable=False),
    Column("began_s", BigInteger, nullable=False),
    Column("seen_s", BigInteger, nullable=False),
)


class InboxAccounts:
    """`web.sessions.Accounts` in a database. Any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.make_tables()

    def add(self, name: str, role: Role, password: str, now_us: int) -> None:
        """A new user.

        Raises:
            UsageError: the name is taken or no name, or the password too short.
        """
        if not USER_NAME.fullmatch(name):
            raise UsageError(f"{name!r}: a name has letters, digits and . @ - _, at most 64")
        row = {"name": name, "role": role, "password_hash": hash_password(password), "made_utc_us": now_us}
        with self._database.transaction() as connection:
            taken = connection.execute(select(inbox_user.c.name).where(inbox_user.c.name == name))
            if taken.first() is not None:
                raise UsageError(f"there is a user {name}")
            connection.execute(inbox_user.insert().values(row))

    def change_password(self, name: str, password: str) -> None:
        """Another password; whoever is logged in by that name is logged out.

        Raises:
            UsageError: there is no such user, or the password is too short.
        """
        changed = update(inbox_user).where(inbox_user.c.name == name)
        with self._database.transaction() as connection:
            if not connection.execute(changed.values(password_hash=hash_password(password))).rowcount:
                raise UsageError(f"there is no user {name}")
            connection.execute(delete(inbox_session).where(inbox_session.c.user_name == name))

    def remove(self, name: str) -> None:
        """The user and their sessions; what they reviewed stays, under their name.

        Raises:
            UsageError: there is no such user.
        """
        with self._database.transaction() as connection:
            if not connection.execute(delete(inbox_user).where(inbox_user.c.name == name)).rowcount:
                raise UsageError(f"there is no user {name}")
            connection.execute(delete(inbox_session).where(inbox_session.c.user_name == name))

    def all(self) -> list[tuple[str, str]]:
        """Name and role."""
        query = select(inbox_user.c.name, inbox_user.c.role).order_by(inbox_user.c.name)
        with self._database.reading() as connection:
            return [(name, role) for name, role in connection.execute(query)]

    # web.sessions.Accounts

    def user(self, name: str) -> User | None:
        """See `Accounts`."""
        columns = (inbox_user.c.name, inbox_user.c.role, inbox_user.c.password_hash)
        with self._database.reading() as connection:
            row = connection.execute(select(*columns).where(inbox_user.c.name == name)).first()
        return User(*row) if row else None

    def session(self, key: str) -> Kept | None:
        """See `Accounts`."""
        columns = (inbox_session.c.user_name, inbox_user.c.role, inbox_session.c.began_s)
        query = select(*columns, inbox_session.c.seen_s).join_from(
            inbox_session, inbox_user, inbox_session.c.user_name == inbox_user.c.name
        )
        with self._database.reading() as connection:
            row = connection.execute(query.where(inbox_session.c.key == key)).first()
        return Kept(*row) if row else None

    def begin(self, key: str, user: str, now_s: int) -> None:
        """See `Accounts`."""
        row = {"key": key, "user_name": user, "began_s": now_s, "seen_s": now_s}
        with self._database.transaction() as connection:
            connection.execute(inbox_session.insert().values(row))

    def seen(self, key: str, now_s: int) -> None:
        """See `Accounts`."""
        with self._database.transaction() as connection:
            connection.execute(update(inbox_session).where(inbox_session.c.key == key).values(seen_s=now_s))

    def end(self, key: str) -> None:
        """See `Accounts`."""
        with self._database.transaction() as connection:
            connection.execute(delete(inbox_session).where(inbox_session.c.key == key))

    def end_old(self, began_before_s: int, seen_before_s: int) -> None:
        """See `Accounts`."""
        old = or_(inbox_session.c.began_s <= began_before_s, inbox_session.c.seen_s <= seen_before_s)
        with self._database.transaction() as connection:
            connection.execute(delete(inbox_session).where(old))
