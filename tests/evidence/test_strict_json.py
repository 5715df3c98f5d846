import contextlib
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.errors import VerificationError
from edge_agent.evidence import strict_json

# What a statement may hold, and nothing else.
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_LEAVES = st.none() | st.booleans() | st.integers(strict_json.INT_MIN, strict_json.INT_MAX) | _TEXT
_VALUES = st.recursive(
    _LEAVES, lambda v: st.lists(v, max_size=4) | st.dictionaries(_TEXT, v, max_size=4), max_leaves=20
)
OBJECTS = st.dictionaries(_TEXT, _VALUES, max_size=6)


@given(OBJECTS)
def test_what_is_written_reads_back_the_same(value):
    assert strict_json.loads(strict_json.dumps(value)) == value


@given(OBJECTS)
def test_writing_is_deterministic_and_compact(value):
    written = strict_json.dumps(value)
    assert written == strict_json.dumps(strict_json.loads(written))
    assert json.loads(written) == value


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_and_nothing_else(data):
    with contextlib.suppress(VerificationError):
        assert isinstance(strict_json.loads(data), dict)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xef\xbb\xbf{}", "BOM|strict JSON"),
        ('{"a":1}'.encode("utf-16"), "UTF-8"),
        (b'{"a":"\xff"}', "UTF-8"),
        (b'{"a":1,"a":2}', "twice"),
        (b'{"b":{"a":1,"\\u0061":2}}', "twice"),
        (b'{"a":1.0}', "float"),
        (b'{"a":1e3}', "float"),
        (b'{"a":1e400}', "float"),
        (b'{"a":NaN}', "float"),
        (b'{"a":-Infinity}', "float"),
        (b'{"a":9223372036854775808}', "64 bits"),
        (b'{"a":-9223372036854775809}', "64 bits"),
        (b'{"a":' + b"9" * 4000 + b"}", "64 bits"),
        (b'{"a":' + b"9" * 6000 + b"}", "64 bits"),
        (b'{"a":"\\ud800"}', "strict JSON"),
        (b'{"\\udfff":1}', "strict JSON"),
        (b'{"a":"\n"}', "strict JSON"),
        (b"[1]", "object"),
        (b'"a"', "object"),
        (b"", "strict JSON"),
        (b"{} {}", "strict JSON"),
        (b"{'a':1}", "strict JSON"),
        (b'{"a":' + b"[" * 16 + b"]" * 16 + b"}", "deeper"),
        (b"[" * 60_000, "deeper"),
        (b" " * 65_537, "limit"),
    ],
)
def test_json_that_two_readers_could_read_differently_is_refused(data, why):
    with pytest.raises(VerificationError, match=why):
        strict_json.loads(data)


@pytest.mark.parametrize("data", [b'"' + b'\\"' * 32_000, b'{"a":"' + b"\\" * 65_000, b'"' * 65_000])
def test_a_hostile_text_costs_no_more_than_its_length(data):
    started = time.perf_counter()
    with pytest.raises(VerificationError):
        strict_json.loads(data)
    assert time.perf_counter() - started < 1.0


def test_brackets_inside_strings_do_not_count_as_depth():
    assert strict_json.loads(b'{"a":"' + b"[" * 100 + b'"}') == {"a": "[" * 100}
    assert strict_json.loads(b'{"a":"\\"' + b"[" * 100 + b'"}') == {"a": '"' + "[" * 100}


def test_depth_sixteen_is_allowed():
    assert strict_json.loads(b'{"a":' + b"[" * 15 + b"]" * 15 + b"}")


@pytest.mark.parametrize("inside", [[], ["text"], [1]])
def test_the_writer_nests_as_deep_as_the_reader_and_no_deeper(inside):
    value = inside
    for _ in range(14):
        value = [value]
    assert strict_json.loads(strict_json.dumps({"a": value})) == {"a": value}
    with pytest.raises(ValueError, match="nests deeper"):
        strict_json.dumps({"a": [value]})


def test_the_ends_of_64_bits_are_read_exactly():
    assert strict_json.loads(b'{"a":-9223372036854775808,"b":9223372036854775807}') == {
        "a": -(2**63),
        "b": 2**63 - 1,
    }


@pytest.mark.parametrize("value", [1.5, float("nan"), 2**63, "\ud800", {1: 2}, b"x", {3}])
def test_the_writer_refuses_what_the_reader_would_refuse(value):
    with pytest.raises(ValueError):
        strict_json.dumps({"a": value})


def test_text_is_written_as_itself():
    assert (
        strict_json.dumps({"plate": "测A00001", "n": [1, None, True]})
        == '{"plate":"测A00001","n":[1,null,true]}'.encode()
    )
