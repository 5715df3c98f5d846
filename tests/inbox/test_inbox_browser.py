"""What people do with the inbox, in a real browser."""

import re

import pytest

from edge_agent.core.records import Flag
from edge_agent.web import passwords
from edge_agent.web.gate import TRIES_OF_USER
from tests.inbox.browser import CONTRASTS, CONTROLS, LEAST_CONTRAST, PHONE, SIDEWAYS, UNNAMED, Person
from tests.inbox.city import DEVICE, PASSWORD, REVIEWER, VIEWER, a_city


@pytest.fixture(scope="module")
def served(browser, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "COST", 2**4)
        with a_city(tmp_path_factory.mktemp("inbox") / "city") as (city, inbox, sealed):
            yield city, f"http://127.0.0.1:{inbox.port}", sealed


@pytest.fixture(scope="module")
def logged_in(browser, served):
    """Cookies of those who have come in by the form."""
    states = {}
    for name in (REVIEWER, VIEWER):
        someone = Person(browser, served[1]).log_in(name, PASSWORD)
        someone.page.wait_for_selector(".rows")
        states[name] = someone.context.storage_state()
        someone.leave()
    return states


@pytest.fixture
def person(browser, served, logged_in):
    people = []

    def come(name="", *, size=None, path="/"):
        someone = Person(browser, served[1], size=size, state=logged_in[name] if name else None)
        people.append(someone)
        if name:
            someone.page.goto(path)
        return someone

    yield come
    for someone in people:
        someone.leave()


@pytest.fixture
def at(served):
    def path(name):
        one = served[2][name]
        return f"/statement/{DEVICE.device_id}/{one.epoch}/{one.seq}"

    return path


def shown(page):
    return page.locator(".rows > li").all_inner_texts()


def test_a_wrong_password_opens_nothing_and_the_way_is_not_lost(person, at):
    page = person().log_in(REVIEWER, "not the password", at("weighing")).page
    assert "用户名或密码不对" in page.get_by_role("alert").inner_text()
    assert page.locator(".rows").count() == 0
    page.fill("#name", REVIEWER)
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.wait_for_url(f"**{at('weighing')}")


def test_after_ten_wrong_passwords_a_name_has_to_wait(person):
    page = person().page
    page.goto("/login?lang=en")
    for _ in range(TRIES_OF_USER + 1):
        page.fill("#name", "zhang")
        page.fill("#password", "a wrong password")
        page.press("#password", "Enter")
        page.wait_for_load_state()
    assert "Too many attempts" in page.get_by_role("alert").inner_text()


def test_the_list_is_filtered_and_says_how_many(person):
    page = person(REVIEWER).page
    assert len(shown(page)) == 7
    assert page.get_by_role("status").inner_text() == "7 条"

    page.fill("#q", "老王")
    page.click(".filters button")
    assert len(shown(page)) == 4
    assert all("老王水果店" in row for row in shown(page))
    page.click("text=清除")

    page.fill("#q", "沪a12345")
    page.press("#q", "Enter")
    [row] = shown(page)
    assert "沪A12345" in row

    page.goto("/")
    page.select_option("#kind", "coverage")
    page.click(".filters button")
    [row] = shown(page)
    assert "有效观察时间" in row

    page.goto("/?kind=bridge")
    assert len(shown(page)) == 3
    page.fill("#to", "2026-06-01")
    page.click(".filters button")
    [row] = shown(page)
    assert "2026-05-12" in row
    assert page.locator("#kind").input_value() == "bridge"

    page.goto("/?q=nothing-like-it")
    assert "没有记录不等于没有发生" in page.locator("main").inner_text()


def test_an_ambiguous_weighing_names_no_plate(person, at):
    page = person(REVIEWER, path="/?kind=bridge").page
    [row] = [row for row in shown(page) if "有多个候选" in row]
    assert "沪" not in row
    page.goto(at("ambiguous"))
    assert page.locator("h1 .plate").count() == 0
    assert "候选号牌（均未指认）" in page.locator("main").inner_text()


def test_a_weighing_is_shown_with_its_trace_axles_and_limits(person, at):
    page = person(REVIEWER, path=at("weighing")).page
    assert page.locator("h1 .plate").inner_text() == "贵T16B81"
    assert "26.06 t" in page.locator(".statement-head .figure").inner_text()
    trace = page.locator("svg.trace")
    assert trace.is_visible()
    loads = page.locator("table:has(th:text-is('轴重 t')) tbody tr td:nth-child(2)").all_inner_texts()
    assert loads == ["6.87", "10.08", "9.11"]
    drawn = trace.locator(".axle-label").all_text_contents()
    assert set(loads) <= set(drawn)

    limit = page.locator(".limits tbody tr").first
    assert "疑似超限" in limit.inner_text()
    words = page.locator(".limits .words p").first
    assert not words.is_visible()
    page.locator(".limits summary").first.click()
    assert "候选证据（待审核）" in words.inner_text()


def test_a_picture_is_enlarged_and_the_next_one_turned_to(person, at):
    page = person(REVIEWER, path=at("weighing")).page
    shots = page.locator("a.shot")
    shots.first.click()
    zoom = page.locator("dialog.zoom")
    assert zoom.is_visible()
    image = zoom.locator("img")
    first = image.get_attribute("src")
    image.evaluate("image => image.decode()")
    assert image.evaluate("image => image.naturalWidth") == 1920
    small = image.bounding_box()["width"]
    image.click()
    assert image.bounding_box()["width"] == 1920 > small
    page.keyboard.press("ArrowRight")
    assert image.get_attribute("src") != first
    page.keyboard.press("ArrowLeft")
    assert image.get_attribute("src") == first
    page.keyboard.press("Escape")
    assert not zoom.is_visible()
    assert shots.first.evaluate("shot => shot === document.activeElement")


def test_boxes_are_drawn_over_a_picture_and_can_be_taken_away(person, at):
    page = person(REVIEWER, path=at("confirmed")).page
    marks = page.locator("svg.marks").first
    assert marks.is_visible()
    page.locator("#marks").uncheck()
    assert not marks.is_visible()


def test_the_badge_leads_to_what_was_checked_and_what_was_not(person, at):
    page = person(REVIEWER, path=at("weighing")).page
    badge = page.locator(".chip.verify")
    assert badge.inner_text() == "✓ 已核验"
    badge.click()
    checks = page.locator("#checks")
    checked = " ".join(checks.locator("li.yes").all_inner_texts())
    for said in ("签名、类型与格式", "4 个附件", "与前一条记录", "后一条记录", "完整无缺"):
        assert said in checked
    unchecked = " ".join(checks.locator("li.open").all_inner_texts())
    for said in ("回执", "没有可信时间戳", "是否属实：须由人审核"):
        assert said in unchecked
    assert checks.locator("li.no").count() == 0


def test_what_was_watched_is_said_part_by_part(person, at):
    page = person(REVIEWER, path=at("coverage")).page
    rows = page.locator("main table tbody tr").all_inner_texts()
    assert any("zone/door_s1" in row and "93.3%" in row and "相机断线" in row for row in rows)
    assert page.locator("#review").count() == 0


def test_accepted_with_a_reason_dispatched_then_rejected_and_the_history_stays(person, at):
    page = person(REVIEWER, path=at("example")).page
    assert page.locator("#to").count() == 0
    accept, reject = page.locator("button[value=accept]"), page.locator("button[value=reject]")
    assert accept.inner_text() == "采纳"
    accept.click()
    assert "请选择理由" in page.get_by_role("alert").inner_text()

    page.fill("#note", "照片和波形都清楚")
    page.select_option("#reason_accept", "evidence_clear")
    accept.click()
    page.wait_for_url("**#review")
    assert page.locator(".chip.verdict").inner_text() == "已采纳"
    [entry] = page.locator("#review .log li").all_inner_texts()
    assert all(said in entry for said in ("证据清楚", REVIEWER, "照片和波形都清楚"))

    page.fill("#to", "路政二中队")
    page.fill("#dispatch-note", "现场复核")
    page.locator("#dispatch button").click()
    page.wait_for_url("**#dispatch")
    assert "路政二中队" in page.locator("#dispatch .log").inner_text()

    page.select_option("#reason_reject", "other")
    reject.click()
    assert page.get_by_role("alert").is_visible()  # "other" needs words
    page.fill("#note", "重新核对：车道不符")
    reject.click()
    page.wait_for_url("**#review")
    assert page.locator(".chip.verdict").inner_text() == "未采纳"
    now, before = page.locator("#review .log li").all_inner_texts()
    assert "重新核对" in now
    assert "证据清楚" in before
    assert page.locator("#to").count() == 0  # no more dispatches
    assert "路政二中队" in page.locator("#dispatch .log").inner_text()  # what was done stays

    page.goto("/?review=rejected")
    assert len(shown(page)) == 1
    page.goto("/?review=accepted")
    assert shown(page) == []


def test_who_was_overtaken_must_look_again(person, at):
    one, other = (person(REVIEWER, path=at("inspection")).page for _ in range(2))
    for page in (one, other):
        page.select_option("#reason_reject", "picture_unclear")
    one.locator("button[value=reject]").click()
    one.wait_for_url("**#review")
    other.locator("button[value=reject]").click()
    assert "请重新查看" in other.get_by_role("alert").inner_text()
    assert other.locator("#review .log li").count() == 1


def test_a_viewer_sees_everything_and_can_say_nothing(person, at):
    someone = person(VIEWER, path=at("cleared"))
    page = someone.page
    assert page.locator("#checks").is_visible()
    assert page.locator("main form").count() == 0
    assert "您只有查看权限" in page.locator("#review").inner_text()
    csrf = page.locator("header input[name=csrf]").input_value()
    for way in ("review", "dispatch"):
        form = {"csrf": csrf, "verdict": "accept", "reason_accept": "evidence_clear", "seen": "0", "to": "x"}
        answer = someone.context.request.post(f"{at('cleared')}/{way}", form=form)
        assert answer.status == 403
    page.reload()
    assert "尚未审核" in page.locator("#review").inner_text()


def test_a_form_that_is_not_of_this_login_is_refused(person, at):
    someone = person(REVIEWER, path=at("cleared"))
    form = {"verdict": "reject", "reason_reject": "duplicate", "seen": "0"}
    for csrf in ({}, {"csrf": "0" * 64}):
        assert someone.context.request.post(f"{at('cleared')}/review", form=form | csrf).status == 403
    page = someone.page
    page.evaluate("document.querySelector('.verdicts input[name=csrf]').value = 'x'")
    page.select_option("#reason_reject", "duplicate")
    page.locator("button[value=reject]").click()
    assert "没有权限，或页面已过期" in page.locator("main").inner_text()
    page.goto(at("cleared"))
    assert "尚未审核" in page.locator("#review").inner_text()


def test_the_language_once_chosen_stays(person, at):
    page = person(REVIEWER).page
    page.click("text=English")
    assert page.locator("html").get_attribute("lang") == "en"
    page.goto(at("weighing"))
    assert page.locator(".chip.verify").inner_text() == "✓ Verified"
    assert "Nothing is established by it yet" in page.locator(".wording").inner_text()
    for flag in Flag:
        assert flag.value not in page.locator("main dl").first.inner_text()
    page.click("text=中文")
    page.goto("/")
    assert page.locator("html").get_attribute("lang") == "zh-CN"


def test_after_logging_out_the_back_button_shows_nothing(person, at):
    page = person().log_in(REVIEWER, PASSWORD, at("weighing")).page
    page.wait_for_selector(".statement-head")
    page.click("text=退出")
    page.wait_for_url("**/login")
    page.go_back()
    page.wait_for_url("**/login**")
    assert page.locator(".statement-head").count() == 0
    page.goto(at("weighing"))
    assert page.locator("#password").is_visible()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("size", [None, PHONE], ids=["wide", "phone"])
def test_every_page_can_be_read_and_is_named_and_goes_nowhere_sideways(person, at, size, language):
    page = person(REVIEWER, size=size).page
    missing = at("weighing")[:-1] + "999999"
    for path in ("/login", "/", "/attention", missing, *map(at, ("weighing", "inspection", "coverage"))):
        page.goto(f"{path}?lang={language}")
        page.evaluate("document.querySelectorAll('details').forEach((folded) => { folded.open = true; })")
        look(page)


def look(page):
    dim = [(text, ratio) for text, ratio in page.evaluate(CONTRASTS) if ratio < LEAST_CONTRAST]
    assert dim == [], page.url
    assert page.evaluate(UNNAMED, CONTROLS) == [], page.url
    assert page.evaluate(SIDEWAYS) <= 0, page.url


def test_the_way_through_by_keyboard_can_be_seen(person):
    page = person(REVIEWER).page
    outlines = []
    for _ in range(12):
        page.keyboard.press("Tab")
        outlines.append(
            page.evaluate(
                "() => { const s = getComputedStyle(document.activeElement);"
                " return [document.activeElement.tagName, s.outlineStyle, parseFloat(s.outlineWidth)]; }"
            )
        )
    assert {tag for tag, _, _ in outlines} >= {"A", "BUTTON", "INPUT", "SELECT"}
    assert [one for one in outlines if one[1] != "solid" or one[2] < 2] == []


def test_a_picture_is_opened_by_keyboard(person, at):
    page = person(REVIEWER, path=at("weighing")).page
    page.locator("a.shot").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("dialog.zoom").is_visible()


def test_a_bundle_is_downloaded(person, at, tmp_path):
    page = person(REVIEWER, path=at("weighing")).page
    with page.expect_download() as download:
        page.click("text=下载证据包")
    assert re.fullmatch(r"evidence-[0-9a-f-]{36}\.zip", download.value.suggested_filename)
