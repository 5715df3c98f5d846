"""Every record says in plain words what was observed, and that a person must look at it."""

import pytest

from edge_agent.core.scene import Finding, Phase
from edge_agent.core.street.text import INSPECTED, RECHECKED, texts
from edge_agent.core.units import S
from tests.storefront import a_report, a_rule, an_item

ALL = [
    *((phase, Finding.PRESENT) for phase in (Phase.CONFIRMED, Phase.REOPENED, Phase.ONGOING)),
    (Phase.CLEARED, Finding.ABSENT),
    *((Phase.RECHECK, finding) for finding in Finding),
    *((Phase.INSPECTION, finding) for finding in Finding),
]


def words(**changes):
    return texts(a_report(**changes), a_rule(), "张记水果")


@pytest.mark.parametrize(("phase", "finding"), ALL)
def test_every_record_names_the_place_and_asks_for_a_person(phase, finding):
    english, chinese = words(phase=phase, finding=finding)

    assert "zone front, shop 张记水果" in english
    assert english.endswith("Candidate evidence, for a person to review.")
    assert "商铺张记水果" in chinese
    assert chinese.endswith("须经人工复核。")
    assert "疑似" in chinese or phase is Phase.INSPECTION


def test_no_two_kinds_of_record_read_alike():
    assert len({words(phase=phase, finding=finding) for phase, finding in ALL}) == len(ALL)
    assert len(set(RECHECKED.values())) == len(set(INSPECTED.values())) == len(Finding)


def test_the_dwell_and_what_the_rule_asks_for_are_said():
    english, chinese = words(dwell=302 * S)

    assert "observed for 5 min 2 s while the rule held; it asks for 5 min 0 s" in english
    assert "累计观测5分2秒，规则时限5分0秒" in chinese


def test_a_width_is_said_only_where_it_is_too_little():
    assert "Only 1200 mm are left to pass." in words(passable_mm=1_200)[0]
    assert "剩余通行宽度1200毫米" in words(passable_mm=1_200)[1]
    assert "left to pass" not in words(passable_mm=1_600)[0]
    assert "left to pass" not in words(passable_mm=None)[0]


@pytest.mark.parametrize("finding", Finding)
def test_an_inspection_names_its_rule_and_speaks_of_no_line_where_the_rule_has_none(finding):
    rule = a_rule(title_en="Rubbish left beside the bins", title_zh="垃圾落地")
    english, chinese = texts(a_report(phase=Phase.INSPECTION, finding=finding), rule, "")

    assert english.startswith("Inspection as ordered, Rubbish left beside the bins: ")
    assert chinese.startswith("按指令检查（垃圾落地）：")
    assert "line" not in english


def test_a_heap_of_many_kinds_is_not_listed_in_full():
    items = tuple(an_item(0, f"class_{k:02}_{'x' * 30}") for k in range(32))

    for text in texts(a_report(items=items), a_rule(title_en="t" * 100, title_zh="名" * 100), "店" * 200):
        assert "class_07" in text
        assert "class_08" not in text
        assert len(text) < 900
