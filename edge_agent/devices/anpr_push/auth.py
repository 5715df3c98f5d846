"""Who may push: the camera's address and its HTTP Basic password."""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
from pathlib import Path

from edge_agent.devices.anpr_push.push import Refused
from edge_agent.devices.anpr_push.settings import AnprCameraSettings
from edge_agent.errors import ConfigError, Problem

MIN_PASSWORD_CHARS = 8
_OTHERS_MAY_READ = 0o077


class Gate:
    """One camera's door."""

    def __init__(self, camera: str, settings: AnprCameraSettings) -> None:
        self._networks = [ipaddress.ip_network(text) for text in settings.allow]
        self._expected: bytes | None = None
        if settings.auth == "basic" and settings.password_file is not None:
            password = read_password(settings.password_file, f"anpr.cameras.{camera}.password_file")
            self._expected = f"{settings.username}:{password}".encode()

    def check(self, address: str, authorization: str) -> None:
        """Let the request pass, or refuse it.

        Args:
            address: the peer's; no proxy header is believed.
            authorization: the header, empty when absent.
        """
        if self._networks and not any(_contains(network, address) for network in self._networks):
            raise Refused(403, "address", f"address {address} is not in this camera's allow list")
        if self._expected is None:
            return
        if not hmac.compare_digest(_basic(authorization), self._expected):
            raise Refused(401, "credentials", "wrong or missing HTTP Basic credentials")


def _contains(network: ipaddress.IPv4Network | ipaddress.IPv6Network, address: str) -> bool:
    try:
        peer = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(peer, ipaddress.IPv6Address) and peer.ipv4_mapped is not None:
        peer = peer.ipv4_mapped
    return peer in network


def _basic(authorization: str) -> bytes:
    """`user:password` of the header; empty when it is not Basic."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""


def read_password(path: Path, key: str) -> str:
    """The password in a file that nobody but its owner can read.

    Raises:
        ConfigError: naming the file and what to do.
    """
    try:
        mode = path.stat().st_mode
        password = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _problem(
            path, key, f"cannot be read: {error}", "create it with the camera's password"
        ) from error
    if mode & _OTHERS_MAY_READ:
        raise _problem(path, key, f"others may read it (mode {mode & 0o777:03o})", f"chmod 600 {path}")
    if len(password) < MIN_PASSWORD_CHARS:
        raise _problem(
            path, key, f"the password has fewer than {MIN_PASSWORD_CHARS} characters", "choose a longer one"
        )
    return password


def _problem(path: Path, key: str, reason: str, suggestion: str) -> ConfigError:
    return ConfigError((Problem(str(path), 0, key, reason, suggestion),))
