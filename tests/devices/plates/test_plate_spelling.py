"""Columns of a recogniser to plates: whatever the columns say, what comes out is a plate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.plates.grammar import TEMPLATES, parse
from edge_agent.devices.plate_reader.spelling import Speller, missing_characters

ALPHABET = sorted({c for template in TEMPLATES for slot in template.slots for c in slot})
CHARACTERS = ["", *ALPHABET, *"OIl|o·-a", " "]
SPELLER = Speller(CHARACTERS)

plates = st.sampled_from(TEMPLATES).flatmap(
    lambda template: st.tuples(*(st.sampled_from(slot) for slot in template.slots)).map("".join)
)


def columns(text, sure=0.9, noise=0, steps=40):
    """A line of `steps` columns in which the characters stand apart."""
    chance = np.random.default_rng(noise)
    out = chance.uniform(0, 1e-4, (steps, len(CHARACTERS)))
    out[:, 0] = 1.0
    for k, character in enumerate(text):
        at = 1 + k * (steps - 2) // len(text)
        out[at] = chance.uniform(0, 1e-4, len(CHARACTERS))
        out[at, CHARACTERS.index(character)] = sure
        out[at, 0] = 1 - sure
    return (out / out.sum(axis=1, keepdims=True)).astype(np.float32)


@settings(deadline=None)
@given(plates)
def test_every_shape_of_plate_is_spelled(text):
    best = SPELLER.spell(columns(text))[0]
    assert best.text == text
    assert best.likelihood > 0.3


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1 << 30), st.floats(0.02, 3.0))
def test_noise_spells_plates_or_nothing_and_never_more_than_certainly(seed, sharp):
    raw = np.exp(np.random.default_rng(seed).normal(0, sharp, (24, len(CHARACTERS))))
    found = SPELLER.spell((raw / raw.sum(axis=1, keepdims=True)).astype(np.float32))
    assert all(parse(one.text) is not None and parse(one.text).text == one.text for one in found)
    assert sum(one.likelihood for one in found) <= 1 + 1e-6
    assert [one.likelihood for one in found] == sorted((one.likelihood for one in found), reverse=True)


@pytest.mark.parametrize(
    ("read", "meant"),
    [("沪A1O345", "沪A10345"), ("沪A1l3I5", "沪A11315"), ("粤OO2345", "粤O02345"), ("沪a12345", "沪A12345")],
)
def test_what_cannot_stand_there_counts_for_what_can(read, meant):
    assert SPELLER.spell(columns(read))[0].text == meant


def test_the_dot_after_the_letter_is_no_character():
    assert SPELLER.spell(columns("沪A·12345"))[0].text == "沪A12345"


def test_the_same_character_twice_needs_a_gap_and_has_one():
    assert SPELLER.spell(columns("沪AA1122"))[0].text == "沪AA1122"


def test_two_plates_that_are_nearly_as_likely_are_both_told():
    line = columns("沪A12345")
    at = 1 + 6 * 38 // 7
    line[at, CHARACTERS.index("5")], line[at, CHARACTERS.index("6")] = 0.5, 0.4
    first, second = SPELLER.spell(line)[:2]
    assert (first.text, second.text) == ("沪A12345", "沪A12346")
    assert first.likelihood / second.likelihood == pytest.approx(1.25, rel=0.05)


def test_what_is_no_plate_spells_nothing():
    assert SPELLER.spell(columns("A", steps=8)) == []


def test_a_recogniser_that_lacks_a_province_is_known_to():
    assert missing_characters([c for c in CHARACTERS if c != "沪"]) == ("沪",)
    assert missing_characters(CHARACTERS) == ()
