"""The pages of a running box over HTTP: who sees what, what is refused, and what is left in the chain."""

import hashlib
import io
import json
import os
import re
import threading
import zipfile
from contextlib import closing
from datetime import datetime, timedelta
from http.client import HTTPConnection

import httpx
import pytest

from edge_agent.core.decisions import SealCoverage
from edge_agent.core.scene import Watched
from edge_agent.core.units import Ns, S
from edge_agent.errors import EvidenceError
from edge_agent.evidence.intray import NoteFile, tray_of
from edge_agent.evidence.keys import FileKey
from edge_agent.evidence.statement import Kind
from edge_agent.evidence.statement_operator import Commissioning
from edge_agent.evidence.verify import verify
from edge_agent.evidence.verify_sources import open_material
from edge_agent.report.times import CHINA
from edge_agent.web.armour import HEADERS
from tests.console.site import TECH, VIEWER, a_served_box, csrf, logged_in, wait
from tests.test_compose import a_vehicle

PAGES = ("/", "/outbox", "/coverage", "/doctor", "/config", "/commissioning")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with a_served_box(tmp_path_factory.mktemp("box")) as box:
        yield box


@pytest.fixture(scope="module")
def people(served):
    clients = {name: logged_in(served.base, name) for name in (TECH, VIEWER)}
    clients[""] = httpx.Client(base_url=served.base, timeout=30)  # at the box
    yield clients
    for client in clients.values():
        client.close()


@pytest.fixture
def here(people):
    people[""].cookies.clear()  # in Chinese again
    return people[""]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_there_in_both_languages_and_armoured(here, path, language):
    answer = here.get(path, params={"lang": language})
    assert answer.status_code == 200
    assert f'lang="{"zh-CN" if language == "zh" else "en"}"' in answer.text
    assert 'aria-current="page"' in answer.text
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert not re.search(r"<script(?![^>]*src=)|\sstyle=|\son[a-z]+=", answer.text)


def test_by_another_name_the_same_pages_need_a_login(served):
    for host in ("evil.example", "127.0.0.1.evil.example"):
        for path in (*PAGES, "/live/state", "/live/camera/cam1"):
            answer = httpx.get(f"{served.base}{path}", headers={"host": host})
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/login")


def test_what_is_not_well_is_said_in_chinese(here):
    unwell = wait(lambda: here.get("/live/state").json()["unwell"])
    assert "没有时间源为时钟作保" in {part["detail"] for part in unwell}


def test_who_may_only_look_changes_nothing(served, people):
    viewer = people[VIEWER]
    assert viewer.get("/").status_code == 200
    token = csrf(viewer.get("/"))
    before = served.agent.store.head().seq
    for path in ("/config", "/outbox/0"):
        assert viewer.get(path).status_code == 403
    for path in ("/doctor", "/config/check", "/config/save", "/restart", "/outbox/0/bundle"):
        answer = viewer.post(path, data={"csrf": token, "text": "schema: 1"})
        assert answer.status_code == 403
        assert "technician" in answer.text
    assert not served.agent.restart_wanted
    assert served.agent.store.head().seq == before


@pytest.mark.parametrize("path", ["/doctor", "/config/save", "/restart"])
def test_a_form_that_is_not_ours_is_refused(served, here, path):
    token = csrf(here.get("/doctor"))
    for sent, headers in (
        ({}, {}),
        ({"csrf": "0" * 64}, {}),
        ({"csrf": token}, {"sec-fetch-site": "cross-site"}),
    ):
        assert here.post(path, data=sent, headers=headers).status_code == 403
    assert here.post(path, json={"csrf": token}).status_code == 403
    assert not served.agent.restart_wanted


@pytest.mark.parametrize(
    "path",
    [
        "/live/camera/..%2f..%2fetc%2fpasswd",
        "/live/camera/none",
        "/live/passage/..%2f..",
        "/outbox/-1",
        "/outbox/99999999999999999999999",
        "/outbox/12345",
        "/coverage?until=not-a-day",
        "/coverage?until=0001-01-01",
        "/commissioning/١/" + "0" * 64,
        "/commissioning/0/" + "0" * 64,
        "/commissioning/1/..%2fevidence.pem",
        "/static/..%2ftexts.py",
        "/nowhere",
    ],
)
def test_a_path_that_is_none_leads_nowhere(here, path):
    assert here.get(path).status_code in {204, 404}


def test_a_body_has_a_bound(served):
    assert status_of(served, "/config/check", b"text=" + b"x" * (1024 * 1024)) == 413


def test_strange_questions_get_plain_answers(here):
    for after in ("x", "-5", "9" * 400, "1e9", "\0"):
        assert here.get("/live/traces", params={"after": after}).json()["lanes"] == {}
    assert here.get("/outbox", params={"before": "-1"}).status_code == 200
    assert here.get("/coverage", params={"day": "<script>"}).status_code == 200


def test_vehicles_are_shown_as_they_come_and_nobodys_plate_is(served, here):
    os.write(served.line, a_vehicle("light", 9_000))
    rows = wait(lambda: here.get("/live/state").json()["crossings"])
    assert (rows[0]["verdict"], rows[0]["plate"], rows[0]["axles"]) == ("未超", "未判为超限，不保留", "2")
    os.write(served.line, a_vehicle("heavy", 26_000))
    row = wait(
        lambda: next((row for row in here.get("/live/state").json()["crossings"] if row["use"] != "–"), None)
    )
    assert (row["verdict"], row["gross"][:5], row["use"], row["plate"]) == (
        "疑似超限",
        "26.00",
        "测试",
        "未匹配到号牌",
    )


def test_a_bundle_that_is_downloaded_verifies_and_is_noted(served, here, tmp_path):
    os.write(served.line, a_vehicle("heavier", 30_000))
    seq = wait(lambda: [one.listed.seq for one in served.records(Kind.WIM)])[0]
    page = here.get(f"/outbox/{seq}")
    assert f'action="/outbox/{seq}/bundle"' in page.text
    answer = here.post(f"/outbox/{seq}/bundle", data={"csrf": csrf(page)})
    assert re.search(r'filename="evidence-[0-9a-f-]{36}\.zip"', answer.headers["content-disposition"])
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(tmp_path)
    [folder] = tmp_path.iterdir()
    key = FileKey.load(served.agent.config.evidence.key_file)
    report = verify(open_material(folder), [key.public], [])
    assert (report.statements, report.problems) == (1, [])
    note = wait(lambda: served.records(Kind.OPERATOR_ACTION))[0]
    said = json.loads(note.payload)["record"]
    assert (said["action"], said["via"], said["role"]) == ("bundle_downloaded", "console", "technician")
    assert (said["by"], said["address"]) == ("", "")  # somebody at the box


def test_what_was_watched_is_a_calendar(served, here):
    """Of yesterday's noon: whatever hour it is now, the box itself has no record of that day."""
    clock = served.agent._time.status()
    now = datetime.fromtimestamp((clock.at + clock.utc_minus_mono) // S, CHINA)
    noon = now.replace(hour=12, minute=0, second=0) - timedelta(days=1)
    end = Ns(clock.at - int((now - noon).total_seconds()) * S)
    start = Ns(end - 3600 * S)
    parts = (Watched("lane/1", 3_240_000, (("sensor_silent", 360_000),)),)
    served.agent.store.seal(SealCoverage(end, start, end, parts, clock), {})
    page = here.get("/coverage", params={"day": noon.date().isoformat()}).text
    cells = re.findall(r'<td class="(\w+)">([^<]*)</td>', page)
    assert ("warn", "90 %") in cells
    assert "车道 1" in page
    assert "传感器无数据 6 min" in page


def test_the_doctor_examines_once_at_a_time_and_says_what_it_found(served, here):
    token = csrf(here.get("/doctor"))
    for _ in range(2):
        assert here.post("/doctor", data={"csrf": token}).status_code == 303
    wait(lambda: not here.get("/doctor/progress").json()["running"])
    page = here.get("/doctor").text
    assert "没有任何时间源" in page
    assert "下一步" in page
    assert "Next" in here.get("/doctor", params={"lang": "en"}).text
    assert wait(lambda: [said for said in actions(served) if said == "examined"]) == ["examined"]


def test_a_sign_off_is_listed_with_its_report(served, here):
    report = b"%PDF-1.7 the report"
    file = NoteFile.of("application/pdf", report)
    tray_of(served.agent.config.evidence.store.directory).put(
        Commissioning(
            outcome="accepted_with_remarks",
            by="李工",
            organisation="某公司",
            remarks="镜头待清洁",
            config_sha256="0" * 64,
            calibration_ids=[],
            checks_ok=20,
            checks_warning=1,
            checks_fault=0,
            checks_unknown=0,
            test_crossings=3,
            test_receipted=3,
            report_sha256=hashlib.sha256(report).hexdigest(),
        ),
        [file],
    )
    page = wait(lambda: next((text for text in [here.get("/commissioning").text] if "李工" in text), ""))
    assert "镜头待清洁" in page
    address = re.search(r'href="(/commissioning/\d+/[0-9a-f]{64})"', page).group(1)
    answer = here.get(address)
    assert answer.content == report
    assert answer.headers["content-disposition"].startswith("attachment")


def test_logging_out_ends_it(served):
    with closing(logged_in(served.base, VIEWER)) as client:
        token = csrf(client.get("/"))
        assert client.post("/logout", data={"csrf": token}).headers["location"] == "/login"
        assert client.get("/").status_code == 303


def test_a_busy_store_holds_no_page_for_ever(served, here):
    """A disk that hangs must not take every thread: the first page is wanted most of all then."""
    reading = served.agent.store.reading(0.01)
    holds, go = threading.Event(), threading.Event()

    def hold():
        with served.agent.store._lock:
            holds.set()
            go.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert holds.wait(5)
        with pytest.raises(EvidenceError, match="busy"):
            reading.head()
        assert here.get("/live/state").status_code == 200
        answer = here.get("/commissioning")
        assert answer.status_code == 503
        assert "请查看设备日志" in answer.text
    finally:
        go.set()
        holder.join()


def test_a_bug_in_a_page_hurts_nothing_else(served, here, monkeypatch):
    def broken():
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(served.agent.recent, "weighed", broken)
    answer = here.get("/live/state")
    assert answer.status_code == 500
    assert "已记入设备日志" in answer.text
    assert "ZeroDivisionError" not in answer.text
    assert here.get("/outbox").status_code == 200
    monkeypatch.undo()
    assert here.get("/live/state").status_code == 200
    assert served.error is None


def actions(served):
    """What people did, newest first."""
    return [json.loads(one.payload)["record"]["action"] for one in served.records(Kind.OPERATOR_ACTION)]


def status_of(served, path, body=None):
    """With a connection of its own: the server ends the one on which a page broke."""
    connection = HTTPConnection("127.0.0.1", served.agent.console.port, timeout=30)
    with closing(connection):
        form = {"content-type": "application/x-www-form-urlencoded"}
        connection.request("POST" if body else "GET", path, body, form)
        with connection.getresponse() as answer:
            answer.read()
            return answer.status
