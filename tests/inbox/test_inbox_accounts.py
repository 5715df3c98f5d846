import pytest

from edge_agent.errors import UsageError
from edge_agent.inbox.accounts import InboxAccounts
from edge_agent.web.passwords import check_password
from edge_agent.web.sessions import ABSOLUTE_S, Sessions
from tests.inbox.city import PASSWORD


@pytest.fixture
def accounts(city, quick_passwords):
    return InboxAccounts(city.store.database)


def test_a_user_is_kept_with_a_role_and_never_with_the_password(accounts):
    accounts.add("王芳", "reviewer", PASSWORD, 1)
    accounts.add("li.wei@bureau", "viewer", PASSWORD, 2)
    assert accounts.all() == [("li.wei@bureau", "viewer"), ("王芳", "reviewer")]
    user = accounts.user("王芳")
    assert user.role == "reviewer"
    assert check_password(PASSWORD, user.password_hash)
    assert PASSWORD not in user.password_hash
    assert accounts.user("nobody") is None


@pytest.mark.parametrize("name", ["", " ", "_", ".", "a b", "a\n", "<b>", "x" * 65, "'; drop"])
def test_what_is_no_name_is_no_user(accounts, name):
    with pytest.raises(UsageError):
        accounts.add(name, "viewer", PASSWORD, 0)
    assert accounts.all() == []


def test_a_name_is_taken_once(accounts):
    accounts.add("li", "viewer", PASSWORD, 0)
    with pytest.raises(UsageError, match="there is a user li"):
        accounts.add("li", "reviewer", "another password", 0)
    assert accounts.all() == [("li", "viewer")]


def test_a_session_has_the_role_of_now_and_ends_with_its_user(accounts):
    accounts.add("li", "reviewer", PASSWORD, 0)
    sessions = Sessions(accounts)
    token = sessions.begin(accounts.user("li"), 100).token
    assert sessions.find(token, 100).role == "reviewer"
    accounts.remove("li")
    assert sessions.find(token, 100) is None
    accounts.add("li", "viewer", PASSWORD, 0)
    assert sessions.find(token, 100) is None


def test_another_password_logs_out_whoever_is_in_by_that_name_alone(accounts):
    sessions = Sessions(accounts)
    tokens = {}
    for name in ("li", "wang"):
        accounts.add(name, "viewer", PASSWORD, 0)
        tokens[name] = sessions.begin(accounts.user(name), 100).token
    accounts.change_password("li", "another password")
    assert sessions.find(tokens["li"], 100) is None
    assert sessions.find(tokens["wang"], 100) is not None
    assert check_password("another password", accounts.user("li").password_hash)
    assert not check_password(PASSWORD, accounts.user("li").password_hash)


@pytest.mark.parametrize("change", [InboxAccounts.remove, lambda a, n: a.change_password(n, PASSWORD)])
def test_nobody_cannot_be_changed(accounts, change):
    with pytest.raises(UsageError, match="there is no user li"):
        change(accounts, "li")


def test_sessions_last_over_a_restart_and_old_ones_are_swept_out(accounts, city):
    accounts.add("li", "viewer", PASSWORD, 0)
    token = Sessions(accounts).begin(accounts.user("li"), 100).token
    assert Sessions(InboxAccounts(city.store.database)).find(token, 200).user == "li"
    Sessions(accounts).begin(accounts.user("li"), 100 + ABSOLUTE_S)
    assert Sessions(accounts).find(token, 200) is None
