"""From a recogniser's columns to the strings that are plates: beam search that knows GA 36.

A network of the CTC family says for each column of a text line how likely each character is there, or
none ("blank"). The likelihood of a string is the sum over all ways to lay its characters along the columns
(Graves et al., ICML 2006); a prefix beam search keeps the best beginnings (Hannun et al., arXiv:1408.2873).
Here a beginning is kept only while some template of `core.plates.grammar` begins so. What the network takes
for a character that cannot stand there (O for 0, I for 1) counts for the one that can.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from edge_agent.core.plates.grammar import TEMPLATES
from edge_agent.devices.detector.boxes import Floats

LETTER = 1  # the place of the authority's letter, counted from 0
BEAM = 24  # beginnings that are kept
LEAST = 1e-5  # a character less likely than this in a column is not tried there
SEPARATORS = "·•・.‧∙-_ "  # the dot after the letter, a screw, a gap: nothing stands there
# What a network may call the character that stands there.
ALSO: dict[str, str] = {"0": "Oo〇", "1": "Il|", "领": "領", "学": "學", "云": "雲", "鲁": "魯", "苏": "蘇"}

ALPHABET = tuple(sorted({c for template in TEMPLATES for slot in template.slots for c in slot}))

Alive = int  # bit by bit: the templates that begin so
# Beginning -> how likely it is ending in a blank, how likely ending in its last character, its templates.
Beam = dict[str, tuple[float, float, Alive]]
_Table = tuple[list[int], Floats]  # columns of the network, and which of them are summed for each character


@dataclass(frozen=True, slots=True)
class Spelling:
    """A string that is a plate, and how likely the columns say it, 0 to 1."""

    text: str
    likelihood: float


@lru_cache(maxsize=1024)
def followers(place: int, alive: Alive) -> Mapping[str, Alive]:
    """Characters that may stand at a place (0 = first), each with the templates that then go on."""
    out: dict[str, Alive] = {}
    for number, template in enumerate(TEMPLATES):
        if alive >> number & 1 and place < len(template.slots):
            for character in template.slots[place]:
                out[character] = out.get(character, 0) | 1 << number
    return out


@lru_cache(maxsize=1024)
def complete(length: int, alive: Alive) -> bool:
    """Whether a string of this length ends one of the templates."""
    return any(alive >> n & 1 and len(template.slots) == length for n, template in enumerate(TEMPLATES))


class Speller:
    """Reads columns of one network.

    Args:
        characters: the network's own, in its order; the first is the blank.
    """

    def __init__(self, characters: Sequence[str]) -> None:
        self._columns: dict[str, list[int]] = {}
        for column, character in enumerate(characters[1:], start=1):
            self._columns.setdefault(character, []).append(column)
        self._silent = [0, *self._of(SEPARATORS)]
        self._letters = self._table([self._of((c, c.lower())) for c in ALPHABET])
        self._elsewhere = self._table([self._of((c, c.lower(), *ALSO.get(c, ""))) for c in ALPHABET])

    def _of(self, names: Iterable[str]) -> list[int]:
        return [column for name in dict.fromkeys(names) for column in self._columns.get(name, ())]

    def spell(self, columns: Floats, most: int = 5) -> list[Spelling]:
        """The likeliest plates, best first.

        Args:
            columns: (T, characters) probabilities, each row summing to one.
            most: how many.
        """
        blank = columns[:, self._silent].sum(axis=1).tolist()
        # In the second place O is a letter; elsewhere it is how a network calls a zero.
        as_letter, elsewhere = (self._said(columns, table) for table in (self._letters, self._elsewhere))
        beam: Beam = {"": (1.0, 0.0, (1 << len(TEMPLATES)) - 1)}
        for step, silent in enumerate(blank):
            beam = self._step(beam, silent, as_letter[step], elsewhere[step])
        found = [
            Spelling(text, quiet + loud)
            for text, (quiet, loud, alive) in beam.items()
            if complete(len(text), alive)
        ]
        return sorted(found, key=lambda one: (-one.likelihood, one.text))[:most]

    @staticmethod
    def _table(wanted: list[list[int]]) -> _Table:
        used = sorted({column for columns in wanted for column in columns})
        place = {column: k for k, column in enumerate(used)}
        sums = np.zeros((len(used), len(wanted)), np.float32)
        for character, columns in enumerate(wanted):
            sums[[place[column] for column in columns], character] = 1
        return used, sums

    @staticmethod
    def _said(columns: Floats, table: _Table) -> list[dict[str, float]]:
        """For each column the characters that are likely enough to be tried there.

        Nearly always none or one: to go through these alone is several times as fast as through the alphabet.
        """
        shares = columns[:, table[0]] @ table[1]
        said: list[dict[str, float]] = [{} for _ in range(len(columns))]
        for step, k in zip(*np.nonzero(shares >= LEAST), strict=True):
            said[step][ALPHABET[k]] = float(shares[step, k])
        return said

    def _step(self, beam: Beam, silent: float, letter: dict[str, float], other: dict[str, float]) -> Beam:
        if not letter and not other:  # half of all columns: between characters, and beside the plate
            return {text: ((a + b) * silent, 0.0, alive) for text, (a, b, alive) in beam.items()}
        grown: Beam = {}

        def add(text: str, quiet: float, loud: float, alive: Alive) -> None:
            before = grown.get(text, (0.0, 0.0, 0))
            grown[text] = (before[0] + quiet, before[1] + loud, alive)

        for text, (quiet, loud, alive) in beam.items():
            last = text[-1:]
            again = (letter if len(text) == LETTER + 1 else other).get(last, 0.0)
            add(text, (quiet + loud) * silent, loud * again, alive)
            going_on = followers(len(text), alive)
            for character, share in (letter if len(text) == LETTER else other).items():
                if character in going_on:
                    before = quiet if character == last else quiet + loud
                    add(text + character, 0.0, share * before, going_on[character])
        best = sorted(grown.items(), key=lambda one: (-(one[1][0] + one[1][1]), one[0]))
        return dict(best[:BEAM])


def missing_characters(characters: Sequence[str]) -> tuple[str, ...]:
    """Characters of plates that a network does not know."""
    return tuple(sorted(set(ALPHABET) - set(characters)))
