"""At which rate an instrument sends, told from bytes that were read at the wrong one.

Read at the wrong rate a line does not give noise: twice too fast every bit comes twice, half as fast every
second one is lost. So each pair of rates leaves its own fingerprint in how often each byte comes. The frames
that the instrument is known to send are put through the same mistake at every rate, and the likeliest one is
named. It is a guess that a trial must confirm; where the line can be tried, it is tried.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import log

import numpy as np

from edge_agent.core.weigh.protocols.settings import AdcSettings, ProtocolSettings, WimJsonSettings
from edge_agent.sim.encoders import make_encoder
from edge_agent.sim.uart import resampled

RATES = (300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)
# Further apart than this nearly every bit is lost, or every byte is a zero: nothing is left to tell by.
FURTHEST = 8
# Idle times between two frames, in bits, and errors of the crystal, that a fingerprint is taken over.
GAPS = (3, 17, 40)
SKEWS = (0.996, 1.003)
# How often a byte is taken to come that the fingerprint does not have.
RARE = 0.02
# Weights that a scale shows while nobody looks, kilograms.
SHOWN_KG = (0, 0, 0, 20, -20, 0, 1_200, 0, 15_340, 0)
MOST_BYTES = 2_000
FEWEST_BYTES = 60


@dataclass(frozen=True, slots=True)
class Guess:
    """The likeliest rate, and the next; the larger `ahead`, the surer."""

    baud: int
    next_baud: int
    ahead: float  # natural logarithms a byte


def likely_rates(data: bytes, protocol: ProtocolSettings, read_baud: int) -> tuple[int, ...]:
    """All rates, likeliest first, the one that it was read at left out."""
    scores = _scores(data, protocol, read_baud)
    rest = [rate for rate in RATES if rate not in scores and rate != read_baud]
    return (*sorted(scores, key=lambda rate: -scores[rate]), *rest)


def guessed_rate(data: bytes, protocol: ProtocolSettings, read_baud: int) -> Guess | None:
    """The likeliest rate; None where the bytes are too few, or fit the rate that they were read at best."""
    scores = _scores(data, protocol, read_baud)
    if len(scores) < 2:
        return None
    first, second = sorted(scores, key=lambda rate: -scores[rate])[:2]
    as_read = _likelihood(Counter(data), len(data), _fingerprint(protocol, read_baud, read_baud))
    if as_read >= scores[first]:
        return None
    return Guess(first, second, scores[first] - scores[second])


def _scores(data: bytes, protocol: ProtocolSettings, read_baud: int) -> Mapping[int, float]:
    if len(data) < FEWEST_BYTES or isinstance(protocol, WimJsonSettings):
        return {}
    counts, size = Counter(data[:MOST_BYTES]), min(len(data), MOST_BYTES)
    return {
        rate: _likelihood(counts, size, _fingerprint(protocol, rate, read_baud))
        for rate in RATES
        if rate != read_baud and max(rate, read_baud) <= FURTHEST * min(rate, read_baud)
    }


def _likelihood(counts: Mapping[int, int], size: int, expected: Mapping[int, int]) -> float:
    """Mean logarithm of the likelihood of a byte."""
    total = sum(expected.values()) + 256 * RARE
    return sum(n * log((expected.get(byte, 0) + RARE) / total) for byte, n in counts.items()) / size


@lru_cache(maxsize=64)
def _fingerprint(protocol: ProtocolSettings, sent_baud: int, read_baud: int) -> Mapping[int, int]:
    """How often each byte comes out, over both ways in which receivers go on after a missing stop bit."""
    found: Counter[int] = Counter()
    frames = _frames(protocol)
    for gap in GAPS:
        for skew in SKEWS:
            for resync in (True, False):
                found.update(resampled(frames, sent_baud * skew, read_baud, gap, resync=resync))
    return found


def _frames(protocol: ProtocolSettings) -> list[bytes]:
    """What the instrument is likely to send."""
    channels = protocol.channels if isinstance(protocol, AdcSettings) else 1
    rows = protocol.samples_per_frame if isinstance(protocol, AdcSettings) else 1
    encoder = make_encoder(protocol)
    chance = random.Random(1)  # noqa: S311  noise of a fingerprint, not a secret
    frames = []
    for number, shown in enumerate(SHOWN_KG if rows == 1 else SHOWN_KG[:2]):
        values = [[round(chance.gauss(shown * 1_000, 5_000)) for _ in range(channels)] for _ in range(rows)]
        status = np.zeros((rows, channels), dtype=np.uint8)
        inputs = np.zeros(rows, dtype=np.int64)
        frames.append(encoder.encode(number, np.array(values, dtype=np.int64), status, inputs))
    return frames
