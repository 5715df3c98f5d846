"""One lane's scale: samples in, crossings out. Owns neither loop nor clock.

              wheel or loop                      clear long enough
    EMPTY ───────────────────> OCCUPIED ─────────────────────────────> EMPTY   crossings, if any axle
      │                           │ longer than any vehicle, or too many samples
      │                           └──────────────> BLOCKED ── clear ─> EMPTY   flagged crossings, a fault
      │ unloaded samples: zero tracking                  └ never clear: a new, suspect zero

Everything is decided sample by sample on a time grid that the samples carry themselves, so the
result is the same however they are cut into blocks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from enum import Enum

import numpy as np
import numpy.typing as npt

from edge_agent.core.decisions import Fault, FaultKind, Status
from edge_agent.core.records import Crossing, Flag
from edge_agent.core.units import MS, US, Grams, MilliCelsius, Ns, S, div_round
from edge_agent.core.weigh.balance import SensorBalance
from edge_agent.core.weigh.controller import crossing_of_record
from edge_agent.core.weigh.crossing import Context, weigh
from edge_agent.core.weigh.drift import DriftWatch
from edge_agent.core.weigh.layout import Layout
from edge_agent.core.weigh.piece import Piece
from edge_agent.core.weigh.presence import Presence
from edge_agent.core.weigh.samples import BAD_OVERLOAD, INFO_GAP, Int64, Samples, VehicleRecord
from edge_agent.core.weigh.settings import ScaleSettings
from edge_agent.core.weigh.trace import HOLE_NS, Trace
from edge_agent.core.weigh.zero import ZeroEvent, ZeroTracker

# Samples kept from before the first wheel: its ramp, and the level it rose from.
PRE_ROLL_NS = 400 * MS
# A blocked lane is clear again after this long without load.
CLEAR_NS = 1 * S
# Samples missing this soon before a vehicle may have hidden its first axle.
HIDDEN_NS = 5 * S

Found = Crossing | Fault | Status
Out = Iterator[Found]
Bool = npt.NDArray[np.bool_]


class State(Enum):
    """What the lane is doing."""

    EMPTY = "empty"
    OCCUPIED = "occupied"
    BLOCKED = "blocked"


class Scale:
    """Samples of one lane in order of time; crossings and faults as they become certain."""

    def __init__(self, lane: str, settings: ScaleSettings) -> None:
        self._lane = lane
        self._settings = settings
        self._layout = Layout.of(settings)
        self._zero = ZeroTracker(self._layout.width, settings.zero, settings.detect.on_g)
        self._balance = SensorBalance(settings.envelope.drift_permille)
        self._drift = DriftWatch(lane, settings.drift)
        self._state = State.EMPTY
        self._kept: deque[Piece] = deque()  # pre-roll, or the vehicle in progress
        self._kept_samples = 0
        self._opened_at = 0
        self._rising_since: int | None = None
        self._hole_at: int | None = None  # last place where samples were missing
        self._busy_at = 0  # last sample with anything on the scale
        self._blocked_at = 0
        self._presence = Presence(settings)
        self._last_at: Ns | None = None
        self._silent = False
        self._number = 0
        self._temperature: tuple[Ns, MilliCelsius] | None = None
        self._wrong_width = False

    @property
    def occupied(self) -> bool:
        """Something is on the scale, or was and has not yet certainly left."""
        return self._state is not State.EMPTY

    @property
    def zero_g(self) -> Grams | None:
        """The tracked zero, all channels summed; None while it is being learned."""
        return None if self._zero.level is None else Grams(int(self._zero.level.sum()))

    @property
    def zero(self) -> Int64 | None:
        """(width,) the same for each of the lane's own columns, grams: for people who look."""
        return self._zero.level

    @property
    def deadline(self) -> Ns | None:
        """When silence of the instrument becomes a fact; None before the first sample and after."""
        if self._last_at is None or self._silent:
            return None
        return Ns(self._last_at + self._settings.detect.silent_ms * MS)

    def temperature(self, at: Ns, t: MilliCelsius) -> None:
        """The probe's reading at `at`."""
        self._temperature = (at, t)

    def report(self, record: VehicleRecord) -> tuple[Found, ...]:
        """A vehicle that a third party's controller weighed."""
        crossing = crossing_of_record(record, self._settings, self._temperature_at(record.at))
        return (self._numbered(crossing), *self._drift.note(crossing))

    def tick(self, now: Ns) -> tuple[Found, ...]:
        """Time passed without samples: at the deadline the instrument is away."""
        deadline = self.deadline
        if deadline is None or now < deadline:
            return ()
        return tuple(self._fall_silent(deadline))

    def feed(self, block: Samples) -> tuple[Found, ...]:
        """Samples of all lanes' columns, later than all before."""
        if not block.at.size or not self._settings.sensors:
            return ()
        if not self._layout.fits(block):
            return self._too_narrow(block)
        grams, status = self._layout.grams(block)
        return tuple(self._take(Piece(block.at, grams, status, block.inputs, bool(status.any()))))

    # ---- piece by piece -------------------------------------------------------------------------

    def _take(self, rest: Piece) -> Out:
        """All samples of a block, in pieces for which one zero holds: it moves only while empty."""
        while rest.size:
            if self._begins_behind_a_hole(rest):
                if not self._silent:
                    yield from self._fall_silent(Ns(self._last_at_or(0) + self._silent_ns))
                self._silent = False
                self._last_at = Ns(int(rest.at[0]))
                self._hole_at = self._last_at
            piece = rest.one_bin() if self._state is State.EMPTY else rest
            piece = piece.head(self._before_hole(piece))
            used, out = self._step(piece)
            yield from out
            if used:
                self._note_holes(piece.head(used))
                self._last_at = Ns(int(piece.at[used - 1]))
            rest = rest.behind(used)

    def _step(self, piece: Piece) -> tuple[int, list[Found]]:
        """Take samples until the state changes: (how many were taken, what came of it)."""
        if self._zero.level is None:
            return self._learn_zero(piece)
        if self._state is State.EMPTY:
            return self._while_empty(piece)
        if self._state is State.OCCUPIED:
            return self._while_occupied(piece)
        return self._while_blocked(piece)

    @property
    def _silent_ns(self) -> int:
        return self._settings.detect.silent_ms * MS

    def _last_at_or(self, default: int) -> int:
        return default if self._last_at is None else self._last_at

    def _begins_behind_a_hole(self, piece: Piece) -> bool:
        first = int(piece.at[0])
        return self._silent or first - self._last_at_or(first) > self._silent_ns

    def _before_hole(self, piece: Piece) -> int:
        """Samples before the first hole that is longer than the silence allowed."""
        if int(piece.at[-1]) - int(piece.at[0]) <= self._silent_ns:
            return piece.size
        holes = np.flatnonzero(piece.at[1:] - piece.at[:-1] > self._silent_ns)
        return int(holes[0]) + 1 if holes.size else piece.size

    def _note_holes(self, piece: Piece) -> None:
        """Remember where samples were missing: the instrument says so, or time jumped."""
        before = self._last_at_or(int(piece.at[0]))
        if not piece.flagged and int(piece.at[-1]) - before <= HOLE_NS:
            return
        missing = np.diff(piece.at, prepend=before) > HOLE_NS
        if piece.flagged:
            missing |= ((piece.status & INFO_GAP) != 0).any(axis=1)
        holes = np.flatnonzero(missing)
        if holes.size:
            self._hole_at = int(piece.at[holes[-1]])

    def _learn_zero(self, piece: Piece) -> tuple[int, list[Found]]:
        good = piece.good()
        if good.size:
            self._zero.add(good.at, good.grams)
        return piece.size, []

    def _while_empty(self, piece: Piece) -> tuple[int, list[Found]]:
        busy = self._begins(piece) | self._overloaded(piece) | self._present(piece)
        first = int(busy.argmax())
        if not busy[first]:
            return piece.size, self._idle(piece)
        out = self._idle(piece.head(first)) if first else []
        if self._zero.level is None:
            return first, out
        self._zero.freeze()
        self._state = State.OCCUPIED
        self._rising_since = None
        self._opened_at = self._busy_at = int(piece.at[first])
        self._presence.start(self._opened_at)
        return first, out

    def _begins(self, piece: Piece) -> Bool:
        """Samples at which a wheel is certainly on: heavy, or on for as long as the shortest pulse.

        One sample above the threshold may be noise on a zero that has moved, and would keep the zero
        frozen for ever.
        """
        detect = self._settings.detect
        load = np.maximum.reduce(self._net(piece), axis=1)
        over: Bool = load > detect.on_g
        if not over.any():
            self._rising_since = None
            return over
        off_before = np.maximum.accumulate(np.where(over, -1, np.arange(piece.size)))
        since = piece.at[np.minimum(off_before + 1, piece.size - 1)]
        if self._rising_since is not None:
            since = np.where(off_before < 0, self._rising_since, since)
        self._rising_since = int(since[-1]) if over[-1] else None
        begins: Bool = over & ((piece.at - since >= detect.min_pulse_us * US) | (load > 2 * detect.on_g))
        return begins

    def _idle(self, piece: Piece) -> list[Found]:
        self._keep(piece)
        while len(self._kept) > 1 and int(self._kept[1].at[0]) < int(piece.at[-1]) - PRE_ROLL_NS:
            self._kept_samples -= self._kept.popleft().size
        good = piece.good()
        if not good.size:
            return []
        event = self._zero.add(good.at, good.grams)
        if event is None or event is ZeroEvent.RECOVERED:
            return []
        detail = {
            ZeroEvent.SUSPECT: "the empty scale reads off zero",
            ZeroEvent.BELOW: "the empty scale reads below zero: zero is taken anew",
        }[event]
        return [self._fault(Ns(int(piece.at[0])), FaultKind.ZERO_SUSPECT, detail)]

    def _while_occupied(self, piece: Piece) -> tuple[int, list[Found]]:
        # The upper threshold: a zero that stepped up while a vehicle was on must not hold it for ever.
        active = (self._net(piece) > self._settings.detect.on_g) | self._overloaded(piece)[:, None]
        end = self._presence.end_of_vehicle(piece.at, active, self._present(piece))
        cap = self._cap(piece)
        if end is not None and end < cap:
            self._keep(piece.head(end + 1))
            return end + 1, self._close(Ns(int(piece.at[end])), State.EMPTY, set())
        if cap < piece.size:
            self._keep(piece.head(cap + 1))
            at = Ns(int(piece.at[cap]))
            seconds = div_round(at - self._opened_at, S)
            fault = self._fault(at, FaultKind.SENSOR_FAULT, f"loaded for {seconds} s without an end")
            self._blocked_at = self._busy_at = at
            return cap + 1, [*self._close(at, State.BLOCKED, {Flag.STOP_ON_PAD}), fault]
        self._keep(piece)
        return piece.size, []

    def _cap(self, piece: Piece) -> int:
        """First sample at which the vehicle in progress is too long, or takes too much memory."""
        detect = self._settings.detect
        by_time = int(piece.at.searchsorted(self._opened_at + detect.max_vehicle_s * S))
        return min(by_time, max(0, detect.max_samples - 1 - self._kept_samples))

    def _while_blocked(self, piece: Piece) -> tuple[int, list[Found]]:
        busy = (self._net(piece) > self._settings.detect.off_g).any(axis=1) | self._overloaded(piece)
        busy |= self._present(piece)
        for i, loaded in enumerate(busy.tolist()):
            at = int(piece.at[i])
            if loaded:
                self._busy_at = at
            elif at - self._busy_at >= CLEAR_NS:
                self._state = State.EMPTY
                self._zero.thaw(Ns(at))
                return i + 1, []
            if at - self._blocked_at >= self._settings.zero.rezero_after_s * S:
                self._state = State.EMPTY
                self._zero.restart()
                detail = "loaded for so long that the load is taken for zero"
                return i + 1, [self._fault(Ns(at), FaultKind.ZERO_SUSPECT, detail)]
        return piece.size, []

    # ---- helpers --------------------------------------------------------------------------------

    def _net(self, piece: Piece) -> Int64:
        """(n, sensors) load above zero."""
        assert self._zero.level is not None
        return self._layout.per_sensor(piece.grams - self._zero.level)

    def _overloaded(self, piece: Piece) -> Bool:
        if not piece.flagged:
            return np.zeros(piece.size, dtype=np.bool_)
        over: Bool = ((piece.status & BAD_OVERLOAD) != 0).any(axis=1)
        return over

    def _present(self, piece: Piece) -> Bool:
        separator = self._settings.separator
        if separator is None:
            return np.zeros(piece.size, dtype=np.bool_)
        present: Bool = ((piece.inputs >> separator.bit) & 1) == (1 if separator.active == "high" else 0)
        return present

    def _keep(self, piece: Piece) -> None:
        if piece.size:
            self._kept.append(piece)
            self._kept_samples += piece.size

    def _close(self, at: Ns, state: State, flags: set[Flag]) -> list[Found]:
        """The vehicle in progress has ended: weigh what was kept."""
        assert self._zero.level is not None
        trace = self._trace()
        known = set(flags)
        if self._zero.suspect(Ns(self._opened_at)):
            known.add(Flag.ZERO_SUSPECT)
        if self._hole_at is not None and self._hole_at > self._opened_at - HIDDEN_NS:
            known.add(Flag.SENSOR_FAULT)
        if self._zero.warming(Ns(self._opened_at)):
            known.add(Flag.WARM_UP)
        context = Context(
            lane=self._lane,
            closed_at=at,
            zero=Grams(int(self._zero.level.sum())),
            temperature=self._temperature_at(at),
            flags=frozenset(known),
        )
        self._state = state
        self._kept.clear()
        self._kept_samples = 0
        self._zero.thaw(at)
        out: list[Found] = []
        for weighed in weigh(trace, self._layout, self._settings, context):
            crossing = weighed.crossing
            if not crossing.flags and self._balance.note(weighed.totals):
                out.append(self._fault(at, FaultKind.SENSOR_FAULT, self._balance.detail))
            if self._balance.drifted:
                crossing = replace(crossing, flags=tuple(sorted({*crossing.flags, Flag.DISAGREE})))
            out.append(self._numbered(crossing))
            out.extend(self._drift.note(crossing))
        return out

    def _trace(self) -> Trace:
        start = self._opened_at - PRE_ROLL_NS
        pieces = list(self._kept)
        at = np.concatenate([p.at for p in pieces])
        first = int(at.searchsorted(start))
        grams = np.concatenate([p.grams for p in pieces])[first:]
        grams -= self._zero.level
        return Trace(
            at[first:],
            grams,
            np.concatenate([p.status for p in pieces])[first:],
            np.concatenate([p.inputs for p in pieces])[first:],
            self._zero.noise,
        )

    def _fall_silent(self, at: Ns) -> Out:
        """The instrument stopped sending."""
        self._silent = True
        yield self._fault(at, FaultKind.SENSOR_SILENT, f"no sample for {self._settings.detect.silent_ms} ms")
        if self._state is State.OCCUPIED:
            yield from self._close(at, State.EMPTY, {Flag.SENSOR_FAULT})
        self._kept.clear()
        self._kept_samples = 0

    def _temperature_at(self, at: Ns) -> MilliCelsius | None:
        if self._temperature is None:
            return None
        read_at, value = self._temperature
        return value if at - read_at <= self._settings.envelope.temperature_max_age_s * S else None

    def _numbered(self, crossing: Crossing) -> Crossing:
        self._number += 1
        return replace(crossing, lane=self._lane, number=self._number)

    def _too_narrow(self, block: Samples) -> tuple[Fault, ...]:
        if self._wrong_width:
            return ()
        self._wrong_width = True
        detail = f"the instrument sends {block.values.shape[1]} channels, fewer than the sensors need"
        return (self._fault(Ns(int(block.at[0])), FaultKind.SENSOR_FAULT, detail),)

    def _fault(self, at: Ns, kind: FaultKind, detail: str) -> Fault:
        return Fault(at, f"lane/{self._lane}", kind, detail)
