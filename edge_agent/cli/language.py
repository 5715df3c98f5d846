"""The language that a technician reads on a terminal: Chinese, unless `--lang` or the locale says English."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import typer


class Language(StrEnum):
    """As `web.words` names them."""

    ZH = "zh"
    EN = "en"


LangOption = Annotated[
    Language | None,
    typer.Option("--lang", help="zh or en; default: as LANG says, Chinese where it names neither."),
]


def chosen_language(said: Language | None, environment: Mapping[str, str] = os.environ) -> str:
    """By `--lang`, else by the first of LC_ALL, LC_MESSAGES, LANG that is set.

    >>> chosen_language(None, {"LANG": "en_GB.UTF-8"}), chosen_language(None, {"LANG": "C.UTF-8"})
    ('en', 'zh')
    """
    if said is not None:
        return said.value
    locale = next(
        (environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), ""
    )
    return (Language.EN if locale.startswith("en") else Language.ZH).value
