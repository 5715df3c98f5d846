"""Everything that a check may find can be said, in both languages, with the same names in both."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from edge_agent.doctor.finding import Finding, State, Text, say
from edge_agent.doctor.texts import TABLES, TEXTS, merged

ROOT = Path(__file__).parents[2]
SOURCES = [*(ROOT / "edge_agent" / "doctor").glob("*.py"), ROOT / "edge_agent" / "cli" / "doctor.py"]
CHECKS = [path for path in SOURCES if not path.name.endswith("_texts.py")]
KEY = re.compile(r"[a-z_]+\.[a-z0-9_]*[a-z0-9]")
# Made of two parts where they are found.
JOINED = {f"broker.tls_{trouble}" for trouble in ("expired", "not_yet", "name", "chain", "other")} | {
    f"camera.{size}" for size in ("small", "rather_small")
}
NO_KEYS = {"scale.calibration", "clock.source", "street.detector"}  # of the configuration


def constants(tree):
    found = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    prefixes = {key.partition(".")[0] for key in TEXTS}
    for text in found:
        if isinstance(text, str) and KEY.fullmatch(text) and text.partition(".")[0] in prefixes:
            yield text


def findings_of(tree):
    """(key, state) of each `Finding("...", subject, State.X, ...)` that is written out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding" and len(node.args) > 2:
            key, state = node.args[0], node.args[2]
            if isinstance(key, ast.Constant) and isinstance(state, ast.Attribute):
                yield key.value, state.attr


TREES = {path.name: ast.parse(path.read_text("utf-8")) for path in CHECKS}


def test_every_key_of_every_check_has_its_text_and_every_text_its_check():
    used = {key for tree in TREES.values() for key in constants(tree)} - NO_KEYS

    assert used | JOINED == set(TEXTS)


def test_what_is_not_well_is_explained_and_has_a_next_step():
    silent = {
        key
        for tree in TREES.values()
        for key, state in findings_of(tree)
        if state != "OK" and not (TEXTS[key].means_en and TEXTS[key].next_en)
    }

    assert silent == set()


def test_both_languages_say_the_same_things():
    def differs(text):
        pairs = (
            (text.found_zh, text.found_en),
            (text.means_zh, text.means_en),
            (text.next_zh, text.next_en),
        )
        return not text.found_zh or any(
            bool(chinese) != bool(english) or names(chinese) != names(english) for chinese, english in pairs
        )

    assert [key for key, text in TEXTS.items() if differs(text)] == []


def names(sentence):
    """Of the values; `{note_zh}` and `{note_en}` are one."""
    found = {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}
    return {re.sub(r"_(zh|en)$", "", name) for name in found}


def test_two_texts_for_one_key_are_refused():
    with pytest.raises(ValueError, match=r"disk\.ok"):
        merged([*TABLES, {"disk.ok": Text("好", "good")}])


def test_a_finding_is_said_with_its_numbers():
    finding = Finding(
        "scale.expires_soon", "lane/1", State.WARNING, {"number": "JD-1", "until": "2027-01-01", "days": 9}
    )

    assert "9" in say(finding, TEXTS, "zh").found
    assert say(finding, TEXTS, "en").next == "Book the verification now."


SENTENCE = re.compile(r"([A-Z`{].*[.?`])?", re.DOTALL)
CHINESE_SENTENCE = re.compile(r"(.*[。？`])?", re.DOTALL)


def test_what_was_found_is_a_phrase_and_the_rest_are_sentences():
    stopped = [
        key for key, text in TEXTS.items() if text.found_en.endswith(".") or text.found_zh.endswith("。")
    ]
    texts = TEXTS.values()
    english = [s for t in texts for s in (t.means_en, t.next_en) if not SENTENCE.fullmatch(s)]
    chinese = [s for t in texts for s in (t.means_zh, t.next_zh) if not CHINESE_SENTENCE.fullmatch(s)]

    assert (stopped, english, chinese) == ([], [], [])


def test_a_found_phrase_goes_on_after_its_subject():
    """`port/wim  there is no ...`: small letters but for names."""
    names = ("TLS", "Python", "USB", "{")
    capitals = [
        t.found_en for t in TEXTS.values() if t.found_en[0].isupper() and not t.found_en.startswith(names)
    ]

    assert capitals == []


COMMAND = re.compile(r"edge-agent (calibrate|reference|doctor|outbox|identity)|usermod|chronyc|\bping ")


def test_what_is_to_be_typed_stands_in_backticks():
    bare = [
        sentence
        for text in TEXTS.values()
        for sentence in (text.next_zh, text.next_en)
        if COMMAND.search(re.sub(r"`[^`]*`", "", sentence)) or sentence.count("`") % 2
    ]

    assert bare == []
