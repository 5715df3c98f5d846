"""Frames of manuals and of documented layouts, byte for byte, and what each must mean.

Vendor frames are the manuals' own samples; the others follow the documented layouts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from edge_agent.core.decisions import FaultKind
from edge_agent.core.events import RegistersRead
from edge_agent.core.units import MS, Ns, S
from edge_agent.core.weigh.protocols import Decoder, ProtocolSettings, make_decoder
from edge_agent.core.weigh.protocols.requests import gross_request, opening_of, poll_of
from edge_agent.core.weigh.samples import (
    BAD,
    BAD_FAULT,
    BAD_OVERLOAD,
    BAD_UNDERLOAD,
    INFO_MOTION,
    INFO_NET,
    INFO_STABLE,
    ProtocolFault,
    Samples,
    Unit,
)

SETTINGS: TypeAdapter[Any] = TypeAdapter(ProtocolSettings)


def decoder(**settings: Any) -> Decoder:
    return make_decoder(SETTINGS.validate_python(settings))


def read(wire: str, **settings: Any) -> tuple[list[tuple[int, int]], list[str]]:
    """(value, status) of every sample, and the details of the faults."""
    out = decoder(**settings).feed(Ns(S), bytes.fromhex(wire))
    samples = [block for block in out if isinstance(block, Samples)]
    rows = [
        (int(value), int(bits))
        for block in samples
        for value, bits in zip(block.values[:, 0], block.status[:, 0], strict=True)
    ]
    return rows, [fault.detail for fault in out if isinstance(fault, ProtocolFault)]


def one(wire: str, **settings: Any) -> tuple[int, int]:
    """The only sample, without any fault."""
    rows, faults = read(wire, **settings)
    assert faults == []
    [row] = rows
    return row


A9 = {"kind": "yaohua_a9"}
A9_GOOD = [
    ("Y1 vendor", "02 2B 30 30 32 30 30 30 32 31 42 03", 20_000),
    ("Y2", "02 2B 30 32 30 30 30 30 30 31 39 03", 20_000_000),
    ("Y3", "02 2B 30 31 32 33 34 35 33 31 39 03", 12_345),
    ("Y4", "02 2D 30 30 30 30 31 35 32 31 42 03", -150),
    ("Y5 minus zero is zero", "02 2D 30 30 30 30 30 30 30 31 44 03", 0),
    ("Y7 nibble as plain 0x30 + n", "02 2B 30 30 32 30 30 30 32 31 3B 03", 20_000),
    ("Y8 two digits swapped, the same XOR", "02 2B 30 32 30 30 30 30 32 31 42 03", 200_000),
]


@pytest.mark.parametrize(("wire", "grams"), [v[1:] for v in A9_GOOD], ids=[v[0] for v in A9_GOOD])
def test_a9_frames_are_read(wire, grams):
    assert one(wire, **A9) == (grams, 0)


def test_a9_tenths_of_a_gram_are_refused_in_kilograms_and_fit_in_tonnes():
    y6 = "02 2B 39 39 39 39 39 39 34 31 46 03"

    assert read(y6, **A9) == ([(0, BAD_FAULT)], ["a value has more decimals than its unit can have"])
    assert one(y6, unit="t", **A9) == (99_999_900, 0)


def test_a9_blanks_with_a_right_checksum_are_no_value():
    y9 = "02 2B 20 20 20 20 20 20 30 31 42 03"

    assert read(y9, **A9) == ([(0, BAD_FAULT)], ["a value is not a number"])


@pytest.mark.parametrize(
    ("wire", "detail"),
    [
        ("02 2B 30 32 30 30 30 30 30 31 38 03", "a checksum does not fit"),  # Y10
        ("02 2B 30 32 30 30 30 30 35 31 43 03", "a frame has the wrong shape"),  # Y11: dp 5
        ("02 2B 30 30 32 30 30 30 32 31 62 03", "a checksum does not fit"),  # Y12: lower-case b
    ],
)
def test_a9_damaged_frames_give_no_sample(wire, detail):
    assert read(wire, **A9) == ([], [detail])


EQ = [
    ("E1 vendor", 3_000, "=000.3000", "=0003.000"),
    ("E2 vendor", -1_000, "=00.1000-", "=-0001.00"),
    ("E3", 20_000, "=000.0200", "=0020.000"),
    ("E4", 100_100, "=001.0010", "=0100.100"),
    ("E5", 1_999_500, "=5.999100", "=001999.5"),
]


@pytest.mark.parametrize(("grams", "reverse", "forward"), [v[1:] for v in EQ], ids=[v[0] for v in EQ])
def test_eq_is_read_in_the_configured_direction(grams, reverse, forward):
    assert one(reverse.encode().hex(), kind="yaohua_eq", direction="reversed") == (grams, 0)
    assert one(forward.encode().hex(), kind="yaohua_eq", direction="forward") == (grams, 0)


@pytest.mark.parametrize(
    ("wire", "tonnes_g", "misread_g"),
    [
        ("=000.3000", 3_000_000, 300_000),
        ("=000.0200", 20_000_000, 20_000),
        ("=001.0010", 100_100_000, 1_001_000),
    ],
)
def test_eq_in_the_wrong_direction_is_silently_wrong_so_it_has_no_default(wire, tonnes_g, misread_g):
    eq = {"kind": "yaohua_eq", "unit": "t"}

    assert one(wire.encode().hex(), direction="reversed", **eq) == (tonnes_g, 0)
    assert one(wire.encode().hex(), direction="forward", **eq) == (misread_g, 0)
    with pytest.raises(ValueError, match="direction"):
        decoder(**eq)


@pytest.mark.parametrize("wire", ["=00.1000-", "=5.999100"])
def test_eq_reversed_frames_with_a_misplaced_sign_are_rejected_forward(wire):
    rows, faults = read(wire.encode().hex(), kind="yaohua_eq", direction="forward")

    assert rows == []
    assert faults


A12 = {"kind": "yaohua_a12"}


@pytest.mark.parametrize(
    ("wire", "row"),
    [
        ("57 47 30 30 34 2E 31 33 39 6B 67 33 44 0D 0A", (4_139, 0)),  # W1 vendor
        ("57 47 2D 30 34 2E 31 33 39 6B 67 32 30 0D 0A", (-4_139, 0)),  # W3
        ("57 47 30 32 30 30 30 30 20 6B 67 33 45 0D 0A", (20_000_000, 0)),  # W4: no point
        ("20 20 20 20 20 20 20 20 20 4F 4C 32 33 0D 0A", (0, BAD_OVERLOAD)),  # W5
        ("20 20 20 20 20 20 20 20 20 4C 4F 32 33 0D 0A", (0, BAD_UNDERLOAD)),  # W6
    ],
)
def test_a12_frames_are_read(wire, row):
    assert one(wire, **A12) == row


def test_a12_net_is_refused_unless_configured():
    w2 = "57 4E 30 31 32 2E 33 34 35 6B 67 33 41 0D 0A"

    rows, faults = read(w2, **A12)
    assert rows == [(0, BAD_FAULT)]
    assert faults == ["net, tare or a count was sent where gross is expected"]
    assert one(w2, accept_net=True, **A12) == (12_345, INFO_NET)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("ww012.345kg", [(12_345, 0)]),
        ("ww-12.345kg", [(-12_345, 0)]),
        ("wn-0000.1kg", [(0, BAD_FAULT)]),
        ("wt000.000kg", [(0, BAD_FAULT)]),
    ],
)
def test_a12_text_form(text, rows):
    assert read(text.encode().hex(), form="text", **A12)[0] == rows


CMD = {"kind": "yaohua_cmd"}


@pytest.mark.parametrize(
    ("wire", "grams"),
    [
        ("02 41 42 2B 30 30 32 30 30 30 32 31 38 03", 20_000),  # C6
        ("02 41 42 2B 30 32 30 30 30 30 30 31 41 03", 20_000_000),  # C7
        ("02 41 42 2B 30 30 30 2E 30 30 30 30 36 03", 0),  # C9 vendor: literal point
        ("02 41 42 2B 30 32 30 2E 30 30 30 30 34 03", 20_000),  # C10
    ],
)
def test_command_replies_to_read_gross(wire, grams):
    assert one(wire, **CMD) == (grams, 0)


def test_command_reply_d_is_not_gross():
    c8 = "02 41 44 2D 30 30 30 31 35 30 31 31 44 03"

    assert read(c8, **CMD) == ([(0, BAD_FAULT)], ["net, tare or a count was sent where gross is expected"])


def test_command_reply_of_another_address_is_not_ours():
    c6 = "02 41 42 2B 30 30 32 30 30 30 32 31 38 03"

    assert read(c6, address="Z", **CMD) == ([], ["another address speaks on this line"])


def test_an_echoed_request_is_passed_over():
    c1_c2 = "02 41 41 30 30 03 02 41 42 30 33 03"

    assert read(c1_c2, **CMD) == ([], [])
    assert one(c1_c2 + "02 41 42 2B 30 30 32 30 30 30 32 31 38 03", **CMD) == (20_000, 0)


def test_the_only_command_is_read_gross():
    assert gross_request("A") == bytes.fromhex("02 41 42 30 33 03")  # C2
    assert gross_request("Z") == bytes.fromhex("02 5A 42 31 38 03")  # C5
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        poll = poll_of(SETTINGS.validate_python({"kind": "yaohua_cmd", "address": letter}))
        assert poll is not None
        assert (len(poll.request), poll.request[1:3]) == (6, letter.encode() + b"B")


def test_no_other_protocol_ever_sends_anything_by_itself():
    quiet = [
        {"kind": "yaohua_a9"},
        {"kind": "toledo_cont"},
        {"kind": "ascii_stgs"},
        {"kind": "cas22"},
        {"kind": "hbm_aed"},
        {"kind": "adc", "channels": 1},
    ]
    for settings in quiet:
        model = SETTINGS.validate_python(settings)
        assert poll_of(model) is None
        assert opening_of(model) == b""
    assert opening_of(SETTINGS.validate_python({"kind": "hbm_aed", "start_command": "MSV?0;"})) == b"MSV?0;"
    with pytest.raises(ValueError, match="start_command"):
        SETTINGS.validate_python({"kind": "hbm_aed", "start_command": "TAR;"})


TOLEDO = {"kind": "toledo_cont"}


@pytest.mark.parametrize(
    ("wire", "row"),
    [
        ("02 32 30 20 30 32 30 30 30 30 30 30 30 30 30 30 0D 2D", (20_000_000, INFO_STABLE)),  # T1
        ("02 3A 30 20 20 32 30 30 30 30 20 20 20 20 20 30 0D 05", (20_000_000, INFO_STABLE)),  # T2
        ("02 2C 32 20 30 30 30 31 35 30 30 30 30 30 30 30 0D 2D", (-1_500, INFO_STABLE)),  # T4
        ("02 32 34 20 30 36 30 30 30 30 30 30 30 30 30 30 0D 25", (0, BAD_OVERLOAD)),  # T5
        ("02 32 30 20 30 31 39 39 39 30 30 30 30 30 30 30 0D 13", (19_990_000, INFO_STABLE)),  # T8
        ("02 3A 30 20 20 20 31 30 39 30 20 20 20 20 20 30 0D 0D", (1_090_000, INFO_STABLE)),  # T9
    ],
)
def test_toledo_frames_are_read(wire, row):
    assert one(wire, **TOLEDO) == row


def test_toledo_net_is_refused_unless_configured():
    t3 = "02 2C 39 20 30 30 31 32 33 34 30 30 30 31 35 30 0D 1C"

    assert read(t3, **TOLEDO)[0] == [(0, BAD_FAULT)]
    assert one(t3, accept_net=True, **TOLEDO) == (12_340, INFO_MOTION | INFO_NET)


def test_toledo_power_up_is_no_value():
    t6 = "02 32 70 20 30 30 30 30 30 30 30 30 30 30 30 30 0D 6F"

    assert read(t6, **TOLEDO) == ([(0, BAD_FAULT)], ["the instrument says that its value cannot be used"])


def test_toledo_pounds_are_refused_unless_configured():
    t7 = "02 32 20 20 30 32 30 30 30 30 30 30 30 30 30 30 0D 3D"

    assert read(t7, **TOLEDO) == ([(0, BAD_FAULT)], ["a unit is not one of those configured"])
    assert one(t7, allow_lb=True, **TOLEDO) == (9_071_847, INFO_STABLE)


@pytest.mark.parametrize(
    ("length", "wire"),
    [
        (17, "02 32 30 20 30 32 30 30 30 30 30 30 30 30 30 30 0D"),  # T10
        (11, "02 32 30 20 30 32 30 30 30 30 0D"),  # T11
    ],
)
def test_toledo_without_checksum_and_without_tare(length, wire):
    assert one(wire, length=length, **TOLEDO) == (20_000_000, INFO_STABLE)


def test_toledo_7e1_read_as_8n1_is_stripped_when_configured():
    t12 = "82 B2 30 A0 30 B2 30 30 30 30 30 30 30 30 30 30 8D 2D"

    assert one(t12, strip_bit7=True, **TOLEDO) == (20_000_000, INFO_STABLE)
    assert read(t12, **TOLEDO)[0] == []


def _toledo(swa: int, swc: int = 0x20) -> str:
    frame = bytes([2, swa, 0x30, swc]) + b"002000" + b"000000" + b"\r"
    return (frame + bytes([-sum(frame) & 0x7F])).hex()


def test_toledo_unconfirmed_scalings_are_refused_unless_configured():
    for wire in (_toledo(0x28), _toledo(0x29), _toledo(0x2A, 0x30)):
        assert read(wire, **TOLEDO)[0] == [(0, BAD_FAULT)]
    assert one(_toledo(0x28), fixed_zeros="included", **TOLEDO)[0] == 2_000_000
    assert one(_toledo(0x28), fixed_zeros="append", **TOLEDO)[0] == 200_000_000
    assert one(_toledo(0x29), fixed_zeros="append", **TOLEDO)[0] == 20_000_000
    assert one(_toledo(0x2A, 0x30), expanded="tenth", **TOLEDO)[0] == 200_000


STGS = {"kind": "ascii_stgs"}


@pytest.mark.parametrize(
    ("wire", "row"),
    [
        ("53 54 2C 47 53 2C 2B 30 31 31 2E 31 32 30 6B 67 0D 0A", (11_120, INFO_STABLE)),  # S1 vendor
        ("53 54 2C 47 53 2C 2B 30 30 32 30 30 30 30 6B 67 0D 0A", (20_000_000, INFO_STABLE)),  # S2
        ("55 53 2C 47 53 2C 2B 30 30 31 39 2E 39 38 74 20 0D 0A", (19_980_000, INFO_MOTION)),  # S4
        ("4F 4C 2C 47 53 2C 2B 20 20 20 20 20 20 20 6B 67 0D 0A", (0, BAD_OVERLOAD)),  # S5
    ],
)
def test_stgs_frames_are_read(wire, row):
    assert one(wire, **STGS) == row


def test_stgs_net_is_refused_unless_configured():
    s3 = "53 54 2C 4E 54 2C 2D 30 30 31 2E 35 30 30 6B 67 0D 0A"

    assert read(s3, **STGS)[0] == [(0, BAD_FAULT)]
    assert one(s3, accept_net=True, **STGS) == (-1_500, INFO_STABLE | INFO_NET)


def test_stgs_with_an_address_needs_that_address():
    s6 = "30 31 53 54 2C 47 53 2C 2B 30 30 32 30 30 30 30 6B 67 0D 0A"

    assert one(s6, address="01", **STGS) == (20_000_000, INFO_STABLE)
    assert read(s6, address="02", **STGS) == ([], ["another address speaks on this line"])
    assert read(s6, **STGS) == ([], ["another address speaks on this line"])


@pytest.mark.parametrize(
    ("line", "settings", "row"),
    [
        ("ST,+00012.34kg\r\n", {"second_header": False, "number_chars": 9}, (12_340, INFO_STABLE)),
        ("ST,+00012.34  g\r\n", {"second_header": False, "number_chars": 9, "unit_chars": 3}, None),
        ("ST,GS,+0020000,kg\r\n", {"unit_comma": True}, (20_000_000, INFO_STABLE)),
        ("UL,GS,-0000100kg\r\n", {}, (0, BAD_UNDERLOAD)),
        ("US,GS,  019980kg\r\n", {}, (19_980_000, INFO_MOTION)),
        ("US,GS,- 19.980 t\r\n", {}, (-19_980_000, INFO_MOTION)),
    ],
)
def test_stgs_variants(line, settings, row):
    rows, _ = read(line.encode().hex(), **settings, **STGS)

    assert rows == [row or (0, BAD_FAULT)]


@pytest.mark.parametrize(
    "line", ["QT,GS,+0000012kg\r\n", "TL,GS,+0020000kg\r\n", "ST,TR,+0001000kg\r\n", "ST,GS,+0020000lb\r\n"]
)
def test_stgs_counts_tilt_tare_and_pounds_are_no_weight(line):
    rows, faults = read(line.encode().hex(), **STGS)

    assert rows == [(0, BAD_FAULT)]
    assert len(faults) == 1


def test_stgs_unknown_header_is_a_fault_and_not_a_guess():
    rows, faults = read(b"SD,GS,+0020000kg\r\n".hex(), **STGS)

    assert rows == []
    assert faults == ["a frame has the wrong shape"]


CAS = {"kind": "cas22"}


@pytest.mark.parametrize(
    ("wire", "row"),
    [
        (
            "53 54 2C 47 53 2C 31 E4 2C 20 20 20 32 30 30 30 30 20 6B 67 0D 0A",
            (20_000_000, INFO_STABLE),
        ),  # K1
        (
            "55 53 2C 47 53 2C 31 A4 2C 20 20 20 31 32 2E 33 34 20 20 74 0D 0A",
            (12_340_000, INFO_MOTION),
        ),  # K3
        ("55 53 2C 47 53 2C 31 8D 2C 20 20 20 20 20 20 20 30 20 6B 67 0D 0A", (0, INFO_MOTION)),  # K4
        ("4F 4C 2C 47 53 2C 31 A4 2C 20 20 20 20 20 20 20 20 20 6B 67 0D 0A", (0, BAD_OVERLOAD)),  # K6
    ],
)
def test_cas_frames_are_read(wire, row):
    assert one(wire, **CAS) == row


@pytest.mark.parametrize(
    ("wire", "row"),
    [
        (
            "53 54 2C 4E 54 2C 31 E2 2C 20 20 20 2D 31 2E 35 30 20 6B 67 0D 0A",
            (-1_500, INFO_STABLE | INFO_NET),
        ),
        (
            "55 53 2C 4E 54 2C 31 8A 2C 20 20 20 20 20 31 35 30 20 6B 67 0D 0A",
            (150_000, INFO_MOTION | INFO_NET),
        ),
    ],
)
def test_cas_net_is_refused_unless_configured(wire, row):  # K2, K5
    assert read(wire, **CAS)[0] == [(0, BAD_FAULT)]
    assert one(wire, accept_net=True, **CAS) == row


def test_cas_held_display_and_foreign_device_are_no_weight():
    held = "53 54 2C 47 53 2C 31 F4 2C 20 20 20 32 30 30 30 30 20 6B 67 0D 0A"
    k1 = "53 54 2C 47 53 2C 31 E4 2C 20 20 20 32 30 30 30 30 20 6B 67 0D 0A"

    assert read(held, **CAS)[0] == [(0, BAD_FAULT)]
    assert read(k1, device_id=0x32, **CAS) == ([], ["another address speaks on this line"])


@pytest.mark.parametrize(
    ("wire", "rows"),
    [
        ("02 20 20 20 32 30 30 30 30 47 03", [(20_000_000, 0)]),  # R1
        ("02 2D 20 20 20 31 2E 35 30 4E 03", [(0, BAD_FAULT)]),  # R2: net
        ("02 20 20 20 20 20 20 20 20 4F 03", [(0, BAD_OVERLOAD)]),  # R3
        ("02 20 20 20 20 20 20 20 20 55 03", [(0, BAD_UNDERLOAD)]),
        ("02 20 20 20 32 30 30 30 30 4D 03", [(20_000_000, INFO_MOTION)]),
        ("02 20 20 20 32 30 30 30 30 45 03", [(0, BAD_FAULT)]),
    ],
)
def test_rinstrum_frames_are_read(wire, rows):
    assert read(wire, kind="rinstrum")[0] == rows


def test_rinstrum_net_when_configured():
    assert one("02 2D 20 20 20 31 2E 35 30 4E 03", kind="rinstrum", accept_net=True) == (-1_500, INFO_NET)


@pytest.mark.parametrize(
    ("cof", "value_hex", "counts"),
    [
        (0, "0F 42 40 00", 1_000_000),  # H1
        (4, "00 40 42 0F", 1_000_000),
        (0, "FF FC 18 00", -1_000),  # H2
        (4, "00 18 FC FF", -1_000),
        (0, "0D 0A 12 00", 854_546),  # H3: data may hold CR LF
        (2, "4E 20", 20_000),  # H4
        (2, "FC 18", -1_000),
        (6, "20 4E", 20_000),
        (8, "0F 42 40 00", 1_000_000),
        (12, "00 40 42 0F", 1_000_000),
    ],
)
def test_hbm_values_are_framed_by_length(cof, value_hex, counts):
    stream = (bytes.fromhex(value_hex) + b"\r\n") * 4

    rows, faults = read(stream.hex(), kind="hbm_aed", format=cof)

    assert rows == [(counts, 0)] * 4
    assert faults == []


def test_hbm_waits_while_frames_could_begin_at_two_places():
    # COF 8, a steady value of 0D 0A xx: read two bytes further on it would be another steady value.
    trap = bytes.fromhex("0D 0A 12 00 0D 0A")
    told = bytes.fromhex("0F 42 40 00 0D 0A")

    rows, faults = read((trap * 8 + told * 8).hex(), kind="hbm_aed", format=8)

    assert set(rows) <= {(854_546, 0), (1_000_000, 0)}
    assert rows[-7:] == [(1_000_000, 0)] * 7
    assert faults == ["frames could begin at more than one place"]


def test_hbm_status_byte_masks():
    stream = bytes.fromhex("0F4240 04 0D0A 0F4240 08 0D0A 0F4240 00 0D0A 0F4240 00 0D0A")

    rows, _ = read(stream.hex(), kind="hbm_aed", format=8, status_overload_mask=4, status_fault_mask=8)

    assert rows == [(0, BAD_OVERLOAD), (0, BAD_FAULT), (1_000_000, 0), (1_000_000, 0)]


def test_hbm_counts_are_not_grams():
    [block] = decoder(kind="hbm_aed").feed(Ns(S), (b"\x0f\x42\x40\x00\r\n") * 4)

    assert isinstance(block, Samples)
    assert block.unit is Unit.COUNTS


def test_laumas_fast_reads_lines_whose_beginning_it_saw():
    rows, faults = read(b"20000\r\n020000\r\n-00150\r\n".hex(), kind="laumas_fast")

    assert rows == [(20_000_000, 0), (-150_000, 0)]
    assert faults == []
    assert read(b"\r\n020000\r\n".hex(), kind="laumas_fast", decimals=3)[0] == [(20_000, 0)]


def poll(
    registers: tuple[int, ...], problem: str = "", **settings: Any
) -> tuple[list[tuple[int, int]], list[str]]:
    model = SETTINGS.validate_python({"kind": "modbus_rtu", **settings})
    event = RegistersRead(Ns(S), "wim", model.first_register, registers, problem)
    out = make_decoder(model).feed_registers(event)
    rows = [(int(b.values[0, 0]), int(b.status[0, 0])) for b in out if isinstance(b, Samples)]
    return rows, [fault.detail for fault in out if isinstance(fault, ProtocolFault)]


@pytest.mark.parametrize(
    ("registers", "settings", "grams"),
    [
        ((0x0000, 0x4E20), {"preset": "laumas"}, 20_000_000),  # M2
        ((0x4E20, 0x0000), {"preset": "laumas", "word_order": "low_first"}, 20_000_000),
        ((0xFFFF, 0xFC18), {"preset": "laumas"}, -1_000_000),  # M3
        ((0x469C, 0x4000), {"preset": "eagle"}, 20_000_000),  # M4
        ((0x4000, 0x469C), {"preset": "eagle", "word_order": "low_first"}, 20_000_000),
        ((0xC69C, 0x4000), {"preset": "eagle"}, -20_000_000),
        ((0x3F80, 0x0000), {"preset": "eagle", "unit": "t"}, 1_000_000),
        ((0, 20_000, 0b10), {"preset": "baykon"}, 20_000_000),
        ((0xFC18,), {"address": 5, "type": "i16"}, -1_000_000),
        ((0xFC18,), {"address": 5, "type": "u16"}, 64_536_000),
        ((2_000,), {"address": 5, "type": "u16", "multiplier": 10, "decimals": 1}, 2_000_000),
        ((2_000, 2), {"address": 5, "type": "u16", "decimals_address": 6}, 20_000),
        ((2_000,), {"address": 40_001, "address_base": 1, "type": "u16"}, 2_000_000),
    ],
)
def test_modbus_registers_are_read(registers, settings, grams):
    rows, faults = poll(registers, **settings)

    assert [(value, bits & BAD) for value, bits in rows] == [(grams, 0)]
    assert faults == []


def test_modbus_wrong_word_order_shows_as_out_of_range():
    rows, faults = poll((0, 20_000), preset="laumas", word_order="low_first")

    assert rows == [(0, BAD_FAULT)]
    assert faults == ["a value is beyond what the scale can show"]


@pytest.mark.parametrize("bits", [0x7F80, 0xFF80, 0x7FC0])
def test_modbus_infinities_and_nan_are_no_value(bits):
    assert poll((bits, 0), preset="eagle")[0] == [(0, BAD_FAULT)]


def test_modbus_sign_in_the_status_register():
    settings = {
        "preset": "laumas",
        "type": "u32",
        "sign": "status_bit",
        "status": {"address": 6, "negative_mask": 0x80, "overload_mask": 8},
    }

    assert poll((0x80, 0, 1_000), **settings)[0] == [(-1_000_000, 0)]
    assert poll((0x00, 0, 1_000), **settings)[0] == [(1_000_000, 0)]
    assert poll((0x08, 0, 1_000), **settings)[0] == [(0, BAD_OVERLOAD)]


@pytest.mark.parametrize(
    ("status", "row"),
    [
        (0b0010, (20_000_000, 0)),
        (0b0110, (20_000_000, INFO_MOTION)),
        (0b0000, (0, BAD_FAULT)),  # data not ok
        (0b0011, (0, BAD_FAULT)),  # busy
        (0b1010, (0, BAD_FAULT)),  # net
    ],
)
def test_baykon_status_bits(status, row):
    assert poll((0, 20_000, status), preset="baykon")[0] == [row]


@pytest.mark.parametrize(
    ("problem", "detail"),
    [
        ("refused: illegal data address", "the instrument refused the request"),  # M5
        ("no answer", "the instrument did not answer"),
    ],
)
def test_modbus_problems_are_faults_and_leave_a_gap(problem, detail):
    rows, faults = poll((), problem, preset="laumas")

    assert rows == []
    assert faults == [detail]


def test_modbus_registers_of_another_place_are_refused():
    model = SETTINGS.validate_python({"kind": "modbus_rtu", "preset": "laumas"})

    [fault] = make_decoder(model).feed_registers(RegistersRead(Ns(S), "wim", 13, (0, 20_000)))

    assert isinstance(fault, ProtocolFault)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"address": 0, "address_base": 1}, "counted from 1"),
        ({"address": 0, "decimals_address": 40}, "at most 32"),
        ({"address": 0, "sign": "status_bit"}, "negative_mask"),
        ({"address": 0, "type": "f32", "multiplier": 10}, "f32"),
        ({}, "address"),
    ],
)
def test_modbus_maps_that_cannot_be_read_are_refused_with_the_reason(settings, message):
    with pytest.raises(ValueError, match=message):
        SETTINGS.validate_python({"kind": "modbus_rtu", **settings})


def test_a_wrong_unit_has_its_own_fault_kind():
    t7 = bytes.fromhex("02 32 20 20 30 32 30 30 30 30 30 30 30 30 30 30 0D 3D")

    _, fault = decoder(**TOLEDO).feed(Ns(S), t7)

    assert isinstance(fault, ProtocolFault)
    assert fault.kind is FaultKind.WRONG_UNIT


def test_beyond_the_scale_is_a_fault():
    rows, faults = read("02 2B 30 32 30 30 30 30 30 31 39 03", max_abs_kg=19_999, **A9)

    assert rows == [(0, BAD_FAULT)]
    assert faults == ["a value is beyond what the scale can show"]


def test_noise_is_told_once_a_second_with_its_count():
    line = decoder(**A9)
    told = [
        fault
        for i in range(50)
        for fault in line.feed(Ns(S + i * 100 * MS), b"x" * 100)
        if isinstance(fault, ProtocolFault)
    ]

    assert len(told) == 5
    assert line.counters.resync_bytes == 5_000
    assert sum(fault.count for fault in told) <= 5_000


def test_the_effective_rate_is_measured():
    line = decoder(**A9)
    frame = bytes.fromhex("02 2B 30 30 32 30 30 30 32 31 42 03")
    for i in range(400):
        line.feed(Ns(i * 12_500_000), frame)

    assert abs(line.counters.rate_mhz - 80_000) < 800
    assert line.counters.frames == 400
    assert np.isclose(line.counters.bad_checksum, 0)
