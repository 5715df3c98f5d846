"""简体中文 and English: which of them a reader wants, and one small table of texts for each page."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request

CHINESE, ENGLISH = "zh", "en"
LANGUAGES = (CHINESE, ENGLISH)
COOKIE = "lang"

Texts = Mapping[str, tuple[str, str]]  # key -> Chinese, English


def chosen_language(request: Request) -> str:
    """By `?lang=`, else as chosen before, else Chinese."""
    for said in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if said in LANGUAGES:
            return str(said)
    return CHINESE


class Words:
    """A table of texts, read in one language."""

    def __init__(self, texts: Texts, language: str) -> None:
        self._texts = texts
        self.language = language

    @property
    def chinese(self) -> bool:
        """Else English."""
        return self.language == CHINESE

    def __call__(self, key: str, **values: object) -> str:
        """One text. Raises KeyError where there is none: a test asks for each."""
        text = self._texts[key][0 if self.chinese else 1]
        return text.format(**values) if values else text

    def name(self, word: str, chinese: Mapping[str, str], english: Mapping[str, str] | None = None) -> str:
        """A word of the program's own for people; itself, readable, where it has no other name."""
        names = chinese if self.chinese else english or {}
        return names.get(word) or word.replace("_", " ")
