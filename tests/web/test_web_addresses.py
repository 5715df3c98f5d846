import pytest
from starlette.requests import Request

from edge_agent.web.addresses import client_of


def asked(host, forwarded=None):
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded is not None else []
    client = (host, 1234) if host else None
    return Request({"type": "http", "headers": headers, "client": client})


def test_what_a_browser_claims_counts_for_nothing_without_a_proxy():
    assert client_of(asked("10.0.0.9", "1.2.3.4"), behind_proxy=False) == "10.0.0.9"


def test_of_a_proxy_s_list_the_last_is_its_own_word():
    request = asked("127.0.0.1", "6.6.6.6, 7.7.7.7,10.0.0.9 ")
    assert client_of(request, behind_proxy=True) == "10.0.0.9"
    assert client_of(asked("127.0.0.1"), behind_proxy=True) == "127.0.0.1"


def test_a_host_that_moves_about_in_its_network_is_one_host():
    one, other = (client_of(asked(f"2001:db8:1:2::{n}"), behind_proxy=False) for n in (1, 2))
    assert one == other == "2001:db8:1:2::/64"
    assert client_of(asked("2001:db8:1:3::1"), behind_proxy=False) != one
    assert client_of(asked("::ffff:10.0.0.9"), behind_proxy=False) == "10.0.0.9"


@pytest.mark.parametrize("request_", [asked(""), asked("127.0.0.1", "nonsense"), asked("127.0.0.1", "")])
def test_what_is_no_address_is_one_and_the_same_stranger(request_):
    assert client_of(request_, behind_proxy=True) == "unknown"
