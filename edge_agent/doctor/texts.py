"""The texts of all checks in one table."""

from __future__ import annotations

from collections.abc import Iterable

from edge_agent.doctor import (
    broker_texts,
    camera_texts,
    cell_texts,
    clock_texts,
    disk_texts,
    key_texts,
    lane_checks,
    model_texts,
    push_texts,
    scale_texts,
    serial_texts,
    software_texts,
    store_texts,
    temperature_texts,
)
from edge_agent.doctor.finding import Text, Texts

TABLES: tuple[Texts, ...] = (
    software_texts.TEXTS,
    clock_texts.TEXTS,
    disk_texts.TEXTS,
    store_texts.TEXTS,
    temperature_texts.TEXTS,
    serial_texts.TEXTS,
    cell_texts.TEXTS,
    camera_texts.TEXTS,
    lane_checks.TEXTS,
    model_texts.TEXTS,
    push_texts.TEXTS,
    broker_texts.TEXTS,
    key_texts.TEXTS,
    scale_texts.TEXTS,
)


def merged(tables: Iterable[Texts]) -> Texts:
    """One table of several. Raises ValueError where two have the same key."""
    found: dict[str, Text] = {}
    for table in tables:
        twice = found.keys() & table.keys()
        if twice:
            raise ValueError(f"two texts for {', '.join(sorted(twice))}")
        found |= table
    return found


TEXTS: Texts = merged(TABLES)
