"""Which scheduler may be spoken to, and how: this machine's, or another one's with TLS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from edge_agent.errors import UsageError
from edge_agent.loopback import is_loopback


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Files (PEM) with which a `tls://` scheduler is spoken to."""

    ca: Path
    cert: Path
    key: Path


def checked_address(address: str, tls: TlsFiles | None, *, insecure: bool) -> str:
    """The scheduler's address with its scheme, if it may be spoken to.

    Raises:
        UsageError: it is none, or bytes would leave this machine without TLS and nobody said that they may.
    """
    whole = address if "://" in address else f"{'tls' if tls else 'tcp'}://{address}"
    try:
        parts = urlsplit(whole)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or port is None or parts.scheme not in ("tcp", "tls"):
        raise UsageError(f"--scheduler {address}: give tcp://HOST:PORT or tls://HOST:PORT")
    if (parts.scheme == "tls") != (tls is not None):
        raise UsageError(
            f"--scheduler {whole}: --tls-ca, --tls-cert and --tls-key go with tls://, and it with them"
        )
    if tls is None and not insecure and not is_loopback(host):
        raise UsageError(
            f"--scheduler {whole} is another machine, without TLS: whoever is between can run programs here "
            "and there. Use tls:// (docs/corpus.md), or --insecure on a network that is yours alone"
        )
    return whole
