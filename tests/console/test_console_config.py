"""The configuration as a technician changes it at the box."""

import json
import stat

import httpx
import pytest
import yaml

from edge_agent.config.loader import load
from edge_agent.console.config_diff import diff_lines
from edge_agent.evidence.statement import Kind
from tests.console.site import a_served_box, csrf, wait


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with a_served_box(tmp_path_factory.mktemp("box")) as box:
        yield box


@pytest.fixture
def page(served):
    """The file, and what is sent with a form; the file is as it was afterwards."""
    path, before = served.path, served.path.read_bytes()
    with httpx.Client(base_url=served.base, timeout=30) as client:
        shown = client.get("/config")
        sha256 = shown.text.split('name="sha256" value="')[1][:64]

        def post(to, text, **more):
            form = {"csrf": csrf(shown), "sha256": sha256, "text": text, **more}
            return client.post(to, data=form)

        yield path.read_text("utf-8"), post
    path.write_bytes(before)
    for kept in path.parent.glob("*.before-*"):
        kept.unlink()


def test_what_is_wrong_is_said_line_by_line_and_the_text_is_not_lost(served, page):
    text, post = page
    wrong = text + "consol: {}\n# 我的备注\n"
    answer = post("/config/check", wrong)
    assert answer.status_code == 422
    line = wrong.splitlines().index("consol: {}") + 1
    assert f'data-line="{line}"' in answer.text
    assert "unknown key" in answer.text
    assert "建议" in answer.text
    assert "我的备注" in answer.text
    assert served.path.read_text("utf-8") == text


def test_a_change_is_compared_confirmed_written_and_told(served, page):
    text, post = page
    served.path.chmod(0o640)
    changed = text + "health:\n  silence_ms: 4000\n"
    review = post("/config/check", changed.replace("\n", "\r\n"))  # as browsers send it
    assert review.status_code == 200
    assert "silence_ms: 4000" in review.text
    assert served.path.read_text("utf-8") == text

    saved = post("/config/save", changed)
    assert saved.status_code == 200
    assert served.path.read_text("utf-8") == changed
    assert stat.S_IMODE(served.path.stat().st_mode) == 0o640
    [kept] = served.path.parent.glob("*.before-*")
    assert kept.read_text("utf-8") == text
    note = wait(lambda: served.records(Kind.OPERATOR_ACTION))[0]
    said = json.loads(note.payload)["record"]
    assert (said["action"], said["outcome"]) == ("config_saved", "done")
    assert load(served.path).sha256() in said["detail"]
    assert "正在运行的配置与文件不同" in httpx.get(f"{served.base}/config").text


def test_what_weighs_is_shown_in_red(page):
    text, post = page
    tree = yaml.safe_load(text)
    tree["site"]["legal"]["use_class"] = "reference"
    tree["lanes"]["1"]["scale"]["calibration"]["id"] = "another"
    answer = post("/config/check", yaml.safe_dump(tree, allow_unicode=True))
    assert "请格外核对" in answer.text
    for key in ("site.legal", "lanes.*.scale.calibration"):
        assert f"<code>{key}</code>" in answer.text
    assert answer.text.count(" weighs") >= 4


def test_who_was_overtaken_must_compare_again(served, page):
    text, post = page
    served.path.write_text(text + "# by another\n", "utf-8")
    for way in ("/config/check", "/config/save"):
        answer = post(way, text + "# by me\n")
        assert answer.status_code == 409
        assert "# by me" in answer.text
    assert "by another" in served.path.read_text("utf-8")


def test_a_text_with_problems_is_not_written_even_if_it_was_confirmed(served, page):
    text, post = page
    assert post("/config/save", "schema: 1\n").status_code == 422
    assert served.path.read_text("utf-8") == text


def test_the_way_back_to_the_text_keeps_it(page):
    text, post = page
    answer = post("/config/check", text + "# still here\n", again="1")
    assert answer.status_code == 200
    assert "# still here" in answer.text
    assert "<textarea id" in answer.text


def test_lines_far_away_are_left_out_and_those_of_a_key_that_weighs_stand_out():
    before = (
        "site:\n  id: a\n  legal:\n    use_class: test\n" + "".join(f"# {n}\n" for n in range(30)) + "x: 1\n"
    )
    after = before.replace("use_class: test", "use_class: reference").replace("x: 1", "x: 2")
    lines = diff_lines(before, after)
    changed = [(line.sign, line.text.strip(), line.weighs) for line in lines if line.sign in "+-"]
    assert changed == [
        ("-", "use_class: test", True),
        ("+", "use_class: reference", True),
        ("-", "x: 1", False),
        ("+", "x: 2", False),
    ]
    assert [line.sign for line in lines].count("…") == 1
    assert diff_lines(before, before) == []


def test_the_restart_is_asked_for_and_noted(tmp_path):
    with a_served_box(tmp_path) as box, httpx.Client(base_url=box.base) as client:
        boot = client.get("/alive").text
        answer = client.post("/restart", data={"csrf": csrf(client.get("/doctor"))})
        assert f'data-boot="{boot}"' in answer.text
        assert box.agent.restart_wanted
        box.ended()
        said = [json.loads(one.payload)["record"] for one in box.left(Kind.OPERATOR_ACTION)]
        assert [one["action"] for one in said] == ["restarted"]
