from hypothesis import given
from hypothesis import strategies as st

from edge_agent.web.throttle import Throttle


def test_so_many_and_then_no_more_until_the_first_is_old():
    throttle = Throttle(3, 60)
    assert [throttle.wait_s("a", now) for now in (0, 10, 20)] == [0, 0, 0]
    assert throttle.wait_s("a", 30) == 30
    assert throttle.wait_s("b", 30) == 0
    assert throttle.wait_s("a", 60) == 0
    assert throttle.wait_s("a", 61) == 9


def test_what_is_refused_does_not_make_the_wait_longer():
    throttle = Throttle(1, 60)
    throttle.wait_s("a", 0)
    for now in range(1, 60):
        assert throttle.wait_s("a", now) == 60 - now
    assert throttle.wait_s("a", 60) == 0


def test_success_forgets():
    throttle = Throttle(1, 60)
    throttle.wait_s("a", 0)
    throttle.forget("a")
    throttle.forget("never seen")
    assert throttle.wait_s("a", 1) == 0


def test_memory_is_bounded_and_the_longest_untouched_goes():
    throttle = Throttle(1, 60, keys=2)
    for key in ("a", "b", "a", "c"):
        throttle.wait_s(key, 0)
    assert throttle.wait_s("a", 1) > 0
    assert throttle.wait_s("b", 1) == 0


@given(st.lists(st.integers(0, 30), max_size=80), st.integers(1, 5))
def test_never_more_than_allowed_within_any_window(gaps, attempts):
    throttle, now, taken = Throttle(attempts, 60), 0, []
    for gap in gaps:
        now += gap
        if throttle.wait_s("a", now) == 0:
            taken.append(now)
    for at in taken:
        assert sum(at <= other < at + 60 for other in taken) <= attempts
