"""Vehicle records of a third party's controller."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from edge_agent.core.decisions import FaultKind
from edge_agent.core.records import Flag
from edge_agent.core.units import MS, Grams, Mm, MmPerS, Ns, S
from edge_agent.core.weigh.protocols import make_decoder
from edge_agent.core.weigh.protocols.settings import WimJsonSettings
from edge_agent.core.weigh.samples import ProtocolFault, VehicleRecord
from edge_agent.sim.encoders.wim_json import vehicle_line

PAGE = Path(__file__).parents[4] / "docs" / "protocols" / "wim-json.md"
SETTINGS = WimJsonSettings(lanes={"1": "north"})
GOOD: dict[str, Any] = {
    "v": 1,
    "id": "a-17",
    "lane": "1",
    "first_axle_age_ms": 1_500,
    "last_axle_age_ms": 400,
    "axles": [{"load_g": 6_000_000, "offset_mm": 0}, {"load_g": 11_000_000, "offset_mm": 4_800}],
    "gross_g": 17_000_000,
    "speed_mm_s": 5_500,
    "flags": [],
}
RECORD = VehicleRecord(
    at=Ns(10 * S),
    lane="north",
    first_axle_at=Ns(8_500 * MS),
    last_axle_at=Ns(9_600 * MS),
    axle_loads=(Grams(6_000_000), Grams(11_000_000)),
    axle_offsets=(Mm(0), Mm(4_800)),
    gross=Grams(17_000_000),
    speed=MmPerS(5_500),
    flags=(),
    record_id="a-17",
)


def feed(line: bytes, settings: WimJsonSettings = SETTINGS) -> tuple:
    return make_decoder(settings).feed(Ns(10 * S), line)


def line_of(**changes: Any) -> bytes:
    return json.dumps({**GOOD, **changes}).encode() + b"\n"


def test_a_record_is_read():
    assert feed(line_of()) == (RECORD,)


def test_the_example_of_the_page_is_read():
    example = re.search(r"```json\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert example is not None

    [record] = feed(json.dumps(json.loads(example[1])).encode() + b"\n")

    assert isinstance(record, VehicleRecord)


def test_what_the_simulated_controller_sends_is_what_is_read():
    assert feed(vehicle_line(RECORD, lane="1")) == (RECORD,)


def test_speed_and_offsets_may_be_missing():
    [record] = feed(line_of(speed_mm_s=None, axles=[{"load_g": 17_000_000}]))

    assert (record.speed, record.axle_offsets) == (None, ())


def test_the_controllers_own_flags_are_kept_or_summed_up():
    [record] = feed(line_of(flags=["off_scale", "vendor_code_17", "off_scale"]))

    assert record.flags == (Flag.CONTROLLER, Flag.OFF_SCALE)


def test_a_gross_weight_that_is_not_the_sum_of_the_axles_is_flagged():
    [record] = feed(line_of(gross_g=20_000_000))

    assert record.flags == (Flag.DISAGREE,)


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        (line_of(v=2), "v: Input should be 1"),
        (line_of(gross_g=17_000_000.5), "ValueError"),
        (line_of(gross_g="17000000"), "gross_g: Input should be a valid integer"),
        (line_of(gross_g=True), "gross_g: Input should be a valid integer"),
        (line_of(gross_g=-1), "gross_g: Input should be greater than or equal to 0"),
        (line_of(extra=1), "extra: Extra inputs are not permitted"),
        (line_of(axles=[]), "axles: List should have at least 1 item"),
        (line_of(axles=[{"load_g": 1}] * 21), "axles: List should have at most 20 items"),
        (line_of(last_axle_age_ms=2_000), "the last axle is older than the first"),
        (line_of(axles=[{"load_g": 1, "offset_mm": 5}]), "0 for the first"),
        (line_of(axles=[{"load_g": 1, "offset_mm": 0}, {"load_g": 1}]), "of every axle or of none"),
        (line_of(axles=[{"load_g": 1, "offset_mm": 0}] * 2), "must grow"),
        (b'{"v":1,"v":1}\n', "ValueError"),
        (b'{"gross_g": NaN}\n', "ValueError"),
        (b"[" * 8_000 + b"\n", ""),
        (b"9" * 8_000 + b"\n", ""),
        (b"\xff\xfe\n", "UnicodeDecodeError"),
        (b"17\n", "Input should be"),
        (b"x" * 9_000 + b"\n", "the line is too long"),
    ],
)
def test_a_record_that_breaks_the_contract_is_a_fault_with_the_reason(line, detail):
    [fault] = feed(line)

    assert isinstance(fault, ProtocolFault)
    assert fault.kind is FaultKind.BAD_FRAME
    assert detail in fault.detail


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (line_of(lane="9"), FaultKind.UNKNOWN_SOURCE),
        (line_of(first_axle_age_ms=61_000), FaultKind.SENSOR_FAULT),
        (line_of(gross_g=400_000_000), FaultKind.SENSOR_FAULT),
    ],
)
def test_records_of_nobody_from_long_ago_or_too_heavy_are_not_believed(line, kind):
    [fault] = feed(line)

    assert isinstance(fault, ProtocolFault)
    assert fault.kind is kind


def test_a_record_sent_again_is_used_once():
    record, fault = feed(line_of() + line_of())

    assert record == RECORD
    assert fault.detail == "a frame was sent twice"


def test_lines_may_be_split_anywhere_and_long_ones_do_not_fill_the_memory():
    stream = line_of(id="1") + b"x" * 40_000 + b"\n" + line_of(id="2")
    for step in (1, 7, 1_000, len(stream)):
        decoder = make_decoder(SETTINGS)
        found = [
            out
            for i in range(0, len(stream), step)
            for out in decoder.feed(Ns(10 * S), stream[i : i + step])
            if isinstance(out, VehicleRecord)
        ]
        assert [record.record_id for record in found] == ["1", "2"]
        assert decoder.counters.bad_frame == 1


def test_a_million_random_bytes_never_raise():
    rng = random.Random(11)
    decoder = make_decoder(SETTINGS)
    for i in range(250):
        noise = rng.randbytes(2_000) + bytes(rng.choices(line_of(), k=2_000))
        found = decoder.feed(Ns(10 * S + i * MS), noise)
        assert not [out for out in found if isinstance(out, VehicleRecord)]
