from __future__ import annotations

import json
from dataclasses import replace

import pytest

from edge_agent.bench.match import CLOCK_ERRORS_MS, _jobs, reliability, run, stretch, summary, table
from edge_agent.bench.match_rivals import greedy, nearest, oracle, oracle_settings
from edge_agent.core.records import Crossing, PlateRead
from edge_agent.sim.matching_traffic import JAM, REGIMES, make, plain_read


def test_the_same_seed_gives_the_same_traffic():
    assert make(REGIMES[2], 80, seed=4) == make(REGIMES[2], 80, seed=4)
    assert make(REGIMES[2], 80, seed=4) != make(REGIMES[2], 80, seed=5)


def test_the_traffic_has_the_misses_and_misreads_it_promises():
    arrivals, truth = make(REGIMES[1], 4_000, seed=9)
    reads = [a.item for a in arrivals if isinstance(a.item, PlateRead)]
    seen = {truth.vehicle_of_read[r.id] for r in reads}
    crossed = set(truth.vehicle_of_crossing.values())
    wrong = [r for r in reads if r.text and r.text != truth.plate_of_vehicle[truth.vehicle_of_read[r.id]]]

    assert 0.04 < len(crossed - seen) / len(crossed) < 0.06
    assert 0.013 < len(wrong) / len(reads) < 0.027
    assert len(truth.vehicle_of_read) == len(reads) == len({r.id for r in reads})


def test_crossings_of_a_lane_are_reported_in_order():
    arrivals, _ = make(REGIMES[4], 400, seed=2)
    for lane in ("1", "2"):
        numbers = [a.item.number for a in arrivals if isinstance(a.item, Crossing) and a.item.lane == lane]
        assert numbers == sorted(numbers)


def test_the_jobs_cover_every_regime_and_both_signs_of_clock_error():
    jobs = _jobs(50_000, seed=1)

    assert {j[0].name for j in jobs} == {r.name for r in (*REGIMES, JAM)}
    assert {round(j[0].clock_error_s * 1_000) for j in jobs} == set(CLOCK_ERRORS_MS)
    assert sum(j[1] for j in jobs if j[0].name != JAM.name) >= 50_000


def test_one_stretch_counts_every_crossing_once_and_says_it_in_numbers_that_fit_json():
    tally = stretch(replace(REGIMES[3], clock_error_s=-0.1), 300, seed=11)

    last = tally.ambiguous + tally.unmatched + (tally.decided - tally.taken_back)
    assert last == tally.crossings
    assert tally.decidable_correct <= tally.decidable <= tally.likely <= tally.crossings
    row = summary(tally)
    assert json.loads(json.dumps(row)) == row
    assert row["baselines"]["nearest"]["wrong_of_decided"] > row["wrong_of_decided"]


def test_adding_tallies_adds_everything():
    one, other = (stretch(REGIMES[0], 100, seed=s) for s in (1, 2))
    both = stretch(REGIMES[0], 100, seed=1)
    both.add(other)

    assert both.crossings == one.crossings + other.crossings
    assert sum(b[0] for b in both.bins) == sum(b[0] for b in one.bins) + sum(b[0] for b in other.bins)
    assert both.baselines["greedy"][0] == one.baselines["greedy"][0] + other.baselines["greedy"][0]


def test_the_observer_is_nearly_always_right_where_it_is_sure():
    traffic = REGIMES[2]
    arrivals, truth = make(traffic, 600, seed=8)
    crossings = {(a.item.lane, a.item.number): a.item for a in arrivals if isinstance(a.item, Crossing)}
    reads = [a.item for a in arrivals if isinstance(a.item, PlateRead)]
    found = oracle(oracle_settings(traffic), crossings, reads)
    sure = [(key, group) for key, group, ppm in found if ppm >= 999_000]
    wrong = sum(truth.vehicle_of_read[g[0].id] != truth.vehicle_of_crossing[k] for k, g in sure)

    assert len(sure) > 0.85 * len(crossings)
    assert wrong <= 1


def test_nearest_gives_one_read_twice_and_greedy_does_not():
    read = plain_read()
    candidates = [(10, ("1", 1), read), (20, ("1", 2), read)]

    assert list(nearest(candidates).values()) == [read, read]
    assert greedy(candidates) == {("1", 1): read}


@pytest.mark.slow
def test_a_quick_run_has_a_table_that_says_simulated_and_draws_its_plot(tmp_path):
    pytest.importorskip("matplotlib", reason="the plot needs the extra `plots`")
    result = run(crossings=1_000, seed=3, plots=tmp_path, quick=True)

    assert "simulated" in table(result)
    assert (tmp_path / "match_reliability.png").stat().st_size > 5_000
    assert result["total"]["crossings"] >= 1_000
    assert all(0 <= row["true"] <= 1 for row in result["reliability"])


def test_reliability_of_nothing_is_an_empty_table():
    assert reliability(stretch(REGIMES[0], 0, seed=1)) == []
