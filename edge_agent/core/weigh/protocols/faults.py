"""Why bytes were not believed, gathered so that noise on the line cannot flood anyone."""

from __future__ import annotations

from enum import StrEnum

from edge_agent.core.decisions import FaultKind
from edge_agent.core.units import Ns, S
from edge_agent.core.weigh.samples import ProtocolFault


class Reason(StrEnum):
    """Everything that can be wrong with bytes; the text is the fault's detail."""

    NOISE = "bytes that belong to no frame"
    CUT = "a frame was cut off by silence"
    SHAPE = "a frame has the wrong shape"
    CHECKSUM = "a checksum does not fit"
    NO_NUMBER = "a value is not a number"
    FINER_THAN_GRAM = "a value has more decimals than its unit can have"
    OUT_OF_RANGE = "a value is beyond what the scale can show"
    UNIT = "a unit is not one of those configured"
    NOT_GROSS = "net, tare or a count was sent where gross is expected"
    SCALING = "an unconfirmed scaling (fixed zeros, expanded display) is not configured"
    NOT_READY = "the instrument says that its value cannot be used"
    ADDRESS = "another address speaks on this line"
    LAYOUT = "channels, samples or period are not as configured"
    REPEATED = "a frame was sent twice"
    RESTARTED = "the instrument's sequence started afresh"
    OVERRUN = "the instrument lost samples of its own"
    AMBIGUOUS = "frames could begin at more than one place"
    NO_ANSWER = "the instrument did not answer"
    REFUSED = "the instrument refused the request"
    RECORD = "a vehicle record breaks the contract"


_KINDS = {
    Reason.UNIT: FaultKind.WRONG_UNIT,
    Reason.ADDRESS: FaultKind.UNKNOWN_SOURCE,
    Reason.NOT_READY: FaultKind.SENSOR_FAULT,
    Reason.OUT_OF_RANGE: FaultKind.SENSOR_FAULT,
    Reason.OVERRUN: FaultKind.SENSOR_FAULT,
    Reason.RESTARTED: FaultKind.SENSOR_FAULT,
    Reason.NO_ANSWER: FaultKind.SENSOR_SILENT,
}

QUIET_NS = 1 * S  # the first of a kind is told at once, then at most one a second with its count


class FaultLog:
    """Counts faults by reason and hands them out, at most one a second and reason."""

    def __init__(self) -> None:
        self._waiting: dict[Reason, int] = {}
        self._details: dict[Reason, str] = {}
        self._quiet_until: dict[Reason, int] = {}

    def add(self, reason: Reason, count: int = 1, detail: str = "") -> None:
        """It happened `count` times; of several details the last is told."""
        self._waiting[reason] = self._waiting.get(reason, 0) + count
        self._details[reason] = f"{reason}: {detail}" if detail else str(reason)

    def take(self, at: Ns) -> tuple[ProtocolFault, ...]:
        """The faults to tell now, in the order of first appearance."""
        if not self._waiting:
            return ()
        due = [r for r in self._waiting if at >= self._quiet_until.get(r, at)]
        for reason in due:
            self._quiet_until[reason] = at + QUIET_NS
        return tuple(
            ProtocolFault(
                at, _KINDS.get(reason, FaultKind.BAD_FRAME), self._details[reason], self._waiting.pop(reason)
            )
            for reason in due
        )
