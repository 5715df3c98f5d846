"""The rule tables as data, each with a version and a digest that every verdict names.

The law at the time of the act decides, so a table is never edited in place: a change is a new
version, and judging an old crossing by it is a new statement.
"""

from __future__ import annotations

import hashlib
import json
from typing import Final

# 62号令 (2016) Art. 3: axles -> (single truck 货车, combination 汽车列车), kg; None: not in the table.
# The last row holds for six axles and more. Whether 12号令 (2021) changed a number is unverified.
ART3_VERSION: Final = "mot62-2016-art3/1"
ART3_KG: Final[dict[int, tuple[int | None, int | None]]] = {
    2: (18_000, None),
    3: (25_000, 27_000),
    4: (31_000, 36_000),
    5: (None, 43_000),
    6: (None, 49_000),
}
ART3_SIX_AXLES_SINGLE_DRIVE_KG: Final = 46_000
# Each side of the grouped non-drive axles or of the trailer's axles on one tyre that is not wide.
ART3_SINGLE_TYRES_LESS_KG: Final = 3_000
# Art. 43: an excess up to this is the band of a warning.
ART43_WARNING_BAND_KG: Final = 1_000

# GB 1589-2016, written from memory and not checked against the standard.
AXLE_GROUP_VERSION: Final = "gb1589-2016-unverified/1"
SINGLE_AXLE_KG: Final[dict[str, int]] = {"single_tyres": 7_000, "dual_tyres": 10_000, "drive": 11_500}
# (spacing below this, mm; limit with leaf springs; limit with air suspension), first row that fits.
TANDEM_KG: Final[tuple[tuple[int, int, int], ...]] = (
    (1_000, 11_500, 11_500),
    (1_300, 16_000, 16_000),
    (1_800, 18_000, 19_000),
)
# (widest adjacent spacing up to and with this, mm; limit), first row that fits.
TRIDEM_KG: Final[tuple[tuple[int, int], ...]] = ((1_300, 21_000), (1_400, 24_000))

POSTED_VERSION: Final = "posted/1"


def digest(*parts: object) -> str:
    """SHA-256 over the parts as JSON with sorted keys: the same rules give the same digest anywhere."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


ART3_SHA256: Final = digest(
    ART3_VERSION,
    sorted(ART3_KG.items()),
    ART3_SIX_AXLES_SINGLE_DRIVE_KG,
    ART3_SINGLE_TYRES_LESS_KG,
)
AXLE_GROUP_SHA256: Final = digest(AXLE_GROUP_VERSION, SINGLE_AXLE_KG, TANDEM_KG, TRIDEM_KG)


def versioned(version: str, sha256: str) -> str:
    """A rule's version with the start of its table's digest, as a verdict states it."""
    return f"{version}@{sha256[:16]}"
