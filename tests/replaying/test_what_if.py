"""`--set KEY=VALUE`: what a person at a keyboard asks of a configuration, and what is said of mistakes."""

import contextlib
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.config.loader import load
from edge_agent.errors import ConfigError
from edge_agent.replaying.what_if import changed, differences

CONFIGS = Path(__file__).parents[2] / "configs"
POSTED = "lanes.1.limits.posted"


@cache
def site(name):
    return load(CONFIGS / f"{name}.yaml")


def told(name, *settings):
    """What the configurations differ in, in words."""
    return [str(change) for change in differences(site(name), changed(site(name), settings))]


def problems(name, *settings):
    with pytest.raises(ConfigError) as refused:
        changed(site(name), settings)
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize("name", ["bridge", "bridge-two-lanes", "storefront", "street", "site-gate"])
def test_a_value_that_is_there_already_changes_nothing_not_even_the_digest(name):
    assert changed(site(name), ["schema=1"]).sha256() == site(name).sha256()
    assert told(name, "schema=1") == []


def test_another_limit_is_one_change_and_the_other_lane_keeps_its_own():
    assert told("bridge-two-lanes", f"{POSTED}.limit_kg=30000") == [f"{POSTED}.limit_kg: 20000 -> 30000"]


def test_a_deduction_needs_three_keys_and_they_are_checked_together():
    share = [f"{POSTED}.deduction.mode=percent", f"{POSTED}.deduction.legal_ref=local rule"]

    assert problems("bridge-two-lanes", share[0])
    assert told("bridge-two-lanes", *share, f"{POSTED}.deduction.value=5") == [
        f"{POSTED}.deduction.mode: none -> percent",
        f'{POSTED}.deduction.value: "0" -> "5"',
        f'{POSTED}.deduction.legal_ref: "" -> local rule',
    ]


def test_a_zone_is_moved_as_one_change():
    key = "street.cameras.east.zones.corner.polygon"

    (change,) = told("storefront", f"{key}=[[0.5, 0.3], [0.6, 0.2], [0.8, 0.3], [0.7, 0.4]]")

    assert change.startswith(f"{key}: [[0.544, 0.334], ")
    assert change.endswith(" -> [[0.5, 0.3], [0.6, 0.2], [0.8, 0.3], [0.7, 0.4]]")


def test_an_evaluator_is_taken_out_with_null_and_a_sensor_is_an_item_of_a_list():
    lane = "lanes.1"

    assert told("bridge", f"{lane}.limits.axle_group=null")[0].endswith(" -> null")
    assert told("bridge", f"{lane}.scale.sensors.0.length_mm=790") == [
        f"{lane}.scale.sensors.0.length_mm: 800 -> 790"
    ]


def test_a_name_with_a_dot_in_it_is_found():
    dotted = changed(
        site("storefront"), ["street.shops={fruit: {name: A}, fruit.2: {name: B}, noodles: {name: C}}"]
    )

    again = changed(dotted, ["street.shops.fruit.2.tier=green"])

    assert again.street.shops["fruit.2"].tier == "green"
    assert again.street.shops["fruit"] == dotted.street.shops["fruit"]


@pytest.mark.parametrize(
    ("name", "setting", "said"),
    [
        ("bridge", "lanes.1.limts.posted.limit_kg=1", "lanes.1.limts: no such key (did you mean limits?)"),
        ("bridge-two-lanes", "lanes.9.port=wim", "lanes.9: no such key (known here: 1, 2)"),
        ("bridge", f"{POSTED}.limt_kg=1", f"{POSTED}.limt_kg: no such key (did you mean limit_kg?)"),
        ("bridge", f"{POSTED}.limit_kg=30.5", "30.5 is not a whole number (the unit is kilograms)"),
        ("bridge", f"{POSTED}.limit_kind=gww", "'gww' is not possible here (did you mean gvw?)"),
        ("bridge", f"{POSTED}.limit_kg.a=1", "is one value, not a mapping"),
        ("bridge", "lanes.1.certificate.nmber=1", "no such key (did you mean number?)"),
        ("bridge", "lanes.1.scale.sensors.7.length_mm=1", "no such item (0 to "),
        ("bridge", "lanes.1.camera=cam7", "no camera 'cam7' (did you mean cam1?)"),
        ("bridge", f"{POSTED}.limit_kg=[1", "not YAML"),
        ("bridge", "limit_kg", "is not KEY=VALUE"),
        ("bridge", f"{POSTED}.limit_kg=", "is not KEY=VALUE"),
        ("storefront", "street.rules.overfow.stay_s=1", "no such key (did you mean overflow?)"),
        ("bridge", "street.rules.overflow.stay_s=1", "no such key: there is nothing under street.rules"),
        ("storefront", "street.cameras.east.zones.corner.rule=ventor", "(did you mean vendor?)"),
    ],
)
def test_a_mistake_is_named_with_its_key_and_what_was_probably_meant(name, setting, said):
    assert any(said in problem for problem in problems(name, setting))


def test_one_key_with_two_values_is_a_mistake():
    assert problems("bridge", f"{POSTED}.limit_kg=1", f"{POSTED}.limit_kg=2") == [
        f"--set: {POSTED}.limit_kg: is given twice (one value alone)"
    ]


def test_all_mistakes_are_said_at_once():
    assert len(problems("bridge", "lanes.7.port=x", "site.nam=y", "z")) == 3


@given(key=st.text(max_size=20), value=st.text(max_size=20), under=st.sampled_from(["", "lanes.1.", "site."]))
def test_whatever_is_typed_is_a_configuration_or_a_problem(key, value, under):
    with contextlib.suppress(ConfigError):
        changed(site("bridge"), [f"{under}{key}={value}"])
