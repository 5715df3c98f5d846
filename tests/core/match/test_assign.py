from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.match.assign import marginals


def enumerate_all(pairs, none, stray):
    """Every one-to-one assignment, one by one: (total, {(sighting, vehicle): weight})."""
    total, with_pair = 0, {}

    def walk(sighting, taken, weight, chosen):
        nonlocal total
        if sighting == len(pairs):
            for vehicle, price in enumerate(none):
                if vehicle not in taken:
                    weight *= price
            total += weight
            for pair in chosen:
                with_pair[pair] = with_pair.get(pair, 0) + weight
            return
        walk(sighting + 1, taken, weight * stray[sighting], chosen)
        for vehicle, price in pairs[sighting].items():
            if vehicle not in taken:
                walk(sighting + 1, taken | {vehicle}, weight * price, [*chosen, (sighting, vehicle)])

    walk(0, frozenset(), 1, [])
    return total, with_pair


@st.composite
def clusters(draw):
    vehicles = draw(st.integers(0, 5))
    sightings = draw(st.integers(0, 5))
    weight = st.integers(1, 10**12)
    pairs = [{v: draw(weight) for v in range(vehicles) if draw(st.booleans())} for _ in range(sightings)]
    none = [draw(st.integers(1, 10**6)) for _ in range(vehicles)]
    stray = [draw(st.integers(1, 10**6)) for _ in range(sightings)]
    return pairs, none, stray


@given(clusters())
@settings(max_examples=300, deadline=None)
def test_marginals_are_those_of_trying_every_assignment(cluster):
    pairs, none, stray = cluster
    total, with_pair = enumerate_all(pairs, none, stray)

    found = marginals(pairs, none, stray, max_states=10_000)

    assert found is not None
    for sighting, row in enumerate(pairs):
        for vehicle in row:
            exact = Fraction(with_pair.get((sighting, vehicle), 0), total)
            assert Fraction(found.pairs[sighting].get(vehicle, 0), found.total) == exact


@given(clusters())
@settings(max_examples=100, deadline=None)
def test_a_vehicle_and_a_sighting_are_each_somewhere_exactly_once(cluster):
    pairs, none, stray = cluster
    found = marginals(pairs, none, stray, max_states=10_000)

    assert found is not None
    for row in found.pairs:
        assert sum(row.values()) <= found.total
    for vehicle in range(len(none)):
        shares = sum(found.ppm(s, vehicle) for s in range(len(pairs))) + found.none_ppm(vehicle)
        assert 1_000_000 - len(pairs) - 1 <= shares <= 1_000_000


@given(clusters(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_naming_vehicles_and_sightings_differently_changes_nothing(cluster, random):
    pairs, none, stray = cluster
    vehicles, order = list(range(len(none))), list(range(len(pairs)))
    random.shuffle(vehicles)
    random.shuffle(order)
    renamed = [{vehicles[v]: w for v, w in pairs[s].items()} for s in order]
    prices = [0] * len(none)
    for old, new in enumerate(vehicles):
        prices[new] = none[old]

    first = marginals(pairs, none, stray, max_states=10_000)
    second = marginals(renamed, prices, [stray[s] for s in order], max_states=10_000)

    assert first is not None
    assert second is not None
    for place, s in enumerate(order):
        for v in pairs[s]:
            assert first.ppm(s, v) == second.ppm(place, vehicles[v])


def test_two_by_two_by_hand():
    # Sighting 0 may be either vehicle, sighting 1 only vehicle 1; nothing missed, hardly a stranger.
    found = marginals([{0: 4, 1: 1}, {1: 5}], [1, 1], [1, 1], max_states=100)

    # Assignments: none 1, 0-0 4, 0-1 1, 1-1 5, 0-0 with 1-1 20: total 31.
    assert found is not None
    assert found.ppm(0, 0) == 24 * 1_000_000 // 31
    assert found.ppm(0, 1) == 1 * 1_000_000 // 31
    assert found.ppm(1, 1) == 25 * 1_000_000 // 31
    assert found.none_ppm(0) == 7 * 1_000_000 // 31


def test_more_states_than_allowed_is_no_answer_rather_than_a_guess():
    everybody = dict.fromkeys(range(8), 1)
    assert marginals([everybody] * 8, [1] * 8, [1] * 8, max_states=50) is None
    assert marginals([everybody] * 8, [1] * 8, [1] * 8, max_states=256) is not None


def test_a_long_queue_costs_little_because_finished_vehicles_leave_the_state():
    pairs = [{v: 1_000 - 300 * abs(v - s) for v in range(max(0, s - 1), min(200, s + 2))} for s in range(200)]

    found = marginals(pairs, [10] * 200, [10] * 200, max_states=16)

    assert found is not None
    assert found.ppm(100, 100) > found.ppm(100, 99)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_ties_do_not_depend_on_the_order_of_a_row(order):
    row = dict.fromkeys(order, 7)
    found = marginals([row, row], [3, 3, 3], [2, 2], max_states=100)

    assert found is not None
    assert len({found.ppm(0, v) for v in range(3)}) == 1
