"""Pictures that were sealed a moment ago, still in memory: the uplink asks for them at once.

The bytes were hashed when they were sealed and cannot change since; whatever is not here comes from
the disk and is hashed again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping


class RecentBlobs:
    """The newest blobs, within a bound of bytes; the oldest go first.

    >>> recent = RecentBlobs(5)
    >>> recent.add({"a": b"123", "b": b"45"})
    >>> recent.add({"c": b"6"})
    >>> recent.get("a"), recent.get("b"), recent.get("c")
    (None, b'45', b'6')
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._blobs: OrderedDict[str, bytes] = OrderedDict()

    def add(self, blobs: Mapping[str, bytes]) -> None:
        """These are in the chain now."""
        for sha256, data in blobs.items():
            if sha256 not in self._blobs:
                self._blobs[sha256] = data
                self._bytes += len(data)
        while self._bytes > self._max_bytes:
            _, data = self._blobs.popitem(last=False)
            self._bytes -= len(data)

    def get(self, sha256: str) -> bytes | None:
        """The bytes, if they are still here."""
        return self._blobs.get(sha256)
