"""A configuration with one place changed: what was chosen is there, and everything else is as it was."""

from __future__ import annotations

import copy
import difflib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.config.document import compose, read_document
from edge_agent.config.edit import GONE, value_at, with_value, without
from edge_agent.errors import ConfigError, UsageError

ROOT = Path(__file__).parents[2]
FILES = {path.name: path.read_text("utf-8") for path in sorted((ROOT / "configs").glob("*.yaml"))}
TEXT = """\
# A street.
street:
  shops:
    fruit: {name: 水果店, tier: yellow}   # the corner
    noodles: {name: 面馆}
  cameras:
    east:
      # where it looks
      zones:
        front:
          rule: overflow          # as agreed
          polygon: [[0.1, 0.2], [0.3, 0.4], [0.5, 0.9]]   # drawn in May
          # the tape of May
          metric:
            quad: [[0, 0], [1, 0], [1, 1], [0, 1]]
        "1": {rule: overflow, polygon: [[0, 0], [1, 0], [1, 1]]}

  # Drawn beforehand.
  inspections: []
lanes:
  "1":
    sensors:
      - id: pad-1
        position_mm: 0    # the first
      - id: pad-2
        position_mm: 2800
    words: |
      two lines
      # and this is one of them

evidence: {}
uplink:
"""


def plain(text):
    return read_document(Path("site.yaml"), text).data


def changed_lines(before, after):
    found = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in found if line[0] in "+-"]


def test_a_polygon_is_exchanged_and_its_remark_stays():
    loc = ("street", "cameras", "east", "zones", "front", "polygon")
    after = with_value(TEXT, loc, [(0.25, 0.5), (1, 0.5), (1.0, 1)])
    assert changed_lines(TEXT, after) == [
        "-           polygon: [[0.1, 0.2], [0.3, 0.4], [0.5, 0.9]]   # drawn in May",
        "+           polygon: [[0.25, 0.5], [1, 0.5], [1.0, 1]]   # drawn in May",
    ]


def test_a_zone_is_added_below_the_last_one_and_taken_out_again():
    loc = ("street", "cameras", "east", "zones", "on")
    after = with_value(TEXT, loc, {"rule": "vendor", "metric": {"sides_mm": [1, 2, 3, 4]}})
    assert changed_lines(TEXT, after) == [
        '+         "on":',
        "+           rule: vendor",
        "+           metric:",
        "+             sides_mm: [1, 2, 3, 4]",
    ]
    assert after.index('"on"') < after.index("# Drawn beforehand")
    assert without(after, loc) == TEXT
    assert without(TEXT, loc) == TEXT


def test_a_zone_that_changes_keeps_the_remarks_between_its_lines():
    loc = ("street", "cameras", "east", "zones", "front")
    zone = value_at(TEXT, loc)
    zone["rule"] = "vendor"
    zone["metric"]["diagonal_mm"] = 4100
    after = with_value(TEXT, loc, zone)
    assert changed_lines(TEXT, after) == [
        "-           rule: overflow          # as agreed",
        "+           rule: vendor          # as agreed",
        "+             diagonal_mm: 4100",
    ]


@pytest.mark.parametrize(
    ("loc", "value", "line"),
    [
        (
            ("street", "shops", "fruit", "tier"),
            "red",
            "+     fruit: {name: 水果店, tier: red}   # the corner",
        ),
        (
            ("street", "shops", "noodles", "tier"),
            "green",
            "+     noodles: {name: 面馆, tier: green}",
        ),
        (
            ("street", "cameras", "east", "zones", "1", "door_line"),
            [[0, 0], [1, 0]],
            '+         "1": {rule: overflow, polygon: [[0, 0], [1, 0], [1, 1]], door_line: [[0, 0], [1, 0]]}',
        ),
        (("lanes", "1", "sensors", 1, "position_mm"), 2750, "+         position_mm: 2750"),
        (("lanes", "1", "sensors", 0, "position_mm"), 10, "+         position_mm: 10    # the first"),
        (("uplink",), {"mqtt": {"port": 1}}, "+   mqtt:"),
        (("evidence", "store", "directory"), "/x: y", "+     directory: '/x: y'"),
        (("lanes", "1", "words"), "1", '+     words: "1"'),
        (("site", "id"), "12:30", '+   id: "12:30"'),
    ],
)
def test_what_was_chosen_stands_there(loc, value, line):
    after = with_value(TEXT, loc, value)
    assert line in changed_lines(TEXT, after)
    assert value_at(after, loc) == value
    assert all(said in after for said in ("# as agreed", "# the tape of May", "# Drawn beforehand."))


def test_taking_the_last_one_out_leaves_an_empty_mapping():
    after = without(TEXT, ("street", "cameras", "east", "zones", "front", "metric", "quad"))
    assert value_at(after, ("street", "cameras", "east", "zones", "front", "metric")) == {}


def test_an_item_of_a_list_is_taken_out():
    assert value_at(without(TEXT, ("lanes", "1", "sensors", 0)), ("lanes", "1", "sensors")) == [
        {"id": "pad-2", "position_mm": 2800}
    ]
    assert value_at(without(TEXT, ("lanes", "1", "sensors", 0, "id")), ("lanes", "1", "sensors", 0)) == {
        "position_mm": 0
    }


def test_line_ends_of_another_system_and_a_last_line_without_one():
    text = TEXT.replace("\n", "\r\n") + "clock:\r\n  source: ntp"
    after = with_value(text, ("clock", "interval_ms"), 1000)
    assert after == text + "\r\n  interval_ms: 1000\r\n"


@pytest.mark.parametrize("text", ["lanes: {a: 1, # here\n  b: 2}\n", "lanes:\n  a: 1\n  a: 2\n"])
def test_what_is_written_in_an_unforeseen_way_is_left_alone(text):
    with pytest.raises(UsageError, match="by hand"):
        without(text, ("lanes", "b" if "b" in text else "a"))


def test_a_line_that_grows_too_long_becomes_a_block():
    zone = {"rule": "overflow", "polygon": [[0.123456, 0.654321]] * 4, "shop": "fruit", "door_line": []}
    after = with_value(TEXT, ("street", "cameras", "east", "zones", "1"), zone)
    assert '+         "1":' in changed_lines(TEXT, after)


def test_the_block_to_put_in_by_hand_is_shown():
    with pytest.raises(UsageError, match=r"by hand:\nlanes:\n  b: 1"):
        with_value("lanes:\n  ? 1\n  : {a: 1}\n", ("lanes", "b"), 1)
    with pytest.raises(UsageError, match=r"by hand:\nlanes:\n  a:\n    b: \[1, 2\]"):
        with_value("lanes: text\n", ("lanes", "a", "b"), [1, 2])


def test_no_number_is_no_value_and_no_yaml_is_no_configuration():
    with pytest.raises(UsageError, match="nan is no number"):
        with_value(TEXT, ("street", "x"), [[float("nan"), 0]])
    with pytest.raises(ConfigError):
        with_value("a: [", ("a",), 1)


# -- whatever is changed, wherever ----------------------------------------------------------------------


def places(data, loc=()):
    """Every place of a file, the file itself left out."""
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in children:
        yield (*loc, key)
        yield from places(value, (*loc, key))


PLACES = [(name, loc) for name, text in FILES.items() for loc in places(value_at(text, ()))]
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=12) | st.sampled_from(
    [
        "1",
        "on",
        "12:30",
        "0x1F",
        "null",
        "~",
        "- a",
        "a: b",
        "a #b",
        "${X}",
        "1.5e5",
        "nULL",
        "2027-01-01",
        "=",
        "<<",
    ]
)
NUMBERS = st.integers(-(10**9), 10**9) | st.floats(-1000, 1000).map(lambda x: round(x, 4))
SCALARS = NUMBERS | WORDS | st.booleans() | st.none()
POLYGONS = st.lists(st.lists(NUMBERS, min_size=2, max_size=2), min_size=3, max_size=5)
VALUES = st.recursive(
    SCALARS | POLYGONS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS.filter(bool), inner, max_size=3),
    max_leaves=8,
)


def applied(data, loc, value):
    data = copy.deepcopy(data)
    into = data
    for step in loc[:-1]:
        into = into[step]
    if value is GONE:
        del into[loc[-1]]
    else:
        into[loc[-1]] = value
    return data


def remarks(text, loc):
    """Lines that are nothing but a remark, above and below the block that holds the place."""
    lines = text.splitlines()
    node = compose("x", text)
    for step in loc[: next((k for k, one in enumerate(loc) if isinstance(one, int)), len(loc))][:-1]:
        node = next(value for key, value in node.value if key.value == step)
    first, last = node.start_mark.line, node.end_mark.line
    outside = lines[:first], lines[last + 1 :]
    return [[line for line in part if line.lstrip().startswith("#")] for part in outside]


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(PLACES), VALUES)
def test_of_any_shipped_configuration_only_the_place_that_was_set_differs(place, value):
    name, loc = place
    before = FILES[name]
    after = with_value(before, loc, value)
    assert value_at(after, ()) == applied(value_at(before, ()), loc, value)
    above, below = remarks(before, loc)
    said = [line for line in after.splitlines() if line.lstrip().startswith("#")]
    assert said[: len(above)] == above
    assert not below or said[-len(below) :] == below


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(PLACES))
def test_of_any_shipped_configuration_only_the_place_that_was_taken_out_is_gone(place):
    name, loc = place
    before = FILES[name]
    after = without(before, loc)
    assert value_at(after, ()) == applied(value_at(before, ()), loc, GONE)
    lost = [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line.startswith("- ")]
    kept = len(before.splitlines()) - len(lost)
    assert len(after.splitlines()) >= kept


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(sorted(FILES)), st.lists(WORDS.filter(bool), min_size=1, max_size=3), VALUES)
def test_what_was_added_is_taken_out_again_without_a_trace(name, new, value):
    before = FILES[name]
    loc = ("zzz", *new)
    after = with_value(before, loc, value)
    assert value_at(after, loc) == value
    assert without(after, loc[:1]) == before
