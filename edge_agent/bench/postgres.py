"""A PostgreSQL of our own: its own folder and socket, no network; can be killed and started again.

What is committed is on the disk (`fsync` is on, as it is by default): what a bench measures is what a
platform would get, and what a kill leaves is what a power cut would.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from sqlalchemy import text

from edge_agent.errors import DeviceError
from edge_agent.ingest.db import Database

USER = "edge"
# Where Debian's package puts the server's programs, newest first.
PLACES = "/usr/lib/postgresql"
STOP_S = 30.0
CONFIGURATION = """\
listen_addresses = ''
unix_socket_directories = '{folder}'
max_connections = 60
shared_buffers = 128MB
logging_collector = off
log_min_messages = fatal
"""


def find_postgres() -> Path | None:
    """The folder of the server's programs, or None."""
    found = sorted(Path(PLACES).glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]), reverse=True)
    if found:
        return found[0].parent
    elsewhere = shutil.which("initdb")
    return Path(elsewhere).resolve().parent if elsewhere else None


class Postgres:
    """One server. The server refuses to be root: started by root, it runs as the user `postgres`."""

    def __init__(self) -> None:
        programs = find_postgres()
        if programs is None:
            raise DeviceError("PostgreSQL is not installed (Debian package postgresql)")
        self._programs = programs
        # Not in a caller's folder: that user must be able to get there, and a socket's path be short.
        self.folder = Path(tempfile.mkdtemp(prefix="edge-agent-pg-"))
        self._data = self.folder / "data"
        self._as_user: tuple[str, ...] = ()
        if os.geteuid() == 0:
            self._as_user = ("runuser", "-u", "postgres", "--")
            shutil.chown(self.folder, "postgres")
        try:
            self._run("initdb", "-A", "trust", "-U", USER, "-E", "UTF8", "--no-locale", "--no-sync")
        except DeviceError:
            shutil.rmtree(self.folder)
            raise
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(folder=self.folder))

    def url(self, database: str = "postgres") -> str:
        """For `IngestSettings.database`."""
        return f"postgresql://{USER}@/{database}?host={self.folder}"

    def start(self) -> Postgres:
        """Run it and wait until it answers."""
        self._run("pg_ctl", "start", "-w", "-t", "60", "-l", str(self.folder / "log"))
        return self

    def new_database(self, name: str) -> str:
        """Make an empty one; returns its URL."""
        self._execute(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """With whoever is still connected."""
        self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def kill(self) -> None:
        """SIGKILL to the server and its helpers."""
        pid = int((self._data / "postmaster.pid").read_text(encoding="ascii").split()[0])
        helpers = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        processes = [pid, *map(int, helpers)]
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        until_s = time.monotonic() + STOP_S
        while any(map(_is_alive, processes)) and time.monotonic() < until_s:
            time.sleep(0.005)
        # A dead process that nobody has waited for would still keep the next server from starting.
        (self._data / "postmaster.pid").unlink()
        for left in self.folder.glob(".s.PGSQL.*"):
            left.unlink()

    def stop(self) -> None:
        """End it, at once but cleanly."""
        with contextlib.suppress(DeviceError):  # it was not running
            self._run("pg_ctl", "stop", "-w", "-m", "fast")

    def remove(self) -> None:
        """End it, and forget everything."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _execute(self, sql: str) -> None:
        """Outside of a transaction."""
        server = Database.at(self.url())
        try:
            with server.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text(sql))
        finally:
            server.close()

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603 - our own argument list
            [*self._as_user, str(self._programs / program), "-D", str(self._data), *arguments],
            cwd=self.folder,
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            raise DeviceError(f"{program}: {done.stderr.strip()[-500:]}")


def _is_alive(process: int) -> bool:
    """False for one that has ended and waits for its parent to ask how."""
    try:
        said = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return said.rpartition(")")[2].split()[0] != "Z"
