"""The zone and reference pages over HTTP: who may what, what is refused, what the chain says of it."""

from __future__ import annotations

import html
import json
import re
from contextlib import contextmanager

import httpx
import pytest

from edge_agent.config.edit import with_value
from edge_agent.devices.scene.bank import ReferenceBank
from edge_agent.web import passwords
from tests.console.site import A_MILLION_POINTS, PASSWORD, TECH, VIEWER, wait
from tests.console.street_box import a_street_box

FROM_AFAR = {"x-forwarded-for": "192.0.2.7"}  # somebody in between: no longer the box itself


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "COST", 2**4)
        with a_street_box(tmp_path_factory.mktemp("street")) as found:
            yield found


@pytest.fixture
def here(box):
    """A browser at the box itself, with the token of its forms."""
    with httpx.Client(base_url=box.base, timeout=30) as client:
        client.csrf = field(client.get("/zones/east").text, "csrf")
        yield client


def field(page, name):
    return re.search(rf'name="{name}" value="([^"]*)"', page)[1].replace("&#34;", '"')


@contextmanager
def logged_in(box, name):
    with httpx.Client(base_url=box.base, headers=FROM_AFAR, timeout=30) as client:
        csrf = field(client.get("/login").text, "csrf")
        answer = client.post("/login", data={"csrf": csrf, "name": name, "password": PASSWORD})
        assert answer.status_code == 303
        yield client


def sent(client, path, **form):
    return client.post(path, data={"csrf": client.csrf, **form})


def test_who_may_look_may_not_change(box):
    with logged_in(box, VIEWER) as client:
        page = client.get("/zones/east")
        assert page.status_code == 200
        assert 'id="review"' not in page.text
        client.csrf = field(page.text, "csrf")
        for path in ("/zones/east/review", "/zones/east/save", "/zones/east", "/references/east/take"):
            assert sent(client, path, drawing="{}", sha256="").status_code == 403, path
        assert sent(client, "/zones/east/check", drawing=field(page.text, "drawing")).json()["problems"] == []
        assert "/take" not in client.get("/references").text


def test_a_stranger_sees_nothing(box):
    with httpx.Client(base_url=box.base, headers=FROM_AFAR) as client:
        for path in ("/zones", "/zones/east", "/zones/east/picture", "/references/east/picture/day-dry-1"):
            assert client.get(path).status_code == 303, path


def test_a_camera_that_is_not_there_has_no_page(here):
    for path in (
        "/zones/west",
        "/zones/..%2f..",
        "/zones/east/reference/day-dry-9",
        "/references/west/picture/x",
    ):
        assert here.get(path).status_code == 404, path
    for path in ("/zones/west/check", "/zones/west/save", "/references/west/take"):
        assert sent(here, path, drawing="{}", sha256="").status_code == 404, path


@pytest.mark.parametrize(
    ("drawing", "status"),
    [
        ("", 422),
        ("{", 422),
        ('{"shapes": [{"kind": "mask", "polygon": [[NaN, 0]]}]}', 422),
        ("[" * 50_000, 422),
        ('{"a":' * 30_000, 422),
        (A_MILLION_POINTS, 413),
    ],
    ids=["nothing", "half", "nan", "nested", "nested objects", "a million points"],
)
def test_what_is_no_drawing_is_refused_and_nothing_is_written(here, box, drawing, status):
    sha256 = field(here.get("/zones/east").text, "sha256")
    paths = ("/zones/east/check", "/zones/east/review", "/zones/east/save")
    for path in paths if status == 422 else paths[:1]:  # of the large one every page is guarded by one door
        answer = sent(here, path, drawing=drawing, sha256=sha256)
        assert answer.status_code == status, path
        assert len(answer.content) < 20_000
    assert box.config.read_text("utf-8") == box.at_first


def test_the_settings_have_the_last_word(here, box):
    """A street camera without zones: no hint says so, the configuration's own check does."""
    page = here.get("/zones/east?lang=en").text
    answer = sent(here, "/zones/east/save", drawing='{"shapes": []}', sha256=field(page, "sha256"))
    assert answer.status_code == 422
    assert "street.cameras.east.zones" in answer.text
    assert box.config.read_text("utf-8") == box.at_first


def test_a_file_with_problems_is_told_and_not_drawn_over(here, box):
    try:
        box.config.write_text(box.at_first.replace("rule: vendor", "rule: vendors"), "utf-8")
        for answer in (
            here.get("/zones"),
            here.get("/zones/east"),
            sent(here, "/zones/east/save", drawing="{}"),
        ):
            assert answer.status_code == 409
            assert "did you mean vendor?" in answer.text
    finally:
        box.as_it_was()


def test_what_people_wrote_into_the_configuration_is_shown_and_never_run(here, box):
    evil = """</script><img src=x onerror=alert(1)>"'&"""
    try:
        box.config.write_text(with_value(box.at_first, ("street", "shops", "fruit", "name"), evil), "utf-8")
        for path in ("/zones", "/zones/east", "/config"):
            page = here.get(path).text
            assert "<img src=x" not in page, path
            assert "</script><img" not in page, path
        shops = re.search(r'data-shops="([^"]*)"', here.get("/zones/east").text)[1]
        assert json.loads(html.unescape(shops))["fruit"] == evil
    finally:
        box.as_it_was()


def test_a_file_that_cannot_be_written_leaves_the_drawing_in_the_page(here, box, monkeypatch):
    page = here.get("/zones/east").text
    drawing = field(page, "drawing").replace("0.754", "0.764")

    def full(*_, like):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("edge_agent.config.saving._write", full)
    answer = sent(here, "/zones/east/save", drawing=drawing, sha256=field(page, "sha256"))
    assert answer.status_code == 503
    assert "No space left" in answer.text
    assert "0.764" in field(answer.text, "drawing")
    assert box.action("config_saved", "No space left")["outcome"] == "failed"


def test_what_people_drew_is_in_the_chain_with_their_name(box):
    with logged_in(box, TECH) as client:
        page = client.get("/zones/east").text
        client.csrf = field(page, "csrf")
        drawing = field(page, "drawing").replace("0.754", "0.764")
        answer = sent(client, "/zones/east/save", drawing=drawing, sha256=field(page, "sha256"))
        assert answer.status_code == 200
    action = box.action("config_saved", f"{field(page, 'sha256')} -> ")
    assert (action["by"], action["role"], action["subject"]) == (TECH, "technician", "camera/east")
    box.as_it_was()


# -- pictures of the clear pavement ----------------------------------------------------------------------


def test_a_picture_is_taken_looked_at_and_accepted_and_the_running_box_compares_with_it(here, box):
    taken = sent(here, "/references/east/take")
    assert taken.status_code == 303
    path = taken.headers["location"]
    page = here.get(f"{path}?lang=en").text
    assert "no detector is configured" in page
    picture = here.get(f"{path}/picture").content
    assert picture.startswith(b"\xff\xd8\xff")

    form = {"condition": "overcast-dry", "by": "Wang", "looked": "yes", "reason": "seen with my own eyes"}
    for missing, told in (
        ("condition", "Choose the light"),
        ("by", "Say who you are"),
        ("looked", "Confirm"),
        ("reason", "say in five letters"),
    ):
        answer = sent(here, path, **{**form, missing: ""})
        assert answer.status_code == 422
        assert told in answer.text
    assert [one.id for one in ReferenceBank(box.references, "east").all] == ["day-dry-1"]

    assert sent(here, path, **form).status_code == 200
    kept = ReferenceBank(box.references, "east").all[-1]
    assert (kept.id, kept.accepted_by) == ("overcast-dry-1", "Wang")
    assert ReferenceBank(box.references, "east").data(kept) == picture
    action = box.action("reference_accepted", kept.sha256)
    assert action["subject"] == "camera/east"
    for said in ("by Wang", "seen with my own eyes", "no detector is configured"):
        assert said in action["detail"]
    assert sent(here, path, **form).status_code == 404  # once

    scenes = box.served.agent.street.scenes
    wait(lambda: len(scenes._cameras["east"].scene._accepted) == 2)
    listed = here.get("/references").text
    assert "overcast-dry-1" in listed
    assert here.get("/references/east/thumbnail/overcast-dry-1").status_code == 200


def test_a_picture_that_was_changed_on_the_disk_is_told_and_never_shown(here, box):
    [first, *_] = ReferenceBank(box.references, "east").all
    path = box.references / "east" / first.file
    data = path.read_bytes()
    path.write_bytes(data + b"x")
    try:
        assert "not the picture" in here.get("/references").text
        assert here.get("/references/east/picture/day-dry-1").status_code == 503
    finally:
        path.write_bytes(data)
