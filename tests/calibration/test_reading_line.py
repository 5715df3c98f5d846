"""Where the camera reads, learned from traffic whose truth is known."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from edge_agent.calibration.proposal import read_proposal
from edge_agent.calibration.reading_line import Run, learn, line_proposal, pairs
from edge_agent.cli.main import run_command
from edge_agent.config.loader import load
from edge_agent.core.records import Crossing
from edge_agent.core.units import S
from edge_agent.errors import UsageError
from edge_agent.sim.matching_traffic import Traffic, make
from tests.road import a_scenario, site_settings

ROOT = Path(__file__).parents[2]
CALM = Traffic("calm", 100, 25, lanes=("1",), stray_per_hour=0, late_push=0)
SETTINGS = site_settings(
    a_scenario(), cameras={"cam1": {"match": {"lanes": [{"lane": "1", "distance_mm": 8_000}]}}}
)
LANES = SETTINGS.cameras["cam1"].match.lanes


def seen_of(traffic, vehicles=80, seed=1):
    """A simulated hour's crossings and reads, and who is whose."""
    arrivals, truth = make(traffic, vehicles, seed)
    seen = Run()
    latest = {}
    for arrival in arrivals:
        if isinstance(arrival.item, Crossing):
            seen.crossings.append(arrival.item)
        else:
            latest[arrival.item.id] = arrival.item
    seen.reads = list(latest.values())
    return seen, truth


@pytest.mark.parametrize("true_mm", [4_000, 12_000, 17_000])
def test_the_true_distance_and_delay_are_within_their_intervals(true_mm):
    inside = []
    for seed in range(10):
        seen, _ = seen_of(replace(CALM, distance_mm=true_mm), seed=seed)
        estimate = learn([seen], SETTINGS, "cam1", "1").estimate
        inside.append(abs(estimate.distance_mm - true_mm) <= estimate.interval_mm)
        assert abs(estimate.distance_mm - true_mm) <= 2 * estimate.interval_mm
    assert sum(inside) >= 8


def test_only_pairs_that_can_be_no_other_are_used_in_dense_traffic():
    seen, truth = seen_of(replace(CALM, distance_mm=8_000, per_hour_lane=700), 200)
    found = pairs(seen, LANES, 10_000)
    assert len(found) >= 10
    right = [truth.vehicle_of_crossing[c.lane, c.number] == truth.vehicle_of_read[r.id] for c, r in found]
    assert sum(right) >= 0.97 * len(right)  # a missed plate beside a covered one looks like a pair


def test_a_read_that_two_crossings_can_reach_belongs_to_neither():
    seen, _ = seen_of(replace(CALM, distance_mm=8_000), 8)
    [(crossing, read), *_] = pairs(seen, LANES, 10_000)
    beside = replace(crossing, number=999, first_axle_at=crossing.first_axle_at + S // 2)
    seen.crossings.append(beside)
    assert read not in [one for _, one in pairs(seen, LANES, 10_000)]


def test_too_few_vehicles_are_said_to_be_too_few():
    seen, _ = seen_of(CALM, 6)
    with pytest.raises(UsageError, match="too few"):
        learn([seen], SETTINGS, "cam1", "1")


@pytest.fixture(scope="module")
def drive_bys(tmp_path_factory):
    """Sixteen vehicles of 9 to 31 km/h past a camera that reads 8 m behind the first pad, 120 ms late."""
    folder = tmp_path_factory.mktemp("lane")
    scenario = yaml.safe_load((ROOT / "configs" / "scenarios" / "demo.yaml").read_text("utf-8"))
    scenario["passages"] = [
        {"at_s": 4 + 9 * k, "kind": "truck2", "gross_kg": 9_000, "speed_kmh": 9 + 22 * (k * 7 % 16) / 15}
        for k in range(16)
    ]
    scenario["lanes"][0].pop("traffic")
    scenario["cameras"]["cam1"] |= {"distance_mm": 8_000, "clock_offset_ms": 120, "duplicate_share": 0.2}
    scenario |= {"duration_s": 150, "site": str(ROOT / "configs" / "bridge.yaml")}
    (folder / "lane.yaml").write_text(yaml.safe_dump(scenario), "utf-8")
    out = folder / "rec.mcap"
    assert run_command("simulate", [str(folder / "lane.yaml"), "--out", str(out)]) == 0
    return str(out)


def test_drive_bys_become_the_distance_in_the_configuration(drive_bys, shipped_bridge, tmp_path, capsys):
    out, config = tmp_path / "lane.yaml", ["--config", str(shipped_bridge)]
    lane = ["lane", drive_bys, *config, "--lane", "1", "--out", str(out), "--plots", str(tmp_path)]
    capsys.readouterr()
    assert run_command("calibrate", lane) == 0
    assert "到识读线的距离" in capsys.readouterr().out
    assert (tmp_path / "lane.png").stat().st_size > 10_000
    figures = read_proposal(out).figures
    assert abs(figures["distance_mm"] - 8_000) <= figures["interval_mm"] < 2_500
    assert run_command("calibrate", ["apply", str(out), *config, "--yes", "--by", "王工"]) == 0
    [chosen] = load(shipped_bridge).cameras["cam1"].match.lanes
    assert (chosen.distance_mm, chosen.offset_ms) == (figures["distance_mm"], figures["delay_ms"])


@pytest.mark.parametrize(
    ("more", "said"),
    [(["--camera", "cam9"], "no camera 'cam9'"), (["--lane", "7"], "no lane '7'")],
)
def test_a_camera_or_lane_that_is_not_there_is_named(shipped_bridge, more, said, capsys):
    lane = ["lane", "none.mcap", "--config", str(shipped_bridge), "--lane", "1"]
    assert run_command("calibrate", [*lane, *more]) == 2
    assert said in capsys.readouterr().err


def test_what_is_configured_right_is_left_alone():
    seen, _ = seen_of(replace(CALM, distance_mm=8_000), seed=2)
    found = learn([seen], SETTINGS, "cam1", "1")
    right = replace(found, configured=LANES[0].model_copy(update={"offset_ms": found.estimate.delay_ms}))
    assert right.agrees
    assert not line_proposal(right, "cam1", "cal").changes_something


def test_runs_of_two_boots_are_never_paired_with_each_other():
    seen, _ = seen_of(replace(CALM, distance_mm=8_000), 8)
    assert pairs(seen, LANES, 10_000)
    apart = [Run(crossings=seen.crossings), Run(reads=seen.reads)]
    with pytest.raises(UsageError, match="too few"):
        learn(apart, SETTINGS, "cam1", "1")
