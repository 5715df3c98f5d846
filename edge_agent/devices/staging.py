"""Pictures on their way into evidence, held in memory only.

Most plates that a camera pushes belong to vehicles within every limit, and most of what is put down before
a shop is taken in again. Their pictures must leave no trace, so nothing here touches the disk: a picture is
either sealed in its time or forgotten.

Two kinds of pictures come in, and neither may push the other out, so each has its own room:

* **passing**: nobody said how long. A camera pushes them by the thousand, and nearly all are nobody's
  case. They are held for `KEEP`; where there are too many the oldest goes first.
* **asked for**: the core wants them for as long as its rule takes, ten minutes say, because the first
  picture of a case is sealed with the last. They are kept for the time that was agreed: where there is
  no room the newcomer is turned away, never a picture that some case already counts on. The last
  quarter of the room is for short times alone, the pictures of a case that is about to be sealed.

A picture asked for may have a slot, "the first picture of this zone's stay": the next in the same slot
means that the one before came to nothing, and it is let go soon (`SUPERSEDED`) instead of at its end.

What was sealed is let go at once (`release`): whoever asks again is served from the evidence store.

What had to go before its time, or was turned away, is counted in `lost`. Its digest is known all the
same, so a statement says that the picture was taken and is missing.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from edge_agent.core.units import Ns, S

KEEP = 150 * S  # longer than any case on the bridge may wait for its match and a late amendment
LONGEST = 7_200 * S  # two hours; no rule's stay with its tier and its night is longer by default
SHORT = 300 * S  # for so long the core asks for the pictures of a record that is being made
SUPERSEDED = 60 * S  # longer than a record waits for its pictures and its sealing
MAX_BYTES = 96_000_000  # of passing pictures
MAX_ASKED_BYTES = 160_000_000  # about 40 zones in the middle of a stay, each with three originals of 1 MB
SHORT_SHARE = 4  # one part in so many of the room asked for is for times no longer than SHORT

UNSLOTTED = ""


@dataclass(slots=True)
class _Held:
    """A picture, and until when each slot wants it."""

    data: bytes
    claims: dict[str, Ns]

    @property
    def until(self) -> Ns:
        return max(self.claims.values())


@dataclass(slots=True)
class _Room:
    """Pictures by digest, oldest first."""

    held: dict[str, _Held] = field(default_factory=dict)
    size: int = 0

    def add(self, digest: str, picture: _Held) -> None:
        self.held[digest] = picture
        self.size += len(picture.data)

    def drop(self, digest: str) -> _Held | None:
        picture = self.held.pop(digest, None)
        self.size -= len(picture.data) if picture else 0
        return picture

    def expire(self, now: Ns) -> None:
        for digest in [d for d, picture in self.held.items() if picture.until < now]:
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
        self._slots: dict[str, str] = {}  # digest of the newest in each slot
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

    def put(self, data: bytes, hold_ns: int | None = None, slot: str = UNSLOTTED) -> str:
        """Hold the bytes; returns their SHA-256, lower-case hex.

        Args:
            data: a picture or a clip.
            hold_ns: for so long, two hours at most; None: it is passing, see above.
            slot: what it is the newest of; empty: of nothing.
        """
        digest = hashlib.sha256(data).hexdigest()
        with self._lock:
            now = self._clock()
            self._forget(now)
            if hold_ns is not None:
                self._put_asked(digest, data, now, min(hold_ns, LONGEST), slot)
            elif digest not in self._asked.held:
                self._put_passing(digest, data, now)
        return digest

    def get(self, digest: str) -> bytes | None:
        """The bytes, or None when they were never held or are forgotten."""
        with self._lock:
            self._forget(self._clock())
            picture = self._asked.held.get(digest) or self._passing.held.get(digest)
        return picture.data if picture else None

    def release(self, digests: Collection[str]) -> None:
        """These are sealed: the disk has them. What two slots want is kept, for only one has had it."""
        with self._lock:
            for digest in digests:
                self._passing.drop(digest)
                picture = self._asked.held.get(digest)
                if picture is not None and len(picture.claims) == 1:
                    self._asked.drop(digest)

    def _forget(self, now: Ns) -> None:
        self._passing.expire(now)
        self._asked.expire(now)

    def _put_passing(self, digest: str, data: bytes, now: Ns) -> None:
        self._passing.drop(digest)
        self._passing.add(digest, _Held(data, {UNSLOTTED: Ns(now + KEEP)}))
        while self._passing.size > self._max_bytes:
            self._passing.drop(next(iter(self._passing.held)))
            self._lost += 1

    def _put_asked(self, digest: str, data: bytes, now: Ns, hold: int, slot: str) -> None:
        self._supersede(slot, digest, now)
        picture = self._asked.held.get(digest)
        if picture is None:
            room = self._max_asked - (self._max_asked // SHORT_SHARE if hold > SHORT else 0)
            if self._asked.size + len(data) > room:
                self._lost += 1
                return
            self._passing.drop(digest)
            picture = _Held(data, {})
            self._asked.add(digest, picture)
        picture.claims[slot] = Ns(max(now + hold, picture.claims.get(slot, 0)))

    def _supersede(self, slot: str, digest: str, now: Ns) -> None:
        """The slot's last picture came to nothing; other slots may want it still."""
        if slot == UNSLOTTED:
            return
        before = self._asked.held.get(self._slots.get(slot, ""))
        if before is not None and slot in before.claims and self._slots[slot] != digest:
            before.claims[slot] = Ns(min(before.claims[slot], now + SUPERSEDED))
        self._slots[slot] = digest
