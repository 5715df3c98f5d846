import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from edge_agent.web.armour import HEADERS, STRICT_TRANSPORT, Armour
from tests.web.asking import Client


async def read(request):
    return PlainTextResponse(str(len(await request.body())))


async def cached(_):
    return PlainTextResponse("", headers={"cache-control": "public, max-age=5", "x-frame-options": "ALLOW"})


async def broken(_):
    raise RuntimeError("a bug")


ROUTES = [Route("/", read, methods=["GET", "POST"]), Route("/cached", cached), Route("/broken", broken)]


def client(**options):
    options = {"secure": False, **options}
    return Client(Armour(Starlette(routes=ROUTES), **options))


@pytest.mark.parametrize("path", ["/", "/no-such-page", "/broken", "/cached"])
def test_every_answer_is_armoured(path):
    headers = client().get(path).headers
    assert {name: headers[name] for name in HEADERS} == HEADERS


def test_nothing_but_our_own_is_loaded_run_or_framed():
    policy = dict(part.split(" ", 1) for part in HEADERS["content-security-policy"].split("; "))
    assert policy.pop("default-src") == "'none'"
    assert policy.pop("frame-ancestors") == policy.pop("base-uri") == "'none'"
    assert set(policy.values()) == {"'self'"}
    assert "unsafe" not in HEADERS["content-security-policy"]


def test_nothing_is_kept_by_a_browser_unless_a_page_says_so():
    assert client().get("/").headers["cache-control"] == "no-store"
    assert client().get("/cached").headers["cache-control"] == "public, max-age=5"


def test_browsers_that_came_over_tls_stay_with_it():
    assert "strict-transport-security" not in client().get("/").headers
    assert client(secure=True).get("/").headers["strict-transport-security"] == STRICT_TRANSPORT


def test_a_body_is_bounded_said_or_unsaid():
    small = client(max_body=100)
    assert small.post("/", content=b"x" * 100).text == "100"
    assert small.post("/", content=b"x" * 101).status_code == 413

    async def unsaid():
        for _ in range(11):
            yield b"x" * 10

    pieces = small.post("/", content=unsaid())
    assert pieces.status_code == 413
    assert pieces.headers["x-frame-options"] == "DENY"
