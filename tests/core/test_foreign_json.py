"""What no reader of foreign JSON takes."""

import json
import time

import pytest

from edge_agent.core.foreign_json import nests_deeper, no_key_twice


@pytest.mark.parametrize(
    "text", ['{"a": 1, "a": 1}', '[{"b": 0, "a": {"c": 1, "d": 2, "c": 3}}]', '{"a": 1, "\\u0061": 2}']
)
def test_a_key_that_stands_twice_is_refused_wherever_it_stands(text):
    with pytest.raises(ValueError, match="stands twice"):
        json.loads(text, object_pairs_hook=no_key_twice)


def test_the_same_key_in_two_objects_is_two_keys():
    text = '{"a": {"x": 1}, "b": {"x": 2}}'
    assert json.loads(text, object_pairs_hook=no_key_twice) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "deep"), [("[[{}]]", 3), ('{"[[[": "{{{\\""}', 1), ('"\\', 0), ("]]]][", 0), ("[][][]", 1)]
)
def test_only_brackets_outside_of_texts_open_something(text, deep):
    assert not nests_deeper(text, deep)
    assert deep == 0 or nests_deeper(text, deep - 1)


@pytest.mark.parametrize("text", ['"' + "\\" * 2_000_000, '"' + '\\"' * 1_000_000, '""' * 1_000_000])
def test_megabytes_of_quotes_take_a_moment(text):
    began_s = time.process_time()
    assert not nests_deeper(text, 1)
    assert time.process_time() - began_s < 2
