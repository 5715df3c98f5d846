"""A chronyd of our own that touches no clock (`-x`): a server, or a client of one, on ports of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from edge_agent.bench.broker import ADDRESS, free_port
from edge_agent.errors import DeviceError

COMMON = """\
{source}
port {port}
cmdport {command_port}
bindaddress {address}
bindcmdaddress {address}
bindcmdaddress /
pidfile {folder}/chronyd-{command_port}.pid
"""
SERVER = "local stratum 2\nallow {address}"
CLIENT = "server {address} port {server} iburst minpoll 0 maxpoll 0"


def find_chronyd() -> str | None:
    """The program; None where the Debian package chrony is not installed."""
    return shutil.which("chronyd", path="/usr/sbin:/usr/bin")


class Chronyd:
    """Give `server`'s port to make a client of it; none: a server that vouches for this box's clock."""

    def __init__(self, folder: Path, server: int = 0) -> None:
        program = find_chronyd()
        if program is None:
            raise DeviceError("chronyd is not installed (Debian package chrony)")
        self.port = 0 if server else free_port()
        self.command_port = free_port()
        source = (CLIENT if server else SERVER).format(address=ADDRESS, server=server)
        configuration = folder / f"chronyd-{self.command_port}.conf"
        configuration.write_text(
            COMMON.format(
                source=source,
                port=self.port,
                command_port=self.command_port,
                address=ADDRESS,
                folder=folder,
            ),
            encoding="utf-8",
        )
        user = pwd.getpwuid(os.geteuid()).pw_name
        self._command = [program, "-x", "-d", "-U", "-u", user, "-f", str(configuration)]
        self._log = folder / f"chronyd-{self.command_port}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Chronyd:
        """Run it; it answers a moment later."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)  # noqa: S603 - ours
        return self

    def kill(self) -> None:
        """End it with SIGKILL, as if it had crashed."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
