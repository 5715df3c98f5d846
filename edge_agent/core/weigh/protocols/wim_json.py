"""Vehicle records of a third party's weighing controller: one JSON object a line.

No vendor publishes the bytes of its controller, so this record is our own and an adapter on the site
writes it; see docs/protocols/wim-json.md. It is read strictly: unknown or repeated keys, fractions and
numbers as text are faults. Times are ages, so the controller's clock need not agree with ours.
"""

from __future__ import annotations

import json
from collections import deque
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge_agent.core.events import RegistersRead
from edge_agent.core.foreign_json import first_fault, no_key_twice
from edge_agent.core.records import Flag
from edge_agent.core.units import KG, MS, Grams, Mm, MmPerS, Ns
from edge_agent.core.weigh.protocols.faults import FaultLog, Reason
from edge_agent.core.weigh.protocols.framing import Output
from edge_agent.core.weigh.protocols.settings import WimJsonSettings
from edge_agent.core.weigh.protocols.timing import RateMeter
from edge_agent.core.weigh.samples import Counters, VehicleRecord

LONGEST_LINE = 8192  # 20 axles need about 1000 bytes
REMEMBERED_IDS = 256  # a controller that sends again does so within its last few vehicles

Count = Annotated[int, Field(ge=0, le=2**31)]
Name = Annotated[str, Field(min_length=1, max_length=64)]


class _Message(BaseModel):
    """Strict: no unknown keys, no conversion."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class AxleMessage(_Message):
    """One axle, in the order in which it crossed."""

    load_g: Count
    offset_mm: Count | None = None


class VehicleMessage(_Message):
    """What the line must hold."""

    v: Literal[1]
    id: Name
    lane: Name
    first_axle_age_ms: Count
    last_axle_age_ms: Count
    axles: Annotated[list[AxleMessage], Field(min_length=1, max_length=20)]
    gross_g: Count
    speed_mm_s: Annotated[int, Field(ge=0, le=100_000)] | None = None
    flags: Annotated[list[Name], Field(max_length=32)] = []

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.last_axle_age_ms > self.first_axle_age_ms:
            raise ValueError("the last axle is older than the first")
        offsets = [axle.offset_mm for axle in self.axles if axle.offset_mm is not None]
        if offsets and (len(offsets) != len(self.axles) or offsets[0] != 0):
            raise ValueError("offset_mm of every axle or of none, 0 for the first")
        if sorted(set(offsets)) != offsets:
            raise ValueError("offset_mm must grow from axle to axle")
        return self


class WimJsonDecoder:
    """Lines to records."""

    def __init__(self, settings: WimJsonSettings) -> None:
        self.counters = Counters()
        self._settings = settings
        self._rate = RateMeter(self.counters)
        self._faults = FaultLog()
        self._tail = b""
        self._too_long = False  # inside a line that is too long to be one
        self._seen: deque[tuple[str, str]] = deque(maxlen=REMEMBERED_IDS)

    def feed_registers(self, event: RegistersRead) -> Output:
        """A byte protocol has no registers."""
        del event
        return ()

    def reset(self) -> None:
        """The line was closed: drop what was half sent."""
        self._tail, self._too_long = b"", False

    def feed(self, at: Ns, data: bytes) -> Output:
        """Records first, then the faults, at most one a reason."""
        *lines, self._tail = (self._tail + data).split(b"\n")
        records: list[VehicleRecord] = []
        for line in lines:
            if self._too_long or len(line) > LONGEST_LINE:
                self._too_long = False
                self._refuse(Reason.RECORD, len(line), "the line is too long")
            elif line.strip():
                record = self._record(at, line)
                if record is not None:
                    records.append(record)
        if len(self._tail) > LONGEST_LINE:
            self.counters.resync_bytes += len(self._tail)
            self._tail, self._too_long = b"", True
        if records:
            self._rate.count(at, len(records))
        return (*records, *self._faults.take(at))

    def _refuse(self, reason: Reason, dropped: int, detail: str = "") -> None:
        self.counters.bad_frame += 1
        self.counters.resync_bytes += dropped
        self._faults.add(reason, detail=detail)

    def _record(self, at: Ns, line: bytes) -> VehicleRecord | None:
        try:
            message = VehicleMessage.model_validate(
                json.loads(
                    line.decode("utf-8"),
                    object_pairs_hook=no_key_twice,
                    parse_float=_no_fraction,
                    parse_constant=_no_fraction,
                )
            )
        except ValidationError as error:
            where, what = first_fault(error)
            self._refuse(Reason.RECORD, len(line), f"{where}: {what}"[:120])
            return None
        except (ValueError, RecursionError) as error:
            # ValueError: not JSON, not UTF-8, a number of thousands of digits. RecursionError: nesting.
            self._refuse(Reason.RECORD, len(line), type(error).__name__)
            return None
        return self._believed(at, message, len(line))

    def _believed(self, at: Ns, message: VehicleMessage, size: int) -> VehicleRecord | None:
        lane = self._settings.lanes.get(message.lane)
        if lane is None:
            self._refuse(Reason.ADDRESS, size)
            return None
        if (message.lane, message.id) in self._seen:
            self._refuse(Reason.REPEATED, size)
            return None
        too_heavy = (
            max(message.gross_g, *(axle.load_g for axle in message.axles)) > self._settings.max_abs_kg * KG
        )
        if too_heavy or message.first_axle_age_ms > self._settings.max_age_ms:
            self._refuse(Reason.OUT_OF_RANGE, size)
            return None
        self._seen.append((message.lane, message.id))
        self.counters.frames += 1
        return VehicleRecord(
            at=at,
            lane=lane,
            first_axle_at=Ns(at - message.first_axle_age_ms * MS),
            last_axle_at=Ns(at - message.last_axle_age_ms * MS),
            axle_loads=tuple(Grams(axle.load_g) for axle in message.axles),
            axle_offsets=tuple(Mm(axle.offset_mm) for axle in message.axles if axle.offset_mm is not None),
            gross=Grams(message.gross_g),
            speed=None if message.speed_mm_s is None else MmPerS(message.speed_mm_s),
            flags=self._flags(message),
            record_id=message.id,
        )

    def _flags(self, message: VehicleMessage) -> tuple[Flag, ...]:
        """Our own names are kept; any other of the controller's flags becomes `controller`."""
        known = {str(flag): flag for flag in Flag}
        flags = {known.get(name, Flag.CONTROLLER) for name in message.flags}
        axles = sum(axle.load_g for axle in message.axles)
        if 1000 * abs(axles - message.gross_g) > self._settings.gross_tolerance_permille * message.gross_g:
            flags.add(Flag.DISAGREE)
        return tuple(sorted(flags))


def _no_fraction(text: str) -> Any:
    raise ValueError(f"{text[:20]} is not an integer")
