"""Why a camera cannot be reached: its name, its address, its port. Told apart by trying, in bounded time."""

from __future__ import annotations

import errno
import socket
import threading
from urllib.parse import urlsplit

TRY_S = 3.0
PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
UNREACHABLE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN)


def reached(url: str) -> str:
    """Empty where a connection opens; else `name`, `refused`, `timed_out` or `unreachable`."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or PORTS.get(parts.scheme, 554)
    except ValueError:
        return "name"
    if not host:
        return "name"
    address = _resolved(host)
    return "name" if address is None else _opened(address, port)


def _resolved(host: str) -> str | None:
    """The first address; None where there is none, or none in time: a resolver may take half a minute."""
    found: list[str] = []

    def ask() -> None:
        try:
            found.append(str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0]))
        except (OSError, UnicodeError):
            return

    thread = threading.Thread(target=ask, name="doctor-name", daemon=True)
    thread.start()
    thread.join(TRY_S)
    return found[0] if found else None


def _opened(address: str, port: int) -> str:
    try:
        with socket.create_connection((address, port), TRY_S):
            return ""
    except TimeoutError:
        return "timed_out"
    except ConnectionRefusedError:
        return "refused"
    except OSError as problem:
        return "unreachable" if problem.errno in UNREACHABLE else "refused"
