"""Cameras that push plate reads: the server's address, their passwords, and whether they push."""

from __future__ import annotations

import errno
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

from edge_agent.config.settings import SiteConfig
from edge_agent.devices.anpr_push.settings import AnprSettings
from edge_agent.doctor.box import DaemonSeen, box_of
from edge_agent.doctor.finding import Finding, State
from edge_agent.doctor.observed import Eyes

SERVER = "push"
CONNECT_S = 2.0
# On a quiet road no vehicle comes for a while.
QUIET_S = 3_600.0


def push_findings(config: SiteConfig, eyes: Eyes) -> Iterator[Finding]:
    """Look at the server for pushed reads, and at who has pushed."""
    chosen = config.anpr
    if chosen is None:
        return
    daemon = box_of(config, eyes).daemon()
    yield from _server(chosen, daemon)
    for name, camera in chosen.cameras.items():
        if camera.password_file is not None:
            yield from check_secret(camera.password_file, f"camera/{name}")
    if daemon is not None and daemon.answers:
        yield from check_pushes(tuple(chosen.cameras), daemon)


def check_pushes(cameras: tuple[str, ...], daemon: DaemonSeen) -> Iterator[Finding]:
    """Who has pushed since the daemon's start."""
    for name in cameras:
        pushed, subject = daemon.pushes.get(name), f"camera/{name}"
        if pushed is not None and pushed.ago_s <= QUIET_S:
            values = {"count": pushed.count, "ago_min": round(pushed.ago_s / 60, 1)}
            yield Finding("push.ok", subject, State.OK, values)
        elif daemon.uptime_s <= QUIET_S:
            yield Finding("push.waiting", subject, State.OK, {"minutes": round(daemon.uptime_s / 60)})
        else:
            silent_s = pushed.ago_s if pushed else daemon.uptime_s
            yield Finding("push.silent", subject, State.WARNING, {"minutes": round(silent_s / 60)})


def check_secret(path: Path, subject: str) -> Iterator[Finding]:
    """A file that holds a password: there, and nobody else's to read."""
    values = {"file": str(path)}
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        yield Finding("secret.missing", subject, State.FAULT, values | {"why": error.strerror or str(error)})
        return
    if mode & 0o077:
        yield Finding("secret.open", subject, State.WARNING, values | {"mode": f"{mode:04o}"})


def _server(chosen: AnprSettings, daemon: DaemonSeen | None) -> Iterator[Finding]:
    values = {"host": chosen.host, "port": chosen.port}
    problem = _can_connect(chosen) if daemon else _can_listen(chosen)
    if problem is None:
        yield Finding("push.server", SERVER, State.OK, values)
    elif problem.errno == errno.EADDRNOTAVAIL:
        yield Finding("push.address", SERVER, State.FAULT, values)
    elif problem.errno == errno.EADDRINUSE:
        yield Finding("push.port_taken", SERVER, State.FAULT, values)
    else:
        why = problem.strerror or str(problem)
        yield Finding("push.unreachable", SERVER, State.FAULT, values | {"why": why})


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _can_listen(chosen: AnprSettings) -> OSError | None:
    try:
        socket.create_server((chosen.host, chosen.port), family=_family(chosen.host)).close()
    except OSError as error:
        return error
    return None


def _can_connect(chosen: AnprSettings) -> OSError | None:
    """The daemon listens there. On port 0 nobody can say where."""
    if chosen.port == 0:
        return None
    anywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not listened on
    try:
        socket.create_connection((anywhere.get(chosen.host, chosen.host), chosen.port), CONNECT_S).close()
    except OSError as error:
        return error
    return None
