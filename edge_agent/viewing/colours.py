"""Colours of both viewers, red, green, blue: one thing looks the same in each."""

from __future__ import annotations

RGB = tuple[int, int, int]

BOXES: dict[str, RGB] = {
    "evidence": (235, 87, 60),
    "context": (90, 160, 235),
    "ignore": (140, 140, 140),
    "still": (240, 200, 60),
}
AREAS: dict[str, RGB] = {
    "zone": (60, 200, 120),
    "permitted": (60, 150, 200),
    "door_line": (255, 120, 200),
    "lane": (60, 200, 120),
    "reading_line": (255, 120, 200),
}
STATES: dict[str, RGB] = {
    # limits and matches
    "over": (214, 60, 50), "within": (60, 160, 90), "not_covered": (110, 110, 110),
    "not_assessed": (200, 150, 40), "matched": (60, 160, 90), "ambiguous": (220, 160, 40),
    "unmatched": (140, 100, 180),
    # zones
    "clear": (60, 160, 90), "candidate": (220, 180, 40), "confirmed": (214, 60, 50), "ongoing": (150, 40, 60),
    "absent": (60, 160, 90), "present": (214, 60, 50), "suspect": (220, 160, 40), "unseen": (110, 110, 110),
    # parts and devices
    "ok": (60, 160, 90), "up": (60, 160, 90), "degraded": (220, 160, 40), "blind": (214, 60, 50),
    "down": (214, 60, 50), "fault": (214, 60, 50), "unknown": (110, 110, 110),
}  # fmt: skip
SERIES: tuple[RGB, ...] = ((90, 160, 235), (235, 140, 60), (100, 190, 110), (170, 130, 220))
AXLE: RGB = (255, 235, 90)
GROSS: RGB = (235, 87, 60)
OTHER: RGB = (160, 160, 160)


def hexadecimal(colour: RGB) -> str:
    """As style sheets write it.

    >>> hexadecimal((235, 87, 60))
    '#eb573c'
    """
    return "#{:02x}{:02x}{:02x}".format(*colour)
