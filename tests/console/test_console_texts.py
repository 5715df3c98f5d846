"""Every word that a page asks for is there, in both languages."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from edge_agent.console.details import detail_in_words
from edge_agent.console.live_state import words_of_states
from edge_agent.console.parts import part_in_words
from edge_agent.console.texts import TEXTS
from edge_agent.core.records import MatchStatus, Outcome, UseClass
from edge_agent.doctor.finding import State
from edge_agent.evidence.outbox import STATES
from edge_agent.health import ROOM
from edge_agent.web.words import Words
from tests.web.asked_texts import CHINESE, asked_by

PACKAGE = Path(str(files("edge_agent.console")))
MADE = {
    *(f"level_{level}" for level in ("ok", "degraded", "fault")),
    *(f"statement_{state}" for state in STATES),
    *(f"finding_{state}" for state in State),
    *(f"plate_{status}" for status in MatchStatus),
    *(f"outcome_{outcome}" for outcome in ("accepted", "accepted_with_remarks", "refused")),
    *(f"file_{state}" for state in ("kept", "purged", "damaged")),
    *(f"login_{problem}" for problem in ("wrong", "wait", "form")),
    *(f"error_{status}" for status in (403, 404, 500, 503)),
    *(outcome.value for outcome in Outcome),
    *(use.value for use in UseClass),
}


def test_every_text_that_is_asked_for_is_there():
    assert len(asked_by(PACKAGE)) > 80
    assert asked_by(PACKAGE) - set(TEXTS) == set()
    assert MADE - set(TEXTS) == set()


@pytest.mark.parametrize("key", TEXTS)
def test_each_is_in_its_language_with_the_same_places_to_fill(key):
    chinese, english = TEXTS[key]
    assert CHINESE.search(chinese) or not re.search("[a-z]", re.sub(r"{\w+}", "", chinese))
    assert not CHINESE.search(english)
    assert sorted(re.findall(r"{\w+}", chinese)) == sorted(re.findall(r"{\w+}", english))


@pytest.mark.parametrize(
    "detail",
    [
        "nobody vouches for the time",
        "nothing for 3000 ms",
        "no broker has had us since the start",
        "cannot listen on 127.0.0.1 port 8480: [Errno 98] Address already in use",
        "frozen",
        *(f"evidence: {said}" for said in ROOM.values()),
    ],
)
def test_a_trouble_is_said_in_chinese_on_a_chinese_page(detail):
    assert CHINESE.search(detail_in_words(detail, Words(TEXTS, "zh")))
    assert not CHINESE.search(detail_in_words(detail, Words(TEXTS, "en")))


def test_a_trouble_without_other_words_is_said_as_it_was():
    assert detail_in_words("avcodec: 17 <b>", Words(TEXTS, "zh")) == "avcodec: 17 <b>"


def test_parts_and_states_have_names_in_both_languages():
    zh, en = (Words(TEXTS, language) for language in ("zh", "en"))
    assert part_in_words("port/wim", zh) == "串口 wim"
    assert part_in_words("clock", en) == "clock"
    assert part_in_words("something/new", zh) == "something/new"
    assert (
        set(words_of_states(zh))
        == set(words_of_states(en))
        == {"degraded", "blind", "stuck", "fault", "unknown"}
    )
