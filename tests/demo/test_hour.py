"""The scripted hour: what drives over its bridge."""

from edge_agent.demo.hour import CROSSINGS, DECIDED, GAIN_ERROR_PERMILLE, SECONDS
from edge_agent.demo.roadside import a_stage
from edge_agent.sim.traffic import generate


def test_the_test_trucks_and_nobody_else_drive_over_a_scale_that_reads_too_much():
    stage = a_stage(CROSSINGS, SECONDS, GAIN_ERROR_PERMILLE)
    passages = generate(stage.scenario, 1)
    assert len(passages) == len(CROSSINGS)
    posted = {lane.limits.posted.limit_kg for lane in stage.site.lanes.values()}
    assert all(planned.gross_kg > max(posted) for planned in CROSSINGS)  # only such become statements
    [instrument] = stage.scenario.instruments.values()
    assert instrument.errors.gain_error_permille == GAIN_ERROR_PERMILLE
    assert max(planned.at_s for planned in CROSSINGS) < SECONDS


def test_no_plate_comes_again_before_it_may():
    plates = [planned.plate for planned in CROSSINGS]
    assert len(set(plates)) == len(plates)


def test_every_decision_is_counted_once():
    assert len(set(DECIDED)) == len(DECIDED) > 5
