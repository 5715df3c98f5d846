import hashlib
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.errors import UsageError
from edge_agent.web import passwords
from edge_agent.web.passwords import LEAST_LETTERS, MOST_LETTERS, check_password, hash_password

GOOD = "correct horse battery"


def test_only_the_password_itself_is_accepted(quick_passwords):
    kept = hash_password(GOOD)
    assert check_password(GOOD, kept)
    for other in ("", GOOD + " ", GOOD[:-1], GOOD.upper(), "x" * (MOST_LETTERS + 1)):
        assert not check_password(other, kept)


def test_the_same_password_is_kept_differently_each_time_and_never_as_it_is(quick_passwords):
    one, other = hash_password(GOOD), hash_password(GOOD)
    assert one != other
    assert GOOD not in one
    assert one.startswith("scrypt$")


def test_what_nobody_has_is_never_right_and_costs_the_same_work(quick_passwords, monkeypatch):
    worked = []
    real = hashlib.scrypt
    monkeypatch.setattr(hashlib, "scrypt", lambda *a, **k: worked.append(k["n"]) or real(*a, **k))
    assert not check_password(GOOD, None)
    assert not check_password("", None)
    assert len(worked) == 2


def test_no_password_is_the_one_that_stands_for_nobody(quick_passwords, monkeypatch):
    monkeypatch.setattr(hashlib, "scrypt", lambda *_, **__: bytes(32))
    assert not check_password(GOOD, None)


@pytest.mark.parametrize("password", ["", "x" * (LEAST_LETTERS - 1), "x" * (MOST_LETTERS + 1)])
def test_a_password_that_is_too_short_or_absurd_is_not_kept(password):
    with pytest.raises(UsageError, match="at least 10"):
        hash_password(password)


def test_it_is_as_hard_as_owasp_asks():
    """Password Storage Cheat Sheet: scrypt N=2^15, r=8, p=3."""
    assert (passwords.COST, passwords.BLOCK, passwords.PASSES) == (2**15, 8, 3)
    assert check_password(GOOD, hash_password(GOOD))


def test_many_at_once_take_turns(quick_passwords, monkeypatch):
    at_once, most = 0, 0
    real = hashlib.scrypt

    def counted(*args, **kwargs):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        digest = real(*args, **kwargs)
        at_once -= 1
        return digest

    kept = hash_password(GOOD)
    monkeypatch.setattr(hashlib, "scrypt", counted)
    threads = [threading.Thread(target=check_password, args=(GOOD, kept)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


@settings(max_examples=30, deadline=None)
@given(st.text(min_size=LEAST_LETTERS, max_size=40))
def test_any_text_that_is_utf8_is_a_password(password):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "COST", 2**4)
        patch.setattr(passwords, "PASSES", 1)
        assert check_password(password, hash_password(password))
