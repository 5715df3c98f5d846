"""The scripted hour: what drives over its bridge."""

import av

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


def test_the_camera_films_the_vehicles_that_drive_over_the_scale(tmp_path):
    first = CROSSINGS[0].model_copy(update={"at_s": 0.4})
    stage = a_stage((first,), 0.6, GAIN_ERROR_PERMILLE)
    empty = a_stage((), 0.6, GAIN_ERROR_PERMILLE)
    (tmp_path / "empty").mkdir()
    lorry, nobody = stage.video(tmp_path, 1, quiet), empty.video(tmp_path / "empty", 1, quiet)
    assert largest_change(lorry, nobody) > 60


def quiet(*_):
    pass


def largest_change(one, other):
    """Between the two films' pictures two seconds in, when a lorry stands before the camera or nobody."""
    return abs(picture_at(one, 20).astype(int) - picture_at(other, 20)).max()


def picture_at(path, number):
    with av.open(str(path)) as film:
        for k, frame in enumerate(film.decode(video=0)):
            if k == number:
                return frame.to_ndarray(format="gray")
    raise AssertionError(f"{path} is shorter")
