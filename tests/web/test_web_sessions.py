from dataclasses import replace

import pytest

from edge_agent.web.sessions import ABSOLUTE_S, IDLE_S, TOUCH_S, Kept, Sessions, User

WANG = User("王芳", "reviewer", "")


class Memory:
    """`Accounts` in a dictionary."""

    def __init__(self):
        self.kept = {}
        self.touched = 0

    def session(self, key):
        return self.kept.get(key)

    def begin(self, key, user, now_s):
        self.kept[key] = Kept(user, "reviewer", now_s, now_s)

    def seen(self, key, now_s):
        self.touched += 1
        self.kept[key] = replace(self.kept[key], seen_s=now_s)

    def end(self, key):
        self.kept.pop(key, None)

    def end_old(self, began_before_s, seen_before_s):
        self.kept = {
            key: kept
            for key, kept in self.kept.items()
            if kept.began_s > began_before_s and kept.seen_s > seen_before_s
        }


@pytest.fixture
def memory():
    return Memory()


def test_a_session_is_found_by_its_token_and_by_nothing_that_is_kept(memory):
    sessions = Sessions(memory)
    begun = sessions.begin(WANG, 1000)
    assert sessions.find(begun.token, 1000) == begun
    assert begun.token not in memory.kept
    for other in ("", begun.token[:-1], *memory.kept):
        assert sessions.find(other, 1000) is None


def test_every_login_has_a_token_and_a_form_mark_of_its_own(memory):
    one, other = (Sessions(memory).begin(WANG, 0) for _ in range(2))
    assert one.token != other.token
    assert one.csrf != other.csrf
    assert one.token not in one.csrf
    assert len(one.token) == 64


def test_it_ends_when_nobody_used_it_for_an_hour(memory):
    sessions = Sessions(memory)
    token = sessions.begin(WANG, 0).token
    assert sessions.find(token, IDLE_S - 1) is not None
    assert sessions.find(token, 2 * IDLE_S - 2) is not None
    assert sessions.find(token, 3 * IDLE_S - 2) is None
    assert not memory.kept


def test_it_ends_after_twelve_hours_however_much_it_was_used(memory):
    sessions = Sessions(memory)
    token = sessions.begin(WANG, 0).token
    for now in range(0, ABSOLUTE_S, IDLE_S // 2):
        assert sessions.find(token, now) is not None
    assert sessions.find(token, ABSOLUTE_S) is None


def test_that_it_was_used_is_written_once_a_minute(memory):
    sessions = Sessions(memory)
    token = sessions.begin(WANG, 0).token
    for now in range(TOUCH_S + 1):
        sessions.find(token, now)
    assert memory.touched == 1


def test_logging_out_ends_it(memory):
    sessions = Sessions(memory)
    one, other = sessions.begin(WANG, 0), sessions.begin(WANG, 0)
    sessions.end(one)
    assert sessions.find(one.token, 0) is None
    assert sessions.find(other.token, 0) is not None


def test_a_login_sweeps_out_what_has_expired(memory):
    sessions = Sessions(memory)
    sessions.begin(WANG, 0)
    sessions.begin(WANG, IDLE_S)
    assert len(memory.kept) == 1
