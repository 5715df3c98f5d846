"""The simulated plate camera errs as often, and only, as it was told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_agent.sim.anpr import camera_reads, plate_at_camera
from edge_agent.sim.behaviours import KMH
from edge_agent.sim.dynamics import still
from edge_agent.sim.scenario import CameraSim
from edge_agent.sim.vehicles import draw_vehicle
from edge_agent.sim.world import Motion, Passage

S = 10**9
MS = 10**6
PERFECT = CameraSim(
    place_sd_mm=0, miss_share=0, misread_share=0, duplicate_share=0, lane_error_share=0, clock_jitter_ms=0
)
N = 2000


def passages(n: int = N, kind: str = "truck3", **changes) -> list[Passage]:
    rng = np.random.Generator(np.random.PCG64(8))
    out = []
    for i in range(1, n + 1):
        vehicle = draw_vehicle(rng, kind)
        motion = Motion.uniform(i * 10 * S, 20 * KMH)
        out.append(replace(Passage(i, "1", vehicle, motion, still(len(vehicle.axle_loads_g))), **changes))
    return out


def read(camera: CameraSim, crossing: list[Passage] | None = None, lanes=("1", "2")):
    rng = np.random.Generator(np.random.PCG64(9))
    return camera_reads(crossing or passages(), "cam1", camera, lanes, N * 10.0, rng)


def but(**changes) -> CameraSim:
    return PERFECT.model_copy(update=changes)


def test_a_perfect_camera_reads_every_plate_once_in_its_place():
    crossing = passages()
    reads = read(PERFECT, crossing)
    assert [r.text for r in reads] == [p.vehicle.plate for p in crossing]
    assert [r.passage_id for r in reads] == [p.id for p in crossing]
    for r, p in zip(reads, crossing, strict=True):
        bumper_mm = 5000 - p.vehicle.front_overhang_mm
        assert r.captured_ns == r.said_ns == pytest.approx(p.t0_ns + bumper_mm / (20 * KMH) * 1e9, abs=10)
        assert 150 * MS <= r.arrives_ns - r.captured_ns <= 450 * MS


def test_a_rear_camera_reads_the_trailer_when_the_tail_passes():
    [semi] = passages(1, "semi6")
    [r] = read(but(side="rear"), [semi])
    assert r.text == semi.vehicle.plate_rear
    assert r.direction == "leaving"
    length_s = semi.vehicle.length_mm / (20 * KMH)
    front = plate_at_camera(semi, PERFECT)
    assert front is not None
    assert r.captured_ns - front == pytest.approx(length_s * S, abs=10)


def test_misses_misreads_duplicates_and_wrong_lanes_come_at_their_shares():
    assert len(read(but(miss_share=0.05))) == pytest.approx(0.95 * N, abs=40)
    wrong = [r for r in read(but(misread_share=0.1)) if r.text != r.truth]
    assert len(wrong) == pytest.approx(0.1 * N, abs=45)
    assert all(sum(a != b for a, b in zip(r.text, r.truth, strict=True)) == 1 for r in wrong)
    assert len(read(but(duplicate_share=0.2))) == pytest.approx(1.2 * N, abs=60)
    assert sum(r.lane == "2" for r in read(but(lane_error_share=0.1))) == pytest.approx(0.1 * N, abs=45)


def test_a_duplicate_is_the_same_vehicle_within_a_second():
    reads = read(but(duplicate_share=1.0), passages(20))
    assert len(reads) == 40
    for first, second in zip(reads[::2], reads[1::2], strict=True):
        assert first.passage_id == second.passage_id
        assert first.event_id != second.event_id
        assert abs(second.captured_ns - first.captured_ns) < S


def test_the_camera_clock_is_off_by_offset_jitter_and_drift():
    off = [(r.said_ns or 0) - r.captured_ns for r in read(but(clock_offset_ms=500))]
    assert set(off) == {500 * MS}
    jitter = [(r.said_ns or 0) - r.captured_ns for r in read(but(clock_jitter_ms=200))]
    assert max(map(abs, jitter)) <= 200 * MS
    assert np.std(jitter) == pytest.approx(200 * MS / 3**0.5, rel=0.05)
    drift = [(r.said_ns or 0) - r.captured_ns for r in read(but(clock_drift_ppm=50))]
    assert drift[-1] == pytest.approx(N * 10 * S * 50e-6, rel=0.01)
    drawn = [(r.said_ns or 0) - r.captured_ns for r in read(but(clock_offset_range_ms=200))]
    assert len(set(drawn)) == 1
    assert 0 < abs(drawn[0]) <= 200 * MS


def test_a_camera_without_time_states_none():
    assert {r.said_ns for r in read(but(send_time=False), passages(5))} == {None}


def test_late_reads_arrive_late_and_reads_come_in_order_of_arrival():
    reads = read(but(late_share=0.2, late_s=8))
    delays = [r.arrives_ns - r.captured_ns for r in reads]
    assert sum(d >= 8 * S for d in delays) == pytest.approx(0.2 * N, abs=60)
    assert [r.arrives_ns for r in reads] == sorted(r.arrives_ns for r in reads)


def test_a_covered_plate_is_an_empty_read_or_none():
    [covered] = passages(1, behaviours=("covered_plate",))
    [r] = read(PERFECT, [covered])
    assert (r.text, r.confidence, r.alternatives, r.colour) == ("", 0, (), "")
    assert r.truth == covered.vehicle.plate
    assert read(but(empty_reads=False), [covered]) == []


def test_vehicles_that_never_cross_the_scale_are_read_too():
    reads = read(but(stray_per_hour=60), passages(1))
    strays = [r for r in reads if r.passage_id == 0]
    assert len(strays) == pytest.approx(60 * N * 10 / 3600, rel=0.2)


def test_motorbikes_and_people_are_not_read():
    assert read(PERFECT, passages(3, "motorbike")) == []


def test_a_camera_reads_its_own_lanes_only():
    assert read(but(lanes=("2",)), passages(3)) == []
