"""The simulated instruments send the manuals' own frames for the manuals' own weights."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from edge_agent.core.weigh.protocols import ProtocolSettings
from edge_agent.core.weigh.samples import BAD_FAULT, BAD_OVERLOAD, BAD_UNDERLOAD, INFO_MOTION, INFO_NET
from edge_agent.sim.encoders import make_encoder
from edge_agent.sim.encoders.modbus import ModbusEncoder, crc16

SETTINGS: TypeAdapter[Any] = TypeAdapter(ProtocolSettings)


def sent(settings: dict[str, Any], value: int, status: int = 0, decimals: int = 0) -> bytes:
    encoder = make_encoder(SETTINGS.validate_python(settings), decimals=decimals)
    bits = np.array([[status]], dtype=np.uint8)
    return encoder.encode(0, np.array([[value]]), bits, np.zeros(1, dtype=np.int64))


A9 = {"kind": "yaohua_a9"}
TOLEDO = {"kind": "toledo_cont"}
STGS = {"kind": "ascii_stgs"}
EQ = {"kind": "yaohua_eq", "direction": "reversed"}


@pytest.mark.parametrize(
    ("settings", "value", "status", "decimals", "wire"),
    [
        (A9, 20_000, 0, 2, "02 2B 30 30 32 30 30 30 32 31 42 03"),
        (A9, -150, 0, 2, "02 2D 30 30 30 30 31 35 32 31 42 03"),
        (A9, 20_000_000, 0, 0, "02 2B 30 32 30 30 30 30 30 31 39 03"),
        (A9, 0, BAD_OVERLOAD, 0, "02 2B 20 20 20 20 20 20 30 31 42 03"),
        (EQ, 3_000, 0, 3, b"=000.3000".hex()),
        (EQ, -1_000, 0, 2, b"=00.1000-".hex()),
        ({"kind": "yaohua_eq", "direction": "forward"}, 20_000, 0, 3, b"=0020.000".hex()),
        ({"kind": "yaohua_a12"}, 4_139, 0, 3, "57 47 30 30 34 2E 31 33 39 6B 67 33 44 0D 0A"),
        ({"kind": "yaohua_a12"}, -4_139, 0, 3, "57 47 2D 30 34 2E 31 33 39 6B 67 32 30 0D 0A"),
        ({"kind": "yaohua_a12"}, 20_000_000, 0, 0, "57 47 30 32 30 30 30 30 20 6B 67 33 45 0D 0A"),
        ({"kind": "yaohua_a12"}, 12_345, INFO_NET, 3, "57 4E 30 31 32 2E 33 34 35 6B 67 33 41 0D 0A"),
        ({"kind": "yaohua_a12"}, 0, BAD_OVERLOAD, 0, "20 20 20 20 20 20 20 20 20 4F 4C 32 33 0D 0A"),
        ({"kind": "yaohua_a12"}, 0, BAD_UNDERLOAD, 0, "20 20 20 20 20 20 20 20 20 4C 4F 32 33 0D 0A"),
        ({"kind": "yaohua_cmd"}, 20_000, 0, 2, "02 41 42 2B 30 30 32 30 30 30 32 31 38 03"),
        (TOLEDO, 20_000_000, 0, 0, "02 2A 30 20 30 32 30 30 30 30 30 30 30 30 30 30 0D 35"),
        (STGS, 11_120, 0, 3, "53 54 2C 47 53 2C 2B 30 31 31 2E 31 32 30 6B 67 0D 0A"),
        (STGS, -1_500, INFO_NET, 3, "53 54 2C 4E 54 2C 2D 30 30 31 2E 35 30 30 6B 67 0D 0A"),
        (STGS, 0, BAD_OVERLOAD, 0, "4F 4C 2C 47 53 2C 2B 20 20 20 20 20 20 20 6B 67 0D 0A"),
        ({**STGS, "address": "01"}, 20_000_000, 0, 0, b"01ST,GS,+0020000kg\r\n".hex()),
        (
            {"kind": "cas22"},
            20_000_000,
            0,
            0,
            "53 54 2C 47 53 2C 31 E4 2C 20 20 20 32 30 30 30 30 20 6B 67 0D 0A",
        ),
        (
            {"kind": "cas22"},
            -1_500,
            INFO_NET,
            2,
            "53 54 2C 4E 54 2C 31 E2 2C 20 20 20 2D 31 2E 35 30 20 6B 67 0D 0A",
        ),
        (
            {"kind": "cas22"},
            0,
            BAD_OVERLOAD,
            0,
            "4F 4C 2C 47 53 2C 31 A4 2C 20 20 20 20 20 20 20 20 20 6B 67 0D 0A",
        ),
        ({"kind": "rinstrum"}, 20_000_000, 0, 0, "02 20 20 20 32 30 30 30 30 47 03"),
        ({"kind": "rinstrum"}, -1_500, INFO_NET, 2, "02 2D 20 20 20 31 2E 35 30 4E 03"),
        ({"kind": "rinstrum"}, 0, BAD_OVERLOAD, 0, "02 20 20 20 20 20 20 20 20 4F 03"),
        ({"kind": "rinstrum"}, 1_000, INFO_MOTION, 0, "02 20 20 20 20 20 20 20 31 4D 03"),
        ({"kind": "laumas_fast"}, -150_000, 0, 0, b"-00150\r\n".hex()),
        ({"kind": "hbm_aed", "format": 0}, 1_000_000, 0, 0, "0F 42 40 00 0D 0A"),
        ({"kind": "hbm_aed", "format": 4}, -1_000, 0, 0, "00 18 FC FF 0D 0A"),
        ({"kind": "hbm_aed", "format": 2}, 20_000, 0, 0, "4E 20 0D 0A"),
        ({"kind": "hbm_aed", "format": 2}, 99_999, 0, 0, "7F FF 0D 0A"),
    ],
)
def test_a_weight_is_sent_as_the_manual_shows(settings, value, status, decimals, wire):
    assert sent(settings, value, status, decimals) == bytes.fromhex(wire)


@pytest.mark.parametrize(
    ("settings", "grams", "wire"),
    [
        ({"preset": "laumas"}, 20_000_000, "01 03 04 00 00 4E 20 CE 4B"),
        ({"preset": "laumas"}, -1_000_000, "01 03 04 FF FF FC 18 BB 1D"),
        ({"preset": "eagle"}, 20_000_000, "01 03 04 46 9C 40 00 1E 95"),
    ],
)
def test_a_modbus_answer_is_sent_as_the_manual_shows(settings, grams, wire):
    assert sent({"kind": "modbus_rtu", **settings}, grams) == bytes.fromhex(wire)


def test_modbus_status_registers_carry_what_the_map_has_bits_for():
    baykon = SETTINGS.validate_python({"kind": "modbus_rtu", "preset": "baykon"})

    assert ModbusEncoder(baykon).registers(20_000_000) == (0, 20_000, 0b10)
    assert ModbusEncoder(baykon).registers(20_000_000, INFO_MOTION) == (0, 20_000, 0b110)
    assert ModbusEncoder(baykon).registers(0, BAD_FAULT) == (0, 0, 0b11)


def test_modbus_low_word_first_and_decimals_in_a_register():
    wanted = SETTINGS.validate_python(
        {"kind": "modbus_rtu", "address": 5, "word_order": "low_first", "decimals_address": 7}
    )

    assert ModbusEncoder(wanted, decimals=1).registers(20_000_000) == (0x0D40, 0x0003, 1)


def test_the_crc_is_modbus():
    assert crc16(bytes.fromhex("01 83 02")) == bytes.fromhex("C0 F1")


def test_frames_follow_back_to_back_in_order():
    encoder = make_encoder(SETTINGS.validate_python({"kind": "laumas_fast"}))
    values = np.array([[1_000], [2_000]])

    data = encoder.encode(0, values, np.zeros((2, 1), dtype=np.uint8), np.zeros(2, dtype=np.int64))

    assert data == b"000001\r\n000002\r\n"


def test_a_converter_frame_holds_its_samples_channel_by_channel():
    encoder = make_encoder(SETTINGS.validate_python({"kind": "adc", "channels": 2, "samples_per_frame": 2}))
    values = np.array([[1, 2], [3, 4]])

    data = encoder.encode(0, values, np.zeros((2, 2), dtype=np.uint8), np.zeros(2, dtype=np.int64))

    assert struct.unpack_from("<4i", data, 20) == (1, 2, 3, 4)


def test_a_controller_of_vehicles_has_no_samples_to_send():
    with pytest.raises(ValueError, match="vehicle_line"):
        make_encoder(SETTINGS.validate_python({"kind": "wim_json", "lanes": {"1": "north"}}))
