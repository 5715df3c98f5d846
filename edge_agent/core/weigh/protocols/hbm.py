r"""HBM/HBK AED, AD10x and FIT: binary measured values, each followed by CR LF.

    COF 0   [MSB] [..] [LSB] [00] [0D 0A]       COF 4   [00] [LSB] [..] [MSB] [0D 0A]
    COF 8   [MSB] [..] [LSB] [status] [0D 0A]   COF 12  [status] [LSB] [..] [MSB] [0D 0A]
    COF 2   [MSB] [LSB] [0D 0A]                 COF 6   [LSB] [MSB] [0D 0A]

Two's complement. Data may hold 0D 0A, so frames are cut by length. Where they begin is found by
looking for the *one* place from which `LOCK_FRAMES` frames in a row end in CR LF (and have their 00);
while more than one place fits, nothing is read. Once found, every frame is checked and a single
failure starts the search anew. Sources: HBM AD104 p21-24, WE2107 p25 manuals.
"""

from __future__ import annotations

from edge_agent.core.weigh.protocols.faults import Reason
from edge_agent.core.weigh.protocols.framing import Frame, Parsed, Reject, unusable
from edge_agent.core.weigh.protocols.settings import HbmAedSettings
from edge_agent.core.weigh.samples import BAD_OVERLOAD

LOCK_FRAMES = 3


class HbmParser:
    """A parser with one bit of memory: whether it knows where frames begin."""

    def __init__(self, settings: HbmAedSettings) -> None:
        self._settings = settings
        self._short = settings.format in (2, 6)
        self._low_first = settings.format in (4, 6, 12)
        self._zero_at = {0: 3, 4: 0}.get(settings.format)
        self._rail = 0x7FFF if self._short else 0x7F_FFFF  # a value at the rail is a saturated converter
        self.length = 4 if self._short else 6
        self.longest_wait = (LOCK_FRAMES + 1) * self.length
        self._locked = False

    def forget(self) -> None:
        """The line was closed."""
        self._locked = False

    def __call__(self, buffer: bytes, start: int) -> Parsed:
        """A frame where frames are known to begin, else the search for that."""
        if not self._locked:
            return self._search(buffer, start)
        frame = buffer[start : start + self.length]
        if len(frame) < self.length:
            return None
        if not self._fits(buffer, start):
            self._locked = False
            return Reject(1, Reason.SHAPE)
        return self._value(frame)

    def _fits(self, buffer: bytes, start: int) -> bool:
        end = start + self.length
        zero = self._zero_at is None or buffer[start + self._zero_at] == 0
        return zero and buffer[end - 2 : end] == b"\r\n"

    def _search(self, buffer: bytes, start: int) -> Parsed:
        if len(buffer) - start < self.longest_wait:
            return None
        length = self.length
        places = [
            place
            for place in range(length)
            if all(self._fits(buffer, start + place + n * length) for n in range(LOCK_FRAMES))
        ]
        if len(places) != 1:
            return Reject(length, Reason.AMBIGUOUS if places else Reason.NOISE)
        if places[0]:
            return Reject(places[0], Reason.NOISE)
        self._locked = True
        return self._value(buffer[start : start + length])

    def _value(self, frame: bytes) -> Frame:
        data = frame[:2] if self._short else (frame[1:4] if self._low_first else frame[:3])
        value = int.from_bytes(data, "little" if self._low_first else "big", signed=True)
        if self._settings.format in (8, 12):
            status = frame[0] if self._low_first else frame[3]
            if status & self._settings.status_fault_mask:
                return unusable(self.length, Reason.NOT_READY)
            if status & self._settings.status_overload_mask:
                return Frame(self.length, 0, BAD_OVERLOAD)
        at_rail = value in (self._rail, -self._rail - 1)
        return Frame(self.length, 0, BAD_OVERLOAD) if at_rail else Frame(self.length, value)
