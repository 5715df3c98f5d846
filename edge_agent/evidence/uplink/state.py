"""What the box says of itself on its `state` topic: retained, unsigned, for screens, not for decisions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from edge_agent.core.events import ClockSource

Word = Literal["online", "stopped", "offline"]
Level = Literal["ok", "degraded", "fault"]

MAX_TOLD = 64
MAX_DETAIL = 200

# What is not well is told at once, but not more often than this; what only counts, as often as that.
LEAST_S = 5.0
QUIET_S = 60.0


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PartState(_Part):
    """A part of the box that is not well."""

    part: str
    """As in statements: port/<name>, camera/<name>, lane/<name>, clock, store, disk, uplink, config, ..."""
    state: str
    """degraded | blind | stuck | fault | unknown."""
    detail: str


class ClockState(_Part):
    """The box's clock."""

    source: ClockSource
    synced: bool
    offset_us: int
    est_error_us: int | None = None
    """Left out: unknown."""


class HeadState(_Part):
    """The end of the chain; the signed one is on `head`."""

    epoch: str
    seq: int
    payload_sha256: str


class BoxState(_Part):
    """Every field but `state` is left out where it is not known; the will has `state` alone."""

    state: Word
    health: Level | None = None
    """ok; degraded: something watches or sends less than it should; fault: evidence is not being made."""
    sealing: bool | None = None
    """False: nothing is sealed any more, the disk or the sealer has failed."""
    parts: tuple[PartState, ...] | None = Field(default=None, max_length=MAX_TOLD)
    """What is not well."""
    parts_left_out: int | None = None
    clock: ClockState | None = None
    pending: int | None = None
    """Statements without a receipt."""
    oldest_pending_s: int | None = None
    lost: int | None = None
    """Events that could not be sealed, since the store was made."""
    head: HeadState | None = None
    boot_id: str | None = None
    software: str | None = None

    def to_bytes(self) -> bytes:
        """The message."""
        return self.model_dump_json(exclude_none=True).encode()

    def matters(self) -> tuple[object, ...]:
        """What is told at once when it changes."""
        told = tuple((part.part, part.state) for part in self.parts or ())
        clock = (self.clock.source, self.clock.synced) if self.clock else None
        return (self.state, self.health, self.sealing, told, clock)


Describe = Callable[[Word], BoxState]


def only(word: Word) -> BoxState:
    """Where nobody knows more."""
    return BoxState(state=word)


class StateTopic:
    """Says when the state is to be published, and as what."""

    def __init__(self, describe: Describe) -> None:
        self._describe = describe
        self._last: BoxState | None = None
        self._told_s = 0.0
        self._looked_s = 0.0

    def now(self, word: Word, now_s: float) -> bytes:
        """The state in any case: at a connect and at a goodbye."""
        self._last = self._describe(word)
        self._told_s = self._looked_s = now_s
        return self._last.to_bytes()

    def news(self, now_s: float) -> bytes | None:
        """The state if it is time to publish it."""
        if now_s - self._looked_s < LEAST_S:
            return None
        self._looked_s = now_s
        state = self._describe("online")
        urgent = self._last is None or state.matters() != self._last.matters()
        if not urgent and (state == self._last or now_s - self._told_s < QUIET_S):
            return None
        self._last, self._told_s = state, now_s
        return state.to_bytes()
