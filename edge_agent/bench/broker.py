"""A Mosquitto of our own: its own port, configuration and folder; can be killed and started again."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path

from edge_agent.demo.broker import ADDRESS, find_mosquitto, free_port
from edge_agent.errors import DeviceError
from edge_agent.evidence.uplink.settings import BrokerSettings

__all__ = ["ADDRESS", "Mosquitto", "find_mosquitto", "free_port"]

START_S = 10.0

CONFIGURATION = """\
listener {port} {address}
allow_anonymous true
set_tcp_nodelay true
persistence false
max_queued_messages 0
log_dest none
{more}
"""


class Mosquitto:
    """One broker, plain TCP on loopback, no persistence: what it holds dies with it."""

    def __init__(self, folder: Path, more: str = "") -> None:
        program = find_mosquitto()
        if program is None:
            raise DeviceError("mosquitto is not installed (Debian package mosquitto)")
        self._program = program
        self.port = free_port()
        self._configuration = folder / f"mosquitto-{self.port}.conf"
        self._process: subprocess.Popen[bytes] | None = None
        self.configure(more)

    def configure(self, more: str) -> None:
        """Other settings from the next start on."""
        # Started by root, it would become a user that may not read the folder.
        user = "user root\n" if os.geteuid() == 0 else ""
        self._configuration.write_text(
            CONFIGURATION.format(port=self.port, address=ADDRESS, more=user + more), encoding="utf-8"
        )

    def settings(self, client_id: str = "", **other: object) -> BrokerSettings:
        """How to reach it; short waits, since it comes back at once."""
        fields = {"backoff_max_s": 0.5, "keepalive_s": 10, "connect_timeout_s": 5, **other}
        return BrokerSettings.model_validate(
            {"host": ADDRESS, "port": self.port, "client_id": client_id, **fields}
        )

    def start(self) -> Mosquitto:
        """Run it and wait until it listens."""
        self._process = subprocess.Popen(  # noqa: S603 - our own argument list
            [self._program, "-c", str(self._configuration)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until_s = time.monotonic() + START_S
        while self._process.poll() is None and time.monotonic() < until_s:
            with socket.socket() as probe:
                if probe.connect_ex((ADDRESS, self.port)) == 0:
                    return self
            time.sleep(0.005)
        raise DeviceError(f"mosquitto did not start on port {self.port}")

    def kill(self) -> None:
        """Kill it with SIGKILL: it saves nothing."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """SIGTERM, and wait."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=START_S)
