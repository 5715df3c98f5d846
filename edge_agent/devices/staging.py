"""Pictures on their way into evidence, held in memory only.

Most plates that a camera pushes belong to vehicles within every limit. Their pictures must leave no
trace, so nothing here touches the disk: a picture is either sealed in its time or forgotten.

Two kinds of pictures come in, and neither may push the other out, so each has its own room:

* **passing**: nobody said how long. A camera pushes them by the thousand, and nearly all are nobody's
  case. They are held for `KEEP`; where there are too many the oldest goes first.
* **asked for**: the core wants them for as long as its rule takes, ten minutes say, because the first
  picture of a case is sealed with the last. They are kept for the time that was agreed: where there is
  no room the newcomer is turned away, never a picture that some case already counts on. The last
  quarter of the room is for short stays alone, the pictures of a case that is about to be sealed.

What had to go before its time, or was turned away, is counted in `lost`. Its digest is known all the
same, so a statement says that the picture was taken and is missing.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from edge_agent.core.units import Ns, S

KEEP = 150 * S  # longer than any case on the bridge may wait for its match and a late amendment
LONGEST = 7_200 * S  # two hours; no rule's stay with its tier and its night is longer by default
MAX_BYTES = 96_000_000  # of passing pictures
MAX_ASKED_BYTES = 160_000_000  # about 25 shops in the middle of a long stay, four originals of 1.5 MB each
SHORT_STAY_SHARE = 4  # one part in so many of the room asked for is for stays no longer than KEEP


@dataclass(slots=True)
class _Room:
    """Bytes by digest, oldest first."""

    held: dict[str, tuple[Ns, bytes]] = field(default_factory=dict)  # digest: (until, bytes)
    size: int = 0

    def add(self, digest: str, until: Ns, data: bytes) -> None:
        self.held[digest] = (until, data)
        self.size += len(data)

    def drop(self, digest: str) -> Ns | None:
        until, data = self.held.pop(digest, (None, b""))
        self.size -= len(data)
        return until

    def expire(self, now: Ns) -> None:
        for digest in [d for d, (until, _) in self.held.items() if until < now]:
            self.drop(digest)


class Staging:
    """A bounded store of bytes by SHA-256. Safe to use from several threads.

    Args:
        clock: the box's monotonic clock.
        max_bytes: room for passing pictures.
        max_asked_bytes: room for pictures that the core asked for.
    """

    def __init__(
        self, clock: Callable[[], Ns], max_bytes: int = MAX_BYTES, max_asked_bytes: int = MAX_ASKED_BYTES
    ) -> None:
        self._clock = clock
        self._max_bytes = max_bytes
        self._max_asked = max_asked_bytes
        self._passing = _Room()
        self._asked = _Room()
        self._lost = 0
        self._lock = threading.Lock()

    @property
    def lost(self) -> int:
        """Pictures that were turned away or had to go before their time."""
        return self._lost

    @property
    def held_bytes(self) -> int:
        """Bytes held now, in both rooms."""
        return self._passing.size + self._asked.size

    def put(self, data: bytes, hold_ns: int | None = None) -> str:
        """Hold the bytes; returns their SHA-256, lower-case hex.

        Args:
            data: a picture or a clip.
            hold_ns: for so long, two hours at most; None: it is passing, see above.
        """
        digest = hashlib.sha256(data).hexdigest()
        with self._lock:
            now = self._clock()
            self._forget(now)
            if hold_ns is not None:
                self._put_asked(digest, data, now, min(hold_ns, LONGEST))
            elif digest not in self._asked.held:
                self._put_passing(digest, data, now)
        return digest

    def get(self, digest: str) -> bytes | None:
        """The bytes, or None when they were never held or are forgotten."""
        with self._lock:
            self._forget(self._clock())
            held = self._asked.held.get(digest) or self._passing.held.get(digest)
        return held[1] if held else None

    def _forget(self, now: Ns) -> None:
        self._passing.expire(now)
        self._asked.expire(now)

    def _put_passing(self, digest: str, data: bytes, now: Ns) -> None:
        self._passing.drop(digest)
        self._passing.add(digest, Ns(now + KEEP), data)
        while self._passing.size > self._max_bytes:
            self._passing.drop(next(iter(self._passing.held)))
            self._lost += 1

    def _put_asked(self, digest: str, data: bytes, now: Ns, hold: int) -> None:
        agreed = self._asked.drop(digest)
        room = self._max_asked if hold <= KEEP else self._max_asked - self._max_asked // SHORT_STAY_SHARE
        if agreed is None and self._asked.size + len(data) > room:
            self._lost += 1
            return
        self._passing.drop(digest)
        self._asked.add(digest, Ns(max(now + hold, agreed or 0)), data)
