"""Number plates that the grammar of GA 36 allows, drawn at random."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

PROVINCES = "京津沪渝冀晋蒙辽吉黑苏浙皖闽赣鲁豫鄂湘粤桂琼川贵云藏陕甘青宁新"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # serials know no I and no O
DIGITS = "0123456789"
NEW_ENERGY = "DABCEFGHJK"  # first five pure electric, others plug-in

# A city's own vehicles dominate its traffic; the rest come from anywhere.
LOCAL = "沪"
LOCAL_SHARE = 0.6


def _pick(rng: np.random.Generator, letters: str) -> str:
    return letters[int(rng.integers(len(letters)))]


def _head(rng: np.random.Generator) -> str:
    province = LOCAL if rng.random() < LOCAL_SHARE else _pick(rng, PROVINCES)
    return province + _pick(rng, LETTERS)


def _serial(rng: np.random.Generator, length: int) -> str:
    """Digits with at most two letters, as issued in most places."""
    characters = [_pick(rng, DIGITS) for _ in range(length)]
    for place in rng.permutation(length)[: int(rng.integers(3))]:
        characters[int(place)] = _pick(rng, LETTERS)
    return "".join(characters)


def ordinary(rng: np.random.Generator) -> str:
    """Province, letter, five characters."""
    return _head(rng) + _serial(rng, 5)


def marked(rng: np.random.Generator, mark: str) -> str:
    """Province, letter, four characters, and what the vehicle is: 挂 学 警 领."""
    return _head(rng) + _serial(rng, 4) + mark


def trailer(rng: np.random.Generator) -> str:
    """Province, letter, four characters, 挂."""
    return marked(rng, "挂")


def cross_border(rng: np.random.Generator) -> str:
    """粤Z, four characters, 港 or 澳."""
    return "粤Z" + _serial(rng, 4) + _pick(rng, "港澳")


def embassy(rng: np.random.Generator) -> str:
    """使 and six digits."""
    return "使" + "".join(_pick(rng, DIGITS) for _ in range(6))


def new_energy(rng: np.random.Generator, *, large: bool) -> str:
    """Six characters of serial: the class letter first on small vehicles, last on large ones."""
    kind = _pick(rng, NEW_ENERGY)
    digits = "".join(_pick(rng, DIGITS) for _ in range(5))
    return _head(rng) + (digits + kind if large else kind + digits)


# Characters that cameras take for each other.
SIMILAR: dict[str, str] = {
    "0": "DQ8", "D": "0Q", "Q": "0D", "8": "B03", "B": "8R", "3": "8", "1": "7LT", "7": "1T",
    "L": "1", "T": "71", "2": "Z", "Z": "2", "5": "S6", "S": "5", "6": "G5", "G": "6C", "C": "G",
    "4": "A", "A": "4", "9": "P", "P": "9R", "R": "BP", "E": "F", "F": "EP", "U": "V", "V": "UY",
    "Y": "V", "M": "N", "N": "MH", "H": "NM", "K": "X", "X": "KY", "J": "1", "W": "V",
    "沪": "津", "津": "沪", "苏": "赣", "赣": "苏", "浙": "渐皖", "皖": "浙", "京": "宁", "宁": "京",
}  # fmt: skip


def misread(rng: np.random.Generator, text: str, characters: int = 1) -> str:
    """The same plate with `characters` of it taken for similar ones; never equal to `text`."""
    out = list(text)
    places: Sequence[int] = [i for i, letter in enumerate(text) if letter in SIMILAR]
    for place in rng.permutation(np.array(places, dtype=np.int64))[:characters]:
        out[int(place)] = _pick(rng, SIMILAR[text[int(place)]])
    return "".join(out)
