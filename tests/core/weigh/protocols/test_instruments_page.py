"""The technician's page: examples load, the table lists every kind, figures follow from the frames."""

import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from edge_agent.config.references import mismatches
from edge_agent.config.settings import SiteConfig
from edge_agent.core.weigh.protocols.registry import make_decoder
from edge_agent.core.weigh.protocols.settings import ProtocolSettings

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs" / "protocols" / "instruments.md").read_text("utf-8")
EXAMPLES = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
KINDS = {model.model_fields["kind"].default for model in get_args(get_args(ProtocolSettings)[0])}
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines()]
TABLE = {row[0].strip("`"): row for row in ROWS if len(row) == 7 and row[0].strip("`") in KINDS}


def spoken(example):
    return example["ports"]["wim"]["protocol"]["kind"]


def site_of(example):
    site = yaml.safe_load((ROOT / "configs" / "bridge-a9.yaml").read_text("utf-8")) | example
    if spoken(example) == "wim_json":
        site["lanes"]["1"]["scale"] = {}
    return site


@pytest.mark.parametrize("example", EXAMPLES, ids=spoken)
def test_an_example_is_a_port_that_a_site_can_use(example):
    site = site_of(example)

    port = SiteConfig.model_validate(site).ports["wim"]

    assert list(mismatches(site)) == []
    assert make_decoder(port.protocol, char_ns=port.char_ns).counters.frames == 0


def test_every_kind_has_its_row_and_its_example():
    assert KINDS == set(TABLE) == {spoken(example) for example in EXAMPLES}


@pytest.mark.parametrize("example", [e for e in EXAMPLES if TABLE[spoken(e)][2].isdigit()], ids=spoken)
def test_the_figures_of_a_row_follow_from_the_length_of_its_frame(example):
    size, slow, fast = TABLE[spoken(example)][2:5]
    decoder = make_decoder(SiteConfig.model_validate(site_of(example)).ports["wim"].protocol)
    assert decoder._frame_length == int(size)
    if slow != "asked":
        assert (int(slow), int(fast)) == (9600 // 10 // int(size), 115_200 // 10 // int(size))
