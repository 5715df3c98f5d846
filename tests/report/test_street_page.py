"""The street's part of the page: pictures with their zone, the time line, what was watched."""

from dataclasses import replace

from edge_agent.core.scene import Phase
from edge_agent.core.units import S
from edge_agent.evidence.bundle import export_bundle
from edge_agent.evidence.examples import KEY, a_case, a_store
from edge_agent.evidence.examples_street import a_report
from edge_agent.evidence.verify import Report
from edge_agent.report.coverage import BARS, MOST_ROWS
from edge_agent.report.page import Shown, Tile, render, write_page
from edge_agent.report.sealed import read_bundle
from tests.report.self_contained import Page
from tests.report.street_day import (
    CLEARED,
    HOUR,
    a_config,
    a_record,
    an_inspection,
    camera_news,
    drawn_pictures,
    the_case,
    the_morning,
    watched_hours,
)

HOSTILE = """"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}&lt;"""
REPORT = Report(checked=["signatures"], not_checked=["the law"])


def a_bundle(folder, *seals):
    with a_store(folder / "store") as store:
        seqs = [store.seal(seal, blobs).seq for seal, blobs in seals]
        return export_bundle(store, folder / "bundle", seqs, [KEY.public])


def the_page(folder, bundle, decisions=(), config=None, report=REPORT, **texts):
    chosen = {"title": "t", "subtitle": "s", "notice": None, "tiles": (), **texts}
    out = folder / "page.html"
    chosen |= {"bundle": bundle, "config": config or a_config(), "report": report}
    write_page(out, decisions=decisions, **chosen)
    return Page(out.read_text("utf-8"))


def a_page(folder, *seals, **chosen):
    return the_page(folder, a_bundle(folder, *seals), **chosen)


def test_a_cases_records_stand_together_with_their_pictures_in_the_order_of_the_story(tmp_path):
    page = a_page(tmp_path, *the_case(), decisions=the_morning())
    shown = [value for tag, name, value in page.attributes if tag == "img" and name == "alt"]

    assert page.tags.count("article") == 2  # the case and what was checked
    assert shown == ["reference", "first_seen", "middle", "confirmed", "cleared", "recheck"]
    assert "已整改 corrected" in page.words
    assert "老王水果店" in page.words
    assert "18:00 / 5:00" in page.words or "21:30 / 5:00" in page.words
    sources = [value for tag, name, value in page.attributes if tag == "img" and name == "src"]
    assert all((tmp_path / source).is_file() for source in sources)


def test_every_still_has_its_zone_its_boxes_and_its_copies(tmp_path):
    page = a_page(tmp_path, *the_case(), decisions=the_morning())
    links = [value for tag, name, value in page.attributes if tag == "a" and name == "href"]
    boxes = [
        v for tag, name, v in page.attributes if tag == "div" and name == "class" and v.startswith("box")
    ]

    assert page.tags.count("polygon") == page.tags.count("img") == 6
    assert boxes.count("box evidence") == 4
    assert page.words.count("商户件（已遮挡）") == 5  # not of the reference
    assert all((tmp_path / link).is_file() for link in links if not link.startswith("#"))


def test_the_time_line_tells_the_rules_states_and_why_time_did_not_count(tmp_path):
    page = a_page(tmp_path, *the_case(), decisions=the_morning())

    for said in (
        "待确认 candidate · 7:00",
        "装卸货 unloading · 3:00",
        "无法观察·视角偏移 blind:shifted · 1:30",
    ):
        assert said in page.words
    assert "确认·记录 0" in page.words
    assert "复查·记录 2" in page.words


def test_a_case_without_a_journal_has_no_time_line_and_says_so(tmp_path):
    words = a_page(tmp_path, *the_case()).words
    assert "no time line in the journal" in words
    assert "the journal has no time line of a zone" in words


def test_a_recheck_later_than_the_zones_last_change_still_has_the_time_line(tmp_path):
    until_cleared = [change for change in the_morning() if change.at <= CLEARED + S]
    page = a_page(tmp_path, *the_case(), decisions=until_cleared)

    assert "待确认 candidate · 7:00" in page.words
    assert "only the moments that the records name" not in page.words


def test_a_case_in_a_replay_that_nobody_signed_is_not_called_bad(tmp_path):
    one = read_bundle(a_bundle(tmp_path, *the_case()), REPORT, tmp_path)
    unsigned = [replace(record, verified=None, receipted=None) for record in one]
    shown = Shown("t", "s", unsigned, the_morning(), a_config(), REPORT)
    words = Page(render(shown)).words

    assert "not verified" not in words
    assert "no receipt" not in words
    assert "签名未核验 signature not checked" in words


def test_an_inspection_that_found_nothing_is_shown_as_one(tmp_path):
    page = a_page(tmp_path, an_inspection(), decisions=the_morning())

    assert "抽查 inspection" in page.words
    assert "draw-2026-11-18-3" in page.words
    assert "没有物品" in page.words
    assert "首次发现 first seen" not in page.words


def test_what_was_watched_is_said_with_its_gaps(tmp_path):
    page = a_page(tmp_path, *((seal, {}) for seal in watched_hours()), decisions=camera_news())

    assert "传感器无数据 sensor_silent 45:00" in page.words
    assert "7:15:00" in page.words
    assert "90.6 %" in page.words
    assert page.text.count('class="bars"') == 2
    assert "视角偏移 shifted" in page.words


def test_what_was_watched_comes_from_the_journal_where_no_record_was_sealed(tmp_path):
    words = a_page(tmp_path, decisions=watched_hours(2)).words
    assert "zone/door_s1" in words


def test_a_month_of_hours_is_drawn_as_few_bars(tmp_path):
    page = a_page(tmp_path, decisions=watched_hours(720))
    assert page.tags.count("g") <= 2 * BARS
    assert len(page.text) < 60_000


def test_a_camera_that_never_rests_does_not_fill_the_page(tmp_path):
    page = a_page(tmp_path, decisions=camera_news() * 1_000)
    assert f"另有 {3_000 - MOST_ROWS} 条未列出" in page.words
    assert len(page.text) < 60_000


def test_a_day_of_a_look_a_second_is_a_small_page(tmp_path):
    day = [
        replace(change, at=change.at + round_ * 3_300 * S) for round_ in range(26) for change in the_morning()
    ]
    page = a_page(tmp_path, *the_case(), decisions=day)
    assert len(day) > 85_000
    assert len(page.text) < 150_000


def test_the_bridge_and_the_street_stand_on_one_page(tmp_path):
    page = a_page(tmp_path, a_case(), *the_case(), decisions=the_morning())

    assert "沪A12345" in page.words
    assert "跨门经营 shop_overflow" in page.words
    assert page.words.index("街面区域") < page.words.index("过车记录")


def test_a_site_without_a_street_has_no_word_of_it_and_the_other_way_round(tmp_path):
    both = a_config()
    bridge = a_page(tmp_path / "b", a_case(), config=both.model_copy(update={"street": None}))
    street = a_page(tmp_path / "s", *the_case(), config=both.model_copy(update={"lanes": {}}))

    assert "街面" not in bridge.words
    assert "过车" not in street.words


def test_a_picture_that_is_not_in_the_bundle_is_not_pretended(tmp_path):
    seal, blobs = the_case()[0]
    bundle = a_bundle(tmp_path, (seal, blobs))
    gone = seal.pictures[0].sha256
    manifest = bundle / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8").replace(f'"attachments/{gone}.jpg",', ""), "utf-8")
    page = the_page(tmp_path, bundle)

    assert "the picture file is not here" in page.words
    assert page.tags.count("img") == 3


def test_a_statement_that_is_not_good_says_so(tmp_path):
    bundle = a_bundle(tmp_path, an_inspection())
    [file] = (bundle / "statements").iterdir()
    bad = Report(checked=[], problems=[(f"statements/{file.name}", "the signature does not fit")])

    assert "✓ 已核验 verified" in the_page(tmp_path, bundle).words
    assert "✗ 核验未通过 not verified" in the_page(tmp_path, bundle, report=bad).words


def test_what_others_wrote_stays_text(tmp_path):
    report = a_report(
        Phase.CONFIRMED, event_type=HOSTILE[:100], shop=HOSTILE, text_en=HOSTILE, text_zh=HOSTILE,
        order=HOSTILE, in_force=(("hours", HOSTILE),), routes=(HOSTILE[:100],),
    )  # fmt: skip
    record = a_record(report, 0, drawn_pictures(("confirmed", HOUR + 300 * S, ())), case=HOSTILE)
    page = a_page(
        tmp_path,
        record,
        decisions=[replace(c, detail=HOSTILE) for c in the_morning(60)],
        report=Report(checked=[HOSTILE], not_checked=[HOSTILE], problems=[(HOSTILE, HOSTILE)]),
        tiles=(Tile(HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
    )

    assert "script" not in page.tags
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert not [value for _, name, value in page.attributes if name == "src" and value == "x"]
    assert page.words.count(HOSTILE) >= 10
