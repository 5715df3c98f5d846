"""Sentences in one of two languages, and how numbers are said."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from edge_agent.core.units import TONNE
from edge_agent.report.times import stamp


@dataclass(frozen=True, slots=True)
class Section:
    """A part of an explanation: sentences, then numbers by name."""

    heading: str
    sentences: tuple[str, ...]
    figures: tuple[tuple[str, str], ...] = ()


# What a terminal obeys, and what turns the order of letters around.
HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")

# Sentences, and numbers by name.
Parts = tuple[list[str], list[tuple[str, str]]]


class Say:
    """Chooses of two sentences the one in the reader's language."""

    def __init__(self, language: str) -> None:
        self.chinese = language == "zh"

    def __call__(self, chinese: str, english: str) -> str:
        """The one."""
        return chinese if self.chinese else english


def tonnes(grams: int) -> str:
    """`25.51 t`."""
    return f"{grams / TONNE:.2f} t"


def kilograms(grams: int) -> str:
    """`25,515 kg`."""
    return f"{grams / 1000:,.0f} kg"


def percent(ppm: int) -> str:
    """A probability in millionths: as many digits as it takes to be told from 0 and from 100 %."""
    if ppm in {0, 1_000_000}:
        return f"{ppm / 10_000:.0f} %"
    return f"{ppm / 10_000:.4f} %" if ppm < 1_000 or ppm > 999_000 else f"{ppm / 10_000:.2f} %"


def kmh(mm_s: int) -> str:
    """`22.0 km/h`."""
    return f"{mm_s * 0.0036:.1f} km/h"


def china_time(utc_us: int, say: Say) -> str:
    """An instant, and whose clock it is."""
    return stamp(utc_us) + say("（北京时间）", " (China time)")


def lasting(ms: int, say: Say) -> str:
    """A time in words, whole seconds."""
    hours, rest = divmod(ms // 1000, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [(hours, "小时", "h"), (minutes, "分", "min"), (seconds, "秒", "s")]
    told = [(n, zh, en) for n, zh, en in parts if n] or [(0, "秒", "s")]
    return (
        "".join(f"{n}{zh}" for n, zh, _ in told)
        if say.chinese
        else " ".join(f"{n} {en}" for n, _, en in told)
    )


def visible(text: str) -> str:
    r"""A line for a terminal. What a stranger wrote into a statement, or calls a file, moves no cursor.

    >>> visible("沪A12345\x1b[2J")
    '沪A12345\\x1b[2J'
    """
    return "".join(
        letter.encode("unicode_escape").decode() if unicodedata.category(letter) in HIDDEN else letter
        for letter in text
    )
