import pytest
from starlette.applications import Starlette

from edge_agent.web.files import OwnFiles
from tests.web.asking import Client

FILES = OwnFiles(
    ("edge_agent.web", "base.css"), ("edge_agent.inbox", "inbox.js"), ("edge_agent.web", "icon.svg")
)
CLIENT = Client(Starlette(routes=[FILES.route()]))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("base.css", "text/css"), ("inbox.js", "text/javascript"), ("icon.svg", "image/svg+xml")],
)
def test_our_files_are_served_as_what_they_are(name, kind):
    answer = CLIENT.get(FILES.address(name))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)


@pytest.mark.parametrize(
    "name",
    ["", "other.css", "inbox.css", "..%2fgate.py", "%2e%2e/gate.py", "base.css%00", "/etc/passwd", "base"],
)
def test_nothing_else_is(name):
    assert CLIENT.get(f"/static/{name}").status_code == 404


def test_another_content_has_another_address():
    other = OwnFiles(("edge_agent.web", "base.css"))
    assert other.address("base.css") == FILES.address("base.css")
    other._held["base.css"] += b" "
    assert other.address("base.css") != FILES.address("base.css")
