"""The weighing bench in small: the same figures, fewer seeds."""

import pytest

from edge_agent.bench import weigh
from edge_agent.bench.weigh_faults import BLIND, TROUBLES, behaviour_run, tally, trouble_run
from edge_agent.bench.weigh_rate import throughput, zero_after_step
from edge_agent.bench.weigh_table import table
from edge_agent.sim.behaviours import BEHAVIOURS


@pytest.mark.parametrize("layout", ["one-pad", "two-pads"])
@pytest.mark.parametrize("phases", ["in_phase", "independent"])
@pytest.mark.parametrize("kmh", [10, 20])
def test_the_scale_is_as_good_as_the_suspension_lets_it_be(layout, phases, kmh):
    found = weigh._accuracy(layout, kmh, phases, range(30))

    assert found["p95"] <= 1.2 * found["bound_p95"]
    assert found["wrong_axles"] == 0
    assert found["coverage"] >= 0.9
    assert found["spacing_p95_mm"] <= 150


@pytest.mark.parametrize("name", TROUBLES)
def test_no_trouble_of_the_instrument_is_wrongly_accepted(name):
    said = [s for seed in range(6) for s in trouble_run(name, seed)]

    row = tally(6, said)
    assert row["wrongly_accepted"] == 0
    assert row["wrong_axles_accepted"] == 0
    assert row["crossings"] >= 1


@pytest.mark.parametrize("name", BEHAVIOURS)
@pytest.mark.parametrize("loop", [True, False])
def test_no_behaviour_is_wrongly_accepted(name, loop):
    said = [s for seed in range(4) for s in behaviour_run(name, seed, loop=loop)]

    row = tally(4, said)
    assert row["wrongly_accepted"] == 0
    assert row["wrong_axles_accepted"] == 0


@pytest.mark.parametrize("name", ["clean", "hum 100 kg", "division 50 kg", "clock 200 ppm slow", "80 Hz"])
def test_what_does_no_harm_is_not_refused(name):
    said = [s for seed in range(10) for s in trouble_run(name, seed)]

    assert all(s.clean for s in said)
    assert len(said) == 10


def test_a_gain_error_that_all_sensors_share_cannot_be_seen_and_is_reported_apart():
    said = [s for seed in range(5) for s in trouble_run("all sensors +5 %", seed)]

    assert "all sensors +5 %" in BLIND
    assert tally(5, said)["wrongly_accepted"] > 0


def test_a_nineteen_tonne_truck_is_not_called_over_twenty():
    found = weigh._rare(19_000_000, "truck3", range(100))

    assert found["over"] == 0
    assert found["crossings"] == 100


def test_a_twenty_five_tonne_truck_is():
    found = weigh._rare(25_000_000, "truck3", range(30))

    assert found["over"] == 30


def test_the_zero_is_back_within_twenty_kilogrammes_after_a_minute():
    assert abs(zero_after_step()["after_60_s_kg"]) <= 20


def test_the_table_says_that_it_is_simulated_and_shows_every_cell():
    found = weigh._accuracy("two-pads", 20, "in_phase", range(5))
    result = {
        "seeds": 5,
        "accuracy": [weigh._accuracy_row(("accuracy", "two-pads", 20, "in_phase"), found)],
        "troubles": [
            {
                "name": "clean",
                "loop": True,
                **tally(2, [s for k in range(2) for s in trouble_run("clean", k)]),
            }
        ],
        "behaviours": [],
        "rare": [{"gross_g": 19_000_000, "kind": "truck3", **weigh._rare(19_000_000, "truck3", range(3))}],
        "zero": {"step_kg": 200, "after_60_s_kg": 0.0, "within_20_kg_s": 10.0},
        "throughput": throughput(20),
        "seconds": 1.0,
    }

    text = table(result)

    assert text.startswith("Simulated")
    assert "two 0.8 m pads" in text
    assert "rate below 1.0e+00 (95 %)" in text
    assert "real time" in text
