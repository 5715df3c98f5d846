"""What is a plate, what is not, and what is one plate misread."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.plates.confusions import one_misread_apart
from edge_agent.core.plates.grammar import MAX_TEXT, PROVINCES, TEMPLATES, PlateKind, normalise, parse

PLATES = [
    ("沪A12345", PlateKind.ORDINARY, "沪"),
    ("粤OAB123", PlateKind.ORDINARY, "粤"),
    ("沪AD12345", PlateKind.NEW_ENERGY_SMALL, "沪"),
    ("沪ADF2345", PlateKind.NEW_ENERGY_SMALL, "沪"),
    ("沪A12345F", PlateKind.NEW_ENERGY_LARGE, "沪"),
    ("皖C1234挂", PlateKind.TRAILER, "皖"),
    ("苏E123A学", PlateKind.LEARNER, "苏"),
    ("京A0001警", PlateKind.POLICE, "京"),
    ("粤Z1234港", PlateKind.HONG_KONG, "粤"),
    ("粤ZAB12澳", PlateKind.MACAU, "粤"),
    ("沪A0023领", PlateKind.CONSULAR, "沪"),
    ("渝A1234试", PlateKind.TRIAL, "渝"),
    ("津B1234超", PlateKind.OVERSIZE, "津"),
    ("使012345", PlateKind.EMBASSY, ""),
    ("沪X1234应急", PlateKind.EMERGENCY, "沪"),
]


@pytest.mark.parametrize(("text", "kind", "province"), PLATES)
def test_every_kind_of_plate_is_known_by_its_shape(text, kind, province):
    plate = parse(text)

    assert (plate.text, plate.kind, plate.province) == (text, kind, province)


@pytest.mark.parametrize(
    "text",
    ["沪Ａ·１２３４５", "沪a 12345", "沪A-12345", "沪A・12345", " 沪A.12345\n"],
)
def test_full_width_lower_case_and_separators_are_the_same_plate(text):
    assert parse(text).text == "沪A12345"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "无车牌",
        "A12345",
        "沪A1234",  # one short
        "沪A123456",  # eight without a class letter
        "沪A1234O",  # no O in a serial
        "沪A1234I",
        "沪I12345",  # no authority I
        "沪112345",
        "台A12345",
        "沪AL12345",  # L is no class letter
        "沪ADE234A",
        "沪A12345挂",
        "沪Z1234港",  # only Guangdong has them
        "使01234A",
        "沪A٣٢١٤٥",  # digits of another script
    ],
)
def test_what_does_not_fit_is_no_plate_and_is_not_corrected(text):
    assert parse(text) is None


def test_colours_are_what_such_a_plate_can_have():
    assert parse("沪AD12345").colours == ("green",)
    assert parse("沪A12345D").colours[0] == "yellow_green"
    assert "yellow" in parse("沪A12345").colours
    assert "green" not in parse("沪A12345").colours


@given(st.data())
def test_no_string_fits_two_templates(data):
    template = data.draw(st.sampled_from(TEMPLATES))
    text = "".join(data.draw(st.sampled_from(slot)) for slot in template.slots)

    assert sum(other.fits(text) for other in TEMPLATES) == 1
    assert parse(text).text == text


@given(st.text(max_size=200))
def test_any_text_is_a_plate_or_none_and_a_plate_stays_itself(text):
    assert len(normalise(text)) <= MAX_TEXT
    plate = parse(text)
    assert plate is None or parse(plate.text) == plate


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("沪A12348", "沪A1234B", True),
        ("沪A1234D", "沪A12340", True),
        ("沪A52345", "沪AS2345", True),
        ("沪A12345", "苏A12345", True),
        ("沪A12345", "A12345", True),
        ("沪A12345", "沪A12345", False),
        ("沪A12345", "沪A12346", False),
        ("沪A12388", "沪A123BB", False),  # two characters
        ("沪A12345", "沪A1234", False),
        ("", "沪A12345", False),
    ],
)
def test_one_misread_is_one_similar_character_or_a_lost_province(a, b, expected):
    assert one_misread_apart(a, b) is expected
    assert one_misread_apart(b, a) is expected


def test_there_are_31_provinces():
    assert len(set(PROVINCES)) == len(PROVINCES) == 31
