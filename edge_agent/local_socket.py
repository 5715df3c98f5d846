"""Unix sockets of this box's own programs: for the daemon's user and root, at a path of any length."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def listen(path: Path, backlog: int) -> socket.socket:
    """Listen there; what a process that was killed has left in its place goes.

    Raises:
        OSError: the file system does not have it.
    """
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    try:
        os.fchmod(listening.fileno(), 0o600)  # the file gets it as it comes into being
        with short_name(path) as name:
            listening.bind(name)
        listening.listen(backlog)
    except OSError:
        listening.close()
        raise
    return listening


def connect(path: Path, timeout_s: float) -> socket.socket:
    """A line to what listens there; each step on it takes this long at most.

    Raises:
        OSError: nothing listens there, or it is not this user's.
    """
    line = socket.socket(socket.AF_UNIX)
    try:
        line.settimeout(timeout_s)
        with short_name(path) as name:
            line.connect(name)
    except OSError:
        line.close()
        raise
    return line


@contextmanager
def short_name(path: Path) -> Iterator[str]:
    """What a socket may be called while this is open: its name has 107 bytes, and a path has more."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
