"""A camera whose view cannot be judged is told when that lasts, and again when it is over."""

from edge_agent.core.decisions import Fault, Status
from edge_agent.core.street.view import DOWN, SILENT, CameraView
from edge_agent.core.units import S


def a_view():
    return CameraView("cam1", after_ms=5_000, silence=15 * S, heard_at=0)


def told(view, *looks):
    """(second, reason) a look; what was told as (second, state)."""
    said = [d for at, reason in looks for d in view.looked(at * S, at * S, reason)]
    return [(d.at // S, d.state) for d in said if isinstance(d, Status)]


def test_the_first_good_picture_is_told_at_once():
    assert told(a_view(), (1, ""), (2, "")) == [(1, "ok")]


def test_a_view_that_is_unfit_from_the_start_is_told_after_a_while():
    assert told(a_view(), *((t, "no_reference") for t in range(1, 10))) == [(6, "blind")]


def test_a_short_disturbance_is_not_told():
    assert told(a_view(), (1, ""), (2, "blurred"), (5, "blurred"), (6, ""), (7, "blurred"), (10, "")) == [
        (1, "ok")
    ]


def test_a_view_that_flickers_is_told_once():
    looks = [(1, ""), *((t, "dark" if t < 20 or t % 3 else "") for t in range(2, 60))]

    assert told(a_view(), *looks) == [(1, "ok"), (7, "blind")]


def test_recovery_is_told_when_it_lasts():
    looks = [(1, ""), *((t, "dark") for t in range(2, 20)), *((t, "") for t in range(20, 40))]

    assert told(a_view(), *looks) == [(1, "ok"), (7, "blind"), (25, "ok")]


def test_silence_is_a_fault_and_a_camera_known_to_be_away_is_not_another():
    silent, away = a_view(), a_view()

    assert [type(d) for d in silent.lost(15 * S, down=False)] == [Fault, Status]
    assert [type(d) for d in away.lost(3 * S, down=True)] == [Status]
    assert silent.reason == SILENT
    assert (away.reason, away.silent_at) == (DOWN, None)


def test_a_camera_that_came_back_but_sends_nothing_falls_silent():
    view = a_view()
    view.lost(3 * S, down=True)
    view.came_up(100 * S)

    assert view.silent_at == 115 * S
    assert view.lost(115 * S, down=False) == ()  # blind was told, and still holds
    assert view.reason == SILENT
