"""Traffic: deterministic, apart from each other, and as the scenario asked."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from edge_agent.errors import ConfigError
from edge_agent.sim.behaviours import BEHAVIOURS
from edge_agent.sim.crossing import LAYOUTS
from edge_agent.sim.kinematics import track
from edge_agent.sim.scenario import LaneSim, PlannedPassage, Scenario, TrafficSettings, load_scenario
from edge_agent.sim.traffic import generate, when

SCENARIOS = sorted((Path(__file__).parents[2] / "configs/scenarios").glob("*.yaml"))


def a_scenario(duration_s: float = 3600, **traffic) -> Scenario:
    lane = LaneSim(sensors=LAYOUTS["two-pads"], traffic=TrafficSettings(**traffic))
    return Scenario(name="test", duration_s=duration_s, lanes=(lane,))


def test_the_same_seed_gives_the_same_traffic_and_another_seed_another():
    assert generate(a_scenario(600), 5) == generate(a_scenario(600), 5)
    assert generate(a_scenario(600), 5) != generate(a_scenario(600), 6)


def test_passages_are_numbered_in_order_of_arrival():
    passages = generate(a_scenario(tailgate_share=0.2), 1)
    assert [p.id for p in passages] == list(range(1, len(passages) + 1))
    assert all(when(a) <= when(b) for a, b in pairwise(passages))


def test_flow_and_share_of_overweight_are_about_as_asked():
    passages = generate(a_scenario(4 * 3600, vehicles_per_hour=400, overweight_share=0.5), 1)
    assert len(passages) / 4 == pytest.approx(400, rel=0.1)
    heavy = [p for p in passages if p.vehicle.kind in {"truck3", "truck4", "semi5", "semi6"}]
    over = [p for p in heavy if p.vehicle.gross_g > 20_000_000]
    assert len(over) / len(heavy) == pytest.approx(0.5, abs=0.07)
    assert min(p.vehicle.gross_g for p in over) >= 22_000_000
    assert max(p.vehicle.gross_g for p in over) <= 49_000_000


def test_vehicles_never_drive_through_each_other_near_the_scale():
    shares = dict.fromkeys(BEHAVIOURS, 0.03)
    passages = generate(a_scenario(3600, vehicles_per_hour=500, tailgate_share=0.1, behaviours=shares), 3)
    passages = [p for p in passages if p.vehicle.kind != "pedestrian"]
    at = np.arange(0, 3_700 * 10**9, 10**8)
    spans = []
    for p in passages:
        front = track(p.motion, at)[0] + p.vehicle.front_overhang_mm
        spans.append((front - p.vehicle.length_mm, front))
    for i, (rear_a, front_a) in enumerate(spans):
        for rear_b, front_b in spans[i + 1 : i + 4]:
            near = (front_a > -10_000) & (rear_a < 30_000) & (front_b > -10_000) & (rear_b < 30_000)
            overlap = near & (front_a > rear_b) & (front_b > rear_a)
            assert not overlap.any()


def test_every_behaviour_can_be_asked_for():
    passages = generate(a_scenario(7200, behaviours=dict.fromkeys(BEHAVIOURS, 0.05)), 2)
    seen = Counter(name for p in passages for name in p.behaviours)
    assert set(BEHAVIOURS) <= set(seen)


def test_random_traffic_keeps_clear_of_planned_vehicles():
    scenario = a_scenario(120, vehicles_per_hour=900)
    planned = PlannedPassage(at_s=60, kind="semi6", gross_kg=48_000, speed_kmh=20, behaviours=("stop",))
    scenario = scenario.model_copy(update={"passages": (planned,)})
    passages = generate(scenario, 1)
    [semi] = [p for p in passages if "stop" in p.behaviours]
    assert semi.vehicle.gross_g == 48_000_000
    assert not [p for p in passages if p is not semi and abs(when(p) - when(semi)) < 1.5e9]


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_every_shipped_scenario_loads_and_has_traffic(path):
    scenario = load_scenario(path)
    assert scenario.name == path.stem
    passages = generate(scenario, 1)
    assert (len(passages) >= 5) == (path.stem != "static-weights")  # there nothing moves
    overweight = any(p.vehicle.gross_g > scenario.posted_limit_kg * 1000 for p in passages)
    assert overweight == (path.stem not in {"test-truck", "static-weights"})  # only the scale is looked at


def test_the_demo_is_the_minute_that_its_comment_promises():
    scenario = load_scenario(next(p for p in SCENARIOS if p.stem == "demo"))
    for seed in range(5):
        passages = generate(scenario, seed)
        gross_t = [p.vehicle.gross_g / 1e6 for p in passages]
        assert 12 <= len(passages) <= 20
        assert sum(g > 20 for g in gross_t) == 5
        assert all(22 <= g <= 49 for g in gross_t if g > 20)
        assert any(18.5 < g < 20 for g in gross_t)
        assert sum("covered_plate" in p.behaviours for p in passages) == 1
        ends = [when(p) + (p.vehicle.length_mm - p.vehicle.front_overhang_mm) / p.motion.legs[0].v_mm_s * 1e9
                for p in passages]  # fmt: skip
        gaps_s = [(when(b) - end) / 1e9 for end, b in zip(ends, passages[1:], strict=False)]
        assert 0.5 < min(gaps_s) < 2.0


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("nonsense: 1", "nonsense"),
        ("duration_s: -3", "duration_s"),
        ("passages: [{at_s: 1, kind: lorry}]", "no 'lorry'"),
        ("passages: [{at_s: 1, kind: car, lane: '9'}]", "no lane '9'"),
        ("instruments: {other: {}}", "no instrument 'wim'"),
        ("instruments: {wim: {protocol: {kind: adc, channels: 2}}}", "need 4 channels"),
        ("instruments: {wim: {protocol: {kind: yaohua_a9}}}", "carries one channel"),
        ("instruments: {wim: {rate_hz: 500}}", "disagree"),
        ("cameras: {cam1: {lanes: ['7']}}", "no lane '7'"),
        ("[", "expected"),
    ],
)
def test_a_scenario_that_makes_no_sense_is_refused_with_its_place(tmp_path, line, says):
    sensors = "".join(
        f"      - {{id: p{i}, position_mm: {2800 * i}, length_mm: 800, channels: "
        f"[{{index: {2 * i}, side: left}}, {{index: {2 * i + 1}, side: right}}]}}\n"
        for i in (0, 1)
    )
    path = tmp_path / "bad.yaml"
    path.write_text(f"name: bad\nlanes:\n  - id: '1'\n    sensors:\n{sensors}{line}\n")
    with pytest.raises(ConfigError) as raised:
        load_scenario(path)
    assert says in str(raised.value)
    assert str(raised.value).startswith(f"{path}:")


def test_a_problem_is_reported_at_its_line(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("name: bad\nlanes:\n  - id: '1'\n    sensors: []\nduration_s: 0\n")
    with pytest.raises(ConfigError) as raised:
        load_scenario(path)
    assert {problem.line for problem in raised.value.problems} == {4, 5}


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        load_scenario(tmp_path / "none.yaml")
