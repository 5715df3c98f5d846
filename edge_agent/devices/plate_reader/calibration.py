"""What a recogniser's likelihood is worth: how probable it is that a plate read with it is the right one.

    logit(scaled) = offset + slope x logit(likelihood),   slope > 0
    confidence    = the least of scaled, likelihood and most

which is Platt's scaling (1999) of the network's own log-odds: two numbers, so that few pictures are enough
to fit it, and monotone, so that no plate overtakes another. It may only take confidence away. Fitted, it
would also raise low likelihoods: drawn plates, whose typeface the network never saw, are right oftener
than it says; but real ones in the middle are not, and nobody is named on a read that needs such help.
The numbers belong to one recogniser, which the file names by its digest:

    recogniser_sha256: 48fc...683b
    offset: -1.2
    slope: 0.9
    most: 0.99
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from edge_agent import plain_yaml
from edge_agent.devices.detector.model_files import refused

SHIPPED = Path(__file__).with_name("ppocrv4.yaml")
KEYS = ("offset", "slope", "most")
MAX_FILE_BYTES = 100_000
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NEAR = 1e-9  # of 0 and 1: beyond it a float's logit is the rounding's


@dataclass(frozen=True, slots=True)
class Calibration:
    """A rising curve from likelihood to confidence, both 0 to 1.

    >>> curve = Calibration(offset=-1.0, slope=1.0, most=0.99)
    >>> [round(curve.confidence(x), 3) for x in (0.0, 0.5, 0.9, 1.0)]
    [0.0, 0.269, 0.768, 0.99]
    >>> Calibration(offset=1.0, slope=1.0, most=0.99).confidence(0.5)
    0.5
    """

    offset: float
    slope: float
    most: float  # no read is surer than this
    recogniser_sha256: str = ""  # that it was measured for; empty: for none

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.offset, self.slope, self.most))):
            raise ValueError("offset, slope and most must be finite numbers")
        if self.slope <= 0:
            raise ValueError(
                f"slope is {self.slope}; must be above 0, or the likelier plate were the less sure"
            )
        if not 0 < self.most < 1:
            raise ValueError(f"most is {self.most}; must lie between 0 and 1: no read is certain")

    def confidence(self, likelihood: float) -> float:
        """How probable it is that a plate of this likelihood is right."""
        odds = self.offset + self.slope * logit(likelihood)
        return min(self.most, likelihood, 1 / (1 + math.exp(-max(-700.0, odds))))


# Of a recogniser that nobody measured: its own word, never quite believed.
UNCALIBRATED = Calibration(offset=0.0, slope=1.0, most=0.9)


def logit(share: float) -> float:
    """Log-odds; of 0 and 1 those of the nearest share that still has some."""
    near = min(1 - _NEAR, max(_NEAR, share))
    return math.log(near / (1 - near))


def read_calibration(path: Path) -> Calibration:
    """The YAML file.

    Raises:
        ConfigError: it cannot be read, or is no calibration.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise refused(path, f"over {MAX_FILE_BYTES} bytes is no calibration")
        tree = plain_yaml.load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise refused(
            path, f"the calibration cannot be read: {' '.join(str(problem).split())[:200]}"
        ) from problem
    if not isinstance(tree, dict) or set(tree) != {"recogniser_sha256", *KEYS}:
        raise refused(path, f"needs recogniser_sha256, {', '.join(KEYS)}, and nothing else")
    sha256 = tree["recogniser_sha256"]
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise refused(path, "recogniser_sha256 must be 64 hexadecimal digits", "lower case, in quotes")
    if not all(type(tree[key]) in (int, float) for key in KEYS):
        raise refused(path, f"{', '.join(KEYS)} must be numbers")
    try:
        return Calibration(float(tree["offset"]), float(tree["slope"]), float(tree["most"]), sha256)
    except ValueError as problem:
        raise refused(path, str(problem)) from problem
