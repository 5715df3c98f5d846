"""A technician draws in a real browser with mouse, fingers and keys: what is saved is what was drawn."""

from __future__ import annotations

import pytest

from edge_agent.config.edit import value_at
from edge_agent.config.loader import load
from edge_agent.web import passwords
from tests.console.site import PASSWORD, TECH
from tests.console.street_box import SIZE, a_street_box
from tests.inbox.browser import CONTRASTS, CONTROLS, LEAST_CONTRAST, PHONE, SIDEWAYS, UNNAMED, Person

HALF_A_PIXEL = [0.5 / side for side in SIZE]
ZONES = ("street", "cameras", "east", "zones")
# A corner of the stage shows it by its own stroke.
FOCUS_IS_SEEN = """() => {
  const held = document.activeElement;
  const corner = held.querySelector(":scope > .seen");
  return corner ? getComputedStyle(corner).strokeWidth > "2" : getComputedStyle(held).outlineStyle !== "none";
}"""


@pytest.fixture(scope="module")
def box(browser, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "COST", 2**4)
        with a_street_box(tmp_path_factory.mktemp("street")) as found:
            yield found


class Drawer:
    """Somebody before the editor of one camera."""

    def __init__(self, browser, box, camera, size=None, *, touch=False):
        self.person = Person(browser, box.base, size=size)
        if touch:
            self.person.page.close()
            self.person.context.close()
            self.person.context = browser.new_context(
                viewport=size, base_url=box.base, has_touch=True, is_mobile=True
            )
            self.person.context.set_default_timeout(8_000)
            self.person.page = self.person.context.new_page()
            self.person.page.on("pageerror", lambda error: self.person.said.append(str(error)))
            self.person.page.on("request", lambda request: self.person.asked.append(request.url))
        self.page = self.person.page
        self.open(camera)

    def open(self, camera):
        self.page.goto(f"/zones/{camera}?lang=en")
        self.page.wait_for_selector("#stage[data-loaded]")
        self.checked()

    def at(self, x, y):
        """A place of the picture as one of the screen."""
        stage = self.page.locator("#stage").bounding_box()
        return stage["x"] + x * stage["width"], stage["y"] + y * stage["height"]

    def drag(self, start, end):
        mouse = self.page.mouse
        mouse.move(*self.at(*start))
        mouse.down()
        mouse.move(*self.at(*((a + b) / 2 for a, b in zip(start, end, strict=True))))
        mouse.move(*self.at(*end))
        mouse.up()

    def checked(self):
        """The box has said what it thinks."""
        self.page.wait_for_selector("#editor[data-checked]")

    @property
    def hints(self):
        self.checked()
        return self.page.locator("#hints").inner_text()

    def corners(self, ring="polygon"):
        shapes, chosen = self.page.evaluate(
            "() => [JSON.parse(document.getElementById('send').drawing.value).shapes,"
            " [...document.querySelectorAll('#shapes button')].findIndex((b) => b.ariaPressed === 'true')]"
        )
        return shapes[chosen]["tape"]["quad"] if ring == "quad" else shapes[chosen][ring]

    def save(self):
        self.checked()
        self.page.click("#review")
        self.page.click("form[action$='/save'] button")
        self.page.wait_for_selector("[data-forget]")


@pytest.fixture
def drawer(browser, box):
    drawers = []

    def come(camera="east", **how):
        drawers.append(Drawer(browser, box, camera, **how))
        return drawers[-1]

    yield come
    for one in drawers:
        one.person.leave()
    box.as_it_was()


def close(found, wanted):
    return [
        abs(a - b) <= half
        for point, meant in zip(found, wanted, strict=True)
        for a, b, half in zip(point, meant, HALF_A_PIXEL, strict=True)
    ]


DRAWN = ((0.55, 0.62), (0.72, 0.6), (0.85, 0.8), (0.5, 0.85))


def test_a_zone_drawn_with_the_mouse_is_in_the_file_to_half_a_pixel(drawer, box):
    one = drawer()
    page = one.page
    page.click("#new-zone")
    for corner in DRAWN:
        page.mouse.click(*one.at(*corner))
    page.mouse.click(*one.at(*DRAWN[0]))
    assert "Choose a rule" in one.hints
    page.fill("#field-name", "goods_yard")
    page.select_option("#field-rule", "overflow")
    page.select_option("#field-shop", "noodles")
    page.click("#pick-door")
    middle = [(a + b) / 2 for a, b in zip(DRAWN[0], DRAWN[1], strict=True)]
    page.mouse.click(*one.at(*middle))
    page.click("#pick-door")
    one.save()

    text = box.config.read_text("utf-8")
    zone = value_at(text, (*ZONES, "goods_yard"))
    assert all(close(zone["polygon"], DRAWN))
    assert zone["door_line"] == zone["polygon"][:2]
    assert (zone["rule"], zone["shop"], "metric" in zone) == ("overflow", "noodles", False)
    assert load(box.config).street.cameras["east"].zones["goods_yard"].shop == "noodles"
    assert [line for line in box.at_first.splitlines() if line not in text.splitlines()] == []

    action = box.action("config_saved", load(box.config).sha256())
    assert (action["subject"], action["outcome"]) == ("camera/east", "done")
    assert page.locator("form[action='/restart'] button").is_visible()


def test_a_corner_that_is_dragged_goes_where_the_mouse_goes_and_back_again(drawer):
    one = drawer()
    page = one.page
    before = one.corners()
    one.drag(before[2], (0.52, 0.71))
    moved = one.corners()
    assert all(close([moved[2]], [(0.52, 0.71)]))
    assert [moved[k] for k in (0, 1, 3)] == [before[k] for k in (0, 1, 3)]
    page.keyboard.press("Control+z")
    assert one.corners() == before
    page.keyboard.press("Control+y")
    assert one.corners() == moved
    page.click("#undo")
    assert one.corners() == before
    assert page.locator("#saved-state").inner_text() == "unchanged"


def test_a_corner_is_put_on_an_edge_and_neighbours_share_their_border(drawer):
    one = drawer()
    before = one.corners()
    middle = [(a + b) / 2 for a, b in zip(before[1], before[2], strict=True)]
    one.drag(middle, (0.6, 0.6))
    assert len(one.corners()) == 5
    assert all(close([one.corners()[2]], [(0.6, 0.6)]))
    one.page.keyboard.press("Control+z")
    one.drag(before[3], (0.3008, 0.5235))  # a few pixels beside a corner of the next zone
    assert one.corners()[3] == [0.301, 0.524]
    assert "crosses itself" in one.hints or "following" in one.hints
    one.page.click("#review")
    assert one.page.get_by_role("alert").is_visible()
    one.page.wait_for_selector("#stage[data-loaded]")
    assert one.corners()[3] == [0.301, 0.524]  # nothing that was drawn is lost


def test_by_keyboard_alone_a_zone_is_drawn_and_moved_pixel_by_pixel(drawer, box):
    one = drawer()
    page = one.page
    page.focus("#new-zone")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")  # a proposal in the middle
    at_first = one.corners()
    assert len(at_first) == 4
    page.focus("#stage [data-key='polygon-0']")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    x, y = at_first[0]
    assert one.corners()[0] == pytest.approx([x + 3 / SIZE[0], y - 10 / SIZE[1]])
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert one.corners()[1][1] == pytest.approx(at_first[1][1] + 1 / SIZE[1])
    page.keyboard.press("Insert")
    assert len(one.corners()) == 5
    page.keyboard.press("Delete")
    assert len(one.corners()) == 4

    page.locator("#table-polygon summary").click()
    page.fill("#polygon-2-0", "0.8125")
    page.press("#polygon-2-0", "Tab")
    page.check("#door-0")
    page.select_option("#field-rule", "vendor")
    one.save()
    polygon = value_at(box.config.read_text("utf-8"), (*ZONES, "zone-1", "polygon"))
    assert polygon[2][0] == 0.8125


def test_from_the_login_to_the_saved_corner_no_mouse_is_needed_and_the_way_is_seen(browser, box):
    """Somebody from afar, with a keyboard alone."""
    context = browser.new_context(base_url=box.base, extra_http_headers={"x-forwarded-for": "192.0.2.7"})
    context.set_default_timeout(8_000)
    page = context.new_page()
    press = page.keyboard.press

    def tab_to(selector):
        page.wait_for_selector(selector)
        for _ in range(60):
            if page.evaluate("(chosen) => document.activeElement.matches(chosen)", selector):
                return
            press("Tab")
            assert page.evaluate(FOCUS_IS_SEEN), selector
        raise AssertionError(f"no way to {selector}")

    page.goto("/zones?lang=en")
    page.wait_for_selector("#name:focus")
    page.keyboard.insert_text(TECH)
    tab_to("#password")
    page.keyboard.insert_text(PASSWORD)
    press("Enter")
    tab_to("a[href='/zones/east']")
    press("Enter")
    page.wait_for_selector("#editor[data-checked]")
    tab_to("#stage [data-key='polygon-1']")
    at_first = value_at(box.at_first, (*ZONES, "fruit_front", "polygon"))[1]
    for _ in range(4):
        press("ArrowUp")
    page.wait_for_selector("#editor[data-checked]")
    tab_to("#review")
    press("Enter")
    tab_to("form[action$='/save'] button")
    press("Enter")
    page.wait_for_selector("[data-forget]")
    after = value_at(box.config.read_text("utf-8"), (*ZONES, "fruit_front", "polygon"))[1]
    assert after == pytest.approx([at_first[0], at_first[1] - 4 / SIZE[1]], abs=1e-4)
    box.as_it_was()
    context.close()


def test_fingers_draw_a_lane_and_its_reading_line_on_a_phone(drawer, box):
    one = drawer("cam1", size=PHONE, touch=True)
    page = one.page
    lane = ((0.3, 0.3), (0.6, 0.35), (0.8, 0.9), (0.2, 0.9))
    page.tap("#lane-draw")
    for corner in lane:
        page.touchscreen.tap(*one.at(*corner))
    page.tap("#finish")
    page.tap("#line-draw")
    for end in ((0.25, 0.62), (0.75, 0.64)):
        page.touchscreen.tap(*one.at(*end))
    pinch(page, one.at(0.5, 0.5))
    wide = page.evaluate("() => document.getElementById('stage').viewBox.baseVal.width")
    assert wide == pytest.approx(SIZE[0] / 2, rel=0.05)
    page.tap("#zoom-whole")
    one.save()
    view = load(box.config).cameras["cam1"].video.views["1"]
    # A phone's screen has fewer pixels than the picture: to half of one of its own.
    near = 0.5 / PHONE["width"] + 0.0001
    drawn = (*lane, (0.25, 0.62), (0.75, 0.64))
    for found, meant in zip((*view.polygon, *view.line), drawn, strict=True):
        assert found == pytest.approx(meant, abs=near * 2)


def pinch(page, middle):
    """Two fingers apart, to twice the distance."""
    page.evaluate(
        """([x, y]) => {
          const stage = document.getElementById("stage");
          const say = (type, pointerId, dx) => stage.dispatchEvent(new PointerEvent(type, {
            pointerId, pointerType: "touch", clientX: x + dx, clientY: y, bubbles: true, cancelable: true }));
          stage.setPointerCapture = () => {};
          say("pointerdown", 11, -30); say("pointerdown", 12, 30);
          say("pointermove", 11, -60); say("pointermove", 12, 60);
          say("pointerup", 11, -60); say("pointerup", 12, 60);
        }""",
        list(middle),
    )


def test_tape_measures_are_judged_while_they_are_typed(drawer, box):
    one = drawer()
    page = one.page
    assert "4101 mm" in page.locator("#measured").inner_text()
    assert page.locator("#stage .metre").count() > 4
    page.fill("#field-tape-5", "4500")
    page.press("#field-tape-5", "Tab")
    assert "contradict" in one.hints
    page.fill("#field-tape-5", "4095")
    page.press("#field-tape-5", "Tab")
    assert "agree" in one.hints
    page.click("#tape-move")
    at = one.corners("quad")[0]
    one.drag(at, (at[0] + 0.03, at[1] + 0.01))
    page.click("#tape-move")
    assert one.corners()[0] == at  # the zone's own corner stayed
    assert one.corners("quad")[0] != at
    one.save()
    zone = value_at(box.config.read_text("utf-8"), (*ZONES, "fruit_front"))
    assert zone["metric"]["sides_mm"] == [3250, 2500, 3250, 2500]
    assert "other_diagonal_mm" not in zone["metric"]


def test_a_file_that_was_changed_meanwhile_is_not_overwritten_and_the_drawing_stays(drawer, box):
    one = drawer()
    before = one.corners()
    one.drag(before[2], (0.52, 0.71))
    one.checked()
    theirs = box.at_first.replace("示例面馆", "另一家面馆")
    box.config.write_text(theirs, "utf-8")
    with one.page.expect_response("**/review") as answered:
        one.page.click("#review")
    assert answered.value.status == 409
    one.page.wait_for_selector("#stage[data-loaded]")
    assert "changed meanwhile" in one.page.get_by_role("alert").inner_text()
    assert all(close([one.corners()[2]], [(0.52, 0.71)]))
    assert box.config.read_text("utf-8") == theirs
    one.save()
    after = box.config.read_text("utf-8")
    assert "另一家面馆" in after
    assert all(close([value_at(after, (*ZONES, "fruit_front", "polygon"))[2]], [(0.52, 0.71)]))


@pytest.mark.parametrize(("size", "language"), [(None, "en"), (PHONE, "zh")], ids=["wide", "phone"])
def test_every_page_can_be_read_and_is_named_and_goes_nowhere_sideways(browser, box, size, language):
    person = Person(browser, box.base, size=size)
    page = person.page
    for path in ("/zones", "/zones/east", "/zones/cam1", "/references"):
        page.goto(f"{path}?lang={language}")
        if path.count("/") == 2:
            page.wait_for_selector("#editor[data-checked]")
        page.evaluate("document.querySelectorAll('details').forEach((folded) => { folded.open = true; })")
        look(page)
    page.click("main form button")
    page.wait_for_selector("#condition")
    look(page)
    person.leave()


def look(page):
    dim = [(text, ratio) for text, ratio in page.evaluate(CONTRASTS) if ratio < LEAST_CONTRAST]
    assert dim == [], page.url
    assert page.evaluate(UNNAMED, CONTROLS) == [], page.url
    assert page.evaluate(SIDEWAYS) <= 0, page.url
