"""The daemon comes up on a terminal into which load cells already send: ready, then weights, then zero."""

import gc

import pytest

from edge_agent.bench import startup
from edge_agent.devices.heap import being_filled


@pytest.mark.slow  # two daemons are started and stopped
def test_a_daemon_is_ready_then_has_a_weight_then_knows_zero():
    result = startup.run(1)

    seconds = result["seconds"]
    assert seconds["python"] > 0
    assert seconds["help"] > 0
    for site in ("bridge", "bridge_and_street"):
        ready, first, zero = (seconds[f"{site}.{what}"] for what in ("ready", "first_weight", "zero_known"))
        assert 0 < ready <= first < zero
        assert seconds[f"{site}.cpu"] > 0
    assert "first weight" in startup.text(result)


def test_nothing_is_collected_while_the_program_is_being_filled_and_again_afterwards():
    before = gc.isenabled()
    with being_filled():
        within = gc.isenabled()
    after = gc.isenabled()
    gc.unfreeze()

    assert (before, within, after) == (True, False, True)
