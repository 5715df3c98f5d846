"""The pages over HTTP: files, bundles, what is refused, and what happens when something is broken."""

import io
import re
import zipfile

import httpx
import pytest
from sqlalchemy import update

from edge_agent.cli.main import main
from edge_agent.errors import DeviceError
from edge_agent.evidence import dsse
from edge_agent.evidence.contract_vectors_operator import REPORT
from edge_agent.evidence.keys import FileKey
from edge_agent.evidence.statement import parse
from edge_agent.inbox.service import Inbox
from edge_agent.ingest.place import Place
from edge_agent.ingest.tables import statement
from edge_agent.web.armour import HEADERS
from tests.inbox.city import DEVICE, PASSWORD, REVIEWER, VIEWER, a_city


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with a_city(tmp_path_factory.mktemp("pages") / "city") as found:
        yield found


@pytest.fixture(scope="module")
def people(served):
    """A browser without a screen for each, logged in."""
    _, inbox, _ = served
    clients = {}
    for name in (REVIEWER, VIEWER):
        client = httpx.Client(base_url=f"http://127.0.0.1:{inbox.port}", timeout=30)
        form = {"name": name, "password": PASSWORD, "csrf": csrf(client.get("/login"))}
        assert client.post("/login", data=form).headers["location"] == "/"
        clients[name] = client
    yield clients
    for client in clients.values():
        client.close()


@pytest.fixture
def reviewer(people):
    return people[REVIEWER]


@pytest.fixture
def path(served):
    return lambda name: f"/statement/{DEVICE.device_id}/{served[2][name].epoch}/{served[2][name].seq}"


@pytest.fixture
def altered(served):
    """Changes the stored envelope of a statement, until the test is over."""
    city, _, sealed = served
    kept = []

    def change(name, envelope):
        one = sealed[name]
        place = Place(DEVICE.device_id, one.epoch, one.seq)
        kept.append((one, city.store.envelope(place)))
        put(one, envelope)

    def put(one, envelope):
        mine = statement.c.packet_id == one.packet_id
        with city.store.database.transaction() as connection:
            connection.execute(update(statement).where(mine).values(envelope=envelope))

    yield change
    for one, envelope in kept:
        put(one, envelope)


def csrf(answer):
    return re.search(r'name="csrf" value="([0-9a-f]{64})"', answer.text).group(1)


def test_every_kind_of_statement_has_a_page_in_both_languages(served, reviewer, path):
    for name in served[2]:
        for language in ("zh", "en"):
            answer = reviewer.get(f"{path(name)}?lang={language}")
            assert answer.status_code == 200, name
            assert {key: answer.headers[key] for key in HEADERS} == HEADERS
            assert answer.headers["cache-control"] == "no-store"
    for seq in range(len(served[2])):
        base = path("weighing").rsplit("/", 1)[0]
        assert reviewer.get(f"{base}/{seq}").status_code == 200


def test_without_a_login_there_is_no_page_no_picture_and_no_bundle(served, reviewer, path):
    picture = re.search(r'src="(/statement/[^"]+/file/[0-9a-f]{64})"', reviewer.get(path("weighing")).text)
    with httpx.Client(base_url=reviewer.base_url) as stranger:
        for asked in (path("weighing"), picture.group(1), f"{path('weighing')}/bundle", "/", "/attention"):
            answer = stranger.get(asked)
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/login")


def test_a_file_is_served_as_what_it_is_and_nothing_that_is_not_listed(served, reviewer, path):
    page = reviewer.get(path("weighing")).text
    picture = reviewer.get(re.search(r'src="(/statement/[^"]+)"', page).group(1))
    assert picture.headers["content-type"] == "image/jpeg"
    raw = reviewer.get(re.search(r'href="([^"]+)">raw_serial', page).group(1))
    assert raw.headers["content-type"] == "application/octet-stream"
    assert raw.headers["content-disposition"].startswith("attachment")
    of_another = re.search(r"/file/([0-9a-f]{64})", reviewer.get(path("confirmed")).text).group(1)
    for digest in (of_another, "0" * 64, "x", "..%2f..%2fingest.db"):
        assert reviewer.get(f"{path('weighing')}/file/{digest}").status_code == 404


def test_a_report_that_is_a_page_is_saved_and_never_shown_as_one_of_ours(served, reviewer, path):
    """What a box attaches may hold a script; in the inbox's origin it would act as the reviewer."""
    page = reviewer.get(f"{path('commissioning')}?lang=zh").text
    answer = reviewer.get(re.search(r'href="([^"]+/file/[0-9a-f]{64})">下载所附报告', page).group(1))
    assert answer.content == REPORT
    assert answer.headers["content-type"] == "application/octet-stream"
    assert re.fullmatch(
        r'attachment; filename="[0-9a-f-]+-report\.html"', answer.headers["content-disposition"]
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_what_people_did_at_a_box_is_read_in_the_readers_language(served, reviewer, path):
    chinese = reviewer.get(f"{path('commissioning')}?lang=zh").text
    assert "<dt>经办人</dt><dd>王工</dd>" in chinese
    assert "<dt>结果</dt><dd>有备注通过</dd>" in chinese
    english = reviewer.get(f"{path('commissioning')}?lang=en").text
    assert "<dt>outcome</dt><dd>accepted with remarks</dd>" in english
    assert "-2.15" in reviewer.get(f"{path('calibration')}?lang=zh").text
    assert "已完成" in reviewer.get(f"{path('operator_action')}?lang=zh").text


@pytest.mark.parametrize("name", ["weighing", "cleared", "coverage", "commissioning"])
def test_the_bundle_is_what_verify_accepts(served, reviewer, path, name, tmp_path, capsys):
    answer = reviewer.get(f"{path(name)}/bundle")
    assert answer.headers["content-type"] == "application/zip"
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(tmp_path)
    [folder] = tmp_path.iterdir()
    assert main(["verify", str(folder)]) == 0
    capsys.readouterr()


@pytest.mark.parametrize(
    "tail", ["/x/y/1", "/../../etc", "/{device}/{epoch}/-1", "/{device}/{epoch}/99", "/%00/{epoch}/1"]
)
def test_what_is_not_there_is_said_so(served, reviewer, tail):
    epoch = served[2]["weighing"].epoch
    tail = tail.format(device=DEVICE.device_id, epoch=epoch)
    assert reviewer.get(f"/statement{tail}").status_code == 404


def test_a_record_that_cannot_be_read_says_so_and_does_not_spoil_the_list(reviewer, path, altered):
    altered("example", b"\0 broken")
    answer = reviewer.get(f"{path('example')}?lang=en")
    assert answer.status_code == 404
    assert "cannot be read" in answer.text
    assert reviewer.get("/").status_code == 200
    assert "✗ Did not verify" in reviewer.get(path("weighing")).text  # its neighbour is damaged
    assert reviewer.get("/?lang=zh").status_code == 200


def test_what_did_not_verify_cannot_be_accepted_but_rejected(served, reviewer, path, altered):
    kind, payload, _ = dsse.decode(served[0].store.envelope(place(served, "ambiguous")))
    altered("ambiguous", dsse.sign(kind, payload, [FileKey.from_seed(b"f" * 32)]))
    page = reviewer.get(path("ambiguous"))
    assert "✗ 核验未通过" in page.text
    assert re.search(r'value="accept"[^>]*disabled', page.text)
    form = {"csrf": csrf(page), "seen": "0", "verdict": "accept", "reason_accept": "evidence_clear"}
    refused = reviewer.post(f"{path('ambiguous')}/review", data=form)
    assert refused.status_code == 422
    assert "不能采纳" in refused.text
    form = form | {"verdict": "reject", "reason_reject": "picture_unclear"}
    assert reviewer.post(f"{path('ambiguous')}/review", data=form).status_code == 303


def place(served, name):
    one = served[2][name]
    return Place(DEVICE.device_id, one.epoch, one.seq)


def test_what_people_write_is_shown_as_they_wrote_it_and_is_never_code(reviewer, path):
    evil = "<script>alert(1)</script>\"'&"
    page = reviewer.get(path("recheck"))
    form = {"csrf": csrf(page), "seen": "0", "verdict": "accept", "reason_accept": "other", "note": evil}
    assert reviewer.post(f"{path('recheck')}/review", data=form).status_code == 303
    form = {"csrf": form["csrf"], "to": evil, "note": evil}
    assert reviewer.post(f"{path('recheck')}/dispatch", data=form).status_code == 303
    shown = reviewer.get(path("recheck")).text
    assert "<script>alert" not in shown
    assert shown.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3
    assert "<script>alert" not in reviewer.get("/", params={"q": evil}).text


def test_a_record_of_the_box_itself_is_not_for_review(reviewer, path):
    form = {"csrf": csrf(reviewer.get(path("coverage"))), "verdict": "reject", "reason_reject": "duplicate"}
    assert reviewer.post(f"{path('coverage')}/review", data=form).status_code == 404
    assert reviewer.post(f"{path('coverage')}/dispatch", data=form | {"to": "x"}).status_code == 422


@pytest.mark.parametrize("what", ["review", "dispatch"])
def test_a_viewer_s_word_is_refused(people, path, what):
    viewer = people[VIEWER]
    form = {"csrf": csrf(viewer.get(path("cleared"))), "verdict": "accept", "reason_accept": "evidence_clear"}
    assert viewer.post(f"{path('cleared')}/{what}", data=form | {"to": "x"}).status_code == 403


def test_a_frozen_box_is_named_on_the_list_on_its_pages_and_how_to_end_it(served, reviewer, path):
    store = served[0].store
    store.freeze(DEVICE.device_id, "two records for one place", 1_795_000_000_000_000)
    store.alarm(DEVICE.device_id, "equivocation", "seq 3", 1_795_000_000_000_000)
    try:
        for page in ("/", path("weighing")):
            assert "已冻结" in reviewer.get(page).text
        attention = reviewer.get("/attention").text
        assert f"edge-agent ingest unfreeze {DEVICE.device_id}" in attention
        assert "同一位置有两份不同的签名记录" in attention
    finally:
        store.unfreeze(DEVICE.device_id)


def test_the_first_page_names_what_the_statement_says(served, reviewer, path):
    said = parse(dsse.decode(served[0].store.envelope(place(served, "weighing")))[1])
    assert said.recognition.plate.text in reviewer.get("/?kind=bridge").text
    assert f"{said.measurement.gross_g / 1e6:.2f} t" in reviewer.get("/?kind=bridge").text


def test_a_record_that_says_gone_is_not_headed_by_a_picture_of_what_was_there(served, reviewer, path):
    """The largest picture is the record's own, though the whole case's are shown."""
    for name in ("confirmed", "cleared", "recheck"):
        first = re.search(r'<a class="shot" href="([^"]+)"', reviewer.get(path(name)).text)
        said = parse(served[2][name].payload)
        own = {a.sha256 for a in said.attachments if a.role == said.storefront.phase}
        assert {first[1].rsplit("/", 1)[1]} == own, name


def test_a_stay_is_compared_with_what_the_rule_asks_not_with_a_limit(reviewer, path):
    assert "rule asks 5:00" in reviewer.get(path("confirmed") + "?lang=en").text


def test_a_certificate_that_cannot_be_used_is_said_before_anybody_comes(served, tmp_path):
    files = {}
    for name in ("tls_cert", "tls_key"):
        files[name] = tmp_path / name
        files[name].write_text("no PEM")
    settings = served[0].settings
    web = settings.inbox.model_copy(update=files)
    inbox = Inbox(settings.model_copy(update={"inbox": web}))
    with pytest.raises(DeviceError, match="certificate or key"):
        inbox.start()
