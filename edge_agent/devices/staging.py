"""Pictures on their way into evidence, held in memory only.

Most plates that a camera pushes belong to vehicles within every limit. Their pictures must leave no
trace, so nothing here touches the disk: a picture is either sealed within `keep` or forgotten.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable

from edge_agent.core.units import Ns, S

KEEP = 150 * S  # longer than any case may wait for its match and a late amendment
MAX_BYTES = 96_000_000


class Staging:
    """A bounded store of bytes by SHA-256. Safe to use from several threads."""

    def __init__(self, clock: Callable[[], Ns], keep: int = KEEP, max_bytes: int = MAX_BYTES) -> None:
        self._clock = clock
        self._keep = keep
        self._max_bytes = max_bytes
        self._held: OrderedDict[str, tuple[Ns, bytes]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def put(self, data: bytes) -> str:
        """Hold the bytes; returns their SHA-256, lower-case hex."""
        digest = hashlib.sha256(data).hexdigest()
        with self._lock:
            old = self._held.pop(digest, None)
            self._bytes += len(data) - (len(old[1]) if old else 0)
            self._held[digest] = (self._clock(), data)
            self._forget()
        return digest

    def get(self, digest: str) -> bytes | None:
        """The bytes, or None when they were never held or are forgotten."""
        with self._lock:
            self._forget()
            held = self._held.get(digest)
        return held[1] if held else None

    def _forget(self) -> None:
        oldest_allowed = self._clock() - self._keep
        while self._held:
            digest, (at, data) = next(iter(self._held.items()))
            if at >= oldest_allowed and self._bytes <= self._max_bytes:
                return
            del self._held[digest]
            self._bytes -= len(data)
