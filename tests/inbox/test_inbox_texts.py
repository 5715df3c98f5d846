"""Every word that a page asks for is there, in both languages."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from edge_agent.core.records import Flag, Outcome, UseClass
from edge_agent.evidence.statement import Kind
from edge_agent.inbox.reviews import REASONS
from edge_agent.inbox.search import GROUPS, REVIEW_STATES
from edge_agent.inbox.texts import TEXTS
from edge_agent.report import words
from edge_agent.report.words import FLAG, KIND, WHY, blind, why
from edge_agent.web.words import Words
from tests.web.asked_texts import CHINESE, asked_by

PACKAGE = Path(str(files("edge_agent.inbox")))
MADE = {
    *(f"group_{group}" for group in GROUPS),
    *(f"review_{state}" for state in REVIEW_STATES),
    *(f"reason_{reason}" for reasons in REASONS.values() for reason in reasons),
    *(f"class_{use}" for use in UseClass),
    *(f"delivery_{state}" for state in ("waiting", "done", "given_up")),
    *(f"login_{problem}" for problem in ("wrong", "wait", "form")),
    *(f"error_{status}" for status in (403, 404, 409, 422, 503)),
    *(outcome.value for outcome in Outcome),
    *(use.value for use in UseClass),
    *REASONS,
}


def test_every_text_that_is_asked_for_is_there():
    assert len(asked_by(PACKAGE)) > 100
    assert asked_by(PACKAGE) - set(TEXTS) == set()
    assert MADE - set(TEXTS) == set()


def test_every_alarm_has_words():
    said = set()
    for source in PACKAGE.parent.glob("ingest/*.py"):
        text = source.read_text("utf-8")
        said |= set(re.findall(r'\.alarm\([^)]*?"([a-z_]+)"', text))
        said |= set(re.findall(r'_contradiction\([^)]*?"([a-z_]+)"', text))
    assert {"key_rotated", "webhook_given_up"} <= said
    assert {f"alarm_{what}" for what in said} - set(TEXTS) == set()


@pytest.mark.parametrize("key", TEXTS)
def test_each_is_in_its_language_with_the_same_places_to_fill(key):
    chinese, english = TEXTS[key]
    assert CHINESE.search(chinese) or not re.search("[a-z]", chinese)
    assert not CHINESE.search(english)
    assert set(re.findall(r"\{\w+\}", chinese)) == set(re.findall(r"\{\w+\}", english))


def test_every_kind_flag_and_reason_has_a_chinese_name():
    assert set(KIND) >= {kind.value for kind in Kind}
    assert set(FLAG) >= {flag.value for flag in Flag}
    core = PACKAGE.parent / "core"
    reasons = set()
    for source in (core / "use_class.py", core / "street" / "use_class.py", core / "standing.py"):
        reasons |= set(re.findall(r'(?:yield|else|return) "([a-z_]+)"', source.read_text("utf-8")))
    assert len(reasons) > 15
    assert reasons - set(WHY) == set()


def test_a_word_without_a_name_is_shown_as_it_is():
    zh, en = (Words(TEXTS, language) for language in ("zh", "en"))
    assert why("brand_new", zh) == why("brand_new", en) == "brand new"
    assert why("flag:creep", zh) == "称重标记：蠕行"
    assert why("flag:creep", en) == "weighing flag: creep"
    assert blind("unfit:shifted", zh) == "画面不合格 · 视角偏移"
    assert blind("unfit:shifted", en) == "unfit · shifted"
    assert words.KIND_EN["wim"] == "bridge weighing"
