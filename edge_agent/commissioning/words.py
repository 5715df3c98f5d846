"""One language or both on one page: Chinese with the English beneath, as two parties who sign read it."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup, escape

from edge_agent.commissioning.texts import NAMES, TEXTS
from edge_agent.web.words import CHINESE, ENGLISH

BOTH = "both"
LANGUAGES = (CHINESE, ENGLISH, BOTH)


class Tongue:
    """The texts of the report, in `zh`, `en` or `both`."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, key: str, **values: object) -> Markup:
        """One text. Raises KeyError where there is none: a test asks for each."""
        chinese, english = TEXTS[key]
        return self.pair(chinese.format(**values), english.format(**values))

    def pair(self, chinese: str, english: str) -> Markup:
        """The same thing in both languages."""
        if self.language == CHINESE or chinese == english:
            return escape(chinese)
        if self.language == ENGLISH:
            return escape(english)
        return Markup('{} <span class="en">{}</span>').format(chinese, english)

    def name(self, word: str) -> Markup:
        """A word of the program as people know it; itself, readable, where it has no other name."""
        chinese, english = NAMES.get(word, (word, word.replace("_", " ")))
        return self.pair(chinese, english)

    def lines(self, key: str, **values: object) -> str:
        """One text for a terminal, without markup: one language, or both of them with a stroke between."""
        chinese, english = TEXTS[key]
        said = {CHINESE: chinese, ENGLISH: english, BOTH: f"{chinese} / {english}"}
        return said[self.language].format(**values)

    def by_language(self, said: Mapping[str, str]) -> Markup:
        """What was said in each language."""
        return self.pair(said[CHINESE], said[ENGLISH])
