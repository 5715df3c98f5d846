"""A Modbus RTU transmitter: registers, and its answers on the line."""

from __future__ import annotations

import struct

from edge_agent.core.weigh.protocols.settings import ModbusRtuSettings
from edge_agent.core.weigh.samples import (
    BAD_FAULT,
    BAD_OVERLOAD,
    BAD_UNDERLOAD,
    INFO_MOTION,
    INFO_NET,
    INFO_STABLE,
    Int64,
    UInt8,
)
from edge_agent.sim.encoders.display import digits_of

FORMATS = {"i16": ">h", "u16": ">H", "i32": ">i", "u32": ">I", "f32": ">f"}
GRAMS_PER = {"g": 1.0, "kg": 1e3, "t": 1e6, "lb": 453.59237}


def crc16(data: bytes) -> bytes:
    """CRC-16/MODBUS, low byte first.

    >>> crc16(bytes.fromhex("010300070002")).hex()
    '75ca'
    """
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc.to_bytes(2, "little")


class ModbusEncoder:
    """Holds the last weight, as a transmitter's registers do."""

    def __init__(self, settings: ModbusRtuSettings, *, decimals: int = 0) -> None:
        """`decimals` matters only where a register tells them."""
        self._settings = settings
        self._decimals = settings.decimals if settings.decimals_address is None else decimals

    def registers(self, grams: int, status: int = 0) -> tuple[int, ...]:
        """The registers of one poll, from `first_register` on."""
        wanted = self._settings
        found = [0] * wanted.register_count
        for offset, word in enumerate(self._weight(grams)):
            found[self._index(wanted.address) + offset] = word
        if wanted.decimals_address is not None:
            found[self._index(wanted.decimals_address)] = self._decimals
        if wanted.status is not None:
            found[self._index(wanted.status.address)] = self._status(grams, status)
        return tuple(found)

    def reply(self, grams: int, status: int = 0) -> bytes:
        """The answer to a read of all of them, CRC included."""
        words = self.registers(grams, status)
        body = struct.pack(
            f">BBB{len(words)}H", self._settings.unit_id, self._settings.function, 2 * len(words), *words
        )
        return body + crc16(body)

    def encode(self, at_ns: int, values: Int64, status: UInt8, inputs: Int64) -> bytes:
        """The answers to as many polls as there are rows."""
        del at_ns, inputs
        rows = zip(values[:, 0].tolist(), status[:, 0].tolist(), strict=True)
        return b"".join(self.reply(value, bits) for value, bits in rows)

    def _index(self, address: int) -> int:
        return address - self._settings.address_base - self._settings.first_register

    def _weight(self, grams: int) -> tuple[int, ...]:
        wanted = self._settings
        number: float = grams / GRAMS_PER[wanted.unit]
        if wanted.type != "f32":
            number = round(digits_of(grams, self._decimals, wanted.unit) / wanted.multiplier)
            number = abs(number) if wanted.sign == "status_bit" else number
        packed = struct.pack(FORMATS[wanted.type], number)
        words = struct.unpack(f">{len(packed) // 2}H", packed)
        return words if wanted.word_order == "high_first" else words[::-1]

    def _status(self, grams: int, status: int) -> int:
        bits = self._settings.status
        if bits is None:
            return 0
        word = bits.required_mask
        for flag, mask in (
            (BAD_OVERLOAD, bits.overload_mask),
            (BAD_UNDERLOAD, bits.underload_mask),
            (BAD_FAULT, bits.fault_mask),
            (INFO_MOTION, bits.motion_mask),
            (INFO_STABLE, bits.stable_mask),
            (INFO_NET, bits.net_mask),
        ):
            word |= mask if status & flag else 0
        return word | (bits.negative_mask if grams < 0 else 0)
