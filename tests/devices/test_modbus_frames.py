"""The CRC of a Modbus line is checked by pymodbus; here is what that is worth."""

from __future__ import annotations

import pytest
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU

M2 = bytes.fromhex("01 03 04 00 00 4E 20 CE 4B")
M3 = bytes.fromhex("01 03 04 FF FF FC 18 BB 1D")
M4 = bytes.fromhex("01 03 04 46 9C 40 00 1E 95")
M5 = bytes.fromhex("01 83 02 C0 F1")


def payload(frame: bytes) -> bytes:
    """Function code and data of an answer, empty when it is not believed."""
    _, _, _, found = FramerRTU(DecodePDU(False)).decode(frame)
    return found


def test_the_request_that_is_sent_is_the_manuals():
    request = FramerRTU(DecodePDU(False)).encode(bytes.fromhex("03 00 07 00 02"), 1, 0)

    assert request == bytes.fromhex("01 03 00 07 00 02 75 CA")  # M1


@pytest.mark.parametrize("frame", [M2, M3, M4, M5])
def test_answers_are_read(frame):
    assert payload(frame) == frame[1:-2]


@pytest.mark.parametrize("frame", [M2, M3, M4, M5])
def test_every_single_bit_flip_of_an_answer_is_caught(frame):
    for bit in range(8 * len(frame)):
        flipped = bytearray(frame)
        flipped[bit // 8] ^= 1 << bit % 8
        assert payload(bytes(flipped)) == b"", bit
