"""Plate reads in JSON lines: the CSV's fields, or what a camera would have pushed."""

import base64
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.events import PlateSeen
from edge_agent.devices.anpr_push.settings import AnprSettings
from edge_agent.errors import ConfigError
from edge_agent.importing.plates_json import read_plates_jsonl
from edge_agent.journal import codec
from edge_agent.sim.render.pictures import to_jpeg

SECOND = 10**9
CAMERA = {"protocol": "json", "auth": "none", "lanes": {"2": "east"}}
ANPR = AnprSettings.model_validate({"cameras": {"cam1": CAMERA}})


def read(tmp_path, *lines, anpr=ANPR, keep=lambda _data: "f" * 64):
    path = tmp_path / "reads.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), "utf-8")
    return read_plates_jsonl(path, anpr, keep)


def test_the_fields_of_the_csv_may_be_texts_or_numbers(tmp_path):
    [one, other] = read(
        tmp_path,
        {"time": 10.25, "camera": "cam1", "plate": "沪a12345", "confidence": 990, "lane": "1"},
        "",
        {"time": "1970-01-01T08:00:11+08:00", "camera": "cam1", "plate": "", "lane": None, "received": 12},
    )

    assert (one.at, one.text, one.confidence, one.lane) == (10_250_000_000, "沪A12345", 990, "1")
    assert (other.captured_utc, other.at, other.lane) == (11 * SECOND, 12 * SECOND, None)


def test_a_push_is_read_as_the_camera_s_door_reads_it(tmp_path):
    kept = []
    push = {
        "schema": "anpr.v1",
        "plate": "沪a12345",
        "confidence_permille": 970,
        "captured": "1970-01-01T08:00:10.5+08:00",
        "lane": "2",
        "alternatives": [{"plate": "沪A12346", "confidence_permille": 20}],
        "pictures": [
            {
                "role": "plate",
                "media_type": "image/jpeg",
                "data_base64": base64.b64encode(to_jpeg(np.zeros((32, 64, 3), np.uint8), 80)).decode(),
            }
        ],
    }

    [seen] = read(
        tmp_path, push | {"camera": "cam1", "received": "10.9"}, keep=lambda data: kept.append(data) or "ab"
    )

    assert (seen.camera, seen.lane, seen.text) == ("cam1", "east", "沪A12345")
    assert (seen.captured_utc, seen.at) == (10_500_000_000, 10_900_000_000)
    assert seen.alternatives == (("沪A12346", 20),)
    assert [(p.role, p.sha256, p.size) for p in seen.pictures] == [("plate", "ab", len(kept[0]))]


def test_a_read_of_a_lane_without_a_scale_is_dropped_as_at_the_door(tmp_path):
    push = {"schema": "anpr.v1", "plate": "A", "confidence_permille": 1, "lane": "9", "camera": "cam1"}

    assert read(tmp_path, push | {"received": 5}) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[1]", "one JSON object"),
        ("{", "no JSON"),
        ('{"time": 1, "time": 2}', "'time' stands twice"),
        ('{"time": 1, "camera": "c"}', "'plate' is missing"),
        ('{"time": 1, "camera": "c", "plate": "A", "speed": 3}', "unknown key 'speed'"),
        ('{"time": 1, "camera": "c", "plate": {"text": "A"}}', "plate: neither"),
        ('{"time": NaN, "camera": "c", "plate": "A"}', "NaN is no number"),
        ('{"time": 1, "camera": "c", "plate": "\\ud800"}', "surrogate"),
        ('{"time": 1, "camera": "c", "plate": "' + "A" * 100 + '"}', "longer than 64"),
        ('{"a":' * 3000 + "1" + "}" * 3000, "nested too deep"),
        ('{"schema": "anpr.v1", "plate": "A", "confidence_permille": 1}', "'camera' is missing"),
        (
            '{"schema": "anpr.v1", "camera": "c", "plate": "A", "confidence_permille": 1}',
            "neither 'captured'",
        ),
        ('{"schema": "anpr.v1", "camera": "c", "plate": "A"}', "confidence_permille"),
    ],
)
def test_every_bad_line_says_where_and_why(tmp_path, line, said):
    good = {"time": 1, "camera": "c", "plate": "A"}

    with pytest.raises(ConfigError, match=said) as caught:
        read(tmp_path, good, line)

    assert [problem.line for problem in caught.value.problems] == [2]


def test_of_a_file_that_is_something_else_no_more_than_fifty_lines_are_named(tmp_path):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, *["nonsense"] * 500)

    assert len(caught.value.problems) == 50


NAMES = st.sampled_from(["time", "camera", "plate", "confidence", "lane", "received", "schema", "captured"])
VALUES = st.recursive(
    st.none() | st.text(max_size=8) | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=6) | st.text(max_size=20), max_size=4))
def test_whatever_the_lines_are_they_are_read_whole_or_refused(tmp_path_factory, lines):
    try:
        found = read(tmp_path_factory.getbasetemp(), *lines)
    except ConfigError:
        return
    for event in found:
        assert isinstance(event, PlateSeen)
        if event.at >= 0:
            assert codec.decode_event("/event/PlateSeen", event.at, codec.encode_event(event)) == event
