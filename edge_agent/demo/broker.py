"""A real MQTT broker of the demo's own: mosquitto where it is installed, else a pure-Python one.

mosquitto runs with TLS 1.2+, client certificates and an access list, as a bureau's broker should.
The pure-Python broker (amqtt) speaks MQTT 3.1.1 without TLS on loopback: good enough to see the job run.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from edge_agent.demo.pki import Authority
from edge_agent.errors import DeviceError
from edge_agent.evidence.uplink.settings import BrokerSettings

ADDRESS = "127.0.0.1"
START_TIMEOUT_S = 10.0
MOSQUITTO_PLACES = ("/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto")

# What each side may do; `%c` is the client id, which must equal its certificate's common name.
ACCESS_LIST = """\
pattern write ea/v1/+/%c/stmt
pattern write ea/v1/+/%c/att/+
pattern write ea/v1/+/%c/head
pattern write ea/v1/+/%c/state
pattern write ea/v1/+/%c/tele
pattern write ea/v1/+/%c/res
pattern read ea/v1/+/%c/rcpt
pattern read ea/v1/+/%c/cmd

user {ingest}
topic read ea/v1/#
topic write ea/v1/+/+/rcpt
topic write ea/v1/+/+/cmd
"""

MUTUAL_TLS = """\
cafile {folder}/ca.pem
certfile {folder}/broker.pem
keyfile {folder}/broker.key
tls_version tlsv1.2
require_certificate true
use_identity_as_username true
"""

CONFIGURATION = (
    "listener {port} {address}\n"
    + MUTUAL_TLS
    + """\
allow_anonymous false
acl_file {folder}/acl
set_tcp_nodelay true
persistence false
max_queued_messages 0
{user}
"""
)


class Broker(Protocol):
    """A broker that runs, and how each side reaches it."""

    name: str

    def settings(self, client_id: str) -> BrokerSettings:
        """How the client of this name connects."""

    def stop(self) -> None:
        """End it."""


def free_port() -> int:
    """A TCP port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        return int(probe.getsockname()[1])


def find_mosquitto() -> str | None:
    """The program, or None."""
    return shutil.which("mosquitto") or next((p for p in MOSQUITTO_PLACES if os.access(p, os.X_OK)), None)


class Choice(StrEnum):
    """Which broker to start."""

    AUTO = "auto"
    MOSQUITTO = "mosquitto"
    PYTHON = "python"


def start_broker(folder: Path, device: str, ingest: str, choice: Choice = Choice.AUTO) -> Broker:
    """Start the chosen broker, or the best that this machine has, in `folder`, for these two clients.

    Raises:
        DeviceError: it cannot be started.
    """
    program = find_mosquitto() if choice is not Choice.PYTHON else None
    if program:
        return Mosquitto(program, folder, device, ingest)
    if choice is Choice.MOSQUITTO:
        raise DeviceError("mosquitto is not installed: apt-get install mosquitto")
    return PurePython()


@dataclass(slots=True)
class _Tls:
    authority: Path
    certificate: Path
    key: Path


class Mosquitto:
    """The Debian package's broker, on a port, with a configuration and certificates of its own."""

    name = "mosquitto, MQTT 5 over TLS"

    def __init__(self, program: str, folder: Path, device: str, ingest: str) -> None:
        authority = Authority(folder)
        authority.server(ADDRESS)
        self._tls = {}
        for client in (device, ingest):
            identity = authority.client(client)
            self._tls[client] = _Tls(authority.certificate, identity.certificate, identity.key)
        self._port = free_port()
        self._log = folder / "mosquitto.log"
        _private(folder / "acl", ACCESS_LIST.format(ingest=ingest))
        configuration = folder / "mosquitto.conf"
        # Started by root, mosquitto would become a user that may not read the demo's folder.
        user = "user root" if os.geteuid() == 0 else ""
        _private(
            configuration,
            CONFIGURATION.format(port=self._port, address=ADDRESS, folder=folder.resolve(), user=user),
        )
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own argument list
                [program, "-c", str(configuration.resolve())], stdout=log, stderr=log
            )
        self._wait()

    def settings(self, client_id: str) -> BrokerSettings:
        """TLS with the client's own certificate."""
        tls = self._tls[client_id]
        return BrokerSettings(
            host=ADDRESS,
            port=self._port,
            client_id=client_id,
            tls_ca_certs=tls.authority,
            tls_client_cert=tls.certificate,
            tls_client_key=tls.key,
        )

    def stop(self) -> None:
        """SIGTERM, then wait."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(START_TIMEOUT_S)

    def _wait(self) -> None:
        if not _listens(self._port, lambda: self._process.poll() is None):
            self.stop()
            said = self._log.read_text(errors="replace")[-500:]
            raise DeviceError(f"mosquitto did not start: {said}")


class PurePython:
    """amqtt in a thread of this process."""

    name = "amqtt (pure Python), MQTT 3.1.1 on loopback without TLS"

    def __init__(self) -> None:
        import asyncio  # noqa: PLC0415 - only where mosquitto is missing

        for chatty in ("amqtt", "transitions"):  # every port probe and shutdown is a traceback there
            logging.getLogger(chatty).setLevel(logging.CRITICAL + 1)
        make = self._maker()
        self._loop = asyncio.new_event_loop()
        self._port = free_port()
        self._thread = threading.Thread(target=self._loop.run_forever, name="amqtt", daemon=True)
        self._thread.start()
        started = self._started(make)
        self._broker = asyncio.run_coroutine_threadsafe(started, self._loop).result(START_TIMEOUT_S)
        if not _listens(self._port, self._thread.is_alive):
            raise DeviceError("the pure-Python broker did not start")

    def settings(self, client_id: str) -> BrokerSettings:
        """Plain TCP, which the settings allow on loopback alone."""
        return BrokerSettings(host=ADDRESS, port=self._port, client_id=client_id, protocol="3.1.1")

    def stop(self) -> None:
        """Shut the broker down and end its thread."""
        import asyncio  # noqa: PLC0415 - only where mosquitto is missing

        asyncio.run_coroutine_threadsafe(self._broker.shutdown(), self._loop).result(START_TIMEOUT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _maker(self) -> Any:
        try:
            from amqtt.broker import Broker as Amqtt  # noqa: PLC0415 - an extra
        except ImportError:
            raise DeviceError(
                "no MQTT broker: install Debian's mosquitto, or the extra: pip install edge-agent[demo]"
            ) from None
        return Amqtt

    async def _started(self, make: Any) -> Any:
        """Made where its loop runs: it asks asyncio for the thread's loop, and our caller's may have none."""
        broker = make(
            {
                "listeners": {"default": {"type": "tcp", "bind": f"{ADDRESS}:{self._port}"}},
                "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
            }
        )
        await broker.start()
        return broker


def _listens(port: int, alive: Callable[[], bool]) -> bool:
    """Whether the port accepts connections before the time is over."""
    until = time.monotonic() + START_TIMEOUT_S
    while alive() and time.monotonic() < until:
        with socket.socket() as probe:
            probe.settimeout(0.2)
            if probe.connect_ex((ADDRESS, port)) == 0:
                return True
        time.sleep(0.02)
    return False


def _private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
