"""Modbus RTU transmitters: one weight out of polled registers, in integer arithmetic.

The line itself (CRC, function codes, time-outs) is the business of `devices/modbus.py`. Here a poll's
registers become a sample. Word order, type and sign are configured; a wrong word order shows as a
weight out of range (20 000 read low word first is 1 310 720 000).
"""

from __future__ import annotations

import numpy as np

from edge_agent.core.events import RegistersRead
from edge_agent.core.units import KG, MS, Ns
from edge_agent.core.weigh.protocols.faults import FaultLog, Reason
from edge_agent.core.weigh.protocols.framing import Frame, Output, unusable
from edge_agent.core.weigh.protocols.grams import float32_to_grams, to_grams
from edge_agent.core.weigh.protocols.settings import ModbusRtuSettings
from edge_agent.core.weigh.protocols.timing import UNKNOWN_RATE_GAP_NS, RateMeter
from edge_agent.core.weigh.samples import (
    BAD_OVERLOAD,
    BAD_UNDERLOAD,
    INFO_GAP,
    INFO_MOTION,
    INFO_NET,
    INFO_STABLE,
    Counters,
    Samples,
    Unit,
)

REFUSED = "refused"  # how `RegistersRead.problem` begins when the instrument answered with an exception
MOST_DECIMALS = 6
WORD = 1 << 16
DWORD = 1 << 32
REPLY_OVERHEAD = 5  # address, function, byte count, CRC


class ModbusDecoder:
    """One sample a poll. Missing polls leave a gap."""

    def __init__(self, settings: ModbusRtuSettings, *, char_ns: int = 0) -> None:
        self.counters = Counters()
        self._settings = settings
        self._line_ns = (REPLY_OVERHEAD + 2 * settings.register_count) * char_ns
        self._gap_ns = settings.gap_ms * MS or max(UNKNOWN_RATE_GAP_NS, 4 * settings.poll_ms * MS)
        self._rate = RateMeter(self.counters)
        self._faults = FaultLog()
        self._last: int | None = None
        self._gap_before = False

    def feed(self, at: Ns, data: bytes) -> Output:
        """A register protocol has no stream of bytes."""
        del at, data
        return ()

    def reset(self) -> None:
        """The line was closed."""
        self._gap_before = self._last is not None

    def feed_registers(self, event: RegistersRead) -> Output:
        """The sample of one poll, or why there is none."""
        at = event.at
        if event.problem:
            self._lost(Reason.REFUSED if event.problem.startswith(REFUSED) else Reason.NO_ANSWER)
            return self._faults.take(at)
        if not self._covers(event):
            self._lost(Reason.SHAPE)
            return self._faults.take(at)
        frame = self._read(event.registers)
        if frame.reason is not None:
            self._faults.add(frame.reason)
        samples = self._sample(Ns(at - self._line_ns), frame)
        self._rate.count(at, 1)
        return (samples, *self._faults.take(at))

    def _covers(self, event: RegistersRead) -> bool:
        wanted = self._settings
        right_place = event.address == wanted.first_register and len(event.registers) >= wanted.register_count
        return right_place and all(0 <= word < WORD for word in event.registers)

    def _lost(self, reason: Reason) -> None:
        self.counters.bad_frame += 1
        self._gap_before = self._last is not None
        self._faults.add(reason)

    def _read(self, registers: tuple[int, ...]) -> Frame:
        """Status first: where it says that there is no value, none is looked at."""
        status = self._status(registers)
        if status.status & (BAD_OVERLOAD | BAD_UNDERLOAD) or status.reason is not None:
            return status
        grams = self._grams(registers)
        if grams is None:
            return unusable(1, Reason.NO_NUMBER)
        if abs(grams) > self._settings.max_abs_kg * KG:
            return unusable(1, Reason.OUT_OF_RANGE)
        return Frame(1, grams, status.status)

    def _word(self, registers: tuple[int, ...], address: int) -> int:
        return registers[address - self._settings.address_base - self._settings.first_register]

    def _status(self, registers: tuple[int, ...]) -> Frame:
        bits = self._settings.status
        if bits is None:
            return Frame(1, 0)
        word = self._word(registers, bits.address)
        if word & bits.fault_mask or word & bits.required_mask != bits.required_mask:
            return unusable(1, Reason.NOT_READY)
        if word & bits.overload_mask:
            return Frame(1, 0, BAD_OVERLOAD)
        if word & bits.underload_mask:
            return Frame(1, 0, BAD_UNDERLOAD)
        net = bool(word & bits.net_mask)
        if net and not self._settings.accept_net:
            return unusable(1, Reason.NOT_GROSS)
        moving = INFO_MOTION if word & bits.motion_mask else 0
        stable = INFO_STABLE if word & bits.stable_mask else 0
        return Frame(1, 0, moving | stable | (INFO_NET if net else 0))

    def _grams(self, registers: tuple[int, ...]) -> int | None:
        wanted = self._settings
        raw = self._raw(registers)
        if wanted.type == "f32":
            return float32_to_grams(raw, wanted.unit)
        if wanted.type in ("i16", "i32") and wanted.sign == "as_type":
            half = (WORD if wanted.type == "i16" else DWORD) // 2
            raw = raw - 2 * half if raw >= half else raw
        if wanted.sign == "status_bit" and wanted.status is not None:
            negative = self._word(registers, wanted.status.address) & wanted.status.negative_mask
            raw = -raw if negative else raw
        decimals = wanted.decimals
        if wanted.decimals_address is not None:
            decimals = self._word(registers, wanted.decimals_address)
        if decimals > MOST_DECIMALS:
            return None
        return to_grams(raw * wanted.multiplier, decimals, wanted.unit)

    def _raw(self, registers: tuple[int, ...]) -> int:
        first = self._word(registers, self._settings.address)
        if self._settings.type in ("i16", "u16"):
            return first
        second = self._word(registers, self._settings.address + 1)
        if self._settings.word_order == "low_first":
            first, second = second, first
        return first * WORD + second

    def _sample(self, at: Ns, frame: Frame) -> Samples:
        """Polls are placed as they came: the poll, not the instrument, sets the pace."""
        gap = self._gap_before
        if self._last is not None:
            silence = at - self._last
            if silence > self._gap_ns:
                gap = True
                self.counters.gap_ms_max = max(self.counters.gap_ms_max, silence // MS)
            at = max(at, Ns(self._last))
        self._last, self._gap_before = at, False
        self.counters.frames += 1
        self.counters.gaps += gap
        return Samples(
            at=np.array([at], dtype=np.int64),
            values=np.array([[frame.value]], dtype=np.int64),
            status=np.array([[frame.status | (INFO_GAP if gap else 0)]], dtype=np.uint8),
            inputs=np.zeros(1, dtype=np.int64),
            unit=Unit.GRAMS,
        )
