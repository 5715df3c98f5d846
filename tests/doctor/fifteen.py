"""The fifteen faults that the doctor must name, each with the plants that put it into a good box.

A plant is an entry of `PLANTED` in `test_planted.py` (a real broker, store and model) or in
`test_planted_sensors.py` (simulated lines and cameras), where it is run. Prints the table of docs/doctor.md:

    python -m tests.doctor.fifteen
"""

from __future__ import annotations

from tests.doctor import test_planted, test_planted_sensors

FIFTEEN: dict[str, tuple[str, ...]] = {
    "wrong baud": ("wrong baud",),
    "swapped cells": ("cells of two pads swapped", "pads swapped"),
    "dead cell": ("dead cell", "stuck cell"),
    "unplugged adapter": ("adapter unplugged",),
    "wrong clock": ("clock_an_hour_slow",),
    "camera moved": ("camera nudged", "camera knocked"),
    "lens covered": ("lens covered by a cap", "lens covered by a hand"),
    "4K software decode": ("4K decoded in software",),
    "ACL missing": ("pictures_not_allowed", "receipts_not_to_be_read"),
    "expired certificate": (
        "brokers_certificate_expired",
        "own_certificate_expired",
        "scales_certificate_ran_out",
    ),
    "full disk": ("disk_filled_by_others",),
    "wrong model digest": ("model_of_another_digest",),
    "missing receipt key": ("no_receipt_key",),
    "wrong lane distance": ("wrong lane distance",),
    "hum": ("hum", "strong hum"),
}


def planted() -> dict[str, set[str]]:
    """Every plant that a test runs, and the keys that the doctor then names."""
    return {
        **{plant.__name__: named for plant, named in test_planted.PLANTED},
        test_planted.disk_filled_by_others.__name__: test_planted.OF_A_FULL_DISK,
        **{name: named for name, (_, named) in test_planted_sensors.PLANTED.items()},
    }


def table() -> str:
    """The fifteen as the page lists them."""
    named = planted()
    rows = [
        f"| {number} | {fault} | {plant.replace('_', ' ')} | {_keys(named[plant])} |"
        for number, (fault, plants) in enumerate(FIFTEEN.items(), 1)
        for plant in plants
    ]
    return "\n".join(["| | Fault | Planted | Named |", "|---|---|---|---|", *rows])


def _keys(keys: set[str]) -> str:
    return ", ".join(f"`{key}`" for key in sorted(keys))


if __name__ == "__main__":
    print(table())
