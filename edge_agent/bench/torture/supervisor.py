"""What systemd does with `Type=notify` and `WatchdogSec=`, and no more: start, listen, kill, start again."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

STOP_S = 20.0


class Supervisor:
    """Owns the notify socket of one service.

    Args:
        command: the service.
        log: its output, of all its lives.
        address: of the notify socket; `@name` is in the abstract space.
        watchdog_s: killed when it gives no sign of life for so long.
    """

    def __init__(self, command: Sequence[str], log: Path, address: str, watchdog_s: float) -> None:
        self._command = list(command)
        self._log = log
        self._watchdog_s = watchdog_s
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._environment = {
            **os.environ,
            "NOTIFY_SOCKET": address,
            "WATCHDOG_USEC": str(int(watchdog_s * 1e6)),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False
        self._alive_s = 0.0
        self.killed = 0
        self.status = ""
        self.said: list[str] = []

    @property
    def pid(self) -> int:
        """Of the life that runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def ready(self) -> bool:
        """It has said so, in this life."""
        return self._ready

    def start(self) -> None:
        """Begin a life."""
        self._ready = False
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, env=self._environment)  # noqa: S603 - ours

    def look(self, wait_s: float = 0.05) -> None:
        """Listen for a moment; kill it and start it again when its time is over."""
        assert self._process is not None
        self._listen(wait_s)
        if self._ready and time.monotonic() - self._alive_s > self._watchdog_s:
            self._process.kill()
            self._process.wait()
            self.killed += 1
            self.start()

    def stop(self) -> int:
        """End it as systemd does on `stop`; its exit status."""
        assert self._process is not None
        self._process.terminate()
        try:
            return self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        finally:
            self._listen(0.01)
            self._socket.close()

    def _listen(self, wait_s: float) -> None:
        self._socket.settimeout(wait_s)
        try:
            while True:
                fields = dict(
                    line.split("=", 1)
                    for line in self._socket.recv(4096).decode().splitlines()
                    if "=" in line
                )
                self._take(fields)
                self._socket.settimeout(0.001)
        except TimeoutError:
            return

    def _take(self, fields: dict[str, str]) -> None:
        self.said += [name for name in fields if name != "STATUS"]
        self.status = fields.get("STATUS", self.status)
        if fields.get("READY") == "1":
            self._ready = True
        if {"READY", "WATCHDOG"} & fields.keys():
            self._alive_s = time.monotonic()
