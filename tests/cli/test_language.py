"""Which language a technician reads on a terminal."""

import pytest

from edge_agent.cli.language import Language, chosen_language


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "zh"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "C.UTF-8"}, "zh"),  # says nothing about a language
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LC_ALL": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, "zh"),
        ({"LC_ALL": "", "LC_MESSAGES": "en_GB", "LANG": "zh_CN"}, "en"),
    ],
)
def test_it_is_chinese_unless_the_locale_says_english(environment, language):
    assert chosen_language(None, environment) == language


def test_what_was_asked_for_comes_first():
    assert chosen_language(Language.EN, {"LANG": "zh_CN.UTF-8"}) == "en"
