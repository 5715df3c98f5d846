"""Whatever a check may find has its words, in both languages and with the same numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edge_agent.doctor import picture_checks
from tests.doctor.seen import ALL_TEXTS

CODE = Path(picture_checks.__file__).parent
CHECKS = ("serial_checks", "cell_checks", "camera_checks", "picture_checks", "lane_checks")
NAMED = re.compile(r'"((?:serial|cell|camera|lane)\.[a-z_]+)"')
# Values that are words themselves come once in each language.
WORD = re.compile(r"_(zh|en)$")


def named_in_code():
    text = "".join((CODE / f"{name}.py").read_text("utf-8") for name in CHECKS)
    text = re.sub(r"TEXTS: Texts = \{.*?^\}", "", text, flags=re.DOTALL | re.MULTILINE)
    return set(NAMED.findall(text)) | {f"camera.{one}" for one in ("small", "rather_small")}


def test_every_finding_has_a_text_and_every_text_a_finding():
    assert named_in_code() == set(ALL_TEXTS)


def values(*sentences):
    return {WORD.sub("", name) for sentence in sentences for name in re.findall(r"\{(\w+)\}", sentence)}


@pytest.mark.parametrize("key", ALL_TEXTS)
def test_both_languages_say_the_same_numbers_and_the_next_step(key):
    text = ALL_TEXTS[key]

    assert values(text.found_zh, text.means_zh, text.next_zh) == values(
        text.found_en, text.means_en, text.next_en
    )
    assert text.found_zh
    assert text.found_en
    assert bool(text.means_zh) == bool(text.means_en) == bool(text.next_zh) == bool(text.next_en)
    assert bool(text.next_en) != key.endswith(".ok")
