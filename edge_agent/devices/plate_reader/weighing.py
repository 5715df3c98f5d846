"""Candidates of one strip with the colour of its ground: which is the plate, and how sure that is.

The network reads characters and knows no colours. A string whose kind of plate never has the ground that
was seen (an eight-character green plate's on blue, 挂 on white) is the less probable one, or the colour was
misjudged: 7 of 400 rightly read plates (2 %) had a ground that seemed of a colour they cannot have.
"""

from __future__ import annotations

from collections.abc import Sequence

from edge_agent.core.plates.grammar import parse
from edge_agent.devices.plate_reader.calibration import Calibration
from edge_agent.devices.plate_reader.spelling import Spelling

# The share above, doubled and more: those plates were blue ones by day, and night makes it worse.
CONTRADICTED = 0.05  # a candidate that the colour speaks against counts for so much of its likelihood
MOST_CONTRADICTED = 0.5  # and if it is still the likeliest, it is no surer than a coin


def contradicts(colour: str, text: str) -> bool:
    """Whether a plate of this text never has a ground of this colour; an unclear one contradicts nothing.

    >>> contradicts("blue", "沪AD12345"), contradicts("green", "沪AD12345"), contradicts("", "沪AD12345")
    (True, False, False)
    """
    plate = parse(text)
    return bool(colour) and plate is not None and bool(plate.colours) and colour not in plate.colours


def weighed(
    plates: Sequence[Spelling], colour: str, calibration: Calibration
) -> tuple[tuple[Spelling, float], ...]:
    """Candidates with the probability that each is right, surest first; the probabilities' sum is at most 1.

    Args:
        plates: of one strip, with the network's likelihoods.
        colour: of its ground; empty when it is not clear.
        calibration: of the network.
    """
    against = {one.text: contradicts(colour, one.text) for one in plates}
    weights = {one.text: one.likelihood * (CONTRADICTED if against[one.text] else 1.0) for one in plates}
    others = max(0.0, 1 - sum(one.likelihood for one in plates))  # strings that were not listed, or no plate
    total = sum(weights.values()) + others
    ranked = sorted(plates, key=lambda one: (-weights[one.text], one.text))
    if not ranked or total <= 0:
        return ()
    first = ranked[0].text
    sure = calibration.confidence(weights[first] / total)
    if against[first]:
        sure = min(sure, MOST_CONTRADICTED)
    # What the first is not, the others are: by their shares, and none surer than the first.
    left = max(1e-12, total - weights[first])
    rest = (min(sure, (1 - sure) * weights[one.text] / left) for one in ranked[1:])
    return tuple(zip(ranked, (sure, *rest), strict=True))
