"""Two runs over the same recordings: what a change of the program, the settings or the recordings does."""

import re

import pytest

from edge_agent.corpus.boxes import by_zone_in_words
from edge_agent.corpus.goldens import Rules
from edge_agent.corpus.page import page
from edge_agent.corpus.plan import Boxes
from edge_agent.corpus.regression import regression
from edge_agent.corpus.run_folder import RunFolder
from edge_agent.corpus.tables import regression_text
from edge_agent.corpus.words import ASKED, BLESSED, STATE, TEXTS
from edge_agent.corpus.words import BOXES as BOX_WORDS
from edge_agent.errors import UsageError
from edge_agent.redetecting import Things
from tests.corpus_runs.recordings import LIMIT, Here, a_corpus, a_recording, a_run


@pytest.fixture
def corpus(tmp_path):
    return a_corpus(tmp_path / "corpus")


@pytest.fixture
def held(corpus, tmp_path):
    """`held(change, *settings)`: a run, a change of the corpus, another run with settings; compared."""
    left, right = tmp_path / "then", tmp_path / "now"

    def compared(change=lambda: None, *settings, rules=None, engine=None):
        a_run(corpus, left)
        change()
        a_run(corpus, right, *settings, engine=engine)
        return regression(RunFolder(left), RunFolder(right), rules or Rules())

    return compared


def states(found):
    return {row.recording: row.state for row in found.rows}


def test_the_same_twice_is_the_same_and_what_is_bad_in_both_is_no_difference(held):
    found = held()

    assert not found.differs
    assert states(found)["words.mcap"] == "bad in both"
    assert found.numbers() == {"added": 0, "removed": 0, "changed": 0, "shifted": 0}
    assert (found.both, found.states["same"]) == (4, 4)


def test_another_limit_is_counted_where_it_changes_something_the_most_first(held):
    found = held(lambda: None, f"{LIMIT}=25500")

    assert found.differs
    numbers = found.numbers()
    assert numbers["changed"] >= 2  # 25 t in the east, 24 t in the west
    assert found.rows[0].recording in ("east/heavy.mcap", "west", "torn.mcap")
    weights = [row.weight for row in found.rows if row.state == "differs"]
    assert weights == sorted(weights, reverse=True)


def test_the_rules_say_what_may_differ(held):
    rules = Rules.model_validate({"rules": [{"ignore": ["crossing.verdict.*.limit"]}]})
    found = held(lambda: None, f"{LIMIT}=20001", rules=rules)

    assert not found.differs
    assert states(found)["east/heavy.mcap"] == "same outcomes"


def test_recordings_that_one_run_does_not_have_are_named(held, corpus):
    def change():
        (corpus / "east" / "light.mcap").unlink()
        a_recording(corpus / "new.mcap", 9_000)

    said = states(held(change))
    assert said["new.mcap"] == "added"
    assert said["east/light.mcap"] == "removed"


def test_a_recording_with_other_bytes_is_not_compared(held, corpus):
    found = held(lambda: a_recording(corpus / "east" / "light.mcap", 27_000))

    assert states(found)["east/light.mcap"] == "other recording"


def test_one_that_cannot_be_replayed_any_more_is_a_difference(held, corpus):
    found = held(lambda: (corpus / "east" / "light.mcap").write_text("overwritten"))

    row = next(row for row in found.rows if row.recording == "east/light.mcap")
    assert (row.state, found.differs) == ("not replayed", True)
    assert row.why.startswith("right: light.mcap: not an edge-agent recording")


def test_the_table_says_what_was_asked_otherwise_and_how_to_see_why(held, tmp_path):
    found = held(lambda: None, f"{LIMIT}=25500")
    said = regression_text(found, tmp_path / "then", tmp_path / "now")

    assert f"settings: none -> {LIMIT}=25500" in said
    assert "~ crossing lane 1 +29.1 s: 25.000 t, 2 axles: posted limit over -> within" in said
    assert "(5000 kg over -> 500 kg under)" in said  # why, out of both configurations
    assert "CPU to replay 4 recordings" in said
    assert f"edge-agent diff {tmp_path}/then/recordings/" in said


def test_the_page_names_recordings_and_differences_and_escapes_them(held, corpus, tmp_path):
    a_recording(corpus / "<b>bold.mcap", 24_000)
    found = held(lambda: None, f"{LIMIT}=25500")
    text = page(found, "then", "now")

    assert "&lt;b&gt;bold.mcap" in text
    assert "<b>bold" not in text
    assert "posted limit over → within" in text
    assert "http" not in text


def test_an_interrupted_run_can_be_compared_as_far_as_it_went(held):
    found = held(engine=Here(interrupted_after=2))

    assert found.states == {"same": 2, "removed": 3}


def test_what_is_no_run_is_refused(tmp_path):
    (tmp_path / "x").mkdir()
    with pytest.raises(UsageError, match="no run of a corpus"):
        regression(RunFolder(tmp_path / "x"), RunFolder(tmp_path / "x"), Rules())


def test_a_run_that_was_not_finished_is_named_for_what_it_did_not_reach_is_no_difference(held, tmp_path):
    found = held(engine=Here(interrupted_after=2))
    said = regression_text(found, tmp_path / "then", tmp_path / "now")

    assert f"{tmp_path / 'now'} was not finished" in said
    assert f"{tmp_path / 'then'} was not finished" not in said
    assert "now was not finished" in page(found, "then", "now")


def test_two_runs_of_which_nothing_was_replayed_are_not_the_same(tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "words.mcap").write_text("no recording")
    a_run(corpus, tmp_path / "run")

    with pytest.raises(UsageError, match="nothing was replayed in either"):
        regression(RunFolder(tmp_path / "run"), RunFolder(tmp_path / "run"), Rules())


def test_chinese_says_the_same_in_other_words(held, tmp_path):
    found = held(lambda: None, f"{LIMIT}=25500")
    said = regression_text(found, tmp_path / "then", tmp_path / "now", "zh")

    assert f"设置：无 -> {LIMIT}=25500" in said
    assert "~ 过车 车道 1 +29.1 s: 25.000 t 2 轴：桥梁限载标志 超限 -> 未超，案件 已成案 -> –" in said
    assert "（超 5000 kg -> 低 500 kg）" in said
    assert not any("over" in line or "changed" in line for line in said.splitlines())


def test_names_that_would_move_a_terminals_cursor_are_shown(held, corpus, tmp_path):
    a_recording(corpus / "\x1b[2Jgone.mcap", 24_000)
    said = regression_text(held(lambda: None, f"{LIMIT}=25500"), tmp_path / "then", tmp_path / "now")

    assert "\\x1b[2Jgone.mcap" in said
    assert "\x1b" not in said


BOXES = [
    Boxes(
        "east",
        9,
        0,
        0,
        3,
        1,
        4,
        2,
        "s",
        (Things("", "table", 3, 1, 4, 2), Things("shop_1", "table", 1, 0, 4, 0)),
    ),
    Boxes("west", 9, 1, 0, 5, 0, 0, 1, "s", (Things("", "seat", 5, 0, 0, 1),)),
]


def test_boxes_of_another_model_are_told_by_class_and_by_zone_on_both_pages(held, tmp_path):
    found = held()
    found.boxes = {"street.mcap": BOXES}
    said = regression_text(found, tmp_path / "then", tmp_path / "now")

    assert re.search(r"^table +6 +8 +3 +1 +4 +2$", said, re.MULTILINE)
    assert re.search(r"^all +12 +13 +8 +1 +4 +3$", said, re.MULTILINE)
    assert re.search(r"^s/east/shop_1: table +1 +5 +1 +0 +4 +0$", said, re.MULTILINE)
    assert re.search(r"^street.mcap +18 +1 +0 +12 +13 +8 +1 +4 +3$", said, re.MULTILINE)
    text = page(found, "then", "now")
    assert "s/east/shop_1: table" in text
    assert "boxes by class" in text
    assert by_zone_in_words(BOXES) == {
        "shop_1": ("区域内的检测框：table 1 -> 5", "boxes in the zone: table 1 -> 5")
    }


def test_every_word_of_a_run_has_both_languages():
    for table in (TEXTS, STATE, ASKED, BOX_WORDS, BLESSED):
        for zh, en in table.values():
            assert zh != en
            assert not re.search("[\u4e00-\u9fff]", en)
            assert sorted(re.findall(r"{\w+}", zh)) == sorted(re.findall(r"{\w+}", en))
