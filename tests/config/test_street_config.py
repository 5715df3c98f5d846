"""The street's part of a site's file."""

from __future__ import annotations

import copy
import doctest

import pytest
import yaml

from edge_agent.config import street
from edge_agent.config.loader import load
from edge_agent.config.recorded import from_text, to_text
from edge_agent.errors import ConfigError

GOOD = """\
schema: 1
site: {id: street-1, tenant: pudong, device_id: box-2}
street:
  time_zone: Asia/Shanghai
  detector: {model: models/street.onnx, min_score: 0.25}
  shops:
    shop-17: {name: 示例水果店, tier: red}
  rules:
    overflow: {}
  cameras:
    east:
      video: {url: "rtsp://reader:secret@192.0.2.7/main"}
      zones:
        front:
          rule: overflow
          shop: shop-17
          polygon: [[0.1, 0.6], [0.9, 0.6], [0.9, 0.9], [0.1, 0.9]]
          metric:
            quad: [[0.1, 0.6], [0.9, 0.6], [0.9, 0.9], [0.1, 0.9]]
            sides_mm: [4000, 2000, 4000, 2000]
  inspections:
    - {order: "2027-0001", zone: front, date: 2027-01-05, time: "10:30"}
"""


@pytest.fixture
def write(tmp_path):
    def file(text):
        path = tmp_path / "street.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return file


def problems(path):
    with pytest.raises(ConfigError) as caught:
        load(path)
    return [(p.line, p.key, p.reason) for p in caught.value.problems]


def test_a_street_needs_no_bridge(write):
    config = load(write(GOOD))
    assert not config.lanes
    assert config.core().street.cameras["east"].zones["front"].shop == "shop-17"


def test_what_the_core_knows_has_no_address_and_no_model(write):
    core = load(write(GOOD)).core().model_dump_json()
    assert "192.0.2.7" not in core
    assert "onnx" not in core


def test_the_offset_to_utc_follows_from_the_time_zone(write):
    assert load(write(GOOD)).core().street.utc_offsets == ((1767225600, 480),)
    changes = street.utc_offsets("Europe/Berlin")
    assert changes[:3] == ((1767225600, 60), (1774746000, 120), (1792890000, 60))
    assert not doctest.testmod(street).failed


def test_a_recording_carries_the_street_without_its_passwords(write):
    text = to_text(load(write(GOOD)))
    assert "secret" not in text
    assert from_text(text).street.shops["shop-17"].tier == "red"


def test_a_box_that_watches_nothing_is_told_so(write):
    assert "nothing to watch" in str(problems(write(GOOD[: GOOD.index("street:")])))


@pytest.mark.parametrize(
    ("good", "wrong", "said"),
    [
        ("rule: overflow", "rule: overflo", (15, "zones.front.rule", "no rule 'overflo'")),
        ("shop: shop-17", "shop: shop-71", (16, "zones.front.shop", "no shop 'shop-71'")),
        ("zone: front", "zone: back", (22, "street.inspections.0.zone", "no zone 'back'")),
        ("min_score: 0.25", "min_score: 0.35", (3, "street", "hides what a rule goes on counting")),
        ("tier: red", "tier: purple", (7, "street.shops.shop-17.tier", "'purple' is not possible here")),
        ("Asia/Shanghai", "Asia/Shangai", (4, "street", "no time zone 'Asia/Shangai' on this machine")),
        ("[4000, 2000, 4000, 2000]", "[4000, 2000, 9000, 100]", (19, "zones.front.metric", "no triangle")),
        ("polygon: [[0.1, 0.6], [0.9, 0.6], [0.9, 0.9]", "polygon: [[0.1, 0.6], [0.1, 0.6], [0.1, 0.6]",
         (17, "zones.front", "polygon covers less")),
        ('"10:30"', '"25:30"', (22, "street.inspections.0.time", "match pattern")),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(write, good, wrong, said):
    assert GOOD.count(good) == 1
    line, key, reason = said
    found = problems(write(GOOD.replace(good, wrong)))
    assert any(key in k and reason in r and abs(at - line) <= 3 for at, k, r in found), found


def test_two_cameras_may_not_share_a_zone_s_name(write):
    tree = yaml.safe_load(GOOD)
    tree["street"]["cameras"]["west"] = copy.deepcopy(tree["street"]["cameras"]["east"])
    found = problems(write(yaml.safe_dump(tree)))
    assert any("camera 'east' has a zone of this name already" in reason for _, _, reason in found)
