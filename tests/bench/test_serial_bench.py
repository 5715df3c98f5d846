"""The serial bench: every way reads the whole stream, and only the port's are weighed."""

import pytest

from edge_agent.bench import serial


@pytest.fixture(scope="module")
def result():
    return serial.run(seconds=20, runs=1)


def test_every_way_reads_the_same_stream_and_its_cost_is_told_by_wall_and_by_cpu_time(result):
    ways = {"bare", "least", "samples", "crossings"}

    for name in ("bytes_per_s", "ratio_to_bare", "times_real_time", "times_real_time_of_cpu"):
        assert result[name].keys() == ways
        assert all(value > 0 for value in result[name].values())
    assert result["ratio_to_bare"]["bare"] == 1


def test_weighing_costs_more_cpu_time_than_the_least_that_reading_can(result):
    by_cpu = result["times_real_time_of_cpu"]

    assert by_cpu["least"] > by_cpu["crossings"]
    assert "x by CPU time" in serial.text(result)
