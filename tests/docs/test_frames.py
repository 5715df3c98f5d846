"""The drawn frames are frames: the family's own decoder reads them, and the drawings are of today."""

import re
import sys
from pathlib import Path
from typing import get_args

import pytest
import yaml
from pydantic import TypeAdapter

from edge_agent.core.events import RegistersRead
from edge_agent.core.weigh.protocols import make_decoder
from edge_agent.core.weigh.protocols.settings import ModbusRtuSettings, ProtocolSettings
from edge_agent.core.weigh.samples import BAD, Samples

ROOT = Path(__file__).parents[2]
PROTOCOLS = ROOT / "docs" / "protocols"
sys.path.append(str(ROOT / "scripts" / "docs_site"))

from frame_drawing import draw, fields_of  # noqa: E402 - a script's module

FRAMES = yaml.safe_load((PROTOCOLS / "frames.yaml").read_text("utf-8"))
KINDS = {model.model_fields["kind"].default for model in get_args(get_args(ProtocolSettings)[0])}


def crc16(data):
    """CRC-16/MODBUS."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc.to_bytes(2, "little")


def sample_of(frame):
    """The last sample of the last channel, by the family's decoder; no fault may come with it."""
    wire = b"".join(field.data for field in fields_of(frame))
    settings = TypeAdapter(ProtocolSettings).validate_python(frame["settings"])
    decoder = make_decoder(settings)
    if isinstance(settings, ModbusRtuSettings):
        assert wire[-2:] == crc16(wire[:-2])
        registers = tuple(int.from_bytes(wire[at : at + 2], "big") for at in range(3, 3 + wire[2], 2))
        found = decoder.feed_registers(RegistersRead(1, "wim", settings.address, registers))
    else:
        found = decoder.feed(1, wire * 4 if frame.get("after_others") else wire)
    [samples] = found
    assert isinstance(samples, Samples)
    assert not samples.status[0, -1] & BAD
    return int(samples.values[-1 if frame.get("after_others") else 0, -1])


@pytest.mark.parametrize("name", FRAMES)
def test_the_drawn_frame_reads_what_the_drawing_says(name):
    frame = FRAMES[name]

    assert sample_of(frame) == frame.get("grams", frame.get("counts"))


def test_every_family_of_bytes_is_drawn():
    assert set(FRAMES) == KINDS - {"wim_json"}  # which is text: its page shows a line


@pytest.mark.parametrize("name", FRAMES)
def test_the_drawing_is_that_of_its_description(name):
    """Else run scripts/frame-drawings."""
    assert (PROTOCOLS / "frames" / f"{name}.svg").read_text("utf-8") == draw(FRAMES[name])


def test_a_page_shows_every_drawing():
    pages = "".join(path.read_text("utf-8") for path in PROTOCOLS.glob("*.md"))

    assert set(re.findall(r"\(frames/(\w+)\.svg\)", pages)) == set(FRAMES)


@pytest.mark.parametrize("name", FRAMES)
def test_nothing_of_a_drawing_lies_outside_it(name):
    svg = draw(FRAMES[name])
    width, height = map(int, re.search(r'viewBox="0 0 (\d+) (\d+)"', svg).groups())

    for x, y, wide, high in re.findall(
        r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', svg
    ):
        assert float(x) + float(wide) <= width
        assert float(y) + float(high) <= height
