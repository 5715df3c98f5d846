"""What a technician does with the console, in a real browser, before a box that really weighs."""

import re

import pytest

from tests.console.site import PASSWORD, TECH, a_served_box, two_pads
from tests.inbox.browser import CONTRASTS, CONTROLS, LEAST_CONTRAST, PHONE, SIDEWAYS, UNNAMED, Person

PAGES = ("/", "/outbox", "/coverage", "/doctor", "/config", "/commissioning")
TRUCK = {"at_s": 1.5, "kind": "truck3", "gross_kg": 25_800, "speed_kmh": 30}


@pytest.fixture(scope="module")
def served(browser, tmp_path_factory):
    with a_served_box(tmp_path_factory.mktemp("box"), two_pads) as box:
        yield box


@pytest.fixture
def person(browser, served):
    people = []

    def come(path="/", *, size=None, base=served.base):
        someone = Person(browser, base, size=size)
        people.append(someone)
        someone.page.goto(path)
        return someone

    yield come
    for someone in people:
        someone.leave()


def test_a_lorry_that_crosses_is_on_the_page_with_its_trace(person, served):
    page = person().page
    took_ms = page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    print(f"first page: {took_ms:.0f} ms until it can be read")
    traffic = served.drives(TRUCK, duration_s=5)
    row = page.locator("#crossings tbody tr").first
    row.wait_for(timeout=20_000)
    traffic.join(10)
    text = row.inner_text()
    assert re.search(r"2[3-8]\.\d\d ± \d\.\d\d", text)
    assert "疑似超限" in text
    assert "未匹配到号牌" in text or "匹配中" in text

    loads = page.locator(".loads").inner_text()
    assert re.search(r"pad-1 -?0\.0\d t +pad-2 -?0\.0\d t", loads)
    painted = """(canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return new Set(data).size;
    }"""
    assert page.locator("canvas").evaluate(painted) > 10
    page.click("details.passage summary")
    trace = page.locator("svg.trace")
    trace.wait_for()
    assert len(trace.locator(".axle-label").all_text_contents()) == 3
    assert page.locator("#level").inner_text() == "部分异常"  # nobody vouches for the time


def test_a_hidden_page_asks_for_nothing_and_goes_on_when_it_is_seen(person):
    someone = person()
    page = someone.page
    page.clock.install()
    page.reload()
    page.locator(".loads .swatch").first.wait_for()
    show(page, hidden=True)
    page.locator("#contact:not([hidden])").wait_for()
    page.clock.run_for(1_000)  # what had been asked before is answered
    page.wait_for_load_state("networkidle")
    before = len(someone.asked)
    page.clock.run_for(20_000)
    assert len(someone.asked) == before
    show(page, hidden=False)
    with page.expect_request("**/live/traces*"):
        page.clock.run_for(2_000)


def show(page, *, hidden):
    page.evaluate(
        "(hidden) => { Object.defineProperty(document, 'hidden', {get: () => hidden, configurable: true});"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )


def test_the_language_once_chosen_stays(person):
    page = person().page
    page.click("text=English")
    assert page.locator("html").get_attribute("lang") == "en"
    page.goto("/doctor")
    assert page.locator("h1").inner_text() == "Doctor"
    page.click("text=中文")
    assert page.locator("html").get_attribute("lang") == "zh-CN"


@pytest.mark.parametrize(
    ("size", "language"), [(None, "zh"), (PHONE, "zh"), (PHONE, "en")], ids=["wide", "phone", "phone-en"]
)
def test_every_page_can_be_read_and_is_named_and_goes_nowhere_sideways(person, size, language):
    page = person(size=size).page
    for path in PAGES:
        page.goto(f"{path}?lang={language}")
        page.evaluate("document.querySelectorAll('details').forEach((folded) => { folded.open = true; })")
        dim = [(text, ratio) for text, ratio in page.evaluate(CONTRASTS) if ratio < LEAST_CONTRAST]
        assert dim == [], page.url
        assert page.evaluate(UNNAMED, CONTROLS) == [], page.url
        assert page.evaluate(SIDEWAYS) <= 0, page.url
        assert page.locator("main h1, header nav").count() >= 2


def test_the_way_through_by_keyboard_can_be_seen(person):
    page = person("/config").page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(10):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"


def test_a_setting_is_changed_by_way_of_its_mistakes(person, served):
    page = person("/config").page
    before = served.path.read_text("utf-8")
    lines = before.count("\n") + 1
    assert page.locator(".numbers").inner_text().split("\n")[-1] == str(lines)

    page.fill("#text", before + "heath: {}\n")
    page.click("text=检查并查看差异")
    problem = page.locator(".problems li").first
    assert "heath" in problem.inner_text()
    problem.locator("a").click()
    assert page.evaluate("window.getSelection().toString()") == "heath: {}"

    page.fill("#text", before + "health: {silence_ms: 4000}\n")
    page.click("text=检查并查看差异")
    assert page.locator("tr.added").inner_text().endswith("health: {silence_ms: 4000}")
    page.click("text=确认写入")
    assert "before-" in page.get_by_role("status").inner_text()
    assert served.path.read_text("utf-8") == before + "health: {silence_ms: 4000}\n"
    served.path.write_text(before, "utf-8")


def test_off_the_box_a_password_is_asked_for_and_the_way_is_not_lost(browser, tmp_path):
    with a_served_box(tmp_path, console={"port": 0, "login": "always"}) as box:
        someone = Person(browser, box.base)
        page = someone.page
        someone.log_in(TECH, "not the password", "/outbox")
        assert "用户名或密码不对" in page.get_by_role("alert").inner_text()
        page.fill("#name", TECH)
        page.fill("#password", PASSWORD)
        page.click("main button")
        page.wait_for_url("**/outbox")
        assert page.locator(".who").inner_text() == TECH
        page.click("text=退出")
        page.wait_for_url("**/login")
        page.go_back()
        page.wait_for_url("**/login**")
        someone.leave()
