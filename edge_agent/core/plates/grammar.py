"""The shapes of Chinese number plates, GA 36-2018 (from general knowledge; to be verified).

    沪 A 12345      ordinary: province, authority letter, 5 of letters and digits
    沪 A D 12345    new energy, small: class letter first
    沪 A 12345 D    new energy, large: class letter last
    沪 A 1234 挂    trailer; likewise 学 learner, 警 police, 领 consular, 试 trial, 超 oversize
    粤 Z 1234 港    cross-border, likewise 澳
    使 123456       embassy
    沪 X 1234 应急  fire and rescue, authority letter X or S (layout unverified)

A serial has neither I nor O. Nothing is corrected here: what does not fit is no plate.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

PROVINCES: Final = "京津沪渝冀晋蒙辽吉黑苏浙皖闽赣鲁豫鄂湘粤桂琼川贵云藏陕甘青宁新"

# The longest plate is 8 characters; a reader's noise beyond this is not worth looking at.
MAX_TEXT: Final = 16


class PlateKind(StrEnum):
    """What the plate's shape says of the vehicle."""

    ORDINARY = "ordinary"
    NEW_ENERGY_SMALL = "new_energy_small"
    NEW_ENERGY_LARGE = "new_energy_large"
    TRAILER = "trailer"
    LEARNER = "learner"
    POLICE = "police"
    HONG_KONG = "hong_kong"
    MACAU = "macau"
    CONSULAR = "consular"
    TRIAL = "trial"
    OVERSIZE = "oversize"
    EMBASSY = "embassy"
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True)
class Plate:
    """A string that is a plate."""

    text: str  # normalised
    kind: PlateKind
    province: str  # empty for embassies
    colours: tuple[str, ...]  # that such a plate can have; empty: not known


DIGITS: Final = "0123456789"
LETTERS: Final = "ABCDEFGHJKLMNOPQRSTUVWXYZ"  # an authority's letter is never I; O occurs (粤O)
SERIAL: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ" + DIGITS
_ENERGY = "ABCDEFGHJK"
_HEAD = (PROVINCES, LETTERS)


@dataclass(frozen=True, slots=True)
class Template:
    """One shape of plate."""

    kind: PlateKind
    slots: tuple[str, ...]  # the characters that each place may have
    colours: tuple[str, ...]  # plausible ones; empty: not known

    def fits(self, text: str) -> bool:
        """Whether a normalised string is of this shape."""
        return len(text) == len(self.slots) and all(map(str.__contains__, self.slots, text))


# First that fits; no string fits two.
TEMPLATES: Final[tuple[Template, ...]] = tuple(
    Template(kind, slots, colours)
    for kind, slots, colours in (
        (PlateKind.ORDINARY, (*_HEAD, *(SERIAL,) * 5), ("blue", "yellow", "black", "white")),
        (PlateKind.NEW_ENERGY_SMALL, (*_HEAD, _ENERGY, SERIAL, *(DIGITS,) * 4), ("green",)),
        (PlateKind.NEW_ENERGY_LARGE, (*_HEAD, *(DIGITS,) * 5, _ENERGY), ("yellow_green", "green")),
        (PlateKind.TRAILER, (*_HEAD, *(SERIAL,) * 4, "挂"), ("yellow",)),
        (PlateKind.LEARNER, (*_HEAD, *(SERIAL,) * 4, "学"), ("yellow",)),
        (PlateKind.POLICE, (*_HEAD, *(SERIAL,) * 4, "警"), ("white",)),
        (PlateKind.HONG_KONG, ("粤", "Z", *(SERIAL,) * 4, "港"), ("black",)),
        (PlateKind.MACAU, ("粤", "Z", *(SERIAL,) * 4, "澳"), ("black",)),
        (PlateKind.CONSULAR, (*_HEAD, *(SERIAL,) * 4, "领"), ("black",)),
        (PlateKind.TRIAL, (*_HEAD, *(SERIAL,) * 4, "试"), ()),
        (PlateKind.OVERSIZE, (*_HEAD, *(SERIAL,) * 4, "超"), ()),
        (PlateKind.EMBASSY, ("使", *(DIGITS,) * 6), ("black",)),
        (PlateKind.EMERGENCY, (PROVINCES, "XS", *(SERIAL,) * 4, "应", "急"), ("white",)),
    )
)

_SEPARATORS = re.compile(r"[\s·•・.‧∙\-_|/]+")


def normalise(text: str) -> str:
    """Upper case, half width, without separators; cut at `MAX_TEXT`.

    >>> normalise("沪ａ·d12345 ")
    '沪AD12345'
    """
    wide = unicodedata.normalize("NFKC", text[: 4 * MAX_TEXT])
    return _SEPARATORS.sub("", wide).upper()[:MAX_TEXT]


def parse(text: str) -> Plate | None:
    """The plate that a string is after normalising, or None.

    >>> parse("粤B·1234挂").kind, parse("沪A1234O")
    (<PlateKind.TRAILER: 'trailer'>, None)
    """
    clean = normalise(text)
    for template in TEMPLATES:
        if template.fits(clean):
            province = clean[0] if clean[0] in PROVINCES else ""
            return Plate(clean, template.kind, province, template.colours)
    return None
