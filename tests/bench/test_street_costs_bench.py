"""The street's benches measure what they say, on small clips and in little time."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from edge_agent.bench import cameras, dwell, hostile, memory, street_site
from edge_agent.errors import UsageError

MODELS = Path(__file__).parents[2] / "models"
ANY = MODELS / "bridge-synthetic.onnx"


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Clips of six seconds and 320 x 180."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(street_site, "CLIP_S", 6)
    for bench in (cameras, hostile):
        monkeypatch.setattr(bench, "SIZE", (320, 180))
    monkeypatch.setattr(hostile, "OTHER_SIZES", ((160, 90), (640, 360)))
    monkeypatch.setattr(hostile, "OTHER_S", 4)
    return street_site.detector_of(ANY, None)


@pytest.mark.slow
def test_the_floor_decodes_the_pictures_that_ours_decodes(small):
    found = cameras.run(small, "no peer: none asked for", rounds=1, seconds=6)

    second, idle = found["paces"]["1000"], found["paces"]["2000"]
    assert second["rows"]["ours"]["pictures"] == second["rows"]["floor"]["pictures"] == 6
    assert second["rows"]["ours"]["decoded"] == second["rows"]["floor"]["decoded"]
    assert idle["rows"]["ours"]["pictures"] == 3
    assert second["over_floor"] > 1
    assert second["less_than_peer"] is None
    assert "no peer: none asked for" in cameras.text(found)


@pytest.mark.slow
def test_a_peer_that_fails_is_told_and_ours_is_measured_all_the_same(small, monkeypatch):
    monkeypatch.setattr(cameras, "PERIODS_MS", (1_000,))

    found = cameras.run(small, cameras.Peer(Path(sys.executable), (ANY,)), rounds=1, seconds=6)

    assert set(found["paces"]["1000"]["rows"]) == {"ours", "floor"}
    assert found["no_peer"].startswith("no peer: cameras_peer.py failed")
    assert "torch" in found["no_peer"], "it fails for what it lacks, not for a file of ours beside it"


def test_a_python_without_ultralytics_is_no_peer():
    assert "no peer" in cameras.peer_of(None, ANY, None)
    assert "no peer" in cameras.peer_of(Path(sys.executable), ANY, None)


def rows(*megabytes: float) -> list[memory.Row]:
    """A sample a minute."""
    return [
        {"s": 60.0 * n, "rss_mb": mb, "anonymous_mb": mb / 2, "threads": 20.0, "cpu_s": 3.0 * n}
        for n, mb in enumerate(megabytes)
    ]


def test_memory_that_stays_is_flat_and_memory_that_grows_is_not():
    flat = memory.summary(rows(100, 180, *[300, 303, 300, 297] * 14))
    growing = memory.summary(rows(*range(100, 160)))

    assert flat["max_mb"] == 303
    assert flat["deviation_percent"] == 1.0
    assert abs(flat["slope_mb_per_hour"]) < 1
    assert flat["cpu_s_per_minute"] == 3.0
    assert growing["deviation_percent"] > 15
    assert growing["slope_mb_per_hour"] == 60.0


def test_a_process_has_memory_threads_and_time():
    found = memory.resident(os.getpid())
    assert found["rss_mb"] > found["anonymous_mb"] > 1
    assert found["threads"] >= 1
    assert found["cpu_s"] > 0


@pytest.mark.slow
def test_the_cadence_of_eight_cameras_is_told_with_and_without_a_hostile_one(small, monkeypatch):
    monkeypatch.setattr(hostile, "WARM_UP_S", 3.0)

    found = hostile.run(small, seconds=6, rounds=1)

    assert list(found["rows"]) == list(hostile.CAMERAS)
    # How quick is for the bench to say: this machine may be anybody's.
    assert any(row["calm_hz"] > 0 for row in found["rows"].values())
    assert sum(found["moods"].values()) > 0
    assert found["worst_of_the_others"] >= 0
    assert "the hostile one" in hostile.text(found)


def test_a_stream_that_ends_before_the_case_is_cleared_is_refused():
    with pytest.raises(UsageError, match="needs a stream of"):
        dwell.Plan(300, 600).checked()
